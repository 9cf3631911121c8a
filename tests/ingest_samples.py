"""Pages of an invented country, and ingest run on them in this process, without the release."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from corpus_kit.core.config import Duplicates, Input
from corpus_kit.core.config.template import shipped
from corpus_kit.core.parallel.executor import open_workers
from corpus_kit.core.progress import Silent
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.schema.file import read_contract_file
from corpus_kit.core.storage.folders import work_folder
from corpus_kit.dedup.find import find_copies
from corpus_kit.dedup.settings import DedupRecipe as CopyRecipe
from corpus_kit.ingest.assemble import write_documents
from corpus_kit.ingest.assign import assign
from corpus_kit.ingest.documents import Ingested, make_recipe, read_documents
from corpus_kit.ingest.splits import read_splits

ROOT = Path(__file__).resolve().parents[1]
REJECTED = ROOT / "tests" / "data" / "rejected"

_SENTENCES = (
    "The harbour council of Sennet Bay met behind closed doors for the third time this month.",
    "Fishermen from both shores said the new tolls would cost every boat two hundred coras a year.",
    "A spokeswoman for the Velmoran ministry declined to say when the ferries would run again.",
    "Prices at the covered market have risen by a tenth since the bridge was closed to lorries.",
    "The mayor asked the residents of the lower town to keep their cellars empty until spring.",
    "No one at the lighthouse had been told that the lamp was to be replaced before the festival.",
)


def page(number: int, paragraphs: int = 2) -> str:
    """A small page that differs from all others in its headline and every paragraph."""
    lines = ["Home   News   Ferries", f"Harbour council of Sennet Bay meets again, round {number}", ""]
    for p in range(paragraphs):
        chosen = [_SENTENCES[(number * 7 + p * 3 + i) % len(_SENTENCES)] for i in range(3)]
        lines += [f"Report {number}.{p}: " + " ".join(chosen), ""]
    return "\n".join(lines)


def write(folder: Path, pages: Mapping[str, str | bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pages.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def rows(folder: Path, pattern: str = "*.parquet") -> list[dict[str, Any]]:
    """All rows of a made folder, file after file."""
    return [row for path in sorted(folder.glob(pattern)) for row in pq.read_table(path).to_pylist()]


@dataclass(slots=True)
class Run:
    """One run of ingest: its counts and what lies on the disk now."""

    result: Ingested
    out: Path
    documents: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """(source, reason) of all that was refused, in the order written."""
        return [(r["source"], r["reason"]) for r in self.rejected]

    @property
    def by_source(self) -> dict[str, dict[str, Any]]:
        return {d["source"]: d for d in self.documents}


def ingest(
    raw: Path | list[Path | str],
    out: Path,
    *,
    contract: Path | None = None,
    metadata: Path | None = None,
    splits: Path | None = None,
    workers: int = 1,
    started: bool = False,
    **settings: Any,
) -> Run:
    """raw → `out/documents` and `out/rejected`. started: the processes run before the first file is looked at.

    settings: keys of `[input]` in corpus.toml.
    """
    settings.setdefault("language", False)
    recipe = make_recipe(Input(**settings), read_contract_file(contract or shipped("schemas") / "documents.yaml"))
    sources = raw if isinstance(raw, list) else [raw]
    with work_folder(out) as work, open_workers(workers) as pool, Refusals(out, work) as refusals:
        if started:
            pool.start()
        read = read_documents(sources, work, recipe, pool, Silent(), metadata=metadata)
        copies = CopyRecipe(Duplicates())
        clusters, found = find_copies(read.shards, read.ids, read.texts, work / "duplicates", copies, pool, Silent())
        assignment = assign(read, clusters, None, read_splits(splits) if splits else None)
        made = write_documents(
            read, assignment, out, work, rules={}, refusals=refusals, workers=pool, progress=Silent()
        )
        result = replace(made, copies=found.copies, clusters=found.clusters)
        refusals.finish()
    run = Run(result, out, rows(out / "documents"), rows(out / "rejected"))
    assert_nothing_lost(run)
    return run


def assert_nothing_lost(made: Run) -> None:
    """The promise that every test of this folder holds on the way."""
    refused = [r for r in made.rejected if r["stage"] != "metadata"]
    assert made.result.documents == len(made.documents)
    assert sum(made.result.rejected.values()) == len(refused)
    assert made.result.records == len(made.documents) + len(refused)


def environment(**changes: str) -> dict[str, str]:
    """The environment of a corpus-kit in a process of its own."""
    path = os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])
    return os.environ | {"PYTHONPATH": path, "HF_HUB_OFFLINE": "1"} | changes


def command(*args: str | Path) -> list[str]:
    return [sys.executable, "-m", "corpus_kit", *map(str, args)]


# The real command with small units, so that a small corpus has many of them, and processes started for however little work.
_SMALL_UNITS = """
import sys
import concurrent.futures as futures
import corpus_kit.core.parallel.executor as executor
import corpus_kit.ingest.documents as documents
from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli

class Told(futures.ProcessPoolExecutor):
    def shutdown(self, *args, **options):
        print("processes:", len(self._processes or ()), file=sys.stderr)
        super().shutdown(*args, **options)

documents.SHARD_BYTES = 9_000
executor.SECONDS_WORTH_A_POOL = 0
futures.ProcessPoolExecutor = Told
sys.exit(run(cli, sys.argv[1:]))
"""


def small_units_command(*args: str | Path) -> list[str]:
    """As `command`, with units of a few pages. How many processes there were stands in its stderr."""
    return [sys.executable, "-c", _SMALL_UNITS, *map(str, args)]


def processes_told(stderr: str) -> int:
    """How many worker processes a `small_units_command` says that it had."""
    return max((int(line.split()[1]) for line in stderr.splitlines() if line.startswith("processes:")), default=1)


def cli(*args: str | Path, prefix: tuple[str, ...] = (), **options: Any) -> subprocess.CompletedProcess[str]:
    """The real command line in a process of its own."""
    options.setdefault("env", environment())
    return subprocess.run(
        [*prefix, *command(*args)], capture_output=True, text=True, timeout=120, check=False, **options
    )


def no_half_written_folder(out: Path) -> bool:
    """Whether every made folder below `out` has its manifest, and nothing lies beside them but `.work`."""
    if not out.exists():
        return True
    return all(e.name == ".work" or (e / "manifest.json").is_file() for e in out.iterdir())
