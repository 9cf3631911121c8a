"""Two passes of boosted trees over lines: the first sees the line and its neighbourhood, the second what the first thought.

The second pass must learn from guesses as good as those it will meet, so the first pass guesses every training page with
a model that has not seen its host (stacking, Wolpert 1992).
"""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from catboost import CatBoostClassifier

from corpus_kit.core.lines.pages import F64, Bool, Columns, LineRows, read_pages
from corpus_kit.core.lines.trees import EarlyExit, Forest
from corpus_kit.suggest.boilerplate.context import place, second_look
from corpus_kit.suggest.boilerplate.features import describe
from corpus_kit.suggest.boilerplate.model import LEAN_NAMES, BoilerplateModel, Passes
from corpus_kit.suggest.boilerplate.training.augment import Page, Stock, vary
from corpus_kit.suggest.boilerplate.training.calibrate import calibrate, calibration_error

MODEL_VERSION = "1.2.0"
N_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Settings:
    """What was frozen before the figures were taken."""

    copies: int = 2
    copy_weight: float = 0.15
    first_trees: int = 300
    first_rate: float = 0.1
    second_trees: int = 160
    second_rate: float = 0.06
    depth: int = 6
    borders: int = 40
    l2: float = 5.0
    columns_per_level: float = 0.3
    early_trees: int = 100  # see `EarlyExit`
    early_limit: float = 2.5
    rows_per_tree: float = 0.6
    light: float = 1.4  # lines lighter than this are many and alike: some stand for all
    light_share: float = 0.5
    company: tuple[float, float] = (0.9, 0.8)  # see `in_company`
    seed: int = 20240229
    more_seeds: tuple[int, ...] = (
        7,
    )  # each makes variations and a pair of passes of its own; their log-odds are averaged

    def members(self) -> list[Settings]:
        """The settings of every pair of passes: the same but for the seed."""
        return [replace(self, seed=seed) for seed in (self.seed, *self.more_seeds)]


def fold_of(host: str) -> int:
    """The fold of a host: the same in every run and on every machine."""
    return int(hashlib.sha256(host.lower().removeprefix("www.").encode()).hexdigest(), 16) % N_FOLDS


@dataclass(frozen=True, slots=True)
class TrainingShard:
    """Lines of some pages: first-pass columns, soft labels (share of the line that is content), weights, folds."""

    columns: Columns
    label: F64
    weight: F64
    fold: npt.NDArray[np.int64]
    texts: list[str]
    numbers: npt.NDArray[np.int64]
    page: npt.NDArray[np.int64]


def shard_of(pages: Sequence[Page], folds: Sequence[int]) -> TrainingShard:
    """Columns and targets of `pages`.

    The figure we want is per page, so a line weighs by its share of the page's main text; the square root of it, because
    the full weight makes a few short pages rule.
    """
    texts = ["\n".join(text for text, _ in page) for page in pages]
    parts: list[Columns] = []
    words, label, numbers, owner = [], [], [], []
    for low in range(0, len(texts), 64):
        batch = read_pages(texts[low : low + 64])
        rows = LineRows(batch)
        columns, line = describe(batch, rows)
        parts.append({**columns, **place(columns, line, rows)})
        words.append(line.words)
        numbers.append(batch.number)
        owner.append(batch.doc + low)
        label.append([pages[low + d][at][1] for d, at in zip(batch.doc, batch.number, strict=True)])
    page, size, soft = np.concatenate(owner), np.concatenate(words), np.concatenate(label)
    told = soft >= 0
    soft = np.where(told, soft, 0.0)
    main = np.bincount(page, soft * size, minlength=len(pages))
    weight = (np.minimum(size, 150.0) + 2.0) / np.maximum(main[page], 150.0) * 300.0
    return TrainingShard(
        {name: np.concatenate([part[name] for part in parts]).astype(np.float32) for name in parts[0]},
        soft,
        np.sqrt(np.clip(weight, 0.02, 60.0)) * told,
        np.asarray(folds)[page],
        texts,
        np.concatenate(numbers),
        page,
    )


def variations(pages: Sequence[Page], folds: Sequence[int], settings: Settings) -> tuple[list[Page], list[int]]:
    """`settings.copies` variations of each page, made of material of the page's own fold only."""
    stock = {k: Stock([p for p, fold in zip(pages, folds, strict=True) if fold == k]) for k in set(folds)}
    rng = random.Random(settings.seed)
    made = [
        (vary(p, rng, stock[fold]), fold) for _ in range(settings.copies) for p, fold in zip(pages, folds, strict=True)
    ]
    return [page for page, _ in made], [fold for _, fold in made]


def join(one: TrainingShard, other: TrainingShard, other_weight: float) -> TrainingShard:
    """Two shards as one."""
    return TrainingShard(
        {name: np.concatenate([values, other.columns[name]]) for name, values in one.columns.items()},
        np.concatenate([one.label, other.label]),
        np.concatenate([one.weight, other.weight * other_weight]),
        np.concatenate([one.fold, other.fold]),
        one.texts + other.texts,
        np.concatenate([one.numbers, other.numbers]),
        np.concatenate([one.page, other.page + len(one.texts)]),
    )


def grow(columns: Columns, shard: TrainingShard, chosen: Bool, trees: int, rate: float, settings: Settings) -> Forest:
    """Train one forest on the chosen rows. Deterministic: one thread, one seed."""
    names = tuple(columns)
    light = shard.weight < settings.light
    drawn = np.random.default_rng(settings.seed).random(len(light)) < settings.light_share
    chosen = chosen & (shard.weight > 0) & (~light | drawn)
    weight = np.where(light, shard.weight / settings.light_share, shard.weight)
    table = np.stack([columns[name][chosen] for name in names], axis=1).astype(np.float32)
    model = CatBoostClassifier(
        loss_function="CrossEntropy",
        boosting_type="Plain",
        bootstrap_type="Bernoulli",
        iterations=trees,
        learning_rate=rate,
        depth=settings.depth,
        border_count=settings.borders,
        l2_leaf_reg=settings.l2,
        rsm=settings.columns_per_level,
        subsample=settings.rows_per_tree,
        random_seed=settings.seed,
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(table, shard.label[chosen], sample_weight=weight[chosen])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        forest = forest_of(names, json.loads(path.read_text("utf-8")), settings.depth)
    asked: Columns = {name: table[:, names.index(name)].astype(np.float64) for name in forest.names}
    if not trees > settings.early_trees > 0:
        return forest
    return with_early_exit(forest, asked, settings.early_trees, settings.early_limit)


def first_forest(shard: TrainingShard, chosen: Bool, settings: Settings) -> Forest:
    """The first pass, grown on the chosen rows."""
    return grow(shard.columns, shard, chosen, settings.first_trees, settings.first_rate, settings)


def forest_of(names: tuple[str, ...], dump: dict[str, Any], depth: int) -> Forest:
    """The forest in CatBoost's JSON, without the columns no tree asks about. Shallow trees get questions all answer no."""
    trees = dump["oblivious_trees"]
    scale, (bias,) = dump["scale_and_bias"]
    column = np.zeros((len(trees), depth), np.int64)
    border = np.full((len(trees), depth), np.inf, np.float32)
    leaves = np.zeros((len(trees), 1 << depth))
    for t, tree in enumerate(trees):
        for k, split in enumerate(tree["splits"] or ()):
            column[t, k], border[t, k] = split["float_feature_index"], split["border"]
        leaves[t, : len(tree["leaf_values"])] = np.asarray(tree["leaf_values"]) * scale
    used, small = np.unique(column, return_inverse=True)
    exact = np.round(leaves * 2.0**20) / 2.0**20  # sums of such fractions are the same in any order
    return Forest(
        tuple(names[u] for u in used),
        small.reshape(column.shape).astype(np.int16),
        border,
        exact.astype(np.float32),
        float(bias),
    )


def with_early_exit(forest: Forest, columns: Columns, trees: int, limit: float) -> Forest:
    """The forest that lets plain rows go early, with the factor that fits the rows it was trained on."""
    part = replace(forest, **{k: getattr(forest, k)[:trees] for k in ("column", "border", "leaves")})
    told, whole = part.log_odds(columns), forest.log_odds(columns)
    plain = np.abs(told) >= limit
    stretch = float((told[plain] * whole[plain]).sum() / (told[plain] ** 2).sum()) if plain.any() else 1.0
    return replace(forest, early=EarlyExit(trees, limit, round(stretch, 3)))


def second_columns(shard: TrainingShard, odds: F64) -> Columns:
    """Columns of the second pass for every page of `shard`, in batches as in use."""
    parts: list[Columns] = []
    at = 0
    for low in range(0, len(shard.texts), 64):
        batch = read_pages(shard.texts[low : low + 64])
        rows = LineRows(batch)
        _, line = describe(batch, rows)
        parts.append(second_look(odds[at : at + rows.n], line, rows))
        at += rows.n
    return {**shard.columns, **{n: np.concatenate([p[n] for p in parts]).astype(np.float32) for n in parts[0]}}


def first_guesses(shard: TrainingShard, folds: set[int], settings: Settings) -> tuple[F64, dict[int, Forest]]:
    """First-pass log-odds of each row in `folds`, by a forest grown on the other ones; and those forests."""
    odds = np.zeros(len(shard.label))
    forests: dict[int, Forest] = {}
    inside = np.isin(shard.fold, list(folds))
    for k in sorted(folds):
        forest = first_forest(shard, inside & (shard.fold != k), settings)
        held = shard.fold == k
        odds[held] = forest.log_odds({name: shard.columns[name][held] for name in forest.names})
        forests[k] = forest
    return odds, forests


def second_guesses(
    columns: Columns, shard: TrainingShard, folds: set[int], settings: Settings
) -> tuple[F64, dict[int, Forest]]:
    """Second-pass log-odds of each row in `folds`, by a forest grown on the other ones; and those forests."""
    odds = np.zeros(len(shard.label))
    forests: dict[int, Forest] = {}
    inside = np.isin(shard.fold, list(folds))
    for k in sorted(folds):
        chosen = inside & (shard.fold != k)
        forest = grow(columns, shard, chosen, settings.second_trees, settings.second_rate, settings)
        held = shard.fold == k
        odds[held] = forest.log_odds({name: columns[name][held] for name in forest.names})
        forests[k] = forest
    return odds, forests


def prepare(pages: Sequence[Page], folds: Sequence[int], settings: Settings) -> tuple[TrainingShard, int]:
    """Columns of all pages and of their variations, and how many rows are of the pages themselves (they come first)."""
    shard = shard_of(pages, folds)
    n_own = len(shard.label)
    if settings.copies:
        made, made_folds = variations(pages, folds, settings)
        shard = join(shard, shard_of(made, made_folds), settings.copy_weight)
    return shard, n_own


@dataclass(frozen=True, slots=True)
class Trained:
    """A model from all pages, and what models thought of lines of hosts that they had not seen.

    folds: for each fold the model grown and calibrated on the others. odds: log-odds of content of every line of the pages,
    by the model of its fold. error: expected calibration error of those. made_of: see `BoilerplateModel`.
    """

    model: BoilerplateModel
    folds: dict[int, BoilerplateModel]
    error: float
    odds: F64


def train(pages: Sequence[Page], folds: Sequence[int], settings: Settings, made_of: str = "{}") -> Trained:
    """Pairs of passes grown on all pages, and the calibration of their mean, made of guesses about pages not seen."""
    every = set(folds)
    passes: list[Passes] = []
    by_fold: dict[int, list[Passes]] = {k: [] for k in every}
    guesses: list[F64] = []
    for member in settings.members():
        shard, n_own = prepare(pages, folds, member)
        odds, firsts = first_guesses(shard, every, member)
        columns = second_columns(shard, odds)
        told, seconds = second_guesses(columns, shard, every, member)
        guesses.append(told[:n_own])
        for k in every:
            by_fold[k].append((firsts[k], seconds[k]))
        everything = np.ones(len(shard.label), bool)
        second = grow(columns, shard, everything, member.second_trees, member.second_rate, member)
        passes.append((first_forest(shard, everything, member), second))
    mean = np.mean(guesses, axis=0)
    # The lines of the pages themselves are the same for every member: they come before the variations.
    wordy, fold = shard.weight[:n_own] > 0, shard.fold[:n_own]
    boilerplate = 1.0 - shard.label[:n_own]

    def model(name: str, chosen: Bool, pairs: list[Passes]) -> BoilerplateModel:
        knots, chances = calibrate(mean[chosen], boilerplate[chosen])
        version, lean = f"{MODEL_VERSION}{name}", np.zeros(len(LEAN_NAMES))
        return BoilerplateModel(version, tuple(pairs), knots, chances, lean, made_of=made_of, company=settings.company)

    held = {k: model(f"-fold{k}", wordy & (fold != k), by_fold[k]) for k in sorted(every)}
    error = crossfitted_error(mean[wordy], boilerplate[wordy], fold[wordy])
    return Trained(model("", wordy, passes), held, error, mean)


def crossfitted_error(odds: F64, boilerplate: F64, fold: npt.NDArray[np.int64]) -> float:
    """Calibration error of each fold's lines with a calibration made on the other folds."""
    chance = np.zeros(len(odds))
    for k in np.unique(fold):
        held = fold == k
        chance[held] = np.interp(odds[held], *calibrate(odds[~held], boilerplate[~held]))
    return calibration_error(chance, boilerplate)
