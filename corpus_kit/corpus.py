"""`Corpus`: the public face. One method per command; the command line is a thin layer over it.

>>> corpus = Corpus.open(".")
>>> result = corpus.build()
>>> result.documents, result.release.rows
"""

from __future__ import annotations

from dataclasses import dataclass

from corpus_kit.commands.build import BuildCommands
from corpus_kit.commands.care import CareCommands
from corpus_kit.commands.label import LabelCommands
from corpus_kit.commands.measure import MeasureCommands
from corpus_kit.commands.publish import PublishCommands
from corpus_kit.pipeline.results import BuildResult, ExportResult

__all__ = ["BuildResult", "Corpus", "ExportResult"]


@dataclass(frozen=True, slots=True)
class Corpus(BuildCommands, LabelCommands, MeasureCommands, PublishCommands, CareCommands):
    """A corpus on the disk, or the defaults where there is none, with a method for every command.

    Attributes:
        root: The folder of `corpus.toml`, None without a corpus.
        config: Its settings.
        data: Where the made folders are.
    """
