"""Contracts: what every row of a table must be before it is written, checked by pandera, row by row.

A contract is `schemas/<table>.yaml` (read by `contract_file`) together with what always holds (`columns`). Importing
this module imports neither pandera nor YAML, which workers can do without; loading a contract does.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.core.errors import ConfigError, did_you_mean
from corpus_kit.core.records import Finding
from corpus_kit.core.schema.columns import ADDED_LATER, CONTRACT_VERSION, PRIVATE_COLUMNS, TABLES
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.cache import kept_bytes

VALUE_LIMIT = 80
"""Longest quoted value in a failure, in code points, the ellipsis included."""

_REPORTED_AS = {"not_nullable": "nullable", "field_uniqueness": "unique", "multiple_fields_uniqueness": "unique"}


@dataclass(frozen=True, slots=True)
class Failure:
    """One check that one row failed.

    column: the column the check stands on; for a check between columns the first of them.
    check: its name as in the contract: `isin`, `str_matches`, `nullable`, `unique`, `dtype`, …
    value: what was found, at most 80 code points; never a text or a payload, only its length.
    row_index: position in the checked frame from 0; None where the frame as a whole is at fault (dtype, columns).
    """

    table: str
    column: str
    check: str
    value: str
    row_index: int | None

    def __str__(self) -> str:
        return f"contract {self.table}, column {self.column}, check {self.check}, value {self.value}"


@dataclass(frozen=True, slots=True)
class CheckedFrame:
    """A frame taken apart: every row is in `valid`, or its index is in `failed_rows`, never both.

    failures: ordered by row, then by column and check as in the contract; a row may fail several checks. Where the
    frame as a whole is at fault (`row_index` None) no row is valid.
    """

    valid: pl.DataFrame
    failures: list[Failure]
    failed_rows: list[int]


@dataclass(frozen=True)
class Contract:
    """One table's contract, ready to check frames. It can be pickled; pandera's part is built where it is needed.

    gate: what `compile_gate` made of it, handed to other processes; without it the kept one is looked up. Frames whose rows
    are all sound are checked without pandera's import.

    columns: name → Polars dtype, built-in columns first, then the user's own. Do not change it.
    extra_columns: the user's own, filled from input fields of the same name.
    schema: for readers and tools. `check` runs the same checks in a form that is fast and keeps texts out of its reports.
    """

    file: ContractFile
    gate: bytes | None = field(default=None, repr=False, compare=False)
    table: str = field(init=False)
    version: int = field(init=False)
    sha256: str = field(init=False)
    columns: dict[str, pl.DataType] = field(init=False, compare=False)
    extra_columns: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        file, put = self.file, object.__setattr__
        put(self, "table", file.table)
        put(self, "version", file.version)
        put(self, "sha256", file.sha256)
        put(self, "columns", {column.name: column.dtype for column in file.columns})
        put(self, "extra_columns", tuple(c for c in self.columns if c not in TABLES[file.table].columns))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Contract, (self.file, self.gate))

    @cached_property
    def schema(self) -> Any:
        """The `pandera.polars.DataFrameSchema` of the whole contract. Raises ConfigError when pandera lost part of it."""
        from corpus_kit.core.schema.pandera import pandera_schema

        return pandera_schema(self.file)

    @cached_property
    def _gate_expressions(self) -> list[pl.Expr]:
        """One for each rule: Polars takes half the time to answer them side by side that it takes for all in one."""
        gate = pl.Expr.deserialize(io.BytesIO(self.gate or compile_gate(self.file)))
        return [rule.all().alias(str(number)) for number, rule in enumerate(gate.meta.pop())]

    @cached_property
    def _polars_schema(self) -> pl.Schema:
        return pl.Schema(self.columns)

    @cached_property
    def _report(self) -> Any:
        from corpus_kit.core.schema.pandera import report_schema

        return report_schema(self.file, self.schema)

    def _all_sound(self, frame: pl.DataFrame) -> bool:
        return frame.height == 0 or all(frame.select(self._gate_expressions).row(0))

    def check(self, frame: pl.DataFrame) -> CheckedFrame:
        """Separate the rows that keep the contract from those that break it.

        All rows of a group of equal keys fail `unique`, since nothing tells which of them is the right one; uniqueness
        beyond this frame is for the caller. Raises ConfigError when a check of the contract cannot be computed.
        """
        whole = self._frame_failures(frame)
        if whole:
            return CheckedFrame(frame.clear(), whole, list(range(frame.height)))
        if self._all_sound(frame):
            return CheckedFrame(frame, [], [])
        failures = self._row_failures(frame)
        rows = sorted({failure.row_index for failure in failures if failure.row_index is not None})
        if not rows:
            raise RuntimeError(f"the contract of '{self.table}' refuses rows and cannot say which")
        passes = pl.Series([True]).new_from_index(0, frame.height).scatter(rows, False)
        return CheckedFrame(frame.filter(passes), failures, rows)

    def _frame_failures(self, frame: pl.DataFrame) -> list[Failure]:
        """Missing, foreign and wrongly typed columns: faults of the program or of a changed file, not of a row."""
        found: list[Failure] = []
        schema = frame.schema
        if schema == self._polars_schema:  # as nearly always; one by one takes twenty times as long
            return found
        for name, dtype in self.columns.items():
            actual = schema.get(name)
            if actual is None:
                found.append(Failure(self.table, name, "column_in_dataframe", "missing", None))
            elif actual != dtype:
                found.append(Failure(self.table, name, "dtype", _cut(f"{actual} instead of {dtype}"), None))
        foreign = [name for name in frame.columns if name not in self.columns]
        found += [Failure(self.table, _cut(name), "column_in_schema", "not in the contract", None) for name in foreign]
        return found

    def _row_failures(self, frame: pl.DataFrame) -> list[Failure]:
        from corpus_kit.core.schema.pandera import CHECK_OUTPUT, errors_of

        place = {name: number for number, name in enumerate(self.columns)}
        ordered: list[tuple[int, int, int, Failure]] = []
        for number, error in enumerate(errors_of(self._report, frame)):
            column = str(error.schema.name)
            check = error.check if isinstance(error.check, str) else str(error.check.name)
            if error.check_output is None:
                fault = _cut(str(error.failure_cases))
                sentence = f"The check '{check}' of '{self.table}.{column}' cannot be computed: {fault}."
                raise ConfigError(sentence, "Fix the check in the contract.")
            shown = getattr(error.check, "shown_columns", (column,))
            for row in error.check_output[CHECK_OUTPUT].not_().arg_true().to_list():
                failure = Failure(self.table, column, _REPORTED_AS.get(check, check), _value(frame, shown, row), row)
                ordered.append((row, place[column], number, failure))
        return [failure for *_, failure in sorted(ordered, key=lambda entry: entry[:3])]


def load_contract(path: Path) -> Contract:
    """Load one contract. Raises ConfigError for anything that is not exactly understood, by us or by pandera."""
    from corpus_kit.core.schema.file import read_contract_file

    contract = Contract(read_contract_file(path))
    assert contract.schema is not None
    return contract


def compile_gate(file: ContractFile, cache: Path | None = None) -> bytes:
    """All checks of a contract as one expression, taken from pandera and kept for the next command.

    Importing pandera takes a second, in every worker; the expression is what it would compute. It is kept in `cache`, by
    default the user's own cache folder, under the contract and the versions of both libraries; where that folder cannot
    be written it is made each time. Raises ConfigError as `load_contract` does.
    """
    made_from = f"{file.sha256} pandera {metadata.version('pandera')} polars {pl.__version__}"
    return kept_bytes(cache or "contracts", made_from, ".gate", lambda: _compiled(file))


def _compiled(file: ContractFile) -> bytes:
    from corpus_kit.core.schema.pandera import gate_expression

    assert Contract(file).schema is not None
    made: bytes = gate_expression(file).meta.serialize()
    return made


def load_contracts(folder: Path) -> dict[str, Contract]:
    """The contracts of all tables, by table. Every table has its file, and no other YAML file lies there."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder of contracts.", "`corpus-kit init DIR` writes one.")
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".yaml", ".yml") and path.name not in {f"{table}.yaml" for table in TABLES}:
            near = did_you_mean(path.stem, list(TABLES))
            hint = f"Contracts are named <table>.yaml; tables: {', '.join(TABLES)}."
            raise ConfigError(f"{path} is the contract of no table.{near}", hint)
    return {table: load_contract(contract_path(folder, table)) for table in TABLES}


def contract_path(folder: Path, table: str) -> Path:
    """Where the contract of a table is: in `folder`, or the shipped one for a table that an older corpus does not know."""
    own = folder / f"{table}.yaml"
    return own if table not in ADDED_LATER or own.is_file() else default_contracts_root() / own.name


def default_contracts_root() -> Path:
    """The folder of the contracts the toolkit ships: in an installed wheel the template, in the repository its root."""
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "template" / "schemas", package.parent / "schemas"):
        if (folder / "documents.yaml").is_file():
            return folder
    raise ConfigError("The shipped contracts are missing from this installation.", "Install corpus-kit again.")


def outdated(contract_file: Path) -> Finding | None:
    """A finding when the contract is older than this toolkit's. Raises ConfigError when it cannot be read at all."""
    from corpus_kit.core.schema.file import peek_version

    table, version = peek_version(contract_file)
    if version >= CONTRACT_VERSION:
        return None
    hint = f"{table} has version {version}, this toolkit's is {CONTRACT_VERSION}. Run `corpus-kit doctor --upgrade`."
    return Finding("contract_outdated", contract_file.name, column="contract.version", hint=hint)


def _value(frame: pl.DataFrame, columns: tuple[str, ...], row: int) -> str:
    if len(columns) == 1:
        return _cut(_quoted(columns[0], frame[columns[0]][row]))
    return _cut(", ".join(f"{column}={_quoted(column, frame[column][row])}" for column in columns))


def _quoted(column: str, value: Any) -> str:
    if value is None:
        return "null"
    if column in PRIVATE_COLUMNS:
        return f"({len(value)} characters)"
    return str(value)


def _cut(value: str) -> str:
    return value if len(value) <= VALUE_LIMIT else value[: VALUE_LIMIT - 1] + "…"
