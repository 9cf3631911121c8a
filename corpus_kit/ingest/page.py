"""What a page says about itself: headline, date of publication, outlet, address. Null rather than a guess.

HeadlineGuess and date are found by small trained models over the lines of the page (`page_facts/`,
docs/decisions/029-page-facts.md), and given only where they are likely right. No rule knows a site or a language beyond the
names of months.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from corpus_kit.ingest.dates import FoundDate
from corpus_kit.ingest.page_facts.address import find_address
from corpus_kit.ingest.page_facts.head import is_page
from corpus_kit.ingest.page_facts.model import PageFactsModel, Title, is_dated_headline, packaged
from corpus_kit.ingest.page_facts.outlet import find_outlet
from corpus_kit.ingest.page_facts.published import HeadlineGuess

_HEAD_CHARS = 3000
_NEAR = 2  # lines between a date of publication and the headline below it


class PageFacts(NamedTuple):
    """Offsets are code points into the text, end-exclusive; null where the page does not say."""

    title: str | None = None
    title_start: int | None = None
    title_end: int | None = None
    published_on: date | None = None
    published_start: int | None = None
    published_end: int | None = None
    outlet: str | None = None
    url: str | None = None


class Known(NamedTuple):
    """What the input says of a text. is_record: it is a field of a table, and a page only if it looks like one."""

    title: str | None = None
    published_on: date | None = None
    is_record: bool = False


def page_facts(text: str, *, title: str | None = None, published_on: date | None = None) -> PageFacts:
    """Read one page's own facts, see `facts_of`."""
    return facts_of([text], [Known(title, published_on)])[0]


def facts_of(texts: Sequence[str], known: Sequence[Known], model: PageFactsModel | None = None) -> list[PageFacts]:
    """Read the own facts of many pages; those of a page depend on nothing but the page.

    Args:
        texts: The pages.
        known: Of each, what the input says already; then only the place in the text is looked for.
        model: Another model than the packaged one.

    Returns:
        The facts of each page.
    """
    model = model or packaged()
    silent = [one.is_record and not is_page(text) for text, one in zip(texts, known, strict=True)]
    wanted = [at for at, one in enumerate(known) if one.title is None and not silent[at]]
    guesses = zip(wanted, model.titles([texts[at] for at in wanted]), strict=True)
    found: dict[int, Title] = {at: title for at, title in guesses if title is not None}
    places: dict[int, tuple[int, int]] = {}
    headlines: list[HeadlineGuess | None] = []
    for at, (text, one) in enumerate(zip(texts, known, strict=True)):
        guess = found.get(at)
        headline = HeadlineGuess(guess.start, guess.end, guess.odds) if guess else None
        if one.title is not None and (start := _locate(text, one.title)) >= 0:
            places[at] = (start, start + len(one.title))
            headline = HeadlineGuess(*places[at], 6.0)
        elif guess is not None and (guess.chance >= model.title_scale.least or is_dated_headline(text, guess)):
            places[at] = (guess.start, guess.end)
        headlines.append(headline)
    dates = _dates(texts, known, headlines, silent, model)
    facts = []
    for at, (text, one) in enumerate(zip(texts, known, strict=True)):
        place = places.get(at)
        title_text = text[slice(*place)] if place and one.title is None else one.title
        day = dates[at]
        facts.append(
            PageFacts(
                title_text,
                place[0] if place else None,
                place[1] if place else None,
                one.published_on or (day.value if day else None),
                day.start if day else None,
                day.end if day else None,
                find_outlet(text, title_text),
                find_address(text, title_text),
            )
        )
    return facts


def _dates(
    texts: Sequence[str],
    known: Sequence[Known],
    headlines: Sequence[HeadlineGuess | None],
    silent: Sequence[bool],
    model: PageFactsModel,
) -> list[FoundDate | None]:
    """The date of publication of each text, or where the known one stands."""
    dates: list[FoundDate | None] = [None] * len(texts)
    asked = [at for at in range(len(texts)) if not silent[at]]
    told = model.dates(
        [texts[at] for at in asked], [headlines[at] for at in asked], [known[at].published_on for at in asked]
    )
    for at, one in zip(asked, told, strict=True):
        if one is None or (known[at].published_on is None and one[1] < model.date_scale.least):
            continue
        headline = headlines[at]
        if known[at].published_on is None and headline and _is_masthead(texts[at][one[0].end : headline.start]):
            continue
        dates[at] = one[0]
    return dates


def _is_masthead(between: str) -> bool:
    """Whether a date stands high above the headline, where a masthead says what day it is today."""
    return sum(bool(line.strip()) for line in between.split("\n")) > _NEAR


def _locate(text: str, title: str) -> int:
    """Where the given title stands as a line of its own, else its first occurrence in the page's head, else -1."""
    if not title.strip():
        return -1
    first = at = text.find(title)
    while at >= 0:
        end = at + len(title)
        low = text.rfind("\n", 0, at) + 1
        high = text.find("\n", end)
        if not text[low:at].strip() and not text[end : high if high >= 0 else len(text)].strip():
            return at
        at = text.find(title, end)
    return first if first < _HEAD_CHARS else -1
