"""The rows of one layer in `data/suggestions` and what its models said.

What a model on this machine said of a shard is kept in `.work/models/`, so that new labels do not ask it again; what a
server answered is kept in `data/calls`, which no build removes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from corpus_kit.core.config import LayerModel
from corpus_kit.core.labels import read_label_table
from corpus_kit.core.layers import Layer
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.records import Budget, Rejected
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import keep_note, kept_note, note_name, read_manifest, remove
from corpus_kit.core.storage.tables import read_table, scan, table_of, write_table
from corpus_kit.core.version import __version__
from corpus_kit.suggest.build import Suggested, finished_shard
from corpus_kit.suggest.entities.code import errors_of
from corpus_kit.suggest.entities.loading import label_mapping
from corpus_kit.suggest.entities.shards import Model
from corpus_kit.suggest.folder import ROWS, put_layer, summed
from corpus_kit.suggest.models.adapters import Ready, Wanting, load_adapter
from corpus_kit.suggest.models.interface import Proposal, proposals
from corpus_kit.suggest.models.shards import Voice, keep_rows, shard_rows

WORK = "models"
BATCH = 64
"""Documents that a model gets at a time."""
_LAYOUT = 1
_SAID = {
    "doc_id": pl.String,
    "control": pl.String,
    "value": pl.String,
    "score": pl.Float64,
    "start": pl.Int64,
    "end": pl.Int64,
}
_READ = ("doc_id", "source", "text", "text_sha256", "language")
Said = dict[str, list[Proposal]]


@dataclass(frozen=True, slots=True)
class LayerJob:
    """Suggestions of one layer to be made. wishes: its models. contracts: of `suggestions` and `suggested_choices`.
    budget: for servers; None asks none, what they answered before is used."""

    data: Path
    work: Path
    layer: Layer
    wishes: tuple[LayerModel, ...]
    contracts: tuple[ContractFile, ContractFile]
    root: Path | None
    trusted: bool = False
    budget: Budget | None = None


@dataclass(slots=True)
class ModelMade:
    """One model. version: with its name. documents: it was to look at. rows: suggestions. unplaced: answers that have no
    place in their text, by reason. waiting: documents that a server has not answered for. calls, tokens_in, tokens_out,
    cost: asked of a server this time. notes: what the model says of itself, sentences."""

    spec: str
    version: str
    device: str
    documents: int = 0
    rows: int = 0
    unplaced: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class LayerMade:
    """layer: its name. suggested: the counts. models: in the order of corpus.toml."""

    layer: str
    suggested: Suggested
    models: list[ModelMade]


def build_layer(job: LayerJob, progress: Progress, refusals: Refusals) -> LayerMade:
    """Put the layer's rows into `data/suggestions`, and hand in what has no place or breaks the contract.

    Memory: one shard of documents and what is said of it. Raises what loading a model raises, and ConfigError for labels
    that do not exist.
    """
    kept = job.work / WORK / job.layer.name
    (kept / "said").mkdir(parents=True, exist_ok=True)
    files = [(f["name"], f["sha256"]) for f in (read_manifest(job.data / "documents") or {"files": []})["files"]]
    done = finished_documents(job.data, job.layer.name)
    speakers = [_Speaker(job, wish) for wish in job.wishes]
    facts, folders, new = [], [], 0
    for name, sha256 in files:
        documents = read_table(job.data / "documents" / name, _READ).to_pylist()
        for speaker in speakers:
            speaker.hear(documents, done, sha256, kept / "said", progress)
        mine = sorted(done & {d["doc_id"] for d in documents})
        folder = kept / _key(job, speakers, sha256, mine)
        made = finished_shard(folder)
        if made is None:
            new += 1
            rows = shard_rows(job.layer, documents, [(s.voice, s.said) for s in speakers], set(mine))
            unplaced = [one for s in speakers for one in s.unplaced]
            made = keep_rows(folder, rows, len(documents), job.contracts, unplaced)
        facts.append(made)
        folders.append(folder)
    _put(job, speakers, folders, facts)
    for folder, made in zip(folders, facts, strict=True):
        if made["rejected"]:
            refusals.add(read_table(folder / "rejected.parquet"))
    _clean(kept, folders, speakers)
    return LayerMade(job.layer.name, _counts(facts, new), [s.told(facts) for s in speakers])


def finished_documents(data: Path, layer: str) -> set[str]:
    """Documents whose current text somebody has submitted in this layer."""
    people = read_label_table(data / "annotations", "annotations").filter(
        pl.col("layer") == layer, pl.col("origin") == "human", pl.col("status") == "submitted"
    )
    if people.is_empty():
        return set()
    documents = scan(data / "documents", "documents")
    if documents is None:
        return set()
    texts = documents.select("doc_id", "text_sha256").collect()
    return set(people.join(texts, on=["doc_id", "text_sha256"], how="semi")["doc_id"])


class _Speaker:
    """One model, and what it says of the shard at hand."""

    def __init__(self, job: LayerJob, wish: LayerModel) -> None:
        self.job, self.wish = job, wish
        self.ready: Ready = load_adapter(
            Wanting(wish, job.layer, job.data, job.root, trusted=job.trusted, budget=job.budget)
        )
        with errors_of(wish.model, self.ready.code):
            self.labels = list(self.ready.suggester.labels)
            name, self.version = self.ready.suggester.name, self.ready.model_version
        known = sorted({label for c in job.layer.controls for label in c.labels})
        closed = not any(c.dynamic for c in job.layer.controls)
        mapping = label_mapping(wish.model, self.labels, wish.labels, job.layer.name, known if closed else None)
        self.voice = Voice(name, self.version, mapping, wish.threshold)
        self.asks = Model(name, self.version, (), wish.languages, wish.threshold)
        self.said: Said = {}
        self.unplaced: list[Rejected] = []
        self.used: set[str] = set()
        self.heard = hashlib.sha256()
        self.made = ModelMade(wish.model, self.version, self.ready.device)
        self.made.notes = list(getattr(self.ready.suggester, "notes", ()))

    def hear(
        self,
        documents: Sequence[Mapping[str, Any]],
        done: Collection[str],
        sha256: str,
        kept: Path,
        progress: Progress,
    ) -> None:
        """Learn what the model says of a shard: by asking it, or from what it said before. done: documents that people have
        finished, about which no server is asked."""
        mine = [d for d in documents if self.asks.speaks(d["language"])]
        self.unplaced = []
        look = getattr(self.ready.suggester, "look", None)
        if look is not None:
            mine = [d for d in mine if d["doc_id"] not in done]
            self.made.documents += len(mine)
            self._look(look, mine, progress)
            return
        self.made.documents += len(mine)
        key = json.dumps(
            [self.version, self.wish.languages, self.job.layer.config_sha256, __version__, _LAYOUT, sha256]
        )
        path = kept / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.parquet"
        self.used |= {path.name, note_name(path).name}
        if kept_note(path) is None:
            self._ask(mine, path, progress)
        self.said = {}
        for doc_id, *one in pl.DataFrame(read_table(path)).iter_rows():
            self.said.setdefault(doc_id, []).append(Proposal(*one))
        self.heard = hashlib.sha256(path.name.encode())

    def _ask(self, documents: Sequence[Mapping[str, Any]], path: Path, progress: Progress) -> None:
        columns: dict[str, list[Any]] = {name: [] for name in _SAID}
        with counted(progress, self.voice.name, len(documents)) as step:
            for at in range(0, len(documents), BATCH):
                some = documents[at : at + BATCH]
                with errors_of(self.wish.model, self.ready.code):
                    found = proposals(self.ready.suggester, [d["text"] for d in some], self.job.layer)
                for document, each in zip(some, found, strict=True):
                    for one in each:
                        for name, value in zip(_SAID, (document["doc_id"], *one), strict=True):
                            columns[name].append(value)
                step.advance(len(some))
        write_table(path, table_of(columns, _SAID))
        keep_note(path, {})

    def _look(self, look: Any, documents: Sequence[Mapping[str, Any]], progress: Progress) -> None:
        """Ask a server, or read what it answered before."""
        self.said, self.heard = {}, hashlib.sha256(self.version.encode())
        problems: Counter[str] = Counter()
        with counted(progress, self.voice.name, len(documents)) as step:
            for document in documents:
                seen = look(document["text"], self.job.layer)
                self.heard.update(f"{document['doc_id']} {seen.key}\n".encode())
                self.said[document["doc_id"]] = list(seen.proposals)
                self.made.waiting += not seen.answered
                for reason, detail in seen.problems:
                    problems[reason] += 1
                    self.unplaced.append(Rejected("suggest", document["source"], reason, detail, document["doc_id"]))
                step.advance()
        self.made.unplaced = dict(sorted((Counter(self.made.unplaced) + problems).items()))

    def told(self, facts: Sequence[Mapping[str, Any]]) -> ModelMade:
        """The figures, once all shards are done."""
        self.made.rows = sum(f["by_model"].get(self.version, 0) for f in facts)
        spent = getattr(self.ready.suggester, "spent", None)
        for name in ("calls", "tokens_in", "tokens_out", "cost") if spent is not None else ():
            setattr(self.made, name, getattr(spent, name))
        return self.made

    @property
    def about(self) -> dict[str, Any]:
        """What the manifest says of the model."""
        settings = {
            "labels": dict(self.wish.labels),
            "languages": self.wish.languages,
            "threshold": self.wish.threshold,
        }
        return {"model": self.voice.name, "version": self.version, "layer": self.job.layer.name, **settings}


def _key(job: LayerJob, speakers: Sequence[_Speaker], sha256: str, finished: Sequence[str]) -> str:
    """Changes with everything that can change a row."""
    models = [[s.about, sorted(s.voice.labels.items()), s.heard.hexdigest()] for s in speakers]
    parts = [
        models,
        sha256,
        finished,
        job.layer.config_sha256,
        [c.sha256 for c in job.contracts],
        _libraries(),
        _LAYOUT,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _put(
    job: LayerJob, speakers: Sequence[_Speaker], folders: Sequence[Path], facts: Sequence[Mapping[str, Any]]
) -> None:
    about = {
        "by_label": summed(facts, "labels"),
        "left_out": summed(facts, "left_out"),
        "config_sha256": job.layer.config_sha256,
        "models": [speaker.about for speaker in speakers],
        "contract": {"version": job.contracts[0].version, "sha256": job.contracts[0].sha256},
        "libraries": _libraries(),
    }
    pairs = [(folder / ROWS, made) for folder, made in zip(folders, facts, strict=True)]
    put_layer(job.data, job.work, job.layer.name, pairs, about)


def _clean(kept: Path, folders: Sequence[Path], speakers: Sequence[_Speaker]) -> None:
    """What no present model or shard needs goes."""
    used = {folder.name for folder in folders} | {"said"}
    said = {name for speaker in speakers for name in speaker.used}
    for place, wanted in ((kept, used), (kept / "said", said)):
        for path in place.iterdir():
            if path.name not in wanted:
                remove(path)


def _counts(facts: Sequence[Mapping[str, Any]], new: int) -> Suggested:
    return Suggested(
        documents=sum(f["documents"] for f in facts),
        marked=sum(f["marked"] for f in facts),
        rows=summed(facts, "labels"),
        left_out=summed(facts, "left_out"),
        rejected=summed(facts, "rejected"),
        shards=len(facts),
        unchanged_shards=len(facts) - new,
    )


def _libraries() -> str:
    return f"corpus-kit={__version__} polars={pl.__version__} pyarrow={pa.__version__}"
