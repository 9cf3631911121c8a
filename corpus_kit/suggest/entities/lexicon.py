"""Names found again: an automaton over all texts for how names begin, and a trie of words for how they go on.

The Aho-Corasick automaton (Aho and Corasick, Communications of the ACM 18(6), 1975) finds the first words of all names in
one pass over a text, whatever their number; what follows is compared word by word, each word in the forms its language
gives it. White space within a name may be any white space of one line, or one line break.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import ahocorasick_rs
import regex

from corpus_kit.suggest.entities.edges import begins, is_spaceless, is_word, whole_words
from corpus_kit.suggest.entities.inflection import LONGEST_ENDING, forms

_PIECES = regex.compile(r"[\w\p{M}]+|\s+|[^\w\p{M}\s]+")
_GAP = regex.compile(r"[^\S\n]+|[^\S\n]*\n[^\S\n]*")
_WORD = regex.compile(r"[\w\p{M}]*")
_AS_IT_IS: frozenset[str] = frozenset(("",))


class Found(NamedTuple):
    """`text[start:end]` is the name with that number, in the form it was learned in or another one."""

    start: int
    end: int
    name: int


@dataclass(slots=True)
class _Node:
    """What may follow some first words of names.

    words: stem → (endings, node after it). others: white space (as " ") or punctuation → node. name: the number of the
    name that ends here, or -1.
    """

    words: dict[str, list[tuple[frozenset[str], _Node]]] = field(default_factory=dict)
    others: dict[str, _Node] = field(default_factory=dict)
    name: int = -1


class Lexicon:
    """Names to be found in documents of one language.

    names: distinct, not empty, without white space at their edges; their places are their numbers. rule: a key of
    `inflection.RULES`, "" for one form only.
    """

    def __init__(self, names: Sequence[str], rule: str = "") -> None:
        self.rule = rule
        starts: dict[str, list[tuple[frozenset[str], _Node]]] = {}
        nodes: dict[tuple[str, ...], _Node] = {}
        for number, name in enumerate(names):
            self._grow(starts, nodes, name).name = number
        self._starts = list(starts.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(starts)) if starts else None

    def find(self, text: str) -> list[Found]:
        """Every place of every name, overlapping ones too, sorted."""
        if self._automaton is None:
            return []
        found: set[Found] = set()
        for pattern, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if not begins(text, start):
                continue
            tail = None
            for endings, node in self._starts[pattern]:
                if endings is _AS_IT_IS:
                    _follow(text, start, end, node, found)
                    continue
                if tail is None:
                    tail = _tail(text, end)
                if tail in endings:
                    _follow(text, start, end + len(tail), node, found)
        return sorted(found)

    def _grow(
        self, starts: dict[str, list[tuple[frozenset[str], _Node]]], nodes: dict[tuple[str, ...], _Node], name: str
    ) -> _Node:
        """The node where a name ends. A node is its words as they were labelled; their forms are ways to it."""
        pieces = tuple(" " if piece.isspace() else piece for piece in _PIECES.findall(name))
        inflects = bool(self.rule) and any(piece[0].isupper() for piece in pieces)
        node = _Node()
        for number, piece in enumerate(pieces):
            prefix = (*pieces[: number + 1], "~" if inflects else "")
            known = nodes.get(prefix)
            if known is None:
                known = nodes[prefix] = _Node()
                ways: tuple[tuple[str, frozenset[str]], ...] = ((piece, _AS_IT_IS),)
                if not is_word(piece[0]):
                    if number:
                        node.others[piece] = known
                        ways = ()
                elif inflects:
                    ways = forms(piece, self.rule)
                table = node.words if number else starts
                for stem, endings in ways:
                    table.setdefault(stem, []).append((_AS_IT_IS if endings == _AS_IT_IS else endings, known))
            node = known
        return node


def _follow(text: str, start: int, at: int, node: _Node, found: set[Found]) -> None:
    """From a node reached at `at`: all names that end there or further on."""
    if node.name >= 0 and whole_words(text, start, at):
        found.add(Found(start, at, node.name))
    if at == len(text):
        return
    for other, then in node.others.items():
        if other != " ":
            if text.startswith(other, at):
                _follow(text, start, at + len(other), then, found)
        elif gap := _GAP.match(text, at):
            _follow(text, start, gap.end(), then, found)
    if node.words:
        _next_word(text, start, at, node, found)


def _next_word(text: str, start: int, at: int, node: _Node, found: set[Found]) -> None:
    word = _WORD.match(text, at)
    stop = word.end() if word else at
    if any(map(is_spaceless, text[at:stop])):
        for stem, ways in node.words.items():
            if text.startswith(stem, at):
                for _, then in ways:
                    _follow(text, start, at + len(stem), then, found)
        return
    for cut in range(min(LONGEST_ENDING, stop - at - 1) + 1):
        for endings, then in node.words.get(text[at : stop - cut], ()):
            if text[stop - cut : stop] in endings:
                _follow(text, start, stop, then, found)


def _tail(text: str, at: int) -> str:
    """The rest of the word from `at`; a piece of it where it is longer than any ending."""
    stop, size = at, min(len(text), at + LONGEST_ENDING + 1)
    while stop < size and is_word(text[stop]):
        stop += 1
    return text[at:stop]
