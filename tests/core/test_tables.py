"""Parquet is written one way, whole or not at all, and the same rows give the same bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.records import Rejected
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.tables import (
    MAX_ROW_GROUP_BYTES,
    TableWriter,
    arrow_schema,
    content_fingerprint,
    count_rows,
    file_sha256,
    iter_batches,
    part_name,
    parts,
    read_table,
    rejected_table,
    scan,
    write_table,
)

TABLE = pa.table({"doc_id": ["a", "b"], "text": ["one", "two"], "text_sha256": ["x", "y"], "n": [1, None]})


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", TABLE)
    assert read_table(tmp_path / "t.parquet").equals(TABLE)
    assert read_table(tmp_path / "t.parquet", ["n"]).column_names == ["n"]
    assert count_rows(tmp_path / "t.parquet") == 2
    assert [b.num_rows for b in iter_batches(tmp_path / "t.parquet", ["n"], rows=1)] == [1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]


def test_files_are_zstd_with_page_index_and_bounded_row_groups(tmp_path: Path) -> None:
    text = "x" * 10**6
    long = pa.table({"text": [text] * (MAX_ROW_GROUP_BYTES // 10**6 + 20)})
    write_table(tmp_path / "t.parquet", long)
    facts = pq.read_metadata(tmp_path / "t.parquet")
    assert facts.num_row_groups == 2
    column = facts.row_group(0).column(0)
    assert column.compression == "ZSTD" and column.has_offset_index and not column.is_stats_set


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", TABLE)
    write_table(tmp_path / "b.parquet", pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)]).combine_chunks())
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.mark.parametrize("size", [0, 1, 2**20, 2**20 + 1, 3 * 2**20 + 7])
def test_the_hash_of_a_file_is_of_all_its_bytes(size: int, tmp_path: Path) -> None:
    content = bytes(size)
    (tmp_path / "file").write_bytes(content)
    assert file_sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()
    (tmp_path / "file").write_bytes(content + b"x")
    assert file_sha256(tmp_path / "file") != hashlib.sha256(content).hexdigest()


def test_a_writer_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), TableWriter(tmp_path / "t.parquet", TABLE.schema) as writer:
        writer.write(TABLE)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", TABLE.slice(0, 0))
    assert read_table(tmp_path / "t.parquet").schema.names == TABLE.schema.names


@pytest.mark.parametrize("content", [None, b"", b"no Parquet at all"])
def test_a_damaged_or_missing_file_is_an_error_of_the_environment(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(EnvironmentProblemError, match=r"t\.parquet") as caught:
        read_table(tmp_path / "t.parquet")
    assert "corpus-kit build" in caught.value.hint and caught.value.exit_code == 3


def test_parts_are_found_in_order_and_scanned_as_one(tmp_path: Path) -> None:
    for number in (10, 2, 100_000):
        write_table(tmp_path / part_name("documents", number), TABLE)
    write_table(tmp_path / "other-00000.parquet", TABLE)
    assert [p.name for p in parts(tmp_path, "documents")] == sorted(part_name("documents", n) for n in (2, 10, 100_000))
    frame = scan(tmp_path, "documents")
    assert frame is not None and frame.collect().height == 6
    assert scan(tmp_path, "texts") is None


@given(st.lists(st.tuples(st.text(max_size=4), st.none() | st.integers(-5, 5)), max_size=6), st.integers(0, 6))
def test_the_fingerprint_is_of_the_rows_not_of_how_they_are_cut(rows: list[tuple[str, int | None]], cut: int) -> None:
    schema = pa.schema([("a", pa.string()), ("b", pa.int64())])
    table = pa.table({"a": [a for a, _ in rows], "b": [b for _, b in rows]}, schema=schema)
    whole = content_fingerprint([table])
    assert content_fingerprint([table.slice(0, cut), table.slice(cut)]) == whole
    if rows:
        assert content_fingerprint([table.slice(1)]) != whole
        assert content_fingerprint([table.rename_columns(["a", "c"])]) != whole


def test_the_fingerprint_lets_a_hash_stand_for_the_text() -> None:
    other = TABLE.set_column(1, "text", pa.array(["three", "four"]))
    assert content_fingerprint([TABLE]) == content_fingerprint([other])
    changed = TABLE.set_column(2, "text_sha256", pa.array(["x", "z"]))
    assert content_fingerprint([TABLE]) != content_fingerprint([changed])


def test_schemas_have_plain_strings() -> None:
    schema = arrow_schema({"a": pl.String(), "b": pl.Int64(), "c": pl.Date(), "d": pl.Boolean()})
    assert [str(t) for t in schema.types] == ["string", "int64", "date32[day]", "bool"]


def test_rejected_rows_have_the_columns_of_their_table() -> None:
    table = rejected_table([Rejected("read", "a.txt", "binary", "detail")])
    assert table.column_names == list(columns_of("rejected"))
    assert table.to_pylist()[0]["reason"] == "binary" and table.to_pylist()[0]["payload"] is None


def test_a_reason_that_is_not_on_the_list_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="'because' is no reason code"):
        Rejected("read", "a.txt", "because", "")
