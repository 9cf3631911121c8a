"""What a shard of documents must be spared: what people labelled there, and what is boilerplate, by document."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from corpus_kit.core.labels import read_label_table
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.storage.tables import read_table, scan
from corpus_kit.core.vocabulary import BOILERPLATE
from corpus_kit.suggest.entities.labelled import Labelled
from corpus_kit.suggest.entities.records import Place

NOTES = {"doc_id": pl.String, "kind": pl.String, "start": pl.Int64, "end": pl.Int64}
FINISHED, TAKEN, SETTLED, CLUTTER = "finished", "taken", "settled", "clutter"
"""Kinds of notes: people finished the document; labelled this place; settled its boilerplate; this is boilerplate."""


@dataclass(slots=True)
class Notes:
    """What is known of one document. settled: whether `clutter` is people's word, else a model's."""

    finished: bool = False
    settled: bool = False
    taken: list[Place] = field(default_factory=list)
    clutter: list[Place] = field(default_factory=list)


def notes_table(out: Path, labelled: Labelled) -> pl.DataFrame:
    """All notes that people's labels give, sorted."""
    rows: list[tuple[str, str, int | None, int | None]] = []
    for doc_id, answer in labelled.answers.items():
        if answer.finished:
            rows.append((doc_id, FINISHED, None, None))
        else:
            rows += [
                (doc_id, TAKEN, start, end) for start, end in {*answer.unsure, *((s, e) for s, e, _ in answer.spans)}
            ]
    here = pl.col("layer") == BOILERPLATE
    settled = read_label_table(out / "gold", "annotations").filter(here)["doc_id"].unique()
    spans = read_label_table(out / "gold", "spans").filter(here)
    rows += [(doc_id, SETTLED, None, None) for doc_id in settled]
    rows += [(doc_id, CLUTTER, start, end) for doc_id, start, end in spans.select("doc_id", "start", "end").iter_rows()]
    frame = pl.DataFrame(rows, schema=NOTES, orient="row")
    return frame.unique().sort("doc_id", "kind", "start", "end", nulls_last=False)


def digests(notes: pl.DataFrame, shards: Sequence[Path]) -> list[str]:
    """For each shard of documents a hash of its notes; the empty string where there are none."""
    if notes.is_empty():
        return [""] * len(shards)
    made = []
    for shard in shards:
        ids = pl.DataFrame(read_table(shard, ["doc_id"]))
        mine = notes.join(ids, on="doc_id", how="semi", maintain_order="left")
        made.append("" if mine.is_empty() else hashlib.sha256(mine.write_csv().encode()).hexdigest())
    return made


def read_notes(path: Path, suggested: Path | None, doc_ids: Sequence[str]) -> dict[str, Notes]:
    """Notes of some documents. path: of the table. suggested: a file of boilerplate suggestions for them."""
    found: dict[str, Notes] = defaultdict(Notes)
    wanted = pl.Series([list(doc_ids)], dtype=pl.List(pl.String))
    mine = pl.scan_parquet(path).filter(pl.col("doc_id").is_in(wanted)).collect()
    for doc_id, kind, start, end in mine.iter_rows():
        one = found[doc_id]
        if kind in (FINISHED, SETTLED):
            setattr(one, kind, True)
        else:
            (one.taken if kind == TAKEN else one.clutter).append((start, end))
    if suggested is not None:
        for doc_id, start, end in pl.DataFrame(read_table(suggested, ["doc_id", "start", "end"])).iter_rows():
            if not found[doc_id].settled:
                found[doc_id].clutter.append((start, end))
    return found


def with_boilerplate(out: Path, labelled: Labelled, notes: pl.DataFrame) -> Labelled:
    """The answers with what is boilerplate in their documents: gold where there is any, else what is suggested."""
    settled = set(notes.filter(pl.col("kind") == SETTLED)["doc_id"])
    clutter: dict[str, list[Place]] = defaultdict(list)
    gold = notes.filter(pl.col("kind") == CLUTTER).select("doc_id", "start", "end")
    for doc_id, start, end in gold.iter_rows():
        clutter[doc_id].append((start, end))
    frame = scan(out / "suggestions", "suggestions")
    if frame is not None:
        ids = pl.Series([sorted(set(labelled.answers) - settled)], dtype=pl.List(pl.String))
        mine = frame.filter(pl.col("layer") == BOILERPLATE, pl.col("doc_id").is_in(ids))
        for doc_id, start, end in mine.select("doc_id", "start", "end").collect().iter_rows():
            clutter[doc_id].append((start, end))
    answers = {d: replace(a, boilerplate=tuple(sorted(clutter.get(d, ())))) for d, a in labelled.answers.items()}
    return Labelled(answers, labelled.surfaces)


def boilerplate_files(out: Path) -> Mapping[str, tuple[Path, str]]:
    """File of documents → the file of boilerplate suggestions for it and its sha256."""
    manifest = read_manifest(out / "suggestions") or {"files": []}
    documents = read_manifest(out / "documents") or {"files": []}
    files = [f for f in manifest["files"] if f["layer"] == BOILERPLATE]
    if len(files) != len(documents["files"]):
        return {}
    pairs = zip(documents["files"], files, strict=True)
    return {d["name"]: (out / "suggestions" / f["name"], f["sha256"]) for d, f in pairs}
