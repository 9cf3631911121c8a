"""`[suggest]`: what models suggest."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from corpus_kit.core.settings.base import Section, as_float, as_tuple


def probability(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is no probability; 0 to 1")
    return value


class EntityModel(Section):
    """One model that suggests entities."""

    model: str = Field(description="spacy:NAME, transformers:NAME_OR_PATH, or python:MODULE:CLASS for one of your own")
    labels: dict[str, str] = Field(
        default={}, description="the model's label → the layer's; \"\" leaves one out; the same names need no entry"
    )
    languages: tuple[str, ...] = Field(
        default=(), description="only documents in these languages are given to the model; without any, all are"
    )
    threshold: float = Field(default=0.5, description="the score from which the model's spans are suggested, 0 to 1")

    @field_validator("languages", mode="before")
    @classmethod
    def _tuple(cls, value: Any) -> Any:
        return as_tuple(value)

    @field_validator("threshold", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return as_float(value)

    @field_validator("threshold")
    @classmethod
    def _probability(cls, value: float) -> float:
        return probability(value)


class Entities(Section):
    """What is suggested in the layer of names."""

    layer: str = Field(default="entities", description="the layer whose names are suggested")
    names: bool = Field(
        default=False, description="`build` looks for names that people labelled in all other documents"
    )
    threshold: float = Field(default=0.95, description="the probability from which such a name is suggested, 0 to 1")
    models: tuple[EntityModel, ...] = Field(
        default=(), description="models that suggest in every `build`; what people's names cover comes first"
    )

    @field_validator("models", mode="before")
    @classmethod
    def _tuple(cls, value: Any) -> Any:
        return as_tuple(value)

    @field_validator("threshold", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return as_float(value)

    @field_validator("threshold")
    @classmethod
    def _probability(cls, value: float) -> float:
        return probability(value)


class Suggest(Section):
    """What models suggest to people and to the release."""

    boilerplate: bool = Field(
        default=True, description="suggest what is boilerplate, where there is a layer of that name"
    )
    threshold: float = Field(
        default=0.5, description="the probability from which a line is suggested as boilerplate, 0 to 1"
    )
    entities: Entities = Field(default=Entities(), description="what is suggested in the layer of names")

    @field_validator("threshold", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return as_float(value)

    @field_validator("threshold")
    @classmethod
    def _probability(cls, value: float) -> float:
        return probability(value)
