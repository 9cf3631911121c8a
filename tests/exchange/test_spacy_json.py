"""JSON as users of spaCy keep it: training data in its forms, and what `Doc.to_json` writes; other tools' files named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import ExchangePage, SourceFile
from corpus_kit.ledger.export_json import read_tasks
from corpus_kit.ledger.formats import format_named

TEXT = "Zoë 🚀 met Ana in Lima."
TRAINING = [TEXT, {"entities": [[0, 3, "PERSON"], [10, 13, "PERSON"]], "cats": {"travel": 1.0, "sport": 0.0}}]
FORMS = {
    "list.json": json.dumps([TRAINING, ["Nothing.", {"entities": []}]]),
    "lines.jsonl": "\n".join(map(json.dumps, [TRAINING, ["Nothing.", {"entities": []}]])),
    "wrapped.json": json.dumps({"classes": ["PERSON"], "annotations": [TRAINING, None, ["Nothing.", {}]]}),
}


def pages(name: str, content: str) -> list[ExchangePage]:
    return list(format_named("spacy").pages([SourceFile(name, content.encode())]))


def regions(page: ExchangePage) -> list[tuple[int, int, str, str]]:
    return [(r.start, r.end, r.label, r.text) for r in page.works[0].regions]


@pytest.mark.parametrize("name", FORMS)
def test_training_data_is_read_in_each_of_its_forms(name: str) -> None:
    first, second = pages(name, FORMS[name])
    assert (first.text, second.text) == (TEXT, "Nothing.")
    assert regions(first) == [(0, 3, "PERSON", "Zoë"), (10, 13, "PERSON", "Ana")]
    assert [(a.name, a.value) for a in first.works[0].answers] == [("", "travel")]
    assert regions(second) == []


def test_what_spacy_itself_writes_is_read() -> None:
    spacy = pytest.importorskip("spacy")
    doc = spacy.blank("en")(TEXT)
    doc.set_ents([doc.char_span(0, 3, "PERSON"), doc.char_span(17, 21, "GPE")])
    doc.spans["all"] = [doc.char_span(10, 13, "PERSON")]
    (page,) = pages("doc.json", json.dumps(doc.to_json()))
    expected = [(e.start_char, e.end_char, e.label_, e.text) for e in [*doc.ents, *doc.spans["all"]]]
    assert regions(page) == expected


def test_a_span_of_odd_shape_is_handed_on_and_a_record_of_none_is_refused_with_its_number() -> None:
    (page,) = pages("a.json", json.dumps([[TEXT, {"entities": [[0, "three", "PERSON"], [10, 13, "PERSON"]]}]]))
    assert regions(page) == [(10, 13, "PERSON", "Ana")]
    assert page.works[0].unread == ('[0, "three", "PERSON"]',)
    with pytest.raises(UsageError, match="record 2"):
        pages("a.json", json.dumps([TRAINING, 5]))


@pytest.mark.parametrize(
    ("record", "tool"),
    [
        ({"id": 1, "text": TEXT, "label": [[0, 3, "PERSON"]]}, "doccano"),
        ({"text": TEXT, "spans": [], "answer": "accept"}, "prodigy"),
        (TRAINING, "spacy"),
        ({"@context": "http://www.w3.org/ns/anno.jsonld", "target": {}}, "w3c"),
    ],
)
def test_a_file_of_another_tool_is_named_with_the_command_that_brings_it_in(
    tmp_path: Path, record: object, tool: str
) -> None:
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps([record]), encoding="utf-8")
    with pytest.raises(UsageError) as told:
        list(read_tasks(path))
    assert f"--from {tool} theirs.json" in told.value.hint
