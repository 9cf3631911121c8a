"""The harness of kills, for a short while; `python tests/security/long.py kills --count 500` runs it for longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from strangers import ROOT, environment

COMMANDS = (
    *("build", "first-build", "build-pool", "build-cluster", "import", "adjudicate", "suggest", "report"),
    *("export-hf", "export-conll", "push", "pull"),
)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_kill_or_a_full_disk_leaves_nothing_to_find(command: str, tmp_path: Path) -> None:
    """In a process of its own: the harness forks, which no process with threads may."""
    line = [sys.executable, "tests/security/long.py", "kills", "--count", "3", "--seed", "7", "--command", command]
    path = environment(TMPDIR=str(tmp_path))
    done = subprocess.run(line, cwd=ROOT, env=path, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("0 failures")
    assert " kills" in done.stdout
