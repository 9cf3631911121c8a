"""What a scraped page says about itself: headline, date of publication, outlet, address. Null rather than a guess.

No rule knows a site or a language beyond the month names. A page is read as lines: menus and breadcrumbs are short
lines, a headline is a line of several words without a full stop, paragraphs are long lines of sentences.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from corpus_kit.ingest.dates import FoundDate, find_dates

_HEAD_CHARS, _HEAD_LINES, _TAIL_CHARS = 3000, 20, 3000
_SENTENCE_END = re.compile(r"[.!?。！？؟…][\"'»”’)\]]*$")
_BULLET = re.compile(r"^[•·▪◦*\-–—>|+#©]|^\d+[.)]\s")
_WORDS = re.compile(r"\w{2,}")
_LONGER_WORDS = re.compile(r"\w{4,}")
_MENU = re.compile(r"\s(?:\s+|[|·•/»>›]\s)")
_GLUED = re.compile(r"[^\W\d_A-Z][a-zà-öø-ÿа-яёіїєґąćęłńóśźż][A-ZÀ-ÖØ-ÞА-ЯЁІЇЄҐĄĆĘŁŃÓŚŹŻ]|\w[«“„][A-ZА-Я]")
_BODY_CHARS = 2500
_LEAST_HEADLINE = 18
_URL = re.compile(r"https?://[^\s<>\"'«»“”]+[^\s<>\"'«»“”.,;:!?)\]]")
# A label that says that the address after it is the page's own. One or two words and a colon, no sentence.
_URL_LABEL = re.compile(
    r"^(?:url|link|permalink|source|original|источник|оригинал|ссылка|джерело|посилання|źródło|adres|fuente|enlace|quelle|lien)\b[^:\n]{0,12}:\s*$",
    re.IGNORECASE,
)
# At the beginning of a line; a newline is looked for much faster than `^`.
_COPYRIGHT = re.compile(
    r"\n(?:©|\(c\)|copyright(?:\s*©)?)\s*(?:19|20)\d\d(?:\s*[-–—]\s*(?:(?:19|20)\d\d)?)?[,.]?\s+(?P<name>[^\n.,;|©]{2,60}?)\s*(?:[.,;|]|$)",
    re.IGNORECASE | re.MULTILINE,
)


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


_Line = tuple[int, str]
"""Offset and text of a line, stripped. Twenty a page, hence no class: a plain tuple is made in a fraction of the time."""


def page_facts(text: str, *, title: str | None = None, published_on: date | None = None) -> PageFacts:
    """Read the page's own facts.

    title, published_on: what the input says already; then only the place in the text is looked for.
    """
    lines = _head(text)
    headline = _locate(text, title) if title else _headline(text, lines)
    facts_title = title or (headline[1] if headline else None)
    start, end = (headline[0], headline[0] + len(headline[1])) if headline else (None, None)
    found = _publication_date(text, lines, headline, published_on)
    return PageFacts(
        facts_title,
        start,
        end,
        published_on or (found.value if found else None),
        found.start if found else None,
        found.end if found else None,
        _outlet(text),
        _address(text, facts_title),
    )


def _head(text: str) -> list[_Line]:
    """The first non-blank lines."""
    lines: list[_Line] = []
    position = 0
    head = text[:_HEAD_CHARS].split("\n")
    if len(text) > _HEAD_CHARS:
        head.pop()  # cut in the middle
    for raw in head:
        if stripped := raw.strip():
            lines.append((position if stripped is raw else position + raw.index(stripped), stripped))
            if len(lines) == _HEAD_LINES:
                break
        position += len(raw) + 1
    return lines


def _is_paragraph(line: str) -> bool:
    return len(line) >= 250 or (len(line) >= 120 and _SENTENCE_END.search(line) is not None)


@lru_cache(maxsize=4096)  # what stands above the headline is the same on every page of a site
def _could_be_headline(line: str) -> bool:
    if (
        not _LEAST_HEADLINE <= len(line) <= 220
        or line.endswith(("...", "…", ".", ":", ";", ","))
        or _BULLET.match(line)
    ):
        return False
    if not (line[0].isalnum() or line[0] in "«“\"„'¿¡‘(") or "://" in line or "@" in line:
        return False
    if "   " in line or len(_WORDS.findall(line)) < 4 or len(_MENU.findall(line)) > 1:
        return False
    if not line[1:40].islower() and _GLUED.search(line, 0, 40):
        return False
    dates = find_dates(line)
    return not dates or len(line) - (dates[0].end - dates[0].start) > 40


def _headline(text: str, lines: list[_Line]) -> _Line | None:
    """The line that reads like a headline, stands before the text and speaks of the same things.

    Of the candidates before the first paragraph, one that is repeated on the page (alone, or glued to a breadcrumb)
    wins, then the first whose words come back in the text. Mastheads and slogans fail that.
    """
    before: list[_Line] = []
    for start, line in lines:
        if len(line) >= 120 and _is_paragraph(line):
            break
        if len(line) >= _LEAST_HEADLINE:
            before.append((start, line))
    else:
        return None
    for found in (*_repeated(before, lines), *before):
        if _could_be_headline(found[1]) and _comes_back(found[1], text, start, start + _BODY_CHARS):
            return found
    return None


def _repeated(before: list[_Line], lines: list[_Line]) -> list[_Line]:
    """The lines that some other line of the head is, or ends with."""
    long = [line for _, line in lines if len(line) >= _LEAST_HEADLINE]
    if len({line[-_LEAST_HEADLINE:] for line in long}) == len(long):
        return []
    return [found for found in before if sum(line.endswith(found[1]) for line in long) > 1]


def _comes_back(line: str, text: str, start: int, end: int) -> bool:
    """Whether a third of the line's longer words, inflection aside, stand in `text[start:end]`."""
    stems = {word[:5] for word in _LONGER_WORDS.findall(line.casefold())}
    if len(stems) < 2:
        return False
    # What stands there in small letters suffices most often; folding the whole text is what takes the time.
    return _holds_third(text, stems, start, end) or _holds_third(text[start:end].casefold(), stems)


def _holds_third(text: str, words: set[str], start: int = 0, end: int | None = None) -> bool:
    missing = -(-len(words) // 3)
    for word in words:
        if text.find(word, start, end) >= 0:
            missing -= 1
            if not missing:
                return True
    return False


def _locate(text: str, title: str) -> _Line | None:
    """Where the given title stands as a line of its own, else its first occurrence in the page's head."""
    head = text[: _HEAD_CHARS + len(title)]
    own_line = re.search(rf"(?m)^[^\S\n]*({re.escape(title)})[^\S\n]*$", head)
    start = own_line.start(1) if own_line else head.find(title)
    return (start, title) if start >= 0 else None


def _publication_date(text: str, lines: list[_Line], headline: _Line | None, known: date | None) -> FoundDate | None:
    """The date that stands by itself under the headline.

    A date above the headline is the masthead's "today", one within a paragraph belongs to the story: neither counts,
    nor do two different dates without a word that tells them apart.
    """
    if headline is None:
        return None
    candidates: list[FoundDate] = []
    above = headline[0]
    for start, line in lines:
        if start <= above:
            continue
        if len(line) > 300 or len(candidates) == 3:
            break
        if ("20" not in line and "19" not in line) or line == headline[1]:
            continue
        dates = find_dates(text, start, start + len(line))
        if not dates:
            continue
        rest = len(line) - sum([d.end - d.start for d in dates])
        # By itself: with a weekday, a time, a byline or "Published", but not in a sentence.
        in_sentence = rest > 25 and _SENTENCE_END.search(line) is not None
        if rest <= 60 and not in_sentence and not _BULLET.match(line):
            candidates += dates
    if known is not None:
        return next((d for d in candidates if d.value == known), None)
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    # "Published 18 October 2031, updated 20 October 2031": the earlier of two neighbours is the publication.
    near = [d for d in candidates if d.start - candidates[0].end < 120]
    return min(near, key=lambda d: (d.value, d.start))


def _outlet(text: str) -> str | None:
    """The name in the page's copyright line, when there is exactly one."""
    tail = max(len(text) - _TAIL_CHARS, 0)  # where it begins; a copy of it costs as much as the search
    places = [place for mark in ("©", "opyright") if (place := text.find(mark, tail)) >= 0]
    bracket = text.find("(", tail)
    while bracket >= 0:  # many times as fast as a search for "(c)" and one for "(C)"
        if text[bracket + 1 : bracket + 3] in ("c)", "C)"):
            places.append(bracket)
            break
        bracket = text.find("(", bracket + 1)
    if not places:
        return None
    # From the line of the first mark on: the pattern is much slower than the search for it.
    line = max(text.rfind("\n", tail, min(places)) + 1, tail)
    return _copyright_holder(text[line:])


@lru_cache(maxsize=1024)  # a site's pages end alike
def _copyright_holder(lines: str) -> str | None:
    names = {m["name"].strip() for m in _COPYRIGHT.finditer("\n" + lines)}
    names = {n for n in names if not n.isdigit() and not n.lower().startswith(("all rights", "все права"))}
    return names.pop() if len(names) == 1 else None


def _address(text: str, title: str | None) -> str | None:
    """An address on a line of its own behind a label, or followed by the page's own headline, when there is one such."""
    if "/" not in text or "://" not in text:  # one character is found ten times as fast
        return None
    found = set()
    for match in _URL.finditer(text):
        line_start = text.rfind("\n", 0, match.start()) + 1
        line_end = text.find("\n", match.end())
        before = text[line_start : match.start()].strip()
        after = text[match.end() : line_end if line_end >= 0 else len(text)].strip()
        if (before and not after and _URL_LABEL.match(before)) or (not before and title and after == title):
            found.add(match[0])
    return found.pop() if len(found) == 1 else None
