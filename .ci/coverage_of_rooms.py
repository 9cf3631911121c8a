"""Whether each room of the package is covered as far as `coverage.toml` asks; `--write` raises what it asks to what is.

Lines and branches, from the `.coverage` that the tests left. A room is a folder of `corpus_kit`; the modules beside the
folders are one room, `corpus_kit`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
FLOORS = HERE / "coverage.toml"
COUNTS = ("num_statements", "num_branches", "covered_lines", "covered_branches")


def measured() -> dict[str, float]:
    """Per cent of each room."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        subprocess.run([sys.executable, "-m", "coverage", "json", "-q", "-o", report.name], check=True)
        files = json.loads(Path(report.name).read_text(encoding="utf-8"))["files"]
    rooms: dict[str, Counter[str]] = {}
    for name, file in files.items():
        parts = Path(name).parts
        below = parts[parts.index("corpus_kit") + 1 :]
        room = below[0] if len(below) > 1 else "corpus_kit"
        rooms.setdefault(room, Counter()).update({count: file["summary"][count] for count in COUNTS})
    return {
        room: 100 * (n["covered_lines"] + n["covered_branches"]) / (n["num_statements"] + n["num_branches"])
        for room, n in sorted(rooms.items())
        if n["num_statements"]
    }


def main(write: bool) -> int:
    floors = tomllib.loads(FLOORS.read_text(encoding="utf-8"))
    found = measured()
    if write:
        head = "".join(line for line in FLOORS.read_text(encoding="utf-8").splitlines(True) if line.startswith("#"))
        raised = {room: max(int(percent), floors.get(room, 0)) for room, percent in found.items()}
        FLOORS.write_text(head + "".join(f"{room} = {floor}\n" for room, floor in raised.items()), encoding="utf-8")
        floors = raised
    wrong = 0
    for room, percent in found.items():
        floor = floors.get(room)
        low = floor is None or percent < floor
        wrong += low
        wanted = "has no floor: add it to .ci/coverage.toml" if floor is None else f"at least {floor} %"
        sys.stdout.write(f"{'LOW ' if low else 'ok  '} {room:12} {percent:5.1f} %  {wanted}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
