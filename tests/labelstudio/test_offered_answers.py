"""Answers that models propose: shown by a real server, taken or changed by people, and counted when they come back."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from corpus_samples import MakeSample, Sample

from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.tables import arrow_schema, write_table
from corpus_kit.labelstudio.sync.ordering import uncertain_order
from corpus_kit.ledger.held_back import read_held_back
from corpus_kit.ledger.outcomes import effects
from corpus_kit.ledger.steering import steering

LAYER = """<View>
  <Labels name="label" toName="text"><Label value="PERSON"/><Label value="ORG"/></Labels>
  <Choices name="role" toName="text" perRegion="true"><Choice value="agent"/><Choice value="patient"/></Choices>
  <Choices name="names_tone" toName="text"><Choice value="plain"/><Choice value="angry"/></Choices>
  <Rating name="worth" toName="text" maxRating="5"/>
  <Text name="text" value="$text"/>
</View>"""


@pytest.fixture
def asked(make_corpus: MakeSample) -> Sample:
    made = make_corpus()
    (made.root / "annotation" / "names" / "config.xml").write_text(LAYER, encoding="utf-8")
    return made


def propose(sample: Sample, answers: list[tuple[str, str, str, float, tuple[int, int] | None]]) -> None:
    """Rows beside the spans that `Sample.suggest` wrote: (source, control, value, score, place)."""
    rows = []
    for number, (source, control, value, score, place) in enumerate(answers):
        doc = sample.doc(source)
        start, end = place or (None, None)
        rows.append(
            {
                "suggestion_id": f"c{number}", "doc_id": doc["doc_id"], "layer": "names", "control": control,
                "start": start, "end": end, "surface": doc["text"][start:end] if place else None, "target": None,
                "kind": "rating" if control == "worth" else "choice", "value": value, "score": score,
                "model": "names", "model_version": "tone@1", "text_sha256": doc["text_sha256"],
            }
        )  # fmt: skip
    schema = arrow_schema(columns_of("suggested_choices"))
    file = sample.data / "suggestions" / "suggested_choices-00000.parquet"
    write_table(file, pa.Table.from_pylist(rows, schema=schema))


@pytest.mark.studio
def test_answers_reach_the_server_and_what_people_made_of_them_is_counted(asked: Sample) -> None:
    asked.suggest([("a.txt", 0, 3, "PERSON")], version="tone@1")
    propose(
        asked,
        [
            ("a.txt", "names_tone", "angry", 0.9, None),
            ("a.txt", "role", "agent", 0.6, (0, 3)),
            ("a.txt", "role", "agent", 0.6, (8, 11)),
            ("b.txt", "worth", "4", 0.5, None),
            ("c.txt", "names_tone", "plain", 0.7, None),
            ("c.txt", "names_tone", "gone", 0.7, None),
        ],
    )
    (pushed,) = asked.corpus.push()
    assert pushed.plan.suggested == 3
    (offered,) = asked.client.predictions(asked.task_of("a.txt"))
    told = [(r["from_name"], r["type"], r["value"]) for r in offered["result"]]
    assert told == [
        ("label", "labels", {"start": 0, "end": 3, "text": "Zoë", "labels": ["PERSON"]}),
        ("names_tone", "choices", {"choices": ["angry"]}),
        ("role", "choices", {"start": 0, "end": 3, "text": "Zoë", "choices": ["agent"]}),
    ]
    assert offered["result"][2]["id"] == offered["result"][0]["id"]
    (rated,) = asked.client.predictions(asked.task_of("b.txt"))
    assert [r["value"] for r in rated["result"]] == [{"rating": 4}]
    (again,) = asked.corpus.push()
    assert not again.plan.create and not again.plan.update
    answer: list[dict[str, Any]] = [
        offered["result"][0] | {"origin": "prediction"},
        offered["result"][1] | {"value": {"choices": ["plain"]}},
    ]
    asked.client.create_annotation(asked.task_of("a.txt"), {"result": answer, "parent_prediction": offered["id"]})
    asked.corpus.pull()
    asked.tables()
    (effect,) = effects(asked.data)
    assert (effect.version, effect.suggested, effect.accepted, effect.edited, effect.deleted) == ("tone@1", 3, 1, 1, 1)


def test_the_least_certain_answers_come_first(asked: Sample) -> None:
    asked.suggest([])
    propose(asked, [(f"{n}.txt", "names_tone", "plain", s, None) for n, s in (("a", 0.99), ("b", 0.5), ("c", 0.8))])
    ids = [d["doc_id"] for d in asked.documents()]
    named = {d["doc_id"]: d["source"] for d in asked.documents()}
    order = uncertain_order(asked.data, "names", ids, 1)
    assert order is not None and [named[d] for d in order] == ["b.txt", "c.txt", "a.txt"]


@pytest.mark.studio
def test_documents_that_are_held_out_show_nothing_and_what_they_would_have_shown_is_kept(asked: Sample) -> None:
    """Everything is held out of one layer: tasks without predictions, and the predictions in data/held-back."""
    asked.suggest([("a.txt", 0, 3, "PERSON")], version="tone@1")
    propose(asked, [("c.txt", "names_tone", "plain", 0.7, None)])
    toml = asked.root / "corpus.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + "\n[suggest]\nholdout = 1.0\n", encoding="utf-8")
    (pushed,) = asked.corpus.push()
    assert pushed.plan.suggested == 0 and asked.client.predictions(asked.task_of("a.txt")) == []
    held = read_held_back(asked.data, "names")
    found = {asked_of(asked, doc): [r["from_name"] for r in one.result] for doc, one in held.items()}
    assert found == {"a.txt": ["label"], "c.txt": ["names_tone"]}
    task = asked.task_of("c.txt")
    asked.client.create_annotation(task, {"result": held[asked.doc("c.txt")["doc_id"]].result, "lead_time": 4.0})
    asked.corpus.pull()
    asked.tables()
    assert steering(asked.data, ["names"]) == []  # nothing was shown, so there is nothing to compare with
    assert asked.corpus.push()[0].writes == 0
    toml.write_text(toml.read_text(encoding="utf-8").replace("holdout = 1.0", "holdout = 0.0"), encoding="utf-8")
    assert asked.corpus.push()[0].plan.suggested == 2


def asked_of(sample: Sample, doc_id: str) -> str:
    return next(d["source"] for d in sample.documents() if d["doc_id"] == doc_id)


@pytest.mark.studio
def test_of_copies_one_gets_a_task_and_which_one_stays(make_corpus: MakeSample) -> None:
    pages = {f"{name}.txt": f"{name}: a story.\n" for name in "abcde"}
    sample = make_corpus(pages=pages)
    ids = {d["source"]: d["doc_id"] for d in sample.documents()}
    group = min(ids["a.txt"], ids["b.txt"], ids["c.txt"])
    clusters = {ids[f"{name}.txt"]: group for name in "abc"} | {ids["d.txt"]: ids["d.txt"]}
    sample.table(
        "documents", "documents", [d | {"duplicate_cluster": clusters.get(d["doc_id"])} for d in sample.documents()]
    )
    toml = sample.root / "corpus.toml"
    before = toml.read_text(encoding="utf-8")
    toml.write_text(before + '\n[label_studio]\ncopies = "one"\n', encoding="utf-8")
    (pushed,) = sample.corpus.push()
    assert (pushed.created, pushed.plan.copies) == (3, 2)
    there = {task["data"]["doc_id"] for task in sample.tasks()}
    assert len(there & {ids[f"{name}.txt"] for name in "abc"}) == 1
    (again,) = sample.corpus.push()
    assert (again.writes, again.plan.copies, again.plan.orphaned) == (0, 2, [])
    toml.write_text(before, encoding="utf-8")
    assert sample.corpus.push()[0].created == 2
