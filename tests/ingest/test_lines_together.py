"""What is read many lines at a time is what is read line by line; canonical JSON is what the library writes."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.ingest.formats.rows import BadLine, BadRow, CellRow, Dialect, read_rows
from corpus_kit.ingest.json_values import RejectedValue, canonical_json

_PIECES = ['"', '""', ",", ";", "\n", "\r\n", "a", "ferry", "7", " ", "\\", "é", "'"]


def _lines(seed: int) -> list[str]:
    """A table with text of several lines, numbered or not, and now and then a line that does not fit."""
    rng = random.Random(seed)
    numbered, broken = rng.random() < 0.5, rng.choice([0.0, 0.02, 0.3])
    rows = ["id,text,title\n"]
    for number in range(rng.randrange(120)):
        text = rng.choice(["quay", '"two\nlines, one cell"', '"a ""word"""', "", '"' + "\n".join("line" * 9) + '"'])
        row = f"{number if numbered else f'r-{number}'},{text},title{',' * rng.choice([0, 0, 1])}\n"
        if rng.random() < broken:
            row = "".join(rng.choices(_PIECES, k=rng.randrange(12))) + rng.choice(["\n", "\r\n"])
        rows.append(row)
    return list(io.StringIO("".join(rows), newline=""))


def _bad_line() -> BadLine:
    return BadLine(9, RejectedValue("undecodable", "byte 3 of the line is not utf-8"))


def _said(rows: Iterator[CellRow | BadRow]) -> list[Any]:
    return [
        row if isinstance(row, CellRow) else (row.line, row.lines, row.size, row.refusal.reason, row.refusal.detail)
        for row in rows
    ]


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 10**9),
    cuts=st.lists(st.integers(1, 60), max_size=6),
    escape=st.sampled_from(["", "", "\\"]),
    limit=st.sampled_from([60, 400, 1 << 20]),
    damaged=st.booleans(),
)
def test_blocks_of_lines_give_the_rows_that_single_lines_give(
    seed: int, cuts: list[int], escape: str, limit: int, damaged: bool
) -> None:
    lines, dialect = _lines(seed), Dialect(",", '"', escape)
    single: list[str | BadLine] = []
    blocks: list[list[str] | BadLine] = []
    rest = lines
    for cut in [*cuts, len(lines)]:
        single += rest[:cut]
        blocks.append(rest[:cut])
        rest = rest[cut:]
        if damaged and rest:
            single.append(_bad_line())
            blocks.append(_bad_line())
    expected = _said(read_rows(single, dialect, None, limit))
    assert _said(read_rows(blocks, dialect, None, limit)) == expected


def test_a_table_whose_rows_are_all_broken_takes_no_longer_in_blocks() -> None:
    lines = ["id,text\n"] + ["one cell too,many,here\n"] * 4_000
    rows = list(read_rows([lines], Dialect(), None, 1 << 20))
    assert isinstance(rows[0], CellRow)
    assert len(rows) == 4_001
    assert all(isinstance(row, BadRow) for row in rows[1:])


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_JSON)
def test_canonical_json_is_the_librarys(value: Any) -> None:
    assert canonical_json(value) == json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
