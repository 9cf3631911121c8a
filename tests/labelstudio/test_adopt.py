"""Adopt: a project made without corpus-kit goes on where it is; no task is doubled, no answer is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import labelled_corpus as made
import polars as pl
import pytest

from corpus_kit import Corpus
from corpus_kit.core.errors import UsageError
from corpus_kit.labelstudio.api.batches import pack
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.server.process import StudioServer

REVIEW = """<View><Labels name="label" toName="body"><Label value="PERSON"/><Label value="PLACE"/></Labels>
<Text name="body" value="$review"/></View>"""


def text_of(number: int) -> str:
    """Every tenth text repeats one before; every seventh has line breaks of two characters."""
    number = number - 5 if number % 10 == 5 else number
    text = f"Zoë {number} met Ana in Lima."
    return text.replace(" met", "\r\nmet") if number % 7 == 0 else f"{text}\nAnd Bob."


def labelled(text: str) -> dict[str, Any]:
    start = text.index("Ana")
    value = {"start": start, "end": start + 3, "text": "Ana", "labels": ["PERSON"]}
    return {"result": [{"id": "r", "from_name": "label", "to_name": "body", "type": "labels", "value": value}]}


@pytest.mark.studio
@pytest.mark.slow
@pytest.mark.parametrize("count", [30, 500])
def test_a_project_made_elsewhere_is_continued_without_a_second_task(
    tmp_path: Path, client: LabelStudioClient, studio: StudioServer, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.login.token)
    project = client.create_project(f"Film names {tmp_path.name}"[:50], REVIEW, overlap=2)
    texts = [text_of(number) for number in range(count)]
    (batch,) = pack({"data": {"review": text, "film": number}} for number, text in enumerate(texts))
    client.import_batch(project.id, batch)
    ids = sorted(int(t["id"]) for t in client.tasks(project.id, ("id",)))
    for task, text in list(zip(ids, texts, strict=True))[: count // 2]:
        client.create_annotation(task, labelled(text))
    Corpus.init(tmp_path / "adopted")
    toml = tmp_path / "adopted" / "corpus.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('["boilerplate", "entities"]', "[]"), encoding="utf-8")
    corpus = Corpus.open(tmp_path / "adopted")

    before = toml.read_text(encoding="utf-8")
    plan = corpus.adopt(project.id, layer="names", dry_run=True)
    assert (plan.tasks, plan.labelled, plan.records, plan.textless) == (count, count // 2, count, 0)
    assert toml.read_text(encoding="utf-8") == before
    assert not (tmp_path / "adopted" / "annotation" / "names").exists()

    corpus.adopt(project.id, layer="names")
    corpus = Corpus.open(tmp_path / "adopted")
    assert (corpus.config.label_studio.overlap, "names" in corpus.config.layers) == (2, True)
    (first,) = corpus.push("names")
    (second,) = corpus.push("names")
    assert (first.created, first.removed, second.plan.writes) == (0, 0, 0)
    assert sorted(int(t["id"]) for t in client.tasks(project.id, ("id",))) == ids
    assert all(t["data"]["film"] is not None for t in client.tasks(project.id, ("id", "data")))

    for task, text in list(zip(ids, texts, strict=True))[count // 2 :]:
        client.create_annotation(task, labelled(text))
    corpus.pull("names")
    result = corpus.build(report=False)
    spans = made.read(corpus, "annotations", "spans")
    assert spans.height == count
    assert set(spans["surface"]) == {"Ana"}
    assert result.rejected == {}
    gold = made.read(corpus, "gold", "annotations")
    assert gold.height == count
    client.delete_project(project.id)


def test_an_export_with_its_config_becomes_a_layer(tmp_path: Path) -> None:
    texts = [text_of(number) for number in range(6)]
    tasks = [
        {"id": n, "data": {"review": t}, "annotations": [labelled(t) | {"completed_by": 1}]}
        for n, t in enumerate(texts)
    ]
    (tmp_path / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
    (tmp_path / "config.xml").write_text(REVIEW, encoding="utf-8")
    Corpus.init(tmp_path / "corpus")
    corpus = Corpus.open(tmp_path / "corpus")
    with pytest.raises(UsageError, match="config"):
        corpus.adopt(files=[tmp_path / "export.json"])
    plan = corpus.adopt(files=[tmp_path / "export.json"], config=tmp_path / "config.xml", layer="names")
    assert (plan.tasks, plan.labelled, plan.makes_layer) == (6, 6, True)
    corpus = Corpus.open(tmp_path / "corpus")
    assert "names" in corpus.config.layers
    documents = made.read(corpus, "documents", "documents")
    assert documents.height == len({t.replace("\r\n", "\n") for t in texts})
    spans = made.read(corpus, "annotations", "spans")
    assert (spans.height, set(spans["surface"])) == (6, {"Ana"})
    assert isinstance(spans, pl.DataFrame)
