"""A model of any layer by the way it is written: one entry of `ADAPTERS` for each prefix.

A new kind is a function here that makes a `LayerSuggester`; what it needs of the corpus is in `Wanting`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.config import LayerModel
from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.labelconfig import Control
from corpus_kit.core.layers import Layer
from corpus_kit.core.records import Budget
from corpus_kit.core.trust import Code
from corpus_kit.suggest.entities.loading import load_suggester
from corpus_kit.suggest.models.interface import LayerSuggester, SpansOnly, takes_a_layer

SPELLINGS = (
    "learned, copies, llm:MODEL@http://HOST:PORT/v1, spacy:NAME, transformers:NAME_OR_PATH or python:MODULE:CLASS"
)


@dataclass(frozen=True, slots=True)
class Wanting:
    """What a model is made from. wish: its entry in corpus.toml. data: the made folders. root: of the corpus. trusted:
    its code runs without having been allowed. budget: for models on servers; None asks no server anything."""

    wish: LayerModel
    layer: Layer
    data: Path
    root: Path | None
    trusted: bool = False
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A model that was loaded. spec: as it is written. device: where it runs. code: what it runs of the corpus."""

    spec: str
    suggester: LayerSuggester
    device: str
    code: Code | None = None

    @property
    def model_version(self) -> str:
        return f"{self.suggester.name}@{self.suggester.version}"


def load_adapter(wanting: Wanting) -> Ready:
    """Load a model.

    Raises:
        UsageError: A spelling or model that does not exist, or code or a server that was not trusted.
        EnvironmentProblemError: A missing package.
        ModelError: The model's own code failed.
    """
    kind = wanting.wish.model.partition(":")[0]
    if kind not in ADAPTERS:
        raise UsageError(
            f"'{wanting.wish.model}' names no model.{did_you_mean(kind, list(ADAPTERS))}", f"Write {SPELLINGS}."
        )
    return ADAPTERS[kind](wanting)


def marking_any(layer: Layer) -> Control | None:
    """The control that marks spans of the text; of several the one with the most labels."""
    text = layer.text_object.name
    able = [c for c in layer.controls if c.kind == "labels" and text in c.to_name]
    return max(able, key=lambda c: len(c.labels), default=None)


def _local(wanting: Wanting) -> Ready:
    """`spacy:`, `transformers:`, `python:`: what runs on this machine."""
    loaded = load_suggester(wanting.wish.model, wanting.root, trusted=wanting.trusted)
    inner: Any = loaded.suggester
    if not takes_a_layer(inner):
        control = marking_any(wanting.layer)
        if control is None:
            raise UsageError(
                f"{wanting.wish.model} marks spans, and the layer '{wanting.layer.name}' has no control for them.",
                "Give it `suggest(texts, layer)`, or add a <Labels> to the layer's config.xml.",
            )
        inner = SpansOnly(inner, control.name)
    return Ready(loaded.spec, inner, loaded.device, loaded.code)


def _llm(wanting: Wanting) -> Ready:
    from corpus_kit.suggest.models.llm import open_llm

    return Ready(wanting.wish.model, open_llm(wanting.wish, wanting.layer, wanting.data, wanting.budget), "server")


def _learned(wanting: Wanting) -> Ready:
    from corpus_kit.suggest.models.learned import learn_layer

    return Ready(wanting.wish.model, learn_layer(wanting.data, wanting.layer), "cpu")


def _copies(wanting: Wanting) -> Ready:
    from corpus_kit.suggest.models.copies import read_copies

    return Ready(wanting.wish.model, read_copies(wanting.data, wanting.layer), "cpu")


ADAPTERS: dict[str, Callable[[Wanting], Ready]] = {
    "spacy": _local,
    "transformers": _local,
    "python": _local,
    "llm": _llm,
    "learned": _learned,
    "copies": _copies,
}
"""Prefix → what makes the model."""
