"""Which sentences of an older text are certain to be which sentences of the current one. Rules: see `carrying`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate

import numpy as np

from corpus_kit.core.offsets.alignment import align, sentences
from corpus_kit.core.offsets.maps import Ints, OffsetMap, Span

WITNESS_LETTERS = 20

_MOST_NEIGHBOURS = 40
_NEARLY = 0.8
_IDEOGRAPHS = "\u2e80"
_NO_LETTERS = re.compile(r"[\W\d_]+")
_DIGITS = re.compile(r"\d+")
_NOWHERE = -1


def mask(text: str) -> str:
    """A text with every number made the same: what stretches are compared by when they are counted."""
    return _DIGITS.sub("0", text)


class SentenceText:
    """A text, its sentences, and how often a stretch occurs in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sentences = sentences(text)
        self.starts: Ints = np.array([s.start for s in self.sentences], dtype=np.int64)
        self.ends: Ints = np.array([s.end for s in self.sentences], dtype=np.int64)
        self._masked = mask(text)
        self._counts: dict[str, int] = {}

    def count(self, masked: str) -> int:
        """How often a masked stretch occurs, overlaps included."""
        if masked not in self._counts:
            count, at = 0, self._masked.find(masked)
            while at >= 0:
                count, at = count + 1, self._masked.find(masked, at + 1)
            self._counts[masked] = count
        return self._counts[masked]

    def like(self, masked: str) -> list[int]:
        """Which sentences have this text, masked."""
        return self._alike.get(masked, [])

    def letters(self, stretch: Span) -> int:
        """Letters in a stretch; an ideograph counts three."""
        letters = _NO_LETTERS.sub("", self.text[stretch.start : stretch.end])
        return len(letters) + 2 * sum(map(_IDEOGRAPHS.__le__, letters))

    def touched(self, span: Span) -> tuple[int, int] | None:
        """First and last index of the sentences a span touches, None if it stands between sentences."""
        first = int(np.searchsorted(self.ends, span.start, side="right"))
        last = int(np.searchsorted(self.starts, span.end, side="left")) - 1
        return (first, last) if first <= last else None

    def stretch(self, first: int, last: int) -> Span:
        """From the start of one sentence to the end of another."""
        return Span(self.sentences[first].start, self.sentences[last].end)

    def whole_lines(self, span: Span) -> Span:
        """The span widened to whole lines, without the last one's line break."""
        end = self.text.find("\n", span.end)
        return Span(self.text.rfind("\n", 0, span.start) + 1, end if end >= 0 else len(self.text))

    def whole_words(self, span: Span) -> Span:
        """The span widened to whole words."""
        start, end = span
        while start > 0 and self.text[start - 1].isalnum():
            start -= 1
        while end < len(self.text) and self.text[end].isalnum():
            end += 1
        return Span(start, end)

    @cached_property
    def masked_lines(self) -> dict[str, int]:
        """Each line, masked, and where it (the last one, if there are several) starts."""
        starts = accumulate((len(line) + 1 for line in self.text.split("\n")), initial=0)
        return dict(zip(self._masked.split("\n"), starts, strict=False))

    @cached_property
    def _alike(self) -> dict[str, list[int]]:
        alike: dict[str, list[int]] = {}
        for i, (start, end) in enumerate(self.sentences):
            alike.setdefault(mask(self.text[start:end]), []).append(i)
        return alike


class Witnesses:
    """Two texts of one document, their alignment, and what is certain about the old one's sentences."""

    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = SentenceText(old), SentenceText(new)
        self.map: OffsetMap = align(old, new)
        self._begins, self._ends = self._edges_in_new()
        self._certain: dict[int, bool] = {}
        self._accounted: dict[str, bool] = {}
        self._rivals: dict[str, list[int]] = {}

    def is_certain(self, i: int) -> bool:
        """Whether the alignment's place for the i-th old sentence is witnessed to be the same occurrence."""
        if i not in self._certain:
            self._certain[i] = self._is_witnessed(i)
        return self._certain[i]

    def is_witness(self, stretch: Span) -> bool:
        """Whether a stretch is long enough and occurs once in both texts, digits ignored; not: where it stands."""
        return self.old.letters(stretch) >= WITNESS_LETTERS and self._once_in_both(stretch)

    def added_before(self) -> int | None:
        """How much was put before the old text, where all of it is in the new one, once and as whole lines; else None."""
        old, new = self.old.text, self.new.text
        at = new.find(old)
        if not old or at < 0:
            return None
        end = at + len(old)
        whole_lines = (at == 0 or new[at - 1] == "\n") and (end == len(new) or "\n" in (new[end], new[end - 1]))
        enough = self.old.letters(Span(0, len(old))) >= WITNESS_LETTERS
        return at if whole_lines and enough and new.find(old, at + 1) < 0 else None

    def may_be_copied(self, stretch: Span) -> bool:
        """Whether a sentence in the stretch is more frequent in the new text than in the old one."""
        first, last = self.old.touched(stretch) or (0, -1)
        parts = {self._masked(s) for s in self.old.sentences[first : last + 1]}
        return any(self.new.count(part) > self.old.count(part) for part in parts)

    def has_rival(self, span: Span, place: Span) -> bool:
        """Whether a line new in the new text is nearly like the span's first or last line, but not at its place."""
        own = self.new.whole_lines(place)
        ends = (self.old.whole_lines(Span(edge, edge)) for edge in span)
        return any(not own.start <= rival <= own.end for line in ends for rival in self._rivals_of(line))

    def _rivals_of(self, line: Span) -> list[int]:
        """Starts of the new lines that are nearly like an old one; a short line has none."""
        text = self._masked(line)
        if text not in self._rivals:
            long_enough = self.old.letters(line) >= WITNESS_LETTERS
            others = self._new_lines.items() if long_enough else ()
            self._rivals[text] = [start for other, start in others if self._may_come_from(text, other)]
        return self._rivals[text]

    def _may_come_from(self, line: str, other: str) -> bool:
        """Whether a new line is nearly like an old one, and not at least as like one that is gone."""
        from rapidfuzz.distance import Indel

        likeness = Indel.normalized_similarity(line, other, score_cutoff=_NEARLY)
        if likeness < _NEARLY:
            return False
        return not any(Indel.normalized_similarity(gone, other, score_cutoff=likeness) for gone in self._gone_lines)

    @cached_property
    def _new_lines(self) -> dict[str, int]:
        before = self.old.masked_lines
        return {line: start for line, start in self.new.masked_lines.items() if line not in before}

    @cached_property
    def _gone_lines(self) -> list[str]:
        return [line for line in self.old.masked_lines if line not in self.new.masked_lines]

    def has_sentence_edges(self, place: Span) -> bool:
        """Whether a span of the new text starts where a sentence starts and ends where one ends."""
        touched = self.new.touched(place)
        return touched is not None and self.new.stretch(*touched) == place

    def _edges_in_new(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """For each old sentence where it starts, and ends, in the new text, with the chapter of the map.

        (-1, -1) where the alignment has no place for it, or no sentence of the new text starts (ends) there.
        """
        begins, begin_chapters = self.map.place_starts(self.old.starts)
        ends, end_chapters = self.map.place_ends(self.old.ends)
        begins = np.where(np.isin(begins, self.new.starts), begins, _NOWHERE)
        ends = np.where(np.isin(ends, self.new.ends), ends, _NOWHERE)
        return (
            list(zip(begins.tolist(), begin_chapters.tolist(), strict=True)),
            list(zip(ends.tolist(), end_chapters.tolist(), strict=True)),
        )

    def _is_witnessed(self, i: int) -> bool:
        if not self._stands(i, i):
            return False
        own = self.old.sentences[i]
        if self.is_witness(own):
            return True
        left, right = self._side_vouches(i, left=True), self._side_vouches(i, left=False)
        if self._once_in_both(own):
            return left or right
        if left and right:
            return True
        if not (left or right) or self._is_cut_off(i, left=not left):
            return False
        return self._all_like_it_stand(self._masked(own))

    def _is_cut_off(self, i: int, *, left: bool) -> bool:
        """Whether something was put between a sentence and its old neighbour on this side, which still stands."""
        j = i - 1 if left else i + 1
        if not 0 <= j < len(self.old.sentences) or not self._stands(j, j):
            return False
        first, last = (j, i) if left else (i, j)
        if not self._stands(first, last):
            return True
        begins = [self._begins[first][0], self._begins[last][0]]
        one, other = np.searchsorted(self.new.starts, begins).tolist()
        return bool(other - one != 1)

    def _all_like_it_stand(self, masked: str) -> bool:
        """Whether both texts have the sentence equally often and each old occurrence has a witness on some side."""
        if masked not in self._accounted:
            alike = self.old.like(masked)
            counts = {len(alike), len(self.new.like(masked)), self.old.count(masked), self.new.count(masked)}
            self._accounted[masked] = len(counts) == 1 and all(
                self._side_vouches(i, left=True) or self._side_vouches(i, left=False) for i in alike
            )
        return self._accounted[masked]

    def _side_vouches(self, i: int, *, left: bool) -> bool:
        """Whether the sentence and enough neighbours on one side are a witness."""
        for first, last, at_edge in self._growing(i, left=left):
            if not self._stands(first, last):
                return False
            if at_edge:
                here, there = (self._begins[0], self.new.starts[0]) if left else (self._ends[-1], self.new.ends[-1])
                return here[0] == int(there)
            if self.is_witness(self.old.stretch(first, last)):
                return True
        return False

    def _growing(self, i: int, *, left: bool) -> Iterator[tuple[int, int, bool]]:
        """First and last sentence with one neighbour on this side, two, …; True when the text's edge is reached."""
        first = last = i
        final = len(self.old.sentences) - 1
        for _ in range(_MOST_NEIGHBOURS):
            if (first == 0) if left else (last == final):
                yield first, last, True
                return
            first, last = (first - 1, last) if left else (first, last + 1)
            yield first, last, False

    def _stands(self, first: int, last: int) -> bool:
        """Whether these sentences stand in the new text in one piece, and as whole sentences."""
        (begin, chapter), (end, same_chapter) = self._begins[first], self._ends[last]
        return begin >= 0 and end >= 0 and chapter == same_chapter

    def _once_in_both(self, stretch: Span) -> bool:
        masked = self._masked(stretch)
        return self.old.count(masked) == self.new.count(masked) == 1

    def _masked(self, stretch: Span) -> str:
        return mask(self.old.text[stretch.start : stretch.end])
