"""How fast agreement is measured, against the libraries people use today, on the same answers, in one run.

    python benchmarks/agreement_speed.py [--documents N] [--repeat N] [--write]

Needs scikit-learn and nervaluate. Prints a table of seconds and ratios and the bars they are held to; exits with 1 when
a bar is missed. Each time is the best of `--repeat` runs; nervaluate is timed once, since it takes a minute.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from nervaluate import Evaluator
from sklearn.metrics import cohen_kappa_score

from corpus_kit.agreement import Resampling, choice_agreement, span_agreement
from corpus_kit.agreement.judgements import Readers, answers, latest_submissions
from corpus_kit.agreement.measures.choices import grid_of, measure_grid
from corpus_kit.agreement.measures.figures import Scope

README = Path(__file__).resolve().with_name("README.md")
BEGIN, END = "<!-- agreement:begin -->", "<!-- agreement:end -->"
PEOPLE = ("a01", "a02", "a03")
STANCES = np.array(["AGAINST", "FAVOUR", "NONE", "UNCLEAR"])
TYPES = ["LOC", "MISC", "ORG", "PER"]
NO_SPANS = {
    "annotation_id": pl.String, "doc_id": pl.String, "layer": pl.String, "control": pl.String, "span_id": pl.String,
    "start": pl.Int64, "end": pl.Int64, "label": pl.String,
}  # fmt: skip


def best(repeat: int, run: Callable[[], Any]) -> float:
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def made_annotations(n: int, layer: str) -> pl.DataFrame:
    docs = [f"{d:016x}" for d in range(n)]
    return pl.concat(
        pl.DataFrame({"doc_id": docs}).with_columns(
            pl.format("{}-{}", pl.lit(person), "doc_id").alias("annotation_id"),
            pl.lit(layer).alias("layer"),
            pl.lit("human").alias("origin"),
            pl.lit(person).alias("annotator"),
            pl.lit("submitted").alias("status"),
            pl.lit("2024-01-01T00:00:00Z").alias("created_at"),
            pl.lit("2024-01-01T00:00:00Z").alias("updated_at"),
            pl.col("doc_id").alias("text_sha256"),
        )
        for person in PEOPLE
    )


def choices(n: int, rng: np.random.Generator) -> tuple[pl.DataFrame, list[list[str]]]:
    """The table of choices of three people on n documents, and the same answers as a list for each."""
    truth = rng.integers(0, len(STANCES), n)
    said = [STANCES[np.where(rng.random(n) < 0.7, truth, rng.integers(0, len(STANCES), n))].tolist() for _ in PEOPLE]
    table = made_annotations(n, "stance").select(
        "annotation_id",
        "doc_id",
        "layer",
        pl.lit("stance").alias("control"),
        pl.lit(None, dtype=pl.String).alias("span_id"),
        pl.lit(None, dtype=pl.String).alias("target"),
        pl.lit("choice").alias("kind"),
        pl.Series("value", [value for one in said for value in one]),
    )
    return table, said


def spans(n: int, per_document: int, rng: np.random.Generator) -> tuple[pl.DataFrame, list[list[list[dict[str, Any]]]]]:
    """The table of spans of three people, and the same as nervaluate's lists (inclusive ends)."""
    rows, lists = [], []
    for person in PEOPLE:
        mine = []
        for d in range(n):
            found = []
            for k in range(per_document):
                start = k * 50 + (d * 7 + k * 13) % 20 + int(rng.random() < 0.1)
                end = start + 5 + (d + k) % 15 + int(rng.random() < 0.1)
                label = TYPES[(d + k) % 4 if rng.random() < 0.9 else int(rng.integers(0, 4))]
                found.append({"label": label, "start": start, "end": end - 1})
                doc_id = f"{d:016x}"
                rows.append((f"{person}-{doc_id}", doc_id, "entities", "label", f"{k}", start, end, label))
            mine.append(found)
        lists.append(mine)
    return pl.DataFrame(rows, schema=NO_SPANS, orient="row"), lists


def write_readme(made: str, command: str) -> None:
    """Put the table between its markers, and nothing else is touched."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    README.write_text(f"{before}{BEGIN}\nMade by `{command}`.\n\n{made}{END}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--documents", type=int, default=10_000, help="documents with spans (choices: ten times as many)"
    )
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    n, pairs = options.documents, list(combinations(range(len(PEOPLE)), 2))

    table, said = choices(10 * n, rng)
    made, none, plan = made_annotations(10 * n, "stance"), pl.DataFrame(schema=NO_SPANS), Resampling(resamples=1000)
    coded = [np.searchsorted(STANCES, one) for one in said]
    as_words = best(options.repeat, lambda: [cohen_kappa_score(said[a], said[b]) for a, b in pairs])
    as_codes = best(options.repeat, lambda: [cohen_kappa_score(coded[a], coded[b]) for a, b in pairs])
    people = latest_submissions(made)
    grid = grid_of(answers(table, none, people), Readers.of(people))
    from_codes = best(options.repeat, lambda: measure_grid(grid, Scope("stance"), plan, pairs=False))
    from_table = best(options.repeat, lambda: choice_agreement(table, made, none, pairs=False, plan=plan))
    all_pairs = best(options.repeat, lambda: choice_agreement(table, made, none, plan=plan))

    drawn, lists = spans(n, 20, rng)
    hands = made_annotations(n, "entities")
    theirs = best(1, lambda: [Evaluator(lists[a], lists[b], tags=TYPES, loader="dict").evaluate() for a, b in pairs])
    exact = best(options.repeat, lambda: span_agreement(drawn, hands, partial=False, plan=Resampling(resamples=0)))
    both = best(options.repeat, lambda: span_agreement(drawn, hands, plan=Resampling(resamples=0)))
    intervals = best(max(1, options.repeat // 3), lambda: span_agreement(drawn, hands, plan=plan))

    words, codes, lists_of_spans = (
        "3 kappas of scikit-learn, words",
        "3 kappas of scikit-learn, codes",
        "nervaluate, 3 pairs",
    )
    rows = [
        ("alpha, 1,000 resamples, from codes", from_codes, codes, as_codes, 10.0),
        ("alpha, 1,000 resamples, from the tables", from_table, words, as_words, 10.0),
        ("all choice figures and pairs, 1,000 resamples", all_pairs, words, as_words, 10.0),
        ("span F1 exact, from the tables", exact, lists_of_spans, theirs, 1 / 20),
        ("span F1 exact and partial", both, lists_of_spans, theirs, 1 / 20),
        ("the same with 1,000 resamples", intervals, lists_of_spans, theirs, None),
    ]
    of = f"{len(PEOPLE)} annotators: {10 * n:,} choices each; {n:,} documents with 20 spans each. Best of {options.repeat}."
    lines = ["| corpus-kit | s | beside it | s | ratio | bar |", "|---|---|---|---|---|---|"]
    missed = 0
    for mine, seconds, other, reference, most in rows:
        ratio = seconds / reference
        told = f"{ratio:.1f} × as long" if ratio > 1 else f"{1 / ratio:.1f} × faster"
        bar = "–" if most is None else f"≤ {most:.0f} × as long" if most > 1 else f"≥ {1 / most:.0f} × faster"
        if most is not None and ratio > most:
            bar, missed = f"{bar}, **missed**", missed + 1
        lines.append(f"| {mine} | {seconds:.3f} | {other} | {reference:.3f} | {told} | {bar} |")
    text = f"{of}\n\n" + "\n".join(lines) + "\n"
    print(text)
    if options.write:
        given = "" if (n, options.repeat) == (10_000, 5) else f" --documents {n} --repeat {options.repeat}"
        write_readme(text, f"python benchmarks/agreement_speed.py --write{given}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
