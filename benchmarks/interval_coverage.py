"""How often a 95 % interval holds the true figure: for every measure, number of documents and size of near-copy clusters.

    python benchmarks/interval_coverage.py [--corpora 400] [--kinds choices spans]

A large population of documents is labelled by three people whose skill and difficulty vary, documents in clusters of near
copies. Its figure is the truth. Corpora are drawn from it by whole clusters, measured as `corpus-kit agreement` measures,
and the share of intervals that hold the truth is printed; those that say "too few to tell" are counted apart.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from numpy.typing import NDArray

from corpus_kit.agreement.measures import coefficients as formula
from corpus_kit.agreement.measures import distances
from corpus_kit.agreement.measures.alignment import Dissimilarity
from corpus_kit.agreement.measures.bootstrap import Resampling, interval, resampled
from corpus_kit.agreement.measures.coefficients import Floats
from corpus_kit.agreement.measures.gamma import disorders, gamma

LABELS = 5
PEOPLE = 3
SKILL = np.array([0.9, 0.8, 0.7])
SHARES = np.array([0.15, 0.15, 0.15, 0.5, 0.05])
DOCUMENTS, COPIES = (20, 50, 200), (1, 2, 4)


def answers(clusters: int, copies: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """What three people say of each document: shape (clusters, copies, people)."""
    truth = rng.choice(LABELS, size=clusters, p=SHARES)
    skill = SKILL[None] - 0.3 * (rng.random(clusters) < 0.3)[:, None]
    said = np.where(
        rng.random((clusters, PEOPLE)) < skill, truth[:, None], rng.integers(LABELS, size=(clusters, PEOPLE))
    )
    every = np.repeat(said[:, None], copies, axis=1)
    if copies == 1:
        return every
    return np.where(rng.random(every.shape) < 0.95, every, rng.integers(LABELS, size=every.shape))


def choice_sums(clusters: int, copies: int, rng: np.random.Generator) -> dict[str, Floats]:
    said = answers(clusters, copies, rng)
    counts = np.stack([(said == k).sum(axis=2) for k in range(LABELS)], axis=2).astype(float)
    first, second = (np.eye(LABELS)[said[:, :, who]] for who in (0, 1))
    agreeing = (counts * (counts - 1)).sum(axis=2)
    together = counts[..., :, None] * counts[..., None, :] - counts[..., :, None] * np.eye(LABELS)
    scale = np.arange(LABELS)
    quadratic = distances.agreement_weights(list(map(float, scale)), 2)
    values = said.astype(float)
    total, squares = values.sum(axis=2), (values**2).sum(axis=2)
    blocks = {
        "items": np.ones(said.shape[:2]),
        "agreeing": agreeing,
        "marginals": counts,
        "disagreement": (counts * (PEOPLE - counts)).sum(axis=2) / (PEOPLE - 1),
        "coincidences": together / (PEOPLE - 1),
        "moments": np.stack([np.full_like(total, PEOPLE), total, squares], axis=2),
        "apart": 2.0 * (PEOPLE * squares - total**2) / (PEOPLE - 1),
        "first": first,
        "second": second,
        "both": (said[:, :, 0] == said[:, :, 1]).astype(float),
        "near": quadratic[said[:, :, 0], said[:, :, 1]],
    }
    return {name: block.sum(axis=1) for name, block in blocks.items()}


def choice_figures(sums: dict[str, Floats]) -> dict[str, Floats]:
    pairs = PEOPLE * (PEOPLE - 1)
    scale = [float(k) for k in range(LABELS)]
    n, total, squares = np.moveaxis(sums["moments"], -1, 0)
    shares = sums["marginals"] / PEOPLE
    return {
        "observed": formula.ratio(sums["agreeing"], sums["items"] * pairs),
        "cohen_kappa": formula.cohen_kappa(sums["both"], sums["first"], sums["second"]),
        "kappa_quadratic": formula.weighted_kappa(
            sums["near"], sums["first"], sums["second"], distances.agreement_weights(scale, 2)
        ),
        "fleiss_kappa": formula.fleiss_kappa(sums["agreeing"] / pairs, sums["items"], sums["marginals"]),
        "gwet_ac1": formula.gwet_ac(sums["agreeing"] / pairs, sums["items"], shares, sums["items"], np.eye(LABELS)),
        "alpha_nominal": formula.alpha_nominal(sums["disagreement"], sums["marginals"]),
        "alpha_ordinal": formula.alpha_ordinal(sums["coincidences"]),
        "alpha_interval": formula.alpha_interval(sums["apart"], n, total, squares),
    }


def span_sums(clusters: int, copies: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Spans of three people on short pages, found with a chance that the page shares; with their best alignment."""
    names = ("marked", "exact", "length", "observed", "expected")
    out: dict[str, Floats] = {name: np.zeros(clusters) for name in names}
    for cluster in range(clusters):
        found = np.clip(rng.normal(0.85, 0.12), 0.3, 1.0)
        truth = [
            (s, s + int(rng.integers(4, 16)), int(rng.integers(3))) for s in rng.integers(0, 380, 1 + rng.poisson(3))
        ]
        for _ in range(copies):
            people = []
            for who in range(PEOPLE):
                own = {
                    (int(s) - int(rng.random() < 0.1), e, k if rng.random() < 0.9 else int(rng.integers(3)))
                    for s, e, k in truth
                    if rng.random() < found - 0.03 * who
                }
                people.append(own)
            for one in range(PEOPLE):
                for other in range(one):
                    out["marked"][cluster] += len(people[one]) + len(people[other])
                    out["exact"][cluster] += len(people[one] & people[other])
            units = [np.array(sorted(own), dtype=np.int64).reshape(-1, 3) for own in people]
            observed, expected, _ = disorders(units, 400, 3, (1, int(rng.integers(1 << 30))), Dissimilarity())
            out["observed"][cluster] += observed
            out["expected"][cluster] += expected
    return out


def span_figures(sums: dict[str, Floats]) -> dict[str, Floats]:
    return {
        "span_f1_exact": formula.f1(sums["exact"], sums["marked"]),
        "gamma": gamma(sums["observed"], sums["expected"]),
    }


KINDS = {"choices": (choice_sums, choice_figures, 40_000), "spans": (span_sums, span_figures, 3_000)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=int, default=400)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    options = parser.parse_args()
    print("| measure | documents | copies | held | too few to tell |\n| --- | ---: | ---: | ---: | ---: |")
    for kind in options.kinds:
        make, measure, size = KINDS[kind]
        for copies in COPIES:
            rng = np.random.default_rng(copies)
            population = make(size // copies, copies, rng)
            true = {name: float(v) for name, v in measure({n: b.sum(axis=0) for n, b in population.items()}).items()}
            for documents in DOCUMENTS:
                held: dict[str, list[bool | None]] = {name: [] for name in true}
                for corpus in range(options.corpora):
                    drawn = rng.choice(size // copies, documents // copies, replace=False)
                    plan = Resampling(seed=corpus)
                    sums = resampled({name: block[drawn] for name, block in population.items()}, plan)
                    for name, values in measure(sums).items():
                        found = interval(values, plan)
                        holds = (
                            None if found.low is None or found.high is None else found.low <= true[name] <= found.high
                        )
                        held[name].append(holds)
                for name, told in held.items():
                    known = [one for one in told if one is not None]
                    share = f"{np.mean(known):.3f}" if known else "–"
                    print(f"| `{name}` | {documents} | {copies} | {share} | {len(told) - len(known)} |")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
