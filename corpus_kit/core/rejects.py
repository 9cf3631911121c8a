"""`rejected/`: every stage of a build hands in its refusals; the folder is made once, whole, when all have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from corpus_kit.core.records import Rejected
from corpus_kit.core.storage.folders import link_or_copy, made_folder, remove, write_manifest
from corpus_kit.core.storage.tables import TableWriter, part_name, rejected_table, text_array

READING_STAGES = ("metadata", "read", "validate")
"""The stages of every build; the folder holds a file for each, empty or not."""


class Refusals:
    """Collects rows of `rejected` in files, stage by stage, so that memory does not grow with them.

    Use as a context around the stages; `finish` makes `out/rejected`. Left without it, nothing changes.
    """

    def __init__(self, out: Path, work: Path) -> None:
        self._out, self._work, self._aside = out, work, work / "rejected.stages"
        self._schema = rejected_table([]).schema
        self._writers: dict[str, TableWriter] = {}
        self._reasons: Counter[str] = Counter()

    def __enter__(self) -> Refusals:
        remove(self._aside)
        self._aside.mkdir(parents=True)
        for stage in READING_STAGES:
            self._writer(stage)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.__exit__(kind, error, trace)
        self._writers.clear()
        remove(self._aside)

    def add(self, rows: pa.Table | Sequence[Rejected]) -> None:
        """Rows of any stages, in the order they are to have within their stage."""
        if len(rows) == 0:
            return
        import pyarrow.compute as pc  # here: most builds refuse nothing, and it takes as long to load as pyarrow itself

        table = rows if isinstance(rows, pa.Table) else rejected_table(rows)
        for stage in pc.unique(table["stage"]).to_pylist():
            self._writer(stage).write(table.filter(pc.equal(table["stage"], text_array([stage])[0])))
        self._reasons.update(table["reason"].to_pylist())

    def finish(self) -> None:
        """Make the folder: `<stage>-00000.parquet` and totals by stage and reason in the manifest."""
        stages = {}
        with made_folder(self._out / "rejected", self._work) as folder:
            for stage, writer in sorted(self._writers.items()):
                writer.close()
                link_or_copy(writer.path, folder / part_name(stage, 0))
                stages[stage] = writer.rows
            self._writers.clear()
            write_manifest(
                folder,
                table="rejected",
                rows=sum(stages.values()),
                stages=stages,
                by_reason=dict(sorted(self._reasons.items())),
            )

    def _writer(self, stage: str) -> TableWriter:
        if stage not in self._writers:
            self._writers[stage] = TableWriter(self._aside / part_name(stage, 0), self._schema)
        return self._writers[stage]
