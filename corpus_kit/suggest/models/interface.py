"""What a suggester of any layer is, and what is asked of its answers.

A suggester has a name, a version, labels, and `suggest(texts, layer)`. One whose `suggest` takes the texts alone is a
suggester of spans; it answers for the control that marks the text.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.labelconfig import Control
from corpus_kit.core.layers import Layer
from corpus_kit.suggest.entities.interface import answers

ANSWERED = {"choices": "choice", "taxonomy": "taxonomy", "rating": "rating", "number": "number"}
"""Kind of a control that is answered → kind in the table of answers."""


class Proposal(NamedTuple):
    """One thing a model proposes: a label for a place, or an answer about the document or about a place.

    control: of the layer's config. value: the label or answer. score: a probability. start, end: code points,
    end-exclusive; None where the answer is about the document.
    """

    control: str
    value: str
    score: float
    start: int | None = None
    end: int | None = None


@dataclass(slots=True)
class Looked:
    """What a suggester with `look(text, layer)` knows of one text.

    problems: (reason, detail) of what was not taken. answered: a server has spoken about all of it. key: changes with what
    is known.
    """

    proposals: list[Proposal] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    answered: bool = True
    key: str = ""


@runtime_checkable
class LayerSuggester(Protocol):
    """A model of one layer.

    name: without a path of this machine. version: another one whenever it may answer otherwise. labels: what it can say
    in its own words, empty where it does not tell.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def labels(self) -> Sequence[str]: ...

    def suggest(self, texts: Sequence[str], layer: Layer) -> Iterable[Iterable[tuple[Any, ...]]]:
        """For each text its proposals: (control, value, score), or (control, value, score, start, end) of a place."""
        ...


@dataclass(frozen=True, slots=True)
class SpansOnly:
    """A suggester of spans, `suggest(texts)`, that answers for one control of a layer."""

    inner: Any
    control: str

    @property
    def name(self) -> str:
        return str(self.inner.name)

    @property
    def version(self) -> str:
        return str(self.inner.version)

    @property
    def labels(self) -> Sequence[str]:
        return list(self.inner.labels)

    def suggest(self, texts: Sequence[str], layer: Layer) -> Iterator[list[tuple[Any, ...]]]:
        for spans in answers(self.inner, texts):
            yield [(self.control, one.label, one.score, one.start, one.end) for one in spans]


def takes_a_layer(suggester: Any) -> bool:
    """Whether `suggest` takes the layer beside the texts."""
    try:
        wanted = inspect.signature(suggester.suggest).parameters.values()
    except (TypeError, ValueError):
        return False
    plain = [p for p in wanted if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(plain) >= 2


def proposals(suggester: LayerSuggester, texts: Sequence[str], layer: Layer) -> list[list[Proposal]]:
    """What a suggester proposes for each text, checked; spans without white space at their edges; each list sorted.

    Raises:
        EnvironmentProblemError: An answer cannot belong to these texts or this layer.
    """
    found = [[_proposal(suggester, one) for one in each] for each in suggester.suggest(texts, layer)]
    if len(found) != len(texts):
        raise _unusable(suggester, f"it gave {len(found)} answers to {len(texts)} texts")
    controls = {control.name: control for control in layer.controls}
    checked = []
    for text, each in zip(texts, found, strict=True):
        kept = (_checked(suggester, text, controls, one) for one in each)
        checked.append(sorted((one for one in kept if one is not None), key=_order))
    return checked


def _order(one: Proposal) -> tuple[Any, ...]:
    return (one.start is None, one.start or 0, one.end or 0, one.control, one.value)


def _proposal(suggester: LayerSuggester, values: tuple[Any, ...]) -> Proposal:
    try:
        return Proposal(*values)
    except TypeError as e:
        raise _unusable(suggester, f"{values!r:.80} is no (control, value, score) or (…, start, end)") from e


def _checked(suggester: LayerSuggester, text: str, controls: dict[str, Control], one: Proposal) -> Proposal | None:
    """The proposal as it is stored; None for a span of white space."""
    control = controls.get(one.control)
    if control is None:
        raise _unusable(suggester, f"the layer has no control {one.control!r:.80}")
    if not isinstance(one.value, str) or not one.value:
        raise _unusable(suggester, f"{one.value!r:.80} is no label and no answer")
    if not isinstance(one.score, int | float) or not (math.isfinite(one.score) and 0 <= one.score <= 1):
        raise _unusable(suggester, f"{one.score!r:.80} is no probability; 0 to 1")
    score = round(float(one.score), 4)
    placed = control.kind == "labels" or control.per_region
    if placed is not (one.start is not None and one.end is not None):
        where = "needs a place: start and end" if placed else "is about the document: no start and end"
        raise _unusable(suggester, f"an answer to '{control.name}' {where}")
    if one.start is None or one.end is None:
        return one._replace(score=score)
    start, end = int(one.start), int(one.end)
    if not 0 <= start < end <= len(text):
        raise _unusable(suggester, f"{start} to {end} is no span of a text of {len(text)} characters")
    surface = text[start:end]
    start += len(surface) - len(surface.lstrip())
    end -= len(surface) - len(surface.rstrip())
    return one._replace(score=score, start=start, end=end) if start < end else None


def _unusable(suggester: LayerSuggester, what: str) -> EnvironmentProblemError:
    return EnvironmentProblemError(
        f"The suggester '{suggester.name}' gave an answer that cannot be used: {what}.",
        "Fix it, or take the model out of corpus.toml.",
    )
