"""The worlds of a corpus: every combination of the choices that `[multiverse]` names, and what people did in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import polars as pl

from corpus_kit.core.config import AdjudicationSettings, MultiverseSettings
from corpus_kit.core.config.worlds import EACH
from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.labels import Labels
from corpus_kit.core.world import World

MOST_WORLDS = 512
"""More than that, no one reads; and each takes a vote over the whole corpus."""


@dataclass(frozen=True, slots=True)
class WorldSources:
    """Where the rows of worlds are.

    Attributes:
        folders: By day (`as_of`) the folder with the tables of annotations; "" is the corpus's own.
        guidelines: By version, and layer, the hashes of the texts it names.
    """

    folders: Mapping[str, Path]
    guidelines: Mapping[str, Mapping[str, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class WorldGrid:
    """Choices by axis, in the order of `world.AXES`; the first of each is the corpus as it is."""

    axes: tuple[tuple[str, ...], ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(len, self.axes))

    def worlds(self) -> list[World]:
        """Every combination, the corpus as it is first."""
        return [World(*choices) for choices in product(*self.axes)]


def grid_of(settings: MultiverseSettings, adjudication: AdjudicationSettings, people: Sequence[str]) -> WorldGrid:
    """The choices of `[multiverse]`, without those that the corpus has made already.

    Args:
        people: Everybody's pseudonyms.

    Raises:
        UsageError: Somebody named is not there, or there are too many worlds.
    """
    left_out: list[str] = []
    for name in settings.without:
        if name == EACH:
            left_out += sorted(people) if len(people) > 1 else []
        elif name in people:
            left_out.append(name)
        else:
            raise UsageError(
                f"[multiverse] leaves out '{name}', and there is no such annotator.{did_you_mean(name, list(people))}",
                f"The annotators: {', '.join(sorted(people)) or 'no one yet'}.",
            )
    own = [(adjudication.policy, adjudication.boundary)] if not adjudication.layers else []
    policies = [name for name in settings.policies if name not in [policy for policy, _ in own]]
    boundaries = [name for name in settings.boundaries if name not in [boundary for _, boundary in own]]
    chosen = (settings.as_of, left_out, settings.guidelines, policies, boundaries)
    grid = WorldGrid(tuple(("", *dict.fromkeys(map(str, names))) for names in chosen))
    count = 1
    for size in grid.shape:
        count *= size
    if count > MOST_WORLDS:
        raise UsageError(
            f"The choices in [multiverse] make {count:,} worlds; {MOST_WORLDS} are the most.",
            "Name fewer people to leave out, or fewer days, policies or boundary rules.",
        )
    return grid


def in_world(labels: Labels, world: World, sources: WorldSources) -> Labels:
    """Labels without the answers that are not in a world; its day is that of the folder they were read from."""
    annotations = labels.annotations
    made = pl.col("annotator").is_not_null()
    if world.without:
        annotations = annotations.filter(~made | (pl.col("annotator") != world.without))
    for layer, hashes in sources.guidelines.get(world.guidelines, {}).items():
        under = pl.col("guidelines_sha256").is_in(sorted(hashes)).fill_null(False)
        annotations = annotations.filter(~made | (pl.col("layer") != layer) | under)
    return replace(labels, annotations=annotations)
