"""Quality of the boilerplate suggester: five-fold cross-validation by host, one frozen configuration and threshold.

    python benchmarks/boilerplate_cv.py boilerplate-dev/articles.jsonl.gz

The pages of a fold are judged by models that saw no page of their hosts: first pass, second pass, calibration and the
pages made by variation are all built from the other four folds. Takes about a quarter of an hour on an idle core.
`--quick` saves ten of the fifteen first-pass models: the guesses the second pass learns from are still made for hosts the
first pass had not seen, but by models that had seen pages of the held-out fold. No page is judged by a model that saw it.
Results of the frozen configuration stand in `boilerplate_cv.md`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from corpus_kit.suggest.boilerplate.pages import F64
from corpus_kit.suggest.boilerplate.training.calibrate import calibrate, calibration_error
from corpus_kit.suggest.boilerplate.training.dataset import Example, precision_recall, read_examples
from corpus_kit.suggest.boilerplate.training.fit import (
    MODEL_VERSION,
    N_FOLDS,
    Settings,
    Shard,
    first_forest,
    first_guesses,
    grow,
    prepare,
    second_columns,
    second_guesses,
)

_PAGE = Path(__file__).with_name("boilerplate_cv.md")
THRESHOLD = 0.5  # chance of boilerplate above which a line goes; frozen before the table was made


def strict_odds(shard: Shard, settings: Settings) -> F64:
    """Log-odds of content of every row by two passes that never saw its fold.

    For each held-out fold the second pass learns from first-pass guesses of the four other folds, each made without the
    guessed fold and without the held-out one. The model without folds j and k serves both, so ten such models suffice.
    """
    pairs: dict[frozenset[int], F64] = {}
    for j in range(N_FOLDS):
        for k in range(j, N_FOLDS):
            forest = first_forest(shard, (shard.fold != j) & (shard.fold != k), settings)
            wanted = np.isin(shard.fold, (j, k))
            odds = np.zeros(len(shard.label))
            odds[wanted] = forest.log_odds({name: shard.columns[name][wanted] for name in forest.names})
            pairs[frozenset((j, k))] = odds
    out = np.zeros(len(shard.label))
    for k in range(N_FOLDS):
        guess = np.zeros(len(shard.label))
        for j in range(N_FOLDS):
            mine = shard.fold == j
            guess[mine] = pairs[frozenset((j, k))][mine]
        columns = second_columns(shard, guess)
        forest = grow(columns, shard, shard.fold != k, settings.second_trees, settings.second_rate, settings)
        held = shard.fold == k
        out[held] = forest.log_odds({name: columns[name][held] for name in forest.names})
    return out


def quick_odds(shard: Shard, settings: Settings) -> F64:
    """The same with one first-pass model per fold instead of one per pair of folds, as the packaged model is calibrated."""
    every = set(range(N_FOLDS))
    odds, _ = first_guesses(shard, every, settings)
    return second_guesses(second_columns(shard, odds), shard, every, settings)


def chances(odds: F64, shard: Shard, n_own: int) -> F64:
    """Calibrated chance of boilerplate of the pages' own rows, calibrated on the other folds."""
    own, told = slice(0, n_own), shard.weight[:n_own] > 0
    out = np.zeros(n_own)
    for k in range(N_FOLDS):
        held = shard.fold[own] == k
        rest = ~held & told
        out[held] = np.interp(odds[own][held], *calibrate(odds[own][rest], 1.0 - shard.label[own][rest]))
    return out


def kept_figures(chance: F64, shard: Shard, examples: list[Example], threshold: float) -> F64:
    """(pages, 2): precision and recall of the text kept from each page."""
    kept: list[list[int]] = [[] for _ in examples]
    for page, number in zip(
        shard.page[: len(chance)][chance < threshold], shard.numbers[: len(chance)][chance < threshold], strict=True
    ):
        kept[page].append(int(number))
    figures = []
    for example, numbers in zip(examples, kept, strict=True):
        lines = example.text.split("\n")
        figures.append(precision_recall("\n".join(lines[at] for at in numbers), example.reference))
    return np.array(figures)


def f1(figures: F64) -> tuple[float, float, float]:
    """Macro precision and recall, and the F1 of the two."""
    precision, recall = figures.mean(axis=0)
    return precision, recall, 2 * precision * recall / (precision + recall)


def main() -> int:
    """Print the per-fold table, and with `--write` keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="JSON Lines (.gz) with id, url, text, reference")
    parser.add_argument("--threshold", type=float, action="append", help=f"default: {THRESHOLD}; repeat to compare")
    parser.add_argument("--quick", action="store_true", help="five first-pass models instead of fifteen")
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/boilerplate_cv.md")
    options = parser.parse_args()
    settings = Settings()
    examples = read_examples(options.dataset)
    shard, n_own = prepare([one.page() for one in examples], [one.fold for one in examples], settings)
    odds = quick_odds(shard, settings) if options.quick else strict_odds(shard, settings)
    chance = chances(odds, shard, n_own)
    folds = np.array([one.fold for one in examples])
    rows: list[str] = []
    for threshold in options.threshold or [THRESHOLD]:
        figures = kept_figures(chance, shard, examples, threshold)
        rows += [f"threshold {threshold}", "", "| fold | pages | precision | recall | F1 |", "|---|---|---|---|---|"]
        for k in range(N_FOLDS):
            p, r, f = f1(figures[folds == k])
            rows.append(f"| {k} | {(folds == k).sum()} | {p:.4f} | {r:.4f} | {f:.4f} |")
        p, r, f = f1(figures)
        rows += [f"| all | {len(examples)} | {p:.4f} | {r:.4f} | {f:.4f} |", ""]
    told = shard.weight[:n_own] > 0
    error = calibration_error(chance[told], 1.0 - shard.label[:n_own][told])
    rows.append(f"Model {MODEL_VERSION}; expected calibration error of lines: {error:.4f}.")
    table = "\n".join(rows)
    sys.stdout.write(table + "\n")
    if options.write:
        name, text = "quick" if options.quick else "nested", _PAGE.read_text(encoding="utf-8")
        begin, end = text.index(mark := f"<!-- {name}:begin -->") + len(mark), text.index(f"<!-- {name}:end -->")
        _PAGE.write_text(f"{text[:begin]}\n{table}\n{text[end:]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
