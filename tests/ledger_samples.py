"""A corpus of a few documents without its raw files, exports brought into its ledger, and the tables made of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from corpus_kit.core.config.template import shipped
from corpus_kit.core.layers import Layer, load_layer
from corpus_kit.core.progress import Silent
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.schema.file import ContractFile, read_contract_file
from corpus_kit.core.storage.folders import made_folder, work_folder, write_manifest
from corpus_kit.core.storage.tables import arrow_schema, write_table
from corpus_kit.ledger.annotations import Annotated, Sources, build_annotations
from corpus_kit.ledger.ledger import Ledger
from corpus_kit.ledger.recognise import Imported, import_files
from corpus_kit.ledger.shards import TABLES
from corpus_kit.validate.tables import validate_folder

Json = dict[str, Any]

CONFIG = """<View>
  <Labels name="label" toName="text"><Label value="PERSON"/><Label value="ORG"/><Label value="PLACE"/></Labels>
  <Labels name="mood" toName="text"><Label value="angry"/><Label value="glad"/></Labels>
  <Choices name="tone" toName="text"><Choice value="plain"/><Choice value="loud"/></Choices>
  <Choices name="role" toName="text" perRegion="true" choice="multiple">
    <Choice value="agent"/><Choice value="patient"/>
  </Choices>
  <Taxonomy name="topic" toName="text"><Choice value="Sea"><Choice value="Ferry"/></Choice></Taxonomy>
  <Rating name="quality" toName="text"/>
  <Number name="count" toName="text"/>
  <TextArea name="note" toName="text"/>
  <DateTime name="day" toName="text"/>
  <Relations><Relation value="works_for"/></Relations>
  <Text name="text" value="$text"/>
</View>"""

_CONTRACTS: dict[str, ContractFile] = {}


def contracts() -> dict[str, ContractFile]:
    if not _CONTRACTS:
        _CONTRACTS.update({t: read_contract_file(shipped("schemas") / f"{t}.yaml") for t in TABLES})
    return _CONTRACTS


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def doc_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


@dataclass
class Made:
    """What was made, read back."""

    result: Annotated
    data: Path
    rejected: list[Json]
    tables: dict[str, list[Json]] = field(default_factory=dict)

    def __getattr__(self, name: str) -> list[Json]:
        return self.tables[name]


class Bench:
    """One corpus below `data`; `documents` by name, `layers` by name with their config."""

    def __init__(self, root: Path, documents: dict[str, str], configs: dict[str, str] | None = None) -> None:
        self.data = root / "data"
        self.root = root
        self.layers = {name: self._layer(name, xml) for name, xml in (configs or {"plain": CONFIG}).items()}
        self.ledger = Ledger(self.data / "imports")
        self.put(documents)

    def _layer(self, name: str, xml: str) -> Layer:
        folder = self.root / "annotation" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.xml").write_text(xml, encoding="utf-8")
        return load_layer(folder)

    def put(self, documents: dict[str, str]) -> None:
        """The corpus holds these documents now, by name."""
        rows = [_document(name, text) for name, text in documents.items()]
        columns = columns_of("documents")
        schema = arrow_schema(columns)
        table = pa.table({c: [r[c] for r in rows] for c in columns}, schema=schema)
        with work_folder(self.data) as work, made_folder(self.data / "documents", work) as folder:
            write_table(folder / "documents-00000.parquet", table)
            fingerprint = sha(json.dumps(sorted(documents.items())))
            write_manifest(folder, table="documents", rows=len(rows), fingerprint=fingerprint)

    def bring(self, tasks: Any, layer: str | None = None, name: str = "export.json") -> Imported:
        """Write an export and import it."""
        file = self.root / name
        file.write_text(tasks if isinstance(tasks, str) else json.dumps(tasks), encoding="utf-8")
        return import_files([file], self.ledger, self.layers, layer)[0]

    def make(self, *, check: bool = True) -> Made:
        """The tables, read back; the promises that hold for any ledger are checked."""
        with work_folder(self.data) as work, Refusals(self.data, work) as refusals:
            sources = Sources(self.data / "imports", self.data, self.data, work, self.layers, contracts())
            result = build_annotations(sources, refusals, Silent())
            refusals.finish()
        assert result is not None
        rejected = self.data / "rejected" / "pull-00000.parquet"
        made = Made(result, self.data, pl.read_parquet(rejected).to_dicts() if rejected.is_file() else [])
        for table in TABLES:
            files = sorted((self.data / "annotations").glob(f"{table}-*.parquet"))
            made.tables[table] = pl.concat([pl.read_parquet(f) for f in files]).to_dicts()
        if check:
            self.assert_nothing_lost(made)
        return made

    def assert_nothing_lost(self, made: Made) -> None:
        """Every answer became a row, or is accounted for; every span is where it says; all tables are sound."""
        answers = dict(made.result.answers)
        assert answers.pop("brought", 0) == sum(answers.values())
        assert {t: answers.get(t, 0) for t in ("spans", "choices", "relations")} == {
            t: len(made.tables[t]) for t in ("spans", "choices", "relations")
        }
        texts = {(t["doc_id"], t["text_sha256"]): t["text"] for t in made.texts}
        for row in pl.read_parquet(self.data / "documents" / "documents-00000.parquet").iter_rows(named=True):
            texts[row["doc_id"], row["text_sha256"]] = row["text"]
        named = {a["annotation_id"]: texts[a["doc_id"], a["text_sha256"]] for a in made.annotations}
        assert all(named[s["annotation_id"]][s["start"] : s["end"]] == s["surface"] for s in made.spans)
        report = validate_folder(self.data, shipped("schemas"))
        assert [str(f) for f in report.findings] == []


def _document(name: str, text: str) -> Json:
    return dict.fromkeys(columns_of("documents")) | {
        "doc_id": doc_id(name), "source": name, "text": text, "text_sha256": sha(text), "raw_sha256": sha(text),
        "raw_bytes": len(text.encode()), "encoding": "utf-8", "newline": "none", "language": "und",
        "n_chars": len(text), "n_lines": text.count("\n") + 1,
    }  # fmt: skip


def task(name: str, text: str, *annotations: Json, **more: Any) -> Json:
    """A task as push makes it. name: of the document."""
    data = {"doc_id": doc_id(name), "text": text, "text_sha256": sha(text)}
    return {"id": 1, "data": data, "annotations": list(annotations), "drafts": [], "predictions": []} | more


_numbers = iter(range(1, 1_000_000))


def annotation(*results: Any, by: Any = "zoe.marsh@mail.example", **more: Any) -> Json:
    number = next(_numbers)
    made = {
        "id": number, "unique_id": f"00000000-0000-4000-8000-{number:012d}", "completed_by": {"id": 7, "email": by},
        "result": list(results), "was_cancelled": False, "ground_truth": False, "lead_time": 4.5,
        "created_at": "2031-03-01T10:00:00.000001Z", "updated_at": "2031-03-01T10:00:00.000001Z",
    }  # fmt: skip
    return made | more


def span(text: str, words: str, *labels: str, control: str = "label", **more: Any) -> Json:
    """A span over the first occurrence of `words`, as the labeling page stores it."""
    start = text.index(words)
    value = {"start": start, "end": start + len(words), "text": words, "labels": list(labels or ("PERSON",))}
    made = {"id": f"r{start}", "from_name": control, "to_name": "text", "type": "labels", "origin": "manual"}
    return made | {"value": value} | more


def in_utf16(text: str, result: Json) -> Json:
    """The same span as an old server stored it."""
    start, end = (len(text[: result["value"][k]].encode("utf-16-le")) // 2 for k in ("start", "end"))
    return result | {"value": result["value"] | {"start": start, "end": end}}


def answer(control: str, kind: str, value: Any, **more: Any) -> Json:
    key = {"textarea": "text"}.get(kind, kind)
    made = {"id": f"c-{control}", "from_name": control, "to_name": "text", "type": kind, "value": {key: value}}
    return made | more
