"""Gold relations as a configuration: both ends with offsets and words, label and direction; nothing lost silently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled_corpus import FERRY, entity, label, new_corpus

from corpus_kit import Corpus
from corpus_kit.core.errors import FindingsError
from corpus_kit.release.configs.relations import UNLABELLED, relation_rows

BRANDT, PORT = entity(FERRY, "Ola Brandt", "PERSON"), entity(FERRY, "Port Sellane", "GPE")


def drawn(one: dict[str, Any], two: dict[str, Any], *labels: str, direction: str = "right") -> dict[str, Any]:
    made = {"type": "relation", "from_id": one["id"], "to_id": two["id"], "direction": direction}
    return made | ({"labels": list(labels)} if labels else {})


@pytest.fixture(scope="module")
def related(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    scratch = tmp_path_factory.mktemp("related")
    corpus = new_corpus(scratch / "corpus")
    config = scratch / "corpus" / "annotation" / "entities" / "config.xml"
    choices = '<Relations><Relation value="lives_in"/><Relation value="member_of"/></Relations>'
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("</Labels>", f"</Labels>{choices}", 1), encoding="utf-8")
    corpus = Corpus.open(scratch / "corpus")
    work = {
        "ada": [BRANDT, PORT, drawn(BRANDT, PORT, "lives_in"), drawn(BRANDT, PORT)],
        "ben": [BRANDT, PORT, drawn(PORT, BRANDT, "lives_in", direction="left"), drawn(BRANDT, PORT)],
        "cyd": [BRANDT, PORT, drawn(BRANDT, PORT, "member_of")],
    }
    label(corpus, "entities", {"ferry.txt": work}, scratch)
    corpus.build()
    return corpus


def test_relations_load_with_their_ends_labels_and_direction(related: Corpus, tmp_path: Path) -> None:
    from datasets import load_dataset

    release = str(related.data / "release")
    loaded = load_dataset(release, "relations", split="train", cache_dir=str(tmp_path))
    names = loaded.features["label"].names
    assert names == ["lives_in", "member_of", UNLABELLED]
    rows = [dict(row) for row in loaded]
    assert [names[row.pop("label")] for row in rows] == ["lives_in", UNLABELLED], (
        "one of three for member_of is voted down"
    )
    row = rows[0]
    assert (row["head_text"], row["tail_text"], row["direction"]) == ("Ola Brandt", "Port Sellane", "right")
    assert FERRY[row["head_start"] : row["head_end"]] == row["head_text"]
    assert (row["head_labels"], row["tail_labels"], row["layer"]) == (["PERSON"], ["GPE"], "entities")
    streamed = list(load_dataset(release, "relations", split="train", streaming=True, cache_dir=str(tmp_path)))
    assert [row["tail_start"] for row in streamed] == [row["tail_start"] for row in rows]


def test_the_card_and_croissant_know_of_relations(related: Corpus) -> None:
    release = related.data / "release"
    card = (release / "README.md").read_text(encoding="utf-8")
    assert "config_name: relations" in card and "`lives_in`" in card
    described = json.loads((release / "croissant.json").read_text(encoding="utf-8"))
    (found,) = [one for one in described["recordSet"] if one["name"] == "relations"]
    fields = {one["name"]: one for one in found["field"]}
    assert {"head_start", "tail_text", "direction", "label"} <= fields.keys()
    assert all(one["description"] != name for name, one in fields.items())


def test_exports_that_cannot_carry_relations_name_them(related: Corpus) -> None:
    made = related.export("conll")
    assert made.losses == {"entities": {"relation": 2}}
    named = pl.read_csv(related.data / "release-conll" / "losses.csv")
    assert named["reason"].to_list() == ["relation", "relation"]
    with pytest.raises(FindingsError, match="2 relation"):
        related.export("conll", strict=True)


def test_a_corpus_without_relations_has_no_such_configuration(tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus")
    label(corpus, "entities", {"ferry.txt": {"ada": [BRANDT]}}, tmp_path)
    corpus.build()
    assert not (corpus.data / "release" / "relations").exists()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4),
            st.integers(0, 4),
            st.sampled_from(["right", "left", "bi"]),
            st.sampled_from(["a", "z", None]),
        ),
        max_size=8,
    )
)
def test_every_relation_is_a_row_or_a_loss_and_left_is_turned_round(
    drawn: list[tuple[int, int, str, str | None]],
) -> None:
    text = "abcdefghij"
    spans = pl.DataFrame(
        [("d", "l", str(i), 2 * i, 2 * i + 2, "X") for i in range(4)],
        schema=["doc_id", "layer", "span_id", "start", "end", "label"],
        orient="row",
    )
    schema = dict.fromkeys(("doc_id", "layer", "from_span", "to_span", "direction", "label"), pl.String)
    rows = [("d", "l", str(a), str(b), way, label) for a, b, way, label in drawn]
    relations = pl.DataFrame(rows, schema=schema, orient="row")
    table, losses = relation_rows(
        [{"doc_id": "d", "language": "und", "text": text}], relations, spans, ["a", UNLABELLED]
    )
    assert table.num_rows + len(losses) == len(drawn)
    found = sorted((r["head_start"], r["tail_start"], r["direction"], r["label"]) for r in table.to_pylist())
    expected = []
    for a, b, way, name in drawn:
        if 4 in (a, b) or name == "z":
            continue
        head, tail = (b, a) if way == "left" or (way == "bi" and b < a) else (a, b)
        expected.append((2 * head, 2 * tail, "bi" if way == "bi" else "right", 0 if name == "a" else 1))
    assert found == sorted(expected)
    assert all(r["head_text"] == text[r["head_start"] : r["head_end"]] for r in table.to_pylist())
