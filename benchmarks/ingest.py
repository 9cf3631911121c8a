"""Speed and memory of the main job, measured in one run, side by side with what one would do without it.

    python benchmarks/ingest.py --write

Compared are our documents stage (read → validate → Parquet), a bare pyarrow loop (read, sha256, zstd-3 Parquet; it checks
nothing), and `datasets` (`load_dataset("text", sample_by="document")`, `to_parquet`); then the whole `build`, a rebuild
after one new file, peak memory, and `--help`. Each row has two times: `process` is the whole process from outside, the
interpreter's start and all imports included; `inside` is the work alone, after imports. With two processes it is taken
in a run of its own, after the start of the pool. Repetitions are interleaved, figures are medians, ratios are medians of
the ratios of neighbours.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ingest_tasks import new_file

HERE = Path(__file__).resolve()
README = HERE.with_name("README.md")
BEGIN, END = "<!-- ingest:begin -->", "<!-- ingest:end -->"
HEAVY = ("datasets", "label_studio_sdk", "numpy", "pandera", "polars", "pyarrow")


_WARMED = ("bare", "documents", "documents+language")
"""Whose pool is started before the work in the run that says how long the work alone takes."""


# --- measuring -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds of the whole process and, by name, what it said of itself; CPU seconds and peak MB of its whole tree."""

    process: float
    cpu: float
    peak: float
    said: dict[str, Any]


def measure(command: list[str]) -> Run:
    """Run one command from its start to its end."""
    start = time.perf_counter()
    offline = os.environ | {"HF_HUB_OFFLINE": "1"}  # `datasets` reports what it loads to a server otherwise
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=offline)
    peak = [0.0]
    watch = threading.Thread(target=_watch, args=(child.pid, peak))
    watch.start()
    assert child.stdout is not None
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    watch.join()
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    last = output.strip().splitlines()[-1:] or [""]
    return Run(
        seconds, usage.ru_utime + usage.ru_stime, peak[0], json.loads(last[0]) if last[0].startswith("{") else {}
    )


def _watch(pid: int, peak: list[float]) -> None:
    """Highest sum of resident memory of a process and all below it, in MB, looked at thirty times a second."""
    page = os.sysconf("SC_PAGE_SIZE") / 1e6
    while tree := _tree(pid):
        peak[0] = max(peak[0], sum(_resident(p) for p in tree) * page)
        time.sleep(0.03)


def _tree(pid: int) -> list[int]:
    found, pending = [], [pid]
    while pending:
        one = pending.pop()
        try:
            if Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                continue
            for task in Path(f"/proc/{one}/task").iterdir():
                pending += map(int, (task / "children").read_text().split())
        except OSError:
            continue
        found.append(one)
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0


class Bench:
    """All measurements of one run. runs: row → its repetitions."""

    def __init__(self, scratch: Path, pages: int, repeats: int) -> None:
        self.scratch, self.count, self.repeats = scratch, pages, repeats
        self.runs: dict[str, list[Run]] = {}

    def pages(self, count: int) -> Path:
        from corpus import write_pages

        folder = self.scratch / f"pages-{count}"
        write_pages(count, folder)
        return folder

    def task(self, name: str, workers: int, pages: Path) -> Run:
        row = f"{name}/{workers}"
        with self.out() as out:
            run = self.keep(row, _child(name, pages, out, workers))
        if name in _WARMED and workers > 1:
            with self.out() as out:
                run.said.update(measure([*_child(name, pages, out, workers), "warm"]).said)
                print(f"{row:24} warm {run.said}", file=sys.stderr)
        return run

    @contextmanager
    def out(self) -> Any:
        out = self.scratch / "out"
        try:
            yield out
        finally:
            shutil.rmtree(out, ignore_errors=True)

    def keep(self, row: str, command: list[str]) -> Run:
        run = measure(command)
        self.runs.setdefault(row, []).append(run)
        print(f"{row:24} {run.process:6.2f} s {run.cpu:6.2f} s CPU {run.peak:6.0f} MB {run.said}", file=sys.stderr)
        return run

    def all(self) -> None:
        compileall.compile_dir(str(HERE.parent.parent / "corpus_kit"), quiet=1)  # as an installation does
        pages = self.pages(self.count)
        for _ in range(self.repeats):
            for workers in (1, 2):
                for name in ("bare", "documents", "documents+language"):
                    self.task(name, workers, pages)
            self.task("datasets", 1, pages)
            self.task("build-twice", 2, pages)
            with self.out() as out:
                build = [*_python("-m", "corpus_kit"), "build", str(pages), "--out", str(out), "--workers", "2"]
                self.keep("build/2", build)
                with new_file(pages):
                    self.keep("rebuild/2", build)
            for _ in range(3):
                self.keep("click", _python("-c", "import click"))
                self.keep("help", _python("-m", "corpus_kit", "--help"))
        shutil.rmtree(pages)
        for count in (self.count // 2, self.count * 2):
            pages = self.pages(count)
            with self.out() as out:
                build = [*_python("-m", "corpus_kit"), "build", str(pages), "--out", str(out), "--workers", "2"]
                self.keep(f"memory/{count}", build)
            shutil.rmtree(pages)

    def of(self, row: str, figure: str) -> list[float]:
        return [r.said[figure] if figure in r.said else getattr(r, figure) for r in self.runs[row]]

    def ratio(self, row: str, other: str, figure: str, other_figure: str = "") -> float:
        pairs = zip(self.of(row, figure), self.of(other, other_figure or figure), strict=True)
        return median(a / b for a, b in pairs)


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _child(name: str, pages: Path, out: Path, workers: int) -> list[str]:
    return _python(str(HERE.with_name("ingest_tasks.py")), name, str(workers), str(pages), str(out))


# --- the table ---------------------------------------------------------------------------------------------------------


def table(bench: Bench) -> str:
    """The result as Markdown."""
    n = f"{bench.count:,}"
    lines = [
        f"{n} generated pages; {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}; "
        f"medians of {bench.repeats} interleaved repetitions.",
        "",
        "| what | processes | process, s | inside, s | CPU, s | peak MB |",
        "|---|---|---|---|---|---|",
    ]
    names = {
        "bare": "bare pyarrow loop",
        "documents": "corpus-kit, documents without language",
        "documents+language": "corpus-kit, documents with language",
        "datasets": "`datasets`, text to Parquet",
        "build": "`corpus-kit build`, documents and release",
        "rebuild": "`corpus-kit build` again, one new file",
    }
    for row in bench.runs:
        name, _, workers = row.partition("/")
        if name in names:
            inside = {"build": ("build-twice/2", "inside"), "rebuild": ("build-twice/2", "rebuild")}
            cells = [_figure(bench, row, "process"), _figure(bench, *inside.get(name, (row, "inside")))]
            cells += [_figure(bench, row, "cpu"), f"{max(bench.of(row, 'peak')):.0f}"]
            lines.append(f"| {names[name]} | {workers} | {' | '.join(cells)} |")
    lines += ["", "| bar | process | inside |", "|---|---|---|"]
    lines += [f"| {what} | {' | '.join(cells)} |" for what, cells in _bars(bench)]
    help_row = (
        f"| `corpus-kit --help` ≤ 3 × `python -c 'import click'` | {bench.ratio('help', 'click', 'process'):.1f} ×"
    )
    lines += [
        f"{help_row} | |",
        "",
        f"`corpus-kit --help` imports of {', '.join(HEAVY)}: {_heavy_of_help() or 'none'}.",
    ]
    return "\n".join(lines) + "\n"


def _figure(bench: Bench, row: str, figure: str) -> str:
    values = bench.of(row, figure)
    return f"{median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def _bars(bench: Bench) -> Iterable[tuple[str, list[str]]]:
    both = ("process", "inside")
    for name, least, what in (("documents", 0.5, "without"), ("documents+language", 0.25, "with")):
        for workers in (1, 2):
            title = (
                f"documents {what} language ≥ {least} × the bare loop's speed, {workers} process{'es' * (workers - 1)}"
            )
            yield title, [f"{bench.ratio(f'bare/{workers}', f'{name}/{workers}', f):.2f} ×" for f in both]
    for workers in (1, 2):
        title = f"documents without language ≥ 5 × as fast as `datasets`, {workers} process{'es' * (workers - 1)}"
        yield title, [f"{bench.ratio('datasets/1', f'documents/{workers}', f):.1f} ×" for f in both]
    again = bench.ratio("build-twice/2", "build-twice/2", "rebuild", "inside")
    yield (
        "rebuild after one new file ≤ 0.1 × build",
        [f"{bench.ratio('rebuild/2', 'build/2', 'process'):.2f} ×", f"{again:.2f} ×"],
    )
    few, many = bench.count // 2, bench.count * 2
    grown = bench.ratio(f"memory/{many}", f"memory/{few}", "peak")
    peaks = [bench.of(f"memory/{count}", "peak")[0] for count in (few, many)]
    title = f"peak memory of `build`, {many:,} pages ≤ 1.2 × {few:,} pages ({peaks[1]:.0f} and {peaks[0]:.0f} MB)"
    yield title, [f"{grown:.2f} ×", ""]


def _heavy_of_help() -> str:
    code = (
        "import sys\nfrom corpus_kit.cli.main import cli\ncli(['--help'], standalone_mode=False)\n"
        f"print(*[m for m in {HEAVY!r} if m in sys.modules], sep=', ')"
    )
    done = subprocess.run(_python("-c", code), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].strip()


def write_readme(made: str, command: str) -> None:
    """Put the table between its markers in `benchmarks/README.md`."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"{README} has no markers {BEGIN} and {END}")
    README.write_text(f"{before}{BEGIN}\nMade by `{command}`.\n\n{made}{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the main job.")
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    parser.add_argument("--scratch", type=Path, help="where pages and results go for the time of the run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        bench = Bench(Path(scratch), given.pages, given.repeats)
        bench.all()
        made = table(bench)
    print(made)
    if given.write:
        options = [f"--pages {given.pages}"] * (given.pages != 20_000) + [f"--repeats {given.repeats}"] * (
            given.repeats != 3
        )
        write_readme(made, " ".join(["python benchmarks/ingest.py --write", *options]))


if __name__ == "__main__":
    main()
