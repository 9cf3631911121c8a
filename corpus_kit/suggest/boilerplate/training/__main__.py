"""`python -m corpus_kit.suggest.boilerplate.training DATASET --out FILE`: make the packaged weights again."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from corpus_kit.suggest.boilerplate.training.dataset import read_examples
from corpus_kit.suggest.boilerplate.training.fit import Settings, train

_PACKAGED = Path(__file__).parent.parent / "weights.npz"


def main() -> int:
    """Train on all pages of a dataset and write the model."""
    parser = argparse.ArgumentParser(prog="python -m corpus_kit.suggest.boilerplate.training", description=__doc__)
    parser.add_argument("dataset", type=Path, help="JSON Lines (.gz) with id, url, text, reference")
    parser.add_argument("--out", type=Path, default=_PACKAGED, help="where the weights go (default: the package)")
    parser.add_argument("--guesses", type=Path, help="keep what was thought of pages not seen, for benchmarks (.npz)")
    options = parser.parse_args()
    examples, settings = read_examples(options.dataset), Settings()
    data = {"sha256": hashlib.sha256(options.dataset.read_bytes()).hexdigest(), "pages": len(examples)}
    made_of = json.dumps({"data": data, "settings": asdict(settings)}, sort_keys=True)
    found = train([one.page() for one in examples], [one.fold for one in examples], settings, made_of)
    model = found.model
    options.out.write_bytes(model.to_bytes())
    if options.guesses:
        np.savez(options.guesses, odds=found.odds[: found.n_own])
    sys.stdout.write(
        f"{options.out.name}: {len(model.to_bytes())} bytes, sha256 {model.sha256}, ECE {found.error:.4f}\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
