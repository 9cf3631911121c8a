"""CPU and wall seconds of files of many records, side by side with what one would do without the toolkit, in one run.

    python benchmarks/records.py --write

Compared are our documents stage (read → validate → Parquet, with and without languages), `datasets` (`load_dataset`,
`to_parquet`; a fresh cache) and Polars (read, write as zstd Parquet); then `build` of one CSV with one process and with
two. Each figure is of a whole process from outside, the interpreter's start and all imports included. Repetitions are
interleaved, figures are medians, ratios are medians of the ratios of neighbours.
"""

from __future__ import annotations

import argparse
import compileall
import csv
import json
import os
import platform
import random
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from ingest import HERE as INGEST
from ingest import Run, measure

HERE = Path(__file__).resolve()
README = HERE.with_name("README.md")
BEGIN, END = "<!-- records:begin -->", "<!-- records:end -->"
FORMATS = ("csv", "jsonl", "parquet")
MOST = {"documents": 3.0, "documents+language": 5.0}
"""How many times the CPU of `datasets` our stage may take."""


def write_records(count: int, folder: Path) -> None:
    """The same short records, made up, as CSV, JSON Lines and Parquet, a folder each."""
    import polars as pl

    rng = random.Random(count)
    words = ["".join(rng.choices("abcdefghijklmnop", k=rng.randrange(3, 9))) for _ in range(4000)]
    rows = [
        {
            "id": f"rec-{number}",
            "text": " ".join(rng.choices(words, k=rng.randrange(10, 50))) + ("\n\nMore." if number % 3 == 0 else ""),
            "title": " ".join(rng.choices(words, k=8)),
            "published_on": f"20{rng.randrange(10, 30)}-0{rng.randrange(1, 10)}-{rng.randrange(10, 28)}",
            "url": f"https://news{number % 50}.example/{number}",
            "author": f"writer {number % 97}",
        }
        for number in range(count)
    ]
    for name in FORMATS:
        (folder / name).mkdir(parents=True)
    with (folder / "csv" / "all.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    (folder / "jsonl" / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    pl.DataFrame(rows).write_parquet(folder / "parquet" / "all.parquet")


def with_datasets(file: Path, out: Path) -> None:
    """What `datasets` offers."""
    import datasets

    datasets.disable_progress_bars()
    kind = {"jsonl": "json"}.get(file.suffix[1:], file.suffix[1:])
    loaded = datasets.load_dataset(kind, data_files=str(file), split="train", cache_dir=str(out))
    loaded.to_parquet(out / "all.parquet")


def with_polars(file: Path, out: Path) -> None:
    """What Polars offers: no hash, no identity, no check."""
    import polars as pl

    out.mkdir()
    readers: dict[str, Any] = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}
    read = readers[file.suffix[1:]]
    read(file).write_parquet(out / "all.parquet", compression="zstd", compression_level=3)


PEERS = {"datasets": with_datasets, "polars": with_polars}


class Bench:
    """All measurements. runs: (what, format) → its repetitions."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.runs: dict[tuple[str, str], list[Run]] = {}

    def take(self, what: str, name: str, command: list[str]) -> None:
        """Run one command, whose last argument is the folder it makes."""
        out = self.scratch / "out"
        run = measure([sys.executable, *command, str(out)])
        shutil.rmtree(out, ignore_errors=True)
        self.runs.setdefault((what, name), []).append(run)
        print(f"{what:20} {name:8} {run.process:6.2f} s {run.cpu:6.2f} s CPU {run.peak:6.0f} MB", file=sys.stderr)

    def all(self, records: Path, large: Path, repeats: int) -> None:
        for _ in range(repeats):
            for name in FORMATS:
                file = next((records / name).iterdir())
                for peer in PEERS:
                    self.take(peer, name, [str(HERE), "--peer", peer, str(file)])
                for stage in MOST:
                    self.take(stage, name, [str(INGEST.with_name("ingest_tasks.py")), stage, "1", str(file.parent)])
            for workers in ("1", "2"):
                build = ["-m", "corpus_kit", "build", str(large / "csv"), "--workers", workers, "--out"]
                self.take(f"build/{workers}", "csv", build)

    def figure(self, what: str, name: str, figure: str) -> float:
        return float(median(getattr(run, figure) for run in self.runs[what, name]))

    def ratio(self, what: str, other: str, name: str, figure: str) -> float:
        pairs = zip(self.runs[what, name], self.runs[other, name], strict=True)
        return float(median(getattr(a, figure) / getattr(b, figure) for a, b in pairs))


def table(bench: Bench, count: int, large: int, repeats: int) -> str:
    """The result as Markdown."""
    lines = [
        f"{count:,} made-up records; {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}; "
        f"medians of {repeats} interleaved repetitions.",
        "",
        "| what | format | CPU, s | wall, s | CPU beside `datasets` | bar |",
        "|---|---|---|---|---|---|",
    ]
    for name in FORMATS:
        for what in ("datasets", "polars", *MOST):
            ratio = bench.ratio(what, "datasets", name, "cpu")
            bar = f"≤ {MOST[what]:.0f} ×" + ("" if ratio <= MOST[what] else ", **missed**") if what in MOST else "–"
            cells = f"{bench.figure(what, name, 'cpu'):.2f} | {bench.figure(what, name, 'process'):.2f} | {ratio:.1f} ×"
            lines.append(f"| {what} | {name} | {cells} | {bar} |")
    gain = bench.ratio("build/1", "build/2", "csv", "process")
    one, two = (bench.figure(f"build/{n}", "csv", "process") for n in (1, 2))
    lines += ["", f"`build` of {large:,} rows in one CSV: {one:.1f} s with one process, {two:.1f} s with two; "]
    lines[-1] += f"{gain:.2f} × (bar: 1.6 ×{'' if gain >= 1.6 else ', **missed**'})."
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure files of many records.")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=345_000, help="rows of the one CSV that is built")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where records and results go for the time of the run")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    parser.add_argument("--peer", nargs=3, metavar=("NAME", "FILE", "OUT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peer:
        name, file, out = given.peer
        PEERS[name](Path(file), Path(out))
        return
    compileall.compile_dir(str(HERE.parent.parent / "corpus_kit"), quiet=1)  # as an installation does
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        records, large = Path(scratch, "records"), Path(scratch, "large")
        write_records(given.records, records)
        write_records(given.large, large)
        bench = Bench(Path(scratch))
        bench.all(records, large, given.repeats)
        made = table(bench, given.records, given.large, given.repeats)
    print(made)
    if given.write:
        text = README.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        README.write_text(f"{before}{BEGIN}\n{made}{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
