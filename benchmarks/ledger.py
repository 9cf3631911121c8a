"""Import of a large export and the tables made of it, beside what `label_studio_sdk.converter` takes for CoNLL from it.

No server is needed: the export is written here, as Label Studio's snapshot of 10,000 annotated tasks looks, 5 kB of text
with 5 accepted suggestions each.

    python benchmarks/ledger.py [--tasks 10000] [--repeats 1] [--write]
    python benchmarks/ledger.py --profile        where the time of import and tables goes

Bars: import from the disk to validated tables ≥ 5 × as fast as the converter writes CONLL2003; peak memory ≤ 300 MB above
the interpreter with its imports. Every figure is of a process of its own, the contenders take turns.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _support import CONFIG, SPANS, make_corpus, spans_of, text_of

BEGIN, END = "<!-- ledger:begin -->", "<!-- ledger:end -->"
README = Path(__file__).with_name("README.md")
MB = 1_000_000


def write_export(path: Path, count: int) -> None:
    """What a server's snapshot of a project holds, `count` tasks."""
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number in range(count):
            file.write((",\n" if number else "\n") + json.dumps(_task(number), ensure_ascii=False))
        file.write("\n]\n")


def _task(number: int) -> dict[str, Any]:
    from corpus_kit.core.identity import by_path

    text, at = text_of(number), f"2031-03-01T10:{number // 60 % 60:02}:{number % 60:02}.000001Z"
    results = [
        {"id": f"r{nth}", "from_name": "label", "to_name": "text", "type": "labels", "origin": "prediction",
         "value": {"start": s, "end": e, "text": text[s:e], "labels": ["ORG"]}}
        for nth, (s, e) in enumerate(spans_of(number, text))
    ]  # fmt: skip
    suggestion = {"id": number + 1, "model_version": "m-1", "score": 0.9, "result": results, "task": number + 1,
                  "created_at": at, "updated_at": at, "project": 1, "created_ago": "1 day", "cluster": None}  # fmt: skip
    person = {
        "id": number % 3 + 1,
        "email": f"reader{number % 3}@annotators.example",
        "first_name": "",
        "last_name": "",
    }
    work = {
        "id": number + 1, "completed_by": person, "result": results, "was_cancelled": False, "ground_truth": False,
        "created_at": at, "updated_at": at, "draft_created_at": None, "lead_time": 21.5, "prediction": suggestion,
        "result_count": SPANS, "unique_id": _uuid(number), "import_id": None, "last_action": None, "bulk_created": False,
        "task": number + 1, "project": 1, "updated_by": number % 3 + 1, "parent_prediction": number + 1,
        "parent_annotation": None, "last_created_by": None,
    }  # fmt: skip
    data = {"doc_id": by_path("", f"{number:06}.txt").doc_id, "text": text}
    data |= {"text_sha256": hashlib.sha256(text.encode()).hexdigest()}
    return {
        "id": number + 1, "annotations": [work], "drafts": [], "predictions": [number + 1], "data": data, "meta": {},
        "created_at": at, "updated_at": at, "inner_id": number + 1, "total_annotations": 1, "cancelled_annotations": 0,
        "total_predictions": 1, "comment_count": 0, "unresolved_comment_count": 0, "last_comment_updated_at": None,
        "project": 1, "updated_by": number % 3 + 1, "comment_authors": [],
    }  # fmt: skip


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def contender(what: str, export: Path, root: Path) -> dict[str, float]:
    """One contender in this process: seconds, CPU seconds, bytes of memory above the interpreter with its imports."""
    run = _ours(export, root) if what == "ours" else _converter(export, root)
    before, start, cpu = _status("VmRSS"), time.perf_counter(), time.process_time()
    run()
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "memory": _status("VmHWM") - before,
    }


def _ours(export: Path, root: Path) -> Callable[[], None]:
    from corpus_kit.core.progress import Silent
    from corpus_kit.core.rejects import Refusals
    from corpus_kit.core.schema.contracts import compile_gate
    from corpus_kit.core.storage.folders import work_folder
    from corpus_kit.corpus import Corpus
    from corpus_kit.ledger.annotations import Sources, build_annotations
    from corpus_kit.ledger.shards import TABLES

    corpus = Corpus.open(root)
    contracts = {table: corpus.contract(table) for table in TABLES}
    for one in contracts.values():
        compile_gate(one)  # once in a user's life, and mostly the import of pandera

    def run() -> None:
        (done,) = corpus.import_([export])
        with work_folder(corpus.data) as work, Refusals(corpus.data, work) as refusals:
            sources = Sources(corpus.data / "imports", corpus.data, corpus.data, work, corpus.layers(), contracts)
            made = build_annotations(sources, refusals, Silent())
        assert made is not None
        assert made.rows["spans"] == done.annotations * SPANS

    return run


def _converter(export: Path, root: Path) -> Callable[[], None]:
    from label_studio_sdk.converter import Converter

    return lambda: Converter(CONFIG, str(root), download_resources=False).convert_to_conll2003(
        str(export), str(root / "conll"), is_dir=False
    )


def _status(key: str) -> int:
    """A figure of this process's memory in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) * 1024


def measure(what: str, export: Path, corpus: Path) -> dict[str, float]:
    """A contender in a fresh process and folder."""
    with tempfile.TemporaryDirectory(dir=export.parent) as made:
        root = Path(made) / corpus.name
        subprocess.run(["cp", "-r", corpus, root], check=True)
        command = [sys.executable, __file__, "--contender", what, "--export", str(export), "--root", str(root)]
        found = subprocess.run(command, check=True, capture_output=True, text=True)
        return dict(json.loads(found.stdout.splitlines()[-1]))


def profiled(export: Path, corpus: Path) -> None:
    """Print the functions that take most of the time of import and tables."""
    import cProfile
    import pstats

    run = _ours(export, corpus)
    profile = cProfile.Profile()
    profile.runcall(run)
    pstats.Stats(profile).sort_stats("tottime").print_stats(40)


def table(count: int, export: Path, runs: dict[str, list[dict[str, float]]]) -> tuple[str, bool]:
    names = {"ours": "corpus-kit: import, then tables", "converter": "label_studio_sdk.converter: CONLL2003"}
    lines = [
        f"{count:,} annotated tasks, {export.stat().st_size / MB:.0f} MB of JSON; "
        f"medians of {len(runs['ours'])} repetitions.",
        "",
        "| what | s | CPU s | MB above the imports |",
        "|---|---|---|---|",
    ]
    middle = {w: {k: statistics.median(r[k] for r in found) for k in found[0]} for w, found in runs.items()}
    for what, figures in middle.items():
        lines.append(
            f"| {names[what]} | {figures['seconds']:.1f} | {figures['cpu']:.1f} | {figures['memory'] / MB:.0f} |"
        )
    faster = middle["converter"]["cpu"] / middle["ours"]["cpu"]
    wall = middle["converter"]["seconds"] / middle["ours"]["seconds"]
    memory = middle["ours"]["memory"] / MB
    lines += ["", f"As fast as the converter (bar ≥ 5): {wall:.1f} × by the clock, {faster:.1f} × by CPU seconds."]
    lines += ["", f"Memory above the interpreter with its imports (bar ≤ 300 MB): {memory:.0f} MB."]
    return "\n".join(lines), min(faster, wall) >= 5 and memory <= 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    parser.add_argument("--profile", action="store_true", help="profile import and tables instead")
    for own in ("--contender", "--export", "--root"):
        parser.add_argument(own, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.contender:
        print(json.dumps(contender(wanted.contender, Path(wanted.export), Path(wanted.root))))
        return
    with tempfile.TemporaryDirectory(prefix="bench-ledger-") as made:
        export, corpus = Path(made) / "export.json", Path(made) / "bench"
        write_export(export, wanted.tasks)
        make_corpus(corpus, wanted.tasks, suggest=False)
        if wanted.profile:
            profiled(export, corpus)
            return
        runs: dict[str, list[dict[str, float]]] = {"ours": [], "converter": []}
        for _ in range(wanted.repeats):
            for what, found in runs.items():
                found.append(measure(what, export, corpus))
        text, met = table(wanted.tasks, export, runs)
    print(text)
    if wanted.write:
        write_readme(text, f"python benchmarks/ledger.py --tasks {wanted.tasks} --repeats {wanted.repeats} --write")
    sys.exit(0 if met else 1)


def write_readme(text: str, command: str, marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Put a table between its markers in `benchmarks/README.md`."""
    begin, end = marks
    before, found, rest = README.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        sys.exit(f"{README} has no markers {begin} and {end}")
    made = f"{before}{begin}\nMade by `{command}`.\n\n{text}\n{end}{after}"
    README.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
