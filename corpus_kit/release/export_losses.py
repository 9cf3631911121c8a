"""Losses of an export that is made from a release, in the same columns as the release's own `losses.csv`."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from corpus_kit.release.configs import LOSSES
from corpus_kit.release.tokens import Loss


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
        writer.writerows(losses)


def counted_rows(losses: Sequence[LossRow]) -> dict[str, dict[str, int]]:
    """config → reason → count."""
    made: dict[str, dict[str, int]] = {}
    for (config, reason), n in sorted(Counter((loss.config, loss.reason) for loss in losses).items()):
        made.setdefault(config, {})[reason] = n
    return made
