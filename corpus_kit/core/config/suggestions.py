"""`[suggest]`: what models suggest."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from corpus_kit.core.config.base import Names, Number, Probability, Section, Share, as_tuple


class EntityModel(Section):
    """One model that suggests entities."""

    model: str = Field(description="spacy:NAME, transformers:NAME_OR_PATH, or python:MODULE:CLASS for one of your own")
    labels: dict[str, str] = Field(
        default={}, description="the model's label → the layer's; \"\" leaves one out; the same names need no entry"
    )
    languages: Names = Field(
        default=(), description="only documents in these languages are given to the model; without any, all are"
    )
    threshold: Probability = Field(
        default=0.5, description="the score from which the model's spans are suggested, 0 to 1"
    )


class Entities(Section):
    """What is suggested in the layer of names."""

    layer: str = Field(default="entities", description="the layer whose names are suggested")
    names: bool = Field(
        default=False, description="`build` looks for names that people labelled in all other documents"
    )
    threshold: Probability = Field(
        default=0.95, description="the probability from which such a name is suggested, 0 to 1"
    )
    models: Annotated[tuple[EntityModel, ...], BeforeValidator(as_tuple)] = Field(
        default=(), description="models that suggest in every `build`; what people's names cover comes first"
    )


class LayerModel(Section):
    """One model that suggests in one layer: spans, answers about documents, answers about spans."""

    layer: str = Field(description="the layer it suggests in")
    model: str = Field(
        description="learned, copies, llm:MODEL@http://HOST:PORT/v1, spacy:NAME, transformers:NAME_OR_PATH "
        "or python:MODULE:CLASS"
    )
    labels: dict[str, str] = Field(
        default={}, description="the model's label or answer → the layer's; \"\" leaves one out"
    )
    languages: Names = Field(default=(), description="only documents in these languages are given to the model")
    threshold: Probability = Field(default=0.5, description="the score from which an answer is suggested, 0 to 1")
    window: int = Field(
        default=12_000, ge=500, description="llm: characters of a page in one call; longer ones are cut"
    )
    max_tokens: int = Field(default=4096, ge=16, description="llm: the longest answer, in tokens")
    timeout: Number = Field(default=120.0, gt=0, description="llm: seconds for one call")
    price_in: Number = Field(default=0.0, ge=0, description="llm: price of a million tokens sent, for `--max-cost`")
    price_out: Number = Field(default=0.0, ge=0, description="llm: price of a million tokens answered")


class Suggest(Section):
    """What models suggest to people and to the release."""

    boilerplate: bool = Field(
        default=True, description="suggest what is boilerplate, where there is a layer of that name"
    )
    threshold: Probability = Field(
        default=0.5, description="the probability from which a line is suggested as boilerplate, 0 to 1"
    )
    holdout: Share = Field(
        default=0.0,
        description="share of documents, by hash, whose tasks show no suggestions: `status` compares them with the others",
    )
    entities: Entities = Field(default=Entities(), description="what is suggested in the layer of names")
    models: Annotated[tuple[LayerModel, ...], BeforeValidator(as_tuple)] = Field(
        default=(), description="models that suggest in any layer; of two that mark the same place the first wins"
    )
