"""What is asked of the layer of names. A build that wants none of it loads this much and no more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpus_kit.core.config import EntityModel


@dataclass(frozen=True, slots=True)
class EntityRequest:
    """What is asked for. names: whether to look for people's names. threshold: for these. root: of the corpus.
    trusted: code of the corpus runs without having been trusted before."""

    names: bool
    threshold: float
    models: tuple[EntityModel, ...]
    root: Path | None
    trusted: bool = False

    def __bool__(self) -> bool:
        return self.names or bool(self.models)

    def check_trust(self) -> None:
        """Raises UsageError where a model would run code that was not trusted; nothing runs here."""
        if self.models and not self.trusted:
            from corpus_kit.core.trust import require_trust
            from corpus_kit.suggest.entities.code import code_of

            codes = (code_of(model.model, self.root) for model in self.models)
            require_trust([code for code in codes if code is not None])
