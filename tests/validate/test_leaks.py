"""A document on the wrong side of a cut in time is found once, whatever cuts there are."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from corpus_kit.core.leaks import find_leaks
from corpus_kit.core.storage.tables import write_table

DAYS: dict[date, str | None] = {
    # day: the side it is allowed on by validation_from 10 October and test_from 20 October
    date(2031, 10, 9): "train",
    date(2031, 10, 10): "validation",
    date(2031, 10, 19): "validation",
    date(2031, 10, 20): "test",
    date(2031, 10, 25): "test",
}


def leaks(folder: Path, sides: dict[date, str | None], **rule: str) -> list[tuple[str, str]]:
    """doc_id and hint of what is found; a document's doc_id is its day of the month."""
    columns = {
        "doc_id": pa.array([f"{day.day:016x}" for day in sides], pa.string()),
        "duplicate_cluster": pa.array([f"{day.day:016x}" for day in sides], pa.string()),
        "split": pa.array(list(sides.values()), pa.string()),
        "published_on": pa.array(list(sides), pa.date32()),
        "outlet": pa.nulls(len(sides), pa.string()),
        "url": pa.nulls(len(sides), pa.string()),
    }
    write_table(folder / "documents-00000.parquet", pa.table(columns))
    found = list(find_leaks(folder, {"split": rule}))
    assert {one.code for one in found} <= {"leak_period"}
    return [(one.row, one.hint) for one in found]


CUTS = {"validation_from": "2031-10-10", "test_from": "2031-10-20"}


def test_documents_on_their_sides_are_no_leak(tmp_path: Path) -> None:
    assert leaks(tmp_path, dict(DAYS), **CUTS) == []


@pytest.mark.parametrize("day", [day for day in DAYS if DAYS[day] != "train"])
@pytest.mark.parametrize("side", ["train", None])
def test_a_late_document_in_train_is_reported_once_with_the_cut_that_it_crosses(
    day: date, side: str | None, tmp_path: Path
) -> None:
    ((row, hint),) = leaks(tmp_path, dict(DAYS) | {day: side}, **CUTS)
    assert row == f"doc_id={day.day:016x}"
    assert f"'{DAYS[day]}' begins on {CUTS[f'{DAYS[day]}_from']}" in hint


def test_a_test_document_in_validation_is_reported_once(tmp_path: Path) -> None:
    ((row, hint),) = leaks(tmp_path, dict(DAYS) | {date(2031, 10, 25): "validation"}, **CUTS)
    assert row == f"doc_id={25:016x}" and "'test' begins on 2031-10-20" in hint


def test_an_early_document_on_a_late_side_is_no_leak(tmp_path: Path) -> None:
    """It was drawn there by its share; nothing later than it is trained on."""
    for day in (date(2031, 10, 9), date(2031, 10, 10), date(2031, 10, 19)):
        assert leaks(tmp_path, dict(DAYS) | {day: "test"}, **CUTS) == []
    assert leaks(tmp_path, dict(DAYS) | {date(2031, 10, 9): "validation"}, **CUTS) == []


@pytest.mark.parametrize("cut", CUTS)
def test_one_cut_alone_is_checked_too(cut: str, tmp_path: Path) -> None:
    found = leaks(tmp_path, dict.fromkeys(DAYS, "train"), **{cut: CUTS[cut]})
    assert len(found) == (4 if cut == "validation_from" else 2)
