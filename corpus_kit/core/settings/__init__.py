"""The sections of `corpus.toml`, one class each; `core.project` reads the file."""

from corpus_kit.core.settings.documents import Columns, Duplicates, Input, Split
from corpus_kit.core.settings.people import (
    Adjudication,
    Agreement,
    BoundaryName,
    LabelStudio,
    LayerAdjudication,
    PolicyName,
)
from corpus_kit.core.settings.release import LICENCES, Release
from corpus_kit.core.settings.suggestions import Entities, EntityModel, Suggest

__all__ = [
    "LICENCES",
    "Adjudication",
    "Agreement",
    "BoundaryName",
    "Columns",
    "Duplicates",
    "Entities",
    "EntityModel",
    "Input",
    "LabelStudio",
    "LayerAdjudication",
    "PolicyName",
    "Release",
    "Split",
    "Suggest",
]
