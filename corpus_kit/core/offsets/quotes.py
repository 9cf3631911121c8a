"""Where words that somebody quoted stand in a text: in exactly one place, or nowhere.

A quote is never placed by guessing. What stands in several places is placed only where the words before it single one
of them out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

from corpus_kit.core.offsets.maps import Span

Unplaced = Literal["quote_not_found", "quote_ambiguous"]
_SPACE = re.compile(r"\s+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_BEFORE = 80
"""Characters before a quote that are looked at."""


def place_quote(text: str, quote: str, before: str = "") -> Span | Unplaced:
    """The one place of a quote in a text, white space at its edges left out.

    Runs of white space match each other; nothing else is bent. A quote of whole words is looked for as whole words; only
    where it stands nowhere as such, inside words too. before: words that stand right before it, which decide between
    several places; white space does not count in them either.

    Returns:
        The place in code points, end-exclusive, or why there is none.
    """
    words = quote.split()
    if not words or sum(map(len, words)) > len(text):
        return "quote_not_found"
    places = list(_places(text, words))
    places = [place for place in places if _is_whole(text, place)] or places
    if len(places) > 1 and before.split():
        told = "".join(before.split())[-_BEFORE:]
        places = [p for p in places if _squeezed(text, p.start, len(told)).endswith(told)] or places
    if not places:
        return "quote_not_found"
    return places[0] if len(places) == 1 else "quote_ambiguous"


def _places(text: str, words: list[str]) -> Iterator[Span]:
    """All places, overlapping ones too."""
    if len(words) == 1:
        at = text.find(words[0])
        while at >= 0:
            yield Span(at, at + len(words[0]))
            at = text.find(words[0], at + 1)
        return
    # A look-ahead does not use up what it sees, so that places may overlap.
    pattern = re.compile("(?=(" + r"\s+".join(map(re.escape, words)) + "))")
    for found in pattern.finditer(text):
        yield Span(found.start(1), found.end(1))


def _is_whole(text: str, place: Span) -> bool:
    """Whether no word goes on across an edge; in scripts without spaces every edge will do."""
    for edge in place:
        if 0 < edge < len(text):
            left, right = text[edge - 1], text[edge]
            if unicodedata.combining(right):
                return False
            if left.isalnum() and right.isalnum() and not (_UNSPACED.match(left) or _UNSPACED.match(right)):
                return False
    return True


def _squeezed(text: str, end: int, wanted: int) -> str:
    """The text before `end` without white space, at least `wanted` characters of it where there are as many."""
    start = end
    found = ""
    while start > 0 and len(found) < wanted:
        start = max(0, start - 2 * _BEFORE)
        found = _SPACE.sub("", text[start:end])
    return found
