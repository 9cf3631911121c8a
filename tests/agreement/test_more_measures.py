"""Weighted kappa, Gwet's AC1 and AC2, distances of sets, alpha for unitizing and gamma equal what others compute, what
was published, and their definitions worked out in loops."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations, product

import numpy as np
import polars as pl
import pytest
from agreement_tables import ANNOTATIONS, DOCUMENTS, SPANS, annotation, span, table
from nltk.metrics.agreement import AnnotationTask
from nltk.metrics.distance import jaccard_distance, masi_distance
from sklearn.metrics import cohen_kappa_score

from corpus_kit.agreement.judgements import SEPARATOR, Readers
from corpus_kit.agreement.measures.alignment import Dissimilarity, align
from corpus_kit.agreement.measures.bootstrap import Resampling
from corpus_kit.agreement.measures.characters import character_agreement
from corpus_kit.agreement.measures.choices import Grid, measure_grid
from corpus_kit.agreement.measures.figures import Scope
from corpus_kit.agreement.measures.gamma import disorders, gamma_agreement, random_units
from corpus_kit.agreement.measures.spans import span_agreement
from corpus_kit.agreement.measures.unitizing import unitizing_agreement

QUICK = Resampling(resamples=0)
Matrix = Sequence[Sequence[str | None]]
Figures = dict[tuple[str, tuple[str, ...], str | None], float | None]
TABLES = 300


def figures(rows: Matrix, level: str, values: Sequence[str] | None = None, *, pairs: bool = False) -> Figures:
    """Every figure of one question: (measure, people, label) -> value."""
    found = sorted({v for row in rows for v in row if v is not None}) if values is None else list(values)
    codes = np.array([[-1 if v is None else found.index(v) for v in row] for row in rows])
    people = tuple(f"a{k}" for k in range(codes.shape[1]))
    saw = codes >= 0
    readers = Readers(
        people, pl.Series([f"d{k}" for k in range(len(rows))]), saw, saw.sum(axis=1) >= 2, 0, np.arange(len(rows))
    )
    grid = Grid(readers, np.arange(len(rows)), codes, tuple(found), level)
    if readers.excuse():
        return {}
    return {
        (r.measure, r.annotators if r.pair else (), r.label): r.value
        for r in measure_grid(grid, Scope("l"), QUICK, pairs=pairs).results
    }


def random_rows(seed: int, values: Sequence[str], *, missing: float = 0.25) -> list[list[str | None]]:
    rng = random.Random(seed)
    people = rng.randint(2, 4)
    rows: list[list[str | None]] = []
    for _ in range(rng.randint(4, 16)):
        truth = rng.choice(values)
        row = [truth if rng.random() < 0.6 else rng.choice(values) for _ in range(people)]
        rows.append([None if rng.random() < missing else v for v in row])
    return rows


def same(mine: float | None, other: float | None) -> bool:
    if mine is None or other is None:
        return mine is None and other is None
    return abs(mine - other) < 1e-9


def test_weighted_kappa_equals_scikit_learns() -> None:
    scale = "1 2 3 4 5".split()
    compared = 0
    for seed in range(TABLES):
        rows = random_rows(seed, scale)
        rows = [row[:2] for row in rows]
        found = figures(rows, "ordinal", scale, pairs=True)
        for (measure, people, _), value in found.items():
            if measure not in ("kappa_linear", "kappa_quadratic"):
                continue
            a, b = (int(name[1:]) for name in people)
            both = [(row[a], row[b]) for row in rows if row[a] is not None and row[b] is not None]
            if len({v for pair in both for v in pair}) < 2:
                assert value is None
                continue
            theirs = cohen_kappa_score(*zip(*both, strict=True), labels=scale, weights=measure.removeprefix("kappa_"))
            assert same(value, float(theirs)), (seed, measure, people)
            compared += 1
    assert compared >= 1.9 * TABLES


def gwet(rows: Matrix, scale: Sequence[str], power: int | None) -> float | None:
    """AC1 (power None) or AC2, item by item and pair by pair. Items no one shares are not compared, and do not count."""
    width = len(scale) - 1

    def weight(c: str, k: str) -> Fraction:
        return Fraction(c == k) if power is None else 1 - Fraction(abs(int(c) - int(k)), width) ** power

    items = [[v for v in row if v is not None] for row in rows]
    shared = [item for item in items if len(item) > 1]
    agree = [sum(weight(c, k) for c, k in permutations(i, 2)) / Fraction(len(i) * (len(i) - 1)) for i in shared]
    prevalence = [sum(Fraction(i.count(k), len(i)) for i in shared) / len(shared) for k in scale]
    total = sum((weight(c, k) for c, k in product(scale, scale)), Fraction(0))
    chance = total / (len(scale) * width) * sum(p * (1 - p) for p in prevalence)
    return None if chance == 1 else float((sum(agree) / len(shared) - chance) / (1 - chance))


def test_gwets_coefficients_equal_their_definition() -> None:
    scale = "1 2 3 4".split()
    for seed in range(TABLES):
        rows = random_rows(seed, scale)
        found = figures(rows, "ordinal", scale)
        if found:
            assert same(found["gwet_ac1", (), None], gwet(rows, scale, None)), seed
            assert same(found["gwet_ac2", (), None], gwet(rows, scale, 2)), seed


FOUR_RATERS = list(
    zip(
        *(
            [None if v == "*" else v for v in line.split()]
            for line in (
                "1 2 3 3 2 1 4 1 2 * * *",
                "1 2 3 3 2 2 4 1 2 5 * 3",
                "* 3 3 3 2 3 4 2 2 5 1 *",
                "1 2 3 3 2 4 4 1 2 5 1 *",
            )
        ),
        strict=True,
    )
)
"""Gwet (2014), table 2.10: four raters, twelve subjects, five categories, missing ratings."""


def test_gwets_own_example_gives_his_coefficients() -> None:
    """He counts the subject that one rater rated alone, too; the figures of a corpus compare shared documents only."""
    from corpus_kit.agreement.measures.choices import statistics
    from corpus_kit.agreement.measures.coefficients import gwet_ac

    codes = np.array([[-1 if v is None else int(v) - 1 for v in row] for row in FOUR_RATERS])
    readers = Readers(
        tuple("abcd"), pl.Series([str(k) for k in range(12)]), codes >= 0, np.ones(12, dtype=bool), 0, np.arange(12)
    )
    values = tuple("12345")
    for level, name, expected in (("nominal", "identity", 0.77544), ("ordinal", "quadratic", 0.91400)):
        sums = {
            k: v.sum(axis=0) for k, v in statistics(codes, Grid(readers, np.arange(12), codes, values, level)).items()
        }
        weights = Grid(readers, np.arange(12), codes, values, level).weights()[name]
        found = gwet_ac(sums[f"agreed_{name}"][0], sums["items"][0], sums["shares"], sums["answered"][0], weights)
        assert float(found) == pytest.approx(expected, abs=5e-6)


def test_the_ratio_alpha_equals_its_definition() -> None:
    scale = "0 1 2 4 7.5".split()
    for seed in range(TABLES):
        rows = random_rows(seed, scale)
        found = figures(rows, "interval", scale)
        units = [[Fraction(v) for v in row if v is not None] for row in rows]
        units = [unit for unit in units if len(unit) > 1]
        pool = [v for unit in units for v in unit]

        def apart(c: Fraction, k: Fraction) -> Fraction:
            return Fraction(0) if c == k else ((c - k) / (c + k)) ** 2

        expected = sum((apart(c, k) for c, k in permutations(pool, 2)), Fraction(0))
        observed = sum((apart(c, k) / (len(u) - 1) for u in units for c, k in permutations(u, 2)), Fraction(0))
        if found:
            alpha = None if expected == 0 else float(1 - (len(pool) - 1) * observed / expected)
            assert same(found.get(("alpha_ratio", (), None)), alpha), seed


def test_alphas_of_label_sets_equal_nltks() -> None:
    sets = [SEPARATOR.join(s) for s in ("a", "b", "ab", "abc", "cd", "d")]
    compared = 0
    for seed in range(TABLES):
        rows = random_rows(seed, sets)
        rows = [row for row in rows if sum(v is not None for v in row) > 1]
        if (
            not rows
            or len({v for row in rows for v in row if v}) < 2
            or not any(v and len(v) > 1 for r in rows for v in r)
        ):
            continue
        found = figures(rows, "nominal")
        triples = [
            (f"a{a}", d, frozenset(v.split(SEPARATOR))) for d, row in enumerate(rows) for a, v in enumerate(row) if v
        ]
        for measure, distance in (("alpha_jaccard", jaccard_distance), ("alpha_masi", masi_distance)):
            assert same(found[measure, (), None], AnnotationTask(triples, distance=distance).alpha()), (seed, measure)
            compared += 1
    assert compared >= 2 * TABLES * 0.9


Drawn = dict[str, dict[str, list[tuple[int, int, str]]]]
"""document -> annotator -> spans."""


def spans_of(drawn: Drawn, length: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    made = {(d, a): annotation(d, a, layer="entities") for d, people in drawn.items() for a in people}
    rows = [span(made[d, a], *one) for d, people in drawn.items() for a, own in people.items() for one in own]
    documents = [{"doc_id": d, "text_sha256": f"text of {d}", "n_chars": length} for d in drawn]
    return table(rows, SPANS), table(made.values(), ANNOTATIONS), table(documents, DOCUMENTS)


def random_units_of(seed: int, *, labels: str = "PLO", apart: bool = True) -> Drawn:
    rng = random.Random(seed)
    drawn: Drawn = {}
    for d in range(rng.randint(1, 3)):
        people: dict[str, list[tuple[int, int, str]]] = {}
        for a in rng.sample("abcd", rng.randint(2, 3)):
            own, at = [], 0
            while at < 32:
                start = at + rng.randint(0, 6)
                end = start + rng.randint(1, 6)
                own.append((start, min(end, 40), rng.choice(labels)))
                at = end if apart else start + 1
            people[a] = [one for one in own if rng.random() < 0.8 and one[0] < one[1]]
        drawn[f"d{d}"] = people
    return drawn


def unitizing_by_definition(drawn: Drawn, length: int) -> dict[tuple[str, str | None], float | None]:
    """Krippendorff et al. (2016), equations 1 to 13, character by character and segment by segment."""
    observed: dict[tuple[str, str], Fraction] = {}
    inner: dict[tuple[str, str], Fraction] = {}
    squares: dict[str, Fraction] = {}
    inner_squares: dict[str, Fraction] = {}
    for people in drawn.values():
        m = len(people)
        laid: dict[str, list[tuple[str, int]]] = {}
        for a, own in people.items():
            laid[a] = [("", -1)] * length
            for number, (start, end, label) in enumerate(own):
                laid[a][start:end] = [(label, number)] * (end - start)
            for label, number in set(laid[a]):
                n = laid[a].count((label, number))
                squares[label] = squares.get(label, Fraction(0)) + (n * n if label else n)
        for a, b in permutations(people, 2):
            for (c, _), (k, _) in zip(laid[a], laid[b], strict=True):
                observed[c, k] = observed.get((c, k), Fraction(0)) + Fraction(1, m - 1)
                if c and k:
                    inner[c, k] = inner.get((c, k), Fraction(0)) + Fraction(1, m - 1)
            for label, number in {one for one in laid[a] if one[0]}:
                both = sum(x == (label, number) and y[0] != "" for x, y in zip(laid[a], laid[b], strict=True))
                inner_squares[label] = inner_squares.get(label, Fraction(0)) + Fraction(both * both, m - 1)

    def family(o: dict[tuple[str, str], Fraction], s: dict[str, Fraction]) -> tuple[dict, dict, Fraction]:  # type: ignore[type-arg]
        values = {c for c, _ in o}
        margin = {c: sum((v for (one, _), v in o.items() if one == c), Fraction(0)) for c in values}
        total = sum(margin.values(), Fraction(0))
        below = total - sum(s.values(), Fraction(0)) / total if total else Fraction(0)
        expected = {
            (c, k): (margin[c] * margin[k] - (s.get(c, 0) if c == k else 0)) / below if below else Fraction(0)
            for c in values for k in values
        }  # fmt: skip
        return margin, expected, total

    def alpha(do: Fraction, de: Fraction) -> float | None:
        return float(1 - do / de) if de else None

    margin, expected, _ = family(observed, squares)
    out: dict[tuple[str, str | None], float | None] = {}
    differ = [(c, k) for c in margin for k in margin if c != k]
    out["alpha_u", None] = alpha(
        sum((observed.get(x, Fraction(0)) for x in differ), Fraction(0)),
        sum((expected[x] for x in differ), Fraction(0)),
    )
    gaps = [(c, k) for c, k in differ if c == ""]
    out["alpha_u_binary", None] = alpha(
        sum((observed.get(x, Fraction(0)) for x in gaps), Fraction(0)), sum((expected[x] for x in gaps), Fraction(0))
    )
    margin, expected, _ = family(inner, inner_squares)
    differ = [(c, k) for c in margin for k in margin if c != k]
    out["alpha_cu", None] = alpha(
        sum((inner.get(x, Fraction(0)) for x in differ), Fraction(0)), sum((expected[x] for x in differ), Fraction(0))
    )
    for k in margin:
        others = sum((expected[c, k] for c in margin), Fraction(0))
        apart = others - expected[k, k]
        out["alpha_ku", k] = (
            float(1 - others / margin[k] * (margin[k] - inner.get((k, k), Fraction(0))) / apart) if apart else None
        )
    return out


def test_the_alphas_for_unitizing_equal_their_definition() -> None:
    compared = 0
    for seed in range(TABLES):
        drawn = random_units_of(seed)
        labels = {one[2] for people in drawn.values() for own in people.values() for one in own}
        if len(labels) < 2:
            continue
        found = unitizing_agreement(*spans_of(drawn, 40), pairs=False, plan=QUICK)
        expected = unitizing_by_definition(drawn, 40)
        for r in found.results:
            assert same(r.value, expected.get((r.measure, r.label))), (seed, r)
            compared += r.value is not None
    assert compared > 5 * TABLES


def test_the_alphas_for_unitizing_of_a_worked_example() -> None:
    """Sixty characters, three observers; uα as the package krippendorff-unitized-alpha 0.1.0 has it."""
    drawn: Drawn = {
        "d": {"alex": [(2, 5, "1")], "paul": [(2, 5, "1"), (10, 20, "2")], "susan": [(2, 5, "2"), (15, 20, "2")]}
    }
    found = {r.measure: r.value for r in unitizing_agreement(*spans_of(drawn, 60), pairs=False, plan=QUICK).results}
    assert found["alpha_u"] == pytest.approx(0.3982981423791392, abs=1e-9)


def test_a_unit_cut_in_two_lowers_alpha_for_units_and_not_that_for_characters() -> None:
    whole = {"d": {"a": [(0, 10, "P")], "b": [(0, 10, "P")]}, "e": {"a": [], "b": [(0, 10, "P")]}}
    cut = {"d": {"a": [(0, 5, "P"), (5, 10, "P")], "b": [(0, 10, "P")]}, "e": {"a": [], "b": [(0, 10, "P")]}}
    by_unit = [unitizing_agreement(*spans_of(x, 40), plan=QUICK).results[0].value for x in (whole, cut)]
    by_character = [character_agreement(*spans_of(x, 40), plan=QUICK).results[0].value for x in (whole, cut)]
    assert by_character[0] == by_character[1]
    assert by_unit[0] != by_unit[1]


def test_nested_spans_are_pieces_valued_by_their_labels() -> None:
    drawn = {"d": {"a": [(0, 10, "P"), (3, 5, "L")], "b": [(0, 10, "P"), (3, 5, "L")]}}
    found = {r.measure: r.value for r in unitizing_agreement(*spans_of(drawn, 40), plan=QUICK).results if not r.pair}
    assert found["alpha_u"] == found["alpha_u_binary"] == found["alpha_cu"] == 1.0


Unit = tuple[int, int, int]


def apart(one: Unit, other: Unit) -> float:
    moved = abs(one[0] - other[0]) + abs(one[1] - other[1])
    return (moved / (one[1] - one[0] + other[1] - other[0])) ** 2 + (one[2] != other[2])


def best_disorder(units: list[list[Unit]]) -> float:
    """The least disorder over every alignment there is, tried one by one."""
    people = len(units)
    pairs = people * (people - 1) / 2
    known: dict[tuple[frozenset[Unit], ...], float] = {}

    def cost(members: Sequence[Unit | None]) -> float:
        total = 0.0
        for i in range(people):
            for j in range(i):
                one, other = members[i], members[j]
                total += 1.0 if one is None or other is None else apart(one, other)
        return total / pairs

    def best(left: tuple[frozenset[Unit], ...]) -> float:
        if left in known:
            return known[left]
        first = next((i for i, own in enumerate(left) if own), None)
        if first is None:
            return 0.0
        unit = min(left[first])
        choices: list[list[Unit | None]] = [[None, *own] for own in left]
        choices[:first] = [[None]] * first
        choices[first] = [unit]
        found = min(
            cost(chosen) + best(tuple(own - {c} for own, c in zip(left, chosen, strict=True)))
            for chosen in product(*choices)
        )
        known[left] = found
        return found

    return best(tuple(frozenset(own) for own in units))


def arrays(units: list[list[Unit]]) -> list[np.ndarray]:  # type: ignore[type-arg]
    return [np.array(sorted(own), dtype=np.int64).reshape(-1, 3) for own in units]


def test_the_best_alignment_has_the_least_disorder_of_all_alignments() -> None:
    for seed in range(TABLES):
        rng = random.Random(seed)
        people = rng.choice([2, 2, 3, 3, 4])
        most = {2: 5, 3: 3, 4: 2}[people]
        units: list[list[Unit]] = []
        for _ in range(people):
            own = {(s, s + rng.randint(1, 12), rng.randrange(3)) for s in rng.sample(range(40), rng.randint(0, most))}
            units.append(sorted(own))
        found = align(arrays(units), Dissimilarity())
        assert found.exact
        assert same(found.disorder, best_disorder(units)), seed


PYGAMMA: list[tuple[list[list[Unit]], float]] = [
    (
        [[(24, 33, 1), (26, 36, 0), (48, 55, 1), (54, 55, 1), (56, 64, 1)],
         [(6, 18, 0), (8, 17, 2), (18, 28, 0), (32, 42, 1), (48, 53, 0)],
         [(21, 32, 0), (30, 39, 1), (43, 49, 2), (54, 60, 1), (57, 66, 0)]],
        6.06785249710083,
    ),
    (
        [[(3, 8, 2), (5, 9, 2), (23, 24, 2), (54, 65, 1), (55, 58, 2)],
         [(10, 16, 2), (25, 26, 1), (27, 35, 2), (40, 45, 0), (43, 55, 2)],
         [(20, 23, 0), (24, 27, 1), (29, 36, 2), (58, 62, 0), (59, 62, 2)]],
        8.692222595214844,
    ),
]  # fmt: skip
"""Units of three people, and the disorder of their best alignment in pygamma-agreement 0.5.9 (single precision)."""


def test_the_best_alignment_has_the_disorder_that_pygamma_finds() -> None:
    for units, theirs in PYGAMMA:
        assert align(arrays(units), Dissimilarity()).disorder == pytest.approx(theirs, abs=1e-5)


def test_a_crowded_text_is_aligned_exactly_too() -> None:
    """Every unit overlaps every other: the sweep has to keep many states, and a solver of integer programs agrees."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    rng = random.Random(5)
    units = [[(s, s + rng.randint(8, 20), rng.randrange(3)) for s in rng.sample(range(30), 5)] for _ in range(4)]
    found = align(arrays(units), Dissimilarity())
    rows = [r for r in product(*([*range(5), None] for _ in units)) if any(x is not None for x in r)]
    ordered = [sorted(own) for own in units]
    costs, members = [], []
    for row in rows:
        pairs = [(ordered[i][a], ordered[j][b]) for (i, a), (j, b) in permutations(enumerate(row), 2)
                 if i < j and a is not None and b is not None]  # fmt: skip
        cost = (sum(apart(*pair) for pair in pairs) + 6 - len(pairs)) / 6
        if cost < sum(x is not None for x in row) or sum(x is not None for x in row) == 1:
            costs.append(cost)
            members.append([i * 5 + x for i, x in enumerate(row) if x is not None])
    held = np.zeros((20, len(costs)))
    for column, those in enumerate(members):
        held[those, column] = 1
    solved = milp(np.array(costs), constraints=LinearConstraint(held, 1, 1), integrality=np.ones(len(costs)),
                  bounds=Bounds(0, 1), options={"mip_rel_gap": 0})  # fmt: skip
    assert found.disorder - found.gap <= solved.fun + 1e-6
    assert found.disorder == pytest.approx(solved.fun, abs=1e-6)


def test_gamma_is_one_for_equal_units_falls_with_shifts_and_is_near_zero_for_random_ones() -> None:
    rng = random.Random(3)

    def corpus(shift: int, chance: bool = False) -> Drawn:
        drawn: Drawn = {}
        for d in range(30):
            truth = [(s, s + 8, rng.choice("PLO")) for s in rng.sample(range(0, 380, 20), 6)]
            people = {}
            for a in "abc":
                own = [(s, s + 8, rng.choice("PLO")) for s in rng.sample(range(380), 6)] if chance else truth
                people[a] = [(s + rng.randint(0, shift), e + rng.randint(0, shift), x) for s, e, x in own]
            drawn[f"d{d}"] = people
        return drawn

    values = [
        gamma_agreement(*spans_of(corpus(*case), 400), plan=QUICK).results[0].value for case in ((0,), (4,), (0, True))
    ]
    equal, shifted, chance = (value for value in values if value is not None)
    assert equal == 1.0
    assert 0.5 < shifted < 1.0
    assert abs(chance) < 0.1


def test_gamma_is_the_same_in_every_run_and_does_not_depend_on_the_other_documents() -> None:
    units = arrays([[(0, 5, 0), (20, 30, 1)], [(2, 6, 0)], [(21, 33, 1)]])
    assert disorders(units, 60, 5, (1, 2)) == disorders(units, 60, 5, (1, 2))
    assert disorders(units, 60, 5, (1, 2)) != disorders(units, 60, 5, (1, 3))


def test_random_annotations_keep_the_length_and_label_of_every_unit() -> None:
    units = arrays([[(0, 5, 0), (50, 60, 1)], [(7, 9, 2)]])
    shapes = {tuple(sorted((int(e - s), int(k)) for s, e, k in own)) for own in units}
    for seed in range(20):
        for own in random_units(units, 60, np.random.default_rng(seed)):
            assert tuple(sorted((int(e - s), int(k)) for s, e, k in own)) in shapes


def test_boundaries_are_as_far_apart_as_they_are_drawn() -> None:
    """Partners are those that overlap best, mutually, with the same label."""
    drawn = {
        "d": {
            "a": [(0, 10, "P"), (20, 30, "P"), (40, 44, "L")],
            "b": [(2, 10, "P"), (20, 33, "P"), (60, 64, "L")],
        }
    }
    found = span_agreement(*spans_of(drawn, 80)[:2], plan=QUICK)
    own = {r.label: r for r in found.results if r.measure == "boundary_distance" and not r.pair}
    assert own[None].value == pytest.approx((2 / 2 + 3 / 2) / 2)
    assert own[None].n_items == 2
    assert own["P"].value == own[None].value
    assert own["L"].value is None
    assert "same place" in own["L"].reason


def test_a_text_too_crowded_to_align_says_what_its_disorder_may_be_off_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """With next to no room to search, what is found and what is proven lie apart, and the truth lies between."""
    rng = random.Random(5)
    units = [[(s, s + rng.randint(8, 20), rng.randrange(3)) for s in rng.sample(range(30), 5)] for _ in range(4)]
    true = align(arrays(units), Dissimilarity())
    monkeypatch.setattr("corpus_kit.agreement.measures.alignment.MOST_STEPS", 1)
    hasty = align(arrays(units), Dissimilarity())
    assert true.exact
    assert hasty.disorder - hasty.gap <= true.disorder + 1e-9
    assert true.disorder <= hasty.disorder + 1e-9
    assert not hasty.exact
