"""How the command's process begins and ends: what it need not do, it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_process_looks_for_cycles_seldom_and_not_at_its_end() -> None:
    program = (
        "import atexit, gc, sys\n"
        "atexit.register(lambda: print(*gc.get_threshold(), gc.isenabled(), gc.get_freeze_count() > 1000))\n"
        "from corpus_kit.__main__ import main\n"
        "sys.argv = ['corpus-kit', '--version']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    young, middle, old, on, frozen = done.stdout.splitlines()[-1].split()
    assert int(young) >= 10_000 and int(middle) >= 10 and int(old) >= 10
    assert on == "True", "memory stays bounded: it is looked for cycles, though seldom"
    assert frozen == "True"


def test_numpy_s_library_starts_no_threads_in_it_unless_the_user_says_how_many() -> None:
    program = (
        "import atexit, os, sys\n"
        "atexit.register(lambda: print(os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules))\n"
        "from corpus_kit.__main__ import main\n"
        "sys.argv = ['corpus-kit', '--version']\n"
        "main()\n"
    )
    for given, threads in ({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2"):
        clean = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=clean | given
        )
        assert done.stdout.splitlines()[-1] == f"{threads} False", "said before NumPy is there"


def test_a_plugin_that_somebody_installed_for_pydantic_is_not_even_loaded(tmp_path: Path) -> None:
    about = tmp_path / "guest-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[pydantic]\nguest = guest:plugin\n", encoding="utf-8")
    (tmp_path / "guest.py").write_text(
        "import sys\nsys.stderr.write('guest is here')\nplugin = None\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "corpus_kit", "build", str(tmp_path / "none"), "--out", str(tmp_path / "out")]
    path = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 2 and "There is no file or folder" in done.stderr
    assert "guest" not in done.stderr
