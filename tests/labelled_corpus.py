"""A small corpus that three people labelled: pages, Label Studio exports, import and build, all through the public face."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from corpus_kit import Corpus

PEOPLE = {"ada": "2031-01-01", "ben": "2031-01-02", "cyd": "2031-01-03"}
"""Short names of the annotators by the day of their first annotation: `annotator-01` and so on."""

PSEUDONYM = {name: f"annotator-{number:02d}" for number, name in enumerate(PEOPLE, start=1)}

FERRY = "Home | News | Sport\n\nFerry late\n\nOla Brandt of Port Sellane waits. Brandt is cross.\n\nRead also: Eels\n"
EELS = (
    "Home | News | Sport\n\nEels return\n\nThe eels of Lake Vesk are back, says the Vesk Board.\n\nRead also: Ferry\n"
)
STRIKE = (
    "Home | News | Sport\n\nStrike ends\n\nTeachers in Velmora go back to work on Monday.\n\nAll rights reserved.\n"
)
PAGES = {"ferry.txt": FERRY, "eels.txt": EELS, "strike.txt": STRIKE}

Work = Mapping[str, Mapping[str, Iterable[dict[str, Any]]]]
"""page → annotator → results"""


def new_corpus(folder: Path, pages: Mapping[str, str] = PAGES, settings: str = "") -> Corpus:
    """A built corpus without labels. settings: sections of corpus.toml."""
    Corpus.init(folder, stance_targets=["Halvern pipeline", "Draskia accession", "Teachers strike"])
    for name, text in pages.items():
        (folder / "data" / "raw" / name).write_text(text, encoding="utf-8")
    write_settings(folder, settings)
    corpus = Corpus.open(folder)
    corpus.trust()
    corpus.build()
    return corpus


def write_settings(folder: Path, settings: str) -> None:
    """Put sections into corpus.toml, each in the place of the one of that name. No splits but those asked for."""
    toml = folder / "corpus.toml"
    text = toml.read_text(encoding="utf-8")
    for header in ["[split]", *re.findall(r"^\[.+\]$", settings, re.MULTILINE)]:
        text = re.sub(rf"^{re.escape(header)}\n(?:(?!\[).*\n?)*", "", text, flags=re.MULTILINE)
    toml.write_text(f"{text}\n{settings}", encoding="utf-8")


def label(corpus: Corpus, layer: str, work: Work, scratch: Path, skipped: Work = MappingProxyType({})) -> None:
    """Bring the work into the ledger as a JSON export of Label Studio; the caller builds. skipped: what people skipped."""
    documents = {row["source"]: row for row in read(corpus, "documents", "documents").iter_rows(named=True)}
    tasks = []
    for number, (page, people) in enumerate(work.items(), start=1):
        row = documents[page]
        data = {name: row[name] for name in ("doc_id", "text", "text_sha256")}
        annotations = [_annotation(layer, row, name, list(results)) for name, results in people.items()]
        for name, results in skipped.get(page, {}).items():
            annotations.append(_annotation(layer, row, name, list(results)) | {"was_cancelled": True})
        tasks.append({"id": number, "data": data, "annotations": annotations, "predictions": []})
    file = scratch / f"{layer}-{hashlib.sha256(json.dumps(tasks).encode()).hexdigest()[:8]}.json"
    file.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    corpus.import_([file], layer)


def mark(control: str, text: str, words: str, label: str, *, nth: int = 0) -> dict[str, Any]:
    """A span over the nth occurrence of `words`."""
    start = -1
    for _ in range(nth + 1):
        start = text.index(words, start + 1)
    value = {"start": start, "end": start + len(words), "text": words, "labels": [label]}
    name = f"{control}-{start}-{start + len(words)}-{label}"
    return {"id": name, "from_name": control, "to_name": "text", "type": "labels", "origin": "manual", "value": value}


def entity(text: str, words: str, label: str, *, nth: int = 0) -> dict[str, Any]:
    return mark("entities", text, words, label, nth=nth)


def junk(text: str, words: str, label: str) -> dict[str, Any]:
    return mark("boilerplate", text, words, label)


def stance(target: str, value: str) -> dict[str, Any]:
    name = f"stance_{target}"
    answer = {"id": name, "from_name": name, "to_name": "text", "type": "choices", "origin": "manual"}
    return answer | {"value": {"choices": [value]}}


def read(corpus: Corpus, folder: str, table: str) -> pl.DataFrame:
    files = sorted((corpus.data / folder).glob(f"{table}-*.parquet"))
    return pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files])


def _annotation(layer: str, row: Mapping[str, Any], name: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    number = list(PEOPLE).index(name) + 1
    return {
        "id": int(row["doc_id"][:6], 16) + number,
        "completed_by": {"id": number, "email": f"{name}@people.example"},
        "unique_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{layer} {row['doc_id']} {name} {json.dumps(results)}")),
        "created_at": f"{PEOPLE[name]}T08:00:00Z",
        "updated_at": f"{PEOPLE[name]}T09:00:00Z",
        "lead_time": 12.5,
        "was_cancelled": False,
        "ground_truth": False,
        "result": results,
    }


def entities_of_three() -> Work:
    """All agree on the ferry's Port Sellane; Ola Brandt is 2 of 3; the second Brandt is 1 of 3; the Vesk Board ties."""
    brandt, port = entity(FERRY, "Ola Brandt", "PERSON"), entity(FERRY, "Port Sellane", "GPE")
    lake = entity(EELS, "Lake Vesk", "LOC")
    return {
        "ferry.txt": {
            "ada": [brandt, port, entity(FERRY, "Brandt", "PERSON", nth=1)],
            "ben": [brandt, port],
            "cyd": [port],
        },
        "eels.txt": {
            "ada": [lake, entity(EELS, "Vesk Board", "ORG")],
            "ben": [lake, entity(EELS, "Vesk Board", "GPE")],
        },
        "strike.txt": {"ada": [], "ben": []},
    }
