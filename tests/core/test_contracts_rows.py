"""A contract separates good rows from bad ones: all of them, exactly, and without quoting texts."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from contract_samples import SOUND, document, span
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.config import ValidationDepth, config_context

from corpus_kit.core.errors import ConfigError
from corpus_kit.core.schema.contracts import (
    Contract,
    Failure,
    compile_gate,
    default_contracts_root,
    load_contract,
    load_contracts,
)
from corpus_kit.core.schema.pandera import errors_of

CONTRACTS = load_contracts(default_contracts_root())


def frame(table: str, *rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=CONTRACTS[table].columns)


def failures(table: str, /, **changes: Any) -> list[tuple[str, str]]:
    """Column and check of what one otherwise sound row fails."""
    result = CONTRACTS[table].check(frame(table, SOUND[table] | changes))
    assert result.valid.height == (0 if result.failures else 1)
    return [(failure.column, failure.check) for failure in result.failures]


@pytest.mark.parametrize("table", list(SOUND))
def test_a_sound_row_of_every_table_passes(table: str) -> None:
    sound = frame(table, SOUND[table])
    result = CONTRACTS[table].check(sound)
    assert (result.failures, result.failed_rows) == ([], [])
    assert result.valid.equals(sound)


@pytest.mark.parametrize("table", list(SOUND))
def test_an_empty_frame_passes(table: str) -> None:
    assert CONTRACTS[table].check(frame(table)).failures == []


@pytest.mark.parametrize(
    ("table", "column"),
    [(t, c.name) for t, contract in CONTRACTS.items() for c in contract.file.columns if not c.nullable],
)
def test_a_null_where_none_may_be_is_a_failure(table: str, column: str) -> None:
    assert (column, "nullable") in failures(table, **{column: None})


@pytest.mark.parametrize(
    ("table", "changes", "expected"),
    [
        ("documents", {"doc_id": "0" * 15}, ("doc_id", "str_matches")),
        ("documents", {"doc_id": "0" * 16 + "\n"}, ("doc_id", "str_matches")),
        ("documents", {"doc_id": "G" * 16}, ("doc_id", "str_matches")),
        ("documents", {"text": ""}, ("text", "str_length")),
        ("documents", {"text_sha256": "A" * 64}, ("text_sha256", "str_matches")),
        ("documents", {"raw_bytes": 0}, ("raw_bytes", "greater_than_or_equal_to")),
        ("documents", {"encoding": "UTF-8"}, ("encoding", "str_matches")),
        ("documents", {"newline": "\n"}, ("newline", "isin")),
        ("documents", {"title_start": -1, "title_end": 9}, ("title_start", "greater_than_or_equal_to")),
        ("documents", {"title_start": 10, "title_end": 10}, ("title_start", "in_order")),
        ("documents", {"title_end": 9}, ("title", "length_is")),
        ("documents", {"title_end": None}, ("title_start", "in_order")),
        ("documents", {"title": None}, ("title", "length_is")),
        ("documents", {"published_on": None}, ("published_start", "requires")),
        ("documents", {"published_start": None}, ("published_start", "in_order")),
        ("documents", {"language": "English"}, ("language", "str_matches")),
        ("documents", {"language_score": float("nan")}, ("language_score", "in_range")),
        ("documents", {"duplicate_cluster": ""}, ("duplicate_cluster", "str_matches")),
        ("documents", {"split": "dev"}, ("split", "isin")),
        ("annotations", {"origin": "machine"}, ("origin", "isin")),
        ("annotations", {"annotator": "someone@example.org"}, ("annotator", "str_matches")),
        ("annotations", {"status": "done"}, ("status", "isin")),
        ("annotations", {"lead_time_s": -1.0}, ("lead_time_s", "greater_than_or_equal_to")),
        ("spans", {"start": 7}, ("start", "in_order")),
        ("spans", {"surface": "Ανν"}, ("surface", "length_is")),
        ("spans", {"origin": "human"}, ("origin", "isin")),
        ("choices", {"kind": "stars"}, ("kind", "isin")),
        ("relations", {"direction": "up"}, ("direction", "isin")),
        ("suggestions", {"score": float("nan")}, ("score", "nullable")),
        ("carried", {"verdict": "exact"}, ("start", "null_exactly_when")),
        ("carried", {"start": 1, "end": 2, "surface": "a"}, ("start", "null_exactly_when")),
        ("carried", {"verdict": "exact", "start": 1, "end": 2}, ("start", "null_exactly_when")),
        ("carried", {"start": 1}, ("start", "in_order")),
        ("carried", {"verdict": "lost"}, ("verdict", "isin")),
        ("rejected", {"reason": "Empty text"}, ("reason", "str_matches")),
    ],
)
def test_each_rule_finds_its_fault(table: str, changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in failures(table, **changes)


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("documents", {"title_start": None, "title_end": None}),
        ("documents", {"title": None, "title_start": None, "title_end": None}),
        ("documents", {"published_start": None, "published_end": None}),
        ("documents", {"language": "und", "language_score": None}),
        ("documents", {"split": "validation", "duplicate_cluster": "0" * 16, "meta": "{}"}),
        ("annotations", {"origin": "model", "annotator": None, "model_version": "rules 1"}),
        ("carried", {"verdict": "shifted", "start": 5, "end": 7, "surface": "🙂🙂"}),
        ("choices", {"span_id": "s1", "value": ""}),
    ],
)
def test_what_the_tables_allow_passes(table: str, changes: dict[str, Any]) -> None:
    assert failures(table, **changes) == []


def test_all_rows_of_an_equal_key_fail() -> None:
    rows = [span(1), span(2), span(1) | {"origin": "gold"}, span(1) | {"label": "PLACE"}]
    result = CONTRACTS["spans"].check(frame("spans", *rows))
    assert result.failed_rows == [0, 2]
    assert {failure.check for failure in result.failures} == {"unique"}
    documents = CONTRACTS["documents"].check(frame("documents", document(1), document(2), document(1)))
    assert documents.failed_rows == [0, 2]


def test_one_answer_given_twice_is_no_fault() -> None:
    rows = [SOUND["choices"]] * 2
    assert CONTRACTS["choices"].check(frame("choices", *rows)).failures == []


def test_failures_are_ordered_by_row_then_by_the_contract() -> None:
    bad = document(2) | {"newline": "x", "raw_bytes": -3, "split": "dev", "title_end": 3}
    result = CONTRACTS["documents"].check(frame("documents", document(1), bad, document(3), bad | {"doc_id": "x"}))
    first = [("raw_bytes", "greater_than_or_equal_to"), ("newline", "isin"), ("title", "length_is"), ("split", "isin")]
    assert [(f.row_index, f.column, f.check) for f in result.failures] == [
        *((1, *what) for what in first),
        (3, "doc_id", "str_matches"),
        *((3, *what) for what in first),
    ]
    assert result.valid.equals(frame("documents", document(1), document(3)))


def test_a_failure_says_table_column_check_and_value() -> None:
    result = CONTRACTS["spans"].check(frame("spans", span(1) | {"start": 9, "surface": "x"}))
    assert result.failures == [
        Failure("spans", "start", "in_order", "start=9, end=7", 0),
        Failure("spans", "surface", "length_is", "surface=x, start=9, end=7", 0),
    ]
    assert str(result.failures[0]) == "contract spans, column start, check in_order, value start=9, end=7"


def tightened(folder: Path, table: str, column: str, check: str) -> Contract:
    """The shipped contract with one more check on a column that has some."""
    text = (default_contracts_root() / f"{table}.yaml").read_text(encoding="utf-8")
    head, name, body = text.partition(f"\n  {column}:\n")
    before, checks, after = body.partition("    checks:\n")
    path = folder / f"{table}.yaml"
    path.write_text(f"{head}{name}{before}{checks}      {check}\n{after}", encoding="utf-8")
    return load_contract(path)


def test_no_text_gets_into_a_failure(tmp_path: Path) -> None:
    secret = "The minister of Nowhere said this at length. " * 40
    row = document(1) | {"text": secret, "title": secret, "title_end": 3, "meta": secret}
    result = CONTRACTS["documents"].check(frame("documents", row, row))
    assert {failure.column for failure in result.failures} == {"doc_id", "title"}
    assert all(len(failure.value) <= 80 for failure in result.failures)
    assert next(f for f in result.failures if f.column == "title").value.endswith("…")


@pytest.mark.parametrize(("table", "column"), [("documents", "text"), ("annotations", "payload")])
def test_of_a_private_column_a_failure_gives_the_length_only(tmp_path: Path, table: str, column: str) -> None:
    contract = tightened(tmp_path, table, column, "str_startswith: Expected")
    result = contract.check(frame(table, SOUND[table] | {column: "secret"}))
    assert [f.value for f in result.failures if f.check == "str_startswith"] == ["(6 characters)"]


def test_pandera_is_not_handed_the_row_of_a_check_between_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Left alone, it puts the whole row into the failure case of such a check, and into its message."""
    seen: list[str] = []
    original = pa.errors.SchemaErrors.__init__

    def spy(self: Any, schema: Any, schema_errors: list[Any], data: Any) -> None:
        original(self, schema, schema_errors, data)
        seen.append(f"{self.failure_cases.to_dicts()} {[str(error) for error in schema_errors]}")

    monkeypatch.setattr(pa.errors.SchemaErrors, "__init__", spy)
    row = document(1) | {"title_end": 3, "text": "A secret text"}
    assert CONTRACTS["documents"].check(frame("documents", row)).failed_rows == [0]
    assert seen
    assert not any("secret" in report for report in seen)


def test_missing_foreign_and_retyped_columns_leave_no_row_valid() -> None:
    sound = frame("spans", span(1), span(2))
    contract = CONTRACTS["spans"]
    missing = contract.check(sound.drop("label"))
    foreign = contract.check(sound.with_columns(extra=1))
    retyped = contract.check(sound.with_columns(pl.col("start").cast(pl.Int32)))
    assert missing.failures == [Failure("spans", "label", "column_in_dataframe", "missing", None)]
    assert foreign.failures == [Failure("spans", "extra", "column_in_schema", "not in the contract", None)]
    assert retyped.failures == [Failure("spans", "start", "dtype", "Int32 instead of Int64", None)]
    for result in (missing, foreign, retyped):
        assert (result.valid.height, result.failed_rows) == (0, [0, 1])


def test_the_order_of_columns_does_not_matter_and_is_kept() -> None:
    shuffled = frame("spans", span(1), span(2) | {"start": -1}).select(sorted(CONTRACTS["spans"].columns))
    result = CONTRACTS["spans"].check(shuffled)
    assert result.failed_rows == [1]
    assert result.valid.columns == shuffled.columns


@pytest.mark.parametrize("depth", [ValidationDepth.SCHEMA_ONLY, None])
def test_no_switch_of_pandera_turns_the_checks_off(depth: ValidationDepth | None) -> None:
    with config_context(validation_enabled=False, validation_depth=depth):
        assert failures("spans", start=-1)


def test_sound_frames_never_take_the_slow_way(monkeypatch: pytest.MonkeyPatch) -> None:
    contract = pickle.loads(pickle.dumps(CONTRACTS["documents"]))
    object.__setattr__(contract, "_report", None)
    assert contract.check(frame("documents", document(1), document(2))).failures == []


def test_a_contract_travels_to_another_process() -> None:
    twin = pickle.loads(pickle.dumps(CONTRACTS["spans"]))
    assert twin == CONTRACTS["spans"]
    assert twin.check(frame("spans", span(1) | {"start": 9})).failures


def test_a_check_that_cannot_be_computed_stops_and_does_not_pass() -> None:
    contract = pickle.loads(pickle.dumps(CONTRACTS["spans"]))

    def broken(data: Any) -> pl.LazyFrame:
        frame: pl.LazyFrame = data.lazyframe.select(pl.col("start").str.len_chars() > 1)
        return frame

    contract.__dict__["_gate_expressions"] = [pl.lit(False)]
    contract._report.columns["start"].checks.append(pa.Check(broken, name="broken"))
    with pytest.raises(ConfigError, match=r"'broken' of 'spans\.start' cannot be computed"):
        contract.check(frame("spans", span(1)))


def test_a_gate_and_a_report_that_disagree_stop_and_do_not_pass() -> None:
    contract = pickle.loads(pickle.dumps(CONTRACTS["spans"]))
    contract.__dict__["_report"] = pa.DataFrameSchema({})
    with pytest.raises(RuntimeError, match="cannot say which"):
        contract.check(frame("spans", span(1) | {"start": 9}))


# Over random rows, against rules written again in plain Python

_SHORT = st.sampled_from(["a", "ab", "🙂", "", None])
_OFFSET = st.one_of(st.none(), st.integers(-1, 3))
_SPAN = st.fixed_dictionaries(
    {
        "annotation_id": st.sampled_from(["a1", "a2", "a3", "", None]),
        "doc_id": st.sampled_from(["0" * 16, "0" * 16, "x", None]),
        "span_id": st.sampled_from(["s1", "s2", "s3"]),
        "start": _OFFSET,
        "end": _OFFSET,
        "label": _SHORT,
        "surface": _SHORT,
        "origin": st.sampled_from(["manual", "gold", "human"]),
    }
)


def _span_is_sound(row: dict[str, Any], rows: list[dict[str, Any]]) -> bool:
    key = [(r["annotation_id"], r["control"], r["span_id"], r["label"]) for r in rows]
    mine = (row["annotation_id"], row["control"], row["span_id"], row["label"])
    return (
        all(row[c] for c in ("annotation_id", "doc_id", "label", "surface"))
        and re.fullmatch("[0-9a-f]{16}", row["doc_id"]) is not None
        and row["start"] is not None
        and row["end"] is not None
        and 0 <= row["start"] < row["end"]
        and len(row["surface"]) == row["end"] - row["start"]
        and row["origin"] in ("manual", "accepted", "edited", "model", "gold")
        and key.count(mine) == 1
    )


@given(st.lists(_SPAN, max_size=6))
@settings(max_examples=60, deadline=None)
def test_valid_and_failed_rows_of_spans_are_all_rows_and_the_right_ones(changes: list[dict[str, Any]]) -> None:
    rows = [span(1) | change for change in changes]
    checked, source = CONTRACTS["spans"].check(frame("spans", *rows)), frame("spans", *rows)
    sound = [_span_is_sound(row, rows) for row in rows]
    assert checked.failed_rows == [i for i, good in enumerate(sound) if not good]
    assert checked.valid.equals(source.filter(pl.Series(sound, dtype=pl.Boolean)))
    assert {failure.row_index for failure in checked.failures} == set(checked.failed_rows)


_DOCUMENT = st.fixed_dictionaries(
    {
        "raw_bytes": st.sampled_from([1, 0, None]),
        "text": st.sampled_from(["a text", "", None]),
        "title": _SHORT,
        "title_start": _OFFSET,
        "title_end": _OFFSET,
        "published_on": st.sampled_from([document(0)["published_on"], None]),
        "published_start": _OFFSET,
        "published_end": _OFFSET,
        "language_score": st.sampled_from([None, 0.5, 1.5, float("nan")]),
        "split": st.sampled_from([None, "train", "dev"]),
    }
)


def _offsets_are_sound(start: int | None, end: int | None) -> bool:
    return (start is None and end is None) or (start is not None and end is not None and 0 <= start < end)


def _document_is_sound(row: dict[str, Any]) -> bool:
    title, start, end = row["title"], row["title_start"], row["title_end"]
    return (
        bool(row["text"])
        and (row["raw_bytes"] or 0) >= 1
        and title != ""
        and _offsets_are_sound(start, end)
        and (start is None or (title is not None and len(title) == end - start))
        and _offsets_are_sound(row["published_start"], row["published_end"])
        and (row["published_start"] is None or row["published_on"] is not None)
        and (row["language_score"] is None or 0 <= row["language_score"] <= 1)
        and row["split"] in (None, "train", "validation", "test")
    )


@given(st.lists(st.one_of(st.just({}), _DOCUMENT), max_size=5))
@settings(max_examples=40, deadline=None)
def test_valid_and_failed_rows_of_documents_are_all_rows_and_the_right_ones(changes: list[dict[str, Any]]) -> None:
    rows = [document(number) | change for number, change in enumerate(changes)]
    checked, source = CONTRACTS["documents"].check(frame("documents", *rows)), frame("documents", *rows)
    sound = [_document_is_sound(row) for row in rows]
    assert checked.failed_rows == [i for i, good in enumerate(sound) if not good]
    assert checked.valid["doc_id"].to_list() == [r["doc_id"] for r, good in zip(rows, sound, strict=True) if good]
    assert checked.valid.height + len(checked.failed_rows) == source.height
    assert {failure.row_index for failure in checked.failures} == set(checked.failed_rows)


@pytest.mark.parametrize("table", list(SOUND))
def test_the_compiled_gate_lets_through_exactly_what_pandera_does(table: str, tmp_path: Path) -> None:
    """Workers check with the expression alone; every planted fault must still be found, and a sound row still pass."""
    plain = CONTRACTS[table]
    compiled = Contract(plain.file, compile_gate(plain.file, tmp_path))
    assert compile_gate(plain.file, tmp_path) == compiled.gate, "kept for the next command"
    sound = frame(table, SOUND[table])
    assert compiled.check(sound).failures == [] == errors_of(plain._report, sound)
    for column, dtype in plain.columns.items():
        for value in (None, "", "x", -1, 0, 2**40):
            try:
                broken = sound.with_columns(pl.lit(value, dtype=dtype).alias(column))
            except (pl.exceptions.PolarsError, TypeError, OverflowError):
                continue
            found = {e.schema.name for e in errors_of(plain._report, broken)}
            assert {f.column for f in compiled.check(broken).failures} == found, (column, value)


def test_a_gate_is_kept_and_made_again_where_its_file_was_harmed_or_cannot_be_kept(tmp_path: Path) -> None:
    file = CONTRACTS["spans"].file
    made = compile_gate(file, tmp_path)
    (kept,) = tmp_path.glob("*.gate")
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    assert compile_gate(file, tmp_path) == made
    assert kept.read_bytes()[32:] == made, "and kept again"
    (tmp_path / "a file").touch()
    assert compile_gate(file, tmp_path / "a file") == made, "a folder that cannot be made costs time only"
