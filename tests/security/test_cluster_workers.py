"""A worker that the user started among the files of a corpus, where its Python looks for modules, takes no part."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from strangers import environment, made_corpus

_ASK = """
import sys
from pathlib import Path
from corpus_kit.core.parallel.dask import WorkerRequirements, _faults, versions
data = Path(sys.argv[1])
note = data / ".work" / "cluster-x.note"
print(_faults(WorkerRequirements(versions(), str(note), note.read_text(), ((sys.argv[2], None),))))
"""


@pytest.mark.parametrize("place", [".", "data/raw", "annotation", "../beside", "../pages"])
@pytest.mark.parametrize("safe", [False, True])
def test_a_worker_among_the_files_of_a_corpus_needs_the_safe_path(place: str, safe: bool, tmp_path: Path) -> None:
    root = made_corpus(tmp_path / "corpus")
    (root / "data" / ".work").mkdir()
    (root / "data" / ".work" / "cluster-x.note").write_text("word")
    for name in ("beside", "pages"):
        (tmp_path / name).mkdir()
    path = environment(**({"PYTHONSAFEPATH": "1"} if safe else {}))
    line = [sys.executable, "-c", _ASK, str(root / "data"), str(tmp_path / "pages")]
    told = subprocess.run(line, cwd=root / place, env=path, capture_output=True, text=True, check=True).stdout.strip()
    if safe or place == "../beside":
        assert told == "None"
    else:
        assert "looks for modules among the files of the corpus" in told
        assert str(os.path.realpath(root / place)) in told
        assert "PYTHONSAFEPATH=1" in told
