"""What decides which documents are copies, and the keys under which finished work is found again."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
import rensa

from corpus_kit.core.config import Duplicates
from corpus_kit.core.version import __version__

SEED = 42
_VERSION = 3  # of the tokeniser, the shingles and the files below; a change makes old files unfindable


@dataclass(frozen=True, slots=True)
class DedupRecipe:
    """The settings of `corpus.toml` with everything else that can change a signature or a verdict."""

    settings: Duplicates

    @property
    def rows(self) -> int:
        """Rows of a band: the minima that two documents must share to become candidates in it."""
        return self.settings.permutations // self.settings.bands

    @property
    def libraries(self) -> dict[str, str]:
        """What made the signatures, for the manifest."""
        return {
            "rensa": version_of_rensa(),
            "rensa algorithm": str(rensa.RMinHash.ALGORITHM_VERSION),
            "numpy": np.__version__,
            "unicode": unicodedata.unidata_version,
        }

    @property
    def facts(self) -> dict[str, Any]:
        """For the manifest: the settings, and with which libraries near copies were looked for."""
        return {**self.settings.model_dump(), "libraries": self.libraries if self.settings.near else {}}

    @property
    def key(self) -> str:
        """16 hex digits. The threshold is not in it: verdicts keep the similarity itself."""
        chosen = self.settings.model_dump(exclude={"threshold", "near", "repeated_lines"})
        made_with = {k: v for k, v in self.libraries.items() if k != "numpy"}  # its version changes no integer
        text = repr([_VERSION, __version__, SEED, sorted(chosen.items()), sorted(made_with.items())])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def version_of_rensa() -> str:
    from importlib.metadata import version

    return version("rensa")
