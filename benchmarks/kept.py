"""What a benchmark has measured, kept as it goes: a run that is stopped goes on where it was.

A figure is kept under what was measured and under the code that made it: the toolkit's and the benchmarks' sources for ours,
the pinned requirements and the benchmark for a peer. So a folder of an earlier version gives no stale figures.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


class Kept:
    """Figures by name in `<folder>/measured.json`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "measured.json"
        self._known: dict[str, Any] = json.loads(self._path.read_text("utf-8")) if self._path.exists() else {}

    def get(self, name: str, code: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What was measured under this name with this code, now or before. code: `own_code()` or `peers_code(…)`."""
        key = f"{name} {code}"
        if key not in self._known:
            began = time.perf_counter()
            self._known[key] = measure()
            self._path.write_text(json.dumps(self._known), encoding="utf-8")
            print(f"{name}: measured, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
        else:
            print(f"{name}: measured before, kept in {self._path}", file=sys.stderr, flush=True)
        made: dict[str, Any] = self._known[key]
        return made


def own_code() -> str:
    """Of the toolkit and of the benchmarks."""
    return _hash([*HERE.parent.glob("corpus_kit/**/*.py"), *HERE.glob("*.py")])


def peers_code(benchmark: str) -> str:
    """Of the peers' pinned versions, of the pages and of one benchmark, which has the pipelines."""
    return _hash([HERE / "requirements-peers.txt", HERE / "corpus.py", HERE / "syndication.py", Path(benchmark)])


def _hash(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
