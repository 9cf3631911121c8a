"""What people's labels say of a name: how often its mentions were labelled, document by document.

Every mention in a finished document is an example: of all that is known from the other documents, and of what stands
around it, together with what people said. `calibration` learns from these examples what a mention is worth elsewhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from corpus_kit.suggest.entities.characters import Characters
from corpus_kit.suggest.entities.context import BESIDE, around, holding
from corpus_kit.suggest.entities.lexicon import Lexicon

NOTHING = ""
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What people say of one document. spans: (start, end, label). unsure: places that some labelled, without agreement.

    finished: whether what is not labelled is meant so; not so where the labels were carried over from another text.
    boilerplate: spans of the document that are no article.
    """

    doc_id: str
    spans: tuple[tuple[int, int, str], ...]
    unsure: tuple[Place, ...]
    finished: bool
    boilerplate: tuple[Place, ...] = ()


class MentionExample(NamedTuple):
    """Of n mentions elsewhere k had the label. holds: see `context.FEATURES`. right: whether this one has it, too."""

    k: int
    n: int
    holds: tuple[int, ...]
    right: bool


class _Fact(NamedTuple):
    """What stands around a name: see `context.Around`."""

    name: int
    facts: int
    keys: tuple[str, ...]


class _Mention(NamedTuple):
    doc_id: str
    names: tuple[_Fact, ...]
    label: str


@dataclass(slots=True)
class NameEvidence:
    """Counts of all names by document. names: as the lexicons number them. sources: number → documents that label it.
    words: key of a word within a name → documents that label such a name."""

    names: Sequence[str]
    sources: Mapping[int, set[str]]
    words: Mapping[str, set[str]]
    by_document: dict[str, dict[int, Counter[str]]] = field(default_factory=dict)
    _mentions: list[_Mention] = field(default_factory=list)

    def add(self, answer: Answer, text: str, lexicon: Lexicon) -> None:
        """Count one document. lexicon: of all names, for its language."""
        counts = self.by_document.setdefault(answer.doc_id, {})
        for (start, _), (facts, label) in self._told(answer, self._facts(answer, text, lexicon)).items():
            if answer.finished:
                self._mentions.append(_Mention(answer.doc_id, tuple(facts), label))
            if label or not any(s <= start < e for s, e in answer.boilerplate):
                for fact in facts:
                    counts.setdefault(fact.name, Counter())[label] += 1

    def totals(self) -> dict[int, Counter[str]]:
        """Name → label (`NOTHING` for none) → mentions; in boilerplate only labelled ones count."""
        totals: dict[int, Counter[str]] = defaultdict(Counter)
        for counts in self.by_document.values():
            for name, labels in counts.items():
                totals[name].update(labels)
        return dict(sorted(totals.items()))

    def examples(self) -> Iterator[MentionExample]:
        """Every mention of a finished document as it would have been judged without that document's labels."""
        totals = self.totals()
        for doc_id, names, label in self._mentions:
            known = partial(self._known_without, doc_id)
            own = self.by_document[doc_id]
            told = []
            for name, facts, keys in names:
                if self.sources[name] - {doc_id}:
                    holds = holding(facts | BESIDE if any(map(known, keys)) else facts)
                    counts = totals.get(name, Counter()) - own.get(name, Counter())
                    best, k = best_label(counts)
                    if k:
                        told.append(((0 not in holds, counts.total(), -name), k, best, holds))
            if told:
                (_, n, _), k, best, holds = max(told)
                yield MentionExample(k, n, holds, best == label)

    def _known_without(self, doc_id: str, key: str) -> bool:
        documents = self.words.get(key)
        return documents is not None and (len(documents) > 1 or doc_id not in documents)

    def _facts(self, answer: Answer, text: str, lexicon: Lexicon) -> dict[Place, list[_Fact]]:
        """Place → the names that stand there and what is around them."""
        characters = Characters([text])
        found = lexicon.find(characters)
        (begin,) = characters.begins.tolist()
        places = list(zip((found.start - begin).tolist(), (found.end - begin).tolist(), strict=True))
        inflected = [self.names[n] != text[s:e] for (s, e), n in zip(places, found.name.tolist(), strict=True)]
        clutter = [any(s <= start < e for s, e in answer.boilerplate) for start, _ in places]
        facts = around(characters, found.start, found.end, np.array(inflected, bool), np.array(clutter, bool))
        rows = zip(found.name.tolist(), facts.facts.tolist(), facts.keys(characters.text), strict=True)
        made: dict[Place, list[_Fact]] = defaultdict(list)
        for place, row in zip(places, rows, strict=True):
            made[place].append(_Fact(*row))
        return made

    def _told(self, answer: Answer, places: Mapping[Place, list[_Fact]]) -> dict[Place, tuple[list[_Fact], str]]:
        """Place → its names and the label people gave it (`NOTHING` for none), of all places they had an opinion on."""
        given = {(start, end): label for start, end, label in answer.spans}
        # Within a longer name that is known from elsewhere, a shorter one is never suggested.
        others = {answer.doc_id}
        elsewhere = [
            place for place in given if any(self.sources[fact.name] - others for fact in places.get(place, ()))
        ]
        told = {}
        for place, names in places.items():
            if place in given:
                told[place] = names, given[place]
            elif answer.finished and not _touches(place, answer.unsure) and not _touches(place, elsewhere):
                told[place] = names, NOTHING
        return told


def best_label(counts: Mapping[str, int]) -> tuple[str, int]:
    """The most frequent label and how often it was given; of equals the first by name. Without any: ("", 0)."""
    given = [(-n, label) for label, n in counts.items() if label]
    if not given:
        return NOTHING, 0
    n, label = min(given)
    return label, -n


def _touches(place: Place, others: Iterable[Place]) -> bool:
    start, end = place
    return any(s < end and start < e for s, e in others)
