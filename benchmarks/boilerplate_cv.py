"""Quality of the boilerplate suggester: five-fold cross-validation by host, one frozen configuration and threshold.

    python benchmarks/boilerplate_cv.py boilerplate-dev/articles.jsonl.gz

The pages of a fold are judged by models that saw no page of their hosts: first pass, second pass, calibration and the
pages made by variation are all built from the other four folds. Takes about eight minutes of an idle core.
`--quick` saves ten of the fifteen first-pass models: the guesses the second pass learns from are still made for hosts the
first pass had not seen, but by models that had seen pages of the held-out fold. No page is judged by a model that saw it.
`--models FOLDER` keeps the five models of the quick run, one file per fold, for `boilerplate_standins.py`; without
`--quick`, their first passes are taken from there instead of being grown again: they are five of the fifteen.
Results of the frozen configuration stand in `boilerplate_cv.md`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from corpus_kit.suggest.boilerplate.model import LEAN_NAMES, BoilerplateModel
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
)
from corpus_kit.suggest.boilerplate.trees import Forest

PAGE = Path(__file__).with_name("boilerplate_cv.md")
THRESHOLD = 0.5  # chance of boilerplate above which a line goes; frozen before the table was made
BESIDE = (0.45, 0.55)


def strict_odds(shard: Shard, settings: Settings, firsts: dict[int, Forest]) -> F64:
    """Log-odds of content of every row by two passes that never saw its fold.

    For each held-out fold the second pass learns from first-pass guesses of the four other folds, each made without the
    guessed fold and without the held-out one. The model without folds j and k serves both, so ten such models suffice.
    firsts: first passes grown without one fold, where there are any yet.
    """
    pairs: dict[frozenset[int], F64] = {}
    for j in range(N_FOLDS):
        for k in range(j, N_FOLDS):
            known = firsts.get(k) if j == k else None
            forest = known or first_forest(shard, (shard.fold != j) & (shard.fold != k), settings)
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


def quick_odds(shard: Shard, settings: Settings) -> tuple[F64, dict[int, tuple[Forest, Forest]]]:
    """The same with one first-pass model per fold instead of one per pair of folds, as the packaged model is calibrated;
    and both passes of each fold."""
    odds, firsts = first_guesses(shard, set(range(N_FOLDS)), settings)
    columns = second_columns(shard, odds)
    out = np.zeros(len(shard.label))
    forests: dict[int, tuple[Forest, Forest]] = {}
    for k in range(N_FOLDS):
        second = grow(columns, shard, shard.fold != k, settings.second_trees, settings.second_rate, settings)
        held = shard.fold == k
        out[held] = second.log_odds({name: columns[name][held] for name in second.names})
        forests[k] = firsts[k], second
    return out, forests


def first_passes(folder: Path, made_of: str) -> dict[int, Forest]:
    """Of the models in `folder`. Exits where they were made of other data or settings."""
    models = {k: BoilerplateModel.load(folder / f"fold{k}.npz") for k in range(N_FOLDS)}
    if any(model.made_of != made_of for model in models.values()):
        raise SystemExit(f"The models in {folder} were made of other pages or settings: run --quick again.")
    return {k: model.first for k, model in models.items()}


def calibrations(odds: F64, shard: Shard, n_own: int) -> list[tuple[F64, F64]]:
    """Knots and chances for each fold, made of the other folds' own pages."""
    own = slice(0, n_own)
    made = []
    for k in range(N_FOLDS):
        rest = (shard.fold[own] != k) & (shard.weight[own] > 0)
        made.append(calibrate(odds[own][rest], 1.0 - shard.label[own][rest]))
    return made


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


def tables(chance: F64, shard: Shard, examples: list[Example]) -> str:
    """Figures per fold, at other thresholds, and what they are to be compared with."""
    folds = np.array([one.fold for one in examples])
    figures = kept_figures(chance, shard, examples, THRESHOLD)
    rows = [f"threshold {THRESHOLD}", "", "| fold | pages | precision | recall | F1 |", "|---|---|---|---|---|"]
    parts = [(str(k), folds == k) for k in range(N_FOLDS)] + [("all", folds >= 0)]
    rows += [_row(f"{name} | {chosen.sum()}", figures[chosen]) for name, chosen in parts]
    rows += ["", "| for scale | precision | recall | F1 |", "|---|---|---|---|"]
    rows += [_row(f"threshold {at}", kept_figures(chance, shard, examples, at)) for at in BESIDE]
    rows.append(_row("everything kept", kept_figures(np.zeros(len(chance)), shard, examples, THRESHOLD)))
    wordless = shard.weight[: len(chance)] == 0
    perfect = np.where(wordless, 1.0, 1.0 - shard.label[: len(chance)])
    rows.append(_row("each line as it should be", kept_figures(perfect, shard, examples, 0.5 + 1e-9)))
    error = calibration_error(chance[~wordless], 1.0 - shard.label[: len(chance)][~wordless])
    rows += ["", f"Model {MODEL_VERSION}; expected calibration error of lines: {error:.4f}."]
    return "\n".join(rows)


def _row(name: str, figures: F64) -> str:
    p, r, f = f1(figures)
    return f"| {name} | {p:.4f} | {r:.4f} | {f:.4f} |"


def keep(table: str, name: str) -> None:
    """Put a table between its marks in the page."""
    text = PAGE.read_text(encoding="utf-8")
    begin, end = text.index(mark := f"<!-- {name}:begin -->") + len(mark), text.index(f"<!-- {name}:end -->")
    PAGE.write_text(f"{text[:begin]}\n{table}\n{text[end:]}", encoding="utf-8")


def main() -> int:
    """Print the tables, and with `--write` keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="JSON Lines (.gz) with id, url, text, reference")
    parser.add_argument("--quick", action="store_true", help="five first-pass models instead of fifteen")
    parser.add_argument("--models", type=Path, help="a folder of the quick run's models, one per fold")
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/boilerplate_cv.md")
    options = parser.parse_args()
    settings = Settings()
    made_of = json.dumps([hashlib.sha256(options.dataset.read_bytes()).hexdigest(), asdict(settings)], sort_keys=True)
    examples = read_examples(options.dataset)
    shard, n_own = prepare([one.page() for one in examples], [one.fold for one in examples], settings)
    forests: dict[int, tuple[Forest, Forest]] = {}
    if options.quick:
        odds, forests = quick_odds(shard, settings)
    else:
        odds = strict_odds(shard, settings, first_passes(options.models, made_of) if options.models else {})
    turned = calibrations(odds, shard, n_own)
    if options.models and options.quick:
        options.models.mkdir(parents=True, exist_ok=True)
        for k, passes in forests.items():
            lean = np.zeros(len(LEAN_NAMES))
            model = BoilerplateModel(f"{MODEL_VERSION}-fold{k}", *passes, *turned[k], lean, made_of=made_of)
            (options.models / f"fold{k}.npz").write_bytes(model.to_bytes())
    own = shard.fold[:n_own]
    chance = np.zeros(n_own)
    for k in range(N_FOLDS):
        chance[own == k] = np.interp(odds[:n_own][own == k], *turned[k])
    table = tables(chance, shard, examples)
    sys.stdout.write(table + "\n")
    if options.write:
        keep(table, "quick" if options.quick else "nested")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
