"""Salted hashes of a text's sentences with their places: enough to find unchanged sentences in an edited copy, not the text.

Sentences do not overlap, so a hash can only be guessed a whole sentence at a time; the salt differs from release to release.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_SENTENCE = re.compile(r"[^\n]*?(?:(?<![.!?…])[.!?…]++[\"'»”’)\]]*+(?=\s)|[。！？]+|(?=\n)|\Z)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """start, end: code points in the text, end-exclusive. shingle: 16 hexadecimal digits."""

    start: int
    end: int
    shingle: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A stretch of the old text that stands unchanged in the new one, `shift` code points later."""

    start: int
    end: int
    shift: int


def sentences(text: str, salt: str) -> list[Sentence]:
    """The sentences of a text without the white space around them; blank ones are left out."""
    made = []
    for match in _SENTENCE.finditer(text):
        words = match[0].strip()
        if words:
            start = match.start() + match[0].index(words[0])
            digest = hashlib.sha256(f"{salt}\x1f{words}".encode("utf-8", "surrogatepass")).hexdigest()
            made.append(Sentence(start, start + len(words), digest[:16]))
    return made


def unchanged(old: Sequence[Sentence], new: Sequence[Sentence]) -> list[Moved]:
    """Where the sentences of an old text stand in a new one, in order.

    A sentence that is in each text once is an anchor; anchors that cross are decided by the longest increasing chain.
    Sentences that repeat count only where they touch an anchor or such a neighbour: where copies came or went, no one can
    tell which is which.
    """
    anchors = _increasing(_unique_pairs(old, new))
    pairs = set(anchors)
    bounds = [(-1, -1), *anchors, (len(old), len(new))]
    for (i, j), (next_i, next_j) in pairwise(bounds):
        pairs.update(_repeated(old, new, range(i + 1, next_i), range(j + 1, next_j)))
    return [
        Moved(old[i].start, old[i].end, new[j].start - old[i].start)
        for i, j in sorted(pairs)
        if new[j].end - new[j].start == old[i].end - old[i].start
    ]


def _unique_pairs(old: Sequence[Sentence], new: Sequence[Sentence]) -> list[tuple[int, int]]:
    there: dict[str, list[int]] = defaultdict(list)
    for j, one in enumerate(new):
        there[one.shingle].append(j)
    times: dict[str, int] = defaultdict(int)
    for one in old:
        times[one.shingle] += 1
    return [
        (i, there[one.shingle][0])
        for i, one in enumerate(old)
        if times[one.shingle] == 1 and len(there[one.shingle]) == 1
    ]


def _increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest chain of pairs whose second numbers increase (patience sorting)."""
    from bisect import bisect_left

    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for at, (_, j) in enumerate(pairs):
        place = bisect_left(tops, j)
        before.append(ends[place - 1] if place else -1)
        if place == len(tops):
            tops.append(j)
            ends.append(at)
        else:
            tops[place], ends[place] = j, at
    chain = []
    at = ends[-1] if ends else -1
    while at >= 0:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


def _repeated(old: Sequence[Sentence], new: Sequence[Sentence], here: range, there: range) -> list[tuple[int, int]]:
    """Pairs of repeated sentences in the gap between two anchors: those that follow the first or lead to the second.

    Where both directions claim the same sentence for different ones, neither counts.
    """
    forward = []
    for i, j in zip(here, there, strict=False):
        if old[i].shingle != new[j].shingle:
            break
        forward.append((i, j))
    backward = []
    for i, j in zip(reversed(here), reversed(there), strict=False):
        if old[i].shingle != new[j].shingle:
            break
        backward.append((i, j))
    pairs = sorted({*forward, *backward})
    lefts, rights = [i for i, _ in pairs], [j for _, j in pairs]
    return [(i, j) for i, j in pairs if lefts.count(i) == 1 and rights.count(j) == 1]
