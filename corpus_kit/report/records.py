"""What the report is made from and what is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpus_kit.core.config.corpus_toml import About
from corpus_kit.core.layers import Layer
from corpus_kit.core.records import SuggesterOutcomes

FOLDER, PAGE = "report", "report.html"
CHANGES_FILE = "changes.csv"
EFFECTS = "effects.json"
"""Where in `.work/report` the effects of suggestions are kept."""


def no_effects(_: Path) -> Sequence[SuggesterOutcomes]:
    return ()


@dataclass(frozen=True, slots=True)
class ReportSources:
    """data: the folder of the made folders. work: `data/.work`, held by this process. layers: by name.

    effects: counts what became of suggestions in a folder of made folders; asked only when labels or suggestions changed.
    """

    data: Path
    work: Path
    about: About
    layers: Mapping[str, Layer] = field(default_factory=dict)
    effects: Callable[[Path], Sequence[SuggesterOutcomes]] = no_effects


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
