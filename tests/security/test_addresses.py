"""An address of anybody leaves through nothing that is made: no id, no label, no key that no one knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from strangers import made_corpus

from corpus_kit.corpus import Corpus

ADDRESS = "zoe.quill@example.org"
TEXT = "Write to desk@paper.example before noon, said the harbour office.\n"


def annotation(number: int, author: str) -> dict[str, Any]:
    value = {"start": 9, "end": 27, "text": "desk@paper.example", "labels": ["ORG"]}
    result = {"id": f"r{number}", "from_name": "entities", "to_name": "text", "type": "labels", "value": value}
    moment = f"2031-01-01T00:00:{number:02d}Z"
    return {
        "id": number, "unique_id": f"u{number}", "completed_by": {"id": 7, "email": author}, "created_at": moment,
        "updated_at": moment, "result": [result],
    }  # fmt: skip


def places(author: str) -> list[Any]:
    """Annotations, each with the address in another place."""
    made: list[Any] = [annotation(number, author) for number in range(1, 11)]
    made[0]["result"][0]["value"]["labels"] = [ADDRESS]
    made[1]["result"][0]["from_name"] = ADDRESS
    made[2]["unique_id"] = ADDRESS
    made[3]["result"][0]["id"] = f"region of {ADDRESS.upper()}"
    made[4]["parent_annotation"] = ADDRESS
    made[5]["history"] = [{"seen by": {"who": f"Zoe <{ADDRESS}>"}}]
    made[6][ADDRESS] = "yes"
    made[7]["result"][0]["meta"] = {"text": [f"asked {ADDRESS}"]}
    made[8]["result"].append({"from_id": ADDRESS, "to_id": ADDRESS, "type": "relation", "direction": ADDRESS})
    return [*made, f"made by {ADDRESS}"]


@pytest.mark.parametrize("author", [ADDRESS, "bob@example.org"], ids=["known", "stranger"])
def test_no_address_leaves_through_what_is_made(author: str, tmp_path: Path) -> None:
    root = made_corpus(tmp_path / "corpus", pages={"a.txt": TEXT})
    export = tmp_path / "export.json"
    export.write_text(json.dumps([{"id": 1, "data": {"text": TEXT}, "annotations": places(author)}]))
    corpus = Corpus.open(root)
    corpus.import_([export], layer="entities")
    corpus.build()
    made = [p for p in (root / "data").rglob("*") if p.is_file()]
    made = [p for p in made if p.relative_to(root / "data").parts[0] not in ("imports", "raw", "pseudonyms.json")]
    assert len(made) > 10
    for path in made:
        shown = str(pl.read_parquet(path).to_dicts()) if path.suffix == ".parquet" else path.read_text(errors="replace")
        assert "zoe.quill" not in shown.lower(), path
        assert "bob@example" not in shown, path
    spans = pl.read_parquet(root / "data" / "annotations" / "spans-*.parquet")
    assert set(spans["surface"]) == {"desk@paper.example"}, "an address of the text stays"
    payloads = pl.read_parquet(root / "data" / "annotations" / "annotations-*.parquet")["payload"]
    assert all('"text":"desk@paper.example"' in payload for payload in payloads)
