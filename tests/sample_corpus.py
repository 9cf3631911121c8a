"""The corpus of this repository, copied to where a test may change it."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def copy_of_sample(target: Path) -> Path:
    """What is committed of the repository's corpus: settings, card, contracts, layers, raw files and annotations."""
    target.mkdir(parents=True)
    for name in ("corpus.toml", "DATASET_CARD.md"):
        shutil.copyfile(ROOT / name, target / name)
    for name in ("schemas", "annotation", "data/raw"):
        shutil.copytree(ROOT / name, target / name)
    # Not what a build in the repository itself has put beside them.
    shutil.copytree(ROOT / "data/imports", target / "data/imports", ignore=shutil.ignore_patterns("00*", ".*"))
    return target
