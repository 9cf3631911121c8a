"""`assignments.csv`: who is to label which document, layer by layer. What is dealt stays dealt.

The file is made by `push` beside `corpus.toml`, before any task is: so a push that is killed goes on with the same deal.
It may be edited by hand, and belongs to what is kept with the corpus.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpus_kit.core.assignment import deal
from corpus_kit.core.config import Assign
from corpus_kit.core.errors import ConfigError
from corpus_kit.core.storage.folders import write_whole

FILE = "assignments.csv"
COLUMNS = ("layer", "doc_id", "people", "before")


@dataclass(frozen=True, slots=True)
class Holders:
    """Who is to label a document; before: who was, and gave it up."""

    people: tuple[str, ...]
    before: tuple[str, ...] = ()


@dataclass(slots=True)
class Assignments:
    """layer → document → who."""

    path: Path
    layers: dict[str, dict[str, Holders]] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Path) -> Assignments:
        """Those of the corpus whose made folders are in `data`; none where nothing was dealt.

        Raises:
            ConfigError: The file is no such table.
        """
        made = cls(data.parent / FILE)
        if not made.path.is_file():
            return made
        with made.path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                raise ConfigError(f"{FILE} has no columns {', '.join(COLUMNS)}.", "Take it back from your backup.")
            for row in rows:
                holders = Holders(tuple((row["people"] or "").split()), tuple((row["before"] or "").split()))
                made.layers.setdefault(row["layer"], {})[row["doc_id"]] = holders
        return made

    def write(self) -> None:
        """Write the file, whole or not at all."""
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\n")
        table.writerow(COLUMNS)
        for layer, documents in self.layers.items():
            for doc_id, one in documents.items():
                table.writerow((layer, doc_id, " ".join(one.people), " ".join(one.before)))
        write_whole(self.path, out.getvalue().encode("utf-8"))

    def everybody(self, people: Iterable[str] = ()) -> list[str]:
        """These people, and all who have or had a document."""
        rows = [one for documents in self.layers.values() for one in documents.values()]
        return sorted({*people, *(name for one in rows for name in (*one.people, *one.before))})

    def of(self, layer: str, person: str) -> list[str]:
        """The documents of a person in a layer."""
        return [doc_id for doc_id, one in self.layers.get(layer, {}).items() if person in one.people]

    def deal(self, layer: str, documents: Sequence[str], settings: Assign, limit: int | None) -> int:
        """Give documents that no one has to people; how many more there are than the limit."""
        dealt = self.layers.setdefault(layer, {})
        new = [doc_id for doc_id in documents if doc_id not in dealt]
        taken = new if limit is None else new[:limit]
        history = [one.people for one in dealt.values()]
        made = deal(taken, settings.people, settings.overlap, settings.share, history)
        dealt.update({doc_id: Holders(people) for doc_id, people in made.items()})
        return len(new) - len(taken)
