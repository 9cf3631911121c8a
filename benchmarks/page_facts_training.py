"""Make the weights of the page facts again.

    python benchmarks/page_facts_training.py pages.jsonl.gz articles.jsonl.gz --models FOLDER

pages.jsonl.gz: HTML with titles and dates; articles.jsonl.gz: the same pages as plain text with their main text. FOLDER
gets the five models that saw four folds of hosts each, for `page_facts.py`, and the pages as they were read. Needs the
`train` extra and lxml; about ten minutes of an idle core.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import random
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from catboost import CatBoostClassifier
from page_facts_data import HEADLINE, Example, Source, is_same, labelled, read_sources, vary

from corpus_kit.core.lines.pages import F64, Bool, Columns
from corpus_kit.core.lines.trees import Forest
from corpus_kit.ingest.page_facts import features, published
from corpus_kit.ingest.page_facts.head import read_heads
from corpus_kit.ingest.page_facts.model import PageFactsModel, Scale, choose, choose_date, may_be
from corpus_kit.ingest.page_facts.published import HeadlineGuess
from corpus_kit.ingest.page_facts.second import rivals, second_look
from corpus_kit.suggest.boilerplate.training.augment import Page, Stock
from corpus_kit.suggest.boilerplate.training.calibrate import calibrate
from corpus_kit.suggest.boilerplate.training.fit import N_FOLDS, forest_of, with_early_exit

VERSION = "1.1.0"
PACKAGED = Path(__file__).parents[1] / "corpus_kit" / "ingest" / "page_facts" / "weights.npz"
_HEADS = 64  # pages whose heads are read together


@dataclass(frozen=True, slots=True)
class Settings:
    """What was frozen before the figures were taken. least: chance of being right below which nothing is given."""

    copies: int = 9
    copy_weight: float = 0.25
    pieces_weight: float = 0.5
    lines_drawn: float = 0.2
    first_trees: int = 160
    first_rate: float = 0.12
    early_trees: int = 50
    early_limit: float = 3.5
    second_forests: int = 3
    second_trees: int = 200
    second_rate: float = 0.05
    date_forests: int = 3
    date_trees: int = 120
    date_rate: float = 0.08
    depth: int = 6
    borders: int = 32
    l2: float = 5.0
    columns_per_level: float = 0.25
    rows_per_tree: float = 0.6
    title_least: float = 0.82
    date_least: float = 0.85
    seed: int = 20310229


class Size(NamedTuple):
    """Trees of a forest, its learning rate, how many forests are averaged, and after how many trees plain rows go."""

    trees: int
    rate: float
    forests: int = 1
    early_trees: int = 0


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of all examples' heads. example: the number of each one's example."""

    columns: dict[str, npt.NDArray[np.float32]]
    is_headline: Bool
    fit: Bool
    example: npt.NDArray[np.int64]


def examples_of(sources: list[Source], settings: Settings) -> list[Example]:
    """Every page in three renderings, and variations of two of them made of material of the page's own fold."""
    own = [
        Example(at, name, source.fold, *labelled(source, name), False)
        for at, source in enumerate(sources)
        for name in ("A", "B", "C")
    ]
    stock = {k: Stock([one.page for one in own if one.fold == k and one.rendering != "C"]) for k in range(N_FOLDS)}
    rng = random.Random(settings.seed)
    for _ in range(settings.copies):
        for one in [each for each in own if not each.varied and each.known and each.rendering != "C"]:
            page = vary(one.page, rng, stock[one.fold])
            own.append(Example(one.source, one.rendering, one.fold, page, True, True))
    return own


def text_of(page: Page) -> str:
    return "\n".join(line for line, _ in page)


def read_lines(examples: list[Example]) -> Lines:
    """First-look columns and labels of all lines."""
    parts: list[Columns] = []
    labels, fits, owners = [], [], []
    for low in range(0, len(examples), _HEADS):
        some = examples[low : low + _HEADS]
        heads = read_heads([text_of(one.page) for one in some])
        columns = features.describe(heads)
        parts.append({name: values.astype(np.float32) for name, values in columns.items()})
        fits.append(may_be(heads, columns))
        owners.append(heads.pages.doc + low)
        inside = zip(heads.pages.doc.tolist(), heads.pages.number.tolist(), heads.candidate.tolist(), strict=True)
        labels.append([bool(mine and some[d].page[at][1] >= HEADLINE) for d, at, mine in inside])
    together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Lines(together, np.concatenate(labels), np.concatenate(fits), np.concatenate(owners))


def second_columns(examples: list[Example], lines: Lines, odds: F64) -> dict[str, npt.NDArray[np.float32]]:
    """Columns of the second look at the rivals of all examples, in batches as in use."""
    parts: list[Columns] = []
    at = 0
    for low in range(0, len(examples), _HEADS):
        heads = read_heads([text_of(one.page) for one in examples[low : low + _HEADS]])
        here = slice(at, at + heads.rows.n)
        columns: Columns = {name: values[here].astype(np.float64) for name, values in lines.columns.items()}
        parts.append(second_look(heads, columns, odds[here], rivals(odds[here])))
        at += heads.rows.n
    return {name: np.concatenate([part[name] for part in parts]).astype(np.float32) for name in parts[0]}


def grow(
    columns: dict[str, npt.NDArray[np.float32]],
    label: Bool,
    weight: F64,
    chosen: Bool,
    size: Size,
    settings: Settings,
) -> Forest:
    """Forests grown on the chosen rows, as one: their mean. Deterministic: one thread, a seed for each."""
    names = tuple(columns)
    table = np.stack([columns[name][chosen] for name in names], axis=1)
    grown = [_one_forest(names, table, (label[chosen], weight[chosen]), size, settings, k) for k in range(size.forests)]
    forest = mean_of(grown)
    if not size.early_trees:
        return forest
    seen = {name: columns[name][chosen].astype(np.float64) for name in forest.names}
    return with_early_exit(forest, seen, size.early_trees, settings.early_limit)


def _one_forest(
    names: tuple[str, ...],
    table: npt.NDArray[np.float32],
    known: tuple[Bool, F64],
    size: Size,
    settings: Settings,
    number: int,
) -> Forest:
    """known: labels and weights of the rows of the table."""
    model = CatBoostClassifier(
        loss_function="Logloss",
        boosting_type="Plain",
        bootstrap_type="Bernoulli",
        iterations=size.trees,
        learning_rate=size.rate,
        depth=settings.depth,
        border_count=settings.borders,
        l2_leaf_reg=settings.l2,
        rsm=settings.columns_per_level,
        subsample=settings.rows_per_tree,
        random_seed=settings.seed + number,
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(table, known[0], sample_weight=known[1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        return forest_of(names, json.loads(path.read_text("utf-8")), settings.depth)


def mean_of(forests: list[Forest]) -> Forest:
    """One forest that says what several say on average."""
    names = tuple(sorted({name for forest in forests for name in forest.names}))
    places = [np.array([names.index(name) for name in forest.names], np.int16) for forest in forests]
    leaves = np.concatenate([forest.leaves.astype(np.float64) for forest in forests]) / len(forests)
    return Forest(
        names,
        np.concatenate([place[forest.column] for place, forest in zip(places, forests, strict=True)]),
        np.concatenate([forest.border for forest in forests]),
        (np.round(leaves * 2.0**20) / 2.0**20).astype(np.float32),
        sum(forest.bias for forest in forests) / len(forests),
    )


def asked(forest: Forest, columns: dict[str, npt.NDArray[np.float32]], rows: Bool) -> F64:
    return forest.log_odds({name: columns[name][rows].astype(np.float64) for name in forest.names})


@dataclass(frozen=True, slots=True)
class Pass:
    """The forest of all pages, those without one fold, and every row's log-odds by the forest that did not see its fold."""

    forest: Forest
    folds: dict[int, Forest]
    odds: F64


def one_pass(
    columns: dict[str, npt.NDArray[np.float32]],
    label: Bool,
    weight: F64,
    rows: tuple[Bool, Bool, npt.NDArray[np.int64]],
    size: Size,
    settings: Settings,
) -> Pass:
    """rows: which are learned from, which are judged, and the fold of each."""
    learned, judged, fold = rows
    odds = np.full(len(label), -9.0)
    folds = {}
    for k in range(N_FOLDS):
        folds[k] = grow(columns, label, weight, learned & (fold != k), size, settings)
        held = judged & (fold == k)
        odds[held] = asked(folds[k], columns, held)
        sys.stderr.write(".")
    return Pass(grow(columns, label, weight, learned, size, settings), folds, odds)


def title_passes(examples: list[Example], settings: Settings) -> tuple[Pass, Pass]:
    """The two looks at the lines of heads."""
    lines = read_lines(examples)
    fold = np.array([one.fold for one in examples])[lines.example]
    known = np.array([one.known for one in examples])[lines.example]
    weights = [
        (settings.copy_weight if one.varied else 1.0) * (settings.pieces_weight if one.rendering == "C" else 1.0)
        for one in examples
    ]
    drawn = lines.is_headline | (np.random.default_rng(settings.seed).random(len(fold)) < settings.lines_drawn)
    weight = np.array(weights)[lines.example] * np.where(lines.is_headline, 1.0, 1.0 / settings.lines_drawn)
    learned = lines.fit & known & drawn
    size = Size(settings.first_trees, settings.first_rate, early_trees=settings.early_trees)
    first = one_pass(lines.columns, lines.is_headline, weight, (learned, lines.fit, fold), size, settings)
    at = rivals(first.odds)
    columns = second_columns(examples, lines, first.odds)
    size = Size(settings.second_trees, settings.second_rate, settings.second_forests)
    weight = np.array(weights)[lines.example[at]]  # few are left: none is left out
    rows = known[at], np.ones(len(at), bool), fold[at]
    second = one_pass(columns, lines.is_headline[at], weight, rows, size, settings)
    odds = np.full(len(fold), -9.0)
    odds[at] = second.odds
    return first, replace(second, odds=odds)


@dataclass(frozen=True, slots=True)
class Scales:
    """What scores are worth. whole: learned from all pages. folds: from all but those of one fold."""

    whole: Scale
    folds: dict[int, Scale]


def scales_of(scores: list[float], right: list[bool], fold: list[int], least: float) -> Scales:
    """least: chance of being right below which nothing is given."""
    score, wrong, of = np.array(scores), 1.0 - np.array(right, np.float64), np.array(fold)

    def scale(some: Bool) -> Scale:
        knots, chance = calibrate(score[some], wrong[some])
        return Scale(knots, 1.0 - chance, least)

    return Scales(scale(np.ones(len(of), bool)), {k: scale(of != k) for k in range(N_FOLDS)})


def title_calibration(
    examples: list[Example], sources: list[Source], odds: F64, settings: Settings
) -> tuple[Scales, list[HeadlineGuess | None]]:
    """How often the likeliest line is right at each score, and that line of each page as it is."""
    scores, right, fold = [], [], []
    found: list[HeadlineGuess | None] = []
    at = 0
    plain = [one for one in examples if not one.varied]
    for low in range(0, len(examples), _HEADS):
        some = examples[low : low + _HEADS]
        heads = read_heads([text_of(one.page) for one in some])
        mine = odds[at : at + heads.rows.n]
        at += heads.rows.n
        for d, one in enumerate(some):
            picked = choose(heads, mine, d)
            if one.varied:
                continue
            if picked is None:
                found.append(None)
                continue
            row, score = picked
            start, end = heads.place(row)
            found.append(HeadlineGuess(start, end, float(mine[row])))
            source = sources[one.source]
            if one.rendering != "C":
                scores.append(score)
                fold.append(one.fold)
                right.append(any(is_same(heads.line(row), title) for title in (source.title, *source.also) if title))
    assert len(found) == len(plain)
    return scales_of(scores, right, fold, settings.title_least), found


def date_pass(
    examples: list[Example], sources: list[Source], headlines: list[HeadlineGuess | None], settings: Settings
) -> tuple[Pass, Scales]:
    """The look at dates, with the headlines as models found them that had not seen the page."""
    rows: list[dict[str, float]] = []
    label, fold, owner, weight = [], [], [], []
    each = []
    for at, (one, headline) in enumerate(zip([e for e in examples if not e.varied], headlines, strict=True)):
        source = sources[one.source]
        if not source.date:
            continue
        text = text_of(one.page)
        some = published.find_candidates(text)
        rows += published.describe(text, some, headline)
        label += [candidate.date.value.isoformat() == source.date[:10] for candidate in some]
        fold += [one.fold] * len(some)
        owner += [at] * len(some)
        weight += [1.0 / (1.0 + 0.1 * len(some))] * len(some)
        each.append((one, some))
    columns = {name: values.astype(np.float32) for name, values in published.columns_of(rows).items()}
    every = np.ones(len(label), bool)
    size = Size(settings.date_trees, settings.date_rate, settings.date_forests)
    made = one_pass(columns, np.array(label), np.array(weight), (every, every, np.array(fold)), size, settings)
    scores, right, folds = [], [], []
    at = 0
    for one, some in each:
        picked = choose_date(some, made.odds[at : at + len(some)])
        at += len(some)
        if picked is not None:
            scores.append(picked[1])
            folds.append(one.fold)
            right.append(picked[0].value.isoformat() == (sources[one.source].date or "")[:10])
    return made, scales_of(scores, right, folds, settings.date_least)


def main() -> int:
    """Train on all pages and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path, help="JSON Lines with gzip: id, url, title, publish_date, html")
    parser.add_argument("articles", type=Path, help="JSON Lines with gzip: id, text, reference")
    parser.add_argument("--out", type=Path, default=PACKAGED, help="where the weights go (default: the package)")
    parser.add_argument("--models", type=Path, required=True, help="folder for the five models that saw four folds")
    options = parser.parse_args()
    settings = Settings()
    options.models.mkdir(parents=True, exist_ok=True)
    kept = options.models / "examples.pickle"  # aligning main texts takes minutes
    if kept.exists():
        sources, examples = pickle.loads(kept.read_bytes())
    else:
        sources = read_sources(options.pages, options.articles)
        examples = examples_of(sources, settings)
        kept.write_bytes(pickle.dumps((sources, examples)))
        (options.models / "sources.pickle").write_bytes(pickle.dumps(sources))
    first, second = title_passes(examples, settings)
    title_scales, headlines = title_calibration(examples, sources, second.odds, settings)
    date, date_scales = date_pass(examples, sources, headlines, settings)
    data = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in vars(options).items()
        if name in ("pages", "articles")
    }
    made_of = json.dumps({"data": data, "settings": asdict(settings)}, sort_keys=True)
    looks = first.forest, second.forest, date.forest
    model = PageFactsModel(VERSION, *looks, title_scales.whole, date_scales.whole, made_of)
    options.out.write_bytes(model.to_bytes())
    for k in range(N_FOLDS):
        looks = first.folds[k], second.folds[k], date.folds[k]
        held = PageFactsModel(f"{VERSION}-fold{k}", *looks, title_scales.folds[k], date_scales.folds[k], made_of)
        (options.models / f"fold{k}.npz").write_bytes(held.to_bytes())
    sys.stdout.write(f"{options.out.name}: {len(model.to_bytes())} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
