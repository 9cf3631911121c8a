"""`[suggest]`: what models suggest."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from corpus_kit.core.settings.base import Section, as_float


class Suggest(Section):
    """What models suggest to people and to the release."""

    boilerplate: bool = Field(
        default=True, description="suggest what is boilerplate, where there is a layer of that name"
    )
    threshold: float = Field(
        default=0.5, description="the probability from which a line is suggested as boilerplate, 0 to 1"
    )

    @field_validator("threshold", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return as_float(value)

    @field_validator("threshold")
    @classmethod
    def _probability(cls, value: float) -> float:
        if not 0 <= value <= 1:
            raise ValueError(f"{value} is no probability; 0 to 1")
        return value
