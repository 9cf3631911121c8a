"""`[multiverse]`: the choices that could as well have been made."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from corpus_kit.core.config.base import Day, Names, Section, Share, as_tuple
from corpus_kit.core.vocabulary import BoundaryName, PolicyName

EACH = "each"
"""In `without`: everybody, one at a time."""


class MultiverseSettings(Section):
    """The worlds of `corpus-kit multiverse` are every combination of these, and of the corpus as it is."""

    policies: Annotated[tuple[PolicyName, ...], BeforeValidator(as_tuple)] = Field(
        default=("majority", "unanimous"), description="policies that could as well be used"
    )
    boundaries: Annotated[tuple[BoundaryName, ...], BeforeValidator(as_tuple)] = Field(
        default=("exact", "union", "intersection", "characters"),
        description="boundary rules that could as well be used",
    )
    without: Names = Field(
        default=(EACH,), description="pseudonyms that are left out, one at a time; `each` stands for everybody"
    )
    as_of: Annotated[tuple[Day, ...], BeforeValidator(as_tuple)] = Field(
        default=(), description="days at whose end labeling could have stopped"
    )
    guidelines: Names = Field(
        default=(), description="versions of the guidelines, each as the only one under which people worked"
    )
    tolerance: Share = Field(
        default=0.05, description="shares and agreement figures that differ by no more than this from the corpus's hold"
    )
