"""Everything the page shows, gathered from the made folders into one view for the template and the sample as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus_kit.core.leaks import find_leaks
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.records import SuggesterOutcomes
from corpus_kit.core.storage.folders import read_checked_json, remove, write_checked_json
from corpus_kit.core.vocabulary import MULTIVERSE_FOLDER
from corpus_kit.report.agreement import hardest_documents, read_agreement
from corpus_kit.report.labels import LabelTables, by_month, disputed, label_counts, progress, read_told
from corpus_kit.report.readings import Readings
from corpus_kit.report.records import EFFECTS, FOLDER, ReportSources
from corpus_kit.report.rejected import read_rejected, rejected_files
from corpus_kit.report.sample import ReportShard, SampleChoice, choose, fit, read_documents, refused_documents
from corpus_kit.report.totals import count_shards, shard_tasks
from corpus_kit.report.view import View, make_view
from corpus_kit.report.worlds import read_worlds

if TYPE_CHECKING:
    from corpus_kit.report.compare import Compared

LEAKS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ReportData:
    """view: for the template. sample: the reader's documents as JSON."""

    view: View
    sample: str
    sampled: int


def gather(
    sources: ReportSources,
    manifests: Mapping[str, dict[str, Any]],
    workers: Workers,
    steps: Progress,
    budget: int,
    compared: Compared | None = None,
) -> ReportData:
    """Count, choose, read. budget: bytes of the sample. compared: with another release.

    Memory follows labels, copies and publishers, not texts.
    """
    data = sources.data
    kept = sources.work / FOLDER
    kept.mkdir(exist_ok=True)
    tasks = shard_tasks(data, kept, manifests["documents"], manifests["suggestions"])
    totals = count_shards(tasks, workers, steps)
    told = read_told(data)
    apart = disputed(told)
    measured = read_agreement(data / "gold", sources.layers)
    wanted = SampleChoice(
        _in_turn([*hardest_documents(measured), *sorted(apart, key=lambda doc_id: doc_id[::-1])]),
        sorted(set(told.people["doc_id"].to_list()) - apart.keys(), key=lambda doc_id: doc_id[::-1]),
        refused_documents(rejected_files(data / "rejected")),
    )
    shards = [
        ReportShard(
            Path(task.documents),
            tuple(map(Path, task.suggestions)),
            Path(task.kept).with_suffix(".sample.json"),
        )
        for task in tasks
    ]
    rows = read_documents(choose(totals, wanted), shards)
    sample, sampled = _sample(sources, told, apart, rows, budget)
    _sweep(kept, shards, [Path(task.kept) for task in tasks])
    view = make_view(
        sources.about,
        manifests,
        totals,
        read_rejected(data / "rejected", manifests["rejected"]),
        # Where all are on one side, as without a split, none can be on two.
        list(islice(find_leaks(data / "documents", manifests["documents"]), LEAKS_SHOWN + 1))
        if len(totals.splits) > 1
        else [],
        label_counts(told, sources.layers, totals.suggested),
        measured,
        progress(told, sources.layers),
        by_month(told),
        _accepted(sources, manifests, kept / EFFECTS),
        sampled,
        set(rows),
        compared,
        read_worlds(data / MULTIVERSE_FOLDER, manifests),
    )
    return ReportData(view, sample, sampled)


def _in_turn(ids: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(ids))


def _sample(
    sources: ReportSources,
    told: LabelTables,
    apart: Mapping[str, set[str]],
    rows: Mapping[str, Mapping[str, Any]],
    budget: int,
) -> tuple[str, int]:
    """The reader's JSON, documents by source, and how many they are."""
    readings = Readings(sources.layers, told, apart, list(rows))
    entries = fit({doc_id: readings.entry(row) for doc_id, row in rows.items()}, budget)
    ordered = sorted(entries, key=lambda doc_id: (rows[doc_id]["source"], doc_id))
    layers = [{"name": name, "labels": list(labels)} for name, labels in readings.labels.items()]
    head = json.dumps(layers, ensure_ascii=False, separators=(",", ":"))
    documents = ",\n".join(entries[doc_id] for doc_id in ordered)
    return f'{{"layers":{head},"documents":[\n{documents}\n]}}', len(ordered)


def _accepted(sources: ReportSources, manifests: Mapping[str, dict[str, Any]], kept: Path) -> list[SuggesterOutcomes]:
    """What became of suggestions. Counting goes through all payloads, so it is kept while labels and models stay."""
    if not manifests["annotations"]:
        return []
    key = [manifests["annotations"]["fingerprint"], manifests["suggestions"].get("models", [])]
    known = read_checked_json(kept)
    if known.get("key") == key:
        return [SuggesterOutcomes(**row) for row in known["rows"]]
    names = [field.name for field in fields(SuggesterOutcomes)]
    rows = [{name: getattr(effect, name) for name in names} for effect in sources.effects(sources.data)]
    write_checked_json(kept, {"key": key, "rows": rows})
    return [SuggesterOutcomes(**row) for row in rows]


def _sweep(kept: Path, shards: Sequence[ReportShard], facts: Sequence[Path]) -> None:
    """What is kept of shards that are no more goes."""
    used = {shard.kept.name for shard in shards} | {path.name for path in facts} | {EFFECTS}
    for path in kept.iterdir():
        if path.name not in used:
            remove(path)
