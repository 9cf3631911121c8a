"""The day a page was published: what its markup says, or a date that is shown by itself beside the headline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from corpus_kit.ingest.dates import find_dates
from corpus_kit.ingest.html.said import Marked, MarkupFacts, is_article

_ISO = re.compile(r"^\D{0,12}((?:19|20)\d\d)[-/.]?(\d\d)[-/.]?(\d\d)(?!\d)")
_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[/-](\d{1,2})[/-](\d{1,2})(?:[/-]|$)")
_META = (
    "article:published_time og:article:published_time article.published datepublished citation_publication_date "
    "parsely-pub-date sailthru.date pubdate publishdate publish-date "
    "publish_date publication_date dc.date.issued dcterms.issued dc.date.created "
    "dcterms.created dc.date dcterms.date citation_date date "
    "release_date og:published_time published published-date published_date "
    "publisheddate dateposted last-published rnews:datepublished cxenseparse:recs:publishtime "
    "originalpublicationdate article_date_original "
).split()
_YEAR_FIRST = re.compile(r"((?:19|20)\d\d) ([A-Za-z]{3,9}) (\d{1,2})$")
_IN_SCRIPT = re.compile(
    r"""(?<![\w-])["']?(?:datePublished|date_?published|published_?(?:at|date|on|time)|publish_?(?:ed)?_?date|publication_?date|firstPublish\w*|"""
    r"""article_?publish\w*date|post_?date|pubDate)\\?["']?\s*:\s*\\?["']((?:19|20)\d\d-\d\d-\d\d)""",
    re.IGNORECASE,
)
_OF_PUBLICATION = re.compile(
    r"publish|posted|entry-date|pubdate|post-?date|created|date-?line|article-?date|datepublished"
)
_OF_CHANGE = re.compile(r"modif|updat|review|edit|correct")
_OF_TODAY = re.compile(r"today|current|event|comment|expire|deadline")
_SAYS_PUBLICATION = re.compile(r"publi|post|опублик|veröff|erschien|opublik|δημοσ", re.IGNORECASE)
_SAYS_CHANGE = re.compile(r"updat|modif|review|edited|aktualis|обновл|zaktual|ενημ|mis à jour|actualiz", re.IGNORECASE)
_NEAR, _FAR, _BEFORE, _LONGEST = 900, 2500, 300, 120
_EARLIEST = date(1990, 1, 1)


class Published(NamedTuple):
    """value: the day. start, end: where it stands in the text; None where it does not. origin: what says so."""

    value: date
    start: int | None
    end: int | None
    origin: str


def find_published(said: MarkupFacts, text: str, url: str, headline: tuple[int, int] | None) -> Published | None:
    """The page's day of publication; null where nothing says it plainly.

    Args:
        said: What the markup says.
        text: The page's text.
        url: Its address, "" where it is not known.
        headline: Where the headline stands in the text.
    """
    found = next(candidates(said, text, url, headline), None)
    if found is None or found.start is not None:
        return found
    found = _where_people_read(found, url)
    shown = _where(text, found.value, headline)
    return found._replace(start=shown[0], end=shown[1]) if shown else found


def candidates(said: MarkupFacts, text: str, url: str, headline: tuple[int, int] | None) -> Iterator[Published]:
    """Days the page may have been published on, the surest first."""
    for node in said.nodes:
        if is_article(node) and (day := _day(node.get("datePublished"))):
            # Some systems write the day of the last change in both places. Then an earlier day that is shown is right.
            changed = _day(node.get("dateModified"))
            if changed is not None and changed <= day:
                shown = (*_marked(said, text, headline), *_shown(said, text, headline))
                yield from (one for one in shown[:1] if one.value < day)
            yield Published(day, None, None, "json-ld")
    for name in _META:
        for value in said.meta.get(name, ()):
            if day := _day(value):
                yield Published(day, None, None, "meta")
    for node in said.nodes:
        if not is_article(node) and (day := _day(node.get("datePublished"))):
            yield Published(day, None, None, "json-ld page")
    if (match := _IN_ADDRESS.search(url)) and (day := _checked(*map(int, match.groups()))):
        yield Published(day, None, None, "address")
    yield from _marked(said, text, headline)
    yield from _shown(said, text, headline)
    days = {day for day in map(_day, _IN_SCRIPT.findall(said.scripts)) if day}
    if len(days) == 1:
        yield Published(days.pop(), None, None, "script")
    yield from _only_one(said, text)


def _where_people_read(found: Published, url: str) -> Published:
    """The markup's day, or the one beside it that the address says: that is the day where the page's readers are, and the
    markup's that of Greenwich."""
    match = _IN_ADDRESS.search(url)
    day = _checked(*map(int, match.groups())) if match else None
    return found._replace(value=day) if day and abs((day - found.value).days) == 1 else found


def _only_one(said: MarkupFacts, text: str) -> Iterator[Published]:
    """The only day that any `<time>` of the page says, or the only one behind a word for publication."""
    timed, named = [], []
    for mark in said.marked:
        if mark.tag != "time" and len(mark.text) > _LONGEST:
            continue
        if one := _of_element(mark, text):
            about = f"{text[max(mark.start - 20, 0) : mark.start]} {mark.text}"
            if _SAYS_PUBLICATION.search(about) and not _SAYS_CHANGE.search(about):
                named.append(one)
            if mark.tag == "time":
                timed.append(one)
    for found in (named, timed):
        if len({one.value for one in found}) == 1:
            yield found[0]._replace(origin="only")
            return


def _marked(said: MarkupFacts, text: str, headline: tuple[int, int] | None) -> Iterator[Published]:
    """Dates of `<time>` and of elements whose names speak of dates, those of the article first."""
    low, high = _beside(headline)
    ranked: list[tuple[int, int, Published]] = []
    for one in said.marked:
        names = one.names
        if one.tag != "time" and not re.search("date|time|publish|posted|meta|byline|author", names):
            continue
        if _OF_TODAY.search(names) or len(one.text) > _LONGEST:
            continue
        found = _of_element(one, text)
        if found is None:
            continue
        before = text[max(one.start - 40, 0) : one.start].rpartition("\n")[2]
        changed = bool(_OF_CHANGE.search(names) or _SAYS_CHANGE.search(f"{before} {one.text}"))
        plain = bool(
            _OF_PUBLICATION.search(names)
            or "pubdate" in one.attributes
            or _SAYS_PUBLICATION.search(f"{before} {one.text}")
        )
        near = low <= one.start <= high
        if not near and not (plain and "datepublished" in names):
            continue
        if changed and not plain:
            continue  # the day of a change is not that of publication
        rank = 0 if "datepublished" in names else 1 if plain and not changed else 2
        ranked.append((rank, abs(one.start - (headline[1] if headline else 0)), found))
    ranked.sort(key=lambda r: r[:2])
    yield from (found for _, _, found in ranked)


def _of_element(one: Marked, text: str) -> Published | None:
    day = _day(one.attributes.get("datetime") or one.attributes.get("content"))
    shown = find_dates(text, one.start, one.end)
    if shown and (day is None or shown[0].value == day):
        return Published(shown[0].value, shown[0].start, shown[0].end, "element")
    return Published(day, None, None, "element") if day else None


def _shown(said: MarkupFacts, text: str, headline: tuple[int, int] | None) -> Iterator[Published]:
    """Dates that stand by themselves under the headline or right above it."""
    others = [(m.start, m.end) for m in said.marked if _OF_TODAY.search(m.names) or _OF_CHANGE.search(m.names)]
    others = [(start, end) for start, end in others if end - start <= _LONGEST]
    headline = headline or (0, 0)
    low, high = headline[0] - _BEFORE, headline[1] + _FAR
    for found in find_dates(text, max(low, 0), min(high, len(text))):
        if any(start <= found.start < end for start, end in others):
            continue
        start = text.rfind("\n", 0, found.start) + 1
        end = text.find("\n", found.end)
        line = text[start : end if end >= 0 else len(text)]
        rest = len(line) - (found.end - found.start)
        far = found.start > headline[1] + _NEAR
        if (
            rest > (20 if far else 80)
            or start == headline[0]
            or (rest > 30 and line.rstrip().endswith((".", "!", "?")))
        ):
            continue
        one = Published(found.value, found.start, found.end, "shown")
        if not _SAYS_CHANGE.search(line) or _SAYS_PUBLICATION.search(line):
            yield one


def _beside(headline: tuple[int, int] | None) -> tuple[int, int]:
    return (headline[0] - _BEFORE, headline[1] + _NEAR) if headline else (0, _FAR)


def _where(text: str, day: date, headline: tuple[int, int] | None) -> tuple[int, int] | None:
    """Where a day that the markup says stands beside the headline."""
    low, high = _beside(headline)
    return next(((d.start, d.end) for d in find_dates(text, max(low, 0), min(high, len(text))) if d.value == day), None)


def _day(value: Any) -> date | None:
    """The day that a value of the markup says, in the page's own time zone."""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, str):
        return None
    if match := _ISO.match(value):
        return _checked(*map(int, match.groups()))
    value = _YEAR_FIRST.sub(r"\3 \2 \1", value.strip())
    days = {found.value for found in find_dates(value[:_LONGEST])}
    return days.pop() if len(days) == 1 else None


def _checked(year: int, month: int, day: int) -> date | None:
    try:
        made = date(year, month, day)
    except ValueError:
        return None
    return made if made >= _EARLIEST else None
