"""A second look: labels that contradict how the same words are labelled elsewhere. Nothing is suspected without evidence.

For each span, the probability of each label is estimated from the other places where its surface stands, case folded;
where it stands seldom or nowhere, from places that share its first or last word, and at last from how common each label
is. A place never speaks for itself: three people who mislabelled one mention do not support one another.

The estimate is smoothed by backing off, each level being worth a fixed number of observations of the next.
Source of the form: D. J. C. MacKay, L. C. Bauman Peto (1995), A hierarchical Dirichlet language model, Nat. Lang. Eng.
1(3), 289-308; of using disagreement with the rest of a corpus to find annotation errors: M. Dickinson, W. D. Meurers
(2003), Detecting errors in part-of-speech annotation, EACL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.agreement.judgements import codes_of, latest_submissions, need
from corpus_kit.agreement.measures.bootstrap import DECIMALS
from corpus_kit.agreement.measures.coefficients import Floats
from corpus_kit.core.errors import UsageError
from corpus_kit.core.labels import read_label_table
from corpus_kit.core.layers import Layer
from corpus_kit.core.storage.folders import read_manifest

Ints = NDArray[np.int64]

ROWS_AT_ONCE = 1 << 17
ADDED: dict[str, Any] = {
    "suspicion": pl.Float64,
    "probability": pl.Float64,
    "expected": pl.String,
    "expected_probability": pl.Float64,
    "elsewhere": pl.Int64,
    "alike": pl.Int64,
    "contrary": pl.Int64,
    "near": pl.Int64,
    "near_contrary": pl.Int64,
    "evidence": pl.String,
}
MOST_WORDS_OF_A_NAME, LEAST_NEAR, SHARE_NEAR = 6, 3, 0.75
"""Words that a span may have to be judged by its first and last one; how many such places speak, and how clearly."""
_WORD = re.compile(r"\w+")


def review(spans: pl.DataFrame, *, surface_weight: float = 1.0, word_weight: float = 4.0) -> pl.DataFrame:
    """`spans` ranked by how strongly the rest of the corpus speaks against their label, most suspicious first.

    Parameters
    ----------
    spans: rows of the table `spans`, single labels or gold. Layers and controls are judged apart.
    surface_weight: how many places with the same surface the words at its edges are worth.
    word_weight: how many places that share such a word the frequency of the labels is worth.

    Returns the rows with `rank` (from 1), `suspicion` (log odds of the best other label against the one given; above 0
    the other is likelier), `probability` of the label given, `expected` (the best other label; null, as the suspicion,
    where there is none), `expected_probability`, `elsewhere` (labels at other places with this surface; of several lines
    that stand nowhere else as a whole, at other documents' places with one of these lines), `alike` and `contrary` (how many
    of them are the label given, and the expected one), `near` and `near_contrary` (the same of places that share the first
    or last word) and `evidence` (what speaks against the label, in words; null where nothing that can be shown does).
    Equal suspicion: more evidence first, then document and place.
    """
    need(spans, "spans")
    if "surface" not in spans.columns:
        raise UsageError("The spans table has no column surface.", "Rebuild it with `corpus-kit build`, then review.")
    labelled = spans.filter(pl.col("label").is_not_null())
    empty = spans.clear().with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in ADDED.items())
    parts = [
        part.with_columns(_judged(part, surface_weight, word_weight))
        for part in labelled.partition_by("layer", "control", maintain_order=True)
        if part.height
    ]
    place = ["layer", "control", "doc_id", "start", "end", "label", "annotation_id", "span_id"]
    ranked = pl.concat([empty, *parts]).sort(
        ["suspicion", "elsewhere", *place], descending=[True, True] + [False] * len(place), nulls_last=True
    )
    return ranked.select(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("rank"), pl.all())


def _judged(rows: pl.DataFrame, surface_weight: float, word_weight: float) -> list[pl.Series]:
    """The added columns for the spans of one control, in their order."""
    labels = rows["label"].unique().sort().to_list()
    label = codes_of(rows["label"], labels)
    groups = [*_surfaces(rows["surface"]), _numbers(rows, ["doc_id", "start", "end"])]
    hand = _numbers(rows, ["annotation_id", "doc_id", "start", "end"])
    tables = [_counts(group, label, len(labels)) for group in groups]
    everywhere, by_hand = tables[0].sum(axis=0), _counts(hand, label, len(labels))
    lines = _by_line(rows, label, len(labels))
    columns = [np.empty(len(label)) for _ in range(8)]
    expected = np.empty(len(label), dtype=np.int64)
    for at in range(0, len(label), ROWS_AT_ONCE):
        chunk = slice(at, min(at + ROWS_AT_ONCE, len(label)))
        row = np.arange(chunk.stop - chunk.start)
        here = tables[3][groups[3][chunk]]
        surface, first, last = (table[group[chunk]] - here for table, group in zip(tables[:3], groups[:3], strict=True))
        alone = surface.sum(axis=1) == 0
        surface = np.where(alone[:, None], lines[chunk], surface)
        near = first + last
        prior = _backed_off(everywhere - here, np.full_like(here, 1.0 / len(labels)), float(len(labels)))
        chance = _backed_off(surface, _backed_off(near, prior, word_weight), surface_weight)
        own = label[chunk]
        # A label the same hand also put here is no rival: spans may carry several.
        rivals = np.where(by_hand[hand[chunk]] > 0, 0.0, chance)
        expected[chunk] = rivals.argmax(axis=1)
        best, given = rivals.max(axis=1), chance[row, own]
        odds = np.log(np.where(best > 0.0, best, np.nan)) - np.log(given)
        theirs = expected[chunk]
        counts = surface.sum(axis=1), surface[row, own], surface[row, theirs], near.sum(axis=1), near[row, theirs]
        for column, values in zip(columns, (odds, given, best, *counts), strict=True):
            column[chunk] = values
    suspicion, probability, rival, *found = columns
    made = [
        pl.Series("suspicion", suspicion.round(DECIMALS), nan_to_null=True),
        pl.Series("probability", probability.round(DECIMALS)),
        pl.Series(labels).gather(expected).set(pl.Series(rival == 0.0), None).alias("expected"),
        pl.Series("expected_probability", rival.round(DECIMALS)),
    ]
    names = ("elsewhere", "alike", "contrary", "near", "near_contrary")
    made += [pl.Series(name, values.astype(np.int64)) for name, values in zip(names, found, strict=True)]
    told = [rows["surface"], *made]
    evidence = [_evidence(*values) for values in pl.DataFrame(told).select(*_TOLD).iter_rows()]
    return [*made, pl.Series("evidence", evidence, pl.String)]


_TOLD = ("surface", "expected", "elsewhere", "alike", "contrary", "near", "near_contrary")


def _evidence(
    surface: str, expected: str | None, elsewhere: int, alike: int, contrary: int, near: int, near_contrary: int
) -> str | None:
    """What speaks for the expected label, in words; None where nothing does that a reader could check."""
    if expected is None:
        return None
    if elsewhere:
        what = "same lines" if "\n" in surface.strip() else "same words"
        return f"{what}: {expected} in {contrary} of {elsewhere} other places" if contrary > alike else None
    if len(_WORD.findall(surface)) > MOST_WORDS_OF_A_NAME or near < LEAST_NEAR or near_contrary < SHARE_NEAR * near:
        return None
    return f"same first or last word: {expected} in {near_contrary} of {near} other places"


def _by_line(rows: pl.DataFrame, label: Ints, n_labels: int) -> Floats:
    """Labels that the lines of a span have in other documents, shape (spans, labels); zero for spans of one line.

    A long span is seldom repeated as a whole, its lines are: a menu that has one entry more is the same menu.
    """
    made = np.zeros((rows.height, n_labels))
    lines = pl.col("surface").str.to_lowercase().str.split("\n").list.eval(pl.element().str.strip_chars())
    each = rows.select("doc_id", lines.list.unique().alias("line"), label=pl.Series(label)).with_row_index("row")
    each = each.explode("line").filter(pl.col("line").str.contains(r"\w{3}"))
    many = rows.with_row_index("row").filter(pl.col("surface").str.strip_chars().str.contains("\n"))["row"]
    if many.is_empty():
        return made
    whole = each.group_by("line", "label").len("all")
    own = each.group_by("doc_id", "line", "label").len("own")
    asked = each.filter(pl.col("row").is_in(many.implode())).select("row", "doc_id", "line")
    found = asked.join(whole, on="line").join(own, on=["doc_id", "line", "label"], how="left")
    found = (
        found.with_columns(n=pl.col("all") - pl.col("own").fill_null(0)).group_by("row", "label").agg(pl.col("n").sum())
    )
    made[found["row"].to_numpy(), found["label"].to_numpy()] = found["n"].to_numpy()
    return made


def _backed_off(counts: Floats, below: Floats, weight: float) -> Floats:
    """Shares of `counts`, smoothed by `weight` imaginary observations of the level below; (rows, labels)."""
    return np.asarray((counts + weight * below) / (counts.sum(axis=1, keepdims=True) + weight))


def _surfaces(column: pl.Series) -> list[Ints]:
    """Numbers of each row's surface, and of its first and of its last word among spans of as many words; case and spacing
    do not matter. A treaty is not named like the town it is named after, a bank is named like other banks."""
    distinct = column.unique().sort()
    folded = [" ".join((surface or "").casefold().split()) for surface in distinct]
    words = [_WORD.findall(surface) or [surface] for surface in folded]
    table = pl.DataFrame(
        {
            "surface": distinct,
            "0": folded,
            "1": [f"{len(w)} {w[0]}" for w in words],
            "2": [f"{len(w)} {w[-1]}" for w in words],
        },
        schema_overrides={"surface": pl.String},
    )
    found = pl.DataFrame({"surface": column}).join(
        table, on="surface", how="left", nulls_equal=True, maintain_order="left"
    )
    return [_numbers(found, [name]) for name in ("0", "1", "2")]


def _numbers(rows: pl.DataFrame, key: Sequence[str]) -> Ints:
    """A running number for each distinct `key`, shape (rows,)."""
    return rows.select(pl.struct(key).rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()


def _counts(group: Ints, label: Ints, n_labels: int) -> Floats:
    """Labels in each group: (groups, labels)."""
    n_groups = int(group.max(initial=-1)) + 1
    counts = np.bincount(group * n_labels + label, minlength=n_groups * n_labels)
    return counts.reshape(n_groups, n_labels).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Suspect:
    """One label or answer to look at again.

    annotator: None for gold. start, end: None for an answer about the document, whose surface is empty. expected: the
    likeliest other label. suspicion: log odds of it against the one given. elsewhere, alike: labels at other places with
    this surface, and how many of them are the label given. evidence: what speaks against the label, in words.
    """

    rank: int
    layer: str
    control: str
    doc_id: str
    annotation_id: str
    annotator: str | None
    start: int | None
    end: int | None
    surface: str
    label: str
    expected: str
    suspicion: float
    probability: float
    expected_probability: float
    elsewhere: int
    alike: int
    evidence: str = ""


def second_look(out: Path, layers: Mapping[str, Layer], *, gold: bool = True) -> list[Suspect]:
    """Labels of spans for which another label is likelier and something that can be shown says so, most suspicious first.

    gold: of `out/gold`, else of `out/annotations` (the submitted work of people). Raises UsageError where the folder is
    not made.
    """
    folder = out / ("gold" if gold else "annotations")
    if read_manifest(folder) is None:
        raise UsageError(f"There is no {folder.name} yet.", "Run `corpus-kit build` once there are annotations.")
    annotations = read_label_table(folder, "annotations")
    spans = read_label_table(folder, "spans").filter(pl.col("layer").is_in(list(layers)))
    if not gold:
        spans = spans.join(latest_submissions(annotations), on="annotation_id", how="semi")
    ranked = review(spans).filter(pl.col("suspicion") > 0, pl.col("evidence").is_not_null())
    named = ranked.join(
        annotations.select("annotation_id", "annotator"), on="annotation_id", how="left", maintain_order="left"
    )
    named = named.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("rank"))
    return [Suspect(**row) for row in named.select(Suspect.__slots__).iter_rows(named=True)]
