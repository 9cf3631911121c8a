"""What a suggester of entities is, and what is asked of its answers.

Anything with these attributes and this method can suggest: a spaCy pipeline, a Transformers model, or a class of your own
(docs/guides/own-model.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.trust import Code
from corpus_kit.suggest.entities.records import Suggestion


@runtime_checkable
class Suggester(Protocol):
    """A model of named entities.

    name: of the model, without a path of this machine. version: another one whenever it may answer otherwise. labels: all
    that it can give, in its own words.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def labels(self) -> Sequence[str]: ...

    def suggest(self, texts: Sequence[str]) -> Iterable[Iterable[tuple[int, int, str, float]]]:
        """For each text its spans: start, end (code points, end-exclusive), label, score (0 to 1)."""
        ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """A suggester that was loaded. spec: how it was asked for. device: where it runs. code: what it runs, where that
    is not an installed package's."""

    spec: str
    suggester: Suggester
    device: str
    code: Code | None = None

    @property
    def model_version(self) -> str:
        return f"{self.suggester.name}@{self.suggester.version}"


def answers(suggester: Suggester, texts: Sequence[str]) -> list[list[Suggestion]]:
    """What a suggester says of each text, checked, without white space at the edges, each list sorted.

    Raises EnvironmentProblemError where the answers cannot be spans of these texts.
    """
    found = [[Suggestion(*span) for span in spans] for spans in suggester.suggest(texts)]
    if len(found) != len(texts):
        raise _fault(suggester, f"it gave {len(found)} answers to {len(texts)} texts")
    return [sorted(_trimmed(text, _checked(suggester, text, spans))) for text, spans in zip(texts, found, strict=True)]


def _checked(suggester: Suggester, text: str, spans: Iterable[Suggestion]) -> Iterable[Suggestion]:
    for start, end, label, score in spans:
        start, end = int(start), int(end)
        if not 0 <= start < end <= len(text):
            raise _fault(suggester, f"{start} to {end} is no span of a text of {len(text)} characters")
        if not isinstance(label, str) or not label:
            raise _fault(suggester, f"{label!r} is no label")
        if not (math.isfinite(score) and 0 <= score <= 1):
            raise _fault(suggester, f"{score!r} is no probability; 0 to 1")
        yield Suggestion(start, end, label, round(float(score), 4))


def _trimmed(text: str, spans: Iterable[Suggestion]) -> Iterable[Suggestion]:
    for one in spans:
        surface = text[one.start : one.end]
        start = one.start + len(surface) - len(surface.lstrip())
        end = one.end - (len(surface) - len(surface.rstrip()))
        if start < end:
            yield one._replace(start=start, end=end)


def _fault(suggester: Suggester, what: str) -> EnvironmentProblemError:
    return EnvironmentProblemError(
        f"The suggester '{suggester.name}' gave an answer that cannot be used: {what}.",
        "Fix it, or take the model out of corpus.toml.",
    )
