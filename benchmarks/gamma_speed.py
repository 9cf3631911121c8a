"""How fast gamma is: 1,000 documents, three people, twenty spans each; and beside integer programs on the same documents.

    python benchmarks/gamma_speed.py [--documents N] [--solved N]

pygamma-agreement finds a best alignment by an integer program over all candidate alignments, for the document and for each
random annotation of it. The stand-in does the same with SciPy's solver, for the documents' own alignments only, and so does
less. Bars: at most 60 s, and a tenth of the stand-in for each alignment. Needs SciPy.
"""

from __future__ import annotations

import argparse
import time
from itertools import product

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from corpus_kit.agreement.measures.alignment import Dissimilarity, align
from corpus_kit.agreement.measures.bootstrap import Resampling
from corpus_kit.agreement.measures.gamma import disorders, gamma_agreement

PEOPLE, SPANS, LENGTH, LABELS = 3, 20, 3000, 4
Units = list[NDArray[np.int64]]


def page(rng: np.random.Generator) -> Units:
    """Twenty spans of each person: the same twenty, moved a little, some with another label."""
    starts = np.sort(rng.choice(LENGTH // 40, SPANS, replace=False)) * 40
    truth = [(s, s + int(rng.integers(5, 30)), int(rng.integers(LABELS))) for s in starts]
    return [
        np.array(
            [
                (s + int(rng.integers(0, 4)), e + int(rng.integers(0, 4)), k if rng.random() < 0.9 else 0)
                for s, e, k in truth
            ]
        )
        for _ in range(PEOPLE)
    ]


def tables(pages: list[Units]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """spans, annotations and documents as `corpus-kit agreement` reads them."""
    spans, annotations = [], []
    for number, people in enumerate(pages):
        for who, units in enumerate(people):
            own = {"annotation_id": f"{number}-{who}", "doc_id": f"d{number:05d}", "layer": "entities"}
            annotations.append(
                own | {"origin": "human", "annotator": f"a{who}", "status": "submitted", "text_sha256": "t",
                       "created_at": "2031-01-01", "updated_at": "2031-01-01", "ground_truth": False}
            )  # fmt: skip
            spans += [
                own | {"control": "entities", "span_id": str(at), "start": int(s), "end": int(e), "label": f"L{k}"}
                for at, (s, e, k) in enumerate(units)
            ]
    documents = [{"doc_id": f"d{n:05d}", "text_sha256": "t", "n_chars": LENGTH + 100} for n in range(len(pages))]
    return pl.DataFrame(spans), pl.DataFrame(annotations), pl.DataFrame(documents)


def solved(people: Units) -> float:
    """The least disorder of one page, by an integer program over every set of at most one unit of each person."""
    choices = [[None, *map(tuple, units)] for units in people]
    members = [m for m in product(*(range(len(c)) for c in choices)) if any(m)]
    cost = np.array([_cost([choices[who][at] for who, at in enumerate(m)]) for m in members])
    rows, columns, first = [], [], np.cumsum([0, *(len(c) - 1 for c in choices)])
    for column, m in enumerate(members):
        for who, at in enumerate(m):
            if at:
                rows.append(first[who] + at - 1)
                columns.append(column)
    every = csr_array((np.ones(len(rows)), (rows, columns)), shape=(int(first[-1]), len(members)))
    found = milp(
        cost, constraints=LinearConstraint(every, 1, 1), integrality=np.ones(len(members)), bounds=Bounds(0, 1)
    )
    return float(found.fun)


def _cost(units: list[tuple[int, int, int] | None]) -> float:
    """The mean dissimilarity of the pairs of one set (Mathet et al. 2015, section 4)."""
    pairs = [(units[a], units[b]) for a in range(len(units)) for b in range(a)]
    return sum(_apart(one, other) for one, other in pairs) / len(pairs)


def _apart(one: tuple[int, int, int] | None, other: tuple[int, int, int] | None) -> float:
    if one is None or other is None:
        return 0.0 if one is other else 1.0
    moved = abs(one[0] - other[0]) + abs(one[1] - other[1])
    lengths = one[1] - one[0] + other[1] - other[0]
    return (moved / lengths) ** 2 + float(one[2] != other[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--solved", type=int, default=5)
    options = parser.parse_args()
    rng = np.random.default_rng(18)
    pages = [page(rng) for _ in range(options.documents)]
    spans, annotations, documents = tables(pages)
    before = time.perf_counter()
    figures = gamma_agreement(spans, annotations, documents, plan=Resampling()).results
    took = time.perf_counter() - before
    value = next(f.value for f in figures if f.label is None)
    print(f"gamma {value:.3f} of {options.documents:,} documents: {took:.1f} s (bar: 60 s)")
    ours = slow = 0.0
    for people in pages[: options.solved]:
        before = time.perf_counter()
        # Its own alignment, and those of three random annotations.
        disorders(people, LENGTH + 100, 3, (1, 1), Dissimilarity())
        ours += (time.perf_counter() - before) / 4
        before = time.perf_counter()
        least = solved(people)
        slow += time.perf_counter() - before
        assert abs(least - align(people, Dissimilarity()).disorder) < 1e-9
    print(f"one alignment: {1000 * ours / options.solved:.1f} ms, integer program {1000 * slow / options.solved:.0f} ms: "
          f"{slow / ours:.0f} times (bar: 10)")  # fmt: skip


if __name__ == "__main__":
    main()
