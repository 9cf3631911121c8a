"""`python -m corpus_kit.suggest.boilerplate.training.html PAGES`: train the model for pages that were HTML.

It differs from the model for plain text in its columns: those of `markup` come on top. Variations in other renderings are
not needed, since there is one rendering.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from corpus_kit.core.lines.pages import F64, Columns, LineRows, read_pages
from corpus_kit.core.lines.trees import Forest
from corpus_kit.suggest.boilerplate.context import place, second_look
from corpus_kit.suggest.boilerplate.features import describe
from corpus_kit.suggest.boilerplate.markup import BlockRow, markup_columns
from corpus_kit.suggest.boilerplate.model import LEAN_NAMES, BoilerplateModel
from corpus_kit.suggest.boilerplate.training.align import keep_labels
from corpus_kit.suggest.boilerplate.training.calibrate import calibrate
from corpus_kit.suggest.boilerplate.training.fit import Settings, TrainingShard, grow

HTML_SETTINGS = replace(
    Settings(),
    copies=0,
    first_trees=200,
    second_trees=120,
    second_rate=0.07,
    early_trees=70,
    borders=32,
    company=(0.0, 0.0),
)
MODEL_VERSION = "1.0.0"


@dataclass(frozen=True, slots=True)
class HtmlExample:
    """A page: its text, its blocks, its main text as people reviewed it, and the fold of its host."""

    text: str
    blocks: Sequence[BlockRow]
    reference: str
    fold: int


def html_shard(examples: Sequence[HtmlExample]) -> TrainingShard:
    """Columns and targets of pages, as `fit.shard_of` makes them of plain text."""
    parts: list[Columns] = []
    words, label, numbers, owner = [], [], [], []
    for low in range(0, len(examples), 64):
        some = examples[low : low + 64]
        batch = read_pages([one.text for one in some])
        rows = LineRows(batch)
        columns, line = describe(batch, rows)
        columns = {**columns, **place(columns, line, rows), **markup_columns(batch, rows, [one.blocks for one in some])}
        parts.append({name: values.astype(np.float32) for name, values in columns.items()})
        labels = [keep_labels(one.text, one.reference) for one in some]
        words.append(line.words)
        numbers.append(batch.number)
        owner.append(batch.doc + low)
        label.append([labels[d][at] for d, at in zip(batch.doc, batch.number, strict=True)])
    page, size, soft = np.concatenate(owner), np.concatenate(words), np.concatenate(label)
    told = soft >= 0
    soft = np.where(told, soft, 0.0)
    main = np.bincount(page, soft * size, minlength=len(examples))
    weight = (np.minimum(size, 150.0) + 2.0) / np.maximum(main[page], 150.0) * 300.0
    return TrainingShard(
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
        soft,
        np.sqrt(np.clip(weight, 0.02, 60.0)) * told,
        np.array([one.fold for one in examples])[page],
        [one.text for one in examples],
        np.concatenate(numbers),
        page,
    )


def second_columns(shard: TrainingShard, odds: F64) -> Columns:
    """The columns of the first pass, and what it thought."""
    parts: list[Columns] = []
    at = 0
    for low in range(0, len(shard.texts), 64):
        batch = read_pages(shard.texts[low : low + 64])
        rows = LineRows(batch)
        _, line = describe(batch, rows)
        parts.append(second_look(odds[at : at + rows.n], line, rows))
        at += rows.n
    return {**shard.columns, **{n: np.concatenate([p[n] for p in parts]).astype(np.float32) for n in parts[0]}}


@dataclass(frozen=True, slots=True)
class TrainedHtml:
    """model: of all pages. chance: of boilerplate, of every line, by models that saw no page of its host's fold in
    their own pass."""

    model: BoilerplateModel
    chance: F64
    shard: TrainingShard


def train_html(examples: Sequence[HtmlExample], settings: Settings = HTML_SETTINGS, made_of: str = "{}") -> TrainedHtml:
    """Two passes, each guessed out of its fold, and the model of all pages."""
    shard = html_shard(examples)
    everything = np.ones(len(shard.label), bool)
    odds, first = _pass(shard.columns, shard, settings, settings.first_trees, settings.first_rate)
    columns = second_columns(shard, odds)
    odds, second = _pass(columns, shard, settings, settings.second_trees, settings.second_rate)
    wordy = shard.weight > 0
    chance = np.zeros(len(odds))
    for k in np.unique(shard.fold):
        rest, mine = wordy & (shard.fold != k), shard.fold == k
        chance[mine] = np.interp(odds[mine], *calibrate(odds[rest], 1.0 - shard.label[rest]))
    knots, chances = calibrate(odds[wordy & everything], 1.0 - shard.label[wordy])
    model = BoilerplateModel(
        f"html-{MODEL_VERSION}", ((first, second),), knots, chances, np.zeros(len(LEAN_NAMES)), made_of=made_of
    )
    return TrainedHtml(model, chance, shard)


def _pass(columns: Columns, shard: TrainingShard, settings: Settings, trees: int, rate: float) -> tuple[F64, Forest]:
    """Log-odds of each row by a forest that saw nothing of its fold, and the forest of all rows."""
    odds = np.zeros(len(shard.label))
    for k in np.unique(shard.fold).tolist():
        held = shard.fold == k
        forest = grow(columns, shard, ~held, trees, rate, settings)
        odds[held] = forest.log_odds({name: columns[name][held].astype(np.float64) for name in forest.names})
    return odds, grow(columns, shard, np.ones(len(odds), bool), trees, rate, settings)


def kept_lines(examples: Sequence[HtmlExample], shard: TrainingShard, chance: F64, threshold: float) -> list[str]:
    """The kept text of each page."""
    bounds = np.searchsorted(shard.page, np.arange(len(examples) + 1))
    kept = []
    for one, (low, high) in zip(examples, pairwise(bounds.tolist()), strict=True):
        lines = one.text.split("\n")
        kept.append("\n".join(lines[at] for at in shard.numbers[low:high][chance[low:high] < threshold]))
    return kept
