"""The second look puts labels first that the rest of the corpus contradicts."""

from __future__ import annotations

import random
from collections.abc import Callable

import polars as pl
import pytest
from agreement_tables import SPANS, annotation, span, table

from corpus_kit.agreement.review import review
from corpus_kit.core.errors import UsageError

HEADS = {"ORG": ["bank", "union", "ministry", "group"], "LOC": ["river", "street", "hills"], "PER": []}


def spans_of(words: list[tuple[str, str, str]]) -> pl.DataFrame:
    """(doc_id, surface, label), one after the other in each document."""
    rows, at = [], 0
    for doc_id, surface, label in words:
        made = annotation(doc_id, "a", layer="entities")
        rows.append(span(made, at, at + len(surface), label, surface=surface))
        at += len(surface) + 1
    return table(rows, SPANS)


def simulated(n_spans: int, seed: int, share: float = 0.05) -> tuple[pl.DataFrame, set[tuple[int, int]]]:
    """A corpus of Zipfian surfaces, one in twelve of them truly ambiguous, with labels flipped in a share of the spans.

    Returns the spans and the places of the flips.
    """
    rng = random.Random(seed)
    kinds: list[tuple[str, dict[str, float]]] = []
    for i in range(n_spans // 8):
        label = rng.choice(list(HEADS))
        stem = f"{rng.choice('bcdfgkmnprst')}{rng.choice('aeiou')}{i}"
        surface = f"{stem} {rng.choice(HEADS[label])}" if HEADS[label] and rng.random() < 0.6 else stem
        other = rng.choice([x for x in HEADS if x != label])
        kinds.append((surface, {label: 0.7, other: 0.3} if i % 12 == 5 else {label: 1.0}))
    weights = [1 / (rank + 1) for rank in range(len(kinds))]
    words: list[tuple[str, str, str]] = []
    for i, (surface, odds) in enumerate(rng.choices(kinds, weights, k=n_spans)):
        cases: list[Callable[[str], str]] = [str.title, str.title, str.upper, str]
        case = rng.choice(cases)
        words.append((f"d{i // 20}", case(surface), rng.choices(list(odds), list(odds.values()))[0]))
    flipped = set(rng.sample(range(n_spans), int(n_spans * share)))
    labelled = [
        (d, s, rng.choice([x for x in HEADS if x != label]) if i in flipped else label)
        for i, (d, s, label) in enumerate(words)
    ]
    spans = spans_of(labelled)
    places = spans.select("start", "end").rows()
    return spans, {places[i] for i in flipped}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_four_of_five_planted_flips_stand_in_the_first_tenth(seed: int) -> None:
    spans, flips = simulated(4000, seed)
    first = review(spans).head(spans.height // 10)
    found = sum(place in flips for place in first.select("start", "end").rows())
    assert found >= 0.8 * len(flips), f"{found} of {len(flips)}"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_listed_has_evidence_and_most_of_the_first_tenth_are_flips(seed: int) -> None:
    spans, flips = simulated(4000, seed, 0.08)
    listed = review(spans).filter(pl.col("suspicion") > 0, pl.col("evidence").is_not_null()).head(400)
    found = sum(place in flips for place in listed.select("start", "end").rows())
    assert found >= 0.8 * len(flips) and found >= 0.6 * listed.height, f"{found} of {len(flips)} in {listed.height}"


def test_long_spans_that_share_a_word_at_their_edge_are_not_accused() -> None:
    words = [(f"d{i}", f"the pipeline number {i} will be finished in spring next year", "ORG") for i in range(8)]
    words += [("e", "the strike that the teachers began in autumn goes on", "LOC")]
    ranked = review(spans_of(words))
    assert ranked["evidence"].null_count() == ranked.height


def test_the_evidence_counts_what_it_names() -> None:
    words = [(f"d{i}", "Veltmar", "LOC") for i in range(5)] + [("d9", "VELTMAR", "PER"), ("d8", "veltmar", "PER")]
    told = dict(review(spans_of(words)).select("surface", "evidence").rows())
    assert told["VELTMAR"] == "same words: LOC in 5 of 6 other places"
    assert told["Veltmar"] is None


def test_a_menu_is_judged_by_its_lines() -> None:
    menus = [f"Home\nNews\nSport\nPage {i}" for i in range(4)]
    words = [(f"d{i}", menu, "LOC") for i, menu in enumerate(menus)] + [("e", "Home\nNews\nSport\nWeather", "PER")]
    top = review(spans_of(words)).row(0, named=True)
    assert (top["label"], top["expected"]) == ("PER", "LOC")
    assert top["evidence"] == "same lines: LOC in 12 of 12 other places"


def test_the_label_of_the_same_surface_elsewhere_is_what_is_expected() -> None:
    words = [(f"d{i}", "Veltmar", "LOC") for i in range(5)] + [("d9", "VELTMAR", "PER"), ("d9", "Ono", "PER")]
    top = review(spans_of(words)).row(0, named=True)
    assert (top["surface"], top["label"], top["expected"]) == ("VELTMAR", "PER", "LOC")
    assert (top["rank"], top["elsewhere"], top["alike"]) == (1, 5, 0)
    assert top["suspicion"] > 0
    assert top["probability"] < top["expected_probability"]


def test_a_surface_seen_once_is_judged_by_its_first_and_last_word() -> None:
    words = [(f"d{i}", f"{name} Bank", "ORG") for i, name in enumerate(("Alder", "Birch", "Cedar", "Dogwood"))]
    words += [(f"e{i}", f"{name} Falls", "LOC") for i, name in enumerate(("Elm", "Fir", "Gorse", "Hazel"))]
    top = review(spans_of([*words, ("f", "Ivy Bank", "LOC")])).row(0, named=True)
    assert (top["surface"], top["expected"], top["elsewhere"]) == ("Ivy Bank", "ORG", 0)


def test_people_who_mislabelled_the_same_mention_do_not_support_one_another() -> None:
    made = [annotation("d0", a, layer="entities") for a in "abc"]
    wrong = [span(m, 0, 7, "PER", surface="Veltmar") for m in made]
    right = [span(annotation(f"e{i}", "a", layer="entities"), 0, 7, "LOC", surface="Veltmar") for i in range(2)]
    ranked = review(table([*wrong, *right], SPANS))
    assert ranked["doc_id"].to_list()[:3] == ["d0"] * 3
    assert ranked["alike"].to_list()[:3] == [0, 0, 0]


def test_two_labels_on_one_span_are_no_contradiction() -> None:
    rows = [
        span(annotation(f"d{i}", "a", layer="entities"), 0, 7, label, surface="Veltmar")
        for i in range(4)
        for label in ("ORG", "LOC")
    ]
    ranked = review(table(rows, SPANS))
    assert ranked["expected"].null_count() == 8
    assert ranked["suspicion"].null_count() == 8


def test_layers_are_judged_apart() -> None:
    rows = [span(annotation("d", "a", layer=x), i, i + 1, x, surface="same") for i, x in enumerate("PQPQ")]
    assert review(table(rows, SPANS))["suspicion"].null_count() == 4


def test_the_ranking_does_not_depend_on_the_order_of_the_rows() -> None:
    spans, _ = simulated(400, 4)
    assert review(spans.sample(fraction=1, shuffle=True, seed=9)).equals(review(spans))


def test_nothing_to_review_is_an_empty_ranking() -> None:
    ranked = review(table([], SPANS))
    assert ranked.is_empty()
    assert ranked.columns == [
        "rank",
        *SPANS,
        "suspicion",
        "probability",
        "expected",
        "expected_probability",
        "elsewhere",
        "alike",
        "contrary",
        "near",
        "near_contrary",
        "evidence",
    ]
    with pytest.raises(UsageError, match="surface"):
        review(table([], SPANS).drop("surface"))
