"""`python -m corpus_kit.suggest.boilerplate.training DATASET --out FILE`: make the packaged weights again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from corpus_kit.suggest.boilerplate.training.dataset import made_of, read_examples
from corpus_kit.suggest.boilerplate.training.fit import Settings, train

_PACKAGED = Path(__file__).parent.parent / "weights.npz"


def main() -> int:
    """Train on all pages of a dataset and write the model."""
    parser = argparse.ArgumentParser(prog="python -m corpus_kit.suggest.boilerplate.training", description=__doc__)
    parser.add_argument("dataset", type=Path, help="JSON Lines (.gz) with id, url, text, reference")
    parser.add_argument("--out", type=Path, default=_PACKAGED, help="where the weights go (default: the package)")
    parser.add_argument("--models", type=Path, help="folder for the five models that saw four folds, for benchmarks")
    options = parser.parse_args()
    examples, settings = read_examples(options.dataset), Settings()
    told = made_of(options.dataset, examples, settings)
    found = train([one.page() for one in examples], [one.fold for one in examples], settings, told)
    model = found.model
    options.out.write_bytes(model.to_bytes())
    if options.models:
        options.models.mkdir(parents=True, exist_ok=True)
        for k, one in found.folds.items():
            (options.models / f"fold{k}.npz").write_bytes(one.to_bytes())
    sys.stdout.write(
        f"{options.out.name}: {len(model.to_bytes())} bytes, sha256 {model.sha256}, ECE {found.error:.4f}\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
