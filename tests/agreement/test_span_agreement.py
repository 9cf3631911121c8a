"""F1 and character alpha of spans equal their definitions, worked out span by span and character by character."""

from __future__ import annotations

import random
from itertools import combinations, permutations
from typing import Any

import polars as pl
import pytest
from agreement_tables import ANNOTATIONS, DOCUMENTS, RELATIONS, SPANS, annotation, span, table
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator

from corpus_kit.agreement.measures.bootstrap import Resampling
from corpus_kit.agreement.measures.characters import character_agreement
from corpus_kit.agreement.measures.records import AgreementFigure, Measured
from corpus_kit.agreement.measures.spans import relation_agreement, span_agreement
from corpus_kit.core.errors import UsageError

QUICK = Resampling(resamples=0)
Drawn = dict[tuple[str, str], list[tuple[int, int, str]]]
"""(doc_id, annotator) -> start, end, label; an empty list is somebody who found nothing."""


def tables(drawn: Drawn, length: int = 40) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    made = {key: annotation(*key, layer="entities") for key in drawn}
    rows = [span(made[key], *one) for key, spans in drawn.items() for one in spans]
    documents = [{"doc_id": d, "text_sha256": f"text of {d}", "n_chars": length} for d in {d for d, _ in drawn}]
    return table(rows, SPANS), table(made.values(), ANNOTATIONS), table(documents, DOCUMENTS)


def figures(found: Measured, measure: str) -> dict[tuple[Any, ...], AgreementFigure]:
    return {(r.annotators if r.pair else "all", r.label): r for r in found.results if r.measure == measure}


def random_drawn(seed: int, *, disjoint: bool = False) -> Drawn:
    rng = random.Random(seed)
    drawn: Drawn = {}
    for d in range(rng.randint(1, 6)):
        truth = [(s, s + rng.randint(1, 5), rng.choice("PLO")) for s in range(0, 35, 6)]
        for a in "abc":
            if rng.random() < 0.2:
                continue
            mine = set()
            for s, e, label in truth:
                if rng.random() < 0.7:
                    shift = rng.choice([0, 0, 0, 1])
                    mine.add((s + shift * (e - s > 1), e, label if rng.random() < 0.8 else rng.choice("PLO")))
            if not disjoint:
                for _ in range(rng.randint(0, 3)):
                    s = rng.randint(0, 38)
                    mine.add((s, rng.randint(s + 1, 40), rng.choice("PLO")))
            drawn[f"d{d}", a] = sorted(mine)
    return drawn


def by_definition(drawn: Drawn, a: str, b: str, label: str | None) -> tuple[float | None, float | None]:
    """Exact and partial F1 of a pair, one document after the other."""
    marked, exact, partial = 0, 0, 0.0
    for doc in {d for d, _ in drawn}:
        if (doc, a) not in drawn or (doc, b) not in drawn:
            continue
        mine, theirs = ({s for s in drawn[doc, who] if label in (None, s[2])} for who in (a, b))
        marked += len(mine) + len(theirs)
        exact += len(mine & theirs)

        def best(one: tuple[int, int, str], others: set[tuple[int, int, str]]) -> tuple[int, int, str] | None:
            ranked = [(-jaccard(one, o), o[0], o[1], o) for o in others if o[2] == one[2] and jaccard(one, o) > 0]
            return min(ranked)[3] if ranked else None

        for one in mine:
            other = best(one, theirs)
            if other is not None and best(other, mine) == one:
                partial += jaccard(one, other)
    return (2 * exact / marked, 2 * partial / marked) if marked else (None, None)


def jaccard(one: tuple[int, int, str], other: tuple[int, int, str]) -> float:
    x, y = set(range(*one[:2])), set(range(*other[:2]))
    return len(x & y) / len(x | y)


def same(mine: float | None, other: float | None) -> bool:
    return mine == other if mine is None or other is None else abs(mine - other) < 1e-9


def test_f1_equals_its_definition_on_random_spans_nested_and_overlapping() -> None:
    for seed in range(60):
        drawn = random_drawn(seed)
        spans, annotations, _ = tables(drawn)
        found = span_agreement(spans, annotations, plan=QUICK)
        exact, partial = figures(found, "span_f1_exact"), figures(found, "span_f1_partial")
        for pair in combinations(sorted({a for _, a in drawn}), 2):
            for label in (None, *sorted(set(spans["label"]))):
                if (pair, label) in partial:
                    expected = by_definition(drawn, *pair, label)
                    assert same(exact[pair, label].value, expected[0]), (seed, pair, label)
                    assert same(partial[pair, label].value, expected[1]), (seed, pair, label)


def test_the_f1_of_everybody_pools_the_pages_that_each_pair_shared() -> None:
    for seed in range(200, 260):
        drawn = random_drawn(seed)
        people = sorted({a for _, a in drawn})
        if len(people) < 2:
            continue
        spans, annotations, _ = tables(drawn)
        found = figures(span_agreement(spans, annotations, pairs=False, plan=QUICK), "span_f1_exact")
        for label in (None, *sorted(set(spans["label"]))):
            marked = both = 0
            for a, b in combinations(people, 2):
                for d in {d for d, who in drawn if who == a} & {d for d, who in drawn if who == b}:
                    mine, theirs = ({s for s in drawn[d, who] if label in (None, s[2])} for who in (a, b))
                    marked, both = marked + len(mine) + len(theirs), both + len(mine & theirs)
            if ("all", label) in found:
                assert same(found["all", label].value, 2 * both / marked if marked else None), (seed, label)


def test_exact_f1_equals_nervaluates_strict_f1() -> None:
    for seed in range(100, 130):
        drawn = random_drawn(seed, disjoint=True)
        spans, annotations, _ = tables(drawn)
        mine = figures(span_agreement(spans, annotations, plan=QUICK), "span_f1_exact")
        for a, b in combinations("abc", 2):
            shared = [d for d in sorted({d for d, _ in drawn}) if (d, a) in drawn and (d, b) in drawn]
            if not shared or mine[(a, b), None].value is None:
                continue
            lists = [
                [[{"label": x, "start": s, "end": e - 1} for s, e, x in drawn[d, who]] for d in shared]
                for who in (a, b)
            ]
            strict = Evaluator(*lists, tags=list("PLO"), loader="dict").evaluate()["overall"]["strict"]
            assert same(mine[(a, b), None].value, strict.f1), seed


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_partial_is_never_below_exact_and_nobody_is_first(seed: int) -> None:
    drawn = random_drawn(seed)
    swapped = {(d, {"a": "b", "b": "a"}.get(who, who)): spans for (d, who), spans in drawn.items()}
    found, turned = (span_agreement(*tables(x)[:2], plan=QUICK) for x in (drawn, swapped))
    partial = figures(found, "span_f1_partial")
    for key, r in figures(found, "span_f1_exact").items():
        if r.value is not None and key in partial:
            assert partial[key].value is not None
            assert partial[key].value >= r.value - 1e-12  # type: ignore[operator]
    other = figures(turned, "span_f1_partial")
    for label in {label for _, label in partial}:
        for key in (("all", label), (("a", "b"), label)):
            assert (key in partial) == (key in other)
            if key in partial:
                assert same(partial[key].value, other[key].value)


def test_a_spans_agreement_of_one_is_full_agreement_and_says_how_much_was_compared() -> None:
    drawn: Drawn = {("d0", "a"): [(0, 4, "P")], ("d0", "b"): [(0, 4, "P")], ("d1", "a"): [], ("d1", "b"): []}
    spans, annotations, _ = tables(drawn)
    r = figures(span_agreement(spans, annotations), "span_f1_exact")["all", None]
    assert (r.value, r.low, r.high, r.n_documents, r.n_items) == (1.0, None, None, 2, 1), (
        "two documents are too few for an interval"
    )


def test_who_found_nothing_disagrees_with_who_found_something() -> None:
    drawn: Drawn = {("d0", "a"): [(0, 4, "P")], ("d0", "b"): [], ("d1", "a"): [(0, 4, "P")]}
    spans, annotations, documents = tables(drawn)
    r = figures(span_agreement(spans, annotations, plan=QUICK), "span_f1_exact")["all", None]
    assert (r.value, r.n_documents) == (0.0, 1)
    alpha = figures(character_agreement(spans, annotations, documents, plan=QUICK), "alpha_characters")["all", None]
    assert alpha.n_items == 40
    assert alpha.value is not None
    assert alpha.value < 0


def alpha_by_characters(drawn: Drawn, length: int, people: tuple[str, ...], label: str | None) -> float | None:
    units = []
    for doc in {d for d, _ in drawn}:
        here = [a for a in people if (doc, a) in drawn]
        if len(here) < 2:
            continue
        for c in range(length):
            sets = [frozenset(x for s, e, x in drawn[doc, a] if s <= c < e) for a in here]
            units.append([str(label in s) if label else "+".join(sorted(s)) for s in sets])
    pool = [v for unit in units for v in unit]
    observed = sum((x != y) / (len(u) - 1) for u in units for x, y in permutations(u, 2))
    expected = len(pool) ** 2 - sum(pool.count(v) ** 2 for v in set(pool))
    return None if expected == 0 else 1 - (len(pool) - 1) * observed / expected


def test_character_alpha_equals_counting_every_character() -> None:
    for seed in range(200, 220):
        drawn = random_drawn(seed)
        spans, annotations, documents = tables(drawn)
        found = figures(character_agreement(spans, annotations, documents, plan=QUICK), "alpha_characters")
        people = tuple(sorted({a for _, a in drawn}))
        for who in (people, *combinations(people, 2)):
            for label in (None, *sorted(set(spans["label"]))):
                key = ("all" if who == people and len(people) > 2 else who, label)
                if key in found:
                    assert same(found[key].value, alpha_by_characters(drawn, 40, who, label)), (seed, key)


def test_more_labels_than_bits_are_still_told_apart() -> None:
    labels = [f"L{i:03d}" for i in range(130)]
    drawn: Drawn = {("d", a): [(i % 40, i % 40 + 1, x) for i, x in enumerate(labels)] for a in "ab"}
    drawn["d", "b"][-1] = (0, 1, labels[-1])
    spans, annotations, documents = tables(drawn)
    found = figures(character_agreement(spans, annotations, documents, plan=QUICK), "alpha_characters")
    assert same(found["all", None].value, alpha_by_characters(drawn, 40, ("a", "b"), None))
    assert found["all", None].value != 1.0


def test_a_span_beyond_its_text_is_refused_and_not_counted_to_the_next_document() -> None:
    spans, annotations, documents = tables({("d0", "a"): [(30, 41, "P")], ("d0", "b"): [], ("d1", "a"): []})
    with pytest.raises(UsageError, match="beyond its text"):
        character_agreement(spans, annotations, documents)


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        ({("d0", "a"): [(0, 4, "P")]}, "Only a has worked"),
        ({("d0", "a"): [(0, 4, "P")], ("d1", "b"): []}, "same document"),
    ],
)
def test_spans_that_cannot_be_compared_say_why(drawn: Drawn, words: str) -> None:
    spans, annotations, documents = tables(drawn)
    for found in (span_agreement(spans, annotations), character_agreement(spans, annotations, documents)):
        assert found.results[0].value is None
        assert words in found.results[0].reason
        assert found.hardest.is_empty()


def test_a_label_nobody_used_on_a_shared_document_says_so() -> None:
    drawn: Drawn = {("d0", "a"): [(0, 4, "P")], ("d0", "b"): [(0, 4, "P")], ("d1", "a"): [(0, 4, "L")]}
    spans, annotations, _ = tables(drawn)
    r = figures(span_agreement(spans, annotations), "span_f1_exact")["all", "L"]
    assert (r.value, r.reason) == (None, "No one marked 'L' on a shared document.")


def test_the_order_of_the_tables_does_not_show() -> None:
    spans, annotations, documents = tables(random_drawn(5) | {("d9", "a"): [(1, 2, "P")], ("d9", "b"): []})
    mixed = [t.sample(fraction=1, shuffle=True, seed=4) for t in (spans, annotations, documents)]
    for one, other in (
        (span_agreement(spans, annotations), span_agreement(*mixed[:2])),
        (character_agreement(spans, annotations, documents), character_agreement(*mixed)),
    ):
        assert one.results == other.results
        assert one.hardest.equals(other.hardest)


def test_documents_with_most_disagreement_lead() -> None:
    drawn: Drawn = {
        ("good", "a"): [(0, 4, "P")], ("good", "b"): [(0, 4, "P")],
        ("bad", "a"): [(0, 9, "P"), (20, 30, "L")], ("bad", "b"): [],
        ("mid", "a"): [(0, 2, "P")], ("mid", "b"): [],
    }  # fmt: skip
    spans, annotations, documents = tables(drawn)
    for found in (span_agreement(spans, annotations), character_agreement(spans, annotations, documents)):
        assert found.hardest["doc_id"].to_list() == ["bad", "mid"]
        assert found.hardest["share"].sum() == pytest.approx(1.0)


def relation(
    made: dict[str, Any], one: str, two: str, direction: str | None = "right", label: str = "owns"
) -> dict[str, Any]:
    return {
        "annotation_id": made["annotation_id"], "doc_id": made["doc_id"], "layer": made["layer"], "from_span": one,
        "to_span": two, "direction": direction, "label": label,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("x", "y", "right"), ("x", "y", "right"), 1.0),
        (("x", "y", "right"), ("y", "x", "left"), 1.0),
        (("x", "y", "right"), ("y", "x", "right"), 0.0),
        (("x", "y", "bi"), ("y", "x", "bi"), 1.0),
        (("x", "y", "bi"), ("x", "y", "right"), 0.0),
        (("x", "y", "right"), ("x", "z", "right"), 0.0),
    ],
)
def test_relations_are_the_same_when_both_ends_and_the_direction_are(
    first: tuple[str, str, str], second: tuple[str, str, str], expected: float
) -> None:
    made = [annotation("d", a, layer="entities") for a in "ab"]
    place = {"x": (0, 3), "y": (5, 8), "z": (9, 12)}
    spans = [span(m, *at, span_id=f"{m['annotator']}{name}") for m in made for name, at in place.items()]
    rows = [
        relation(m, f"{m['annotator']}{one}", f"{m['annotator']}{two}", way)
        for m, (one, two, way) in zip(made, (first, second), strict=True)
    ]
    found = relation_agreement(table(rows, RELATIONS), table(spans, SPANS), table(made, ANNOTATIONS), plan=QUICK)
    r = figures(found, "relation_f1")["all", None]
    assert (r.value, r.n_items) == (expected, 1 if expected else 2)
