"""The contracts the toolkit ships: whole, readable by plain pandera, found wherever the package lies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from pandera.io import polars_io

from corpus_kit.core.errors import ConfigError
from corpus_kit.core.schema import contracts as contracts_module
from corpus_kit.core.schema.checks import ALIASES, COLUMN_CHECKS, FRAME_CHECKS
from corpus_kit.core.schema.columns import CONTRACT_VERSION, TABLES, Nulls, columns_of
from corpus_kit.core.schema.contracts import default_contracts_root, load_contract, load_contracts, outdated

ROOT = default_contracts_root()
CONTRACTS = load_contracts(ROOT)


def test_every_table_of_the_design_has_its_contract() -> None:
    assert list(CONTRACTS) == [
        "documents", "texts", "annotations", "spans", "choices", "relations", "suggestions",
        "suggested_choices", "carried", "decisions", "rejected",
    ]  # fmt: skip
    assert list(CONTRACTS) == list(TABLES)
    for table, contract in CONTRACTS.items():
        assert (contract.table, contract.version) == (table, CONTRACT_VERSION)
        assert contract.columns == columns_of(table)
        assert contract.extra_columns == ()


@pytest.mark.parametrize("table", list(TABLES))
def test_a_shipped_file_loads_in_plain_pandera_and_says_what_the_code_says(table: str) -> None:
    """Nothing that holds is missing from the file a user reads."""
    plain = pa.DataFrameSchema.from_yaml(ROOT / f"{table}.yaml")
    whole = CONTRACTS[table].schema
    described = [
        {n: (c.dtype, c.nullable, c.unique, sorted(map(str, c.checks))) for n, c in schema.columns.items()}
        for schema in (plain, whole)
    ]
    assert described[0] == described[1]
    assert list(plain.columns) == list(whole.columns)
    assert sorted(map(str, plain.checks)) == sorted(map(str, whole.checks))
    assert [plain.unique] == (whole.unique or [None])


@pytest.mark.parametrize("table", list(TABLES))
def test_nulls_are_allowed_exactly_where_they_can_occur(table: str) -> None:
    for column in CONTRACTS[table].file.columns:
        assert column.nullable is (TABLES[table].columns[column.name].nulls is not Nulls.NEVER), column.name


@pytest.mark.parametrize("table", list(TABLES))
def test_every_column_is_explained(table: str) -> None:
    for column in CONTRACTS[table].file.columns:
        assert len(column.description) > 10, f"{table}.{column.name}"


def test_keys_are_columns_that_name_a_row() -> None:
    for table in TABLES.values():
        assert set(table.key) <= set(table.columns)
        if table.unique_key:
            assert all(table.columns[name].nulls is Nulls.NEVER for name in table.key)
            assert table.unique_together == table.key or table.columns[table.key[0]].unique


def test_only_the_special_types_stand_out() -> None:
    special = {n: d for t in TABLES for n, d in columns_of(t).items() if d not in (pl.String, pl.Int64, pl.Float64)}
    moment = pl.Datetime("us", "UTC")
    assert special == {
        "published_on": pl.Date,
        "complete": pl.Boolean,
        "ground_truth": pl.Boolean,
        "created_at": moment,
        "updated_at": moment,
    }


def test_importing_the_modules_does_not_import_pandera() -> None:
    modules = (
        "schema.contracts, corpus_kit.core.schema.file, corpus_kit.core.schema.pandera, corpus_kit.core.schema.columns"
    )
    code = f"import sys, corpus_kit.core.{modules}; print(*[m for m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent
    ).stdout.split()
    assert "corpus_kit.core.schema.pandera" in loaded
    assert not {name.split(".")[0] for name in loaded} & {"pandera", "pyarrow", "pandas", "datasets"}


def test_the_root_is_found_in_a_wheel_and_in_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "site" / "corpus_kit" / "core" / "schema" / "contracts.py"
    monkeypatch.setattr(contracts_module, "__file__", str(module))
    with pytest.raises(ConfigError, match="missing from this installation"):
        default_contracts_root()
    for folder in (tmp_path / "site" / "schemas", tmp_path / "site" / "corpus_kit" / "template" / "schemas"):
        folder.mkdir(parents=True)
        (folder / "documents.yaml").touch()
        assert default_contracts_root() == folder


def test_an_older_contract_is_a_finding_for_doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "spans.yaml"
    text = (ROOT / "spans.yaml").read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    assert outdated(path) is None
    path.write_text(text.replace("version: 2}", "version: 1}").replace("  label:", "  labels:"), encoding="utf-8")
    finding = outdated(path)
    assert finding is not None
    assert (finding.code, finding.table, finding.column) == ("contract_outdated", "spans.yaml", "contract.version")
    assert "version 1" in finding.hint
    with pytest.raises(ConfigError, match="older than 2") as caught:
        load_contract(path)
    assert "corpus-kit doctor" in caught.value.hint
    path.write_text(text.replace("version: 2}", "version: 3}"), encoding="utf-8")
    assert outdated(path) is None
    path.write_text("contract: {table: spans}", encoding="utf-8")
    with pytest.raises(ConfigError, match="lacks the key 'version'"):
        outdated(path)
    path.write_text("columns: {}", encoding="utf-8")
    with pytest.raises(ConfigError, match="has no `contract:"):
        outdated(path)


def test_every_check_is_in_the_documentation() -> None:
    page = (ROOT.parent / "docs" / "decisions" / "002-contracts.md").read_text(encoding="utf-8")
    assert [name for name in [*COLUMN_CHECKS, *ALIASES, *FRAME_CHECKS] if f"`{name}`" not in page] == []


def _without_a_check(schema: Any) -> None:
    schema.columns["start"].checks.pop()


def _without_a_row_check(schema: Any) -> None:
    schema.checks.pop()


def _nullable_after_all(schema: Any) -> None:
    schema.columns["label"].nullable = True


def _not_unique(schema: Any) -> None:
    schema.unique = None


@pytest.mark.parametrize("lose", [_without_a_check, _without_a_row_check, _nullable_after_all, _not_unique])
def test_what_pandera_loses_while_reading_stops_the_load(monkeypatch: pytest.MonkeyPatch, lose: Any) -> None:
    original = polars_io.deserialize_schema

    def forgetful(serialized: Any) -> Any:
        schema = original(serialized)
        lose(schema)
        return schema

    monkeypatch.setattr(polars_io, "deserialize_schema", forgetful)
    with pytest.raises(ConfigError, match="did not take over everything"):
        load_contract(ROOT / "spans.yaml")
