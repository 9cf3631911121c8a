"""Where the records are in a JSON object: the forms in which tools and interfaces hand out lists of records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from corpus_kit.ingest.fields import FieldPath, NameOf, is_studio_task, lookup
from corpus_kit.ingest.formats.base import ReadingNotes, ReadSettings
from corpus_kit.ingest.json_values import RejectedValue

_DEPTH = 4


def records_in(value: Any, reading: ReadSettings, notes: ReadingNotes) -> list[Any]:
    """The records of one JSON value.

    The path of the settings comes first. Else the value is a record where it holds the text; a table that pandas wrote
    (`orient` columns, index, split, table); or it wraps one list of records.

    Raises:
        Refusal: malformed_json, where several lists could be meant or the path leads nowhere.
    """
    if reading.records:
        return _at_path(value, reading, notes)
    if not isinstance(value, dict) or isinstance(lookup(value, reading.text), str | list):
        return [value]
    if is_studio_task(value):
        raise RejectedValue("label_studio_export", "the object has a task's data and annotations")
    for shape, take in (("columns", _columns), ("index", _index), ("split", _split)):
        if (records := take(value, reading.text)) is not None:
            notes.settle(records=f"pandas, orient = {shape!r}")
            return records
    lists = dict(_lists(value, "", 0))
    if len(lists) > 1:
        with_text = {
            p: r for p, r in lists.items() if isinstance(r[0], dict) and lookup(r[0], reading.text) is not None
        }
        if len(with_text) != 1:
            shown = " or ".join(f'records = "{path}"' for path in list(lists)[:4])
            raise RejectedValue("malformed_json", f"several lists of records could be meant: {shown}")
        lists = with_text
    if not lists:
        return [value]
    ((path, records),) = lists.items()
    if is_studio_task(records[0]) and "." not in reading.text:
        raise RejectedValue("label_studio_export", "the records have a task's data and annotations")
    notes.settle(records=path)
    return records


def _at_path(value: Any, reading: ReadSettings, notes: ReadingNotes) -> list[Any]:
    found = FieldPath.of(reading.records).get(value)
    if isinstance(found, NameOf) or not isinstance(found, list | dict):
        names = ", ".join(list(value)[:8])[:160] if isinstance(value, dict) else "no names"
        raise RejectedValue("malformed_json", f"records = {reading.records!r} leads to no list; there are: {names}")
    notes.settle(records=reading.records)
    return found if isinstance(found, list) else list(found.values())


def _scalar(value: Any) -> bool:
    return not isinstance(value, dict)


def _columns(value: dict[str, Any], text: str) -> list[Any] | None:
    """`{"id": {"0": 1}, "text": {"0": "…"}}`: column → row → value."""
    columns = list(value.values())
    if len(columns) < 2 or not all(isinstance(c, dict) and c for c in columns):
        return None
    rows = list(columns[0])
    if any(list(c) != rows or not all(map(_scalar, c.values())) for c in columns):
        return None
    if text not in value and not all(row.isdecimal() for row in rows):
        return None
    return [{name: column[row] for name, column in value.items()} for row in rows]


def _index(value: dict[str, Any], text: str) -> list[Any] | None:
    """`{"0": {"id": 1, "text": "…"}}`: row → column → value. A name of a row that is no number is the record's id."""
    rows = list(value.values())
    if not rows or not all(isinstance(row, dict) and isinstance(lookup(row, text), str | list | None) for row in rows):
        return None
    if sum(lookup(row, text) is not None for row in rows) < 0.5 * len(rows):
        return None
    if all(name.isdecimal() for name in value):
        return rows
    return [row if "id" in row else {"id": name} | row for name, row in value.items()]


def _split(value: dict[str, Any], _text: str) -> list[Any] | None:
    """`{"columns": [...], "index": [...], "data": [[...]]}`."""
    names, rows = value.get("columns"), value.get("data")
    if not isinstance(names, list) or not isinstance(rows, list) or not all(isinstance(n, str) for n in names):
        return None
    if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        return None
    return [dict(zip(names, row, strict=True)) for row in rows]


def _lists(value: Any, path: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    """The lists of objects in an object, by their path."""
    if depth > _DEPTH or not isinstance(value, dict):
        return
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        if isinstance(inner, list) and inner and all(isinstance(element, dict) for element in inner):
            yield here, inner
        else:
            yield from _lists(inner, here, depth + 1)
