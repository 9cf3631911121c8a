"""Figures can be made again with the command beside them: the benchmarks of our own code run, on a small scale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("ingest.py --pages 100 --repeats 1", "rebuild after one new file"),
        ("duplicates.py --count 300 --truth 200 --against", "Clusters as those of a search from nothing: yes."),
        ("records.py --records 200 --large 300 --repeats 1", "rows in one CSV"),
        ("million.py --counts 200 400", "A document among 400 costs"),
    ],
    ids=lambda value: value.partition(" ")[0],
)
def test_a_benchmark_runs_and_prints_its_table(command: str, told: str, tmp_path: Path) -> None:
    script, *options = command.split()
    readme = (BENCHMARKS / "README.md").read_bytes()
    place = ["--scratch" if script == "ingest.py" else "--folder", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *options, *place], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert told in done.stdout
    assert (BENCHMARKS / "README.md").read_bytes() == readme, "only --write writes"
