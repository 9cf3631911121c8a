"""`push --order`: annotators get the tasks in that order, a limit brings the next ones, and what was sent can be told."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from corpus_samples import MakeSample, Sample

from corpus_kit.core.errors import UsageError
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.api.problems import UnreachableError
from corpus_kit.labelstudio.sync.batch_log import PushBatch
from corpus_kit.labelstudio.sync.ordering import diverse_order, random_order, uncertain_order

LOCAL = {f"{n}.txt": f"Ferry number {n} of the Sennet Bay line was late again on day {n}.\n" for n in range(8)}
PAGES = LOCAL | {
    "ru.txt": "Паром из Сеннета опять опоздал, и рыбаки пили чай на пристани до вечера.\n",
    "opera.txt": "The soprano sang twelve arias; critics wept, velvet curtains burned, tickets doubled.\n",
    "eels.txt": "Biologists counted silver eels beneath granite bridges while lanterns drifted downstream.\n",
}


@pytest.fixture
def many(make_corpus: MakeSample) -> Sample:
    return make_corpus(pages=PAGES)


def ids(sample: Sample) -> list[str]:
    return [d["doc_id"] for d in sample.documents()]


def sources(sample: Sample, doc_ids: list[str]) -> list[str]:
    named = {d["doc_id"]: d["source"] for d in sample.documents()}
    return [named[d] for d in doc_ids]


def as_annotators_get_them(sample: Sample) -> list[str]:
    """Label what the server offers until it offers nothing more."""
    found = []
    path = f"/api/projects/{sample.project.id}/next/"
    for _ in range(len(list(sample.tasks()))):
        offered = sample.client.transport.get(path)
        found.append(offered["data"]["doc_id"])
        sample.client.create_annotation(offered["id"], {"result": []})
    return found


def log(sample: Sample) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (sample.data / "pushes.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.studio
def test_annotators_get_the_tasks_in_the_order_of_the_push(many: Sample) -> None:
    (pushed,) = many.corpus.push(order="diverse", seed=3)
    wanted = diverse_order(many.data, ids(many), 3)
    assert [key[0] for key in pushed.plan.create] == wanted
    assert as_annotators_get_them(many) == wanted
    (again,) = many.corpus.push(order="diverse", seed=3)
    assert again.writes == 0
    (line,) = log(many)
    assert (line["order"], line["seed"], line["limit"], line["doc_ids"]) == ("diverse", 3, None, wanted)
    assert set(line["made_from"]) == {"documents", "suggestions"}


@pytest.mark.studio
def test_a_limit_brings_the_next_ones_each_time_and_nothing_is_sent_twice(many: Sample) -> None:
    wanted = random_order(ids(many), 7)
    (dry,) = many.corpus.push(order="random", seed=7, limit=4, dry_run=True)
    assert ([key[0] for key in dry.plan.create], dry.plan.later) == (wanted[:4], len(wanted) - 4)
    for at in range(0, len(wanted), 4):
        (pushed,) = many.corpus.push(order="random", seed=7, limit=4)
        assert [key[0] for key in pushed.plan.create] == wanted[at : at + 4]
    (last,) = many.corpus.push(order="random", seed=7, limit=4)
    assert last.writes == 0
    assert [t["data"]["doc_id"] for t in sorted(many.tasks(), key=lambda t: t["id"])] == wanted
    assert [one["doc_ids"] for one in log(many)] == [wanted[:4], wanted[4:8], wanted[8:]]


@pytest.mark.studio
def test_an_interrupted_batch_is_finished_before_another_one_begins(
    many: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = random_order(ids(many), 7)
    real = LabelStudioClient.import_batch
    sent: list[int] = []

    def stops(self: LabelStudioClient, project: int, batch: Any, **more: Any) -> Any:
        if len(sent) == 2:
            raise UnreachableError("the cable is out", "")
        sent.append(batch.count)
        return real(self, project, batch, **more)

    toml = many.root / "corpus.toml"
    toml.write_text(toml.read_text("utf-8") + "[label_studio]\nbatch_tasks = 1\n", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(LabelStudioClient, "import_batch", stops)
        with pytest.raises(UnreachableError):
            many.corpus.push(order="random", seed=7, limit=4)
    (rest,) = many.corpus.push(order="random", seed=7, limit=4)
    assert [key[0] for key in rest.plan.create] == wanted[2:4]
    (following,) = many.corpus.push(order="random", seed=7, limit=4)
    assert [key[0] for key in following.plan.create] == wanted[4:8]


@pytest.mark.studio
def test_the_least_certain_come_first_and_what_nobody_knows_in_the_middle(many: Sample) -> None:
    many.suggest([("ru.txt", 0, 5, "ORG"), ("opera.txt", 4, 11, "PERSON"), ("eels.txt", 0, 10, "ORG")])
    frame = pl.read_parquet(many.data / "suggestions" / "*.parquet")
    by_source = {d["source"]: d["doc_id"] for d in many.documents()}
    scores = {by_source["ru.txt"]: 0.5, by_source["opera.txt"]: 0.99, by_source["eels.txt"]: 0.7}
    many.table("suggestions", "suggestions", [r | {"score": scores[r["doc_id"]]} for r in frame.iter_rows(named=True)])
    (pushed,) = many.corpus.push(order="uncertain")
    told = sources(many, [key[0] for key in pushed.plan.create])
    assert told[:2] == ["ru.txt", "eels.txt"] and told[-1] == "opera.txt"


def test_a_few_of_everything_come_first_and_copies_last(tmp_path: Any) -> None:
    from corpus_samples import make_sample

    sample = make_sample(tmp_path / "t-copies", None, PAGES)  # type: ignore[arg-type]
    rows = sample.documents()
    by_source = {d["source"]: d["doc_id"] for d in rows}
    copies = [by_source[f"{n}.txt"] for n in (1, 2, 3)]
    sample.table(
        "documents",
        "documents",
        [
            r | {"language": "ru" if r["source"] == "ru.txt" else "en"}
            | ({"duplicate_cluster": min(copies)} if r["doc_id"] in copies else {})
            for r in rows
        ],
    )  # fmt: skip
    for seed in range(5):
        ordered = sources(sample, diverse_order(sample.data, ids(sample), seed))
        assert sorted(ordered) == sorted(PAGES)
        assert {"ru.txt", "opera.txt", "eels.txt"} <= set(ordered[:4])
        assert set(ordered[-2:]) <= {"1.txt", "2.txt", "3.txt"}
    assert diverse_order(sample.data, ids(sample), 1) == diverse_order(sample.data, ids(sample)[::-1], 1)
    assert uncertain_order(sample.data, "names", ids(sample), 0) is None


def test_a_new_document_does_not_move_the_others_of_a_random_order() -> None:
    before = random_order([f"{n:016x}" for n in range(50)], 5)
    after = random_order([f"{n:016x}" for n in range(51)], 5)
    assert [d for d in after if d in set(before)] == before
    assert before != random_order(before, 6)


def test_an_order_or_limit_that_is_none_is_refused_with_what_is_accepted() -> None:
    with pytest.raises(UsageError, match="Did you mean 'diverse'"):
        PushBatch(order="divers")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="sends nothing"):
        PushBatch(limit=0)
