"""From labels to the names that are suggested: read what people say, count it in their documents, fit the scores."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.storage.folders import write_json
from corpus_kit.core.storage.tables import parts, read_table
from corpus_kit.suggest.entities.calibration import Calibration, fit
from corpus_kit.suggest.entities.context import SHORT, word_key
from corpus_kit.suggest.entities.evidence import NameEvidence, best_label
from corpus_kit.suggest.entities.inflection import rule_of
from corpus_kit.suggest.entities.labelled import Labelled
from corpus_kit.suggest.entities.lexicon import Lexicon
from corpus_kit.suggest.entities.records import Name

MODEL = "corpus-kit-names"
RULES = 1
"""Of how names are found and scored: another number is another model version."""


@dataclass(frozen=True, slots=True)
class NamesModel:
    """names: all that were labelled. words: keys of the words within longer names. documents: how many it learned from."""

    names: tuple[Name, ...]
    words: frozenset[str]
    calibration: Calibration
    documents: int

    @property
    def version(self) -> str:
        """A hash of all that decides what is suggested: names, their labels and counts, weights and rules."""
        told = [
            RULES,
            [list(asdict(name).values()) for name in self.names],
            sorted(self.words),
            self.calibration.weights,
        ]
        return f"{MODEL}@{RULES}-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]}"


def learn(documents: Path, labelled: Labelled, progress: Progress) -> NamesModel:
    """Names to look for and what they are worth. documents: the made folder. Memory: labels and one file of documents."""
    evidence = gather(documents, labelled, progress)
    names = []
    for number, counts in evidence.totals().items():
        label, k = best_label(counts)
        if k:
            names.append(Name(evidence.names[number], label, counts.total(), k))
    return NamesModel(tuple(names), frozenset(evidence.words), fit(evidence.examples()), len(evidence.by_document))


def save_names(model: NamesModel, path: Path) -> None:
    """Write a model as JSON."""
    told = {"names": [list(asdict(name).values()) for name in model.names], "words": sorted(model.words)}
    told |= {"weights": model.calibration.weights, "examples": model.calibration.examples}
    write_json(path, told | {"documents": model.documents}, compact=True)


def names_from(path: Path, version: str) -> NamesModel:
    """Read what `save_names` wrote. Raises EnvironmentProblemError when it is another version by now."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    calibration = Calibration(tuple(kept["weights"]), kept["examples"])
    names = tuple(Name(*name) for name in kept["names"])
    model = NamesModel(names, frozenset(kept["words"]), calibration, kept["documents"])
    if model.version != version:
        raise EnvironmentProblemError(f"{path} changed during the build.", "Build again.")
    return model


def gather(documents: Path, labelled: Labelled, progress: Progress) -> NameEvidence:
    """All names, counted in the documents people labelled."""
    names = sorted(labelled.surfaces)
    sources = {number: labelled.surfaces[name] for number, name in enumerate(names)}
    evidence = NameEvidence(names, sources, _words(labelled))
    lexicons: dict[str, Lexicon] = {}
    with counted(progress, "learn names", len(labelled.answers)) as step:
        for doc_id, text, language in texts_of(documents, labelled.answers):
            rule = rule_of(language)
            if rule not in lexicons:
                lexicons[rule] = Lexicon(names, rule)
            evidence.add(labelled.answers[doc_id], text, lexicons[rule])
            step.advance()
    return evidence


def texts_of(documents: Path, wanted: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """doc_id, text and language of the wanted documents, in the order of the files."""
    for path in parts(documents, "documents"):
        ids = read_table(path, ["doc_id"])["doc_id"].to_pylist()
        rows = [i for i, doc_id in enumerate(ids) if doc_id in wanted]
        if rows:
            table = read_table(path, ["doc_id", "text", "language"]).take(rows)
            yield from zip(*(table[name].to_pylist() for name in ("doc_id", "text", "language")), strict=True)


def _words(labelled: Labelled) -> dict[str, set[str]]:
    """Key of a word that stands before or after other words of a name → the documents that label such a name."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, documents in labelled.surfaces.items():
        words = [word for word in name.split() if len(word) > SHORT]
        for before, after in pairwise(words):
            found[word_key(before, "<")] |= documents
            found[word_key(after, ">")] |= documents
    return found
