"""A run of rows as one checked shard of documents: a pure function, in any process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from corpus_kit.core.identity import Identity
from corpus_kit.core.records import Rejected
from corpus_kit.core.schema.contracts import Contract
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.tables import (
    array_of,
    arrow_schema,
    content_fingerprint,
    file_sha256,
    table_of,
    text_array,
    write_table,
)
from corpus_kit.ingest.rows import add_what_texts_say


@dataclass(frozen=True, slots=True)
class ShardRows:
    """One call of `write_shard`.

    Attributes:
        path: Of the shard.
        columns: Of the rows of `make_row`.
        identities: Of each row.
        is_record: As `add_what_texts_say` takes it.
        contract, gate: What every row must be, and its compiled form.
        identify_language: Whether languages are identified.
    """

    path: str
    columns: dict[str, list[Any]]
    identities: list[Identity]
    is_record: list[bool | None]
    contract: ContractFile
    gate: bytes
    identify_language: bool


@dataclass(frozen=True, slots=True)
class WrittenShard:
    """facts: of the shard, None where the contract refused every row. kept: (doc_id, check, text_sha256) of its rows."""

    facts: dict[str, Any] | None
    kept: list[tuple[str, str, str]]
    rejected: list[Rejected]


def write_shard(task: ShardRows) -> WrittenShard:
    """Ask the texts, check the rows against the contract and write the good ones."""
    contract, columns = _contract(task.contract, task.gate), dict(task.columns)
    add_what_texts_say(columns, task.is_record, identify_language=task.identify_language)
    kept = [(*i, sha) for i, sha in zip(task.identities, columns["text_sha256"], strict=True)]
    columns["duplicate_cluster"] = columns["doc_id"]
    columns["split"] = [None] * len(kept)
    table = _table(columns, contract)
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    checked, rejected = contract.check(frame), []
    if checked.failed_rows:
        bad = set(checked.failed_rows)
        reasons: dict[int, list[str]] = {}
        for failure in checked.failures:
            reasons.setdefault(-1 if failure.row_index is None else failure.row_index, []).append(str(failure))
        for index in checked.failed_rows:
            detail = "; ".join(reasons.get(index) or reasons.get(-1, []))
            source, doc_id, raw_sha256 = (columns[name][index] for name in ("source", "doc_id", "raw_sha256"))
            rejected.append(Rejected("validate", source, "contract", detail, doc_id, raw_sha256=raw_sha256))
        good = [i for i in range(len(kept)) if i not in bad]
        table, kept = table.take(array_of(good, pa.int64())), [kept[i] for i in good]
    if table.num_rows == 0:
        return WrittenShard(None, [], rejected)
    path = Path(task.path)
    write_table(path, table)
    facts = {
        "name": path.name,
        "rows": table.num_rows,
        "bytes": sum(columns["raw_bytes"]),
        "last_doc_id": kept[-1][0],
        "sha256": file_sha256(path),
        "fingerprint": content_fingerprint([table]),
    }
    return WrittenShard(facts, kept, rejected)


def _table(columns: dict[str, Sequence[Any]] | dict[str, list[Any]], contract: Contract) -> pa.Table:
    schema = arrow_schema(contract.columns)
    place = schema.names.index("text")
    others = {name: dtype for name, dtype in contract.columns.items() if name != "text"}
    return table_of(columns, others).add_column(place, schema.field(place), text_array(columns["text"]))


@lru_cache(maxsize=4)
def _contract(file: ContractFile, gate: bytes) -> Contract:
    """One per process: its expression is read once."""
    return Contract(file, gate)
