"""Near-duplicates: speed beside datatrove and datasketch, planted pairs found, cost of a rebuild. One run, one table.

    python benchmarks/duplicates.py --write                               the peers on two cores
    python benchmarks/duplicates.py --write --peers-cores 1 2             ... and on one, which takes twice as long
    python benchmarks/duplicates.py --write --folder DIR                  goes on where a stopped run was

The pages are those of `syndication.py`. All contenders read the same Parquet files of accepted documents, take words in
runs of five, 25 bands of 5 rows (datatrove, datasketch: 125 and 128 permutations), and run on the same cores: with one
worker all are held on one core. Seconds are those of the work, after imports and the start of processes where a contender
lets us tell; CPU seconds are those of a process with one worker, imports included, and hold on a busy machine too.
datatrove: signatures, buckets, clusters, without its last stage, which writes texts. datasketch: signatures in a pool, one
LSH index in the parent, without any check of the candidates. Ours: everything from the files to clusters, lines counted,
candidates checked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from kept import Kept, own_code, peers_code

HERE = Path(__file__).resolve()
README = HERE.with_name("README.md")
PEERS = HERE.with_name("requirements-peers.txt")
BEGIN, END = "<!-- duplicates:begin -->", "<!-- duplicates:end -->"
BANDS, ROWS, WORDS, THRESHOLD = 25, 5, 5, 0.7


# --- the contenders, each in a process of its own: (documents, work, workers) → facts ----------------------------------


def ours(documents: Path, work: Path, workers: int) -> dict[str, Any]:
    """`find_copies` on a folder of documents; clusters are written to `clusters.json`."""
    from warmed import load

    from corpus_kit.core.config import Duplicates
    from corpus_kit.core.parallel.executor import open_workers
    from corpus_kit.core.progress import Silent
    from corpus_kit.core.records import Shard
    from corpus_kit.core.storage.tables import file_sha256, parts
    from corpus_kit.dedup.find import find_copies
    from corpus_kit.dedup.settings import DedupRecipe
    from corpus_kit.ingest.assign import columns_of_shards

    class Clock(Silent):
        """Seconds of every step."""

        def __init__(self) -> None:
            self.seconds: defaultdict[str, float] = defaultdict(float)

        def step(self, label: str, total: int) -> Clock:
            self.label, self.began = label, time.perf_counter()
            return self

        def finish(self, step: Any) -> None:
            self.seconds[self.label] += time.perf_counter() - self.began

    clock = Clock()
    recipe = DedupRecipe(Duplicates(threshold=THRESHOLD, bands=BANDS, words=WORDS))
    with open_workers(workers) as pool:
        list(pool.run(load, [("corpus_kit.dedup.find",)] * 4 * workers))
        files = parts(documents, "documents")
        shards = [Shard(path, file_sha256(path)) for path in files]  # `build` knows them
        start = time.perf_counter()
        ids, texts, _ = columns_of_shards(files)
        clusters, found = find_copies(shards, ids, texts, work, recipe, pool, clock)
        seconds = time.perf_counter() - start
    rows = {f"{i:016x}": f"{c:016x}" for i, c in zip(ids.tolist(), clusters.tolist(), strict=True)}
    return {"seconds": seconds, "steps": dict(clock.seconds), "clusters": rows, "verified": found.verified}


def datatrove(documents: Path, work: Path, workers: int) -> dict[str, Any]:
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
    from datatrove.pipeline.readers import ParquetReader

    config = MinhashConfig(n_grams=WORDS, num_buckets=BANDS, hashes_per_bucket=ROWS)
    reader = ParquetReader(str(documents), text_key="text", id_key="doc_id", glob_pattern="*.parquet")
    stages: list[tuple[list[Any], int]] = [
        ([reader, MinhashDedupSignature(str(work / "signatures"), config, language="en")], workers),
        ([MinhashDedupBuckets(str(work / "signatures"), str(work / "buckets"), config=config)], BANDS),
        ([MinhashDedupCluster(str(work / "buckets"), str(work / "clusters"), config=config)], 1),
    ]
    start = time.perf_counter()
    for number, (pipeline, tasks) in enumerate(stages):
        logs = str(work / f"logs{number}")
        LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=workers, logging_dir=logs).run()
    return {"seconds": time.perf_counter() - start}


def datasketch(documents: Path, _work: Path, workers: int) -> dict[str, Any]:
    import multiprocessing

    from datasketch import MinHash, MinHashLSH

    files = sorted(str(p) for p in documents.glob("documents-*.parquet"))
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pool.map(_sketch, [""] * workers)
        start = time.perf_counter()
        index = MinHashLSH(num_perm=128, params=(BANDS, ROWS))
        signed = []
        scheme = MinHash(num_perm=128).scheme
        for part in pool.imap(_sketch, files):
            for doc_id, values in part:
                signature = MinHash(num_perm=128, hashvalues=values, scheme=scheme)
                index.insert(doc_id, signature, check_duplication=False)
                signed.append((doc_id, signature))
        candidates = sum(len(index.query(signature)) - 1 for _, signature in signed)
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "candidates": candidates}


def _sketch(path: str) -> list[tuple[str, Any]]:
    import re

    import pyarrow.parquet as pq
    from datasketch import MinHash

    if not path:
        return []
    table = pq.read_table(path, columns=["doc_id", "text"])
    made = []
    for doc_id, text in zip(table["doc_id"].to_pylist(), table["text"].to_pylist(), strict=True):
        words = re.findall(r"\w+", text.lower())
        runs = {" ".join(words[i : i + WORDS]).encode() for i in range(max(len(words) - WORDS + 1, 1))}
        signature = MinHash(num_perm=128)
        signature.update_batch(runs)
        made.append((doc_id, signature.hashvalues))
    return made


CONTENDERS = {"ours": ours, "datatrove": datatrove, "datasketch": datasketch}


# --- running them ---------------------------------------------------------------------------------------------------


def run(name: str, python: Path, documents: Path, work: Path, workers: int) -> dict[str, Any]:
    """One contender in a fresh process, on as many cores as it has workers."""
    work.mkdir(parents=True, exist_ok=True)
    answer = work / "answer.json"
    command = [str(python), str(HERE), "--contender", name, str(documents), str(work), str(workers), str(answer)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parents[1])}
    cores = sorted(os.sched_getaffinity(0))[:workers]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    facts: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    facts["cpu"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return facts


def peers_python(folder: Path) -> Path:
    """The peers' environment, made from their pinned requirements when it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", str(PEERS)], check=True)
    return python


def ingested(pages: Sequence[Path], out: Path, workers: int = 2) -> Path:
    """The accepted documents of some pages, without looking for copies."""
    from _support import documents_only

    from corpus_kit.core.config import Input
    from corpus_kit.core.config.template import shipped
    from corpus_kit.core.parallel.executor import open_workers
    from corpus_kit.core.rejects import Refusals
    from corpus_kit.core.schema.file import read_contract_file
    from corpus_kit.core.storage.folders import work_folder
    from corpus_kit.ingest.documents import make_recipe

    recipe = make_recipe(Input(language=False), read_contract_file(shipped("schemas") / "documents.yaml"))
    with work_folder(out) as work, open_workers(workers) as pool, Refusals(out, work) as refusals:
        documents_only(list(pages), out, work, recipe, pool, refusals)
        refusals.finish()
    return out / "documents"


# --- what is true ------------------------------------------------------------------------------------------------------


def accuracy(documents: Path, truth: Path, clusters: dict[str, str]) -> dict[str, float]:
    """recall of planted pairs, precision of pairs found, adjusted Rand index (Hubert and Arabie 1985)."""
    import polars as pl

    named = pl.read_parquet(documents / "documents-*.parquet", columns=["doc_id", "source"])
    ids = {source.rsplit("#", 1)[1]: doc_id for doc_id, source in named.iter_rows()}
    stories, copies = [], []
    first: dict[str, str] = {}
    for line in truth.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        doc_id = ids[row["id"]]
        stories.append((row["story"], clusters[doc_id]))
        first.setdefault(row["story"], doc_id)
        if row["copy"]:
            copies.append((clusters[first[row["story"]]] == clusters[doc_id], row["jaccard"]))
    pairs = Counter(stories)
    both = sum(_choose(n) for n in pairs.values())
    true = sum(_choose(n) for n in Counter(s for s, _ in stories).values())
    said = sum(_choose(n) for n in Counter(c for _, c in stories).values())
    expected = true * said / _choose(len(stories))
    alike = [hit for hit, jaccard in copies if jaccard >= 0.8]
    return {
        "pairs": len(alike),
        "recall": sum(alike) / len(alike),
        "precision": both / said if said else 1.0,
        "rand": (both - expected) / ((true + said) / 2 - expected),
    }


def _choose(n: int) -> int:
    return n * (n - 1) // 2


# --- the tables ------------------------------------------------------------------------------------------------------


def speed(folder: Path, count: int, python: Path, against: Sequence[str], peers_cores: Sequence[int]) -> Iterator[str]:
    """Ours before, between and after its peers, so that what the machine does besides falls on all; medians of ours."""
    documents = ingested([folder / "own" / "pages"], folder / "own-built")
    kept = Kept(folder)

    def measured(name: str, workers: int, turn: int) -> dict[str, Any]:
        def measure() -> dict[str, Any]:
            work = folder / f"{name}-{workers}"
            shutil.rmtree(work, ignore_errors=True)
            facts = run(name, Path(sys.executable) if name == "ours" else python, documents, work, workers)
            shutil.rmtree(work)
            if "clusters" in facts:
                facts["clusters"] = hashlib.sha256(json.dumps(facts["clusters"]).encode()).hexdigest()
            return facts

        code = own_code() if name == "ours" else peers_code(__file__)
        return kept.get(f"{name}, {count:,} pages, {workers} cores, turn {turn}", code, measure)

    turns: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for turn, name in enumerate(x for peer in ("", *against) for x in (peer, "ours") if x):
        for workers in (1, 2) if name == "ours" else peers_cores:
            turns.setdefault((name, workers), []).append(measured(name, workers, turn))
    middle = {
        key: {what: median(f[what] for f in facts) for what in ("seconds", "cpu")} for key, facts in turns.items()
    }
    yield f"### Speed, {count:,} pages of {_mean_bytes(documents):,.0f} characters\n"
    yield "| | 1 core: s | documents/s | CPU s | ours is | by CPU | 2 cores: s | documents/s | ours is |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name in ("ours", *against):
        cells = []
        for workers in (1, 2):
            made, own = middle.get((name, workers)), middle["ours", workers]
            if made is None:
                cells += ["–"] * (5 if workers == 1 else 3)
                continue
            s, cpu = made["seconds"], made["cpu"]
            ratio = f"{s / own['seconds']:.1f} ×"
            cells += [f"{s:.1f}", f"{count / s:,.0f}"]
            cells += [f"{cpu:.1f}", ratio, f"{cpu / own['cpu']:.1f} ×"] if workers == 1 else [ratio]
        yield f"| {name} | {' | '.join(cells)} |"
    digests = {f["clusters"] for (name, _), facts in turns.items() if name == "ours" for f in facts}
    yield f"\nOurs: medians of {len(turns['ours', 1])} turns, before, between and after the others. "
    yield f"Clusters with one and two workers: {'the same' if len(digests) == 1 else 'DIFFERENT'}.\n"
    steps = turns["ours", 2][0]["steps"]
    yield "Steps of ours on two cores, s: " + ", ".join(f"{k} {v:.2f}" for k, v in steps.items()) + ".\n"


def truths(folder: Path, count: int) -> Iterator[str]:
    from syndication import MENUS

    kept = Kept(folder)

    yield f"### Planted copies, {count:,} pages\n"
    yield "| menus and footers | planted pairs ≥ 0.8 | recall | precision | adjusted Rand index |"
    yield "|---|---|---|---|---|"
    said = {"own": "each publisher's own", "same": "the same on every page", "unknown": "the same, publisher unknown"}
    for menus in MENUS:
        right = kept.get(f"planted copies, {count:,} pages, {menus}", own_code(), partial(_truth, folder, count, menus))
        yield (
            f"| {said[menus]} | {right['pairs']:,} | {right['recall']:.4f} | {right['precision']:.4f} "
            f"| {right['rand']:.4f} |"
        )
    yield ""


def _truth(folder: Path, count: int, menus: str) -> dict[str, float]:
    from syndication import write_corpus

    place = folder / f"truth-{menus}"
    shutil.rmtree(place, ignore_errors=True)
    write_corpus(count, place, seed=1, menus=menus)
    documents = ingested([place / "pages"], place / "built")
    facts = run("ours", Path(sys.executable), documents, place / "work", 2)
    right = accuracy(documents, place / "truth.jsonl", facts["clusters"])
    shutil.rmtree(place)
    return right


def rebuild(folder: Path, count: int) -> Iterator[str]:
    """A full search, then one after 1 % new pages that come as files of their own."""
    from syndication import write_corpus

    pages = folder / "own" / "pages"
    out, work = folder / "own-built", folder / "rebuild"
    for place in (work, folder / "new", folder / "fresh"):
        shutil.rmtree(place, ignore_errors=True)
    before = run("ours", Path(sys.executable), ingested([pages], out), work, 2)
    write_corpus(count + count // 100, folder / "new", first=count)
    for path in (folder / "new" / "pages").iterdir():
        path.rename(pages / f"new-{path.name}")
    after = run("ours", Path(sys.executable), ingested([pages], out), work, 2)
    fresh = run("ours", Path(sys.executable), out / "documents", folder / "fresh", 2)
    yield "### Rebuild after 1 % new pages, 2 cores\n"
    yield "| | s | without counting lines: s | candidate pairs checked |"
    yield "|---|---|---|---|"
    rests = []
    for name, facts in (("full", before), ("rebuild", after)):
        rest = facts["seconds"] - facts["steps"].get("counting lines", 0)
        rests.append(rest)
        yield f"| {name} | {facts['seconds']:.2f} | {rest:.2f} | {facts['verified']:,} |"
    yield f"\nRebuild / full: {rests[1] / rests[0]:.3f}. "
    same = after["clusters"] == fresh["clusters"]
    yield f"Clusters as those of a search from nothing: {'yes' if same else 'NO'}.\n"
    yield "Steps of the full search, s: " + ", ".join(f"{k} {v:.2f}" for k, v in before["steps"].items()) + "."
    yield "Steps of the rebuild, s: " + ", ".join(f"{k} {v:.2f}" for k, v in after["steps"].items()) + ".\n"


def _mean_bytes(documents: Path) -> float:
    import polars as pl

    return float(pl.scan_parquet(documents / "documents-*.parquet").select(pl.col("n_chars").mean()).collect().item())


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the search for near-copies.")
    parser.add_argument("--count", type=int, default=50_000, help="pages of the speed and rebuild tables")
    parser.add_argument("--truth", type=int, default=20_000, help="pages of the table of planted copies")
    parser.add_argument(
        "--only", nargs="*", choices=("speed", "truth", "rebuild"), default=("truth", "speed", "rebuild")
    )
    parser.add_argument(
        "--against", nargs="*", choices=("datatrove", "datasketch"), default=("datatrove", "datasketch")
    )
    parser.add_argument(
        "--peers-cores", nargs="*", type=int, choices=(1, 2), default=(2,), help="on how many cores the peers run"
    )
    parser.add_argument(
        "--folder", type=Path, help="where to work; a second run there measures only what a stopped one has not"
    )
    parser.add_argument("--peers", type=Path, default=HERE.parents[1] / ".venv-peers", help="the peers' environment")
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/README.md")
    parser.add_argument("--contender", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.contender:
        name, documents, work, workers, answer = given.contender
        facts = CONTENDERS[name](Path(documents), Path(work), int(workers))
        Path(answer).write_text(json.dumps(facts), encoding="utf-8")
        return
    sys.path.insert(0, str(HERE.parents[1]))
    folder = given.folder or Path(tempfile.mkdtemp(prefix="corpus-kit-duplicates-"))
    from syndication import write_corpus

    lines = [f"Python {platform.python_version()}, {os.cpu_count()} cores; {_versions()}.\n"]
    if "truth" in given.only:
        lines += truths(folder, given.truth)
    if "speed" in given.only or "rebuild" in given.only:
        shutil.rmtree(folder / "own", ignore_errors=True)  # the same bytes again, without the new pages of a rebuild
        write_corpus(given.count, folder / "own")
    if "speed" in given.only:
        peers = peers_python(given.peers) if given.against else Path(sys.executable)
        lines += speed(folder, given.count, peers, given.against, given.peers_cores)
    if "rebuild" in given.only:
        lines += rebuild(folder, given.count)
    table = "\n".join(lines)
    print(table)
    if given.write:
        text = README.read_text(encoding="utf-8")
        begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        README.write_text(f"{text[:begin]}\n{table}{text[end:]}", encoding="utf-8")
    if not given.folder:
        shutil.rmtree(folder)


def _versions() -> str:
    from importlib.metadata import version

    pinned = dict(line.split("==") for line in PEERS.read_text(encoding="utf-8").split() if "==" in line)
    own = [f"{name} {version(name)}" for name in ("rensa", "numpy", "pyarrow")]
    return ", ".join([*own, *(f"{name} {pinned[name]}" for name in ("datatrove", "datasketch"))])


if __name__ == "__main__":
    main()
