"""Kappa and alpha equal what was published and what others compute, and say so when there is nothing to compute."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any

import numpy as np
import polars as pl
import pytest
from agreement_tables import ANNOTATIONS, CHOICES, SPANS, annotation, answered, choice, span, table
from nltk.metrics.agreement import AnnotationTask
from nltk.metrics.distance import interval_distance
from sklearn.metrics import cohen_kappa_score

from corpus_kit.agreement.measures.bootstrap import Resampling, interval, resampled, resampled_together
from corpus_kit.agreement.measures.choices import choice_agreement
from corpus_kit.agreement.measures.records import AgreementFigure, Measured
from corpus_kit.core.errors import UsageError

QUICK = Resampling(resamples=0)
Matrix = Sequence[Sequence[str | None]]

# Krippendorff (2011), section C/D: four observers, twelve units, with missing answers.
KRIPPENDORFF = [
    [None if v == "*" else v for v in unit]
    for unit in zip(
        *(
            line.split()
            for line in (
                "1 2 3 3 2 1 4 1 2 * * *",
                "1 2 3 3 2 2 4 1 2 5 * 3",
                "* 3 3 3 2 3 4 2 2 5 1 *",
                "1 2 3 3 2 4 4 1 2 5 1 *",
            )
        ),
        strict=True,
    )
]

# Fleiss (1971), table 1: the diagnoses (five, numbered) that six psychiatrists gave to each of thirty patients.
FLEISS = """444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445
333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555"""


def measured(matrix: Matrix, kind: str = "choice", **options: Any) -> Measured:
    choices, annotations, spans = answered(matrix, kind)
    return choice_agreement(choices, annotations, spans, plan=options.pop("plan", QUICK), **options)


def one(found: Measured, measure: str, *, pair: bool = False, label: str | None = None) -> AgreementFigure:
    (result,) = [r for r in found.results if (r.measure, r.pair, r.label) == (measure, pair, label)]
    return result


def test_krippendorffs_own_example_gives_his_three_alphas() -> None:
    nominal = one(measured(KRIPPENDORFF), "alpha_nominal")
    assert nominal.value == pytest.approx(0.743, abs=5e-4)
    assert (nominal.n_documents, nominal.n_items) == (11, 11)
    assert one(measured(KRIPPENDORFF, "rating"), "alpha_ordinal").value == pytest.approx(0.815, abs=5e-4)
    assert one(measured(KRIPPENDORFF, "number"), "alpha_interval").value == pytest.approx(0.849, abs=5e-4)


def test_fleiss_own_example_gives_his_kappa() -> None:
    assert one(measured([list(patient) for patient in FLEISS.split()]), "fleiss_kappa").value == pytest.approx(
        0.430, abs=5e-4
    )


def test_cohens_own_example_gives_his_kappa() -> None:
    """Cohen (1960), table 2: two judges, 200 items, observed .70, expected .41."""
    table_2 = ((88, 10, 2), (14, 40, 6), (18, 10, 12))
    rows = [[str(r), str(c)] for r, row in enumerate(table_2) for c, n in enumerate(row) for _ in range(n)]
    found = measured(rows)
    assert one(found, "observed", pair=True).value == pytest.approx(0.70)
    assert one(found, "cohen_kappa", pair=True).value == pytest.approx((0.70 - 0.41) / 0.59)


def random_table(seed: int, *, missing: bool) -> list[list[str | None]]:
    rng = random.Random(seed)
    people, labels = rng.randint(2, 5), [str(k) for k in range(1, rng.randint(2, 6) + 1)]
    rows: list[list[str | None]] = []
    for _ in range(rng.randint(4, 24)):
        truth = rng.choice(labels)
        rows.append(
            [
                None if missing and rng.random() < 0.3 else truth if rng.random() < 0.6 else rng.choice(labels)
                for _ in range(people)
            ]
        )
    return rows


def triples(rows: Matrix) -> list[tuple[int, int, str]]:
    return [(a, d, v) for d, row in enumerate(rows) for a, v in enumerate(row) if v is not None]


def close(mine: float | None, theirs: float) -> bool:
    return mine is not None and abs(mine - theirs) < 1e-9


def alpha_by_definition(rows: Matrix, level: str) -> Fraction | None:
    """Alpha from every pair of answers, one by one, in fractions: Krippendorff's definition read aloud."""
    units = [[int(v) for v in row if v is not None] for row in rows]
    units = [unit for unit in units if len(unit) > 1]
    pool = sorted(v for unit in units for v in unit)
    count = {v: Fraction(pool.count(v)) for v in set(pool)}

    def difference(c: int, k: int) -> Fraction:
        if level == "nominal":
            return Fraction(c != k)
        if level == "interval":
            return Fraction((c - k) ** 2)
        low, high = min(c, k), max(c, k)
        between = sum((n for v, n in count.items() if low <= v <= high), Fraction(0))
        return (between - (count[low] + count[high]) / 2) ** 2

    observed = sum((difference(c, k) / (len(u) - 1) for u in units for c, k in permutations(u, 2)), Fraction(0))
    expected = sum((difference(c, k) * n * m for c, n in count.items() for k, m in count.items()), Fraction(0))
    return None if expected == 0 else 1 - (len(pool) - 1) * observed / expected


@pytest.mark.parametrize("first_seed", range(0, 240, 60))
def test_alpha_equals_nltk_and_its_definition_on_random_tables_with_missing_answers(first_seed: int) -> None:
    compared = 0
    for seed in range(first_seed, first_seed + 60):
        rows = random_table(seed, missing=True)
        for level, kind in (("nominal", "choice"), ("ordinal", "rating"), ("interval", "number")):
            exact = alpha_by_definition(rows, level)
            found = one(measured(rows, kind, pairs=False), f"alpha_{level}")
            if exact is None:
                assert found.value is None
                assert found.reason
                continue
            assert close(found.value, float(exact)), (seed, level)
            if level == "nominal":
                assert close(found.value, AnnotationTask(triples(rows)).alpha()), seed
            if level == "interval":
                numbers = [(a, d, int(v)) for a, d, v in triples(rows)]
                assert close(found.value, AnnotationTask(numbers, distance=interval_distance).alpha()), seed
            compared += 1
    assert compared >= 150


@pytest.mark.parametrize("first_seed", range(1000, 1240, 60))
def test_cohens_kappa_equals_scikit_learn_and_nltk_on_what_both_answered(first_seed: int) -> None:
    compared = 0
    for seed in range(first_seed, first_seed + 60):
        rows = random_table(seed, missing=True)
        found = {r.annotators: r for r in measured(rows).results if r.measure == "cohen_kappa"}
        for a, b in combinations(range(len(rows[0])), 2):
            both = [(row[a], row[b]) for row in rows if row[a] is not None and row[b] is not None]
            if len({v for pair in both for v in pair}) < 2:
                continue
            mine = found[f"a{a:02d}", f"a{b:02d}"]
            assert close(mine.value, cohen_kappa_score(*zip(*both, strict=True))), (seed, a, b)
            assert close(mine.value, AnnotationTask(triples(both)).kappa()), (seed, a, b)
            assert mine.n_items == len(both)
            compared += 1
    assert compared >= 60


@pytest.mark.parametrize("first_seed", range(2000, 2240, 60))
def test_fleiss_and_observed_agreement_equal_nltk_on_complete_tables_and_their_definition_on_others(
    first_seed: int,
) -> None:
    for seed in range(first_seed, first_seed + 60):
        whole = random_table(seed, missing=False)
        found = measured(whole, pairs=False)
        task = AnnotationTask(triples(whole))
        assert close(one(found, "fleiss_kappa").value, task.pi()), seed
        assert close(one(found, "observed").value, task.avg_Ao()), seed

        rows = random_table(seed, missing=True)
        units = [[v for v in row if v is not None] for row in rows]
        units = [unit for unit in units if len(unit) > 1]
        alike = [Fraction(sum(x == y for x, y in permutations(u, 2)), len(u) * (len(u) - 1)) for u in units]
        pool = [v for unit in units for v in unit]
        chance = sum((Fraction(pool.count(v), len(pool)) ** 2 for v in set(pool)), Fraction(0))
        mine = measured(rows, pairs=False)
        if chance != 1 and units:
            expected = (sum(alike, Fraction(0)) / len(units) - chance) / (1 - chance)
            assert close(one(mine, "fleiss_kappa").value, float(expected)), seed


def test_an_alpha_for_a_label_is_the_alpha_of_it_or_another() -> None:
    rows = random_table(7, missing=True)
    found = measured(rows)
    for label in sorted({v for row in rows for v in row if v is not None}):
        yes_no = [[None if v is None else str(int(v == label)) for v in row] for row in rows]
        assert close(one(found, "alpha_nominal", label=label).value, float(alpha_by_definition(yes_no, "nominal") or 0))


def test_an_order_makes_words_ordinal() -> None:
    words = ["against", "none", "favour", "much", "more"]
    rows = [[None if v is None else words[int(v) - 1] for v in row] for row in KRIPPENDORFF]
    found = one(measured(rows, orders={"stance": words}), "alpha_ordinal")
    assert found.value == pytest.approx(0.815, abs=5e-4)
    with pytest.raises(UsageError, match="not in the order"):
        measured(rows, orders={"stance": words[:2]})


def test_intervals_hold_the_figure_and_do_not_depend_on_the_order_of_the_tables() -> None:
    choices, annotations, spans = answered(random_table(11, missing=True) * 3)
    found = choice_agreement(choices, annotations, spans)
    assert any(r.low is not None for r in found.results)
    for r in found.results:
        if r.value is not None and r.low is not None and r.high is not None:
            assert r.low <= r.value <= r.high
    shuffled = choice_agreement(
        choices.sample(fraction=1, shuffle=True, seed=1), annotations.sample(fraction=1, shuffle=True, seed=2), spans
    )
    assert shuffled.results == found.results
    assert shuffled.hardest.equals(found.hardest)


def test_the_interval_is_that_of_drawing_documents_one_by_one() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 120)
    rows = [[str(t if rng.random() < 0.7 else rng.integers(0, 3)) for _ in range(2)] for t in truth]
    found = one(measured(rows, plan=Resampling(resamples=4000)), "cohen_kappa", pair=True)
    drawn = [cohen_kappa_score(*zip(*[rows[i] for i in rng.integers(0, 120, 120)], strict=True)) for _ in range(500)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.025)
    assert found.high == pytest.approx(high, abs=0.025)


def test_documents_put_together_are_drawn_with_the_same_distribution_as_one_by_one() -> None:
    sizes, values = np.array([120.0, 60.0, 20.0]), np.array([[0.0], [1.0], [3.0]])
    together = resampled({"x": values}, Resampling(resamples=4000), sizes)["x"][:, 0]
    alone = resampled({"x": np.repeat(values, sizes.astype(int), axis=0)}, Resampling(resamples=4000))["x"][:, 0]
    assert together[0] == alone[0] == 120.0
    assert together[1:].mean() == pytest.approx(120.0, abs=1.0)
    assert together[1:].std() == pytest.approx(alone[1:].std(), rel=0.06)
    assert np.quantile(together, [0.025, 0.975]) == pytest.approx(np.quantile(alone, [0.025, 0.975]), abs=2.5)


def test_groups_over_the_same_documents_share_their_draws_and_others_do_not() -> None:
    blocks: dict[str, Any] = {"x": np.arange(50.0)[:, None]}
    mask: Any = np.arange(50) < 40
    one, two, other = resampled_together(
        [(mask, blocks), (mask, blocks), (~mask, blocks)], Resampling(resamples=9), np.arange(50)
    )
    assert np.array_equal(one["x"], two["x"])
    assert np.array_equal(one["x"], resampled({"x": blocks["x"][mask]}, Resampling(resamples=9))["x"])
    assert other["x"][0, 0] == sum(range(40, 50))


def test_no_interval_is_given_when_most_resamples_have_no_figure() -> None:
    plan, nan = Resampling(resamples=4), float("nan")
    half = interval(np.array([0.5, nan, nan, 0.3, 0.4]), plan)
    assert (half.value, half.low, half.high) == (0.5, None, None)
    assert "half of the resamples" in half.reason
    assert interval(np.array([0.5, nan, 0.3, 0.35, 0.4]), plan).low is not None


def test_a_95_percent_interval_leaves_out_two_and_a_half_percent_on_each_side() -> None:
    values = np.concatenate([[0.5], np.arange(1001) / 1000])
    found = interval(values, Resampling(resamples=1001))
    assert (found.low, found.high) == (0.025, 0.975)
    narrower = interval(values, Resampling(resamples=1001, confidence=0.9))
    assert (narrower.low, narrower.high) == (0.05, 0.95)


def test_bias_acceleration_and_few_groups_move_the_interval_as_efron_and_hesterberg_have_it() -> None:
    """Against scipy's own normal and t distributions, on resamples of a mean of twelve skewed numbers."""
    from scipy import stats

    rng = np.random.default_rng(1)
    data = rng.exponential(size=12)
    drawn = data[rng.integers(0, 12, (2000, 12))].mean(axis=1)
    without = np.array([np.delete(data, i).mean() for i in range(12)])
    found = interval(np.concatenate([[data.mean()], drawn, without]), Resampling(resamples=2000))
    bias = stats.norm.ppf((drawn < data.mean()).mean())
    apart = without.mean() - without
    acceleration = (apart**3).sum() / (6 * (apart**2).sum() ** 1.5)
    z = np.sqrt(12 / 11) * stats.t.ppf(0.975, 11)
    tails = [stats.norm.cdf(bias + (bias + s * z) / (1 - acceleration * (bias + s * z))) for s in (-1, 1)]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, tails)), abs=1e-3)


def test_a_figure_between_minus_one_and_one_has_a_studentised_interval() -> None:
    """Against scipy's t distribution, for a share of thirteen documents; z and its slope by NumPy."""
    from scipy import stats

    data = np.array([1.0] * 9 + [0.0] * 4)
    drawn = data[np.random.default_rng(1).integers(0, 13, (500, 13))].mean(axis=1)
    without = np.array([np.delete(data, i).mean() for i in range(13)])
    found = interval(np.concatenate([[data.mean()], drawn, without]), Resampling(resamples=500))
    error = data.std(ddof=1) / np.sqrt(13)  # of a mean, which is what the jackknife gives for one
    room = stats.t.ppf(0.975, 12) * error / (1 - data.mean() ** 2)
    ends = np.tanh(np.arctanh(data.mean()) + np.array([-room, room]))
    assert (found.low, found.high) == pytest.approx(tuple(ends), abs=1e-4)


def test_equal_resamples_are_too_few_to_tell_and_not_certainty() -> None:
    rows = [["x", "x"], ["y", "y"]] * 10
    found = one(measured(rows, plan=Resampling()), "cohen_kappa", pair=True)
    assert (found.value, found.low, found.high) == (1.0, None, None)
    assert found.reason.startswith("Too few to tell")


def test_with_a_handful_of_documents_there_is_no_interval() -> None:
    rows = [["x", "x"], ["y", "y"], ["x", "y"]]
    found = one(measured(rows * 2, plan=Resampling()), "observed", pair=True)
    assert found.low is None
    assert found.reason == "Too few to tell: 6 documents that are no copies of each other; 8 are needed."
    assert one(measured(rows * 3, plan=Resampling()), "observed", pair=True).low is not None


def test_near_copies_are_drawn_together() -> None:
    """Four copies of each of thirty documents tell no more than the thirty do."""
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 3, 30)
    once = [[str(t if rng.random() < 0.7 else rng.integers(0, 3)) for _ in range(2)] for t in truth]
    choices, annotations, spans = answered([row for row in once for _ in range(4)])
    copies = annotations.with_columns((pl.col("doc_id").str.to_integer(base=16) // 4).cast(pl.String).alias("group"))
    alone, together, copied = (
        one(choice_agreement(c, a, spans), "observed", pair=True)
        for c, a in (answered(once)[:2], (choices, copies), (choices, annotations))
    )
    assert alone.value == together.value == copied.value
    assert (together.n_documents, together.n_groups) == (120, 30)
    width, of_copies, naive = ((r.high or 0) - (r.low or 0) for r in (alone, together, copied))
    assert of_copies == pytest.approx(width, rel=0.15)
    assert naive < 0.6 * width


def one_target(found: Measured) -> AgreementFigure:
    return next(r for r in found.results if r.measure == "alpha_nominal" and r.label is None and not r.pair)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["x"], ["y"]], "Only a00 has worked"),
        ([["x", None], [None, "y"]], "worked on the same document"),
        ([["x", "x"], ["x", "x"]], "Every answer compared is 'x'"),
    ],
)
def test_what_cannot_be_measured_says_so_in_a_sentence(rows: Matrix, words: str) -> None:
    alpha = [r for r in measured(rows, plan=Resampling()).results if r.measure == "alpha_nominal"]
    assert alpha
    for r in alpha:
        assert (r.value, r.low, r.high) == (None, None, None)
        assert r.reason.endswith(".")
    assert words in alpha[0].reason


def test_one_document_has_a_figure_but_no_interval() -> None:
    made = [annotation("d", "a"), annotation("d", "b")]
    chosen = [choice(m, v, target=t) for m in made for t, v in (("x", "1"), ("y", m["annotator"]))]
    found = choice_agreement(table(chosen, CHOICES), table(made, ANNOTATIONS), table([], SPANS))
    alpha = one_target(found)
    assert alpha.value is not None
    assert alpha.low is None
    assert alpha.reason == "One document only, or copies of one: no interval."


def test_targets_are_measured_each_and_all_together() -> None:
    made = [annotation(f"d{d}", a) for d in range(6) for a in ("a", "b")]
    chosen = [choice(m, str(int(m["doc_id"][1]) % 2), target="rail") for m in made]
    chosen += [choice(m, m["annotator"], target="road") for m in made]
    found = choice_agreement(table(chosen, CHOICES), table(made, ANNOTATIONS), table([], SPANS), plan=QUICK)
    observed = {r.target: r.value for r in found.results if r.measure == "observed" and not r.pair}
    assert observed == {None: 0.5, "rail": 1.0, "road": 0.0}


def test_only_the_latest_submitted_human_annotation_counts() -> None:
    made = [annotation("d", "a"), annotation("d", "b")]
    newer = annotation("d", "a", annotation_id="newer", updated_at="2024-02-02T00:00:00Z")
    others = [
        annotation("d", "c", annotation_id="draft", status="draft"),
        annotation("d", "m", annotation_id="model", origin="model"),
        annotation("d", "a", annotation_id="skip", status="skipped", updated_at="2025-01-01T00:00:00Z"),
    ]
    every = [*made, newer, *others]
    chosen = [choice(m, "yes" if m["annotation_id"] in ("newer", "stance/d/b") else "no") for m in every]
    found = choice_agreement(table(chosen, CHOICES), table(every, ANNOTATIONS), table([], SPANS), plan=QUICK)
    observed = one(found, "observed")
    assert (observed.annotators, observed.value) == (("a", "b"), 1.0)


def test_people_are_compared_only_on_the_same_text() -> None:
    made = [annotation("d", "a"), annotation("d", "b", text_sha256="an older text")]
    found = choice_agreement(
        table([choice(m, "x") for m in made], CHOICES), table(made, ANNOTATIONS), table([], SPANS), plan=QUICK
    )
    assert "same document" in found.results[0].reason


def test_choices_on_a_region_are_compared_where_both_drew_it_alike() -> None:
    made = [annotation("d", "a"), annotation("d", "b")]
    drawn = [span(made[0], 0, 4), span(made[1], 0, 4), span(made[0], 8, 9), span(made[1], 8, 10)]
    chosen = [choice(m, v, span_id=s["span_id"]) for m, s, v in zip(made * 2, drawn, "xxyz", strict=True)]
    found = choice_agreement(table(chosen, CHOICES), table(made, ANNOTATIONS), table(drawn, SPANS), plan=QUICK)
    observed = one(found, "observed")
    assert (observed.value, observed.n_items) == (1.0, 1)


def test_several_ticks_are_one_answer_and_each_label_has_its_own_alpha() -> None:
    made = [annotation(f"d{d}", a) for d in range(4) for a in ("a", "b")]
    ticks: dict[Any, list[str]] = {
        ("d0", "a"): ["x", "y"],
        ("d0", "b"): ["y", "x"],
        ("d1", "a"): ["x"],
        ("d1", "b"): ["x", "y"],
    }
    chosen = [choice(m, v) for m in made for v in ticks.get((m["doc_id"], m["annotator"]), ["z"])]
    found = choice_agreement(table(chosen, CHOICES), table(made, ANNOTATIONS), table([], SPANS), plan=QUICK)
    assert one(found, "observed").value == 0.75
    assert one(found, "alpha_nominal", label="x").value == 1.0
    y = one(found, "alpha_nominal", label="y").value
    assert y is not None
    assert y < 1.0


def test_the_documents_that_hurt_most_come_first_and_their_shares_add_up() -> None:
    rows = [["x", "x", "x"], ["x", "y", "z"], ["x", "x", "y"], ["y", "y", "y"]]
    hardest = measured(rows).hardest
    assert hardest["doc_id"].to_list() == [f"{1:016x}", f"{2:016x}"]
    assert hardest["share"].sum() == pytest.approx(1.0)
    assert hardest["rank"].to_list() == [1, 2]


def test_a_table_without_a_column_it_needs_is_refused() -> None:
    choices, annotations, spans = answered([["x", "y"]])
    with pytest.raises(UsageError, match="no column kind"):
        choice_agreement(choices.drop("kind"), annotations, spans)


def test_free_text_has_no_figure() -> None:
    assert measured([["x", "y"]], "text").results == ()
    assert isinstance(measured([["x", "y"]], "text").hardest, pl.DataFrame)
