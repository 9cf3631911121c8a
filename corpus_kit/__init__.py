"""corpus-kit: from raw scraped text to a published, human-labelled dataset and back, without losing a character.

>>> from corpus_kit import Corpus
>>> Corpus.open(".").build()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corpus_kit.core.version import __version__

if TYPE_CHECKING:
    from corpus_kit.corpus import Corpus

__all__ = ["Corpus", "__version__"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: `corpus-kit --help` must not pay for Polars and Arrow.
    if name == "Corpus":
        from corpus_kit.corpus import Corpus

        return Corpus
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
