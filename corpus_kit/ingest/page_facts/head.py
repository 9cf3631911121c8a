"""The head of a page: where its headline, its date and its byline stand. Later lines are the story and what follows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corpus_kit.core.lines.pages import F64, Bool, Pages, Rows, read_pages

_PARAGRAPH = 100  # characters from which a line counts as running text
_CAPPED = 400
_PROSE = (1000, 2500)  # characters of running text after which no headline comes any more
_SHARE = 0.12
_MOST = 40_000
_BLOCKS, _BLOCK = 3, 700  # running text that is looked up after the head, from as many places, of so many characters
_COUNTED = 400_000
_STUBS = 8


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of some texts as rows.

    texts: the whole texts. pages, rows: of their heads; a head is a beginning of its text, so offsets are the same.
    lines: each row's words as they stand. repeated: how often each row stands in its whole text.
    """

    texts: Sequence[str]
    pages: Pages
    rows: Rows
    lines: list[str]
    repeated: F64
    block: F64
    candidate: Bool


def read_heads(texts: Sequence[str]) -> Heads:
    """Cut the head off each text and read its lines, and some of the running text after it."""
    heads, ends, counts = [], [], []
    for text in texts:
        lines = text[:_COUNTED].split("\n")
        end, row = _end_of_head(lines, len(text))
        ends.append(end)
        counts.append(Counter(lines))
        heads.append("\n".join([text[:end], *_later(lines[row:])]))
    pages = read_pages(heads)
    base = pages.offset[pages.doc]
    docs = pages.doc.tolist()
    edges = zip(docs, (pages.line_start - base).tolist(), (pages.line_end - base).tolist(), strict=True)
    repeated = [counts[d][heads[d][low:high]] for d, low, high in edges]
    starts, stops = (pages.start - base).tolist(), (pages.end - base).tolist()
    lines = [heads[d][low:high] for d, low, high in zip(docs, starts, stops, strict=True)]
    later = pages.start - base - np.array(ends, np.int64)[pages.doc]
    length = np.diff(pages.offset)[pages.doc] - np.array(ends, np.int64)[pages.doc]
    block = np.where(later < 0, 0.0, 1.0 + np.floor(_BLOCKS * later / np.maximum(length, 1)))
    return Heads(texts, pages, Rows(pages), lines, np.array(repeated, np.float64), block, later < 0)


def _later(lines: Sequence[str]) -> list[str]:
    """Running text from several places of these lines."""
    prose = [line for line in lines if len(line) >= _PARAGRAPH]
    size = sum(map(len, prose))
    if size <= _BLOCKS * _BLOCK:
        return prose
    taken: list[str] = []
    at, have = 0, 0
    for line in prose:
        # Of every part of the text its beginning.
        part = at * _BLOCKS // size
        if have < (part + 1) * _BLOCK:
            have = max(have, part * _BLOCK)
            taken.append(line[:_BLOCK])
            have += len(taken[-1])
        at += len(line)
    return taken


def _end_of_head(lines: Sequence[str], size: int) -> tuple[int, int]:
    """Where the head ends, and its number of lines."""
    enough = min(max(_PROSE[0], _SHARE * size), _PROSE[1])
    end, prose, row = 0, 0, 0
    for line in lines:
        row += 1
        length = len(line)
        end += length + 1
        if length >= _PARAGRAPH:
            prose += min(length, _CAPPED)
            if prose >= enough:
                break
        if end >= _MOST:
            break
    return min(end, size, _MOST + _CAPPED), row


def is_page(text: str) -> bool:
    """Whether short lines that are no sentences stand around the text, as menus and footers do: a body alone has few."""
    stubs = 0
    for line in text[:_COUNTED].split("\n"):
        if 0 < len(line) <= 40 and line[-1] not in ".!?…。！？":
            stubs += not line.isspace()
            if stubs >= _STUBS:
                return True
    return False
