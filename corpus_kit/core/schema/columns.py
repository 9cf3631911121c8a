"""The built-in columns of every table, as plain data: names, dtypes, nulls, keys and the checks no contract can remove.

`schemas/<table>.yaml` says the same to a human, and may say more. What stands here holds whatever that file says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

import polars as pl

from corpus_kit.core.vocabulary import SPLITS

CONTRACT_VERSION = 2
"""Version of the contracts this toolkit reads; raised when a built-in column comes, goes or changes its meaning."""

NEWLINES = ("lf", "crlf", "cr", "mixed", "none")
ANNOTATION_ORIGINS = ("human", "model", "gold", "review")
ANNOTATION_STATUSES = ("submitted", "skipped", "draft", "deleted")
SPAN_ORIGINS = ("manual", "accepted", "edited", "model", "gold")
CHOICE_KINDS = ("choice", "rating", "number", "text", "taxonomy")
RELATION_DIRECTIONS = ("right", "left", "bi")
VERDICTS = ("exact", "shifted", "stale")
DECIDED_TABLES = ("spans", "choices", "relations")
OUTCOMES = ("gold", "open", "none")

PRIVATE_COLUMNS = frozenset({"text", "payload", "meta"})
"""Columns whose values are never quoted in a failure, however short they are."""

UTC = pl.Datetime("us", "UTC")
_DOC_ID = "^[0-9a-f]{16}$"
_SHA256 = "^[0-9a-f]{64}$"


class Nulls(Enum):
    """What a null in a built-in column means, and so whether a contract may forbid it."""

    NEVER = "never"
    """The column is always filled; a contract that says `nullable: true` is refused."""
    UNKNOWN = "unknown"
    """Null stands for 'not found in the input'; a contract may demand a value (`nullable: false`)."""
    MEANING = "meaning"
    """Null says something itself (no span, no cluster, stale); a contract that forbids it is refused."""


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """One check as data: the column it is reported under, its pandera name and its arguments by name.

    `on_frame` tells a check that compares columns of one row from a check of one column.
    """

    column: str
    name: str
    arguments: tuple[tuple[str, Any], ...]
    on_frame: bool = False


@dataclass(frozen=True, slots=True)
class BuiltinColumn:
    """dtype, the meaning of null, and the fixed checks of one column as (name, argument, value)."""

    dtype: pl.DataType
    nulls: Nulls
    unique: bool = False
    checks: tuple[tuple[str, str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class BuiltinTable:
    """One table: its columns in order, its key, and the fixed checks between columns.

    key: the columns that name a row. `unique_key` is False where a person may honestly give the same answer twice.
    extra_columns: whether a user's contract may add columns of her own.
    """

    name: str
    columns: MappingProxyType[str, BuiltinColumn]
    key: tuple[str, ...]
    unique_key: bool
    frame_checks: tuple[CheckSpec, ...]
    extra_columns: bool = False

    @property
    def unique_together(self) -> tuple[str, ...]:
        """The key where it has several columns and must be unique, else empty."""
        return self.key if self.unique_key and len(self.key) > 1 else ()


def _string(nulls: Nulls = Nulls.NEVER, *, unique: bool = False, matches: str = "", isin: tuple[str, ...] = ()) -> Any:
    checks: list[tuple[str, str, Any]] = []
    if matches:
        checks.append(("str_matches", "pattern", matches))
    if isin:
        checks.append(("isin", "allowed_values", isin))
    return BuiltinColumn(pl.String(), nulls, unique, tuple(checks))


def _integer(nulls: Nulls = Nulls.NEVER, *, least: int = 0) -> BuiltinColumn:
    return BuiltinColumn(pl.Int64(), nulls, checks=(("greater_than_or_equal_to", "min_value", least),))


def _number(nulls: Nulls) -> BuiltinColumn:
    return BuiltinColumn(pl.Float64(), nulls)


def _in_order(start: str, end: str) -> CheckSpec:
    return CheckSpec(start, "in_order", (("start", start), ("end", end)), on_frame=True)


def _length_is(surface: str, start: str, end: str) -> CheckSpec:
    return CheckSpec(surface, "length_is", (("surface", surface), ("start", start), ("end", end)), on_frame=True)


def _requires(column: str, other: str) -> CheckSpec:
    return CheckSpec(column, "requires", (("column", column), ("other", other)), on_frame=True)


def _null_exactly_when(columns: tuple[str, ...], column: str, value: str) -> CheckSpec:
    arguments = (("columns", columns), ("column", column), ("value", value))
    return CheckSpec(columns[0], "null_exactly_when", arguments, on_frame=True)


def _table(
    name: str,
    columns: dict[str, BuiltinColumn],
    key: tuple[str, ...],
    *frame_checks: CheckSpec,
    unique_key: bool = True,
    extra_columns: bool = False,
) -> BuiltinTable:
    return BuiltinTable(name, MappingProxyType(columns), key, unique_key, frame_checks, extra_columns)


_UNKNOWN, _MEANING = Nulls.UNKNOWN, Nulls.MEANING

_DOCUMENTS = _table(
    "documents",
    {
        "doc_id": _string(unique=True, matches=_DOC_ID),
        "source": _string(),
        "text": BuiltinColumn(pl.String(), Nulls.NEVER, checks=(("str_length", "min_value", 1),)),
        "text_sha256": _string(matches=_SHA256),
        "raw_sha256": _string(matches=_SHA256),
        "raw_bytes": _integer(least=1),
        "encoding": _string(),
        "newline": _string(isin=NEWLINES),
        "title": _string(_UNKNOWN),
        "title_start": _integer(_UNKNOWN),
        "title_end": _integer(_UNKNOWN),
        "published_on": BuiltinColumn(pl.Date(), _UNKNOWN),
        "published_start": _integer(_UNKNOWN),
        "published_end": _integer(_UNKNOWN),
        "outlet": _string(_UNKNOWN),
        "url": _string(_UNKNOWN),
        "language": _string(),
        "language_score": _number(_MEANING),
        "n_chars": _integer(least=1),
        "n_lines": _integer(least=1),
        "duplicate_cluster": _string(_MEANING, matches=_DOC_ID),
        "split": _string(_MEANING, isin=SPLITS),
        "meta": _string(_MEANING),
    },
    ("doc_id",),
    _in_order("title_start", "title_end"),
    _length_is("title", "title_start", "title_end"),
    _in_order("published_start", "published_end"),
    _requires("published_start", "published_on"),
    extra_columns=True,
)

_TEXTS = _table(
    "texts",
    {
        "doc_id": _string(matches=_DOC_ID),
        "text_sha256": _string(matches=_SHA256),
        "text": BuiltinColumn(pl.String(), Nulls.NEVER, checks=(("str_length", "min_value", 1),)),
    },
    ("doc_id", "text_sha256"),
)

_ANNOTATIONS = _table(
    "annotations",
    {
        "annotation_id": _string(unique=True),
        "doc_id": _string(matches=_DOC_ID),
        "layer": _string(),
        "origin": _string(isin=ANNOTATION_ORIGINS),
        # A pseudonym. An address in its place would leave this machine with the release.
        "annotator": _string(_MEANING, matches="^[^@]+$"),
        "edited_by": _string(_MEANING, matches="^[^@]+$"),
        "complete": BuiltinColumn(pl.Boolean(), Nulls.NEVER),
        "unread": _string(_MEANING),
        "model_version": _string(_MEANING),
        "status": _string(isin=ANNOTATION_STATUSES),
        "ground_truth": BuiltinColumn(pl.Boolean(), Nulls.NEVER),
        "created_at": BuiltinColumn(UTC, _UNKNOWN),
        "updated_at": BuiltinColumn(UTC, _UNKNOWN),
        "lead_time_s": _number(_UNKNOWN),
        "parent_annotation": _string(_MEANING),
        "text_sha256": _string(matches=_SHA256),
        "config_sha256": _string(_UNKNOWN, matches=_SHA256),
        "guidelines_sha256": _string(_UNKNOWN, matches=_SHA256),
        "payload": _string(),
    },
    ("annotation_id",),
)

_SPANS = _table(
    "spans",
    {
        "annotation_id": _string(),
        "doc_id": _string(matches=_DOC_ID),
        "layer": _string(),
        "control": _string(),
        "span_id": _string(),
        "start": _integer(),
        "end": _integer(),
        "label": _string(),
        "surface": _string(),
        "score": _number(_MEANING),
        "origin": _string(isin=SPAN_ORIGINS),
    },
    ("annotation_id", "control", "span_id", "label"),
    _in_order("start", "end"),
    _length_is("surface", "start", "end"),
)

_CHOICES = _table(
    "choices",
    {
        "annotation_id": _string(),
        "doc_id": _string(matches=_DOC_ID),
        "layer": _string(),
        "control": _string(),
        "span_id": _string(_MEANING),
        "target": _string(_UNKNOWN),
        "kind": _string(isin=CHOICE_KINDS),
        "value": _string(),
        "score": _number(_MEANING),
    },
    ("annotation_id", "control", "span_id", "value"),
    unique_key=False,
)

_RELATIONS = _table(
    "relations",
    {
        "annotation_id": _string(),
        "doc_id": _string(matches=_DOC_ID),
        "layer": _string(),
        "from_span": _string(),
        "to_span": _string(),
        "direction": _string(isin=RELATION_DIRECTIONS),
        "label": _string(_MEANING),
    },
    ("annotation_id", "from_span", "to_span", "label"),
    unique_key=False,
)

_SUGGESTIONS = _table(
    "suggestions",
    {
        "suggestion_id": _string(unique=True),
        "doc_id": _string(matches=_DOC_ID),
        "layer": _string(),
        "control": _string(),
        "start": _integer(),
        "end": _integer(),
        "label": _string(),
        "surface": _string(),
        "score": _number(Nulls.NEVER),
        "model": _string(),
        "model_version": _string(),
        "text_sha256": _string(matches=_SHA256),
    },
    ("suggestion_id",),
    _in_order("start", "end"),
    _length_is("surface", "start", "end"),
)

_SUGGESTED_CHOICES = _table(
    "suggested_choices",
    {
        "suggestion_id": _string(unique=True),
        "doc_id": _string(matches=_DOC_ID),
        "layer": _string(),
        "control": _string(),
        "start": _integer(_MEANING),
        "end": _integer(_MEANING),
        "surface": _string(_MEANING),
        "target": _string(_UNKNOWN),
        "kind": _string(isin=CHOICE_KINDS),
        "value": _string(),
        "score": _number(Nulls.NEVER),
        "model": _string(),
        "model_version": _string(),
        "text_sha256": _string(matches=_SHA256),
    },
    ("suggestion_id",),
    _in_order("start", "end"),
    _length_is("surface", "start", "end"),
)

_CARRIED = _table(
    "carried",
    {
        "annotation_id": _string(),
        "doc_id": _string(matches=_DOC_ID),
        "layer": _string(),
        "control": _string(),
        "span_id": _string(),
        "label": _string(),
        "from_text_sha256": _string(matches=_SHA256),
        "from_start": _integer(),
        "from_end": _integer(),
        "text_sha256": _string(matches=_SHA256),
        "start": _integer(_MEANING),
        "end": _integer(_MEANING),
        "surface": _string(_MEANING),
        "verdict": _string(isin=VERDICTS),
    },
    ("annotation_id", "control", "span_id", "label"),
    _in_order("from_start", "from_end"),
    _in_order("start", "end"),
    _length_is("surface", "start", "end"),
    _null_exactly_when(("start", "end", "surface"), "verdict", "stale"),
)

_DECISIONS = _table(
    "decisions",
    {
        "layer": _string(),
        "control": _string(),
        "doc_id": _string(matches=_DOC_ID),
        "table": _string(isin=DECIDED_TABLES),
        "item": _string(),
        "policy": _string(),
        "inputs": _string(),
        "outcome": _string(isin=OUTCOMES),
        "value": _string(_MEANING),
        "votes_for": _integer(),
        "votes": _integer(),
        "unknown": _integer(),
        "support": _number(Nulls.NEVER),
        "why": _string(),
        "who": _string(),
    },
    ("doc_id", "layer", "control", "table", "item"),
    unique_key=False,
)

# A table of what failed must not fail itself: nothing here is checked but what its own file names are made of.
_REJECTED = _table(
    "rejected",
    {
        "stage": _string(),
        "source": _string(_MEANING),
        "doc_id": _string(_MEANING),
        "annotation_id": _string(_MEANING),
        "reason": _string(),
        "detail": _string(_MEANING),
        "raw_sha256": _string(_MEANING),
        "payload": _string(_MEANING),
    },
    ("stage", "source", "doc_id", "annotation_id", "reason"),
    unique_key=False,
)

TABLES: MappingProxyType[str, BuiltinTable] = MappingProxyType(
    {
        table.name: table
        for table in (
            _DOCUMENTS,
            _TEXTS,
            _ANNOTATIONS,
            _SPANS,
            _CHOICES,
            _RELATIONS,
            _SUGGESTIONS,
            _SUGGESTED_CHOICES,
            _CARRIED,
            _DECISIONS,
            _REJECTED,
        )
    }
)
"""Every table by name, in the order a corpus makes them."""

ADDED_LATER = frozenset({"suggested_choices"})
"""Tables that corpora made before them have no contract for: there the shipped one holds."""


def columns_of(table: str) -> dict[str, pl.DataType]:
    """Name → dtype of a table's built-in columns, in order. Raises KeyError for an unknown table."""
    return {name: column.dtype for name, column in TABLES[table].columns.items()}
