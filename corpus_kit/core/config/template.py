"""What the toolkit ships for a new corpus: contracts, layers, a card and a corpus.toml.

In an installed wheel all of it lies in `corpus_kit/template`. In the repository contracts and layers stand once, at its
root.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from corpus_kit.core.errors import EnvironmentProblemError

_PACKAGE = Path(__file__).resolve().parents[2]
CARD_FILE = "DATASET_CARD.md"


def shipped(name: str) -> Path:
    """A file or folder of the template: `schemas`, `annotation`, `corpus.toml`, `DATASET_CARD.md`, `gitignore`.

    Raises EnvironmentProblemError when the installation lacks it.
    """
    for place in (_PACKAGE / "template" / name, _PACKAGE.parent / name):
        if place.exists():
            return place
    raise EnvironmentProblemError(f"This installation lacks its template '{name}'.", "Install corpus-kit again.")


@dataclass(slots=True)
class Written:
    """made: files written, kept: files that were there already and were left alone; both relative to the corpus."""

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
