"""Agreement on choices, ratings and numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.agreement.judgements import (
    SEPARATOR,
    Readers,
    answers,
    codes_of,
    in_scope,
    latest_submissions,
    readable,
)
from corpus_kit.agreement.measures import coefficients as formula
from corpus_kit.agreement.measures import distances as distance
from corpus_kit.agreement.measures.bootstrap import Resampling, resampled, sums_by
from corpus_kit.agreement.measures.coefficients import Floats
from corpus_kit.agreement.measures.figures import Maker, Scope, hardest, nothing_hard, per_page
from corpus_kit.agreement.measures.records import AgreementFigure, Measured
from corpus_kit.core.errors import UsageError

Ints = NDArray[np.int64]

MOST_NUMBERS = 2000
"""Distinct numbers up to which the ratio alpha is measured: its expected disagreement takes every pair of them."""

LEVELS = {"choice": "nominal", "taxonomy": "nominal", "rating": "ordinal", "number": "interval"}
"""Free text is left out: it has no agreement worth a figure."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Answers to one question as a table.

    readers: who worked on which page; its annotators are the columns.
    page: the index of each item's page, ascending, shape (items,).
    codes: the index of each answer in `values`, -1 where there is none, shape (items, annotators).
    values: the distinct answers, in their order where they have one.
    level: `nominal`, `ordinal` or `interval`.
    """

    readers: Readers
    page: Ints
    codes: Ints
    values: tuple[str, ...]
    level: str

    def only(self, columns: Sequence[int]) -> Grid:
        """The same question with these annotators only."""
        return Grid(self.readers.only(columns), self.page, self.codes[:, list(columns)], self.values, self.level)

    def positions(self) -> list[float]:
        """Where the values lie on their scale: ratings and numbers where they say, ordered labels one apart."""
        try:
            return [float(value) for value in self.values]
        except ValueError:
            return [float(place) for place in range(len(self.values))]

    def distances(self) -> dict[str, Floats]:
        """Tables of distances between the values, by the alpha that uses them; shape (values, values)."""
        if self.level == "nominal" and any(SEPARATOR in value for value in self.values):
            held = self.membership()[1]
            return {"alpha_jaccard": distance.jaccard(held), "alpha_masi": distance.masi(held)}
        if self.level == "interval" and len(self.values) <= MOST_NUMBERS and min(self.positions()) >= 0:
            return {"alpha_ratio": distance.ratio(self.positions())}
        return {}

    def weights(self) -> dict[str, Floats]:
        """Tables of weights for partial agreement, by name; shape (values, values)."""
        if self.level == "interval":
            return {}
        tables: dict[str, Floats] = {"identity": np.eye(len(self.values))}
        if self.level == "ordinal":
            tables["linear"] = distance.agreement_weights(self.positions(), 1)
            tables["quadratic"] = distance.agreement_weights(self.positions(), 2)
        return tables

    def membership(self) -> tuple[tuple[str, ...], Floats]:
        """Labels, and which value holds which: shape (values, labels). A checkbox answer holds several."""
        parts = [value.split(SEPARATOR) for value in self.values]
        labels = tuple(sorted({label for part in parts for label in part}))
        held = np.array([[label in part for label in labels] for part in parts], dtype=np.float64)
        return labels, held.reshape(len(self.values), len(labels))


def choice_agreement(
    choices: pl.DataFrame,
    annotations: pl.DataFrame,
    spans: pl.DataFrame,
    *,
    orders: Mapping[str, Sequence[str]] | None = None,
    pairs: bool = True,
    without: Collection[str] = (),
    plan: Resampling | None = None,
) -> Measured:
    """Observed agreement, kappa and alpha per layer, control and target; for everybody and for each pair.

    Parameters
    ----------
    choices, annotations, spans: the tables of those names. `spans` places choices made on a region.
    orders: for controls whose values are ordered, the values in order: their alpha is ordinal.
    pairs: also every pair of annotators. without: pseudonyms left out. plan: resamples and seed.

    Ratings are ordinal and numbers interval. All but numbers also get a nominal alpha for each label (it, or not it).
    What somebody did not answer is missing, not a label. A control with targets gets figures for each and for all.
    """
    people = latest_submissions(annotations, without=without)
    table = answers(choices, spans, people).filter(pl.col("kind").is_in(list(LEVELS)))
    parts: list[Measured] = []
    for layer, control in table.select("layer", "control").unique().sort("layer", "control").iter_rows():
        rows = table.filter((pl.col("layer") == layer) & (pl.col("control") == control))
        who, rows = in_scope(people.filter(pl.col("layer") == layer), rows, control)
        if rows.is_empty():
            continue
        readers = Readers.of(who)
        for target, part in _by_target(rows):
            grid = grid_of(part, readers, (orders or {}).get(control))
            parts.append(measure_grid(grid, Scope(layer, control, target), plan or Resampling(), pairs=pairs))
    return Measured.joined(parts)


def _by_target(rows: pl.DataFrame) -> Iterator[tuple[str | None, pl.DataFrame]]:
    """All targets as one question about (document, target), then each target by itself."""
    yield None, rows
    for target in rows["target"].drop_nulls().unique().sort():
        yield target, rows.filter(pl.col("target") == target)


def grid_of(rows: pl.DataFrame, readers: Readers, order: Sequence[str] | None = None) -> Grid:
    """Rows of `answers` that answer one question, as a table with a row for each (page, target, region)."""
    level = "ordinal" if order else LEVELS[rows["kind"].sort()[0]]
    values = _values(rows["value"].unique().sort().to_list(), level, order)
    item = _item_numbers(rows)
    codes = np.full((int(item.max(initial=-1)) + 1, len(readers.annotators)), -1, dtype=np.int64)
    codes[item, codes_of(rows["annotator"], readers.annotators)] = codes_of(rows["value"], values)
    page = np.zeros(len(codes), dtype=np.int64)
    page[item] = readers.page_of(rows)
    return Grid(readers, page, codes, tuple(values), level)


def _item_numbers(rows: pl.DataFrame) -> Ints:
    """Which item each row answers, numbered by page, target and region, shape (rows,)."""
    varying = [name for name in ("target", "region") if rows[name].n_unique() > 1]
    number = pl.struct("page", *varying) if varying else pl.col("page")
    return rows.select(number.rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()


def _values(found: list[str], level: str, order: Sequence[str] | None) -> list[str]:
    if order:
        unknown = [value for value in found if value not in order]
        if unknown:
            raise UsageError(
                f"{unknown[0]!r} is not in the order given: {', '.join(order)}.", "Name every value in order."
            )
        return list(order)
    if level == "nominal":
        return found
    try:
        return sorted(found, key=lambda value: (float(value), value))
    except ValueError as error:
        raise UsageError(
            f"An answer of a rating or number is not a number ({error}).", "Give an order for it."
        ) from error


def measure_grid(grid: Grid, scope: Scope, plan: Resampling, *, pairs: bool = True) -> Measured:
    """All figures of one question, and the documents that hurt its alpha most."""
    measure = f"alpha_{grid.level}"
    excuse = grid.readers.excuse()
    if excuse:
        return Measured((Maker(scope, grid.readers, False, plan).blank(measure, excuse),), nothing_hard())
    documents = _documents(grid)
    results = _figures(grid, documents, Maker(scope, grid.readers, False, plan))
    for columns in combinations(range(len(grid.readers.annotators)), 2) if pairs else ():
        two = grid.only(columns)
        maker = Maker(scope, two.readers, True, plan)
        excuse = two.readers.excuse()
        results += [maker.blank(measure, excuse)] if excuse else _figures(two, _documents(two), maker)
    return Measured(tuple(results), hardest(scope, measure, grid.readers, documents.disagreement(grid.level)))


@dataclass(frozen=True, slots=True)
class _Documents:
    """Sums of the documents two people share: rows of `blocks` that each stand for `sizes` groups of documents.

    pages: sums of each row that a page may be, of which `row_of` has the number, -1 for pages that no two people share.
    """

    blocks: dict[str, Floats]
    sizes: Floats
    pages: dict[str, Floats]
    row_of: Ints

    def disagreement(self, level: str) -> Floats:
        """What each page adds to the observed disagreement of the alpha of that level, shape (pages,)."""
        row = self.pages["disagreement"][:, 0]
        if level == "ordinal":
            middle = formula.mid_ranks(self.sizes @ self.blocks["marginals"])
            row = (self.pages["coincidences"] * (middle[:, None] - middle[None, :]) ** 2).sum(axis=(1, 2))
        return np.where(self.row_of >= 0, np.append(row, 0.0)[self.row_of], 0.0)


def _documents(grid: Grid) -> _Documents:
    """Pattern sums added up by document; with one item a document, those of one pattern are put together at once.

    Documents that are drawn together are one row; those that stand alone and are alike become one row that stands for many.
    """
    readers = grid.readers
    shared, n_pages = readers.shared, len(readers.doc_ids)
    kept = shared[grid.page]
    page = grid.page[kept]
    patterns, of_item = _patterns(grid.codes[kept], len(grid.values))
    blocks = statistics(patterns, grid)
    if np.array_equal(page, np.flatnonzero(shared)):
        row_of = np.full(n_pages, -1, dtype=np.int64)
        row_of[page] = of_item
        members = np.bincount(readers.group[shared])[readers.group[shared]]
        alone, together = of_item[members == 1], of_item[members > 1]
        sizes = np.bincount(alone, minlength=len(patterns)).astype(np.float64)
        groups = readers.group[shared][members > 1]
        used = sizes > 0
        rows = {n: np.concatenate([b[used], sums_by(b[together], groups)]) for n, b in blocks.items()}
        sizes = np.concatenate([sizes[used], np.ones(len(np.unique(groups)))])
        return _Documents(rows, sizes, blocks, row_of)
    by_page = {name: per_page(block[of_item], page, n_pages)[shared] for name, block in blocks.items()}
    of_page: Ints = np.where(shared, np.cumsum(shared) - 1, -1)
    rows = {name: sums_by(block, readers.group[shared]) for name, block in by_page.items()}
    return _Documents(rows, np.ones(len(np.unique(readers.group[shared]))), by_page, of_page)


def statistics(patterns: Ints, grid: Grid) -> dict[str, Floats]:
    """The sums the coefficients are functions of, for each pattern of answers to one item; of shape (patterns, ...).

    patterns: distinct rows of `grid.codes`. There are many items but few patterns.
    """
    counts = np.zeros((len(patterns), len(grid.values)))
    np.add.at(counts, (np.nonzero(patterns >= 0)[0], patterns[patterns >= 0]), 1.0)
    every = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(every, 1.0)
    counts[counts.sum(axis=1) < 2] = 0.0
    m = counts.sum(axis=1, keepdims=True)
    pairs, others = m * np.maximum(m - 1.0, 0.0), np.maximum(m - 1.0, 1.0)
    agreeing = (counts * (counts - 1.0)).sum(axis=1, keepdims=True)
    blocks: dict[str, Floats] = {
        "items": (m > 0).astype(np.float64),
        "pairs": pairs,
        "agreeing": agreeing,
        "item_agreement": agreeing / np.maximum(pairs, 1.0),
        "marginals": counts,
    }
    for name, table in grid.distances().items():
        blocks[name] = ((counts @ table) * counts).sum(axis=1, keepdims=True) / others
    for name, table in grid.weights().items():
        agreed = (counts * (counts @ table)).sum(axis=1, keepdims=True) - m
        blocks[f"agreed_{name}"] = agreed / np.maximum(pairs, 1.0)
    if grid.level != "interval":
        blocks["shares"], blocks["answered"] = shares, (every > 0).astype(np.float64)
    if grid.level == "interval":
        number = _standardised(grid.values)
        total, squares = counts @ number[:, None], counts @ (number * number)[:, None]
        blocks["moments"] = np.concatenate([m, total, squares], axis=1)
        blocks["disagreement"] = 2.0 * (m * squares - total * total) / others
    else:
        blocks["disagreement"] = (counts * (m - counts)).sum(axis=1, keepdims=True) / others
        having = counts @ grid.membership()[1]
        blocks["label_marginals"] = np.stack([having, m - having], axis=2)
        blocks["label_disagreement"] = 2.0 * having * (m - having) / others
    if grid.level == "ordinal":
        together = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
        blocks["coincidences"] = together / others[:, :, None]
    if patterns.shape[1] == 2:
        both = np.asarray((patterns >= 0).all(axis=1))
        for column, name in enumerate(("first", "second")):
            blocks[name] = np.eye(len(grid.values))[patterns[:, column]] * both[:, None]
    return blocks


def _patterns(codes: Ints, n_values: int) -> tuple[Ints, Ints]:
    """Distinct rows of `codes`, sorted by their last column first, and which of them each row is."""
    base, columns = n_values + 1, codes.shape[1]
    if base**columns >= 1 << 62:
        patterns, inverse = np.unique(codes, axis=0, return_inverse=True)
        return patterns, inverse.reshape(-1)
    digits = base ** np.arange(columns, dtype=np.int64)
    key = (codes + 1) @ digits
    if base**columns > len(key):
        keys, of_item = np.unique(key, return_inverse=True)
    else:  # Few enough to look up: no need to sort a hundred thousand items.
        keys = np.flatnonzero(np.bincount(key, minlength=base**columns))
        place = np.zeros(base**columns, dtype=np.int64)
        place[keys] = np.arange(len(keys))
        of_item = place[key]
    return keys[:, None] // digits % base - 1, of_item


def _standardised(values: Sequence[str]) -> Floats:
    """Alpha does not change with the unit of measurement; sums of squares are safest near 1."""
    number = np.array([float(value) for value in values])
    spread = float(number.std())
    return np.asarray((number - number.mean()) / (spread if spread > 0 else 1.0), dtype=np.float64)


def _figures(grid: Grid, documents: _Documents, maker: Maker) -> list[AgreementFigure]:
    sums = resampled(documents.blocks, maker.plan, documents.sizes)
    n_items = int(sums["items"][0, 0])
    if n_items == 0:
        return [maker.blank(f"alpha_{grid.level}", "They share documents, but no item that two of them answered.")]
    one = {name: block[:, 0] for name, block in sums.items() if block.shape[1:] == (1,)}
    alike = _alike([readable(v) for v, n in zip(grid.values, sums["marginals"][0], strict=True) if n])
    results = [maker.figure("observed", formula.ratio(one["agreeing"], one["pairs"]), n_items, alike)]
    if maker.pair:
        agree = one["agreeing"] / 2.0
        results.append(
            maker.figure("cohen_kappa", formula.cohen_kappa(agree, sums["first"], sums["second"]), n_items, alike)
        )
    else:
        kappa = formula.fleiss_kappa(one["item_agreement"], one["items"], sums["marginals"])
        results.append(maker.figure("fleiss_kappa", kappa, n_items, alike))
    results.append(maker.figure(f"alpha_{grid.level}", _alpha(grid.level, sums), n_items, alike))
    for name, table in grid.distances().items():
        alpha = formula.alpha_weighted(one[name], sums["marginals"], table)
        results.append(maker.figure(name, alpha, n_items, alike))
    for name, table in grid.weights().items():
        agreed = sums[f"agreed_{name}"][:, 0]
        if maker.pair and name != "identity":
            kappa = formula.weighted_kappa(agreed, sums["first"], sums["second"], table)
            results.append(maker.figure(f"kappa_{name}", kappa, n_items, alike))
        if name != "linear":
            gwet = formula.gwet_ac(agreed, one["items"], sums["shares"], one["answered"], table)
            results.append(maker.figure("gwet_ac1" if name == "identity" else "gwet_ac2", gwet, n_items, alike))
    if grid.level != "interval":
        for index, label in enumerate(grid.membership()[0]):
            alpha = formula.alpha_nominal(sums["label_disagreement"][:, index], sums["label_marginals"][:, index])
            results.append(maker.figure("alpha_nominal", alpha, n_items, _all_or_none(label), label))
    return results


def _alpha(level: str, sums: dict[str, Floats]) -> Floats:
    if level == "ordinal":
        return formula.alpha_ordinal(sums["coincidences"])
    disagreement = sums["disagreement"][:, 0]
    if level == "interval":
        n, total, squares = np.moveaxis(sums["moments"], -1, 0)
        return formula.alpha_interval(disagreement, n, total, squares)
    return formula.alpha_nominal(disagreement, sums["marginals"])


def _alike(values: list[str]) -> str:
    return f"Every answer compared is {values[0]!r}: agreement beyond chance is not defined." if values else ""


def _all_or_none(label: str) -> str:
    return f"Either every answer compared is {label!r} or none is: agreement beyond chance is not defined."
