"""Alignment of an older text with the current one: lines, then sentences, then words, each only inside what differs.

Every level is a longest common subsequence of whole lines (sentences, words), found by rapidfuzz's bit-parallel LCS on
integer ids (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004). Why this library: decision 005.
The result is monotone: of two paragraphs that changed places, only one is kept here. `project_spans` deals with the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from corpus_kit.core.offsets.coordinates import code_points
from corpus_kit.core.offsets.maps import OffsetMap, Span

Piece = tuple[int, int, int]

# The LCS keeps one bit per pair: this is 25 MB. A larger region is left unaligned; it takes some 14,000 changed lines.
_MOST_PAIRS = 200_000_000
# Words are matched only between passages that are versions of each other; between strangers "the" would match "the".
_RELATED = 0.5

_LINE = re.compile(r"[^\n]+")
_WORD = re.compile(r"\w+|\s|[^\w\s]")
# A sentence ends at its mark, with closing quotes, before a space; in scripts that write no space, at the mark itself.
_SENTENCE_END = re.compile(r"""(?<![.!?…؟।])[.!?…؟।]++["'”’»)\]]*+(?=\s)|[。！？]+[」』”）]*""")
_ABBREVIATED = re.compile(r"(?:^|[^\w])([^\W\d]\w{0,2})\.$")
_LIST_NUMBER = re.compile(r"\s*\d{1,3}\.")


def sentences(text: str) -> list[Span]:
    """The sentences of a text, in order, without the white space between them; a line break always ends one.

    A heuristic that looks at nothing but the end mark and the words on both sides of it, so unchanged text is cut the
    same way wherever it stands. An abbreviation (three letters at most, the first a capital) ends no sentence, nor does
    the number of a list item.
    """
    return [span for line in _LINE.finditer(text) for span in _sentences_of_line(text, line.start(), line.end())]


def align(old: str, new: str) -> OffsetMap:
    """The map old → new: what is equal in both, in order; everything else is deleted or inserted. Always exact.

    Deterministic and symmetric in cost; neither text is rounded, normalised or case-folded.
    """
    if old == new:
        return OffsetMap.identity(len(old))
    head, tail = _common_lines(old, new)
    pieces: list[Piece] = [(0, 0, head)]
    _align_between(old, new, (head, len(old) - tail), (head, len(new) - tail), 0, pieces)
    pieces.append((len(old) - tail, len(new) - tail, tail))
    return OffsetMap.from_equal(len(old), len(new), pieces)


def _common_lines(old: str, new: str) -> tuple[int, int]:
    """Lengths of the whole lines that both texts begin and end with, not overlapping."""
    a, b = code_points(old), code_points(new)
    shorter = min(len(a), len(b))
    unequal = np.flatnonzero(a[:shorter] != b[:shorter])
    same = int(unequal[0]) if len(unequal) else shorter
    head = old.rfind("\n", 0, same) + 1
    rest = shorter - head
    unequal = np.flatnonzero(a[len(a) - rest :][::-1] != b[len(b) - rest :][::-1])
    same = int(unequal[0]) if len(unequal) else rest
    line_break = old.find("\n", len(old) - same)
    return head, len(old) - line_break - 1 if line_break >= 0 else 0


def _align_between(
    old: str, new: str, of: tuple[int, int], to: tuple[int, int], level: int, pieces: list[Piece]
) -> None:
    """Append what old[of] and new[to] have in common, at this level and the finer ones."""
    if of[0] == of[1] or to[0] == to[1]:
        return
    if old[slice(*of)] == new[slice(*to)]:
        pieces.append((of[0], to[0], of[1] - of[0]))
        return
    if level == len(_LEVELS):
        return
    units, others = _LEVELS[level](old, *of), _LEVELS[level](new, *to)
    matches = list(_common_units(old, new, units, others))
    if level == len(_LEVELS) - 1 and not _related(units, others, matches):
        return
    o, n = of[0], to[0]
    for i, j in matches:
        (start, end), (new_start, new_end) = units[i], others[j]
        _align_between(old, new, (o, start), (n, new_start), level + 1, pieces)
        pieces.append((start, new_start, end - start))
        o, n = end, new_end
    _align_between(old, new, (o, of[1]), (n, to[1]), level + 1, pieces)


def _common_units(old: str, new: str, units: Sequence[Span], others: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """Index pairs of a longest common subsequence of the units' texts."""
    if not units or not others or len(units) * len(others) > _MOST_PAIRS:
        return
    from rapidfuzz.distance import LCSseq  # here: it takes as long to load as pyarrow, and few processes align anything

    ids: dict[str, int] = {}
    left = [ids.setdefault(old[s:e], len(ids)) for s, e in units]
    right = [ids.setdefault(new[s:e], len(ids)) for s, e in others]
    for block in LCSseq.opcodes(left, right).as_matching_blocks():
        yield from ((block.a + k, block.b + k) for k in range(block.size))


def _related(units: Sequence[Span], others: Sequence[Span], matches: Sequence[tuple[int, int]]) -> bool:
    """Whether the matched words make up enough of the shorter passage."""
    kept = sum(units[i].end - units[i].start for i, _ in matches)
    shorter = min(sum(e - s for s, e in units), sum(e - s for s, e in others))
    return kept >= _RELATED * shorter


def _lines_between(text: str, start: int, end: int) -> list[Span]:
    return [Span(*m.span()) for m in _LINE.finditer(text, start, end)]


def _sentences_between(text: str, start: int, end: int) -> list[Span]:
    lines = _LINE.finditer(text, start, end)
    return [span for line in lines for span in _sentences_of_line(text, line.start(), line.end())]


def _words_between(text: str, start: int, end: int) -> list[Span]:
    return [Span(*m.span()) for m in _WORD.finditer(text, start, end)]


def _sentences_of_line(text: str, start: int, end: int) -> Iterator[Span]:
    line = text[start:end]
    begin = 0
    for mark in _SENTENCE_END.finditer(line):
        after = line[mark.end() : mark.end() + 2].lstrip()
        if after and not after[0].islower() and not _ends_nothing(line[begin : mark.end()]):
            yield from _stripped(line, begin, mark.end(), start)
            begin = mark.end()
    yield from _stripped(line, begin, len(line), start)


def _ends_nothing(sentence: str) -> bool:
    if _LIST_NUMBER.fullmatch(sentence):
        return True
    found = _ABBREVIATED.search(sentence[-5:])
    return found is not None and found[1][0].isupper()


def _stripped(line: str, begin: int, end: int, offset: int) -> Iterator[Span]:
    part = line[begin:end]
    start = begin + len(part) - len(part.lstrip())
    stop = begin + len(part.rstrip())
    if start < stop:
        yield Span(offset + start, offset + stop)


_LEVELS: tuple[Callable[[str, int, int], list[Span]], ...] = (_lines_between, _sentences_between, _words_between)
