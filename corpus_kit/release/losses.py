"""The loss report of a release: what the shape of a configuration cannot carry, row by row.

An export that is made from a release writes its own in the same columns.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from corpus_kit.core.errors import FindingsError
from corpus_kit.core.storage.tables import read_table
from corpus_kit.core.visible import FORMULA, shown_cells
from corpus_kit.release.configs.spec import LOSSES
from corpus_kit.release.export.tokens import Loss

LOSSES_CSV = "losses.csv"
_TEXTS = pl.col(pl.String)
# Labels come from outside, and people open this file in a spreadsheet.
_SHOWN = pl.when(_TEXTS.str.contains(FORMULA)).then(pl.lit("'") + _TEXTS).otherwise(_TEXTS).name.keep()


def count_losses(files: Iterable[Path]) -> dict[str, dict[str, int]]:
    """config → reason → rows, from the groups' files."""
    made: dict[str, dict[str, int]] = {}
    for file in files:
        frame = pl.DataFrame(read_table(file, ["config", "reason"]))
        for config, reason, n in frame.group_by("config", "reason").len().sort("config", "reason").iter_rows():
            of_config = made.setdefault(config, {})
            of_config[reason] = of_config.get(reason, 0) + n
    return {config: dict(sorted(reasons.items())) for config, reasons in sorted(made.items())}


def write_losses(path: Path, files: Sequence[Path]) -> None:
    """One CSV of all groups, in the documents' order; only a header where nothing is lost."""
    empty = pl.DataFrame(schema=LOSSES.names)
    with path.open("wb") as out:
        empty.write_csv(out)
        for file in files:
            pl.DataFrame(read_table(file)).with_columns(_SHOWN).write_csv(out, include_header=False)


def refuse_losses(lost: Mapping[str, Mapping[str, int]], strict: bool) -> None:
    """Raise FindingsError when `strict` and something is lost."""
    total = sum(n for reasons in lost.values() for n in reasons.values())
    if strict and total:
        told = "; ".join(
            f"{config}: " + ", ".join(f"{n} {reason}" for reason, n in reasons.items())
            for config, reasons in lost.items()
        )
        raise FindingsError(
            f"{total} labels cannot be carried by a configuration ({told}).",
            f"Export without --strict; {LOSSES_CSV} in the release names them.",
        )


class LossRow(NamedTuple):
    """A row of `losses.csv`."""

    config: str
    doc_id: str
    layer: str
    span_id: str
    start: int
    end: int
    label: str
    reason: str

    @classmethod
    def of(cls, layer: str, doc_id: str, loss: Loss) -> LossRow:
        mark = loss.mark
        return cls(layer, doc_id, layer, mark.span_id, mark.start, mark.end, mark.label, loss.reason)


def write_loss_rows(path: Path, losses: Sequence[LossRow]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(LOSSES.names)
        writer.writerows(map(shown_cells, losses))


def counted_rows(losses: Sequence[LossRow]) -> dict[str, dict[str, int]]:
    """config → reason → count."""
    made: dict[str, dict[str, int]] = {}
    for (config, reason), n in sorted(Counter((loss.config, loss.reason) for loss in losses).items()):
        made.setdefault(config, {})[reason] = n
    return made
