"""What the report is made from and what is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corpus_kit.core.layers import Layer
from corpus_kit.core.project import ProjectConfig

FOLDER, PAGE = "report", "report.html"
CHANGES_FILE = "changes.csv"
TEMPLATES = "templates"
"""Where in `.work/report` compiled templates are kept."""


@dataclass(frozen=True, slots=True)
class ReportSources:
    """data: the folder of the made folders. work: `data/.work`, held by this process. layers: by name."""

    data: Path
    work: Path
    config: ProjectConfig
    layers: Mapping[str, Layer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reported:
    """path: the page. bytes: its size. documents: shown in the reader. unchanged: nothing had to be made.

    changes: kind → count, of a comparison with another release; empty without one.
    """

    path: Path
    bytes: int
    documents: int
    unchanged: bool = False
    changes: dict[str, int] = field(default_factory=dict)
