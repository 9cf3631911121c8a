"""A contract file is understood exactly, or refused with file, line, key and the next step."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from contract_samples import document

from corpus_kit.core.errors import ConfigError
from corpus_kit.core.schema.contracts import default_contracts_root, load_contract, load_contracts
from corpus_kit.core.schema.yaml import read_strict_yaml

SHIPPED = default_contracts_root()
EXTRA = """
  rubric:
    dtype: string
    nullable: true
"""


def edited(tmp_path: Path, table: str, *edits: tuple[str, str]) -> Path:
    """The shipped contract with each `old` replaced once by `new`."""
    comment, start, text = (SHIPPED / f"{table}.yaml").read_text(encoding="utf-8").partition("\ncontract:")
    text = re.sub(r"\n    description: '.*'", "", start + text)
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / f"{table}.yaml"
    path.write_text(comment + text, encoding="utf-8")
    return path


def with_column(tmp_path: Path, body: str, name: str = "rubric") -> Path:
    """documents.yaml with one more column of the user's own."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return edited(tmp_path, "documents", ("columns:\n", f"columns:\n  {name}:\n{lines}\n\n"))


def refused(path: Path) -> str:
    """The error's sentence and hint; the file must be named in the sentence."""
    with pytest.raises(ConfigError) as caught:
        load_contract(path)
    assert path.name in caught.value.message
    assert caught.value.hint and "docs/" not in caught.value.hint, "a wheel has no docs"
    return f"{caught.value.message} {caught.value.hint}"


# What pandera's own reader lets pass


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        ("    nullable: false\n", "    nulable: false\n", "nullable"),
        ("columns:\n", "colums:\n", "columns"),
        ("    unique: true\n", "    uniqe: true\n", "unique"),
        ("    checks:\n", "    check:\n", "checks"),
        ("\nchecks:\n", "\ncheks:\n", "checks"),
        ("    dtype: string\n", "    dtyp: string\n", "dtype"),
        ("{table: documents, version: 2}", "{table: documents, verson: 2}", "version"),
        ("schema_type:", "schema_typ:", "schema_type"),
    ],
)
def test_a_misspelt_key_is_an_error_that_names_the_right_one(tmp_path: Path, old: str, new: str, meant: str) -> None:
    sentence = refused(edited(tmp_path, "documents", (old, new)))
    assert f"Did you mean '{meant}'?" in sentence
    assert re.search(r"line \d+", sentence)


def test_the_error_names_the_line_of_the_key(tmp_path: Path) -> None:
    path = edited(tmp_path, "documents", ("    unique: true\n", "    uniqe: true\n"))
    line = path.read_text(encoding="utf-8").split("uniqe")[0].count("\n") + 1
    assert f"line {line}:" in refused(path)


@pytest.mark.parametrize("check", ["isin: [a, b]", "ge: 0", "str_matches: '^a'"])
def test_a_flat_check_is_an_error(tmp_path: Path, check: str) -> None:
    assert "must stand below `checks:`" in refused(with_column(tmp_path, f"dtype: string\nnullable: true\n{check}"))


def test_a_flat_check_of_the_table_is_an_error(tmp_path: Path) -> None:
    path = edited(
        tmp_path, "documents", ("schema_type:", "in_order: {start: title_start, end: title_end}\nschema_type:")
    )
    assert "must stand below `checks:`" in refused(path)


def test_an_unknown_flat_check_is_an_error(tmp_path: Path) -> None:
    assert "unknown key 'is_in'" in refused(with_column(tmp_path, "dtype: string\nnullable: true\nis_in: [a]"))


@pytest.mark.parametrize(
    "key",
    [
        "drop_invalid_rows: true",
        "coerce: true",
        "required: false",
        "regex: true",
        "default: x",
        "report_duplicates: all",
    ],
)
def test_switches_that_let_rows_pass_are_refused(tmp_path: Path, key: str) -> None:
    """A column's `drop_invalid_rows` makes pandera pass bad rows without an error (pandera issue 1830)."""
    assert "unknown key" in refused(with_column(tmp_path, f"dtype: string\nnullable: true\n{key}"))


@pytest.mark.parametrize(
    "key", ["drop_invalid_rows: true", "strict: false", "coerce: true", "name: x", "version: 0.35"]
)
def test_switches_of_the_table_are_refused(tmp_path: Path, key: str) -> None:
    assert "unknown key" in refused(edited(tmp_path, "documents", ("schema_type:", f"{key}\nschema_type:")))


def test_a_missing_path_is_an_error_and_no_yaml_text(tmp_path: Path) -> None:
    assert "corpus-kit init" in refused(tmp_path / "documents.yaml")


def test_a_folder_in_the_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "documents.yaml").mkdir()
    assert "cannot be read" in refused(tmp_path / "documents.yaml")


def test_no_and_on_stay_words(tmp_path: Path) -> None:
    path = with_column(tmp_path, "dtype: string\nnullable: true\nchecks:\n  isin: [en, ru, no, on, yes, off, y]")
    check = next(column for column in load_contract(path).file.columns if column.name == "rubric").checks[0]
    assert check.arguments == (("allowed_values", ("en", "ru", "no", "on", "yes", "off", "y")),)


# YAML, read strictly


def read(tmp_path: Path, text: str) -> dict[str, object]:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return read_strict_yaml(path)


def test_only_the_core_types_of_yaml_1_2_are_resolved(tmp_path: Path) -> None:
    text = "a: 010\nb: 1:30\nc: 2024-01-01\nd: 0x1f\ne: 12\nf: -1.5\ng: 1e3\nh: true\ni: ~\nj:\nk: NO\nl: '1'\nm: .5"
    assert read(tmp_path, text) == {
        "a": "010", "b": "1:30", "c": "2024-01-01", "d": "0x1f", "e": 12, "f": -1.5, "g": 1000.0, "h": True, "i": None,
        "j": None, "k": "NO", "l": "1", "m": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' occurs twice"),
        ("a: {b: 1, b: 2}\n", "the key 'b' occurs twice"),
        ("1: a\n", "the key 1 is not a string"),
        ("true: a\n", "the key True is not a string"),
        ("a: [1, 2\n", "line 2"),
        ("a: 1\n---\nb: 2\n", "line 2"),
        ("a: !!python/object/apply:os.getcwd []\n", "line 1"),
        ("a: &x [*x]\n", "line 1"),
        ("a: \x01\n", "not YAML"),
        ("", "must be a mapping"),
        ("- a\n", "must be a mapping"),
        ("just words\n", "must be a mapping"),
        ("a: " + "[" * 1_000, "nested"),
    ],
)
def test_broken_yaml_is_one_sentence_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(problem)):
        read(tmp_path, text)


def test_a_merge_key_has_no_effect_and_is_seen(tmp_path: Path) -> None:
    assert "unknown key '<<'" in refused(with_column(tmp_path, "dtype: string\nnullable: true\n<<: {unique: true}"))


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "documents.yaml"
    path.write_bytes("# Überschrift".encode("latin-1"))
    assert "UTF-8" in refused(path)


def test_a_byte_order_mark_and_crlf_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "spans.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + (SHIPPED / "spans.yaml").read_bytes().replace(b"\n", b"\r\n"))
    assert load_contract(path) == load_contract(SHIPPED / "spans.yaml")


# Checks and their arguments


@pytest.mark.parametrize(
    ("dtype", "check", "problem"),
    [
        ("string", "is_in: [a]", "Did you mean 'isin'?"),
        ("string", "unique_values_eq: [a]", "no column check"),
        ("string", "from_builtin_check_name: [a]", "no column check"),
        ("string", "in_order: {start: a, end: b}", "no column check"),
        ("string", "isin: abc", "needs a list"),
        ("string", "isin: []", "needs a list"),
        ("string", "isin: [a, 1]", "compares a string column with 1"),
        ("string", "isin: [a, true]", "compares a string column with True"),
        ("string", "isin: [a, null]", "compares a string column with None"),
        ("string", "isin: {allowed: [a]}", "takes no argument `allowed`"),
        ("string", "isin: {allowed_values: [a], raise_warning: true}", "takes no argument `raise_warning`"),
        ("string", "isin: {allowed_values: [a], options: {ignore_na: true}}", "takes no argument `options`"),
        ("string", "str_matches: '('", "no regular expression"),
        ("string", "str_matches: ''", "a string that is not empty"),
        ("string", "str_length: 3", "name the arguments"),
        ("string", "str_length: {min_value: -1}", "whole number"),
        ("string", "str_length: {}", "has no arguments"),
        ("string", "str_startswith: 3", "a string that is not empty"),
        ("int64", "str_matches: '^a'", "string columns only"),
        ("int64", "ge: '0'", "compares a int64 column"),
        ("int64", "ge: 0.5", "compares a int64 column"),
        ("int64", "ge: true", "compares a int64 column"),
        ("int64", "ge: 9223372036854775808", "compares a int64 column"),
        ("int64", "between: {min_value: 1}", "lacks its argument `max_value`"),
        ("int64", "between: {min_value: 1, max_value: 2, include_min: 1}", "needs true or false"),
        ("float64", "le: high", "compares a float64 column"),
        ("bool", "eq: 'true'", "compares a boolean column"),
        ("date", "ge: yesterday", "no ISO 8601"),
        ("string", "{ge: a, greater_than_or_equal_to: b}", "one check twice"),
    ],
)
def test_a_check_that_could_not_hold_is_refused_when_loaded(
    tmp_path: Path, dtype: str, check: str, problem: str
) -> None:
    block = f"checks: {check}" if check.startswith("{") else f"checks:\n  {check}"
    assert problem in refused(with_column(tmp_path, f"dtype: {dtype}\nnullable: true\n{block}"))


@pytest.mark.parametrize(
    ("dtype", "check", "good", "bad"),
    [
        ("string", "eq: a", ["a"], ["b"]),
        ("string", "ne: a", ["b"], ["a"]),
        ("string", "isin: [a, b]", ["a", "b"], ["ab", ""]),
        ("string", "notin: [a]", ["b"], ["a"]),
        ("string", "str_matches: '^[a-z]+$'", ["abc"], ["abc\n", "1", ""]),
        ("string", "str_contains: 'b+'", ["abba"], ["a"]),
        ("string", "str_startswith: a.", ["a.b"], ["ab"]),
        ("string", "str_endswith: z", ["az"], ["za"]),
        ("string", "str_length: {min_value: 2, max_value: 3}", ["ab", "🙂🙂🙂"], ["a", "abcd"]),
        ("string", "str_length: {exact_value: 1}", ["é"], ["ab"]),
        ("int64", "gt: 1", [2], [1]),
        ("int64", "ge: 1", [1], [0]),
        ("int64", "lt: 1", [0], [1]),
        ("int64", "le: 1", [1], [2]),
        ("int64", "isin: [1, 2]", [1], [3]),
        ("float64", "in_range: {min_value: 0, max_value: 1}", [0.0, 1.0], [1.1, float("nan")]),
        ("float64", "between: {min_value: 0, max_value: 1, include_max: false}", [0.9], [1.0]),
        ("bool", "eq: true", [True], [False]),
    ],
)
def test_every_check_tells_good_from_bad(
    tmp_path: Path, dtype: str, check: str, good: list[object], bad: list[object]
) -> None:
    contract = load_contract(with_column(tmp_path, f"dtype: {dtype}\nnullable: true\nchecks:\n  {check}"))
    assert [failed(contract, value) for value in [*good, *bad, None]] == [False] * len(good) + [True] * len(bad) + [
        False
    ]


@pytest.mark.parametrize("check", ["ge: 2020-01-02", "isin: ['2020-01-02']", "gt: '2020-01-01'"])
def test_dates_are_compared_as_dates(tmp_path: Path, check: str) -> None:
    from datetime import date

    contract = load_contract(with_column(tmp_path, f"dtype: date\nnullable: true\nchecks:\n  {check}"))
    assert not failed(contract, date(2020, 1, 2))
    assert failed(contract, date(2020, 1, 1))


def test_moments_are_compared_with_their_time_zone(tmp_path: Path) -> None:
    old = "  created_at:\n    dtype: Datetime(time_unit='us', time_zone='UTC')\n    nullable: true\n"
    path = edited(tmp_path, "annotations", (old, f"{old}    checks:\n      ge: 2020-01-01T00:00:00+02:00\n"))
    assert "greater_than_or_equal_to" in str(load_contract(path).schema.columns["created_at"].checks)
    for wrong, problem in (("2020-01-01T00:00:00", "no time zone"), ("then", "no ISO 8601")):
        path = edited(tmp_path, "annotations", (old, f"{old}    checks:\n      ge: {wrong}\n"))
        assert problem in refused(path)


def failed(contract: object, value: object) -> bool:
    """Whether one sound document with this value in `rubric` fails."""

    frame = pl.DataFrame([document(0) | {"rubric": value}], schema=contract.columns)  # type: ignore[attr-defined]
    result = contract.check(frame)  # type: ignore[attr-defined]
    assert {failure.column for failure in result.failures} <= {"rubric"}
    return bool(result.failures)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{start: title_start, end: title_end, options: {check_name: inorder}}", "Did you mean 'in_order'?"),
        ("{start: title_start, end: titel_end, options: {check_name: in_order}}", "Did you mean 'title_end'?"),
        ("{start: title_start, options: {check_name: in_order}}", "lacks its argument `end`"),
        ("{start: title_start, end: title, options: {check_name: in_order}}", "of one type"),
        ("{start: title, end: outlet, options: {check_name: in_order}}", "of one type"),
        ("{surface: raw_bytes, start: title_start, end: title_end, options: {check_name: length_is}}", "a string as"),
        ("{columns: [title], column: raw_bytes, value: x, options: {check_name: null_exactly_when}}", "string column"),
        ("{columns: title, column: outlet, value: x, options: {check_name: null_exactly_when}}", "needs a list"),
        ("{column: title, other: outlet, options: {check_name: requires, raise_warning: true}}", "every entry"),
        ("{column: title, other: outlet}", "every entry"),
        ("in_order", "every entry"),
        ("{value: 1, options: {check_name: equal_to}}", "no table check"),
        ("{start: title_start, end: title_end, options: {check_name: in_order}}", "one check twice"),
    ],
)
def test_a_check_between_columns_is_read_as_strictly(tmp_path: Path, entry: str, problem: str) -> None:
    assert problem in refused(edited(tmp_path, "documents", ("\nchecks:\n", f"\nchecks:\n  - {entry}\n")))


@pytest.mark.parametrize("empty", ["checks: {}", "checks: []", "checks:", "checks: yes"])
def test_checks_without_content_are_refused(tmp_path: Path, empty: str) -> None:
    assert "not empty" in refused(with_column(tmp_path, f"dtype: string\nnullable: true\n{empty}"))


def test_checks_between_columns_may_be_a_mapping_too(tmp_path: Path) -> None:
    text = (SHIPPED / "spans.yaml").read_text(encoding="utf-8").split("\n# Between")[0]
    path = tmp_path / "spans.yaml"
    path.write_text(text + "\nchecks:\n  in_order: {start: start, end: end}\n", encoding="utf-8")
    assert load_contract(path).sha256 == load_contract(SHIPPED / "spans.yaml").sha256


@pytest.mark.parametrize(
    ("value", "problem"),
    [("[doc_id, txt]", "'txt'"), ("[doc_id]", "two or more"), ("[]", "two or more"), ("doc_id", "two or more")],
)
def test_unique_groups_name_columns_that_exist(tmp_path: Path, value: str, problem: str) -> None:
    assert problem in refused(edited(tmp_path, "documents", ("schema_type:", f"unique: {value}\nschema_type:")))


# The header


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("contract: {table: document, version: 2}", "Did you mean 'documents'?"),
        ("contract: {table: spans, version: 2}", "is the contract of 'spans'"),
        ("contract: {table: documents, version: 3}", "pip install --upgrade"),
        ("contract: {table: documents, version: 0}", "corpus-kit doctor"),
        ("contract: {table: documents, version: '1'}", "whole number"),
        ("contract: {table: documents, version: true}", "whole number"),
        ("contract: {table: documents}", "lacks the key 'version'"),
        ("contract: documents", "must be a mapping"),
        ("contrat: {table: documents, version: 2}", "Did you mean 'contract'?"),
    ],
)
def test_the_header_says_which_table_and_version(tmp_path: Path, header: str, problem: str) -> None:
    assert problem in refused(edited(tmp_path, "documents", ("contract: {table: documents, version: 2}", header)))


def test_a_schema_of_another_kind_is_refused(tmp_path: Path) -> None:
    assert "polars_dataframe" in refused(edited(tmp_path, "documents", ("polars_dataframe", "dataframe")))


# A contract may only tighten


def test_a_built_in_column_cannot_be_dropped(tmp_path: Path) -> None:
    column = "  n_lines:\n    dtype: int64\n    nullable: false\n    checks:\n      greater_than_or_equal_to: 1\n"
    assert "'n_lines' of 'documents' is missing" in refused(edited(tmp_path, "documents", (column, "")))


def test_a_misspelt_built_in_column_is_recognised(tmp_path: Path) -> None:
    assert "is 'n_line' meant" in refused(edited(tmp_path, "documents", ("  n_lines:", "  n_line:")))


def null_switched(column: str, dtype: str, to: str) -> tuple[str, str]:
    """The edit that turns a column's `nullable` round."""
    head = f"  {column}:\n    dtype: {dtype}\n    nullable: "
    return head + {"true": "false", "false": "true"}[to], head + to


@pytest.mark.parametrize(
    ("table", "old", "new", "problem"),
    [
        ("documents", "  raw_bytes:\n    dtype: int64", "  raw_bytes:\n    dtype: float64", "is int64, not float64"),
        ("documents", "  raw_bytes:\n    dtype: int64", "  raw_bytes:\n    dtype: int", "Did you mean 'int64'?"),
        ("documents", *null_switched("n_chars", "int64", to="true"), "never null"),
        ("documents", "    unique: true", "    unique: false", "always unique"),
        ("documents", "    unique: true", "    unique: 1", "must be true or false"),
        ("documents", "    nullable: false", "    nullable: 'no'", "must be true or false"),
        ("documents", "    nullable: false\n", "", "lacks the key 'nullable'"),
        ("documents", "    dtype: string\n", "", "lacks the key 'dtype'"),
        ("documents", "[lf, crlf, cr, mixed, none]", "[lf, crlf, cr, mixed, none, nel]", "'nel' is no value"),
        ("documents", "isin: [train, validation, test]", "isin: [train, dev]", "'dev' is no value"),
        ("choices", *null_switched("span_id", "string", to="false"), "has a meaning"),
        ("carried", *null_switched("start", "int64", to="false"), "has a meaning"),
        ("spans", "columns:\n", f"columns:\n{EXTRA}", "documents.yaml"),
        ("documents", "columns:\n", f"columns:\n{EXTRA.replace('string', 'datetime')}", "unknown dtype"),
        ("documents", "columns:\n", f"columns:\n{EXTRA.replace('string', '[string]')}", "unknown dtype"),
        ("documents", "columns:\n", "columns:\n  Rubric: {dtype: string, nullable: true}\n", "no column name"),
        ("documents", "columns:\n", "columns:\n  rubric:\n", "must be a mapping"),
    ],
)  # fmt: skip
def test_a_loosened_or_unknown_column_is_refused(tmp_path: Path, table: str, old: str, new: str, problem: str) -> None:
    assert problem in refused(edited(tmp_path, table, (old, new)))


def test_an_own_column_is_no_moment(tmp_path: Path) -> None:
    body = "dtype: Datetime(time_unit='us', time_zone='UTC')\nnullable: true"
    assert "one of string" in refused(with_column(tmp_path, body))


def test_what_a_file_leaves_out_holds_all_the_same(tmp_path: Path) -> None:
    path = edited(
        tmp_path,
        "spans",
        ("\nunique: [annotation_id, control, span_id, label]\n", "\n"),
        ("    checks:\n      str_matches: '^[0-9a-f]{16}$'\n", ""),
        ("    checks:\n      greater_than_or_equal_to: 0\n", ""),
    )
    path.write_text(path.read_text(encoding="utf-8").split("\n# Between")[0], encoding="utf-8")
    assert load_contract(path).sha256 == load_contract(SHIPPED / "spans.yaml").sha256


def test_a_contract_can_be_tightened(tmp_path: Path) -> None:
    path = edited(
        tmp_path,
        "documents",
        ("isin: [lf, crlf, cr, mixed, none]", "isin: [lf]"),
        null_switched("outlet", "string", to="false"),
        ("schema_type:", "unique: [source, text_sha256]\nschema_type:"),
    )

    contract = load_contract(path)
    rows = [document(0), document(1) | {"newline": "crlf"}, document(2) | {"outlet": None}, document(3), document(3)]
    rows[4] = rows[4] | {"doc_id": "f" * 16}
    result = contract.check(pl.DataFrame(rows, schema=contract.columns))
    assert [(f.row_index, f.column, f.check) for f in result.failures] == [
        (1, "newline", "isin"),
        (2, "outlet", "nullable"),
        (3, "source", "unique"),
        (4, "source", "unique"),
    ]


def test_own_columns_come_after_the_built_in_ones_in_the_order_of_the_file(tmp_path: Path) -> None:
    own = "  zeta: {dtype: bool, nullable: true}\n  alpha: {dtype: str, nullable: false}\n"
    path = edited(tmp_path, "documents", ("columns:\n", f"columns:\n{own}"))
    contract = load_contract(path)
    assert contract.extra_columns == ("zeta", "alpha")
    assert list(contract.columns)[-3:] == ["meta", "zeta", "alpha"]
    assert contract.columns["zeta"] == pl.Boolean
    assert contract.columns["alpha"] == pl.String


def test_the_hash_follows_what_is_demanded_and_nothing_else(tmp_path: Path) -> None:
    shipped = load_contract(SHIPPED / "documents.yaml").sha256
    titled = ("    nullable: true\n", "    title: A name\n    nullable: true\n")
    described = ("    dtype: string\n", "    description: Said otherwise\n    dtype: string\n")
    same = edited(tmp_path, "documents", described, titled)
    assert load_contract(same).sha256 == shipped
    other = edited(tmp_path, "documents", ("isin: [lf, crlf, cr, mixed, none]", "isin: [lf]"))
    assert load_contract(other).sha256 != shipped


# The folder


def test_every_table_needs_its_file(tmp_path: Path) -> None:
    for file in SHIPPED.glob("*.yaml"):
        if file.name != "carried.yaml":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ConfigError, match=r"carried\.yaml: there is no such contract"):
        load_contracts(tmp_path)


@pytest.mark.parametrize("name", ["document.yaml", "documents.yml"])
def test_a_contract_under_a_wrong_name_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"contract of no table\. Did you mean 'documents'"):
        load_contracts(tmp_path)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        load_contracts(tmp_path / "schemas")
