"""Open disagreements go to a review project on a real server, are settled there and become gold; once, and never twice."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpus_samples import PAGES, Sample, account, label_by, pseudonym, span, tone

from corpus_kit.labelstudio.api.client import LabelStudioClient, Project
from corpus_kit.labelstudio.sync.plan import Pushed
from corpus_kit.labelstudio.sync.review_push import ReviewPlan
from corpus_kit.ledger.ledger import Ledger

pytestmark = pytest.mark.studio


def disagree(sample: Sample) -> None:
    """Two people: one name of a.txt only by the first, tone of b.txt contrary, c.txt alike."""
    label_by(sample, "a.txt", {"ada": [span(0, 3), span(10, 14, "ORG"), tone()], "ben": [span(0, 3), tone()]})
    label_by(sample, "b.txt", {"ada": [tone("plain")], "ben": [tone("angry")]})
    label_by(sample, "c.txt", {"ada": [tone()], "ben": [tone()]})
    taken_in(sample)


def taken_in(sample: Sample) -> None:
    sample.corpus.pull()
    sample.tables()
    sample.corpus.adjudicate()


def review_project(sample: Sample, kind: str = "review") -> Project:
    (found,) = sample.client.find_projects(f"{sample.root.name}: names {kind}")
    return found


def review_tasks(sample: Sample, kind: str = "review") -> dict[str, dict[str, Any]]:
    """Review tasks by source."""
    tasks = sample.client.tasks(review_project(sample, kind).id, ("id", "data", "meta"))
    return {t["data"]["source"]: t for t in tasks}


def settle(sample: Sample, source: str, results: list[dict[str, Any]], who: str = "rae", **more: Any) -> None:
    body = {"result": results, "completed_by": account(sample.client, who), "unique_id": str(uuid.uuid4())}
    sample.client.create_annotation(review_tasks(sample)[source]["id"], body | more)


def plan_of(pushed: Pushed) -> ReviewPlan:
    assert isinstance(pushed.plan, ReviewPlan)
    return pushed.plan


def gold(sample: Sample, table: str) -> pl.DataFrame:
    return pl.read_parquet(sample.data / "gold" / f"{table}-*.parquet")


def test_what_is_open_is_sent_with_everybodys_version_by_pseudonym(sample: Sample) -> None:
    disagree(sample)
    (plan,) = sample.corpus.send_disagreements(dry_run=True)
    assert (plan.writes, len(plan.plan.create), plan.plan.settings) == (0, 2, ["create"])
    assert not sample.client.find_projects(f"{sample.root.name}: names review")
    (sent,) = sample.corpus.send_disagreements()
    assert (sent.created, sent.plan.refused) == (2, [])
    tasks = review_tasks(sample)
    assert tasks.keys() == {"a.txt", "b.txt"}, "c.txt is settled"
    shown = {
        p["model_version"]: [r["value"] for r in p["result"]] for p in sample.client.predictions(tasks["a.txt"]["id"])
    }
    assert shown.keys() == {"annotator-01", "annotator-02", "settled"}
    places = {name: [(v["start"], v["end"]) for v in values if "start" in v] for name, values in shown.items()}
    assert places == {"annotator-01": [(0, 3), (10, 14)], "annotator-02": [(0, 3)], "settled": [(0, 3)]}
    panel = tasks["a.txt"]["data"]["corpus_kit_review"]
    assert "ORG “ACME” 10-14: <b>annotator-01</b>" in panel and "nothing: <b>annotator-02</b>" in panel
    assert "people.example" not in json.dumps(list(tasks.values()))
    offered = sample.client.transport.get(f"/api/projects/{review_project(sample).id}/next/")
    assert [p["model_version"] for p in offered["predictions"]] == ["settled"], "what a reviewer begins with"


def test_a_second_push_writes_nothing_and_settled_ones_are_not_sent_again(sample: Sample) -> None:
    disagree(sample)
    sample.corpus.send_disagreements()
    before = review_tasks(sample)
    (again,) = sample.corpus.send_disagreements()
    assert (again.writes, plan_of(again).waiting) == (0, 2)
    settle(sample, "b.txt", [tone("angry")])
    (again,) = sample.corpus.send_disagreements()
    assert (again.writes, plan_of(again).waiting, plan_of(again).settled) == (0, 1, 1), "settled, not pulled yet"
    taken_in(sample)
    (again,) = sample.corpus.send_disagreements()
    assert (again.writes, plan_of(again).waiting, plan_of(again).settled) == (0, 1, 1)
    assert review_tasks(sample) == before


@pytest.mark.slow
@pytest.mark.parametrize("policy", [None, "unanimous", "dawid-skene", "reviewer"])
def test_a_reviewers_answer_is_gold_under_every_policy(sample: Sample, policy: str | None) -> None:
    disagree(sample)
    sample.corpus.send_disagreements()
    settle(sample, "a.txt", [span(0, 3), span(10, 14, "PERSON"), tone()])
    settle(sample, "b.txt", [tone("angry")])
    taken_in(sample)
    made = sample.corpus.adjudicate(policy)
    assert made.layers[0].reviewed == 2
    a, b = (sample.doc(name)["doc_id"] for name in ("a.txt", "b.txt"))
    spans = gold(sample, "spans").filter(pl.col("doc_id") == a).sort("start")
    assert spans.select("start", "end", "label").rows() == [(0, 3, "PERSON"), (10, 14, "PERSON")]
    assert gold(sample, "choices").filter(pl.col("doc_id") == b)["value"].to_list() == ["angry"]
    decided = gold(sample, "decisions").filter(pl.col("doc_id").is_in([a, b]) & (pl.col("outcome") == "gold"))
    reviewer = pseudonym(sample, "rae")
    assert set(decided["policy"]) == {"reviewer"} and set(decided["who"]) == {json.dumps([reviewer])}
    assert all("review project" in why and reviewer in why for why in decided["why"])


@pytest.mark.slow
def test_agreement_never_counts_somebody_who_saw_the_others_answers(sample: Sample) -> None:
    disagree(sample)
    before = sample.corpus.agreement().as_dict()
    sample.corpus.send_disagreements()
    settle(sample, "a.txt", [span(0, 3), tone()])
    settle(sample, "b.txt", [tone("plain")], who="sue")
    taken_in(sample)
    assert sample.corpus.agreement().as_dict() == before
    origins = pl.read_parquet(sample.data / "annotations" / "annotations-*.parquet")
    assert sorted(origins["origin"].value_counts().rows()) == [("human", 6), ("review", 2)]
    assert {a.annotator for a in sample.corpus.status().annotators} == {"annotator-01", "annotator-02"}
    assert {e.purpose for e in Ledger(sample.data / "imports").entries()} == {"", "review"}


def test_an_export_of_a_review_project_that_is_imported_by_hand_is_told_apart_too(sample: Sample) -> None:
    disagree(sample)
    sample.corpus.send_disagreements()
    settle(sample, "b.txt", [tone("angry")])
    project = review_project(sample)
    file = sample.root / "review.json"
    sample.client.snapshot(project.id, file)
    sample.client.delete_project(project.id)
    sample.corpus.import_([file])
    made = sample.tables()
    assert made is not None and made.annotations == {"submitted": 7}, "no copy of anybody's answers became a row"
    origins = pl.read_parquet(sample.data / "annotations" / "annotations-*.parquet")
    assert origins["origin"].to_list().count("review") == 1


def test_votes_that_changed_change_the_task_and_what_a_reviewer_began_stays(sample: Sample) -> None:
    disagree(sample)
    sample.corpus.send_disagreements()
    before = review_tasks(sample)
    sample.client.create_draft(before["b.txt"]["id"], {"result": [tone("angry")], "lead_time": 1.0})
    label_by(sample, "a.txt", {"cyd": [span(0, 3), span(10, 14, "PERSON"), tone()]})
    label_by(sample, "b.txt", {"cyd": []})
    taken_in(sample)
    (sent,) = sample.corpus.send_disagreements()
    assert (sent.created, sent.replaced, plan_of(sent).begun) == (0, 1, 1)
    after = review_tasks(sample)
    assert after["b.txt"] == before["b.txt"]
    cyd = pseudonym(sample, "cyd")
    assert cyd in after["a.txt"]["data"]["corpus_kit_review"]
    versions = {p["model_version"] for p in sample.client.predictions(after["a.txt"]["id"])}
    assert versions == {"annotator-01", "annotator-02", cyd, "settled"}
    assert sample.corpus.send_disagreements()[0].writes == 0


def test_a_text_that_changed_gets_a_task_of_its_own_and_untouched_ones_go(sample: Sample) -> None:
    disagree(sample)
    sample.corpus.send_disagreements()
    old = review_tasks(sample)
    sample.write({**PAGES, "a.txt": f"Updated. {PAGES['a.txt']}"})
    sample.tables()
    sample.corpus.adjudicate()
    (sent,) = sample.corpus.send_disagreements()
    assert (sent.created, sent.out, sent.removed) == (1, 1, 0)
    new = review_tasks(sample)
    assert new["a.txt"]["id"] != old["a.txt"]["id"] and new["b.txt"] == old["b.txt"]
    places = [
        (r["value"]["start"], r["value"]["end"])
        for p in sample.client.predictions(new["a.txt"]["id"])
        for r in p["result"]
        if "start" in r["value"] and p["model_version"] == "annotator-01"
    ]
    assert places == [(9, 12), (19, 23)], "the versions stand where the current text has them"


@pytest.mark.slow
def test_what_is_settled_otherwise_meanwhile_leaves_the_project(sample: Sample) -> None:
    disagree(sample)
    sample.corpus.send_disagreements()
    tasks = review_tasks(sample)
    first = min(tasks, key=lambda source: tasks[source]["id"])
    extra = {"a.txt": [span(0, 3), tone()], "b.txt": [tone("angry")]}
    label_by(sample, first, {"cyd": extra[first]})
    taken_in(sample)
    (sent,) = sample.corpus.send_disagreements()
    assert (sent.out, sent.removed) == (1, 0)
    assert sample.corpus.send_disagreements()[0].writes == 0
    offered = {sample.client.transport.get(f"/api/projects/{review_project(sample).id}/next/")["id"]}
    assert offered == {t["id"] for source, t in tasks.items() if source != first}


@pytest.mark.slow
def test_a_skipped_review_stays_open_and_is_left_to_people(sample: Sample) -> None:
    disagree(sample)
    sample.corpus.send_disagreements()
    settle(sample, "b.txt", [tone("angry")], was_cancelled=True)
    taken_in(sample)
    (sent,) = sample.corpus.send_disagreements()
    assert (sent.writes, plan_of(sent).skipped, plan_of(sent).waiting) == (0, 1, 1)
    assert sample.corpus.adjudicate().open == 2


@pytest.mark.slow
def test_the_latest_review_counts_and_one_whose_words_are_gone_settles_nothing(sample: Sample) -> None:
    disagree(sample)
    sample.corpus.send_disagreements()
    settle(sample, "a.txt", [span(0, 3), span(10, 14, "ORG"), tone()])
    settle(sample, "a.txt", [span(10, 14, "PERSON"), tone()], who="sue")
    taken_in(sample)
    assert gold(sample, "spans").select("start", "label").rows() == [(10, "PERSON")]
    sample.write({**PAGES, "a.txt": "Quite another page by now, of no one in particular.\n"})
    sample.tables()
    assert sample.corpus.adjudicate().layers[0].reviewed == 0


@pytest.mark.slow
def test_suspicious_labels_go_to_a_second_look_and_come_back_as_gold(
    make_corpus: Any, client: LabelStudioClient
) -> None:
    pages = {f"{n}.txt": f"{n}: ACME said so.\n" for n in range(8)}
    sample = make_corpus(pages=pages)
    for n in range(8):
        label_by(sample, f"{n}.txt", {"ada": [span(3, 7, "PERSON" if n == 5 else "ORG"), tone()]})
    taken_in(sample)
    (sent,) = sample.corpus.send_suspects(limit=1)
    assert (sent.created, sent.plan.title) == (1, f"{sample.root.name}: names second look")
    (source,) = tasks = review_tasks(sample, "second look")
    assert source == "5.txt" and "Rather ORG?" in tasks[source]["data"]["corpus_kit_review"]
    assert sample.corpus.send_suspects(limit=1)[0].writes == 0
    body = {"result": [span(3, 7, "ORG"), tone()], "completed_by": account(client, "rae")}
    client.create_annotation(tasks[source]["id"], body)
    taken_in(sample)
    assert set(gold(sample, "spans")["label"]) == {"ORG"}
    assert sample.corpus.review() == []
    assert sample.corpus.send_suspects(limit=1)[0].writes == 0


def test_a_corpus_without_disagreements_gets_no_review_project(sample: Sample) -> None:
    label_by(sample, "c.txt", {"ada": [tone()]})
    taken_in(sample)
    assert sample.corpus.send_disagreements() == []
    assert sample.corpus.send_suspects() == []
    assert Path(sample.data / "gold").is_dir()


def test_a_pull_and_adjudicate_take_a_review_in_without_a_build(sample: Sample) -> None:
    disagree(sample)
    sample.corpus.send_disagreements()
    settle(sample, "b.txt", [tone("angry")])
    sample.corpus.pull()
    assert sample.corpus.adjudicate().layers[0].reviewed == 1


@pytest.mark.slow
def test_a_restore_says_that_review_projects_stay_away_and_reviews_still_count(sample: Sample) -> None:
    disagree(sample)
    sample.corpus.send_disagreements()
    settle(sample, "b.txt", [tone("angry")])
    taken_in(sample)
    before = gold(sample, "decisions")
    for title in sample.client.titles_with(f"{sample.root.name}: names"):
        for project in sample.client.find_projects(title):
            sample.client.delete_project(project.id)
    (labels,) = sample.corpus.restore()
    assert (labels.annotations, labels.refused) == (6, [])
    assert any(remark.startswith("1 reviews count as before") for remark in labels.remarks)
    taken_in(sample)
    assert gold(sample, "decisions").equals(before)


@pytest.mark.slow
@pytest.mark.parametrize("settings", ["", "allow_parties = true\n"])
def test_nobody_settles_a_dispute_they_are_a_party_to(sample: Sample, settings: str) -> None:
    toml = sample.root / "corpus.toml"
    toml.write_text(f"{toml.read_text('utf-8')}[adjudication]\n{settings}", encoding="utf-8")
    disagree(sample)
    sample.corpus.send_disagreements()
    settle(sample, "a.txt", [span(0, 3), span(10, 14, "PERSON"), tone()], who="ada")
    taken_in(sample)
    made = sample.corpus.adjudicate().layers[0]
    assert (made.reviewed, made.left_out) == ((1, 0) if settings else (0, 1))
    labels = set(gold(sample, "spans").select("start", "label").rows())
    assert ((10, "PERSON") in labels) == bool(settings)
    told = [r for r in sample.corpus.status().remarks if "settle nothing" in r]
    assert len(told) == (0 if settings else 1)
    assert {r.kind: (r.tasks, r.waiting, r.settled) for r in sample.corpus.status().reviews} == {"review": (2, 1, 1)}


def test_where_reviewers_are_named_nobody_else_settles_anything(sample: Sample) -> None:
    disagree(sample)
    sample.corpus.send_disagreements()
    settle(sample, "a.txt", [span(0, 3), tone()])
    settle(sample, "b.txt", [tone("angry")], who="sue")
    taken_in(sample)
    toml = sample.root / "corpus.toml"
    toml.write_text(
        f'{toml.read_text("utf-8")}[adjudication]\nreviewers = ["{pseudonym(sample, "rae")}"]\n', encoding="utf-8"
    )
    made = sample.corpus.adjudicate().layers[0]
    assert (made.reviewed, made.left_out) == (1, 1)
