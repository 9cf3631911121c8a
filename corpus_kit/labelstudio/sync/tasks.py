"""The tasks a layer should have: the documents' text and display fields, with suggestions or carried work as predictions.

Documents are gone through in windows, in the order the tasks are to have, so that memory holds an index and one window.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from corpus_kit.core.errors import UsageError
from corpus_kit.core.hashing import is_held_out
from corpus_kit.core.layers import TASK_FIELDS, Layer
from corpus_kit.core.records import Finding
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.storage.tables import scan
from corpus_kit.labelstudio.api.batches import LARGEST_BODY, Json
from corpus_kit.labelstudio.sync.batch_log import PushBatch
from corpus_kit.labelstudio.sync.offered import Offered, OfferedAnswers
from corpus_kit.labelstudio.sync.ordering import diverse_order, random_order, uncertain_order
from corpus_kit.ledger.held_back import HeldBack

WINDOW_CHARACTERS = 32 << 20
WINDOW_DOCUMENTS = 10_000
CARRIED_VERSION = "carried"
_LIGHT = tuple(name for name in TASK_FIELDS if name != "text")
_SPAN = ("start", "end", "control", "label", "surface")


class SuggestedSpan(NamedTuple):
    """What is to be suggested: one span with one label. score: None for what people decided."""

    start: int
    end: int
    control: str
    label: str
    surface: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class WantedTask:
    """One task a layer should have.

    data: the task's data. spans, answers: suggested, in order. fingerprint: of the data, `marks`: of the suggestions ("" for
    none), both as the server's side is hashed.
    """

    data: Json
    spans: tuple[SuggestedSpan, ...]
    fingerprint: str
    marks: str
    source: PushInput
    answers: tuple[Offered, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.data["doc_id"], self.data["text_sha256"]

    @property
    def predictions(self) -> list[Json]:
        """None or one, as Label Studio takes it."""
        return [self.source.prediction(self.spans, self.answers)] if self.spans or self.answers else []

    def task(self) -> Json:
        """The task as it is imported."""
        made: Json = {"data": self.data, "meta": meta_with({}, self.marks)}
        return made | ({"predictions": found} if (found := self.predictions) else {})


@dataclass(slots=True)
class Window:
    """Some of the wanted tasks, and what of them was refused."""

    wanted: list[WantedTask] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)


class PushInput:
    """The made tables that push reads, for one layer. checks: documents that are hidden checks.

    Raises UsageError when nothing was built yet.
    """

    def __init__(
        self,
        data: Path,
        layer: Layer,
        order: str,
        checks: Collection[str] = (),
        turn: PushBatch = PushBatch(),  # noqa: B008 - frozen
        holdout: float = 0.0,
    ) -> None:
        """order: that of `corpus.toml`. turn: another one for this push. holdout: share of the documents whose tasks show
        nothing that a model suggests."""
        self._holdout = holdout
        self.checks = self.everybody = frozenset(checks)
        self.others: frozenset[str] = frozenset()
        self._key = layer.text_key
        self._controls = {c.name: c for c in layer.controls if c.kind == "labels"}
        documents = scan(data / "documents", "documents")
        if documents is None or read_manifest(data / "documents") is None:
            raise UsageError(f"There are no documents in {data}.", "Run `corpus-kit build` first.")
        self._documents = documents
        suggestions = scan(data / "suggestions", "suggestions")
        carried = scan(data / "annotations", "carried")
        mine = pl.col("layer") == layer.name
        self._suggestions = None if suggestions is None else suggestions.filter(mine)
        self._carried = None if carried is None else carried.filter(mine, pl.col("verdict") != "stale")
        self._answers = OfferedAnswers(data, layer)
        self.model_version = self._version()
        keys = {"doc_id": [], "source": ["source"], "newest": ["published_on"]}[order]
        by = [*keys, "doc_id"]
        index = documents.select("doc_id", "n_chars", *keys).collect()
        index = index.sort(by, descending=[order == "newest", False][: len(by)], nulls_last=True)
        self._index = index.select("doc_id", "n_chars")
        self.without_scores = False
        if turn.order != "as-is":
            self._index = self._reordered(data, layer.name, turn)

    def _reordered(self, data: Path, layer: str, turn: PushBatch) -> pl.DataFrame:
        ids = self._index["doc_id"].to_list()
        if turn.order == "diverse":
            ordered = diverse_order(data, ids, turn.seed)
        else:
            by_score = uncertain_order(data, layer, ids, turn.seed) if turn.order == "uncertain" else None
            self.without_scores = turn.order == "uncertain" and by_score is None
            ordered = by_score or random_order(ids, turn.seed)
        return pl.DataFrame({"doc_id": ordered}, schema={"doc_id": pl.String}).join(
            self._index, on="doc_id", how="left", maintain_order="left"
        )

    def keep(self, doc_ids: Collection[str]) -> None:
        """Only these documents have tasks here, for one person each; the others are known to be somebody else's."""
        mine = pl.col("doc_id").is_in(_listed(doc_ids))
        self.others = frozenset(self._index.filter(~mine)["doc_id"])
        self._index = self._index.filter(mine)
        self.everybody = frozenset()

    def __len__(self) -> int:
        return self._index.height

    def ordered_ids(self) -> list[str]:
        """The documents in the order of the tasks."""
        return self._index["doc_id"].to_list()

    def doc_ids(self) -> set[str]:
        return set(self._index["doc_id"].to_list())

    def clusters(self) -> dict[str, str]:
        """doc_id → its cluster, of the documents that are copies of others."""
        rows = self._documents.select("doc_id", "duplicate_cluster").filter(pl.col("duplicate_cluster").is_not_null())
        return dict(rows.collect().iter_rows())

    def current_texts(self, doc_ids: Iterable[str]) -> dict[str, str]:
        """doc_id → hash of its text, of those documents that are there."""
        return dict(_of(self._documents, list(doc_ids), ["doc_id", "text_sha256"]).iter_rows())

    def windows(self, only: Iterable[str] | None = None) -> Iterator[Window]:
        """The wanted tasks in order, suggestions checked on their texts; `only`: of these documents."""
        for ids in _windows(self._indexed(only)):
            yield self._window(ids, self._holdout)

    def held_back(self) -> Iterator[HeldBack]:
        """What models suggest for the documents that are held out."""
        held = [doc_id for doc_id in self._index["doc_id"] if is_held_out(doc_id, self._holdout)]
        for ids in _windows(self._indexed(held)):
            for wanted in self._window(ids, 0.0).wanted:
                scores = [*(span.score for span in wanted.spans), *(answer.score for answer in wanted.answers)]
                if any(score is not None for score in scores):
                    (prediction,) = wanted.predictions
                    yield HeldBack(*wanted.key, prediction["model_version"], prediction["result"])

    def _indexed(self, only: Iterable[str] | None) -> pl.DataFrame:
        return self._index if only is None else self._index.filter(pl.col("doc_id").is_in(_listed(only)))

    def prediction(self, spans: Sequence[SuggestedSpan], answers: Sequence[Offered] = ()) -> Json:
        """Spans and answers as one prediction; its score is their mean."""
        results = [self._result(number, span) for number, span in enumerate(spans)]
        places = {(span.start, span.end): made["id"] for span, made in zip(spans, results, strict=True)}
        results += self._answers.results(answers, places)
        told = [*(span.score for span in spans), *(answer.score for answer in answers)]
        scores = [score for score in told if score is not None]
        made: Json = {"model_version": self.model_version, "result": results}
        return made | ({"score": sum(scores) / len(scores)} if scores else {})

    def _window(self, ids: Sequence[str], holdout: float) -> Window:
        rows = {r["doc_id"]: r for r in _of(self._documents, ids, [*TASK_FIELDS, "n_chars"]).iter_rows(named=True)}
        spans = self._spans(ids)
        answers = self._answers.of({doc_id: row["text_sha256"] for doc_id, row in rows.items()})
        window = Window()
        for doc_id in ids:
            row = rows[doc_id]
            kept = {
                (s.start, s.end, s.control, s.label): s
                for sha, s in spans.get(doc_id, ())
                if self._fits(sha, s, row, window.refused)
            }
            data = {name: _shown(row[name]) for name in TASK_FIELDS}
            if reason := _unsendable(data):
                window.refused.append(_finding("documents", doc_id, *reason))
                continue
            ordered = tuple(kept[key] for key in sorted(kept))
            if self._key != "text":
                data = with_text(data, self._key, data["text"])
            decided = any(span.score is None for span in ordered)  # carried: people's word comes before a model's
            offered = () if decided else answers.get(doc_id, ())
            if is_held_out(doc_id, holdout):
                ordered, offered = tuple(span for span in ordered if span.score is None), ()
            told = (*ordered, *offered)
            marks = digest((self.model_version, *map(tuple, told))) if told else ""
            window.wanted.append(
                WantedTask(data, ordered, fingerprint(data, data["text_sha256"]), marks, self, offered)
            )
        return window

    def _spans(self, ids: Sequence[str]) -> dict[str, list[tuple[str, SuggestedSpan]]]:
        """What is to be suggested and the hash of its text, by document. What people decided on an older text comes
        before what a model thinks."""
        found: dict[str, list[tuple[str, SuggestedSpan]]] = defaultdict(list)
        if self._carried is not None:
            # What people decided on an older text would give the answer of a hidden check away.
            free = [doc_id for doc_id in ids if doc_id not in self.checks]
            for doc_id, sha, *span in _of(self._carried, free, ["doc_id", "text_sha256", *_SPAN]).iter_rows():
                found[doc_id].append((sha, SuggestedSpan(*span)))
        if self._suggestions is not None:
            people = set(found)
            for doc_id, sha, *span in _of(
                self._suggestions, ids, ["doc_id", "text_sha256", *_SPAN, "score"]
            ).iter_rows():
                if doc_id not in people:
                    found[doc_id].append((sha, SuggestedSpan(*span)))
        return found

    def _fits(self, sha: str, span: SuggestedSpan, row: Json, refused: list[Finding]) -> bool:
        """Whether the server would store a suggestion rightly; if not, the reason is noted."""
        control = self._controls.get(span.control)
        if sha != row["text_sha256"]:
            reason = (
                "other_text",
                "text_sha256",
                "It was made on another text of this document; run `corpus-kit build`.",
            )
        elif control is None:
            reason = ("unknown_control", "control", f"The config has no control '{span.control}' that marks spans.")
        elif span.label not in control.labels and not control.dynamic:
            reason = ("unknown_label", "label", f"'{span.label}' is no label of '{control.name}'.")
        elif not 0 <= span.start < span.end <= row["n_chars"]:
            place = f"{span.start} to {span.end} is no span of a text of {row['n_chars']} characters."
            reason = ("bad_offsets", "start", place)
        elif row["text"][span.start : span.end] != span.surface:
            reason = ("bad_offsets", "surface", f"The text from {span.start} to {span.end} is not the surface.")
        else:
            return True
        refused.append(_finding("suggestions", row["doc_id"], *reason))
        return False

    def _result(self, number: int, span: SuggestedSpan) -> Json:
        control = self._controls[span.control]
        value = {"start": span.start, "end": span.end, "text": span.surface}
        made: Json = {
            "id": f"s{number:04d}-{span.start}-{span.end}",
            "from_name": control.name,
            "to_name": control.to_name[0],
            "type": control.result_type,
            "value": value | {control.value_key: [span.label]},
        }
        return made | ({} if span.score is None else {"score": span.score})

    def _version(self) -> str:
        """One version for the project: the server shows the predictions of one version only, and no others."""
        pairs = self._answers.models()
        if self._suggestions is not None:
            pairs |= set(self._suggestions.select("model", "model_version").unique().collect().iter_rows())
        if len(pairs) == 1:
            return next(iter(pairs))[1]
        return " + ".join(sorted(f"{model} {version}" for model, version in pairs)) or CARRIED_VERSION


def fingerprint(data: Mapping[str, Any], text_sha256: str) -> str:
    """Of what push puts into a task's data: the display fields and the text, by its hash."""
    return digest((*map(data.get, _LIGHT), text_sha256))


def with_text(data: Json, key: str, text: str) -> Json:
    """A task's data that hold the text under the key of the layer's config, too; dots lead into nested data."""
    first, _, rest = key.partition(".")
    inner = data.get(first)
    return data | {first: with_text(inner if isinstance(inner, dict) else {}, rest, text) if rest else text}


def meta_with(meta: Mapping[str, Any], marks: str, out: str = "") -> Json:
    """A task's `meta` with the note of which suggestions the task has: the server lists tasks without them.

    out: since when the task is out of the queue, as ISO 8601; "" for a task that is in it.
    """
    return {**meta, "corpus_kit": {"suggestions": marks} | ({"out": out} if out else {})}


def out_since(meta: Any) -> str:
    """Since when a task is out of the queue, as `meta_with` noted it; "" where it is not."""
    note = meta.get("corpus_kit") if isinstance(meta, dict) else None
    return str(note.get("out", "")) if isinstance(note, dict) else ""


def marks_in(meta: Any) -> str:
    """The note that `meta_with` left."""
    note = meta.get("corpus_kit") if isinstance(meta, dict) else None
    return str(note.get("suggestions", "")) if isinstance(note, dict) else ""


def digest(values: tuple[Any, ...]) -> str:
    """A short hash of plain values."""
    return hashlib.blake2b(repr(values).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def _windows(index: pl.DataFrame) -> Iterator[list[str]]:
    ids: list[str] = []
    size = 0
    for doc_id, n_chars in index.iter_rows():
        if ids and (size + n_chars > WINDOW_CHARACTERS or len(ids) == WINDOW_DOCUMENTS):
            yield ids
            ids, size = [], 0
        ids.append(doc_id)
        size += n_chars
    if ids:
        yield ids


def _of(frame: pl.LazyFrame, ids: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    return frame.filter(pl.col("doc_id").is_in(_listed(ids))).select(columns).collect()


def _listed(ids: Iterable[str]) -> pl.Series:
    return pl.Series([list(ids)], dtype=pl.List(pl.String))


def _shown(value: Any) -> str:
    """A missing value is an empty string: the server refuses a task without a field that the config shows."""
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _unsendable(data: Json) -> tuple[str, str, str] | None:
    try:
        size = sum(len(v.encode("utf-8")) for v in data.values())
    except UnicodeEncodeError:
        return (
            "lone_surrogate",
            "text",
            "Half of a surrogate pair makes every page of the project fail; fix the source.",
        )
    if size > LARGEST_BODY // 2:
        return "too_large", "text", f"The document has {size >> 20} MiB, more than the server takes; split it."
    return None


def _finding(table: str, doc_id: str, code: str, column: str, hint: str) -> Finding:
    return Finding(code, table, f"doc_id={doc_id}", column, hint)
