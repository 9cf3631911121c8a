"""Quality of the boilerplate suggester: five-fold cross-validation by host, one frozen configuration and threshold.

    python -m corpus_kit.suggest.boilerplate.training boilerplate-dev/articles.jsonl.gz --out FILE --models FOLDER
    python benchmarks/boilerplate_cv.py boilerplate-dev/articles.jsonl.gz --models FOLDER

The pages of a fold are judged by models that saw no page of their hosts: first passes, second passes, calibration and the
pages made by variation are all built from the other four folds. Takes about ten minutes of an idle core.
`--quick` takes half a minute: it judges with the five models in FOLDER, whose second passes learned from guesses that are
made for hosts the first pass had not seen, but by models that had seen pages of the held-out fold. No page is judged by a
model that saw it. Without `--quick` the models in FOLDER, where they are named, save ten of the thirty first passes.
Results of the frozen configuration stand in `boilerplate_cv.md`.
"""

from __future__ import annotations

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from corpus_kit.core.lines.pages import F64, LineRows, read_pages
from corpus_kit.core.lines.trees import Forest
from corpus_kit.suggest.boilerplate.features import describe
from corpus_kit.suggest.boilerplate.model import BoilerplateModel, Company, in_company, wordless
from corpus_kit.suggest.boilerplate.training.calibrate import calibrate, calibration_error
from corpus_kit.suggest.boilerplate.training.dataset import TrainingPage, made_of, precision_recall, read_examples
from corpus_kit.suggest.boilerplate.training.fit import (
    MODEL_VERSION,
    N_FOLDS,
    Settings,
    TrainingShard,
    first_forest,
    grow,
    prepare,
    second_columns,
    shard_of,
)

PAGE = Path(__file__).with_name("boilerplate_cv.md")
THRESHOLD = 0.5  # chance of boilerplate above which a line goes; frozen before the table was made
BESIDE = (0.45, 0.55)


def strict_odds(shard: TrainingShard, settings: Settings, firsts: dict[int, Forest]) -> F64:
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


def strict_chance(examples: list[TrainingPage], settings: Settings, models: dict[int, BoilerplateModel]) -> F64:
    """Chance of boilerplate of every row of the pages, by models that had nothing to do with the page's fold."""
    pages, folds = [one.page() for one in examples], [one.fold for one in examples]
    told = []
    for at, member in enumerate(settings.members()):
        shard, n_own = prepare(pages, folds, member)
        firsts = {k: model.passes[at][0] for k, model in models.items()}
        told.append(strict_odds(shard, member, firsts)[:n_own])
    odds = np.mean(told, axis=0)
    wordy, fold, boilerplate = shard.weight[:n_own] > 0, shard.fold[:n_own], 1.0 - shard.label[:n_own]
    chance = np.zeros(n_own)
    for k in range(N_FOLDS):
        rest = wordy & (fold != k)
        chance[fold == k] = np.interp(odds[fold == k], *calibrate(odds[rest], boilerplate[rest]))
    return as_in_use(chance, [one.text for one in examples], settings.company)


def as_in_use(chance: F64, texts: list[str], company: Company) -> F64:
    """`chance` with what models make of a page's lines together."""
    parts, at = [], 0
    for low in range(0, len(texts), 64):
        batch = read_pages(texts[low : low + 64])
        rows = LineRows(batch)
        _, line = describe(batch, rows)
        lowered = in_company(chance[at : at + rows.n], line.words, rows, company)
        parts.append(1.0 / (1.0 + np.exp(wordless(np.log((1.0 - lowered) / lowered), line, rows))))
        at += rows.n
    return np.concatenate(parts)


def quick_chance(examples: list[TrainingPage], models: dict[int, BoilerplateModel]) -> F64:
    """The same by the five models that the training command makes beside the packaged one."""
    parts: dict[int, F64] = {}
    for k, model in models.items():
        mine = [at for at, one in enumerate(examples) if one.fold == k]
        for batch in model.score([examples[at].text for at in mine]):
            for d, (low, high) in enumerate(pairwise(batch.pages.first.tolist())):
                parts[mine[d]] = 1.0 / (1.0 + np.exp(batch.odds[low:high]))
            mine = mine[batch.rows.n_docs :]
    return np.concatenate([parts[at] for at in range(len(examples))])


def fold_models(folder: Path, wanted: str) -> dict[int, BoilerplateModel]:
    """The five models in `folder`. Exits where they were made of other data or settings."""
    models = {k: BoilerplateModel.load(folder / f"fold{k}.npz") for k in range(N_FOLDS)}
    if any(model.made_of != wanted for model in models.values()):
        raise SystemExit(
            f"The models in {folder} were made of other pages or settings: run the training command again."
        )
    return models


def kept_figures(chance: F64, own: TrainingShard, examples: list[TrainingPage], threshold: float) -> F64:
    """(pages, 2): precision and recall of the text kept from each page."""
    kept: list[list[int]] = [[] for _ in examples]
    for page, number in zip(own.page[chance < threshold], own.numbers[chance < threshold], strict=True):
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


def tables(chance: F64, own: TrainingShard, examples: list[TrainingPage]) -> str:
    """Figures per fold, at other thresholds, and what they are to be compared with."""
    folds = np.array([one.fold for one in examples])
    figures = kept_figures(chance, own, examples, THRESHOLD)
    rows = [f"threshold {THRESHOLD}", "", "| fold | pages | precision | recall | F1 |", "|---|---|---|---|---|"]
    parts = [(str(k), folds == k) for k in range(N_FOLDS)] + [("all", folds >= 0)]
    rows += [_row(f"{name} | {chosen.sum()}", figures[chosen]) for name, chosen in parts]
    rows += ["", "| for scale | precision | recall | F1 |", "|---|---|---|---|"]
    rows += [_row(f"threshold {at}", kept_figures(chance, own, examples, at)) for at in BESIDE]
    rows.append(_row("everything kept", kept_figures(np.zeros(len(chance)), own, examples, THRESHOLD)))
    wordless = own.weight == 0
    perfect = np.where(wordless, 1.0, 1.0 - own.label)
    rows.append(_row("each line as it should be", kept_figures(perfect, own, examples, 0.5 + 1e-9)))
    error = calibration_error(chance[~wordless], 1.0 - own.label[~wordless])
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
    parser.add_argument("--quick", action="store_true", help="judge with the models in --models as they are")
    parser.add_argument("--models", type=Path, help="a folder of models, one per fold, from the training command")
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/boilerplate_cv.md")
    options = parser.parse_args()
    examples, settings = read_examples(options.dataset), Settings()
    models = fold_models(options.models, made_of(options.dataset, examples, settings)) if options.models else {}
    if options.quick and not models:
        raise SystemExit("--quick judges with models that the training command made: name their folder with --models.")
    chance = quick_chance(examples, models) if options.quick else strict_chance(examples, settings, models)
    own = shard_of([one.page() for one in examples], [one.fold for one in examples])
    table = tables(chance, own, examples)
    sys.stdout.write(table + "\n")
    if options.write:
        keep(table, "quick" if options.quick else "nested")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
