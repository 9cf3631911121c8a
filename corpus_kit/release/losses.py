"""The loss report of a release: what the shape of a configuration cannot carry, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from corpus_kit.core.errors import FindingsError
from corpus_kit.core.tables import read_table
from corpus_kit.release.configs import LOSSES

LOSSES_CSV = "losses.csv"


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
            pl.DataFrame(read_table(file)).write_csv(out, include_header=False)


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
