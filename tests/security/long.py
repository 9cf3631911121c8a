"""A fuzzer, or the harness of kills, for as long as you like.

`python tests/security/long.py fuzz_files --count 5000 --seed 1`
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run one of the modules beside this one with the rest of the command line."""
    sys.path[:0] = [str(TESTS / "security"), str(TESTS), str(TESTS / "core"), str(TESTS.parent)]
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in ("fuzz_exports", "fuzz_files", "fuzz_server", "kills"):
        raise SystemExit("Name one: fuzz_exports, fuzz_files, fuzz_server, kills; then --count N --seed S.")
    runpy.run_module(name, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
