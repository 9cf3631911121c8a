"""The one module that touches pandera: builds its schemas from a contract and runs them.

A contract becomes three things. The whole schema is what pandera's own YAML reader makes, for readers and tools. The gate
is every check as one expression and answers only whether all rows are sound. The report names the checks and rows when
they are not: each check stands on one column, because a failing check of the frame carries the whole row, text and all,
into its failure cases.

Importing this module does not import pandera; calling it does (about a second, once).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import polars as pl

from corpus_kit.core.errors import ConfigError
from corpus_kit.core.schema.checks import columns_named, frame_expression, register_with_pandera
from corpus_kit.core.schema.columns import CheckSpec
from corpus_kit.core.schema.spec import SCHEMA_TYPE, ContractFile

CHECK_OUTPUT = "check_output"
"""Name pandera gives the column of truth values of a check."""


def errors_of(schema: Any, frame: pl.DataFrame) -> list[Any]:
    """pandera's errors on the data, whatever depth or switch the environment sets for other programs."""
    from pandera.config import ValidationDepth, config_context
    from pandera.errors import SchemaErrors

    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        try:
            schema.validate(frame, lazy=True)
        except SchemaErrors as e:
            return list(e.schema_errors)
    return []


def pandera_schema(file: ContractFile) -> Any:
    """Build the schema with pandera's own YAML reader, and refuse it unless all that was declared has arrived."""
    from pandera.io.polars_io import deserialize_schema

    register_with_pandera()
    schema = deserialize_schema(
        {
            "schema_type": SCHEMA_TYPE,
            "name": file.table,
            "strict": True,
            "unique": [list(group) for group in file.unique] or None,
            "checks": [_serialized(check) for check in file.checks],
            "columns": {
                column.name: {
                    "dtype": str(column.dtype),
                    "nullable": column.nullable,
                    "unique": column.unique,
                    "checks": [_serialized(check) for check in column.checks],
                }
                for column in file.columns
            },
        }
    )
    arrived = {n: (c.dtype.type, c.nullable, c.unique, [k.name for k in c.checks]) for n, c in schema.columns.items()}
    declared = {c.name: (c.dtype, c.nullable, c.unique, [k.name for k in c.checks]) for c in file.columns}
    frame_checks = [check.name for check in schema.checks] == [check.name for check in file.checks]
    if arrived != declared or not frame_checks or (schema.unique or []) != [list(group) for group in file.unique]:
        raise ConfigError(
            f"pandera did not take over everything the contract of '{file.table}' declares.",
            "Install the version of pandera that corpus-kit asks for: `pip install --upgrade corpus-kit`.",
        )
    return schema


def _serialized(check: CheckSpec) -> dict[str, Any]:
    return {**_arguments(check), "options": {"check_name": check.name}}


def _arguments(check: CheckSpec) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in check.arguments}


def gate_expression(file: ContractFile) -> pl.Expr:
    """Every rule at once, never null: true where a row keeps the contract."""
    return pl.all_horizontal(list(_rules(file)))


def _rules(file: ContractFile) -> Iterator[pl.Expr]:
    """Every rule of the contract as an expression that is never null; True passes."""
    for column in file.columns:
        value = pl.col(column.name)
        if not column.nullable:
            yield value.is_not_null()
            if column.dtype.is_float():
                yield value.is_not_nan().fill_null(False)
        if column.unique:
            yield value.is_duplicated().not_()
        yield from (_builtin_expression(check) for check in column.checks)
    yield from (frame_expression(check) for check in file.checks)
    yield from (pl.struct(group).is_duplicated().not_() for group in file.unique)


class _Recorder:
    """Stands in for the frame of a pandera check and hands back the expression the check would select."""

    def select(self, expression: pl.Expr) -> pl.Expr:
        return expression


def _builtin_expression(check: CheckSpec) -> pl.Expr:
    """The expression of one of pandera's own checks, taken from pandera; nulls pass, `nullable` decides about them."""
    import pandera.backends.polars.builtin_checks  # noqa: F401 - registers them
    from pandera.api.checks import Check
    from pandera.api.polars.types import PolarsData

    function = Check.get_builtin_check_fn(check.name)
    expression = function(PolarsData(_Recorder(), check.column), **_arguments(check))
    assert isinstance(expression, pl.Expr), f"pandera's {check.name} gave no expression"
    return expression.fill_null(True)


def report_schema(file: ContractFile, schema: Any) -> Any:
    """The same checks, each on one column, so that a failing check between columns does not carry the whole row."""
    import pandera.polars as pa

    columns = copy.deepcopy(schema.columns)
    for check, built in zip(file.checks, schema.checks, strict=True):
        own = pa.Check(built._check_fn, name=check.name, ignore_na=False)
        own.shown_columns = columns_named(check)
        columns[check.column].checks.append(own)
    for group in file.unique:
        alone = pl.struct(group).is_duplicated().not_()
        own = pa.Check(lambda data, alone=alone: data.lazyframe.select(alone), name="unique", ignore_na=False)
        own.shown_columns = group
        columns[group[0]].checks.append(own)
    return pa.DataFrameSchema(columns, name=file.table)
