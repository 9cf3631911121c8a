"""A limit is kept to the byte, in every format: what is just as large is taken, one byte more is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from ingest_samples import ingest, write

MOST = 600


def record(size: int) -> str:
    """A JSON line of exactly `size` bytes, without its newline."""
    empty = json.dumps({"text": ""})
    return json.dumps({"text": "x" * (size - len(empty))})


def file_of(suffix: str, size: int) -> bytes:
    """A file whose one record has `size` bytes."""
    if suffix == "txt":
        return b"x" * size
    if suffix == "txt.gz":
        return gzip.compress(b"x" * size)
    if suffix == "jsonl":
        return record(size).encode() + b"\n"
    if suffix == "jsonl without a last newline":
        return record(size).encode()
    return gzip.compress(record(size).encode() + b"\n")


@pytest.mark.parametrize("suffix", ["txt", "txt.gz", "jsonl", "jsonl without a last newline", "jsonl.gz"])
def test_a_record_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(suffix: str, tmp_path: Path) -> None:
    name = f"a.{suffix.split()[0]}"
    taken = ingest(write(tmp_path / "raw", {name: file_of(suffix, MOST)}), tmp_path / "out", max_record_bytes=MOST)
    assert (taken.result.documents, taken.reasons) == (1, [])
    more = ingest(write(tmp_path / "more", {name: file_of(suffix, MOST + 1)}), tmp_path / "less", max_record_bytes=MOST)
    assert more.result.documents == 0
    assert [reason for _, reason in more.reasons] == ["record_too_large"]


def test_a_long_line_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    lines = [record(100), record(MOST + 1), record(MOST), record(5 * MOST), record(101)]
    made = ingest(write(tmp_path / "raw", {"a.jsonl": "\n".join(lines)}), tmp_path / "out", max_record_bytes=MOST)
    assert [len(json.loads(line)["text"]) for line in (lines[0], lines[2], lines[4])] == [
        len(row["text"]) for row in made.documents
    ]
    assert made.reasons == [("a.jsonl#2", "record_too_large"), ("a.jsonl#4", "record_too_large")]


def test_a_json_file_is_read_record_by_record_and_each_has_the_limit(tmp_path: Path) -> None:
    sizes = [MOST - 100, 2 * MOST, MOST - 100, MOST - 90] * 10
    rows = [{"text": f"{n:04d} " + "x" * (size - 20)} for n, size in enumerate(sizes)]
    raw = write(tmp_path / "raw", {"many.json": json.dumps(rows)})
    assert (raw / "many.json").stat().st_size > 16 * MOST, "far more than one record's limit"
    made = ingest(raw, tmp_path / "out", max_record_bytes=MOST)
    assert made.result.documents == 30
    assert [reason for _, reason in made.reasons] == ["record_too_large"] * 10
