"""`python -m corpus_kit.suggest.boilerplate.training DATASET --out FILE`: make the packaged weights again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from corpus_kit.suggest.boilerplate.training.dataset import read_examples
from corpus_kit.suggest.boilerplate.training.fit import Settings, train

_PACKAGED = Path(__file__).parent.parent / "weights.npz"


def main() -> int:
    """Train on all pages of a dataset and write the model."""
    parser = argparse.ArgumentParser(prog="python -m corpus_kit.suggest.boilerplate.training", description=__doc__)
    parser.add_argument("dataset", type=Path, help="JSON Lines (.gz) with id, url, text, reference")
    parser.add_argument("--out", type=Path, default=_PACKAGED, help="where the weights go (default: the package)")
    options = parser.parse_args()
    examples = read_examples(options.dataset)
    model, error = train([one.page() for one in examples], [one.fold for one in examples], Settings())
    options.out.write_bytes(model.to_bytes())
    sys.stdout.write(f"{options.out.name}: {len(model.to_bytes())} bytes, sha256 {model.sha256}, ECE {error:.4f}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
