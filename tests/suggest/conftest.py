"""Fixtures of the tests of suggestions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from corpus_kit.suggest.boilerplate import BoilerplateModel


@pytest.fixture
def texts_looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the model was asked about in this process."""
    texts: list[str] = []
    real = BoilerplateModel.suggest

    def watched(self: BoilerplateModel, asked: Sequence[str], *rest: Any, **more: Any) -> Any:
        texts.extend(asked)
        return real(self, asked, *rest, **more)

    monkeypatch.setattr(BoilerplateModel, "suggest", watched)
    return texts
