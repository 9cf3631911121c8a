"""From a record to a row of `documents`: known fields, the page's own facts, language, user columns, the rest in `meta`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from corpus_kit.ingest.dates import find_dates
from corpus_kit.ingest.json_values import Refusal, canonical_json
from corpus_kit.ingest.language import identify
from corpus_kit.ingest.page import page_facts
from corpus_kit.ingest.readers import Record

_LANGUAGE = re.compile(r"^([A-Za-z]{2,3})(?:[-_].*)?$")
_VERIFIED = ("sha256", "bytes")  # promises of a sidecar, verified when the file is read


@dataclass(frozen=True, slots=True)
class Fields:
    """Names of the input fields for the known columns, and the user's own columns with their dtype names."""

    title: str
    published_on: str
    outlet: str
    url: str
    language: str
    own: tuple[tuple[str, str], ...]
    identify_language: bool


def text_hash(record: Record) -> str:
    """sha256 of the document's text as UTF-8."""
    if record.decoded.same_bytes:
        return record.raw_sha256
    return hashlib.sha256(record.decoded.text.encode()).hexdigest()


def make_row(
    record: Record, doc_id: str, source: str, text_sha256: str, sidecar: Mapping[str, Any], fields: Fields
) -> dict[str, Any]:
    """One row of `documents` without `duplicate_cluster` and `split`.

    Raises Refusal(contract) when a value does not fit a column that the user's contract adds.
    """
    text = record.decoded.text
    # What the record says of itself wins over what the sidecar says of its file.
    given = dict(record.fields)
    for name, value in sidecar.items():
        if name not in _VERIFIED and given.get(name) is None:
            given[name] = value
    published, title, outlet, url, language = (None,) * 5
    if given:
        # The name that corpus.toml gives comes first; the plain name is understood too, as sidecars often use it.
        published = _take_date(given, fields.published_on) or _take_date(given, "published_on")
        title = _take_string(given, fields.title) or _take_string(given, "title")
        outlet = _take_string(given, fields.outlet) or _take_string(given, "outlet")
        url = _take_string(given, fields.url) or _take_string(given, "url")
        language = _take_language(given, fields.language) or _take_language(given, "language")
    facts = page_facts(text, title=title, published_on=published)
    score = None
    if language is None:
        language, score = identify(text) if fields.identify_language else ("und", None)
    row = {
        "doc_id": doc_id,
        "source": source,
        "text": text,
        "text_sha256": text_sha256,
        "raw_sha256": record.raw_sha256,
        "raw_bytes": record.raw_bytes,
        "encoding": record.decoded.encoding,
        "newline": record.decoded.newline,
        "title": facts.title,
        "title_start": facts.title_start,
        "title_end": facts.title_end,
        "published_on": facts.published_on,
        "published_start": facts.published_start,
        "published_end": facts.published_end,
        "outlet": outlet or facts.outlet,
        "url": url or facts.url,
        "language": language,
        "language_score": score,
        "n_chars": len(text),
        "n_lines": text.count("\n") + (not text.endswith("\n")),
    }
    for name, dtype in fields.own:
        row[name] = _cast(name, dtype, given.pop(name, None))
    row["meta"] = canonical_json(given) if given else None
    return row


def _take_string(given: dict[str, Any], name: str) -> str | None:
    """The field's value, taken out of `given`; a value that is no text stays there and so comes to `meta`."""
    value = _given(given, name)
    if isinstance(value, str) and value.strip():
        del given[name]
        return value
    return None


def _given(given: dict[str, Any], name: str) -> Any:
    """The field's value; a known field that is null says nothing and is dropped."""
    if name in given and given[name] is None:
        del given[name]
    return given.get(name)


def _take_date(given: dict[str, Any], name: str) -> date | None:
    """The field as a date. Where the field says more than the date (a time, words), it stays for `meta` too."""
    value = _given(given, name)
    if not isinstance(value, str):
        return None
    try:
        found = date.fromisoformat(value)
        del given[name]
        return found
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(value).date()
    except ValueError:
        dates = {d.value for d in find_dates(value)}
        return dates.pop() if len(dates) == 1 else None


def _take_language(given: dict[str, Any], name: str) -> str | None:
    value = _given(given, name)
    match = _LANGUAGE.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    if match[1].lower() == value:
        del given[name]
    return match[1].lower()


def _cast(name: str, dtype: str, value: Any) -> Any:
    """A field's value for a column that the user's contract adds."""
    if value is None:
        return None
    try:
        if dtype == "String":
            return value if isinstance(value, str) else canonical_json(value)
        if dtype == "Int64" and not isinstance(value, bool | float):
            number = int(value)
            if -(2**63) <= number < 2**63:
                return number
        if dtype == "Float64" and not isinstance(value, bool):
            return float(value)
        if dtype == "Boolean":
            known = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}
            return known[value.lower() if isinstance(value, str) else value]
        if dtype == "Date":
            return date.fromisoformat(value)
    except (ValueError, TypeError, KeyError, OverflowError):
        pass
    shown = str(value)
    shown = shown if len(shown) <= 80 else shown[:80] + "…"
    raise Refusal("contract", f"contract documents, column {name}, check dtype {dtype}, value {shown}")
