"""What was refused and why: counts by reason, its explanation and next step, and a few examples cut short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.core.reasons import REASONS
from corpus_kit.report.visible import cut

_EXAMPLES, _SOURCE, _DETAIL, _PAYLOAD = 3, 120, 200, 160


@dataclass(frozen=True, slots=True)
class RejectedExample:
    """source: where it came from. detail: what exactly was wrong. payload: the beginning of what came."""

    source: str
    detail: str
    payload: str


@dataclass(slots=True)
class RejectedReason:
    """One reason. stages: where it was found. meaning, hint: from the list of reason codes."""

    reason: str
    count: int
    stages: list[str]
    meaning: str
    hint: str
    examples: list[RejectedExample] = field(default_factory=list)


def read_rejected(folder: Path, manifest: Mapping[str, Any]) -> list[RejectedReason]:
    """By count, the largest first. The tables are read as a stream; of long fields only the beginning is taken."""
    if not manifest.get("rows") or not rejected_files(folder):
        return []
    rows = pl.scan_parquet(rejected_files(folder), hive_partitioning=False)
    counts: dict[str, dict[str, int]] = {}
    for reason, stage, n in rows.group_by("reason", "stage").len().collect(engine="streaming").iter_rows():
        counts.setdefault(reason, {})[stage] = n
    made = {
        reason: RejectedReason(
            reason,
            sum(stages.values()),
            sorted(stages),
            REASONS[reason].meaning if reason in REASONS else "This toolkit does not know the reason.",
            REASONS[reason].hint if reason in REASONS else "Build again.",
        )
        for reason, stages in counts.items()
    }
    for reason, refused in made.items():
        first = rows.filter(pl.col("reason") == reason).head(_EXAMPLES)
        begun = [pl.col(name).str.slice(0, 2 * _DETAIL).fill_null("") for name in ("source", "detail", "payload")]
        for source, detail, payload in first.select(begun).collect().iter_rows():
            refused.examples.append(RejectedExample(cut(source, _SOURCE), cut(detail, _DETAIL), cut(payload, _PAYLOAD)))
    return sorted(made.values(), key=lambda one: (-one.count, one.reason))


def rejected_files(folder: Path) -> list[Path]:
    """Of all stages, in the order of their names."""
    return sorted(folder.glob("*.parquet"))
