"""How the command's process begins and ends: what it need not do, it does not."""

from __future__ import annotations

import subprocess
import sys


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
