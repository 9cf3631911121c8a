"""The head of a page: where its headline, its date and its byline stand. Later lines are the story and what follows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from corpus_kit.core.lines.pages import F64, I64, Bool, LineRows, Pages, read_pages

_PARAGRAPH = 100  # characters from which a line counts as running text
_COUNTS = 400  # characters of a line that count, at most
_CAPPED = 300  # and that are read; no headline is as long
_NEWLINE = 1
_PROSE = (1000, 2500)  # characters of running text after which no headline comes any more
_SHARE = 0.12
_MOST = 40_000
_BLOCKS, _BLOCK = 3, 400  # running text that is looked up after the head, from as many places, of so many characters
_COUNTED = 400_000
_STUBS = 8


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of some texts as rows.

    texts: the whole texts. pages, rows: of their heads, where long lines are cut. start: where each row of the head itself
    begins in its text. repeated: how often each row stands in its whole text. block: 0 in the head itself, then the part of
    the running text that follows it. candidate: whether a row stands in the head itself.
    """

    texts: Sequence[str]
    pages: Pages
    rows: LineRows
    start: I64
    repeated: F64
    block: I64
    candidate: Bool

    def place(self, row: int) -> tuple[int, int]:
        """Start and end of a row of the head in its text; of one that is cut, of what is left."""
        start = int(self.start[row])
        return start, start + int(self.pages.end[row]) - int(self.pages.start[row])

    def line(self, row: int) -> str:
        """A row of the head as it stands in its text."""
        start, end = self.place(row)
        text: str = self.texts[int(self.pages.doc[row])]
        return text[start:end]


def read_heads(texts: Sequence[str]) -> Heads:
    """Cut the head off each text and read its lines, and some of the running text after it."""
    heads: list[str] = []
    sizes, first = [], [0]
    often: list[int] = []
    starts: list[int] = []
    for text in texts:
        lines = text[:_COUNTED].split("\n")
        lengths = list(map(len, lines))
        row = _end_of_head(lengths, len(text))
        often += map(Counter(lines).__getitem__, lines[:row])
        starts += accumulate(map(_NEWLINE.__add__, lengths[: row - 1]), initial=0)
        later = _later(lines[row:])
        often += [1] * len(later)
        starts += [0] * len(later)
        head = "\n".join([line[:_CAPPED] for line in lines[:row]])
        sizes.append(len(head) + 1)
        first.append(len(often))
        heads.append("\n".join([head, *later]))
    pages = read_pages(heads)
    number = pages.number + np.array(first, np.int64)[pages.doc]
    size = np.array(sizes, np.int64)
    later_at = pages.start - (pages.offset[:-1] + size)[pages.doc]
    length = np.maximum(np.diff(pages.offset) - size, 1)[pages.doc]
    block = np.where(later_at < 0, 0, 1 + _BLOCKS * later_at // length)
    start = np.array(starts, np.int64)[number] + pages.start - pages.line_start
    return Heads(texts, pages, LineRows(pages), start, np.array(often, np.float64)[number], block, later_at < 0)


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


def _end_of_head(lengths: Sequence[int], size: int) -> int:
    """How many lines the head has. lengths: of the text's lines. size: of the text."""
    enough = min(max(_PROSE[0], _SHARE * size), _PROSE[1])
    end, prose = 0, 0
    for row, length in enumerate(lengths, start=1):
        end += length + 1
        if length >= _PARAGRAPH:
            prose += min(length, _COUNTS)
            if prose >= enough:
                return row
        if end >= _MOST:
            return row
    return len(lengths)


def is_page(text: str) -> bool:
    """Whether short lines that are no sentences stand around the text, as menus and footers do: a body alone has few."""
    stubs = 0
    for line in text[:_COUNTED].split("\n"):
        if 0 < len(line) <= 40 and line[-1] not in ".!?…。！？":
            stubs += not line.isspace()
            if stubs >= _STUBS:
                return True
    return False
