"""The report on a large corpus: its size, its time beside that of the build, its memory, and what a rebuild pays for it.

    python benchmarks/report.py --write                              100,000 invented documents, built first
    python benchmarks/report.py 1000000 --write                      ten times as many
    python benchmarks/report.py --built OUT --build-seconds 900      on what a build has already made in OUT
    python benchmarks/report.py --built OUT --smaller OUT …          and how much more memory it takes than a smaller corpus

Each figure is of a process of its own. `inside` is the report alone, after imports; memory is the peak of the process.
"One shard again" is what a build with one new file pays: all that was counted is kept but one shard's share.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from ingest import measure
from million import write_short

HERE = Path(__file__).resolve()
README = HERE.with_name("README.md")
BEGIN, END = "<!-- report:begin -->", "<!-- report:end -->"
_MOST_MB, _MOST_SHARE, _MOST_GROWTH = 5.0, 0.2, 1.2

_BUILD = """
import sys
from corpus_kit import Corpus
out = sys.argv[2]
Corpus.without(out).build([sys.argv[1]], out, workers=int(sys.argv[3]), report=False)
"""
_REPORT = """
import json, sys, time
from corpus_kit import Corpus
import corpus_kit.pipeline.build, polars, pyarrow.parquet
start, cpu = time.perf_counter(), time.process_time()
made = Corpus.without(sys.argv[1]).report()
inside, cpu = time.perf_counter() - start, time.process_time() - cpu
print(json.dumps({"inside": inside, "cpu": cpu, "bytes": made.bytes, "documents": made.documents}))
"""


def forget_one_shard(out: Path) -> None:
    """Leave the state of a build in which one shard is new: its facts and the page are missing."""
    kept = sorted(p for p in (out / ".work" / "report").glob("*.json") if not p.name.endswith(".sample.json"))
    kept[0].unlink()
    kept[0].with_suffix(".sample.json").unlink(missing_ok=True)
    shutil.rmtree(out / "report")


def documents_of(out: Path) -> dict[str, Any]:
    """The manifest of its documents."""
    found: dict[str, Any] = json.loads((out / "documents" / "manifest.json").read_text(encoding="utf-8"))
    return found


def from_nothing(out: Path) -> Any:
    """One report of which nothing is kept."""
    shutil.rmtree(out / "report", ignore_errors=True)
    shutil.rmtree(out / ".work" / "report", ignore_errors=True)
    return measure([sys.executable, "-c", _REPORT, str(out)])


def run(out: Path, build_seconds: float | None, smaller: Path | None) -> tuple[str, bool]:
    """The table, and whether the bars are met."""
    documents = documents_of(out)
    command = [sys.executable, "-c", _REPORT, str(out)]
    less = from_nothing(smaller) if smaller else None
    cold = from_nothing(out)
    forget_one_shard(out)
    one = measure(command)
    unchanged = measure(command)
    size = cold.said["bytes"] / 1e6
    share = cold.process / build_seconds if build_seconds else None
    rows = [
        ("from nothing", cold),
        ("one shard again", one),
        ("unchanged", unchanged),
    ]
    if less and smaller:
        rows.insert(0, (f"from nothing, {documents_of(smaller)['rows']:,} documents", less))
    growth = cold.peak / less.peak if less else None
    lines = [
        f"{documents['rows']:,} documents in {len(documents['files']):,} shards; the page is {size:.2f} MB "
        f"(bar {_MOST_MB:g}) with {cold.said['documents']:,} documents in the reader"
        + (
            f"; from nothing it takes {share:.3f} of the build's {build_seconds:,.0f} s (bar {_MOST_SHARE})."
            if share
            else "."
        )
        + f" Python {platform.python_version()}, {os.cpu_count()} cores, one process.",
        "",
        "| report | inside, s | inside, s of processor | whole process, s | peak MB |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {r.said['inside']:.2f} | {r.said['cpu']:.2f} | {r.process:.2f} | {r.peak:,.0f} |"
            for name, r in rows
        ),
        "",
    ]
    if growth and smaller:
        times = documents["rows"] / documents_of(smaller)["rows"]
        lines += [f"{times:.3g} × the documents take {growth:.2f} × the memory (bar {_MOST_GROWTH}).", ""]
    met = size <= _MOST_MB and (share or 0) <= _MOST_SHARE and (growth or 0) <= _MOST_GROWTH
    return "\n".join(lines), met


def write_readme(made: str, command: str) -> None:
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"{README} has no markers {BEGIN} and {END}")
    README.write_text(f"{before}{BEGIN}\nMade by `{command}`.\n\n{made}{END}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the report.")
    parser.add_argument("count", type=int, nargs="?", default=100_000, help="documents to invent")
    parser.add_argument("--built", type=Path, metavar="OUT", help="the out folder of a build; nothing is invented")
    parser.add_argument("--build-seconds", type=float, help="what that build took")
    parser.add_argument("--smaller", type=Path, metavar="OUT", help="the out folder of a smaller build, for its memory")
    parser.add_argument("--workers", type=int, default=2, help="of the build")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out, seconds = options.built, options.build_seconds
        if out is None:
            pages, out = Path(scratch) / "pages", Path(scratch) / "out"
            write_short(options.count, pages)
            seconds = measure([sys.executable, "-c", _BUILD, str(pages), str(out), str(options.workers)]).process
        made, met = run(out, seconds, options.smaller)
    print(made)
    if options.write:
        write_readme(made, "python benchmarks/report.py " + " ".join(sys.argv[1:]))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
