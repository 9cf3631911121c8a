"""From a record to a row of `documents`: known fields, the page's own facts, language, user columns, the rest in `meta`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from corpus_kit.ingest.fields import choose, drop, lookup
from corpus_kit.ingest.formats.base import RawRecord, ReadingNotes, ReadSettings
from corpus_kit.ingest.json_values import RejectedValue, canonical_json
from corpus_kit.ingest.known import plain, propose_all
from corpus_kit.ingest.language import UNDETERMINED, identify
from corpus_kit.ingest.page import Known, PageFacts, facts_of, page_facts
from corpus_kit.ingest.values import Read, read_date, read_language, read_string

if TYPE_CHECKING:
    from corpus_kit.ingest.html import HtmlFacts

_TOGETHER = 256  # texts that are looked at together
_PLANS = 256  # sets of fields that are remembered at a time
_NO_FACTS = PageFacts()
_FACTS_ONLY = tuple(name for name in PageFacts._fields if name not in ("outlet", "url"))
_SAYS_NOTHING = Read(None)
_Source = tuple[str, tuple[str, ...], Callable[[Any], Read]]
_VERIFIED = ("sha256", "bytes")  # promises of a sidecar, verified when the file is read


@dataclass(frozen=True, slots=True)
class Fields:
    """The user's own columns with their dtype names, and whether languages are identified."""

    own: tuple[tuple[str, str], ...]
    identify_language: bool


def text_hash(record: RawRecord) -> str:
    """sha256 of the document's text as UTF-8."""
    if record.decoded.same_bytes:
        return record.raw_sha256
    return hashlib.sha256(record.decoded.text.encode()).hexdigest()


class KnownFields:
    """Takes the values of known columns out of the records of one file.

    Most records of a file have the same fields: which of them a column may have its value from is found out once.
    """

    def __init__(self, reading: ReadSettings, notes: ReadingNotes) -> None:
        """reading: Names of fields and forms of dates. notes: Filled with the values that became null or were changed."""
        forms = reading.date_format
        readers: dict[str, Callable[[Any], Read]] = {
            "published_on": (lambda value: read_date(value, forms)) if forms else read_date,
            "title": read_string,
            "outlet": read_string,
            "url": read_string,
            "language": _language,
        }
        # The name that the settings give comes first; the plain name is understood too, as sidecars often use it.
        self._columns = [
            (column, tuple(dict.fromkeys((reading.columns[column], column))), read) for column, read in readers.items()
        ]
        self._forms, self._notes = forms, notes
        self._plans: dict[tuple[str, ...], list[_Source]] = {}

    def take(self, given: dict[str, Any]) -> dict[str, Any]:
        """Column → value, of those that have one; where a field says more than the column holds, it stays in `given`."""
        names = tuple(given)
        plan = self._plans.get(names)
        if plan is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            plan = self._plans[names] = self._plan(names)
        found = {}
        for column, fields, read in plan:
            name = fields[0]
            if len(fields) > 1 or name not in given:
                value = _take(given, column, fields, self._notes, read)
            else:  # as nearly always: `_take` of one field by its name
                said = given[name]
                value, what = read(said) if said is not None else _SAYS_NOTHING
                if what:
                    self._notes.value(column, what, said)
                if said is None or said is value or _is_all(said, value):
                    del given[name]
            if value is not None:
                found[column] = value
        if given and (meant := _meant(tuple(given))):
            _note_unused(given, meant, found, self._notes, self._forms)
        return found

    def _plan(self, given: tuple[str, ...]) -> list[_Source]:
        plan: list[_Source] = []
        for column, names, read in self._columns:
            if fields := tuple(name for name in names if name in given or any(sign in name for sign in "|.[")):
                plan.append((column, fields, read))
        return plan


def make_row(
    record: RawRecord,
    doc_id: str,
    source: str,
    text_sha256: str,
    sidecar: Mapping[str, Any],
    known: KnownFields,
    fields: Fields,
) -> dict[str, Any]:
    """One row of `documents` without `duplicate_cluster` and `split`, and without what its text says of itself.

    Args:
        record: What was read. Its fields are used up.
        doc_id, source, text_sha256: Its identity.
        sidecar: What the metadata says of its file.
        known: Takes the known columns out of its fields.
        fields: The user's own columns.

    Raises:
        Refusal: contract, when a value does not fit a column that the user's contract adds.
    """
    text = record.decoded.text
    # What the record says of itself wins over what the sidecar says of its file.
    given = record.fields
    for name, value in sidecar.items():
        if name not in _VERIFIED and given.get(name) is None:
            given[name] = value
    told = known.take(given) if given else {}
    published, title, language = told.get("published_on"), told.get("title"), told.get("language")
    outlet, url = told.get("outlet"), told.get("url")
    # Without markup, its lines are looked at together with those of others, see `add_what_texts_say`.
    facts = _facts(record, record.page, title, published) if record.page is not None else _NO_FACTS
    row = {
        "doc_id": doc_id,
        "source": source,
        "text": text,
        "text_sha256": text_sha256,
        "raw_sha256": record.raw_sha256,
        "raw_bytes": record.raw_bytes,
        "encoding": record.decoded.encoding,
        "newline": record.decoded.newline,
        "title": facts.title or title,
        "title_start": facts.title_start,
        "title_end": facts.title_end,
        "published_on": facts.published_on or published,
        "published_start": facts.published_start,
        "published_end": facts.published_end,
        "outlet": outlet or facts.outlet,
        "url": url or facts.url,
        "language": language,  # None where its text is to tell
        "language_score": None,
        "n_chars": len(text),
        "n_lines": text.count("\n") + (not text.endswith("\n")),
    }
    for name, dtype in fields.own:
        row[name] = _cast(name, dtype, given.pop(name, None))
    row["meta"] = canonical_json(given) if given else None
    return row


def add_what_texts_say(
    columns: dict[str, list[Any]], is_record: Sequence[bool | None], *, identify_language: bool
) -> None:
    """Fill in what texts say of themselves, and their languages; what the input says already stays.

    Args:
        columns: Of rows of `make_row`; texts may be bytes.
        is_record: Of each row, whether it is a record of a table rather than a file of its own; None where markup said all.
        identify_language: Whether languages are identified; else those that the input does not say are undetermined.
    """
    texts = [text.decode() if isinstance(text, bytes) else text for text in columns["text"]]
    languages, scores = columns["language"], columns["language_score"]
    for at, language in enumerate(languages):
        if language is None:
            languages[at], scores[at] = identify(texts[at]) if identify_language else (UNDETERMINED, None)
    asked = [at for at, record in enumerate(is_record) if record is not None]
    titles, dates, outlets, urls = (columns[name] for name in ("title", "published_on", "outlet", "url"))
    for low in range(0, len(asked), _TOGETHER):
        some = asked[low : low + _TOGETHER]
        known = [Known(titles[at], dates[at], bool(is_record[at])) for at in some]
        for at, facts in zip(some, facts_of([texts[at] for at in some], known), strict=True):
            for name in _FACTS_ONLY:
                columns[name][at] = getattr(facts, name)
            if outlets[at] is None:
                outlets[at] = facts.outlet
            if urls[at] is None:
                urls[at] = facts.url


def _facts(record: RawRecord, said: HtmlFacts, title: str | None, published: date | None) -> PageFacts:
    """What the page's markup says; what is given already is looked for only."""
    found = PageFacts(
        said.title, said.title_start, said.title_end, said.published_on, said.published_start, said.published_end
    )
    found = found._replace(outlet=said.outlet, url=said.url)
    if (title is None or title == said.title) and (published is None or published == said.published_on):
        return found
    given = page_facts(record.decoded.text, title=title or said.title, published_on=published or said.published_on)
    return given._replace(outlet=said.outlet, url=said.url)


def _take(
    given: dict[str, Any], column: str, fields: tuple[str, ...], notes: ReadingNotes, read: Callable[[Any], Read]
) -> Any:
    """A known column's value, taken out of `given`; where the field says more than the column holds, it stays for `meta`."""
    for name in fields:
        if "|" in name:
            name = choose(given, name)
        value = lookup(given, name)
        if value is None:
            given.pop(name, None)  # a known field that is null says nothing
            continue
        found, what = read(value)
        if what:
            notes.value(column, what, value)
        if found is not None:
            if _is_all(value, found):
                drop(given, name)
            return found
    return None


def _is_all(said: Any, found: Any) -> bool:
    """Whether a column holds all that a field says."""
    return found is not None and bool(said == (found if isinstance(found, str) else found.isoformat()))


def _language(value: Any) -> Read:
    return read_language(value) if isinstance(value, str) else Read(None, "unreadable")


def _note_unused(
    given: dict[str, Any],
    meant: tuple[tuple[str, str], ...],
    filled: Mapping[str, Any],
    notes: ReadingNotes,
    forms: tuple[str, ...],
) -> None:
    """Count the fields that look like a column of ours which nothing has filled."""
    done = ""
    for column, name in meant:
        if column != done and column not in filled and _would_fill(column, given[name], forms):
            notes.unused[column, name] += 1
            done = column


@lru_cache(maxsize=256)  # the records of a file have the same fields
def _meant(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    known = ("title", "published_on", "outlet", "url")
    return tuple((column, name) for column in known for name in propose_all(column, names) if plain(name) != column)


def _would_fill(column: str, value: Any, forms: tuple[str, ...]) -> bool | str | None:
    if column == "published_on":
        return read_date(value, forms).value is not None
    if column == "url":
        return isinstance(value, str) and value.startswith(("http://", "https://"))
    return isinstance(value, str) and len(value) <= 300 and not value.startswith("http") and read_string(value).value


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
    raise RejectedValue("contract", f"contract documents, column {name}, check dtype {dtype}, value {shown}")
