"""The tables of `data/gold`: one annotation per document and layer, checked against the contracts, written in shards."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.agreement.gold.policy import OPEN, Policy, gold_annotation_id
from corpus_kit.agreement.judgements import known_people
from corpus_kit.core.errors import FindingsError
from corpus_kit.core.identity import ends_shard
from corpus_kit.core.labels import RELATIONS, UNREAD
from corpus_kit.core.layers import Layer
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.schema.contracts import Contract
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.tables import TableWriter, arrow_schema, content_fingerprint, file_sha256, part_name

GOLD_TABLES = ("annotations", "spans", "choices", "relations", "decisions")
SHARD_ROWS = 50_000

_DECIDING = ("labels", "choices", "taxonomy", "rating", "number")
"""Kinds of controls without whose answers there is no gold."""

_ORDER = {
    "annotations": ("doc_id", "layer"),
    "spans": ("doc_id", "layer", "control", "start", "end", "label", "span_id"),
    "choices": ("doc_id", "layer", "control", "target", "span_id", "value"),
    "relations": ("doc_id", "layer", "from_span", "to_span", "direction", "label"),
    "decisions": ("doc_id", "layer", "control", "table", "item", "outcome", "value"),
}


@dataclass(frozen=True, slots=True)
class GoldTables:
    """The rows of `data/gold`. An annotation whose status is `draft` has open disagreements; `submitted` has none."""

    annotations: pl.DataFrame
    spans: pl.DataFrame
    choices: pl.DataFrame
    relations: pl.DataFrame
    decisions: pl.DataFrame

    @classmethod
    def joined(cls, parts: Sequence[GoldTables]) -> GoldTables:
        """Several layers as one, sorted by document."""
        return cls(*(_joined(name, [getattr(part, name) for part in parts]) for name in GOLD_TABLES))

    def fingerprint(self) -> str:
        made = [content_fingerprint([getattr(self, name).to_arrow()]) for name in GOLD_TABLES]
        return hashlib.sha256("".join(made).encode()).hexdigest()


def gold_annotations(
    people: pl.DataFrame, decisions: pl.DataFrame, layer: Layer, policy: Policy, current: pl.DataFrame
) -> pl.DataFrame:
    """One row of `annotations` per document whose answer people can have settled, also where the answer is "nothing".

    A document of which no answer could be read has none either: its answer is not known, not "nothing". Where only some
    controls are not known, they are named in `unread`.

    people: rows of `judged`. current: doc_id, text_sha256. Documents that fewer than `min_votes` people worked on, and
    under the policy `reviewer` those no reviewer saw, have no gold.
    """
    asked = [RELATIONS if c.kind == "relations" else c.name for c in layer.controls if not c.payload_only]
    deciding = {c.name for c in layer.controls if c.kind in _DECIDING}
    settled = {control: _settled(known_people(people, control), policy) for control in asked}
    unread: dict[str, set[str]] = {}
    torn = people.filter(pl.col("unread").is_not_null()).select("doc_id", "unread")
    for doc_id, controls in torn.iter_rows():
        unread.setdefault(doc_id, set()).update(c for c in controls.split(UNREAD) if doc_id not in settled.get(c, ()))
    lost = pl.Series([doc_id for doc_id, controls in unread.items() if deciding <= controls], dtype=pl.String)
    told = {doc_id: UNREAD.join(sorted(controls)) for doc_id, controls in unread.items() if controls}
    everybody = pl.DataFrame({"doc_id": sorted(_settled(people, policy))}, schema={"doc_id": pl.String})
    opened = decisions.filter(pl.col("outcome") == OPEN).select("doc_id").unique()
    having = (
        everybody.filter(~pl.col("doc_id").is_in(lost.implode()))
        .join(opened.with_columns(pl.lit("draft").alias("status")), on="doc_id", how="left")
        .join(current, on="doc_id")
        .sort("doc_id")
    )
    ids = [gold_annotation_id(layer.name, doc_id) for doc_id in having["doc_id"]]
    not_known = pl.Series([told.get(doc_id) for doc_id in having["doc_id"]], dtype=pl.String)
    known: dict[str, Any] = {
        "annotation_id": pl.Series(ids, dtype=pl.String),
        "layer": pl.lit(layer.name),
        "origin": pl.lit("gold"),
        "status": pl.col("status").fill_null("submitted"),
        "ground_truth": pl.lit(True),
        "config_sha256": pl.lit(layer.config_sha256),
        "guidelines_sha256": pl.lit(layer.guidelines_sha256),
        "payload": pl.lit("{}"),
        "unread": not_known,
        "complete": not_known.is_null(),
    }
    filled = having.with_columns(**known)
    columns = columns_of("annotations")
    return filled.select(
        (pl.col(name) if name in filled.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in columns.items()
    )


def _settled(people: pl.DataFrame, policy: Policy) -> set[str]:
    """The documents that enough of these people, or a reviewer, worked on."""
    reviewed = pl.col("annotator").is_in(list(policy.reviewers))
    seen = people.group_by("doc_id").agg(pl.len().alias("votes"), reviewed.any().alias("reviewed"))
    enough = pl.col("reviewed") | ((pl.col("votes") >= policy.min_votes) & (pl.lit(policy.name) != "reviewer"))
    return set(seen.filter(enough)["doc_id"].to_list())


def write_gold(folder: Path, tables: GoldTables, contracts: Mapping[str, ContractFile]) -> list[dict[str, Any]]:
    """`<table>-NNNNN.parquet`, all tables cut at the same documents; facts of the files for the manifest.

    Raises FindingsError when a row breaks its contract.
    """
    ends = _shard_ends(tables)
    facts = []
    for name in GOLD_TABLES:
        contract = Contract(contracts[name])
        frame = _fitting(getattr(tables, name), contract)
        schema = arrow_schema(contract.columns)
        for number, (after, last) in enumerate(zip([None, *ends[:-1]], ends, strict=True)):
            within = pl.lit(True) if after is None else pl.col("doc_id") > after
            rows = frame.filter(within & (pl.col("doc_id") <= last)).to_arrow().cast(schema)
            path = folder / part_name(name, number)
            with TableWriter(path, schema) as writer:
                writer.write(rows)
            facts.append(
                {"name": path.name, "rows": rows.num_rows, "bytes": path.stat().st_size}
                | {"sha256": file_sha256(path), "fingerprint": content_fingerprint([rows])}
            )
    return facts


def _joined(name: str, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    columns = columns_of(name)
    typed = [frame.select(pl.col(c).cast(dtype) for c, dtype in columns.items()) for frame in frames]
    return pl.concat([pl.DataFrame(schema=columns), *typed]).sort(_ORDER[name], nulls_last=True)


def _shard_ends(tables: GoldTables) -> list[str]:
    """The last doc_id of every shard; where a shard ends a hash of the doc_id says, so one label shifts no other shard."""
    rows = pl.concat([getattr(tables, name).select("doc_id") for name in GOLD_TABLES])
    counts = rows.group_by("doc_id").len().sort("doc_id")
    ends = [doc_id for doc_id, n in counts.iter_rows() if ends_shard(doc_id, n, SHARD_ROWS)]
    last = counts["doc_id"][-1] if counts.height else "f" * 16
    return ends if ends and ends[-1] == last else [*ends, last]


def _fitting(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    extra = [pl.lit(None, dtype=contract.columns[name]).alias(name) for name in contract.extra_columns]
    frame = frame.with_columns(extra).select(list(contract.columns))
    checked = contract.check(frame)
    if checked.failures:
        raise FindingsError(
            f"Gold breaks a contract in {len(checked.failed_rows) or frame.height} rows: {checked.failures[0]}.",
            f"Loosen schemas/{contract.table}.yaml, or adjudicate with another policy.",
        )
    return checked.valid
