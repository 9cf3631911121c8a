"""The whole build beside datatrove, one worker beside two, a rebuild, and what each stage costs. One run, one table.

    python benchmarks/scale.py --write

The pages are those of `syndication.py`, a file for each of sixty papers. Ours is `Corpus.build` with suggestions and
report off: decoded, language, contracts, near-copies, splits, release, verified by `datasets`. datatrove does what a
user would write there: JSONL → language → Parquet with MinHash signatures in the same pass → buckets → clusters → a
second pass that writes the Parquet without copies. Its own language filter loads a model from the network; so that the
run works without one, it is given a filter around pycld2, the library that we use. It checks no contract, makes no
splits, keeps no refusals and gives no offsets.

Every contender is a process of its own, held on as many cores as it has workers. `process` is the whole process from
outside with all imports, `inside` the work alone. CPU seconds are those of one worker, imports included; they hold on
a busy machine too. (With two, datatrove's processes are not its children's, and their CPU seconds cannot be told.)
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    "suggesting": "suggestions of boilerplate",
    "releasing": "release files",
    "verifying": "release loaded by `datasets`",
}


# --- the contenders, each in a process of its own: (pages, out, workers) → facts, as JSON on the last line of stdout -----


def ours(pages: Path, out: Path, workers: int, suggest: bool = False) -> dict[str, Any]:
    from corpus_kit.core.progress import Silent
    from corpus_kit.core.project import ProjectConfig
    from corpus_kit.core.settings import Split
    from corpus_kit.corpus import Corpus

    class Clock(Silent):
        """CPU seconds of this process by step; with one worker that is all of them."""

        def __init__(self) -> None:
            self.seconds: Counter[str] = Counter()

        def step(self, label: str, total: int) -> Any:
            return Open(label, time.process_time())

        def finish(self, step: Any) -> None:
            self.seconds[step.label] += time.process_time() - step.began

    class Open:
        def __init__(self, label: str, began: float) -> None:
            self.label, self.began = label, began

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

    class Language(BaseFilter):  # type: ignore[misc]
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


def tables(folder: Path, count: int, peers: Path, against: bool) -> Iterator[str]:
    from duplicates import peers_python
    from syndication import write_corpus

    write_corpus(count, folder / "own")
    pages = folder / "own" / "pages"
    size = sum(p.stat().st_size for p in pages.iterdir()) / count
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    yield f"{count:,} pages of {size:,.0f} bytes; {machine}; {_versions()}.\n"
    one = run("ours", pages, folder / "one", 1)
    yield from stages(one, count)
    shutil.rmtree(folder / "one")
    two = run("ours", pages, folder / "two", 2)
    rows = [("corpus-kit build", 1, one), ("corpus-kit build", 2, two)]
    if against:
        python = str(peers_python(peers))
        for workers in (1, 2):
            rows.append(("datatrove", workers, run("datatrove", pages, folder / "peer", workers, python)))
            shutil.rmtree(folder / "peer")
    yield "### Whole build, suggestions off\n"
    yield "| | workers | process, s | inside, s | CPU, s | documents/s | peak MB | corpus-kit is | by CPU |"
    yield "|---|---|---|---|---|---|---|---|---|"
    own = {1: one, 2: two}
    for name, workers, made in rows:
        mine, seconds = own[workers], made.said["inside"]
        cells = [f"{made.process:.1f}", f"{seconds:.1f}", f"{made.cpu:.1f}" if workers == 1 else ""]
        cells += [f"{count / seconds:,.0f}", f"{made.peak:.0f}", f"{seconds / mine.said['inside']:.1f} ×"]
        cells.append(f"{made.cpu / mine.cpu:.1f} ×" if workers == 1 else "")
        yield f"| {name} | {workers} | {' | '.join(cells)} |"
    same = one.said["fingerprint"] == two.said["fingerprint"]
    yield (
        f"\nOne worker / two workers: {one.process / two.process:.2f} × (process), "
        f"{one.said['inside'] / two.said['inside']:.2f} × (inside). The same release: {'yes' if same else 'NO'}.\n"
    )
    yield from rebuild(folder, pages, count, two)


def rebuild(folder: Path, pages: Path, count: int, full: Any) -> Iterator[str]:
    """A build after 1 % new pages that come as files of their own."""
    from syndication import write_corpus

    write_corpus(count + count // 100, folder / "new", first=count)
    for path in (folder / "new" / "pages").iterdir():
        path.rename(pages / f"new-{path.name}")
    again = run("ours", pages, folder / "two", 2)
    yield "### Rebuild after 1 % new pages, 2 workers\n"
    yield "| | process, s | inside, s | CPU, s |"
    yield "|---|---|---|---|"
    for name, made in (("full", full), ("rebuild", again)):
        yield f"| {name} | {made.process:.2f} | {made.said['inside']:.2f} | {made.cpu:.2f} |"
    yield (
        f"\nRebuild / full: {again.process / full.process:.3f} (process), "
        f"{again.said['inside'] / full.said['inside']:.3f} (inside), {again.cpu / full.cpu:.3f} (CPU); lines counted across "
        "documents are in it.\n"
    )


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
    parser.add_argument("--no-peer", action="store_true", help="without datatrove")
    parser.add_argument("--folder", type=Path, help="where to work; by default a temporary folder")
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
    table = "\n".join(tables(folder, given.count, given.peers, not given.no_peer))
    print(table)
    if given.write:
        write_between(BEGIN, END, table)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
