"""What is asked of the layer of names. A build that wants none of it loads this much and no more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpus_kit.core.settings import EntityModel


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. names: whether to look for people's names. threshold: for these. root: of the corpus."""

    names: bool
    threshold: float
    models: tuple[EntityModel, ...]
    root: Path | None

    def __bool__(self) -> bool:
        return self.names or bool(self.models)
