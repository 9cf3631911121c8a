"""How long 24 worlds of the sample take, beside a build of the sample from nothing.

    python benchmarks/worlds.py

The bar: the worlds take at most five times as long as one build. Prints seconds of wall clock, the median of three.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path

from corpus_kit import Corpus

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("corpus.toml", "annotation", "schemas", "DATASET_CARD.md", "data/raw", "data/imports", "data/seeds.csv")
CHOICES = '\n[multiverse]\nwithout = ["annotator-01", "annotator-02"]\n'


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        builds, worlds = [], []
        for turn in range(3):
            root = Path(folder) / str(turn)
            for part in PARTS:
                target = root / part
                target.parent.mkdir(parents=True, exist_ok=True)
                if (ROOT / part).is_dir():
                    shutil.copytree(ROOT / part, target)
                else:
                    shutil.copy(ROOT / part, target)
            with (root / "corpus.toml").open("a", encoding="utf-8") as file:
                file.write(CHOICES)
            corpus = Corpus.open(root)
            before = time.perf_counter()
            corpus.build()
            built = time.perf_counter()
            found = corpus.multiverse()
            worlds.append(time.perf_counter() - built)
            builds.append(built - before)
            assert len(found.worlds) == 24
        build, every = statistics.median(builds), statistics.median(worlds)
        print(f"one build {build:.2f} s, 24 worlds {every:.2f} s: {every / build:.2f} builds (bar: 5)")


if __name__ == "__main__":
    main()
