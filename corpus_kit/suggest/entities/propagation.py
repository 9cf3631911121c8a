"""Names that people labelled, suggested wherever else they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from corpus_kit.suggest.entities.calibration import Calibration
from corpus_kit.suggest.entities.context import context, with_words
from corpus_kit.suggest.entities.inflection import rule_of
from corpus_kit.suggest.entities.lexicon import Lexicon
from corpus_kit.suggest.entities.records import Name, Place, Suggestion, without_overlaps


class Propagation:
    """Suggests the names it knows. words: keys of words within longer names. threshold: the probability from
    which a mention is suggested."""

    def __init__(self, names: Sequence[Name], words: Set[str], calibration: Calibration, threshold: float) -> None:
        self.names, self.words, self.calibration, self.threshold = list(names), words, calibration, threshold
        self._surfaces = [name.surface for name in names]
        self._lexicons: dict[str, Lexicon] = {}

    def suggest(
        self, text: str, language: str, *, taken: Iterable[Place] = (), boilerplate: Sequence[Place] = ()
    ) -> list[Suggestion]:
        """Names in a text, none overlapping another or what is `taken`: the longest first, then the surest, then the first.

        boilerplate: spans that are no article; people seldom label names there.
        """
        places: dict[Place, tuple[bool, int, int]] = {}
        for start, end, number in self.lexicon(language).find(text):
            name = self.names[number]
            rank = name.surface == text[start:end], name.mentions, -number
            if rank > places.get((start, end), (False, -1, 0)):
                places[start, end] = rank
        made = []
        for (start, end), (_, _, number) in places.items():
            name = self.names[-number]
            holds, keys = context(text, start, end, name.surface, boilerplate)
            holds = with_words(holds, keys, self.words.__contains__)
            score = self.calibration.score(name.labelled, name.mentions, holds)
            made.append(Suggestion(start, end, name.label, score))
        return without_overlaps((one for one in made if one.score >= self.threshold), taken)

    def lexicon(self, language: str) -> Lexicon:
        """The names in the forms they have in a language."""
        rule = rule_of(language)
        if rule not in self._lexicons:
            self._lexicons[rule] = Lexicon(self._surfaces, rule)
        return self._lexicons[rule]
