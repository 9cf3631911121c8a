"""`recipe.json`: what a text-free release says of every document, so that others can find its text and put it back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import UsageError

RECIPE = "recipe.json"
FULL = "full"
"""The folder with the card, Croissant and manifest of the full release, which `hydrate` puts back."""
SHINGLES = "shingles.parquet"
_VERSION = 1
_ABOUT = "What each document is and how its text was read. `corpus-kit hydrate` puts the texts back."
DOCUMENT_COLUMNS = (
    "doc_id",
    "url",
    "source",
    "text_sha256",
    "raw_sha256",
    "raw_bytes",
    "encoding",
    "newline",
    "n_chars",
)


@dataclass(frozen=True, slots=True)
class TextFreeRecipe:
    """limit: the longest run of text, in code points, that the release holds. salt: of the shingles.

    schemas: configuration → Arrow schema of the full release, serialised, in hex. documents: one record each, with
    `DOCUMENT_COLUMNS`. pieces: doc_id → configuration → row of that document → column → pieces.
    """

    limit: int
    salt: str
    schemas: Mapping[str, str]
    documents: Sequence[Mapping[str, Any]]
    pieces: Mapping[str, Mapping[str, Mapping[str, Mapping[str, Any]]]]

    def write(self, folder: Path) -> None:
        made = {"version": _VERSION, "about": _ABOUT, "limit": self.limit, "salt": self.salt}
        made |= {"schemas": dict(self.schemas), "documents": list(self.documents), "pieces": dict(self.pieces)}
        text = json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True)
        (folder / RECIPE).write_text(text + "\n", encoding="utf-8", newline="\n")


def read_recipe(folder: Path) -> TextFreeRecipe:
    """The recipe of a text-free release.

    Raises:
        UsageError: the folder is no text-free release, or its recipe cannot be read.
    """
    try:
        told = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
        if told["version"] != _VERSION:
            raise UsageError(f"{folder / RECIPE} has version {told['version']}.", "Update corpus-kit.")
        return TextFreeRecipe(told["limit"], told["salt"], told["schemas"], told["documents"], told["pieces"])
    except FileNotFoundError as e:
        raise UsageError(
            f"There is no {RECIPE} in {folder}.", "Name a release that `corpus-kit export --text-free` wrote."
        ) from e
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise UsageError(f"{folder / RECIPE} is not a recipe of corpus-kit.", "Download the release again.") from e
