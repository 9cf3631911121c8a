"""A million short documents: does it finish, in how much memory, and does a document cost more than in a small corpus?

    python benchmarks/million.py --write                        100,000 and 1,000,000 documents
    python benchmarks/million.py --counts 20000 200000          the same question, sooner

The documents are invented: two hundred papers, each with its menu and footer, and stories of which one in eight is
printed twice. Each count is built from nothing by `Corpus.build` in a process of its own, suggestions off. Memory is
the highest sum of the resident sets of the whole tree of processes; pages that processes share are counted once for
each, so it is an upper bound.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
BEGIN, END = "<!-- million:begin -->", "<!-- million:end -->"
_LARGEST_MB, _LARGEST_RATIO = 3000, 1.3


def write_short(count: int, folder: Path, per_file: int = 20_000) -> int:
    """`count` documents of some 1.5 kB in JSONL files; returns their bytes."""
    from corpus import STOCKS

    rng = random.Random(count)
    stocks = list(STOCKS.values())
    papers = []
    for number in range(200):
        stock = stocks[number % len(stocks)]
        menu = " | ".join(rng.choices(stock.words, k=8)).title()
        papers.append((f"{stock.outlet} {number}", stock, menu, f"© 2031 {' '.join(rng.choices(stock.words, k=6))}"))
    folder.mkdir(parents=True)
    story = ""
    file: Any = None
    for number in range(count):
        if number % per_file == 0:
            if file is not None:
                file.close()
            file = (folder / f"{number // per_file:05d}.jsonl").open("w", encoding="utf-8")
        outlet, stock, menu, footer = papers[rng.randrange(len(papers))]
        if number % 8 != 1:
            drawn = rng.choices(stock.words, k=rng.randint(60, 180))
            story = "\n".join(" ".join(drawn[a : a + 40]).capitalize() + "." for a in range(0, len(drawn), 40))
        text = f"{menu}\n\n{story}\n\nComments ({rng.randint(0, 99)})\n{footer}\n"
        record = {"id": f"s{number:08d}", "text": text, "outlet": outlet}
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
    file.close()
    return sum(p.stat().st_size for p in folder.iterdir())


def tables(folder: Path, counts: Sequence[int], workers: int, keep: bool) -> Iterator[str]:
    from scale import run

    yield f"Python {platform.python_version()}, {os.cpu_count()} cores, {workers} workers; suggestions off.\n"
    yield "| documents | bytes each | s | CPU s | CPU ms a document | peak MB | files in `.work` | most in one folder |"
    yield "|---|---|---|---|---|---|---|---|"
    made = []
    for count in counts:
        place = folder / str(count)
        size = write_short(count, place / "raw") / count
        done = run("ours", place / "raw", place / "out", workers)
        made.append((count, done))
        files, most = _files(place / "out")
        yield (
            f"| {count:,} | {size:,.0f} | {done.process:.0f} | {done.cpu:.0f} | {done.cpu / count * 1000:.2f} "
            f"| {done.peak:.0f} | {files:,} | {most:,} |"
        )
        if not keep:
            shutil.rmtree(place)
    (few, small), (many, large) = made[0], made[-1]
    by_time = (large.process / many) / (small.process / few)
    by_cpu = (large.cpu / many) / (small.cpu / few)
    yield (
        f"\nA document among {many:,} costs {by_time:.2f} × one among {few:,} (CPU: {by_cpu:.2f} ×; bar {_LARGEST_RATIO}); "
        f"peak {large.peak:,.0f} MB (bar {_LARGEST_MB:,}).\n"
    )


def _files(out: Path) -> tuple[int, int]:
    """How many files there are in `.work`, and the most entries of one folder."""
    total = most = 0
    for _, folders, names in os.walk(out / ".work"):
        total += len(names)
        most = max(most, len(folders) + len(names))
    return total, most


def main() -> None:
    parser = argparse.ArgumentParser(description="Build a million short documents.")
    parser.add_argument("--counts", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where to work; by default a temporary folder")
    parser.add_argument("--keep", action="store_true", help="leave what was built, for `report.py --built`")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    given = parser.parse_args()
    sys.path.insert(0, str(HERE.parents[1]))
    folder = given.folder or Path(tempfile.mkdtemp(prefix="corpus-kit-million-"))
    table = "\n".join(tables(folder, given.counts, given.workers, given.keep))
    print(table)
    if given.write:
        from scale import write_between

        write_between(BEGIN, END, table)
    if not given.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
