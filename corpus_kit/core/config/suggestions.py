"""`[suggest]`: what models suggest."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from corpus_kit.core.config.base import Names, Probability, Section, as_tuple


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


class Suggest(Section):
    """What models suggest to people and to the release."""

    boilerplate: bool = Field(
        default=True, description="suggest what is boilerplate, where there is a layer of that name"
    )
    threshold: Probability = Field(
        default=0.5, description="the probability from which a line is suggested as boilerplate, 0 to 1"
    )
    entities: Entities = Field(default=Entities(), description="what is suggested in the layer of names")
