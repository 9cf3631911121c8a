"""Push, second push, full pull and pull after one change, each beside the bare request it cannot do without.

One run against one private server, 10,000 documents of 5 kB with 5 suggestions each:

    python benchmarks/labelstudio.py [--tasks 10000] [--repeats 2] [--keep DIR] [--write]

Bars: push ≥ 0.8 × the SDK's bare `import_tasks`; second push without a write and ≤ 1.5 × a bare listing of what it
compares; full pull to validated Parquet ≤ 1.5 × a bare snapshot; pull after one change ≤ 1.3 × a bare listing of ids;
import of the snapshot's file ≥ 5 × as fast as the SDK's converter writes CONLL2003 from it, in ≤ 300 MB (`ledger.py`).
Each side is measured in turn, as often as `--repeats` says, and the better figure of each counts.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from _support import CONFIG, SPANS, make_corpus, spans_of, text_of

from corpus_kit.core.identity import by_path
from corpus_kit.core.progress import Silent
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.storage.folders import work_folder
from corpus_kit.corpus import Corpus
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.server.process import start_server
from corpus_kit.pipeline.adjudicate import refresh_annotations


def tasks(count: int, key: str) -> Iterator[dict[str, Any]]:
    """Tasks for the SDK: with predictions, or with the same spans as annotations."""
    for number in range(count):
        text = text_of(number)
        results = [
            {"id": f"r{n}", "from_name": "label", "to_name": "text", "type": "labels",
             "value": {"start": s, "end": e, "text": text[s:e], "labels": ["ORG"]}}
            for n, (s, e) in enumerate(spans_of(number, text))
        ]  # fmt: skip
        sha = hashlib.sha256(text.encode()).hexdigest()
        data = {"doc_id": by_path("", f"{number:06}.txt").doc_id, "text": text, "text_sha256": sha}
        more = {"model_version": "m-1", "score": 0.9} if key == "predictions" else {"ground_truth": False}
        yield {"data": data, key: [{"result": results, **more}]}


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


@dataclass(slots=True)
class Row:
    """One bar. ours, bare: seconds, or tasks a second. ratio: ours ÷ bare, or bare ÷ ours where more is better."""

    what: str
    ours: float
    bare: float
    ratio: float
    bar: str
    met: bool

    def __str__(self) -> str:
        said = "met" if self.met else "**missed**"
        return f"| {self.what} | {self.ours:,.2f} | {self.bare:,.2f} | {self.ratio:.2f} | {self.bar} | {said} |"


def tell(what: str, ours: float, bare: float, ratio: float, bar: str, met: bool) -> Row:
    row = Row(what, ours, bare, ratio, bar, met)
    print(row, file=sys.stderr, flush=True)
    return row


def run(count: int, folder: Path, repeats: int) -> list[Row]:
    from label_studio_sdk import LabelStudio

    with start_server(folder / "server", lambda s: print(s, file=sys.stderr)) as server:
        os.environ["LABEL_STUDIO_URL"], os.environ["LABEL_STUDIO_API_KEY"] = server.url, server.login.token
        sdk = LabelStudio(base_url=server.url, api_key=server.login.token, timeout=600)
        client = LabelStudioClient(server.url, server.login.token)
        rows = pushes(count, folder, sdk, client, repeats) + pulls(count, folder, sdk, client, repeats)
        client.transport.close()
    return rows + imports(folder, repeats)


def imports(folder: Path, repeats: int) -> list[Row]:
    """The snapshot's file from the disk into tables, beside the SDK's converter."""
    from ledger import MB, measure

    export, corpus = folder / "bare.json", folder / "bench-pull"
    for made in ("imports", "annotations", ".work/annotations", "rejected"):
        shutil.rmtree(corpus / "data" / made, ignore_errors=True)
    found = [{what: measure(what, export, corpus) for what in ("ours", "converter")} for _ in range(repeats)]
    ours, converter = (min(one[what]["seconds"] for one in found) for what in ("ours", "converter"))
    memory = min(one["ours"]["memory"] for one in found) / MB
    faster = tell("import of the file, s", ours, converter, converter / ours, "≥ 5", converter >= 5 * ours)
    return [faster, tell("its memory above the imports, MB", memory, 300, memory / 300, "≤ 1", memory <= 300)]


def sdk_import(sdk: Any, project: int, batches: list[list[dict[str, Any]]]) -> None:
    for batch in batches:
        sdk.projects.import_tasks(id=project, request=batch, return_task_ids=True)


def cut(items: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [items[at : at + 1000] for at in range(0, len(items), 1000)]


def pushes(count: int, folder: Path, sdk: Any, client: LabelStudioClient, repeats: int) -> list[Row]:
    batches = cut(list(tasks(count, "predictions")))
    bares, ours = [], []
    for nth in range(repeats):
        corpus = make_corpus(folder / f"bench-push-{nth}", count, suggest=True)
        bare_project = client.create_project(f"bare import {nth}", CONFIG)
        bares.append(timed(partial(sdk_import, sdk, bare_project.id, batches))[0])
        taken, (pushed,) = timed(corpus.push)
        ours.append(taken)
        assert pushed.created == count
        client.delete_project(bare_project.id)
    rates = count / min(ours), count / min(bares)
    push = tell("push, tasks/s", *rates, rates[0] / rates[1], "≥ 0.8", rates[0] >= 0.8 * rates[1])
    project = pushed.plan.project or 0
    listings, seconds = [], []
    for _ in range(repeats):
        listings.append(timed(lambda: list(client.tasks(project, ("id", "data", "meta"))))[0])
        taken, (again,) = timed(corpus.push)
        assert again.writes == 0
        seconds.append(taken)
    one, two = min(seconds), min(listings)
    return [push, tell("second push (0 writes), s", one, two, one / two, "≤ 1.5", one <= 1.5 * two)]


def pulls(count: int, folder: Path, sdk: Any, client: LabelStudioClient, repeats: int) -> list[Row]:
    corpus = make_corpus(folder / "bench-pull", count, suggest=False)
    project = client.create_project("bench-pull: names", CONFIG)
    sdk_import(sdk, project.id, cut(list(tasks(count, "annotations"))))
    bares, ours = [], []
    for _ in range(repeats):
        bares.append(timed(lambda: client.snapshot(project.id, folder / "bare.json", annotated_only=True))[0])
        for made in ("imports", "annotations", ".work/annotations"):
            shutil.rmtree(corpus.data / made, ignore_errors=True)
        ours.append(timed(lambda: full_pull(corpus, count))[0])
    one, two = min(ours), min(bares)
    full = tell("full pull to validated Parquet, s", one, two, one / two, "≤ 1.5", one <= 1.5 * two)
    task = next(client.tasks(project.id, ("id",)))["id"]
    corpus.pull()  # looks again at what changed in the last seconds before the full one
    listings, seconds = [], []
    for _ in range(repeats):
        client.create_annotation(task, {"result": []})
        listings.append(timed(lambda: list(client.tasks(project.id, ("id",))))[0])
        taken, (pulled,) = timed(corpus.pull)
        assert (pulled.full, pulled.tasks) == (False, 1)
        seconds.append(taken)
    one, two = min(seconds), min(listings)
    return [full, tell("pull after one change, s", one, two, one / two, "≤ 1.3", one <= 1.3 * two)]


def full_pull(corpus: Corpus, count: int) -> None:
    (pulled,) = corpus.pull(full=True)
    assert pulled.annotations == count
    with work_folder(corpus.data) as work, Refusals(corpus.data, work) as refusals:
        made = refresh_annotations(corpus, corpus.data, work, refusals, Silent())
    assert made is not None
    assert made.rows["spans"] == count * SPANS


def table(count: int, repeats: int, rows: list[Row]) -> str:
    lines = [
        f"{count:,} tasks of 5 kB with {SPANS} suggestions each, one server of its own; {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, {platform.system()}; the better of {repeats} repetitions of each side.",
        "",
        "| what | corpus-kit | bare | ratio | bar | |",
        "|---|---|---|---|---|---|",
        *map(str, rows),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="work here and leave everything; by default a temporary folder")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-labelstudio-") as made:
        rows = run(wanted.tasks, wanted.keep or Path(made), wanted.repeats)
    text = table(wanted.tasks, wanted.repeats, rows)
    print(text)
    if wanted.write:
        from ledger import write_readme

        command = f"python benchmarks/labelstudio.py --tasks {wanted.tasks} --repeats {wanted.repeats} --write"
        write_readme(text, command, ("<!-- labelstudio:begin -->", "<!-- labelstudio:end -->"))
    sys.exit(0 if all(row.met for row in rows) else 1)


if __name__ == "__main__":
    main()
