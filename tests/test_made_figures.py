"""Figures are rounded where the last bits differ between processors, so that what is made has the same bytes everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl


def floats(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from floats(one)


def exact(value: float, decimals: int) -> bool:
    """Rounded, or one division of two counts: that is the same bits on every processor, as no sum of fractions is."""
    return round(value, decimals) == value or float(Fraction(value).limit_denominator(10_000)) == value


def test_figures_of_agreement_are_rounded_or_one_division(built_sample: Path) -> None:
    found = [*floats(json.loads((built_sample / "data" / "gold" / "agreement.json").read_text(encoding="utf-8")))]
    assert len(found) > 200 and len({round(value, 6) for value in found}) > 100
    assert [value for value in found if not exact(value, 12)] == []


def test_scores_and_shares_in_tables_are_rounded_or_one_division(built_sample: Path) -> None:
    columns = 0
    for folder in ("suggestions", "gold", "documents"):
        for path in sorted((built_sample / "data" / folder).glob("*.parquet")):
            frame = pl.read_parquet(path)
            for name in (name for name, dtype in frame.schema.items() if dtype.is_float()):
                values = frame[name].drop_nulls().to_list()
                columns += bool(values)
                assert [value for value in values if not exact(value, 6)] == [], (path.name, name)
    assert columns >= 3
