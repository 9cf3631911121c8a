"""What stands around a mention and says whether it is part of a longer name: small facts, in any language.

All mentions of some texts are looked at together: each fact is an array over the mentions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from corpus_kit.suggest.entities.characters import BLANK, DIGIT, GAP, SPACE, UPPER, WORD, Bools, Characters, Ints

FEATURES = (
    "inflected", "in_boilerplate", "after_capital", "after_first_word", "after_linked_capital", "after_number",
    "after_lower", "before_capital", "before_linked_capital", "before_number", "before_lower", "possessive",
    "with_digits", "one_word", "no_capital", "beside_name_word",
)  # fmt: skip
"""Of a mention; each holds or not. Linked: with one short word between (`Bank of`, `Banco de`). A name word is one that
stands on that side of others in a longer name that people labelled (`Treaty`, `Consortium`)."""
BESIDE = 1 << len(FEATURES) - 1
"""The last feature as a bit."""

SHORT = 3
_STEM = 6
_REACH = 48
_FAR = 4 * _REACH
_APOSTROPHES = (ord("'"), ord("’"))
_S = (ord("s"), ord("S"))


@dataclass(frozen=True, slots=True)
class ContextWords:
    """A word for each mention, where there is one. begin, end: places in the text, cut where the reach ends."""

    there: Bools
    begin: Ints
    end: Ints


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around some mentions. facts: bit i is feature i, but for the last, which `keys` decides. left, right:
    the words beside them that say something."""

    facts: Ints
    left: ContextWords
    right: ContextWords

    def keys(self, text: str) -> Iterator[tuple[str, ...]]:
        """For each mention the keys of the words beside it (see `word_key`)."""
        sides = (
            zip(words.there.tolist(), words.begin.tolist(), words.end.tolist(), strict=True)
            for words in (self.left, self.right)
        )
        for (before, b, e), (after, s, t) in zip(*sides, strict=True):
            yield ((word_key(text[b:e], "<"),) if before else ()) + ((word_key(text[s:t], ">"),) if after else ())


def around(characters: Characters, start: Ints, end: Ints, inflected: Bools, in_boilerplate: Bools) -> Around:
    """Of mentions `characters.text[start:end]`, none of them empty."""
    kinds, codes = characters.kinds, characters.codes
    within = np.bitwise_or.reduceat(kinds, np.stack([start, end], 1).ravel())[::2] if len(start) else start
    possessive = np.isin(codes[end], _APOSTROPHES) & np.isin(codes[end + 1], _S)
    begins, stops = _words(kinds)
    left, before = _left(kinds, start, begins, stops)
    right, after = _right(kinds, end, begins, stops)
    holds = (
        inflected, in_boilerplate, *left, *right, possessive,
        within & DIGIT != 0, within & SPACE == 0, within & UPPER == 0,
    )  # fmt: skip
    facts = np.zeros(len(start), np.int64)
    for i, one in enumerate(holds):
        facts |= one.astype(np.int64) << i
    return Around(facts, before, after)


@lru_cache(maxsize=1 << 14)
def holding(facts: int) -> tuple[int, ...]:
    """The numbers of the features whose bits are set."""
    return tuple(i for i in range(len(FEATURES)) if facts >> i & 1)


def word_key(word: str, side: str) -> str:
    """A word as it is compared: its first letters, small, so that most of its forms are one.

    side: `<` for a word before something, `>` for one after something.
    """
    return side + word.casefold()[:_STEM]


def _words(kinds: Ints) -> tuple[Ints, Ints]:
    """Begins and ends of all words, with two beyond reach on either side."""
    inside = kinds & WORD != 0
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1  # blank lines at both ends: edges come in pairs
    first, last = [-3 * _FAR, -2 * _FAR], [len(kinds) + 2 * _FAR, len(kinds) + 3 * _FAR]
    begins = np.concatenate([first, edges[::2], last])
    return begins, np.concatenate([np.array(first) + 1, edges[1::2], np.array(last) + 1])


def _left(kinds: Ints, start: Ints, begins: Ints, stops: Ints) -> tuple[tuple[Bools, ...], ContextWords]:
    """After a capital, the first word of a sentence, a linked capital, a number, small letters; and the words there."""
    reach = start - _REACH
    k = np.searchsorted(stops, start, "right") - 1
    there = (stops[k] > reach) & _only(kinds, GAP, stops[k], start)
    begin = np.maximum(begins[k], reach)
    short = stops[k] - begin <= SHORT
    k = np.maximum(k - 1, 0)
    seen = there & (stops[k] > reach)
    follows = seen & _only(kinds, BLANK, stops[k], begin)
    further = seen & short & _only(kinds, GAP, stops[k], begin)
    further_begin = np.maximum(begins[k], reach)
    capital, number = there & _is(kinds, UPPER, begin), there & _is(kinds, DIGIT, begin)
    linked = further & ~capital & _is(kinds, UPPER, further_begin)
    lower = there & ~capital & ~linked & ~number
    words = ContextWords(
        np.where(short, further, there),
        np.where(short, further_begin, begin),
        np.where(short, stops[k], stops[np.minimum(k + 1, len(stops) - 1)]),
    )
    return (capital & follows, capital & ~follows, linked, number & ~capital, lower), words


def _right(kinds: Ints, end: Ints, begins: Ints, stops: Ints) -> tuple[tuple[Bools, ...], ContextWords]:
    """Before a capital, a linked capital, a number, small letters; and the words there."""
    reach = end + _REACH
    m = np.searchsorted(begins, end, "left")
    there = (begins[m] < reach) & _only(kinds, GAP, end, begins[m])
    stop = np.minimum(stops[m], reach)
    short = stop - begins[m] <= SHORT
    further = there & (begins[m + 1] < reach) & _only(kinds, GAP, stops[m], begins[m + 1])
    capital, number = there & _is(kinds, UPPER, begins[m]), there & _is(kinds, DIGIT, begins[m])
    linked = short & further & ~capital & _is(kinds, UPPER, begins[m + 1])
    lower = there & ~(capital | number | linked)
    words = ContextWords(
        np.where(short, further, there),
        np.where(short, begins[m + 1], begins[m]),
        np.where(short, np.minimum(stops[m + 1], reach), stop),
    )
    return (capital, linked, number, lower), words


def _is(kinds: Ints, kind: int, at: Ints) -> Bools:
    told: Bools = kinds.take(at, mode="clip") & kind != 0
    return told


def _only(kinds: Ints, kind: int, begin: Ints, end: Ints) -> Bools:
    """Whether there is something between two places, not beyond reach, and all of it is of a kind."""
    length = end - begin
    only = (length > 0) & (length <= _REACH)
    for step in range(_REACH):
        further = only & (length > step)
        if not further.any():
            break
        only &= ~further | _is(kinds, kind, begin + step)
    return only
