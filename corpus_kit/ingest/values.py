"""Values of known fields in the forms people have: dates, languages, words that mean null.

Each function says in a word what it did, so that nothing is changed or lost in silence; `None` says that the value is
as the column wants it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from corpus_kit.ingest.dates import find_dates
from corpus_kit.ingest.fields import is_null_word

NULL, UNREADABLE, AMBIGUOUS, PARTIAL = "null", "unreadable", "ambiguous", "partial"
_FIRST, _LAST = 1400, 2200
"""Years in which a date of eight digits is believed."""
_SECONDS = (datetime(1980, 1, 1, tzinfo=UTC).timestamp(), datetime(_LAST, 1, 1, tzinfo=UTC).timestamp())
_TIME = r"(?:[T\s,]+\d{1,2}[:.h]\d\d.*)?"
_YEAR_FIRST = re.compile(
    rf"\s*(\d{{4}})(?:\s*[-/.]\s*(\d{{1,2}})\s*[-/.]\s*(\d{{1,2}})\.?|\s*年\s*(\d{{1,2}})\s*月\s*(\d{{1,2}})\s*日"
    rf"|\s*년\s*(\d{{1,2}})\s*월\s*(\d{{1,2}})\s*일){_TIME}\s*",
    re.DOTALL,
)
_COMPACT = re.compile(r"\s*(\d{4})(\d\d)(\d\d)(?:T?\d{4}(?:\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?\s*")
_ORDINAL = re.compile(r"\s*(\d{4})-?(\d{3})\s*")
_WEEK = re.compile(r"\s*\d{4}-?W\d\d-?\d\s*")
_EPOCH = re.compile(r"\s*(-?\d{9,10}|-?\d{12,13})(?:\.\d+)?\s*")
_DAY_MONTH = re.compile(rf"\s*(\d{{1,2}})([/-])(\d{{1,2}})\2(\d{{4}}){_TIME}\s*", re.DOTALL)
_UNIX = re.compile(r"\s*(?:[A-Za-z]{3},?\s+)?([A-Za-z]{3})\s+(\d{1,2})\s+\d\d:\d\d(?::\d\d)?\s+(?:\S+\s+)?(\d{4})\s*")
_DASHED = re.compile(r"\s*(\d{1,2})-([A-Za-z]{3,9})-(\d{4})\b.*", re.DOTALL)
_PARTIAL = re.compile(r"\s*\d{4}(?:[-/.]\d{1,2})?\s*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*")
# No language, or words for none; "unk" and "nan" are languages of a few thousand people, and null in every data set.
_NO_LANGUAGE = frozenset({"und", "mis", "mul", "zxx", "unk", "un", "xx", "nan", "none", "non", "null", "na"})


class Read(NamedTuple):
    """value: what the column gets. what: what was done to it (`null`, `unreadable` …), "" for nothing."""

    value: Any
    what: str = ""


def read_date(value: Any, forms: Sequence[str] = ()) -> Read:
    """A field as a date.

    The day is the one that is written: no time zone moves it. Numbers are YYYYMMDD, or seconds or milliseconds since 1970
    in UTC. Where day and month cannot be told apart, the value is null.

    Args:
        value: A string or a number, as it was read.
        forms: `date_format` of the settings, as `strptime` reads them; they are tried first.

    Returns:
        A `datetime.date`, or None and `null`, `unreadable`, `ambiguous` or `partial`.
    """
    if isinstance(value, bool) or value is None:
        return Read(None, UNREADABLE if value is not None else "")
    if isinstance(value, int | float):
        if value != value or value in (float("inf"), float("-inf")):
            return Read(None, NULL)
        value = str(int(value)) if value == int(value) else repr(value)
    if not isinstance(value, str):
        return Read(None, UNREADABLE)
    if not value.strip():
        return Read(None)
    if forms:
        return _by_form(value, tuple(forms))
    return _read(value) if len(value) <= 40 else _long(value)


def _by_form(value: str, forms: tuple[str, ...]) -> Read:
    for form in forms:
        try:
            return Read(datetime.strptime(value.strip(), form).date())  # noqa: DTZ007 (the day as it is written)
        except ValueError:
            continue
    # Two forms in one column are no wonder, but what is ambiguous is read as the settings say, or not at all.
    read = Read(None, AMBIGUOUS) if _DAY_MONTH.fullmatch(value) else _read(value)
    return read if read.value is not None or read.what == NULL else Read(None, UNREADABLE)


@lru_cache(maxsize=4096)  # many records of one day
def _read(value: str) -> Read:
    for pattern, read in _MACHINE_FORMS:
        if (match := pattern.fullmatch(value)) is not None and (found := read(match)) is not None:
            return found
    if is_null_word(value):
        return Read(None, NULL)
    for pattern, order in ((_UNIX, "{2} {1} {3}"), (_DASHED, "{1} {2} {3}")):
        if (match := pattern.fullmatch(value)) is not None:
            value = order.format("", *match.groups())
    return _long(value)


def _year_first(match: re.Match[str]) -> Read:
    year, month, day = (int(part) for part in match.groups() if part is not None)
    return _day(year, month, day, zero_is_null=True)


def _epoch(match: re.Match[str]) -> Read | None:
    seconds = int(match[1]) / (1000 if len(match[1].lstrip("-")) > 10 else 1)
    if _SECONDS[0] <= seconds < _SECONDS[1]:
        return Read(datetime.fromtimestamp(seconds, UTC).date())
    return None


def _compact(match: re.Match[str]) -> Read | None:
    if _FIRST <= int(match[1]) < _LAST:
        return _day(int(match[1]), int(match[2]), int(match[3]))
    return None


def _week(match: re.Match[str]) -> Read:
    try:
        return Read(date.fromisoformat(match[0].strip()))
    except ValueError:
        return Read(None, UNREADABLE)


def _ordinal(match: re.Match[str]) -> Read:
    year, day = int(match[1]), int(match[2])
    try:
        found = date(year, 1, 1) + timedelta(days=day - 1)
    except (ValueError, OverflowError):
        return Read(None, UNREADABLE)
    return Read(found) if found.year == year else Read(None, UNREADABLE)


def _day_month(match: re.Match[str]) -> Read:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    if first == second or first > 12 or second > 12:
        return _day(year, *((first, second) if second > 12 else (second, first)))
    return Read(None, AMBIGUOUS)


_MACHINE_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Read | None]], ...] = (
    (_YEAR_FIRST, _year_first),
    (_EPOCH, _epoch),
    (_COMPACT, _compact),
    (_WEEK, _week),
    (_ORDINAL, _ordinal),
    (_DAY_MONTH, _day_month),
    (_PARTIAL, lambda _: Read(None, PARTIAL)),
)


def _long(value: str) -> Read:
    dates = {found.value for found in find_dates(value)}
    return Read(dates.pop()) if len(dates) == 1 else Read(None, UNREADABLE)


def _day(year: int, month: int, day: int, *, zero_is_null: bool = False) -> Read:
    try:
        return Read(date(year, month, day))
    except ValueError:
        return Read(None, NULL if zero_is_null and not year + month + day else UNREADABLE)


@lru_cache(maxsize=1024)
def read_language(value: str) -> Read:
    """A field as an ISO 639 code, the two-letter one where there is one; what is no code is null.

    Returns:
        The code and `changed` where it is not as it was written; or None and `null` or `unreadable`.
    """
    word = value.strip()
    if not word:
        return Read(None)
    if word.casefold() in _NO_LANGUAGE or is_null_word(word):
        return Read(None, NULL)
    if not _LANGUAGE.fullmatch(word):
        return Read(None, UNREADABLE)
    import langcodes

    try:
        language = langcodes.get(word.replace("_", "-"), normalize=True)
        code = language.language
    except ValueError:
        return Read(None, UNREADABLE)
    if not code or code in _NO_LANGUAGE or not langcodes.Language.make(language=code).is_valid():
        return Read(None, UNREADABLE)
    return Read(code, "" if code == value else "changed")


def read_string(value: Any) -> Read:
    """A field as a string without white space at its ends; what is none, or a word for null, is None."""
    if not isinstance(value, str):
        return Read(None, "" if value is None else UNREADABLE)
    word = value.strip()
    if not word:
        return Read(None)
    return Read(None, NULL) if len(word) < 10 and is_null_word(word) else Read(word)
