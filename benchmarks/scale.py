"""The whole build beside datatrove, one worker beside two, a rebuild, and what each stage costs. One run, one table.

    python benchmarks/scale.py --write                          datatrove on two cores
    python benchmarks/scale.py --write --peers-cores 1 2        ... and on one, which takes twice as long
    python benchmarks/scale.py --write --folder DIR             goes on where a stopped run was

The pages are those of `syndication.py`, a file for each of sixty papers. Ours is `Corpus.build` with suggestions and
report off: decoded, language, contracts, near-copies, splits, release, verified by `datasets`. datatrove does what a
user would write there: JSONL → language → Parquet with MinHash signatures in the same pass → buckets → clusters → a
second pass that writes the Parquet without copies. Its own language filter loads a model from the network; so that the
run works without one, it is given a filter around pycld2, the library that we use. It checks no contract, makes no
splits, keeps no refusals and gives no offsets.

Every contender is a process of its own, held on as many cores as it has workers. `process` is the whole process from
outside with all imports, `inside` the work alone. CPU seconds are those of all its processes, imports included; they hold
on a busy machine too. (With two, datatrove's processes are not its children's, and their CPU seconds cannot be told.)
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from ingest import Run
from kept import Kept, own_code, peers_code

HERE = Path(__file__).resolve()
README = HERE.with_name("README.md")
PEERS_FILE = HERE.with_name("requirements-peers.txt")
BEGIN, END = "<!-- scale:begin -->", "<!-- scale:end -->"
STAGES = {
    "reading": "read, decode, language, contract, Parquet",
    "scanning": "copies: lines, shingles, signatures",
    "counting lines": "copies: lines that publishers repeat",
    "signing": "copies: pages signed again",
    "pairing, round 1": "copies: candidate pairs, round 1",
    "pairing, round 2": "copies: candidate pairs, round 2",
    "reading candidates": "copies: shingles of candidates",
    "comparing": "copies: candidates compared",
    "assigning": "shards with their clusters and splits",
    "suggesting": "suggestions of boilerplate",
    "releasing": "release files",
    "verifying": "release loaded by `datasets`",
}


# --- the contenders, each in a process of its own: (pages, out, workers) → facts, as JSON on the last line of stdout -----


def ours(pages: Path, out: Path, workers: int, suggest: bool = False) -> dict[str, Any]:
    from corpus_kit.core.config import Split
    from corpus_kit.core.config.corpus_toml import ProjectConfig
    from corpus_kit.core.progress import Silent
    from corpus_kit.corpus import Corpus

    class Clock(Silent):
        """CPU seconds of this process by step, with one worker that is all of them; and seconds."""

        def __init__(self) -> None:
            self.seconds: Counter[str] = Counter()
            self.walls: Counter[str] = Counter()

        def step(self, label: str, total: int) -> Any:
            return Open(label, time.process_time(), time.perf_counter())

        def finish(self, step: Any) -> None:
            self.seconds[step.label] += time.process_time() - step.began
            self.walls[step.label] += time.perf_counter() - step.at

    class Open:
        def __init__(self, label: str, began: float, at: float) -> None:
            self.label, self.began, self.at = label, began, at

        def advance(self, n: int = 1) -> None: ...

    config = ProjectConfig()
    off = config.suggest.model_copy(update={"boilerplate": suggest})
    config = config.model_copy(update={"suggest": off, "split": Split()})
    clock, began, cpu = Clock(), time.perf_counter(), time.process_time()
    made = Corpus(None, config, out).build([pages], workers=workers, report=False, progress=clock)
    return {
        "inside": time.perf_counter() - began,
        "documents": made.documents,
        "clusters": made.ingested.clusters,
        "fingerprint": made.release.fingerprint if made.release else "",
        "steps": dict(clock.seconds),
        "walls": dict(clock.walls),
        "own_cpu": time.process_time() - cpu,
    }


def with_suggestions(pages: Path, out: Path, workers: int) -> dict[str, Any]:
    return ours(pages, out, workers, suggest=True)


def datatrove(pages: Path, out: Path, workers: int) -> dict[str, Any]:
    import pycld2
    from datatrove.data import Document
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
    from datatrove.pipeline.filters.base_filter import BaseFilter
    from datatrove.pipeline.readers import JsonlReader, ParquetReader
    from datatrove.pipeline.writers import ParquetWriter

    class Language(BaseFilter):  # type: ignore[misc]  # datatrove brings no types
        name = "language by pycld2"

        def filter(self, doc: Document) -> bool:
            _, _, found = pycld2.detect(doc.text)
            doc.metadata["language"], doc.metadata["language_score"] = found[0][1], found[0][2] / 100
            return True

    config = MinhashConfig(n_grams=5, num_buckets=25, hashes_per_bucket=5)
    tasks = 4 * workers
    first = [
        JsonlReader(str(pages), glob_pattern="*.jsonl"),
        Language(),
        ParquetWriter(str(out / "read"), compression="zstd"),
        MinhashDedupSignature(str(out / "signatures"), config, language="en"),
    ]
    last = [
        ParquetReader(str(out / "read")),
        MinhashDedupFilter(str(out / "clusters")),
        ParquetWriter(str(out / "documents"), compression="zstd"),
    ]
    stages = [
        (first, tasks),
        ([MinhashDedupBuckets(str(out / "signatures"), str(out / "buckets"), config=config)], 25),
        ([MinhashDedupCluster(str(out / "buckets"), str(out / "clusters"), config=config)], 1),
        (last, tasks),
    ]
    began = time.perf_counter()
    for number, (pipeline, count) in enumerate(stages):
        LocalPipelineExecutor(
            pipeline=pipeline,
            tasks=count,
            workers=workers,
            logging_dir=str(out / f"logs{number}"),
            skip_completed=False,
        ).run()
    return {"inside": time.perf_counter() - began}


CONTENDERS = {"ours": ours, "with-suggestions": with_suggestions, "datatrove": datatrove}


def run(name: str, pages: Path, out: Path, workers: int, python: str = sys.executable) -> Any:
    """A fresh process; returns `ingest.Run`: seconds, CPU seconds, peak MB of all its processes, what it said."""
    from ingest import measure

    os.environ["PYTHONPATH"] = str(HERE.parents[1])
    made = measure([python, str(HERE), "--contender", name, str(pages), str(out), str(workers)])
    print(f"{name}/{workers}: {made.process:.1f} s, {made.cpu:.1f} s CPU, {made.peak:.0f} MB", file=sys.stderr)
    return made


# --- the tables ------------------------------------------------------------------------------------------------------


def tables(folder: Path, count: int, peers: Path, peers_cores: Sequence[int], turns: int) -> Iterator[str]:
    """Ours before and after datatrove, so that what the machine does besides falls on both; medians of ours."""
    from duplicates import peers_python
    from syndication import write_corpus

    pages, new = folder / "own" / "pages", folder / "new"
    for place in (pages.parent, new):
        shutil.rmtree(place, ignore_errors=True)
    write_corpus(count, pages.parent)
    write_corpus(count + count // 100, new, first=count)
    size = sum(p.stat().st_size for p in pages.iterdir()) / count
    python = str(peers_python(peers)) if peers_cores else ""
    kept, own, other = Kept(folder), list[Turn](), dict[int, Run]()
    for turn in range(turns):
        name = f"ours, {count:,} pages, turn {turn}"
        one = kept.get(f"{name}, 1 worker", own_code(), partial(_fresh, "ours", pages, folder, 1))
        two = kept.get(f"{name}, 2 workers", own_code(), partial(_with_rebuild, folder, pages, new))
        own.append(Turn(Run(**one), Run(**two["full"]), Run(**two["again"])))
        for workers in peers_cores if turn == 0 else ():
            name = f"datatrove, {count:,} pages, {workers} workers"
            measured = kept.get(
                name, peers_code(__file__), partial(_fresh, "datatrove", pages, folder, workers, python)
            )
            other[workers] = Run(**measured)
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    yield f"{count:,} pages of {size:,.0f} bytes; {machine}; {_versions()}.\n"
    yield from stages(own[0].one, count)
    yield from _whole(own, other, count)
    yield from _rebuilds(own)


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of ours: with one worker, with two, and then again after 1 % new pages."""

    one: Run
    two: Run
    again: Run


def _with_rebuild(folder: Path, pages: Path, new: Path) -> dict[str, Any]:
    """A full build and then one with the new pages beside the others; the pages are as before afterwards."""
    full = run("ours", pages, _empty(folder / "two"), 2)
    moved = [path.rename(pages / f"new-{path.name}") for path in (new / "pages").iterdir()]
    try:
        again = run("ours", pages, folder / "two", 2)
    finally:
        for path in moved:
            path.rename(new / "pages" / path.name.removeprefix("new-"))
    shutil.rmtree(folder / "two")
    return {"full": asdict(full), "again": asdict(again)}


def _fresh(name: str, pages: Path, folder: Path, workers: int, python: str = sys.executable) -> dict[str, Any]:
    made = asdict(run(name, pages, _empty(folder / "fresh"), workers, python))
    shutil.rmtree(folder / "fresh")
    return made


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _whole(own: Sequence[Turn], other: Mapping[int, Run], count: int) -> Iterator[str]:
    yield "### Whole build, suggestions off\n"
    yield "| | workers | process, s | inside, s | CPU, s | documents/s | peak MB | corpus-kit is | by CPU |"
    yield "|---|---|---|---|---|---|---|---|---|"
    middle = {1: _middle([t.one for t in own]), 2: _middle([t.two for t in own])}
    rows = [("corpus-kit build", workers, made) for workers, made in middle.items()]
    for name, workers, made in [*rows, *(("datatrove", workers, made) for workers, made in other.items())]:
        mine, seconds = middle[workers], made.said["inside"]
        told = name != "datatrove" or workers == 1
        cells = [f"{made.process:.1f}", f"{seconds:.1f}", f"{made.cpu:.1f}" if told else "–"]
        cells += [f"{count / seconds:,.0f}", f"{made.peak:.0f}", f"{made.process / mine.process:.1f} ×"]
        cells.append(f"{made.cpu / mine.cpu:.1f} ×" if told else "–")
        yield f"| {name} | {workers} | {' | '.join(cells)} |"
    process = median(t.one.process / t.two.process for t in own)
    inside = median(t.one.said["inside"] / t.two.said["inside"] for t in own)
    same = len({run.said["fingerprint"] for t in own for run in (t.one, t.two)}) == 1
    yield (
        f"\nOne worker / two workers: {process:.2f} × (process), {inside:.2f} × (inside); medians of {len(own)} turns, "
        f"before and after datatrove. The same release: {'yes' if same else 'NO'}.\n"
    )


def _middle(runs: Sequence[Run]) -> Run:
    """Medians of every figure."""
    said = {"inside": median(r.said["inside"] for r in runs)}
    process, cpu, peak = (median(getattr(r, name) for r in runs) for name in ("process", "cpu", "peak"))
    return Run(process, cpu, peak, said)


def _rebuilds(own: Sequence[Turn]) -> Iterator[str]:
    """A build after 1 % new pages that come as files of their own."""
    yield "### Rebuild after 1 % new pages, 2 workers\n"
    yield "| | process, s | inside, s | CPU, s | without counting lines: process, s |"
    yield "|---|---|---|---|---|"
    for name in ("two", "again"):
        runs = [getattr(t, name) for t in own]
        made, rest = _middle(runs), median(map(_without_lines, runs))
        yield (
            f"| {'full' if name == 'two' else 'rebuild'} | {made.process:.2f} | {made.said['inside']:.2f} "
            f"| {made.cpu:.2f} | {rest:.2f} |"
        )
    process = median(t.again.process / t.two.process for t in own)
    inside = median(t.again.said["inside"] / t.two.said["inside"] for t in own)
    rest = median(_without_lines(t.again) / _without_lines(t.two) for t in own)
    yield (
        f"\nRebuild / full: {process:.3f} (process), {inside:.3f} (inside), {rest:.3f} (process, without the stage that "
        "counts lines across documents).\n"
    )


def _without_lines(made: Run) -> float:
    return float(made.process - made.said["walls"].get("counting lines", 0))


def stages(made: Any, count: int) -> Iterator[str]:
    """CPU seconds of every stage for a thousand pages, from a build with one worker."""
    yield "### What each stage costs, suggestions off\n"
    yield "| stage | CPU s for 1,000 pages | share |"
    yield "|---|---|---|"
    steps, total = made.said["steps"], made.said["own_cpu"]
    for label, seconds in steps.items():
        yield f"| {STAGES.get(label, label)} | {seconds / count * 1000:.3f} | {seconds / total:.0%} |"
    rest = total - sum(steps.values())
    yield f"| everything else: ids, splits, manifests, hard links | {rest / count * 1000:.3f} | {rest / total:.0%} |"
    yield f"| all | {total / count * 1000:.3f} | |\n"


def _versions() -> str:
    from importlib.metadata import version

    pinned = dict(line.split("==") for line in PEERS_FILE.read_text(encoding="utf-8").split() if "==" in line)
    own = [f"{name} {version(name)}" for name in ("rensa", "polars", "pyarrow")]
    return ", ".join([*own, *(f"{name} {pinned[name]}" for name in ("datatrove", "pycld2"))])


def write_between(begin: str, end: str, table: str) -> None:
    """Put a table between two marks in `benchmarks/README.md`."""
    text = README.read_text(encoding="utf-8")
    first, last = text.index(begin) + len(begin), text.index(end)
    README.write_text(f"{text[:first]}\n{table}{text[last:]}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the whole build beside datatrove.")
    parser.add_argument("--count", type=int, default=50_000, help="pages")
    parser.add_argument(
        "--peers-cores", nargs="*", type=int, choices=(1, 2), default=(2,), help="on how many cores datatrove runs"
    )
    parser.add_argument("--turns", type=int, default=3, help="how often ours is measured")
    parser.add_argument(
        "--folder", type=Path, help="where to work; a second run there measures only what a stopped one has not"
    )
    parser.add_argument("--peers", type=Path, default=HERE.parents[1] / ".venv-peers", help="the peers' environment")
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/README.md")
    parser.add_argument("--contender", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.contender:
        name, pages, out, workers = given.contender
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(workers)])
        print(json.dumps(CONTENDERS[name](Path(pages), Path(out), int(workers))))
        return
    folder = given.folder or Path(tempfile.mkdtemp(prefix="corpus-kit-scale-"))
    table = "\n".join(tables(folder, given.count, given.peers, given.peers_cores, given.turns))
    print(table)
    if given.write:
        write_between(BEGIN, END, table)
    if not given.folder:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
