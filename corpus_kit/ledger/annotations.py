"""`data/annotations`: a pure function of the ledger, the documents, the layers and the pseudonyms.

Two passes. The first (`gathering`) matches tasks to documents and spreads them over files by doc_id; the second takes
one such file after another, so memory follows the largest part and not the ledger.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from corpus_kit.core.layers import Layer
from corpus_kit.core.parallel.process import without_collector
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.records import Rejected
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.schema.contracts import Contract, compile_gate
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import (
    MANIFEST,
    drop_folder,
    keep_note,
    kept_note,
    made_folder,
    read_manifest,
    write_manifest,
)
from corpus_kit.core.storage.tables import file_sha256, read_table, rejected_table, write_table
from corpus_kit.core.version import __version__
from corpus_kit.ledger.document_rows import STAGE, DocumentRows, Texts, group_by_document
from corpus_kit.ledger.export_json import Json
from corpus_kit.ledger.ledger import Entry, Ledger
from corpus_kit.ledger.matching import Documents
from corpus_kit.ledger.partitions import LedgerRecord, Partitions, Text
from corpus_kit.ledger.people import FILE, People
from corpus_kit.ledger.recognise import recognised_layer
from corpus_kit.ledger.replay import AS_BROUGHT, Replay
from corpus_kit.ledger.results import LayerReader, count_answers
from corpus_kit.ledger.shards import TABLES, Shards
from corpus_kit.ledger.task_matcher import MatchedTasks, TaskMatcher

_REFUSED = "rejected.parquet"
_LAYOUT = 4  # of the rows: another number makes them again
_ROWS_OF_ANSWERS = ("spans", "choices", "relations")


@dataclass(slots=True)
class Annotated:
    """What was made of the ledger.

    entries, tasks: read. rows: by table. annotations: by status, `model` for whole predictions.
    answers: `brought` and what became of them; brought == spans + choices + relations + payload_only + rejected +
    skipped + draft + deleted + superseded (older states of an annotation) + left_out (a replay).
    A result holds one answer or more.
    rejected: rows by reason. unmatched_tasks: tasks of no document. moved: (old doc_id, new doc_id).
    same_text: tasks whose text several documents have. nearly: tasks whose text is nearly that of their document, the first
    of them in `near`: (place, doc_id, difference). merged: people whom several exports know: (pseudonym, identities, why).
    units: annotations whose offsets did not count code points, by what they counted. incomplete: people's annotations with
    an answer that could not be read. edited: those that somebody else changed later. carried: spans of older texts by
    verdict.
    """

    entries: int = 0
    tasks: int = 0
    unmatched_tasks: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    annotations: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    incomplete: int = 0
    edited: int = 0
    carried: dict[str, int] = field(default_factory=dict)
    moved: list[tuple[str, str]] = field(default_factory=list)
    same_text: int = 0
    nearly: int = 0
    near: list[tuple[str, str, str]] = field(default_factory=list)
    merged: list[tuple[str, int, str]] = field(default_factory=list)
    unchanged: bool = False

    @property
    def converted(self) -> int:
        """Annotations whose offsets did not count code points."""
        return sum(self.units.values())


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything comes from. ledger: `data/imports`. people: the folder of the pseudonym file. out, work: of the
    build. layers and contracts by name. same, apart: who is one person and who is not, by `[people]` of corpus.toml.
    replay: the world that is made; in any but the corpus as it is, the pseudonym file is only read.
    target: where the tables go, by default `out/annotations`."""

    ledger: Path
    people: Path
    out: Path
    work: Path
    layers: Mapping[str, Layer]
    contracts: Mapping[str, ContractFile]
    same: tuple[tuple[str, ...], ...] = ()
    apart: tuple[tuple[str, ...], ...] = ()
    replay: Replay = AS_BROUGHT
    target: Path | None = None

    @property
    def folder(self) -> Path:
        """Where the tables go."""
        return self.target or self.out / "annotations"


def build_annotations(sources: Sources, refusals: Refusals, progress: Progress) -> Annotated | None:
    """Make `out/annotations` from the ledger and hand in what is refused; None where the ledger holds nothing.

    `out/documents` has been made. Raises UsageError (an entry whose layer cannot be told), EnvironmentProblemError (an
    entry that was changed), ConfigError (the pseudonym file).
    """
    entries = Ledger(sources.ledger).entries()
    target = sources.folder
    if not entries:
        if read_manifest(target) is not None:
            drop_folder(target, sources.work)
        return None
    work = sources.work / "annotations"
    work.mkdir(exist_ok=True)
    done = _unchanged(sources, entries, target, work)
    if done is not None:
        refusals.add(read_table(work / _REFUSED))
        return done
    with without_collector():
        made = _Making(sources, entries, work, progress).run(target)
    refusals.add(read_table(work / _REFUSED))
    # Of the refusals, and with them of the folder: the key is made again, for names may have joined the pseudonym file.
    keep_note(
        work / _REFUSED,
        {"key": _key(sources, entries), "told": _plain(made), "manifest": file_sha256(target / MANIFEST)},
    )
    return made


def _key(sources: Sources, entries: Sequence[Entry]) -> dict[str, Any]:
    """All that decides what is made; it stays in `.work`, for a hash of the pseudonym file tells about addresses."""
    people = sources.people / FILE
    abouts = [
        [
            e.sha256,
            e.sequence,
            e.layer,
            e.kind,
            e.server,
            e.project,
            e.complete,
            list(e.deleted),
            e.config_sha256,
            e.purpose,
            e.form,
        ]
        for e in entries
    ]
    return {
        "layout": _LAYOUT,
        "entries": hashlib.sha256(json.dumps(abouts).encode()).hexdigest(),
        "documents": (read_manifest(sources.out / "documents") or {}).get("fingerprint"),
        "layers": {name: layer.config_sha256 for name, layer in sources.layers.items()},
        "contracts": {name: sources.contracts[name].sha256 for name in TABLES},
        "people": file_sha256(people) if people.is_file() else None,
        "same": [list(sources.same), list(sources.apart)],
        "world": _world_of(sources.replay),
        "versions": {"corpus-kit": __version__, "pyarrow": pa.__version__, "polars": pl.__version__},
    }


def _unchanged(sources: Sources, entries: Sequence[Entry], target: Path, work: Path) -> Annotated | None:
    manifest = read_manifest(target)
    kept = kept_note(work / _REFUSED)
    if manifest is None or kept is None or kept["key"] != _key(sources, entries):
        return None
    if kept["manifest"] != file_sha256(target / MANIFEST):
        return None  # a build that was killed put an older folder back: the note tells of one that is no more
    if any(not (target / f["name"]).is_file() for f in manifest["files"]):
        return None
    facts = kept["told"]
    lists = {name: [tuple(row) for row in facts[name]] for name in ("moved", "near", "merged")}
    return Annotated(**facts | lists | {"unchanged": True})


class _Making:
    """One making of the folder."""

    def __init__(self, sources: Sources, entries: Sequence[Entry], work: Path, progress: Progress) -> None:
        self.sources, self.entries, self.work, self.progress = sources, entries, work, progress
        self.readers = {name: LayerReader(layer) for name, layer in sources.layers.items()}
        own = not sources.replay.world.choices()
        self.people = People(sources.people / FILE, sources.same, sources.apart, write=own)
        self.refused: list[Rejected] = []
        self.result = Annotated(entries=len(entries))

    def run(self, target: Path) -> Annotated:
        layers = [self._layer(entry) for entry in self.entries]
        self.rows = DocumentRows(
            self.entries, layers, self.readers, self.people, self.refused.append, self.sources.replay
        )
        contracts = {name: self._contract(name) for name in TABLES}
        documents = Documents(self.sources.out / "documents")
        shaped = [self.sources.layers.get(layer) for layer in layers]
        with (
            Partitions(self.work, sum(e.size for e in self.entries)) as spool,
            made_folder(target, self.sources.work) as folder,
        ):
            gathering = TaskMatcher(self.entries, documents, spool, self.people, self.work, shaped)
            gathering.dated = bool(self.sources.replay.world.as_of)
            gathered = gathering.run(self.progress)
            self.sources.replay.check_person(self.people.known.values())
            self.rows.date(gathered.latest)
            self._unmatched(gathering)
            with (
                Shards(folder, contracts, self._break) as shards,
                counted(self.progress, "annotations", spool.count) as step,
            ):
                for bucket in spool.buckets():
                    self._bucket(bucket, documents, shards)
                    step.advance()
                files = shards.finish()
            self._sum_up(shards, gathered)
            self._manifest(folder, files, layers)
        write_table(self.work / _REFUSED, rejected_table(self.refused))
        return self.result

    def _contract(self, table: str) -> Contract:
        file = self.sources.contracts[table]
        return Contract(file, compile_gate(file))

    def _layer(self, entry: Entry) -> str:
        return entry.layer or recognised_layer(entry.tasks(), self.readers, entry.path.name)

    def _unmatched(self, gathering: TaskMatcher) -> None:
        for item in gathering.unmatched():
            for annotation in item.annotations:
                answers = count_answers(annotation) if isinstance(annotation, dict) else 0
                self.rows.counts.answers["brought"] += answers
                self.rows.counts.answers["rejected"] += answers
                self.rows.refuse(item.entry, item.number, item.doc_id, item.reason, item.detail, annotation)

    def _bucket(self, bucket: list[LedgerRecord | Text], documents: Documents, shards: Shards) -> None:
        for doc_id, items in group_by_document(bucket).items():
            records = [item for item in items if isinstance(item, LedgerRecord)]
            texts = {item.text_sha256: item.text for item in items if item.text is not None}
            self.rows.counts.answers["brought"] += sum(_brought(r) for r in records)
            known = Texts(doc_id, documents.sha256_of(doc_id) or "", texts)
            rows, size = self.rows.rows(known, records)
            if any(rows.values()):
                shards.add(doc_id, rows, size)

    def _break(self, table: str, row: Mapping[str, Any], why: str) -> None:
        """A row that breaks its contract."""
        if table in _ROWS_OF_ANSWERS:
            self.rows.counts.answers["rejected"] += 1
        payload = json.dumps({k: v for k, v in row.items() if k != "text"}, ensure_ascii=False, default=str)
        self.refused.append(
            Rejected(STAGE, table, "contract", why, row.get("doc_id"), row.get("annotation_id"), payload=payload)
        )

    def _sum_up(self, shards: Shards, gathered: MatchedTasks) -> None:
        result, counts = self.result, self.rows.counts
        result.tasks, result.unmatched_tasks = gathered.tasks, gathered.unmatched
        result.moved, result.same_text = sorted(gathered.moved.items()), gathered.same_text
        result.nearly, result.near = gathered.nearly, gathered.near
        result.merged = self.people.merged
        result.rows = {name: shards.rows[name] for name in TABLES}
        answers = counts.answers | {name: shards.rows[name] for name in _ROWS_OF_ANSWERS}
        result.answers = {k: n for k, n in sorted(answers.items()) if n}
        result.annotations = dict(sorted(counts.annotations.items()))
        result.carried = dict(sorted(counts.carried.items()))
        result.edited = counts.edited
        result.units, result.incomplete = dict(sorted(counts.units.items())), counts.incomplete
        reasons: dict[str, int] = {}
        for row in self.refused:
            reasons[row.reason] = reasons.get(row.reason, 0) + 1
        result.rejected = dict(sorted(reasons.items()))

    def _manifest(self, folder: Path, files: list[dict[str, Any]], layers: Sequence[str]) -> None:
        """No sequence numbers: the same exports in another order of arrival are the same input."""
        inputs = sorted(
            [
                {"sha256": e.sha256, "layer": layer, "kind": e.kind}
                for e, layer in zip(self.entries, layers, strict=True)
            ],
            key=lambda i: (i["sha256"], i["layer"]),
        )
        result = self.result
        write_manifest(
            folder,
            tables=dict(result.rows),
            files=files,
            inputs={
                "imports": inputs,
                "layers": {name: layer.config_sha256 for name, layer in sorted(self.sources.layers.items())},
                "documents": (read_manifest(self.sources.out / "documents") or {}).get("fingerprint"),
            },
            contracts={name: self.sources.contracts[name].sha256 for name in TABLES},
            answers=result.answers,
            annotations=result.annotations,
            **({"world": self.sources.replay.world.choices()} if self.sources.replay.world.filters else {}),
            fingerprint=hashlib.sha256("".join(f["fingerprint"] for f in files).encode()).hexdigest(),
        )


def _world_of(replay: Replay) -> list[Any]:
    return [replay.world.as_dict(), {layer: sorted(hashes) for layer, hashes in sorted(replay.guidelines.items())}]


def _brought(record: LedgerRecord) -> int:
    groups: tuple[list[Json], ...] = (record.annotations, record.drafts, record.predictions)
    return sum(count_answers(annotation) for group in groups for annotation in group)


def _plain(result: Annotated) -> dict[str, Any]:
    return {name: getattr(result, name) for name in result.__slots__}
