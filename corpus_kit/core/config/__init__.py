"""The sections of `corpus.toml`, one class each; `core.config.corpus_toml` reads the file."""

from corpus_kit.core.config.documents import Columns, Duplicates, Input, Split, input_with
from corpus_kit.core.config.files import FileColumns, FileRule
from corpus_kit.core.config.people import (
    AdjudicationSettings,
    AgreementSettings,
    Assign,
    LabelStudio,
    LayerAdjudication,
    PeopleSection,
)
from corpus_kit.core.config.release import LICENCES, ReleaseSettings
from corpus_kit.core.config.suggestions import Entities, EntityModel, LayerModel, Suggest
from corpus_kit.core.config.worlds import MultiverseSettings

__all__ = [
    "LICENCES",
    "AdjudicationSettings",
    "AgreementSettings",
    "Assign",
    "Columns",
    "Duplicates",
    "Entities",
    "EntityModel",
    "FileColumns",
    "FileRule",
    "Input",
    "LabelStudio",
    "LayerAdjudication",
    "LayerModel",
    "MultiverseSettings",
    "PeopleSection",
    "ReleaseSettings",
    "Split",
    "Suggest",
    "input_with",
]
