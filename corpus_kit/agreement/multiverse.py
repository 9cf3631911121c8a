"""What of the gold, the shares of labels and the agreement holds whatever defensible choice is made, and what turns.

Every world is a combination of choices that could as well have been made: another policy or boundary rule, somebody left
out, labeling stopped earlier, one version of the guidelines only. Documents, texts and rows are shared; only the votes and
the figures are made again.

Source: S. Steegen, F. Tuerlinckx, A. Gelman, W. Vanpaemel (2016), Increasing Transparency Through a Multiverse Analysis,
Perspectives on Psychological Science 11(5), 702-712.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.agreement.gold.adjudicate import adjudicate
from corpus_kit.agreement.gold.build import GoldSources, chosen_rules, current_texts, labels_on_current_texts, policy_of
from corpus_kit.agreement.gold.fair import fair
from corpus_kit.agreement.gold.policy import GOLD
from corpus_kit.agreement.judgements import latest_submissions
from corpus_kit.agreement.measures.bootstrap import Resampling
from corpus_kit.agreement.measures.measured import annotated_documents, measure_agreement
from corpus_kit.agreement.worlds import WorldGrid, WorldSources, grid_of, in_world
from corpus_kit.core.config import MultiverseSettings
from corpus_kit.core.labels import Labels, read_label_table, read_labels, trimmed
from corpus_kit.core.layers import Layer
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.storage.tables import scan
from corpus_kit.core.world import AXES, World

MOST_TURNING = 1000
"""Labels of a layer that are listed one by one; all are counted."""

_KEY = ["control", "doc_id", "table", "item", "value"]

Floats = NDArray[np.float64]
RowKey = tuple[str, str, str]
"""as_of, without, guidelines: what decides which answers are there."""


@dataclass(frozen=True, slots=True)
class LayerWorlds:
    """Gold labels of one layer. base: in the corpus as it is, of which `hold` are gold in every world. other: gold in some
    world, but not in the corpus as it is. least, most: gold labels in the world with the fewest, and the most."""

    layer: str
    base: int
    hold: int
    other: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class TurningLabel:
    """One label that is gold in some worlds only. in_base: in the corpus as it is. worlds: how many have it.
    turns_on: the choices that, all others being equal, make the difference."""

    layer: str
    control: str
    doc_id: str
    source: str
    item: str
    value: str
    in_base: bool
    worlds: int
    turns_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MovedFigure:
    """One figure over all worlds. what: `share` of a label among the gold of its control, else the measure of agreement.
    base: in the corpus as it is; least, most: over the worlds that have it; undefined: worlds that have none.
    holds: in every world, and never further from `base` than the tolerance. turns_on: the choices that move it by more."""

    layer: str
    control: str | None
    target: str | None
    label: str | None
    what: str
    base: float | None
    least: float | None
    most: float | None
    undefined: int
    holds: bool
    turns_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Multiverse:
    """choices: by axis, "" for the corpus as it is. worlds: name of each, the corpus as it is first."""

    choices: Mapping[str, tuple[str, ...]]
    worlds: tuple[str, ...]
    tolerance: float
    layers: tuple[LayerWorlds, ...]
    turning: tuple[TurningLabel, ...]
    shares: tuple[MovedFigure, ...]
    figures: tuple[MovedFigure, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def grid_on_disk(sources: GoldSources, settings: MultiverseSettings) -> WorldGrid:
    """The choices of `[multiverse]` for the people who are in the tables. Raises the errors of `grid_of`."""
    people = read_label_table(sources.out / "annotations", "annotations")["annotator"].drop_nulls().unique().sort()
    return grid_of(settings, sources.adjudication, people.to_list())


def multiverse(
    sources: GoldSources, grid: WorldGrid, tolerance: float, rows: WorldSources, progress: Progress
) -> Multiverse:
    """Settle and measure every world.

    Args:
        sources: Of the corpus as it is, with the layers that are wanted.
        grid: The worlds.
        tolerance: How far a share or figure may be from that of the corpus as it is, and hold.
        rows: The tables of each day in the grid.
    """
    worlds = grid.worlds()
    work = _EveryWorld(sources, rows)
    with counted(progress, "worlds", len(worlds)) as step:
        for world in worlds:
            work.add(world)
            step.advance()
    told = [_layer(name, work.gold[name], grid, tolerance, work.sources_of) for name in sources.layers]
    return Multiverse(
        dict(zip(AXES, grid.axes, strict=True)),
        tuple(world.name for world in worlds),
        tolerance,
        tuple(layer for layer, _, _ in told if layer.base or layer.other),
        tuple(label for _, labels, _ in told for label in labels),
        tuple(share for _, _, shares in told for share in shares),
        tuple(_figures(work.figures, grid, tolerance)),
    )


class _EveryWorld:
    """What was made of each world so far. gold: layer → the gold of each world. figures: of each world."""

    def __init__(self, sources: GoldSources, rows: WorldSources) -> None:
        self.sources, self.rows = sources, rows
        self.gold: dict[str, list[pl.DataFrame]] = {name: [] for name in sources.layers}
        self.figures: list[Mapping[tuple[str, ...], float | None]] = []
        self._read: tuple[str, Labels, Labels] | None = None
        self._settled: dict[Any, pl.DataFrame] = {}
        self._measured: dict[RowKey, Mapping[tuple[str, ...], float | None]] = {}

    def add(self, world: World) -> None:
        made, standing = self._labels(world.as_of)
        key = (world.as_of, world.without, world.guidelines)
        if key not in self._measured:
            self._measured[key] = self._measure(in_world(made, world, self.rows))
        self.figures.append(self._measured[key])
        here = in_world(standing, world, self.rows)
        rules = chosen_rules(self.sources.adjudication, world.policy, world.boundary)
        for name, layer in self.sources.layers.items():
            policy, own = policy_of(rules, name), here.of_layer(name)
            everybody = standing.annotations.filter(pl.col("layer") == name).height
            whole = own.annotations.height == everybody  # whoever is left out has done nothing here
            rows = (world.as_of,) if whole else key
            drawn = own.spans.height > 0
            settled = (name, rows, policy.name, policy.boundary if drawn else "")
            if settled not in self._settled:
                self._settled[settled] = _gold(own, layer, policy)
            self.gold[name].append(self._settled[settled])

    def _labels(self, as_of: str) -> tuple[Labels, Labels]:
        """As they were made, and where they stand in the current texts."""
        if self._read is None or self._read[0] != as_of:
            folder = self.rows.folders[as_of]
            labels = read_labels(folder)
            here = labels_on_current_texts(folder, labels, current_texts(self.sources.out, labels.annotations))
            standing, _ = fair(here, self.sources.adjudication)
            if self.sources.adjudication.edge_white_space == "ignored":
                labels, standing = (replace(some, spans=trimmed(some.spans)) for some in (labels, standing))
            mine = pl.col("layer").is_in(list(self.sources.layers))
            self._read = as_of, Labels(*(getattr(labels, n).filter(mine) for n in Labels.__slots__)), standing
        return self._read[1], self._read[2]

    def _measure(self, labels: Labels) -> Mapping[tuple[str, ...], float | None]:
        reviewers, settings = self.sources.adjudication.reviewers, self.sources.agreement
        measured = measure_agreement(
            labels.annotations,
            labels.spans,
            labels.choices,
            labels.relations,
            annotated_documents(self.sources.out, labels.annotations),
            orders=settings.orders,
            pairs=False,
            without=reviewers,
            plan=Resampling(0, settings.seed, units=False),
        )
        return {
            (f.layer, f.control or "", f.target or "", f.measure): f.value
            for f in measured.results
            if f.label is None and not f.pair and f.measure != "boundary_distance"
        }

    def sources_of(self, doc_ids: Sequence[str]) -> dict[str, str]:
        """doc_id → source."""
        found = scan(self.sources.out / "documents", "documents")
        if found is None or not doc_ids:
            return {}
        wanted = found.filter(pl.col("doc_id").is_in(list(doc_ids))).select("doc_id", "source")
        return dict(wanted.collect().iter_rows())


def _gold(labels: Labels, layer: Layer, policy: Any) -> pl.DataFrame:
    if latest_submissions(labels.annotations, reviews=True, stars=policy.stars).is_empty():
        return pl.DataFrame(schema=dict.fromkeys(_KEY, pl.String))
    made = adjudicate(labels.annotations, labels.spans, labels.choices, labels.relations, policy, layer).decisions
    return made.filter(pl.col("outcome") == GOLD).select(_KEY)


def _layer(
    name: str, frames: Sequence[pl.DataFrame], grid: WorldGrid, tolerance: float, sources_of: Any
) -> tuple[LayerWorlds, list[TurningLabel], list[MovedFigure]]:
    keys = pl.concat(frames).unique().sort(_KEY, nulls_last=True).with_row_index("key")
    there = np.zeros((keys.height, len(frames)), dtype=np.bool_)
    numbered: dict[int, NDArray[np.int64]] = {}  # the same table serves many worlds
    for world, frame in enumerate(frames):
        if id(frame) not in numbered:
            found = frame.join(keys, on=_KEY, how="left", nulls_equal=True)["key"]
            numbered[id(frame)] = found.to_numpy().astype(np.int64)
        there[numbered[id(frame)], world] = True
    counts = np.array([frame.height for frame in frames])
    everywhere, base = there.all(axis=1), there[:, 0]
    told = LayerWorlds(
        name, int(base.sum()), int(everywhere.sum()), int((~base).sum()), int(counts.min()), int(counts.max())
    )
    turning = np.flatnonzero(~everywhere)
    order = sorted(turning, key=lambda i: (not base[i], int(there[i].sum()) if base[i] else -int(there[i].sum()), i))
    some = order[:MOST_TURNING]
    rows = keys[some].rows(named=True) if some else []
    on = _turns_on(there[some].astype(np.float64), grid, 0.5)
    named = sources_of(sorted({row["doc_id"] for row in rows}))
    labels = [
        TurningLabel(
            name,
            row["control"],
            row["doc_id"],
            named.get(row["doc_id"], ""),
            row["item"],
            row["value"],
            bool(base[index]),
            int(there[index].sum()),
            axes,
        )
        for row, index, axes in zip(rows, some, on, strict=True)
    ]
    return told, labels, list(_shares(name, keys, there, grid, tolerance))


def _shares(
    layer: str, keys: pl.DataFrame, there: NDArray[np.bool_], grid: WorldGrid, tolerance: float
) -> Iterator[MovedFigure]:
    """The share of each label among the gold of its control."""
    places = keys.select("control", "value", "table").filter(pl.col("table") != "relations").unique().sort(pl.all())
    for control, value, table in places.iter_rows():
        of_control = keys.select((pl.col("control") == control) & (pl.col("table") == table)).to_series().to_numpy()
        own = keys.select(pl.col("value").eq_missing(value)).to_series().to_numpy() & of_control
        total = there[of_control].sum(axis=0).astype(np.float64)
        share = np.divide(there[own].sum(axis=0), total, out=np.full(total.shape, np.nan), where=total > 0)
        yield _moved((layer, control, None, value, "share"), share, grid, tolerance)


def _figures(
    figures: Sequence[Mapping[tuple[str, ...], float | None]], grid: WorldGrid, tolerance: float
) -> Iterator[MovedFigure]:
    keys = dict.fromkeys(key for of_world in figures for key, value in of_world.items() if value is not None)
    targets = {(layer, control, measure) for layer, control, target, measure in keys if target}
    for key in keys:
        layer, control, target, measure = key
        if not target and (layer, control, measure) in targets:
            continue  # the figures of a control with one target are given for both
        values = [of_world.get(key) for of_world in figures]
        row = np.array([np.nan if value is None else value for value in values])
        yield _moved((layer, control or None, target or None, None, measure), row, grid, tolerance)


def _moved(names: tuple[Any, Any, Any, Any, Any], values: Floats, grid: WorldGrid, tolerance: float) -> MovedFigure:
    known = values[~np.isnan(values)]
    base = None if np.isnan(values[0]) else float(values[0])
    undefined = int(np.isnan(values).sum())
    near = base is not None and bool(np.all(np.abs(known - base) <= tolerance + 1e-12))
    least, most = (float(known.min()), float(known.max())) if known.size else (None, None)
    turns_on = _turns_on(values[None, :], grid, tolerance)[0]
    layer, control, target, label, what = names
    return MovedFigure(
        layer, control, target, label, what, base, least, most, undefined, near and not undefined, turns_on
    )


def _turns_on(values: Floats, grid: WorldGrid, tolerance: float) -> list[tuple[str, ...]]:
    """For each row of values, one for each world: the axes along which, all else being equal, they differ by more."""
    if not len(values):
        return []
    cube = values.reshape(len(values), *grid.shape)
    moved = []
    for axis in range(len(AXES)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # no world on this line has the figure
            spread = np.nanmax(cube, axis=axis + 1) - np.nanmin(cube, axis=axis + 1)
        lines = np.nan_to_num(spread).reshape(len(values), -1)
        moved.append((lines > tolerance + 1e-12).any(axis=1))
    return [tuple(name for name, on in zip(AXES, moved, strict=True) if on[row]) for row in range(len(values))]
