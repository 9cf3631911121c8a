"""What the report is made from and what is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from corpus_kit.core.config.corpus_toml import About
from corpus_kit.core.layers import Layer

FOLDER, PAGE = "report", "report.html"
CHANGES_FILE = "changes.csv"
EFFECTS = "effects.json"
"""Where in `.work/report` the effects of suggestions are kept."""


class SuggestionOutcomes(Protocol):
    """What became of one suggester version's suggestions in one layer; the room that knows Label Studio counts it."""

    @property
    def layer(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def annotations(self) -> int: ...
    @property
    def suggested(self) -> int: ...
    @property
    def accepted(self) -> int: ...
    @property
    def edited(self) -> int: ...
    @property
    def deleted(self) -> int: ...
    @property
    def added(self) -> int: ...


def no_effects(_: Path) -> Sequence[SuggestionOutcomes]:
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
    effects: Callable[[Path], Sequence[SuggestionOutcomes]] = no_effects


@dataclass(frozen=True, slots=True)
class Accepted:
    """An `SuggestionOutcomes` as it is kept from one build to the next. suggested = accepted + edited + deleted."""

    layer: str
    model: str
    version: str
    annotations: int
    suggested: int
    accepted: int
    edited: int
    deleted: int
    added: int


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
