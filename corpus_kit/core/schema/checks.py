"""The checks a contract may use: their names, their arguments, and the row checks pandera does not have.

Everything is closed: a name or an argument that is not listed here is an error, because pandera's own loader takes many
of them and then does nothing. Checks that answer with one truth for a whole column (`unique_values_eq`) are left out; a
contract must be able to say which row is bad.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from corpus_kit.core.errors import did_you_mean
from corpus_kit.core.patterns import refuse_pattern
from corpus_kit.core.schema.columns import CheckSpec

ALIASES = {
    "eq": "equal_to",
    "ne": "not_equal_to",
    "gt": "greater_than",
    "ge": "greater_than_or_equal_to",
    "lt": "less_than",
    "le": "less_than_or_equal_to",
    "between": "in_range",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What one check takes.

    arguments: name → kind; kinds are `value` and `values` (of the column's type), `pattern`, `text`, `count`, `flag`,
    `column` and `columns`.
    optional: arguments that may be left out. `single`: the argument that `name: value` fills, "" when it must be named.
    """

    arguments: Mapping[str, str]
    optional: frozenset[str] = frozenset()
    single: str = ""
    strings_only: bool = False


def _one(argument: str, kind: str, strings_only: bool = False) -> Shape:
    return Shape({argument: kind}, single=argument, strings_only=strings_only)


COLUMN_CHECKS: Mapping[str, Shape] = {
    "equal_to": _one("value", "value"),
    "not_equal_to": _one("value", "value"),
    "greater_than": _one("min_value", "value"),
    "greater_than_or_equal_to": _one("min_value", "value"),
    "less_than": _one("max_value", "value"),
    "less_than_or_equal_to": _one("max_value", "value"),
    "in_range": Shape(
        {"min_value": "value", "max_value": "value", "include_min": "flag", "include_max": "flag"},
        optional=frozenset({"include_min", "include_max"}),
    ),
    "isin": _one("allowed_values", "values"),
    "notin": _one("forbidden_values", "values"),
    "str_matches": _one("pattern", "pattern", strings_only=True),
    "str_contains": _one("pattern", "pattern", strings_only=True),
    "str_startswith": _one("string", "text", strings_only=True),
    "str_endswith": _one("string", "text", strings_only=True),
    "str_length": Shape(
        {"min_value": "count", "max_value": "count", "exact_value": "count"},
        optional=frozenset({"min_value", "max_value", "exact_value"}),
        strings_only=True,
    ),
}

FRAME_CHECKS: Mapping[str, Shape] = {
    "in_order": Shape({"start": "column", "end": "column"}),
    "length_is": Shape({"surface": "column", "start": "column", "end": "column"}),
    "requires": Shape({"column": "column", "other": "column"}),
    "null_exactly_when": Shape({"columns": "columns", "column": "column", "value": "text"}),
}


def in_order(start: str, end: str) -> pl.Expr:
    """start < end, or both null. One null alone is a failure."""
    neither = pl.col(start).is_null() & pl.col(end).is_null()
    return neither | (pl.col(start) < pl.col(end)).fill_null(False)


def length_is(surface: str, start: str, end: str) -> pl.Expr:
    """Where there are offsets, `surface` has end - start code points. A surface without offsets passes."""
    length = pl.col(surface).str.len_chars().cast(pl.Int64)
    same = (length == pl.col(end) - pl.col(start)).fill_null(False)
    return (pl.col(start).is_null() & pl.col(end).is_null()) | same


def requires(column: str, other: str) -> pl.Expr:
    """Where `column` is filled, `other` is too."""
    return pl.col(column).is_null() | pl.col(other).is_not_null()


def null_exactly_when(columns: tuple[str, ...], column: str, value: str) -> pl.Expr:
    """Every one of `columns` is null where `column` equals `value`, and filled everywhere else."""
    empty = (pl.col(column) == value).fill_null(False)
    return pl.all_horizontal([pl.col(c).is_null() == empty for c in columns])


_FRAME_EXPRESSIONS: Mapping[str, Callable[..., pl.Expr]] = {
    "in_order": in_order,
    "length_is": length_is,
    "requires": requires,
    "null_exactly_when": null_exactly_when,
}


def frame_expression(check: CheckSpec) -> pl.Expr:
    """A row check as a Boolean expression that is never null: True passes."""
    return _FRAME_EXPRESSIONS[check.name](**dict(check.arguments))


def columns_named(check: CheckSpec) -> tuple[str, ...]:
    """The columns a row check reads, in the order of its arguments."""
    kinds = FRAME_CHECKS[check.name].arguments
    names: list[str] = []
    for argument, value in check.arguments:
        if kinds[argument] == "column":
            names.append(value)
        elif kinds[argument] == "columns":
            names.extend(value)
    return tuple(dict.fromkeys(names))


def register_with_pandera() -> None:
    """Make the row checks known to pandera, once per process, so that its YAML reader finds them by name."""
    from pandera.api.checks import Check
    from pandera.extensions import register_check_method

    for name, shape in FRAME_CHECKS.items():
        if name not in Check.REGISTERED_CUSTOM_CHECKS:
            register_check_method(_pandera_function(name, shape), statistics=list(shape.arguments))


def _pandera_function(name: str, shape: Shape) -> Callable[..., pl.LazyFrame]:
    def check(data: Any, **arguments: Any) -> pl.LazyFrame:
        selected: pl.LazyFrame = data.lazyframe.select(_FRAME_EXPRESSIONS[name](**arguments))
        return selected

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("data", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    parameters += [inspect.Parameter(argument, keyword) for argument in shape.arguments]
    check.__name__ = name
    check.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by pandera's registry
    return check


def parse_column_check(column: str, dtype: pl.DataType, name: str, raw: Any) -> CheckSpec:
    """One entry of a column's `checks:`. Raises ValueError with a sentence for the user."""
    name, shape = _shape_of(name, COLUMN_CHECKS, "column")
    if shape.strings_only and dtype != pl.String:
        raise ValueError(f"`{name}` works on string columns only")
    arguments = [
        (argument, _argument(name, argument, shape.arguments[argument], value, dtype, {}))
        for argument, value in _by_name(name, shape, raw)
    ]
    if not arguments:
        raise ValueError(f"`{name}` has no arguments: give one of {', '.join(shape.arguments)}")
    return CheckSpec(column, name, tuple(arguments))


def parse_frame_check(columns: Mapping[str, pl.DataType], name: str, raw: Any) -> CheckSpec:
    """One entry of the table's own `checks:`. Raises ValueError with a sentence for the user."""
    name, shape = _shape_of(name, FRAME_CHECKS, "table")
    arguments = tuple(
        (argument, _argument(name, argument, shape.arguments[argument], value, pl.String(), columns))
        for argument, value in _by_name(name, shape, raw)
    )
    by_name = dict(arguments)
    first = by_name["columns"][0] if "columns" in by_name else arguments[0][1]
    if name in ("in_order", "length_is") and not columns[by_name["start"]] == columns[by_name["end"]] != pl.String:
        raise ValueError(f"`{name}` needs start and end of one type that has an order")
    if name == "length_is" and (columns[by_name["surface"]] != pl.String or columns[by_name["start"]] != pl.Int64):
        raise ValueError("`length_is` needs a string as surface and int64 as start and end")
    if name == "null_exactly_when" and columns[by_name["column"]] != pl.String:
        raise ValueError("`null_exactly_when` compares a string column")
    return CheckSpec(first, name, arguments, on_frame=True)


def _shape_of(name: str, known: Mapping[str, Shape], place: str) -> tuple[str, Shape]:
    canonical = ALIASES.get(name, name) if known is COLUMN_CHECKS else name
    if canonical not in known:
        near = did_you_mean(name, [*known, *ALIASES] if known is COLUMN_CHECKS else list(known))
        raise ValueError(f"there is no {place} check `{name}`.{near} Known: {', '.join(known)}")
    return canonical, known[canonical]


def _by_name(name: str, shape: Shape, raw: Any) -> list[tuple[str, Any]]:
    """The arguments as pairs in the shape's order, whichever of the two ways they were written in."""
    if not isinstance(raw, dict):
        if not shape.single:
            raise ValueError(f"name the arguments of `{name}`: {', '.join(shape.arguments)}")
        return [(shape.single, raw)]
    for argument in raw:
        if argument not in shape.arguments:
            near = did_you_mean(argument, list(shape.arguments))
            raise ValueError(f"`{name}` takes no argument `{argument}`.{near} It takes {', '.join(shape.arguments)}")
    missing = [a for a in shape.arguments if a not in raw and a not in shape.optional]
    if missing:
        raise ValueError(f"`{name}` lacks its argument `{missing[0]}`")
    return [(argument, raw[argument]) for argument in shape.arguments if argument in raw]


def _argument(
    name: str, argument: str, kind: str, value: Any, dtype: pl.DataType, columns: Mapping[str, pl.DataType]
) -> Any:
    if kind == "value":
        return _typed(name, argument, value, dtype)
    if kind in ("values", "columns"):
        if not isinstance(value, list) or not value:
            raise ValueError(f"`{name}` needs a list that is not empty in `{argument}`")
        inner = "value" if kind == "values" else "column"
        return tuple(_argument(name, argument, inner, item, dtype, columns) for item in value)
    if kind == "flag" and isinstance(value, bool):
        return value
    if kind == "count" and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if kind in ("text", "pattern", "column") and isinstance(value, str) and value:
        if kind == "pattern":
            _compiles(name, value)
        if kind == "column" and value not in columns:
            raise ValueError(
                f"`{name}` names a column `{value}` that the contract lacks.{did_you_mean(value, [*columns])}"
            )
        return value
    expected = {"flag": "true or false", "count": "a whole number from 0"}.get(kind, "a string that is not empty")
    raise ValueError(f"`{name}` needs {expected} in `{argument}`, not {value!r}")


def _compiles(name: str, pattern: str) -> None:
    try:
        refuse_pattern(pattern)
    except ValueError as e:
        raise ValueError(f"`{name}`: {e}") from e
    try:
        pl.Series(["a"]).str.contains(pattern)
    except pl.exceptions.ComputeError as e:
        raise ValueError(
            f"`{name}` has a pattern that is no regular expression of Rust's regex crate: {pattern}"
        ) from e


def _typed(name: str, argument: str, value: Any, dtype: pl.DataType) -> Any:
    """The argument in the column's own type; `isin: [1]` on a string column would never hold and never say so."""
    wrong = f"`{name}` compares a {str(dtype).lower()} column with {value!r} in `{argument}`"
    if dtype == pl.String and isinstance(value, str):
        return value
    if dtype == pl.Boolean and isinstance(value, bool):
        return value
    if dtype == pl.Int64 and isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    if dtype == pl.Float64 and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        if dtype == pl.Date and isinstance(value, str):
            return date.fromisoformat(value)
        if isinstance(dtype, pl.Datetime) and isinstance(value, str):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment
            wrong += ", which has no time zone"
    except ValueError:
        wrong += ", which is no ISO 8601 date or time"
    raise ValueError(wrong)
