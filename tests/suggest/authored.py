"""Reads the made-up pages of `data/`: text, per-line labels, and the offsets of the marked lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Authored:
    """name: file stem. text: the page. content: per line True (main text), False (boilerplate) or None (blank)."""

    name: str
    text: str
    content: tuple[bool | None, ...]

    def boilerplate_spans(self) -> list[tuple[int, int]]:
        """[start, end) of every line that is boilerplate."""
        spans, at = [], 0
        for line, kept in zip(self.text.split("\n"), self.content, strict=True):
            if kept is False:
                spans.append((at, at + len(line)))
            at += len(line) + 1
        return spans


def authored_pages() -> list[Authored]:
    """All pages of `data/`, by name."""
    pages = []
    for path in sorted(DATA.glob("*.txt")):
        rows = path.read_text("utf-8").rstrip("\n").split("\n")
        content = tuple({"+": True, "-": False}.get(row[:1]) for row in rows)
        pages.append(Authored(path.stem, "\n".join(row[2:] for row in rows), content))
    return pages
