"""A worker loads what it works with and nothing else: what it loads in vain, every one of them waits for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from corpus_kit.core.storage.tables import array_of, table_of

_READ_A_UNIT = """
import sys
from corpus_kit.core.schema.file import read_contract_file
from corpus_kit.core.config.corpus_toml import ProjectConfig
from corpus_kit.core.config.template import shipped
from corpus_kit.ingest.discover import discover
from corpus_kit.ingest.documents import make_recipe
from corpus_kit.ingest.batch import read_unit, write_unit
from corpus_kit.ingest.batch import Unit, UnitTask
recipe = make_recipe(ProjectConfig().input, read_contract_file(shipped("schemas") / "documents.yaml"))
task = UnitTask(Unit(tuple(discover([sys.argv[1]]).files)), recipe, sys.argv[2])
assert write_unit(read_unit(task))["documents"] == 2
print(*sys.modules)
"""


def _loaded(code: str, *arguments: object) -> set[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_reading_plain_texts_loads_no_library_that_only_the_driver_or_odd_input_needs() -> None:
    loaded = _loaded("import sys, corpus_kit.ingest.batch; print(*sys.modules)")
    assert {"polars", "pyarrow"} <= loaded
    in_vain = {"pandera", "pandas", "datasets", "yaml", "pydantic", "rapidfuzz", "chardet", "click", "rensa"}
    assert {name.split(".")[0] for name in loaded} & in_vain == set()


def test_neither_does_writing_them(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("a", "b"):
        (raw / f"{name}.txt").write_text(f"Page {name}\n\nA line of text that says nothing.\n", encoding="utf-8")
    loaded = _loaded(_READ_A_UNIT, raw, tmp_path / "made")
    assert "pyarrow.parquet" in loaded
    assert not loaded & {"pyarrow.compute", "pyarrow.dataset", "pandas", "pandera", "chardet", "rapidfuzz"}


@pytest.mark.parametrize("values", [[], [None], ["", None, "ä🙂", "b" * 40, None], ["a"] * 3000], ids=len)
def test_strings_become_plain_ones_value_by_value(values: list[str | None]) -> None:
    made = array_of(values, pa.string())
    made.validate(full=True)
    assert made.type == pa.string() and made.to_pylist() == values
    import polars as pl

    table = table_of({"a": values, "n": range(len(values))}, {"a": pl.String(), "n": pl.Int64()})
    table.validate(full=True)
    assert table.schema == pa.schema([("a", pa.string()), ("n", pa.int64())])
    assert table.to_pydict() == {"a": values, "n": list(range(len(values)))}
