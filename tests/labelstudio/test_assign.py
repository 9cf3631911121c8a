"""Pages of one's own: who gets what, once; what comes back; what goes to somebody else."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import uuid
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpus_samples import MakeSample, Sample, account, span
from faultproxy import FaultProxy
from killing import command, kill_at

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import ConfigError, UsageError
from corpus_kit.labelstudio.server.process import StudioServer
from corpus_kit.labelstudio.sync.own_work import people_status
from corpus_kit.pipeline.sync import server_context

pytestmark = pytest.mark.studio
PAGES = {f"p{n}.txt": f"Page {n}: Zoë met ACME.\n" for n in range(6)}
ASSIGN = '[assign]\npeople = ["ada", "ben", "cyd"]\noverlap = 2\n'


def dealt(sample: Sample) -> dict[str, set[str]]:
    """Document → people, as the file says; read without the toolkit."""
    with (sample.root / "assignments.csv").open(encoding="utf-8", newline="") as lines:
        return {row["doc_id"]: set(row["people"].split()) for row in csv.DictReader(lines)}


def project_of(sample: Sample, person: str) -> int:
    (found,) = sample.client.find_projects(f"{sample.root.name}: names {person}")
    return found.id


def tasks_of(sample: Sample, person: str) -> dict[str, dict[str, Any]]:
    tasks = sample.client.tasks(project_of(sample, person), ("id", "data", "meta", "overlap", "updated_at"))
    return {t["data"]["doc_id"]: t for t in tasks}


def queue(sample: Sample, person: str) -> set[str]:
    """Documents that may still be given out in somebody's project."""
    listed = sample.client.tasks(project_of(sample, person), ("id", "data", "is_labeled"))
    return {t["data"]["doc_id"] for t in listed if not t["is_labeled"]}


def submit(sample: Sample, person: str, doc_ids: list[str]) -> None:
    for doc_id in doc_ids:
        body = {"result": [span(0, 4)], "completed_by": account(sample.client, person), "unique_id": str(uuid.uuid4())}
        sample.client.create_annotation(tasks_of(sample, person)[doc_id]["id"], body)


def settings(sample: Sample, before: str, after: str) -> None:
    file = sample.root / "corpus.toml"
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def taken_in(sample: Sample) -> None:
    sample.corpus.pull()
    sample.tables()


def test_everybody_gets_their_own_once_and_pairs_share_equally(make_corpus: MakeSample) -> None:
    sample = make_corpus(pages=PAGES, settings=ASSIGN)
    sample.suggest([("p0.txt", 0, 4, "ORG")])
    planned = sample.corpus.push(dry_run=True)
    assert [(p.plan.person, len(p.plan.create)) for p in planned] == [("ada", 4), ("ben", 4), ("cyd", 4)]
    assert not (sample.root / "assignments.csv").exists()
    pushed = sample.corpus.push()
    assert [p.created for p in pushed] == [4, 4, 4]
    deal = dealt(sample)
    assert set(deal) == {d["doc_id"] for d in sample.documents()}
    pairs = [
        sum({one, two} <= people for people in deal.values()) for one, two in combinations(["ada", "ben", "cyd"], 2)
    ]
    assert pairs == [2, 2, 2]
    for person in ("ada", "ben", "cyd"):
        mine = tasks_of(sample, person)
        assert set(mine) == {d for d, people in deal.items() if person in people}
        assert {t["overlap"] for t in mine.values()} == {1}
    assert sample.client.find_projects(f"{sample.root.name}: names") == [], "there is no project for everybody"
    before = {person: tasks_of(sample, person) for person in ("ada", "ben", "cyd")}
    assert [p.writes for p in sample.corpus.push()] == [0, 0, 0]
    assert {person: tasks_of(sample, person) for person in before} == before


def test_what_everybody_did_comes_back_and_is_counted(make_corpus: MakeSample, capsys: Any) -> None:
    sample = make_corpus(pages=PAGES, settings=ASSIGN)
    sample.corpus.push()
    deal = dealt(sample)
    both = sorted(d for d, people in deal.items() if people == {"ada", "ben"})
    submit(sample, "ada", both)
    submit(sample, "ben", both[:1])
    pulled = {(p.layer, p.person): p.annotations for p in sample.corpus.pull()}
    assert {k: n for k, n in pulled.items() if n} == {("names", "ada"): 2, ("names", "ben"): 1}
    assert all(p.entry is None for p in sample.corpus.pull())
    sample.tables()
    rows = pl.read_parquet(sample.data / "annotations" / "annotations-*.parquet")
    assert sorted(rows["doc_id"].value_counts().rows()) == sorted([(both[0], 2), (both[1], 1)])
    assert rows["annotator"].n_unique() == 2
    people, shared = people_status(server_context(sample.corpus, "status"))
    assert [(p.person, p.assigned, p.done) for p in people] == [("ada", 4, 2), ("ben", 4, 1), ("cyd", 4, 0)]
    assert {(s.one, s.two): (s.assigned, s.done) for s in shared} == {
        ("ada", "ben"): (2, 1),
        ("ada", "cyd"): (2, 0),
        ("ben", "cyd"): (2, 0),
    }
    ada = people[0]
    assert ada.per_day == 2.0 and ada.ends
    assert run(cli, ["status", "--people", "--json", "--corpus", str(sample.root)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [p["done"] for p in told["people"]] == [2, 1, 0]
    assert [s.tasks for s in sample.corpus.status().layers] == [12]


def test_who_comes_later_changes_nobodys_pages_and_new_pages_are_dealt(make_corpus: MakeSample) -> None:
    sample = make_corpus(pages=PAGES, settings=ASSIGN)
    sample.corpus.push()
    deal = dealt(sample)
    settings(sample, '"cyd"]', '"cyd", "dan"]')
    assert [p.writes for p in sample.corpus.push()] == [0, 0, 0]
    assert dealt(sample) == deal
    sample.write({**PAGES, **{f"q{n}.txt": f"Another page {n}.\n" for n in range(3)}})
    sample.corpus.push()
    after = dealt(sample)
    assert {d: people for d, people in after.items() if d in deal} == deal
    assert all("dan" in people and len(people) == 2 for d, people in after.items() if d not in deal)


def test_a_limit_deals_the_next_pages_only(make_corpus: MakeSample) -> None:
    sample = make_corpus(pages=PAGES, settings=ASSIGN + "share = 0.5\n")
    (one, *_) = sample.corpus.push(limit=2)
    assert one.plan.later == 4 and len(dealt(sample)) == 2
    assert sorted(map(len, dealt(sample).values())) == [1, 2]
    assert sum(p.writes for p in sample.corpus.push(limit=2)) and len(dealt(sample)) == 4
    sample.corpus.push()
    assert sorted(map(len, dealt(sample).values())) == [1, 1, 1, 2, 2, 2]


@pytest.mark.slow
def test_pages_of_who_left_go_to_the_others_and_what_is_done_stays(make_corpus: MakeSample) -> None:
    sample = make_corpus(pages=PAGES, settings=ASSIGN)
    sample.corpus.push()
    before = dealt(sample)
    mine = sorted(d for d, people in before.items() if "cyd" in people)
    submit(sample, "cyd", mine[:1])
    open_page = tasks_of(sample, "cyd")[mine[1]]
    taken_in(sample)
    settings(sample, ', "cyd"]', "]")
    assert all(p.writes == 0 for p in sample.corpus.push()), "nothing moves by itself"
    planned = sample.corpus.push(reassign=True, dry_run=True)
    assert dealt(sample) == before and sum(len(p.plan.create) for p in planned) == 3
    sample.corpus.push(reassign=True)
    after = dealt(sample)
    assert {d for d, people in after.items() if "cyd" in people} == {mine[0]}
    assert all(len(people) == 2 for people in after.values())
    assert queue(sample, "cyd") == set()
    assert set(mine[1:]) <= set(tasks_of(sample, "ada")) | set(tasks_of(sample, "ben"))
    assert [p.writes for p in sample.corpus.push(reassign=True)] == [0, 0, 0]
    # What was open while the page went to somebody else is taken all the same.
    sample.client.create_annotation(open_page["id"], {"result": [span(0, 4)], "unique_id": str(uuid.uuid4())})
    assert sum(p.annotations for p in sample.corpus.pull()) == 1


@pytest.mark.slow
def test_pages_of_who_is_idle_go_to_those_at_work(make_corpus: MakeSample) -> None:
    sample = make_corpus(pages=PAGES, settings=ASSIGN)
    sample.corpus.push()
    assert [p.writes for p in sample.corpus.push(reassign=True)] == [0, 0, 0], "at the start no one is idle"
    deal = dealt(sample)
    for person in ("ada", "ben"):
        submit(sample, person, sorted(d for d, people in deal.items() if person in people)[:1])
    taken_in(sample)
    sample.corpus.push(reassign=True)
    assert not any("cyd" in people for people in dealt(sample).values())
    assert {d for d, people in dealt(sample).items() if len(people) == 2} == set(deal)


def test_names_that_are_none_and_titles_that_are_too_long_are_refused(make_corpus: MakeSample) -> None:
    sample = make_corpus(pages=PAGES)
    with pytest.raises(UsageError, match="No one has pages of their own"):
        sample.corpus.push(reassign=True)
    for people in ('["ada@team.example"]', '["review"]', '["ada", "Ada"]'):
        (sample.root / "corpus.toml").write_text(
            f'name = "abc"\nlayers = ["names"]\n[assign]\npeople = {people}\n', encoding="utf-8"
        )
        with pytest.raises(ConfigError):
            _ = sample.corpus
    long = f'name = "{"n" * 40}"\nlayers = ["names"]\n[assign]\npeople = ["annabelle"]\n'
    Path(sample.root / "corpus.toml").write_text(long, encoding="utf-8")
    with pytest.raises(ConfigError, match="at most 50 characters"):
        sample.corpus.push()


@pytest.mark.slow
def test_known_pages_come_first_and_the_rest_after_they_are_passed(make_corpus: MakeSample) -> None:
    sample = make_corpus(pages=PAGES)
    sample.corpus.push()
    known = [d["doc_id"] for d in sample.documents()][:2]
    tasks = {t["data"]["doc_id"]: t["id"] for t in sample.tasks()}
    for doc_id in known:
        body = {"result": [span(8, 11)], "ground_truth": True, "completed_by": account(sample.client, "eve")}
        sample.client.create_annotation(tasks[doc_id], body | {"unique_id": str(uuid.uuid4())})
    taken_in(sample)
    file = sample.root / "corpus.toml"
    file.write_text(file.read_text("utf-8") + ASSIGN + "first = 2\n", encoding="utf-8")
    sample.corpus.push()
    assert {frozenset(tasks_of(sample, person)) for person in ("ada", "ben", "cyd")} == {frozenset(known)}
    assert all(not sample.client.predictions(t["id"]) for t in tasks_of(sample, "ada").values()), "no answer is shown"
    for person, start in (("ada", 8), ("ben", 0)):
        for doc_id in known:
            body = {"result": [span(start, 11)], "completed_by": account(sample.client, person)}
            body["unique_id"] = str(uuid.uuid4())
            sample.client.create_annotation(tasks_of(sample, person)[doc_id]["id"], body)
    taken_in(sample)
    told = {p.person: (p.done, p.first) for p in sample.corpus.status().people}
    assert told == {"ada": (2, "passed"), "ben": (2, "2 of 2"), "cyd": (0, "0 of 2")}
    sample.corpus.push()
    deal = dealt(sample)
    assert set(tasks_of(sample, "ada")) == {d for d, people in deal.items() if "ada" in people} | set(known)
    assert set(tasks_of(sample, "ben")) == set(tasks_of(sample, "cyd")) == set(known)
    assert [p.writes for p in sample.corpus.push()] == [0, 0, 0]


def end_state(sample: Sample) -> list[Any]:
    """Who has which page, and what is in everybody's project and still given out there."""
    people = ("ada", "ben", "cyd")
    return [
        (sample.root / "assignments.csv").read_text("utf-8"),
        *((person, sorted(tasks_of(sample, person)), sorted(queue(sample, person))) for person in people),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--reassign",)], ids=["assign", "reassign"])
def test_a_push_killed_at_any_request_and_run_again_ends_like_an_undisturbed_one(
    make_corpus: MakeSample,
    faults: FaultProxy,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
) -> None:
    pages = dict(list(PAGES.items())[:3])
    sample = make_corpus(pages=pages, settings=ASSIGN)
    monkeypatch.setenv("LABEL_STUDIO_URL", faults.url)
    toml = sample.root / "corpus.toml"
    whole = toml.read_text("utf-8")

    def start() -> None:
        faults.choose = lambda _number, _method, _path: None
        for person in ("ada", "ben", "cyd"):
            for project in sample.client.find_projects(f"{sample.root.name}: names {person}"):
                sample.client.delete_project(project.id)
        (sample.root / "assignments.csv").unlink(missing_ok=True)
        toml.write_text(whole, encoding="utf-8")
        if options:
            sample.corpus.push()
            settings(sample, ', "cyd"]', "]")

    start()
    sample.corpus.push(reassign=bool(options))
    undisturbed = end_state(sample)
    number = killed = 0
    while True:
        number += 3  # each of them takes three whole pushes
        start()
        running: list[subprocess.Popen[bytes]] = []
        kill_at(faults, number, running)
        running.append(command(sample, "push", faults.url, studio.login.token, *options))
        if running[0].wait() == 0:
            break
        assert running[0].returncode == -signal.SIGKILL
        killed += 1
        faults.choose = lambda _number, _method, _path: None
        sample.corpus.push(reassign=bool(options))
        assert end_state(sample) == undisturbed, f"killed at request {number}"
        assert not any(p.writes for p in sample.corpus.push(reassign=bool(options)))
    assert killed >= 4
