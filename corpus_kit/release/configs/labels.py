"""The labels that belong to a group of documents, cut out of the made tables and kept by their content.

What a release says of a document depends on nothing but its row and its labels, so a group whose labels did not change
is not made again when others did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from corpus_kit.core.labels import current_spans
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.folders import kept_facts, kept_folder
from corpus_kit.core.storage.tables import content_fingerprint, read_table, scan, write_table

FREE_TEXT = "text"
"""The kind of choice that is free text: an annotator's own words, which never leave the house."""

_COLUMNS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "gold": ("gold", "annotations", ("doc_id", "layer", "annotation_id", "unread")),
    "gold_spans": ("gold", "spans", ("doc_id", "layer", "control", "span_id", "start", "end", "label", "score")),
    "gold_choices": ("gold", "choices", ("doc_id", "layer", "control", "span_id", "target", "kind", "value", "score")),
    "gold_relations": ("gold", "relations", ("doc_id", "layer", "from_span", "to_span", "direction", "label")),
    "decisions": ("gold", "decisions", ("doc_id", "layer", "control", "table", "item", "outcome", "votes", "unknown")),
    "annotations": (
        "annotations",
        "annotations",
        ("doc_id", "layer", "annotation_id", "annotator", "origin", "status", "unread", "updated_at", "created_at"),
    ),
    "spans": (
        "annotations",
        "spans",
        ("annotation_id", "doc_id", "layer", "control", "span_id", "start", "end", "label", "surface"),
    ),
    "choices": (
        "annotations",
        "choices",
        ("annotation_id", "doc_id", "layer", "control", "span_id", "target", "kind", "value"),
    ),
    "relations": (
        "annotations",
        "relations",
        ("annotation_id", "doc_id", "layer", "from_span", "to_span", "direction", "label"),
    ),
    "carried": (
        "annotations",
        "carried",
        ("annotation_id", "doc_id", "control", "span_id", "label", "verdict", "start", "end", "surface"),
    ),
}
"""name in a slice → made folder, table, columns"""
_FACTS = "facts.json"


@dataclass(frozen=True, slots=True)
class LabelSlice:
    """The labels of some documents.

    gold: one row per document and layer that has gold. open: doc_id, layer, open: disagreements people still have to
    settle. open_spans: doc_id, layer, control, start, end, label: the places of those about spans. annotations, spans,
    choices, relations: the submitted work of people; spans where they stand in the current text. stale: spans of theirs
    that stand nowhere certain any more. unknown: doc_id, layer: where no answer of people could be read, so that there is
    no gold. latest: annotation_id, doc_id, layer, annotator: of each person the last answer.
    """

    gold: pl.DataFrame
    gold_spans: pl.DataFrame
    gold_choices: pl.DataFrame
    gold_relations: pl.DataFrame
    open: pl.DataFrame
    open_spans: pl.DataFrame
    annotations: pl.DataFrame
    spans: pl.DataFrame
    choices: pl.DataFrame
    relations: pl.DataFrame
    stale: pl.DataFrame
    latest: pl.DataFrame
    unknown: pl.DataFrame

    def is_empty(self) -> bool:
        """Whether there is no label at all, as before anybody has labelled."""
        return all(getattr(self, name).is_empty() for name in self.__slots__)

    def of(self, doc_ids: pl.DataFrame) -> LabelSlice:
        """Only those of the documents in the column `doc_id`."""
        frames: dict[str, pl.DataFrame] = {name: getattr(self, name) for name in self.__slots__}
        return LabelSlice(
            **{name: f.join(doc_ids, on="doc_id", how="semi", maintain_order="left") for name, f in frames.items()}
        )

    def fingerprint(self) -> str:
        made = [content_fingerprint([getattr(self, name).to_arrow()]) for name in self.__slots__]
        return hashlib.sha256("".join(made).encode()).hexdigest()


def read_labels_of(out: Path) -> LabelSlice:
    """All labels of the made folders below `out`, without payloads: memory follows the labels, not the documents."""
    found = {name: _rows(out, *place) for name, place in _COLUMNS.items()}
    people = found["annotations"].filter((pl.col("origin") == "human") & (pl.col("status") == "submitted"))
    theirs = {n: found[n].join(people, on="annotation_id", how="semi") for n in ("spans", "choices", "relations")}
    key = ["annotation_id", "control", "span_id", "label"]
    stale = theirs["spans"].join(found["carried"].filter(pl.col("verdict") == "stale"), on=key, how="semi")
    unread = (pl.col("votes") == 0) & (pl.col("unknown") > 0)
    torn = found["gold"].filter(pl.col("unread").is_not_null()).select("doc_id", "layer")
    unknown = pl.concat([torn, found["decisions"].filter(unread).select("doc_id", "layer")]).unique()
    unsettled = found["decisions"].filter((pl.col("outcome") == "open") & ~unread)

    def known(name: str) -> pl.DataFrame:
        """Rows of gold but for documents of which a part is not known: what is missing there is no negative."""
        return found[name].join(unknown, on=["doc_id", "layer"], how="anti") if unknown.height else found[name]

    open_ = unsettled.group_by("doc_id", "layer").agg(pl.len().alias("open"))
    made = {
        "gold": known("gold").drop("unread"),
        "gold_spans": known("gold_spans"),
        "gold_choices": known("gold_choices").filter(pl.col("kind") != FREE_TEXT),
        "gold_relations": known("gold_relations"),
        "open": open_.with_columns(pl.col("open").cast(pl.Int64)),
        "open_spans": _open_spans(unsettled),
        "annotations": people.drop("updated_at", "created_at"),
        "spans": current_spans(theirs["spans"], found["carried"]),
        "choices": theirs["choices"].filter(pl.col("kind") != FREE_TEXT),
        "relations": theirs["relations"],
        "stale": stale,
        "latest": _latest(people.filter(pl.col("unread").is_null())),
        "unknown": unknown,
    }
    return LabelSlice(**{name: _sorted(frame) for name, frame in made.items()})


def keep_slice(labels: LabelSlice, root: Path) -> str:
    """Write a slice to `root/<key>/` unless it is there; returns the key, a hash of its content."""
    key = labels.fingerprint()[:32]
    if kept_facts(root / key / _FACTS) is None:
        with kept_folder(root / key, _FACTS) as (aside, _):
            for name in labels.__slots__:
                write_table(aside / f"{name}.parquet", getattr(labels, name).to_arrow())
    return key


def read_slice(folder: Path) -> LabelSlice:
    frames: Mapping[str, pl.DataFrame] = {
        name: pl.DataFrame(read_table(folder / f"{name}.parquet")) for name in LabelSlice.__slots__
    }
    return LabelSlice(**frames)


def _latest(people: pl.DataFrame) -> pl.DataFrame:
    """The last answer of each person about a document in a layer."""
    named = people.filter(pl.col("annotator").is_not_null()).sort("updated_at", "created_at", "annotation_id")
    latest = named.unique(["layer", "doc_id", "annotator"], keep="last", maintain_order=True)
    return latest.select("doc_id", "layer", "annotation_id", "annotator")


def _open_spans(unsettled: pl.DataFrame) -> pl.DataFrame:
    """Open decisions about spans with the place that is in dispute, read from the item `start-end:label`."""
    parts = pl.col("item").str.extract_groups(r"(?s)^(?<start>\d+)-(?<end>\d+):(?<label>.*)$")
    spans = unsettled.filter(pl.col("table") == "spans").with_columns(parts.alias("place")).unnest("place")
    return spans.select("doc_id", "layer", "control", pl.col("start", "end").cast(pl.Int64), "label")


def _rows(out: Path, folder: str, table: str, columns: tuple[str, ...]) -> pl.DataFrame:
    found = scan(out / folder, table)
    if found is None:
        dtypes = columns_of(table)
        return pl.DataFrame(schema={name: dtypes[name] for name in columns})
    return found.select(columns).collect()


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("doc_id", *(name for name in frame.columns if name != "doc_id"), nulls_last=True)
