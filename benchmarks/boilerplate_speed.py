"""Speed, size and start-up of the boilerplate suggester beside yardsticks of the same machine.

    python benchmarks/boilerplate_speed.py boilerplate-dev/articles.jsonl.gz

Speed is measured on one core over the same pages as `re.findall(r"\\w+", text)`; import times are of fresh processes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from corpus_kit.suggest.boilerplate import BoilerplateModel

_ROUNDS = 3


def best_of(work: Callable[[], object]) -> float:
    """Seconds of the fastest of a few rounds."""
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def import_seconds(statement: str) -> float:
    """Seconds a fresh interpreter needs for `statement`, best of a few."""
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(5)]
    return min(float(run.stdout) for run in runs)


def main() -> int:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="JSON Lines (.gz) with a `text` per line")
    options = parser.parse_args()
    with gzip.open(options.dataset, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    model = BoilerplateModel.load()
    model.suggest(texts[:8], 0.5)
    words = re.compile(r"\w+")
    megabytes = sum(len(text.encode("utf-8")) for text in texts) / 1e6
    yardstick = best_of(lambda: [words.findall(text) for text in texts])
    batched = best_of(lambda: model.suggest(texts, 0.5))
    single = best_of(lambda: [model.suggest([text], 0.5) for text in texts])
    rows = [
        ("findall", f"{megabytes / yardstick:.1f} MB/s"),
        ("suggest, one call", f"{megabytes / batched:.1f} MB/s, {yardstick / batched:.2f} of findall"),
        ("suggest, a call per page", f"{megabytes / single:.1f} MB/s, {yardstick / single:.2f} of findall"),
        ("model file", f"{len(model.to_bytes()):,} bytes"),
        (
            "import and load",
            f"{import_seconds('import corpus_kit.suggest.boilerplate as b; b.BoilerplateModel.load()'):.2f} s",
        ),
        ("import polars", f"{import_seconds('import polars'):.2f} s"),
    ]
    sys.stdout.write("\n".join(f"| {name} | {figure} |" for name, figure in rows) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
