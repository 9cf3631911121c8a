"""From scores to spans: which lines go together, what must stay, and what is left."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from corpus_kit.core.lines.pages import F64, I64, Bool, Pages
from corpus_kit.suggest.boilerplate.records import LABELS, BoilerplateSpan, LineScore

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """Rows of a batch with their verdicts.

    start, end: code points in the row's own text. chance: of being boilerplate. kinds: numbers in `LABELS`.
    doc: number of the row's text; first: row range of text d is first[d]:first[d + 1].
    """

    start: I64
    end: I64
    chance: F64
    kinds: I64
    words: F64
    doc: I64
    first: I64

    def lines(self) -> list[list[LineScore]]:
        """Every row as a record, per text."""
        columns = (self.start.tolist(), self.end.tolist(), self.chance.tolist(), self.kinds.tolist())
        flat = [LineScore(s, e, p, LABELS[k]) for s, e, p, k in zip(*columns, strict=True)]
        return [flat[low:high] for low, high in pairwise(self.first.tolist())]

    def spans(self, threshold: float) -> list[list[BoilerplateSpan]]:
        """Neighbouring rows of one kind at `threshold` or above; never all rows of a text that hold words."""
        marked = self._marked(threshold)
        n = len(marked)
        opens = np.ones(n, bool)
        opens[1:] = (self.kinds[1:] != self.kinds[:-1]) | (self.doc[1:] != self.doc[:-1]) | ~marked[:-1]
        low = np.flatnonzero(opens & marked)
        closes = np.ones(n, bool)
        closes[:-1] = opens[1:] | ~marked[1:]
        high = np.flatnonzero(closes & marked) + 1
        out: list[list[BoilerplateSpan]] = [[] for _ in range(len(self.first) - 1)]
        # Chances come in millionths and words in halves: counted in those, sums are whole, and no company changes them.
        weight = np.rint(2.0 * (self.words + 1.0)).astype(np.int64)
        weighed = np.rint(1e6 * self.chance).astype(np.int64) * weight
        weights, sums = (np.concatenate(([0], np.cumsum(each))) for each in (weight, weighed))
        score = (sums[high] - sums[low]) / (weights[high] - weights[low]) / 1e6
        columns = (self.doc[low], self.start[low], self.end[high - 1], self.kinds[low], score)
        for doc, start, end, kind, mean in zip(*(column.tolist() for column in columns), strict=True):
            out[doc].append(BoilerplateSpan(start, end, LABELS[kind], round(mean, 6)))
        return out

    def _marked(self, threshold: float) -> Bool:
        marked = self.chance >= threshold
        kept = np.bincount(self.doc[~marked & (self.words > 0)], minlength=len(self.first) - 1)
        for d in np.flatnonzero(kept == 0).tolist():
            low, high = int(self.first[d]), int(self.first[d + 1])
            if high > low:
                run = _best_run(self.chance[low:high], self.words[low:high])
                marked[low + run.start : low + run.stop] = False
        return marked


def _best_run(chance: F64, words: F64) -> range:
    """The run that is most like content when nothing is enough like it: better than half as good as the best line."""
    content = np.where(words > 0, 1.0 - chance, 0.0)
    gain = (content - 0.5 * content.max()) * (words + 1.0)
    best, low, high, total, begin = -1.0, 0, 1, 0.0, 0
    for at, value in enumerate(gain.tolist()):
        if total <= 0:
            total, begin = 0.0, at
        total += value
        if total > best:
            best, low, high = total, begin, at + 1
    return range(low, high)


def main_text(text: str, suggestions: Sequence[BoilerplateSpan]) -> list[tuple[int, int]]:
    """The spans of `text` no suggestion covers, in order, without the spaces around them; empty ones are left out."""
    edges = [0]
    for one in sorted(suggestions, key=lambda s: (s.start, s.end)):
        edges.extend((max(one.start, edges[-1]), max(one.end, edges[-1])))
    edges.append(len(text))
    kept = []
    for low, high in zip(edges[0::2], edges[1::2], strict=True):
        part = text[low:high]
        bare = part.strip()
        if bare:
            start = low + len(part) - len(part.lstrip())
            kept.append((start, start + len(bare)))
    return kept


def find_headlines(
    texts: Sequence[str],
    headlines: Sequence[str | None],
    pages: Pages,
    words: F64,
    places: Sequence[int | None] | None = None,
) -> tuple[Bool, Bool]:
    """Flags for the row that is the text's headline, and for later rows that repeat it.

    places: of each text, where its headline begins, where that is known; else the first row that reads like it counts.
    """
    first, again = np.zeros(pages.n_rows, bool), np.zeros(pages.n_rows, bool)
    for d, headline in enumerate(headlines):
        told = set(_WORD.findall(headline.lower())) if headline else set()
        if not told:
            continue
        low, high = int(pages.first[d]), int(pages.first[d + 1])
        place = places[d] if places is not None else None
        if place is not None and low < high:
            row = low + int(np.searchsorted(pages.start[low:high], pages.offset[d] + place, side="right")) - 1
            if row >= low:  # what stands above the headline and reads like it is left to its own score
                first[row] = True
                low = row + 1
        size, length = len(_WORD.findall(headline or "")), len((headline or "").strip())
        # In scripts without spaces a headline is a single word to the pattern, so length in characters counts too.
        by_words = np.abs(words[low:high] - size) <= max(2, size // 4)
        by_length = np.abs(pages.end[low:high] - pages.start[low:high] - length) <= max(2, length // 8)
        near = low + np.flatnonzero(by_words | by_length)
        found = [
            row
            for row in near.tolist()
            if _alike(told, texts[d][pages.start[row] - pages.offset[d] : pages.end[row] - pages.offset[d]])
        ]
        if place is None:
            first[found[:1]] = True
            found = found[1:] if found and (len(told) > 2 or words[found[0]] > 2) else []
        again[found] = True
    return first, again


def _alike(told: set[str], line: str) -> bool:
    other = set(_WORD.findall(line.lower()))
    return len(told & other) >= 0.8 * len(told | other)
