"""Names that people labelled, suggested wherever else they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from operator import eq
from typing import NamedTuple

import numpy as np

from corpus_kit.suggest.entities.calibration import Calibration
from corpus_kit.suggest.entities.characters import Bools, Characters, Ints
from corpus_kit.suggest.entities.context import BESIDE, Around, around, holding
from corpus_kit.suggest.entities.inflection import rule_of
from corpus_kit.suggest.entities.lexicon import Lexicon, NamePlaces
from corpus_kit.suggest.entities.records import Name, Place, Suggestion, without_overlaps

AT_ONCE = 1 << 18
"""Code points of texts that are looked at together: about 10 MB of arrays."""


class TextToLabel(NamedTuple):
    """A text to make suggestions for. taken: places to leave alone. boilerplate: spans that are no article; people seldom
    label names there."""

    text: str
    language: str
    taken: Sequence[Place] = ()
    boilerplate: Sequence[Place] = ()


class Propagation:
    """Suggests the names it knows. words: keys of words within longer names. threshold: the probability from
    which a mention is suggested."""

    def __init__(self, names: Sequence[Name], words: Set[str], calibration: Calibration, threshold: float) -> None:
        self.names, self.words, self.calibration, self.threshold = list(names), words, calibration, threshold
        self._surfaces = [name.surface for name in names]
        self._mentions = np.array([name.mentions for name in names], np.int64)
        counts = {(name.labelled, name.mentions): 0 for name in names}
        self._counts = list(counts)
        numbers = {one: number for number, one in enumerate(self._counts)}
        self._counts_of = np.array([numbers[name.labelled, name.mentions] for name in names], np.int64)
        self._lexicons: dict[str, Lexicon] = {}

    def suggest(self, pages: Sequence[TextToLabel]) -> list[list[Suggestion]]:
        """Names in each text, none overlapping another or what is taken: the longest first, then the surest, then the
        first."""
        made: list[list[Suggestion]] = [[] for _ in pages]
        for rule, numbers in _together(pages):
            some = [pages[number] for number in numbers]
            for number, found in zip(numbers, self._found(rule, some), strict=True):
                made[number] = found
        return made

    def lexicon(self, rule: str) -> Lexicon:
        """The names in the forms they have by a rule of `inflection`."""
        if rule not in self._lexicons:
            self._lexicons[rule] = Lexicon(self._surfaces, rule)
        return self._lexicons[rule]

    def _found(self, rule: str, pages: Sequence[TextToLabel]) -> Iterator[list[Suggestion]]:
        characters = Characters([page.text for page in pages])
        places, same = self._ranked(characters.text, self.lexicon(rule).find(characters))
        clutter = np.zeros(len(characters.text), bool)
        for begin, page in zip(characters.begins.tolist(), pages, strict=True):
            for s, e in page.boilerplate:
                clutter[begin + s : begin + e] = True
        facts = around(characters, places.start, places.end, ~same, clutter[places.start])
        scores = self._scores(characters.text, places.name, facts)
        sure = scores >= self.threshold
        start, end, name = (one[sure] for one in places)
        yield from self._by_page(pages, characters.begins, NamePlaces(start, end, name), scores[sure])

    def _ranked(self, text: str, places: NamePlaces) -> tuple[NamePlaces, Bools]:
        """One name for every place: of several the one that stands there as it was learned, then the most frequent, then
        the first. And whether it stands there so."""
        start, end, name = places
        surfaces = map(text.__getitem__, map(slice, start.tolist(), end.tolist()))
        same = np.fromiter(map(eq, map(self._surfaces.__getitem__, name.tolist()), surfaces), bool, len(name))
        order = np.lexsort((-name, self._mentions[name], same, end, start))
        start, end, name, same = start[order], end[order], name[order], same[order]
        best = np.ones(len(name), bool)
        best[:-1] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
        return NamePlaces(start[best], end[best], name[best]), same[best]

    def _scores(self, text: str, name: Ints, facts: Around) -> Ints:
        known = facts.facts
        if self.words and len(name):
            beside = [not self.words.isdisjoint(keys) for keys in facts.keys(text)]
            known = known | np.where(beside, BESIDE, 0)
        cases, which = np.unique(self._counts_of[name] << 32 | known, return_inverse=True)
        told = [self._score(*divmod(case, 1 << 32)) for case in cases.tolist()]
        return np.array(told, float)[which]

    def _score(self, counts: int, facts: int) -> float:
        labelled, mentions = self._counts[counts]
        return self.calibration.score(labelled, mentions, holding(facts))

    def _by_page(
        self, pages: Sequence[TextToLabel], begins: Ints, places: NamePlaces, scores: Ints
    ) -> Iterator[list[Suggestion]]:
        """Suggestions of each page, at their places there, without those that overlap a better one."""
        page = np.searchsorted(begins, places.start, "right") - 1
        start, end = places.start - begins[page], places.end - begins[page]
        furthest = np.maximum.accumulate(places.end) if len(start) else places.end
        apart = np.ones(len(start), bool)  # touches nothing before it, and nothing after it
        apart[1:] = places.start[1:] >= furthest[:-1]
        apart[:-1] &= apart[1:]
        labels = [self.names[name].label for name in places.name.tolist()]
        every = list(map(Suggestion, start.tolist(), end.tolist(), labels, scores.tolist()))
        cuts = np.searchsorted(page, np.arange(len(pages) + 1)).tolist()
        for number, one in enumerate(pages):
            found, free = every[cuts[number] : cuts[number + 1]], apart[cuts[number] : cuts[number + 1]]
            if one.taken:
                yield without_overlaps(found, one.taken)
            elif free.all():
                yield found
            else:
                crowded = without_overlaps(found[i] for i in np.flatnonzero(~free).tolist())
                yield sorted([found[i] for i in np.flatnonzero(free).tolist()] + crowded)


def _together(pages: Sequence[TextToLabel]) -> Iterator[tuple[str, list[int]]]:
    """Numbers of pages with one rule of inflection, `AT_ONCE` code points of them at a time or one page."""
    by_rule: dict[str, list[int]] = defaultdict(list)
    for number, page in enumerate(pages):
        by_rule[rule_of(page.language)].append(number)
    for rule, numbers in by_rule.items():
        some: list[int] = []
        size = 0
        for number in numbers:
            length = len(pages[number].text)
            if some and size + length > AT_ONCE:
                yield rule, some
                some, size = [], 0
            some.append(number)
            size += length
        yield rule, some
