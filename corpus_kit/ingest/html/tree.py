"""What belongs to what on a page: the judgement of a kept HTML5 parser, as a list of events.

The parser gets the skeleton (see `tokens`) and its tree is read as the HTML it writes, where every element has its end.
Elements and texts are known by their numbers there. A page too deep for it, or one whose texts the tree would put into
another order, is read by simpler rules that keep the order of the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from selectolax.lexbor import LexborHTMLParser

from corpus_kit.ingest.html.tokens import VOID, HtmlTokens

# Parsers look through all open elements again and again; browsers stop at 512.
_DEEPEST = 512
_MOST_FORMATTING = 64
_EVENT = re.compile(r'<(/?)([^\s>/!][^\s>/]*)(?: i="(\d+)")?[^>]*>|([^<]+)')
_SPACES_TO = str.maketrans(" \t", "01")
_NAMED = re.compile(r"(\d+);|([ \t]+)")

OPEN, CLOSE, TEXT = 0, 1, 2
Event = tuple[int, str, int]
"""OPEN, CLOSE or TEXT; the element's name; the number of its tag (-1: the parser added it), or of the text."""


def events(tokens: HtmlTokens) -> list[Event]:
    """The page's elements and texts in the order of the source, every element with its end."""
    if tokens.depth <= _DEEPEST and tokens.formatting <= _MOST_FORMATTING:
        parsed = LexborHTMLParser(tokens.skeleton).html or ""
        made = list(_read(parsed, tokens.width))
        order = [number for kind, _, number in made if kind == TEXT]
        if all(a < b for a, b in pairwise(order)):
            return made
    return list(_plain(tokens))


def _read(html: str, width: int) -> Iterator[Event]:
    for slash, name, number, text in _EVENT.findall(html):
        if not text:
            if slash:
                yield CLOSE, name, -1
            else:
                yield OPEN, name, int(number) if number else -1
                if name in VOID:
                    yield CLOSE, name, -1
        else:
            for named, spaces in _NAMED.findall(text):
                if named:
                    yield TEXT, "", int(named)
                else:
                    for at in range(0, len(spaces) - width + 1, width):
                        yield TEXT, "", int(spaces[at : at + width].translate(_SPACES_TO), 2)


# What a start tag ends that has no end tag of its own.
_ENDS_BEFORE = {
    "li": {"li", "p"},
    "dt": {"dt", "dd", "p"},
    "dd": {"dt", "dd", "p"},
    "option": {"option"},
    "optgroup": {"option", "optgroup"},
    "tr": {"td", "th", "tr", "p"},
    "td": {"td", "th", "p"},
    "th": {"td", "th", "p"},
    "tbody": {"td", "th", "tr", "thead", "tbody"},
    "tfoot": {"td", "th", "tr", "thead", "tbody"},
    "body": {"head"},
}
_PARAGRAPH_ENDS = frozenset(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form h1 h2 h3 h4 "
    "h5 h6 header hgroup hr main menu nav ol p pre section table ul".split()
)


def _plain(tokens: HtmlTokens) -> Iterator[Event]:
    """The tags as they are written: an end tag ends what it names, or nothing."""
    stack: list[str] = []
    opened: dict[str, int] = {}
    for event in _read(tokens.skeleton, tokens.width):
        kind, name, _ = event
        if kind == OPEN:
            ended = _ENDS_BEFORE.get(name) or ({"p"} if name in _PARAGRAPH_ENDS else None)
            while ended and stack and stack[-1] in ended:
                opened[stack[-1]] -= 1
                yield CLOSE, stack.pop(), -1
            stack.append(name)
            opened[name] = opened.get(name, 0) + 1
            yield event
        elif kind == TEXT:
            yield event
        elif opened.get(name):
            while True:
                last = stack.pop()
                opened[last] -= 1
                yield CLOSE, last, -1
                if last == name:
                    break
    while stack:
        yield CLOSE, stack.pop(), -1
