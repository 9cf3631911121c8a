"""A small corpus before a real server: its tables, as a build makes them."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from corpus_kit.core.identity import by_path
from corpus_kit.core.progress import Silent
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.folders import work_folder, write_manifest
from corpus_kit.core.storage.tables import arrow_schema, file_sha256, write_table
from corpus_kit.corpus import Corpus
from corpus_kit.labelstudio.api.client import LabelStudioClient, Project
from corpus_kit.ledger.annotations import Annotated
from corpus_kit.pipeline.adjudicate import refresh_annotations

CONFIG = """<View>
  <Labels name="label" toName="text"><Label value="PERSON"/><Label value="ORG"/></Labels>
  <Choices name="names_tone" toName="text"><Choice value="plain"/><Choice value="angry"/></Choices>
  <Text name="text" value="$text"/>
</View>"""
GUIDELINES = """# Names

Version: 1.0

Mark **people** & `ORG`s; 3 < 4.

- one
- two
"""
PAGES: Mapping[str, str] = {
    "a.txt": "Zoë 🚀 met ACME in Port Sellane.\n",
    "b.txt": "Ilvara Tessendry said nothing.\nNothing at all.\n",
    "c.txt": "مرحبا Quorvex Energy\n",
}


@dataclass
class Sample:
    """A corpus with one layer, `names`, and the server it is pushed to."""

    root: Path
    client: LabelStudioClient

    @property
    def corpus(self) -> Corpus:
        return Corpus.open(self.root)

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def project(self) -> Project:
        (found,) = self.client.find_projects(f"{self.root.name}: names")
        return found

    def write(self, pages: Mapping[str, str]) -> None:
        """Write data/documents as a build would; the pages that were there and are not named here are gone."""
        self.table("documents", "documents", [_document(name, text) for name, text in pages.items()])

    def documents(self) -> list[dict[str, Any]]:
        return pl.read_parquet(self.data / "documents" / "*.parquet").sort("source").to_dicts()

    def doc(self, source: str) -> dict[str, Any]:
        return next(d for d in self.documents() if d["source"] == source)

    def suggest(self, spans: Sequence[tuple[str, int, int, str]], version: str = "names-1") -> None:
        """Write data/suggestions: (source, start, end, label) each."""
        rows = []
        for number, (source, start, end, label) in enumerate(spans):
            doc = self.doc(source)
            rows.append(
                {
                    "suggestion_id": f"s{number}", "doc_id": doc["doc_id"], "layer": "names", "control": "label",
                    "start": start, "end": end, "label": label, "surface": doc["text"][start:end], "score": 0.75,
                    "model": "names", "model_version": version, "text_sha256": doc["text_sha256"],
                }
            )  # fmt: skip
        self.table("suggestions", "suggestions", rows)

    def table(self, folder: str, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        made = self.data / folder
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        schema = arrow_schema(columns_of(table))
        file = made / f"{table}-00000.parquet"
        write_table(file, pa.Table.from_pylist([dict(r) for r in rows], schema=schema))
        write_manifest(made, fingerprint=file_sha256(file))

    def tables(self) -> Annotated | None:
        """Make data/annotations of the ledger, as a build does."""
        corpus = self.corpus
        with work_folder(self.data) as work, Refusals(self.data, work) as refusals:
            made = refresh_annotations(corpus, self.data, work, refusals, Silent())
            refusals.finish()
            return made

    def tasks(self) -> list[dict[str, Any]]:
        return list(self.client.tasks(self.project.id, ("id", "data", "meta", "updated_at")))

    def task_of(self, source: str) -> int:
        doc = self.doc(source)
        (task,) = [t for t in self.tasks() if t["data"]["text_sha256"] == doc["text_sha256"]]
        return int(task["id"])


MakeSample = Callable[..., Sample]


def make_sample(
    root: Path,
    client: LabelStudioClient,
    pages: Mapping[str, str] = PAGES,
    settings: str = "",
    config: str = CONFIG,
) -> Sample:
    """A corpus with documents; its name is the folder's."""
    sample = Sample(root, client)
    layer = root / "annotation" / "names"
    layer.mkdir(parents=True)
    (layer / "config.xml").write_text(config, encoding="utf-8")
    (layer / "guidelines.md").write_text(GUIDELINES, encoding="utf-8")
    toml = f'name = "{root.name}"\nlayers = ["names"]\ndate = 2031-01-01\n{settings}'
    (root / "corpus.toml").write_text(toml, encoding="utf-8")
    sample.write(pages)
    return sample


def _document(source: str, text: str) -> dict[str, Any]:
    sha = hashlib.sha256(text.encode()).hexdigest()
    known: dict[str, Any] = {
        "doc_id": by_path("", source).doc_id,
        "source": source,
        "text": text,
        "text_sha256": sha,
        "raw_sha256": sha,
    }
    known |= {"raw_bytes": len(text.encode()), "encoding": "utf-8", "newline": "lf", "language": "und"}
    known |= {"n_chars": len(text), "n_lines": text.count("\n"), "title": text.split("\n")[0]}
    return dict.fromkeys(columns_of("documents")) | known


def span(start: int, end: int, label: str = "PERSON", **more: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": [label]}
    return {"id": f"r{start}-{end}", "from_name": "label", "to_name": "text", "type": "labels", "value": value, **more}


def tone(value: str = "plain") -> dict[str, Any]:
    return {
        "id": "tone", "from_name": "names_tone", "to_name": "text", "type": "choices", "value": {"choices": [value]}
    }  # fmt: skip


def label_by(sample: Sample, source: str, work: Mapping[str, Sequence[Mapping[str, Any]]], **more: Any) -> None:
    """Submit work (annotator → results) on a page's task, each from an account of its own; pushes when that is missing."""
    if not sample.client.find_projects(f"{sample.root.name}: names"):
        sample.corpus.push()
    task = sample.task_of(source)
    for name, results in work.items():
        body = {"result": list(results), "completed_by": account(sample.client, name), **more}
        sample.client.create_annotation(task, body | {"unique_id": str(uuid.uuid4())})


def account(client: LabelStudioClient, name: str) -> int:
    """The id of somebody's account, made when it is missing."""
    email = f"{name}@people.example"
    for user in client.transport.get("/api/users/"):
        if user["email"] == email:
            return int(user["id"])
    made = client.transport.post("/api/users/", {"email": email, "username": email, "first_name": "", "last_name": ""})
    return int(made["id"])


def pseudonym(sample: Sample, name: str) -> str:
    people = json.loads((sample.data / "pseudonyms.json").read_text(encoding="utf-8"))["people"]
    return str(people[f"{name}@people.example"])
