"""Hidden checks on a real server: given to everybody, looking like any other task, and scored."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import pytest
from corpus_samples import MakeSample, Sample, label_by, pseudonym, span, tone

from corpus_kit.core.errors import ConfigError
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.api.problems import RefusedError

pytestmark = pytest.mark.studio

PAGES = {f"{n}.txt": f"{n}: ACME met Zoë.\n" for n in range(6)}
CHECKS = "[label_studio]\nchecks = 0.3\n"


@pytest.fixture(scope="module")
def newcomer(client: LabelStudioClient) -> Iterator[LabelStudioClient]:
    """Somebody who signs up by the server's invitation, with a token of their own."""
    url, link = client.transport.url, client.transport.get("/api/invite")["invite_url"]
    with httpx2.Client(base_url=url, follow_redirects=True, timeout=60) as page:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.get(link).text)
        assert token
        form = {"csrfmiddlewaretoken": token[1], "email": "newcomer@people.example", "password": "a-Long-one-0"}
        page.post(link, data=form, headers={"Referer": url + link})
        own = page.get("/api/current-user/token").json()["token"]
    with LabelStudioClient(url, own) as made:
        yield made


def known(sample: Sample, *sources: str) -> None:
    """An expert labels these and marks them as ground truth; others label other pages."""
    for source in sources:
        label_by(sample, source, {"expert": [span(3, 7, "ORG"), span(12, 15), tone()]}, ground_truth=True)
    sample.corpus.pull()
    sample.tables()


def overlaps(sample: Sample) -> dict[str, int]:
    tasks = sample.client.tasks(sample.project.id, ("id", "data", "overlap"))
    return {t["data"]["source"]: t["overlap"] for t in tasks}


def offered(sample: Sample, who: LabelStudioClient) -> list[str]:
    """The pages that the labeling stream gives somebody, who submits each."""
    pages: list[str] = []
    while True:
        try:
            task = who.transport.get(f"/api/projects/{sample.project.id}/next/")
        except RefusedError as e:
            assert e.status == 404
            return pages
        pages.append(task["data"]["source"])
        who.create_annotation(task["id"], {"result": [span(3, 7, "ORG"), tone()]})


@pytest.mark.slow
def test_a_check_is_offered_to_everybody_and_looks_like_any_other_task(
    make_corpus: MakeSample, newcomer: LabelStudioClient
) -> None:
    sample = make_corpus(pages=PAGES, settings=CHECKS)
    known(sample, "0.txt", "1.txt", "2.txt")
    sample.suggest([(source, 3, 7, "ORG") for source in PAGES])
    (pushed,) = sample.corpus.push()
    assert (pushed.checks, pushed.created) == (2, 0), "0.3 of six pages, rounded up"
    checks = {source for source, n in overlaps(sample).items() if n > 1}
    assert len(checks) == 2 and checks < {"0.txt", "1.txt", "2.txt"}
    (again,) = sample.corpus.push()
    assert again.writes == 0
    tasks = sample.tasks()
    assert len({frozenset(t["data"]) for t in tasks}) == 1, "the same fields"
    shown = {t["data"]["source"]: sample.client.predictions(t["id"]) for t in tasks}
    assert {len(p) for p in shown.values()} == {1} and {len(p[0]["result"]) for p in shown.values()} == {1}
    rest = {"3.txt", "4.txt", "5.txt"}
    for source in rest:
        label_by(sample, source, {"ada": [tone()]})
    assert set(offered(sample, newcomer)) == checks, "labelled by one already, which is all the others are for"
    assert offered(sample, newcomer) == []


def test_scores_stand_on_status_by_person_with_counts(make_corpus: MakeSample) -> None:
    sample = make_corpus(pages=PAGES, settings=CHECKS)
    known(sample, "0.txt", "1.txt")
    label_by(
        sample, "0.txt", {"ada": [span(3, 7, "ORG"), tone("angry")], "ben": [span(3, 7, "ORG"), span(12, 15), tone()]}
    )
    label_by(sample, "1.txt", {"ada": [span(12, 15), tone()]})
    label_by(sample, "4.txt", {"ada": [tone("angry")]})
    sample.corpus.pull()
    sample.tables()
    names = sample.corpus.status().checks
    scores = {c.documents: c for c in names}
    assert len(names) == 2, "the expert is not held against their own answers"
    ada, ben = scores[2], scores[1]
    assert (ada.spans, ada.spans_f1, ada.answers, ada.answers_equal) == (4, pytest.approx(2 * 2 / (4 + 2)), 2, 0.5)
    assert (ben.spans, ben.spans_f1, ben.answers, ben.answers_equal) == (2, 1.0, 1, 1.0)


def test_who_took_part_in_a_dispute_is_not_held_against_what_settled_it(make_corpus: MakeSample) -> None:
    sample = make_corpus(pages=PAGES, settings=CHECKS)
    label_by(sample, "0.txt", {"ada": [tone("plain")], "ben": [tone("angry")]})
    sample.corpus.pull()
    sample.tables()
    sample.corpus.adjudicate()
    sample.corpus.send_disagreements()
    (project,) = sample.client.find_projects(f"{sample.root.name}: names review")
    (task,) = sample.client.tasks(project.id)
    sample.client.create_annotation(task["id"], {"result": [tone("angry")]})
    label_by(sample, "0.txt", {"cyd": [tone("plain")]})
    sample.corpus.pull()
    sample.tables()
    (score,) = sample.corpus.status().checks
    assert (score.annotator, score.documents, score.answers_equal) == (pseudonym(sample, "cyd"), 1, 0.0)
    (pushed,) = sample.corpus.push()
    assert pushed.checks == 1


def test_checks_are_taken_back_and_come_anew_with_another_overlap(make_corpus: MakeSample) -> None:
    sample = make_corpus(pages=PAGES, settings=CHECKS)
    known(sample, "0.txt")
    sample.corpus.push()
    assert overlaps(sample)["0.txt"] > 1000
    toml = sample.root / "corpus.toml"
    toml.write_text(toml.read_text("utf-8") + "overlap = 3\n", "utf-8")
    (pushed,) = sample.corpus.push()
    assert (pushed.plan.settings, pushed.checks) == (["overlap"], 1)
    assert overlaps(sample)["0.txt"] > 1000 and overlaps(sample)["5.txt"] == 3
    toml.write_text(toml.read_text("utf-8").replace("checks = 0.3\n", ""), "utf-8")
    (pushed,) = sample.corpus.push()
    assert pushed.checks == 1
    assert set(overlaps(sample).values()) == {3}
    assert sample.corpus.push()[0].writes == 0


def test_the_known_answer_is_never_shown(make_corpus: MakeSample) -> None:
    """Work on an older text is carried into the new task as its suggestion; not on a check."""
    sample = make_corpus(pages=PAGES, settings=CHECKS)
    known(sample, "0.txt")
    label_by(sample, "5.txt", {"ada": [span(3, 7, "ORG")]})
    sample.corpus.pull()
    sample.write({name: f"Updated. {text}" for name, text in PAGES.items()})
    sample.tables()
    sample.corpus.push()
    assert sample.client.predictions(sample.task_of("5.txt"))
    assert sample.client.predictions(sample.task_of("0.txt")) == []


def test_without_a_known_answer_push_says_so_and_a_wrong_share_is_refused(
    make_corpus: MakeSample, capsys: pytest.CaptureFixture[str]
) -> None:
    from corpus_kit.cli.output import ConsoleProgress

    sample = make_corpus(pages=PAGES, settings=CHECKS)
    assert sample.corpus.push(progress=ConsoleProgress())[0].checks == 0
    assert "No document has a known answer yet" in capsys.readouterr().err
    toml = sample.root / "corpus.toml"
    toml.write_text(toml.read_text("utf-8").replace("0.3", "5"), "utf-8")
    with pytest.raises(ConfigError, match="checks"):
        _ = sample.corpus
