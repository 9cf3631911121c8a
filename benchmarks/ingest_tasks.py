"""What `ingest.py` measures, each in a process of its own that loads nothing of the harness.

    python benchmarks/ingest_tasks.py NAME WORKERS PAGES OUT [warm]

Prints the seconds inside, by name, as JSON.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from warmed import load


def bare_loop(pages: Path, out: Path, workers: int, warm: bool) -> dict[str, float]:
    """Read, hash, write; one Parquet file per slice of the files, pyarrow's defaults but zstd at level 3."""
    out.mkdir()
    with _pool(workers) as run:
        if warm or workers == 1:
            run(load, [("pyarrow.parquet",)] * 4 * workers)
        start = time.perf_counter()
        files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(pages) for name in names)
        run(_bare_slice, [(files[i::16], str(out / f"{i}.parquet")) for i in range(16)])
        return {"inside": time.perf_counter() - start}


def _bare_slice(task: tuple[list[str], str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files, out = task
    rows: dict[str, list[str]] = {"path": [], "text": [], "sha256": []}
    for file in files:
        with open(file, "rb") as handle:
            raw = handle.read()
        rows["path"].append(file)
        rows["text"].append(raw.decode())
        rows["sha256"].append(hashlib.sha256(raw).hexdigest())
    pq.write_table(pa.table(rows), out, compression="zstd", compression_level=3)


@contextmanager
def _pool(workers: int) -> Any:
    if workers == 1:
        yield lambda function, tasks: [function(t) for t in tasks]
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield lambda function, tasks: [f.result() for f in [pool.submit(function, t) for t in tasks]]


def documents(pages: Path, out: Path, workers: int, warm: bool, *, language: bool) -> dict[str, float]:
    """Our documents stage: everything from the raw files to `documents/` and `rejected/`, with its contract."""
    from corpus_kit.core.parallel.executor import open_workers

    with open_workers(workers) as pool:
        pool.start("corpus_kit.ingest.batch")
        from _support import documents_only

        from corpus_kit.core.config.corpus_toml import ProjectConfig
        from corpus_kit.core.config.template import shipped
        from corpus_kit.core.rejects import Refusals
        from corpus_kit.core.schema.file import read_contract_file
        from corpus_kit.core.storage.folders import work_folder
        from corpus_kit.ingest.documents import make_recipe

        settings = ProjectConfig().input.model_copy(update={"language": language})
        recipe = make_recipe(settings, read_contract_file(shipped("schemas") / "documents.yaml"))
        if warm:
            list(pool.run(load, [("corpus_kit.ingest.batch",)] * 4 * workers))
        start = time.perf_counter()
        with work_folder(out) as work, Refusals(out, work) as refusals:
            documents_only([pages], out, work, recipe, pool, refusals)
            refusals.finish()
        return {"inside": time.perf_counter() - start}


def with_datasets(pages: Path, out: Path, _: int, __: bool) -> dict[str, float]:
    """What `datasets` itself offers, with a fresh cache."""
    import datasets

    datasets.disable_progress_bars()
    start = time.perf_counter()
    loaded = datasets.load_dataset(
        "text", data_files=str(pages / "**/*.txt"), sample_by="document", split="train", cache_dir=str(out)
    )
    loaded.to_parquet(out / "all.parquet")
    return {"inside": time.perf_counter() - start}


def build_twice(pages: Path, out: Path, workers: int, _: bool) -> dict[str, float]:
    """`Corpus.build`, one new file, `Corpus.build`, in one process in which everything is imported already."""
    for name in ("datasets", "pandera.polars", "corpus_kit.release.verify"):
        importlib.import_module(name)
    from corpus_kit import Corpus

    corpus = Corpus.without(out)
    start = time.perf_counter()
    corpus.build([pages], workers=workers)
    built = time.perf_counter()
    with new_file(pages):
        again = time.perf_counter()
        corpus.build([pages], workers=workers)
        return {"inside": built - start, "rebuild": time.perf_counter() - again}


TASKS: dict[str, Callable[[Path, Path, int, bool], dict[str, float]]] = {
    "bare": bare_loop,
    "documents": partial(documents, language=False),
    "documents+language": partial(documents, language=True),
    "datasets": with_datasets,
    "build-twice": build_twice,
}


@contextmanager
def _as_a_command(task: str) -> Any:
    """Our documents stage has no command of its own: its process begins and ends as that of `corpus-kit build` does."""
    if not task.startswith("documents"):
        yield
        return
    from corpus_kit.core.parallel.process import own_process

    with own_process():
        yield


@contextmanager
def new_file(pages: Path) -> Any:
    """One more page in the folder."""
    from corpus import write_pages

    new = 10_000_000
    write_pages(1, pages, first=new)
    try:
        yield
    finally:
        import shutil

        shutil.rmtree(pages / f"{new // 500:04d}")


def main() -> None:
    name, workers, pages, out, *warm = sys.argv[1:]
    with _as_a_command(name):
        print(json.dumps(TASKS[name](Path(pages), Path(out), int(workers), bool(warm))))


if __name__ == "__main__":
    main()
