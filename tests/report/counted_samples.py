"""A corpus so small and regular that every number of its report is counted by hand; the counts stand beside the tests.

29 documents in five files, each a shard of its own; four records are refused. All words are invented and none repeats,
so no text resembles another but where one is written twice on purpose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from labelled_corpus import entity, label, read, stance, write_settings

from corpus_kit import Corpus
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.folders import read_manifest, write_manifest
from corpus_kit.core.storage.tables import arrow_schema, part_name, write_table
from corpus_kit.ingest import documents

SETTINGS = "[suggest]\nboilerplate = false\n\n[agreement]\nresamples = 0\n"
MODEL = {"layer": "boilerplate", "model": "by-hand", "version": "7", "threshold": 0.5}


def words(seed: str, length: int) -> str:
    """`length` characters: invented words of five letters that no other seed has."""
    made = " ".join(f"{seed}{number:03d}" for number in range(length // 6 + 1))[:length]
    return made if not made.endswith(" ") else made[:-1] + "x"


def first_word(seed: str) -> str:
    return f"{seed}000"


def record(name: str, seed: str, length: int, language: str, published: str = "", **fields: str) -> dict[str, str]:
    told = {"id": name, "text": words(seed, length), "language": language, **fields}
    return told | ({"published_on": published} if published else {})


ALPHA = [
    record("a1", "aa", 40, "en", "2031-01-05", outlet="Alpha Post"),
    record("a2", "ab", 99, "en", "2031-01-20", outlet="Alpha Post"),
    record("a3", "ac", 100, "en", "2031-03-02", outlet="Alpha Post"),
    record("a4", "ad", 200, "en", "2031-03-31", outlet="Alpha Post"),
]
BETA = [
    record("b1", "ba", 500, "de", "2031-04-01", outlet="Beta Post"),
    record("b2", "bb", 999, "de", outlet="Beta Post"),
    record("b3", "bc", 1000, "de", outlet="Beta Post"),
]
BETA[1]["text"] = BETA[1]["text"].replace(" bb001", "\nbb001")
SAME = {2: 1, 3: 1, 5: 4, 7: 6}
"""P02 and P03 have the text of P01, P05 that of P04, P07 that of P06."""
SMALL = [
    record("n1", "na", 150, "pl"),
    *(
        record(f"p{n}", f"p{chr(96 + SAME.get(n, n))}", 300, "en", outlet=f"P{n:02d}")
        for n in range(1, 20)
    ),
    {"id": "r1", "text": " "},
    {"id": "r2", "text": "\n"},
    {"id": "r3"},
]  # fmt: skip
STALE = [record("g1", "ga", 120, "pl", "2031-01-31", url="https://gamma.example/one"), {"id": "r4", "text": ""}]
OLD = "Line one\nLine two\n"
FILES = {"alpha.jsonl": ALPHA, "beta.jsonl": BETA, "small.jsonl": SMALL, "stale.jsonl": STALE}

SIDES = {**dict.fromkeys(("b1", "b2", "b3"), "test"), **dict.fromkeys(("n1", "g1"), "validation")}
"""In splits.csv; every other record is in train, and old.txt is in no split."""

SPANS = {
    "a1": [(0, 40, "navigation")],
    "a4": [(0, 10, "navigation"), (5, 25, "legal")],
    "b3": [(0, 100, "legal")],
    "g1": [(0, 120, "navigation")],
}
"""Suggested by hand to be boilerplate. Those of g1 were made of an older shard, so they say nothing of this one."""
NAMES = {"a2": [(0, 5, "LOC"), (6, 11, "LOC")], "b1": [(0, 5, "GPE")]}
"""Suggested by hand as names."""

ENTITIES = {
    "a3": {"ada": [("ac000", "PERSON"), ("ac001", "GPE")], "ben": [("ac000", "PERSON")], "cyd": [("ac000", "PERSON")]},
    "a4": {"ada": [("ad000", "ORG")], "ben": [("ad000", "ORG")]},
}
STANCES = {"a3": {"ada": "favour", "ben": "against"}, "a4": {"ada": "against", "ben": "favour"}}


def counted_corpus(folder: Path, scratch: Path) -> Corpus:
    """Built with splits, labelled by three people, built again; the suggestions are written by hand."""
    Corpus.init(folder, stance_targets=["Halvern pipeline", "Draskia accession", "Teachers strike"])
    raw = folder / "data" / "raw"
    for name, records in FILES.items():
        (raw / name).write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    (raw / "zz-old.txt").write_bytes(OLD.replace("\n", "\r\n").encode("utf-16"))
    write_settings(folder, SETTINGS)
    corpus = Corpus.open(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "SHARD_BYTES", 1)
        corpus.build(report=False)
        ids = _ids(corpus)
        lines = [f"{ids[one['id']]},{SIDES.get(one['id'], 'train')}\n" for one in _records() if one["id"] in ids]
        (folder / "splits.csv").write_text("doc_id,split\n" + "".join(lines), encoding="utf-8")
        texts = {one["id"]: one["text"] for one in _records() if "text" in one}
        source = {one["id"]: f"{file}#{one['id']}" for file, records in FILES.items() for one in records}
        names = {
            source[page]: {who: [entity(texts[page], *span) for span in spans] for who, spans in people.items()}
            for page, people in ENTITIES.items()
        }
        label(corpus, "entities", names, scratch, skipped={source["a4"]: {"cyd": []}})
        targets = {
            source[page]: {who: [stance("halvern_pipeline", value)] for who, value in people.items()}
            for page, people in STANCES.items()
        }
        label(corpus, "stance", targets, scratch)
        corpus.build(report=False)
    _suggest(corpus, ids)
    return corpus


def _records() -> Iterator[dict[str, str]]:
    for records in FILES.values():
        yield from records


def _ids(corpus: Corpus) -> dict[str, str]:
    """A record's own name → its doc_id."""
    rows = read(corpus, "documents", "documents").select("source", "doc_id").iter_rows()
    return {source.rsplit("#", 1)[-1]: doc_id for source, doc_id in rows}


def _suggest(corpus: Corpus, ids: dict[str, str]) -> None:
    """`data/suggestions` by hand: one file for each shard of documents; that of g1 says it was made of another shard."""
    folder = corpus.data / "suggestions"
    folder.mkdir()
    manifest = read_manifest(corpus.data / "documents")
    assert manifest is not None and len(manifest["files"]) == 5, "every file is a shard of its own"
    made_from: dict[str, Any] = {}
    files: list[dict[str, Any]] = []
    for layer, suggested in (("boilerplate", SPANS), ("entities", NAMES)):
        for listed in manifest["files"]:
            here = set(_shard(corpus, listed["name"]))
            made_from[listed["name"]] = {"sha256": "0" * 64 if ids["g1"] in here else listed["sha256"]}
            rows = [(ids[one], *span) for one, spans in suggested.items() if ids[one] in here for span in spans]
            name = part_name("suggestions", len(files))
            write_table(folder / name, _rows(layer, rows))
            files.append({"name": name, "sha256": f"{len(files):064x}", "layer": layer})
    write_manifest(folder, files=files, inputs={"documents": made_from}, models=[MODEL], fingerprint="by hand")


def _shard(corpus: Corpus, name: str) -> list[str]:
    return pl.read_parquet(corpus.data / "documents" / name, columns=["doc_id"])["doc_id"].to_list()


def _rows(layer: str, spans: Iterable[tuple[str, int, int, str]]) -> pa.Table:
    schema = arrow_schema(columns_of("suggestions"))
    rows: list[dict[str, Any]] = [
        dict.fromkeys(schema.names)
        | {"doc_id": doc_id, "layer": layer, "control": layer, "start": start, "end": end}
        | {"label": name, "score": 0.75, "model": "by-hand", "model_version": "7", "surface": "x" * (end - start)}
        for doc_id, start, end, name in spans
    ]
    return pa.Table.from_pylist(rows, schema=schema)
