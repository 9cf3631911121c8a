"""Names found again: an automaton over all texts for how names begin, and a trie of words for how they go on.

The Aho-Corasick automaton (Aho and Corasick, Communications of the ACM 18(6), 1975) finds the first words of all names in
one pass over the texts, whatever their number; edges and endings are looked at for all its matches together. What follows
a first word is compared word by word, each in the forms its language gives it. White space within a name may be any white
space of one line, or one line break.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import ahocorasick_rs
import numpy as np
import regex

from corpus_kit.suggest.entities.characters import GAP, LINE_BREAK, WORD, Characters, Ints, is_spaceless, is_word
from corpus_kit.suggest.entities.edges import begins, ends
from corpus_kit.suggest.entities.inflection import LONGEST_ENDING, forms

_PIECES = regex.compile(r"[\w\p{M}]+|\s+|[^\w\p{M}\s]+")
_GAP = regex.compile(r"[^\S\n]+|[^\S\n]*\n[^\S\n]*")
_WORD = regex.compile(r"[\w\p{M}]*")
_AS_IT_IS: frozenset[str] = frozenset(("",))
_Ways = dict[str, list[tuple[int, int]]]
"""Stem of a word → sets of endings, and the node after each."""


class NamePlaces(NamedTuple):
    """Arrays of equal length: `text[start:end]` is the name with that number, in the form it was learned in or another."""

    start: Ints
    end: Ints
    name: Ints


class Lexicon:
    """Names to be found in documents of one language.

    names: distinct, not empty, without white space at their edges; their places are their numbers. rule: a key of
    `inflection.RULES`, "" for one form only.
    """

    def __init__(self, names: Sequence[str], rule: str = "") -> None:
        self.rule = rule
        self._names: list[int] = []  # node → the name that ends there, or -1; a node is some first words of names
        self._words: dict[int, _Ways] = {}
        self._others: dict[int, dict[str, int]] = {}  # node → white space (as " ") or punctuation → next node
        self._sets: dict[frozenset[str], int] = {_AS_IT_IS: 0}
        starts: dict[str, int] = {}
        ways = array("q")  # number of a first stem, set of endings, node, and so on
        nodes: dict[str, int] = {}
        for number, name in enumerate(names):
            self._names[self._grow(starts, ways, nodes, name)] = number
        self._endings = list(self._sets)
        self._automaton = ahocorasick_rs.AhoCorasick(list(starts)) if starts else None
        ordered = np.array(ways, np.int64).reshape(-1, 3)
        ordered = ordered[np.lexsort(ordered.T[::-1])]
        self._first = np.searchsorted(ordered[:, 0], np.arange(len(starts) + 1))
        self._way_set, self._way_node = ordered[:, 1], ordered[:, 2]
        self._name_of = np.array(self._names, np.int64)
        self._goes_on = np.zeros(len(self._names), bool)
        self._goes_on[[*self._words, *self._others]] = True
        only_spaced = [node for node, others in self._others.items() if [*others] == [" "] and node not in self._words]
        self._spaced = np.zeros(len(self._names), bool)
        self._spaced[only_spaced] = True
        self._tails = _Tails(self._endings)

    def find(self, characters: Characters) -> NamePlaces:
        """Every place of every name, overlapping ones too, sorted."""
        if self._automaton is None:
            return NamePlaces(*np.zeros((3, 0), np.int64))
        matches = self._automaton.find_matches_as_indexes(characters.text, overlapping=True)
        told = np.fromiter(chain.from_iterable(matches), np.int64, 3 * len(matches)).reshape(-1, 3)
        pattern, start, end = told[begins(characters, told[:, 1])].T
        # One row for each way that a first stem may be meant.
        count = self._first[pattern + 1] - self._first[pattern]
        row = np.repeat(np.arange(len(pattern)), count)
        way = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + self._first[pattern][row]
        tail, length = self._tails.of(characters, end)
        endings, node = self._way_set[way], self._way_node[way]
        fits = (endings == 0) | self._tails.among[endings, tail[row]]
        row, endings, node = row[fits], endings[fits], node[fits]
        start, at = start[row], end[row] + np.where(endings == 0, 0, length[row])
        further = self._further(characters, start, at, node)
        named = self._name_of[node] >= 0
        found = np.concatenate([np.stack([start, at, self._name_of[node]], 1)[named], further])
        found = found[ends(characters, found[:, 1])]
        found = found[np.lexsort(found.T[::-1])]
        new = np.ones(len(found), bool)
        new[1:] = (found[1:] != found[:-1]).any(1)
        return NamePlaces(*found[new].T)

    def _grow(self, starts: dict[str, int], ways: array[int], nodes: dict[str, int], name: str) -> int:
        """The node where a name ends. A node is its words as they were labelled; their forms are ways to it."""
        pieces = _PIECES.findall(name)
        inflects = bool(self.rule) and any(piece[0].isupper() for piece in pieces)
        node, prefix = -1, "+" if inflects else "-"
        for piece in pieces:
            if piece.isspace():
                piece = " "
            prefix += piece
            known = nodes.get(prefix)
            if known is None:
                known = nodes[prefix] = len(self._names)
                self._names.append(-1)
                word = is_word(piece[0])
                if not word and node >= 0:
                    self._others.setdefault(node, {})[piece] = known
                else:
                    for stem, endings in forms(piece, self.rule) if inflects and word else ((piece, _AS_IT_IS),):
                        way = self._sets.setdefault(endings, len(self._sets))
                        if node >= 0:
                            self._words.setdefault(node, {}).setdefault(stem, []).append((way, known))
                        else:
                            ways.extend((starts.setdefault(stem, len(starts)), way, known))
            node = known
        return node

    def _further(self, characters: Characters, start: Ints, at: Ints, node: Ints) -> Ints:
        """Names that go on from nodes reached at `at`: rows of start, end, name."""
        on = self._goes_on[node] & ~(self._spaced[node] & (characters.kinds[at] & (GAP | LINE_BREAK) == 0))
        found: list[tuple[int, int, int]] = []
        for begin, stop, from_node in zip(start[on].tolist(), at[on].tolist(), node[on].tolist(), strict=True):
            self._follow(characters.text, begin, stop, from_node, found)
        return np.array(found, np.int64).reshape(-1, 3)

    def _follow(self, text: str, start: int, at: int, node: int, found: list[tuple[int, int, int]]) -> None:
        others = self._others.get(node)
        if others is not None:
            for other, then in others.items():
                stop = at + len(other) if text.startswith(other, at) else at
                if other == " " and (stop == at or text[stop].isspace()):  # other white space, or more of it
                    gap = _GAP.match(text, at)
                    stop = gap.end() if gap else at
                if stop > at:
                    self._reached(text, start, stop, then, found)
        words = self._words.get(node)
        if words is not None:
            self._next_word(text, start, at, words, found)

    def _reached(self, text: str, start: int, at: int, node: int, found: list[tuple[int, int, int]]) -> None:
        if self._names[node] >= 0:
            found.append((start, at, self._names[node]))
        if node in self._others or node in self._words:
            self._follow(text, start, at, node, found)

    def _next_word(self, text: str, start: int, at: int, words: _Ways, found: list[tuple[int, int, int]]) -> None:
        word = _WORD.match(text, at)
        stop = word.end() if word else at
        if stop > at and max(text[at:stop]) > "\u0e00" and any(map(is_spaceless, text[at:stop])):
            for stem, ways in words.items():
                if text.startswith(stem, at):
                    for _, then in ways:
                        self._reached(text, start, at + len(stem), then, found)
            return
        for cut in range(min(LONGEST_ENDING, stop - at - 1) + 1):
            inflected = words.get(text[at : stop - cut])
            if inflected is not None:
                for endings, then in inflected:
                    if text[stop - cut : stop] in self._endings[endings]:
                        self._reached(text, start, stop, then, found)


class _Tails:
    """The rests of words as numbers. among[set, tail]: whether a set of endings has it; the last tail is none of them."""

    def __init__(self, sets: Sequence[frozenset[str]]) -> None:
        tails = sorted(set().union(*sets))
        letters = sorted(set("".join(tails)))
        self._letters = np.zeros(1 + max(map(ord, letters), default=0), np.int64)
        self._letters[list(map(ord, letters))] = np.arange(1, len(letters) + 1)
        self._base = len(letters) + 1
        values = {sum(int(self._letters[ord(c)]) * self._base**i for i, c in enumerate(tail)): tail for tail in tails}
        self._values = np.array(sorted(values))
        self.among = np.zeros((len(sets), len(values) + 1), bool)
        for number, endings in enumerate(sets):
            self.among[number, : len(values)] = [values[value] in endings for value in sorted(values)]

    def of(self, characters: Characters, at: Ints) -> tuple[Ints, Ints]:
        """The number and the length of the rest of the word from each place."""
        inside = np.ones(len(at), bool)
        value, length = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
        known = np.ones(len(at), bool)
        for step in range(LONGEST_ENDING + 1):
            place = np.minimum(at + step, len(characters.kinds) - 1)
            inside = inside & (characters.kinds[place] & WORD != 0)
            if not inside.any():
                break
            codes = characters.codes[place]
            letter = np.where(codes < len(self._letters), self._letters.take(codes, mode="clip"), 0)
            known &= ~inside | ((letter > 0) & (step < LONGEST_ENDING))
            value += np.where(inside, letter * self._base**step, 0)
            length += inside
        number = np.minimum(np.searchsorted(self._values, value), len(self._values) - 1)
        return np.where(known & (self._values[number] == value), number, len(self._values)), length
