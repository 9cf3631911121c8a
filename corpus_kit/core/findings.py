"""Findings are data: what a check found, where, and what to do about it. They are collected and reported, never raised."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one place.

    code: stable snake_case word, the same for the same kind of fault.
    table: the table or file it was found in.
    row: the row's key ("doc_id=…"), "" for the table as a whole.
    column: the column or key, "" where it concerns the row.
    hint: what is wrong and the next step, one or two sentences, without document text.
    """

    code: str
    table: str
    row: str = ""
    column: str = ""
    hint: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        place = ".".join(p for p in (self.table, self.column) if p)
        return f"{self.code}: {place}{f' [{self.row}]' if self.row else ''}: {self.hint}"
