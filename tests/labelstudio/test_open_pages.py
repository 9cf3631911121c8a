"""Somebody has a page open while push writes: it can be submitted, and what is submitted counts.

A page is open as the labeling stream leaves it: the server has given the task to somebody, and no one has a draft yet.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from corpus_samples import CONFIG, GUIDELINES, PAGES, MakeSample, Sample, span

pytestmark = pytest.mark.studio
NOW_GONE = "[label_studio]\nopen_hours = 0\n"


def opened(sample: Sample) -> dict[str, Any]:
    """The task that the labeling stream gives out, as the page in the browser has it."""
    task = sample.client.transport.get(f"/api/projects/{sample.project.id}/next/")
    assert isinstance(task, dict)
    return task


def submit(sample: Sample, task: dict[str, Any], results: list[dict[str, Any]]) -> None:
    """What the page sends on Submit, with the suggestion it began with."""
    began = [p["id"] for p in task["predictions"]][:1]
    body: dict[str, Any] = {"result": results, "lead_time": 60.0}
    body |= {"parent_prediction": began[0]} if began else {}
    sample.client.transport.post(f"/api/tasks/{task['id']}/annotations/", body)


def rewrite(sample: Sample) -> None:
    sample.write({name: f"Updated. {text}" for name, text in PAGES.items()})


def settings(sample: Sample, toml: str) -> None:
    file = sample.root / "corpus.toml"
    file.write_text(file.read_text("utf-8") + toml, encoding="utf-8")


def new_text(sample: Sample) -> None:
    rewrite(sample)


def other_suggestions(sample: Sample) -> None:
    sample.suggest([(name, 1, 2, "ORG") for name in PAGES], version="names-2")


def no_suggestions(sample: Sample) -> None:
    sample.suggest([])


def another_label(sample: Sample) -> None:
    more = CONFIG.replace('<Label value="ORG"/>', '<Label value="ORG"/><Label value="PLACE"/>')
    (sample.root / "annotation" / "names" / "config.xml").write_text(more, encoding="utf-8")


def other_guidelines(sample: Sample) -> None:
    (sample.root / "annotation" / "names" / "guidelines.md").write_text(f"{GUIDELINES}\nMore.\n", encoding="utf-8")


def more_people(sample: Sample) -> None:
    settings(sample, "[label_studio]\noverlap = 2\n")


def other_title(sample: Sample) -> None:
    """As when another build reads a page's title otherwise."""
    for task in sample.tasks():
        sample.client.update_task(task["id"], task["data"] | {"title": "spoilt"})


WRITES = [
    new_text,
    other_suggestions,
    no_suggestions,
    another_label,
    other_guidelines,
    more_people,
    other_title,
]


@pytest.mark.parametrize("change", WRITES, ids=lambda one: str(one.__name__))
def test_a_page_that_is_open_during_a_push_can_be_submitted(sample: Sample, change: Any) -> None:
    sample.suggest([(name, 0, 3, "PERSON") for name in PAGES])
    sample.corpus.push()
    page = opened(sample)
    assert page["predictions"], "the page begins with a suggestion"
    change(sample)
    (pushed,) = sample.corpus.push()
    assert pushed.writes and not pushed.removed
    submit(sample, page, [span(0, 3)])
    (pulled,) = sample.corpus.pull()
    assert (pulled.annotations, pulled.deleted) == (1, [])
    sample.tables()
    (row,) = pl.read_parquet(sample.data / "annotations" / "annotations-*.parquet").to_dicts()
    assert (row["doc_id"], row["text_sha256"], row["status"]) == (
        page["data"]["doc_id"],
        page["data"]["text_sha256"],
        "submitted",
    )


def test_what_is_submitted_to_an_older_text_is_carried_to_the_new_task(sample: Sample) -> None:
    sample.corpus.push()
    page = opened(sample)
    rewrite(sample)
    sample.corpus.push()
    submit(sample, page, [span(0, 3)])
    sample.corpus.pull()
    sample.tables()
    carried = pl.read_parquet(sample.data / "annotations" / "carried-*.parquet")
    assert carried.select("start", "end", "verdict").rows() == [(9, 12, "shifted")]
    (pushed,) = sample.corpus.push()
    assert pushed.replaced == 1
    new = next(t for t in sample.tasks() if t["data"]["doc_id"] == page["data"]["doc_id"] and t["id"] != page["id"])
    (shown,) = sample.client.predictions(new["id"])
    assert [(r["value"]["start"], r["value"]["end"]) for r in shown["result"]] == [(9, 12)]
    assert [(o.task, o.reason, o.work) for o in pushed.plan.orphaned] == [(page["id"], "text_changed", 1)]
    assert sample.corpus.push()[0].writes == 0


def test_an_older_text_is_given_to_nobody_and_goes_when_nobody_can_have_it_open(sample: Sample) -> None:
    sample.corpus.push()
    old = {t["id"] for t in sample.tasks()}
    page = opened(sample)
    rewrite(sample)
    (first,) = sample.corpus.push()
    assert (first.created, first.out, first.removed) == (3, 3, 0)
    assert opened(sample)["id"] not in old, "not even whom the server had given it to"
    (second,) = sample.corpus.push()
    assert (second.writes, len(second.plan.resting)) == (0, 3)
    sample.client.create_draft(page["id"], {"result": [span(0, 3)], "lead_time": 1.0})
    settings(sample, NOW_GONE)
    (later,) = sample.corpus.push()
    assert (later.removed, [o.task for o in later.plan.orphaned]) == (2, [page["id"]]), "what is begun is left alone"
    assert {t["id"] for t in sample.tasks()} & old == {page["id"]}
    assert sample.corpus.push()[0].writes == 0


def test_a_new_overlap_gives_an_older_text_to_nobody(sample: Sample) -> None:
    sample.corpus.push()
    old = {t["id"] for t in sample.tasks()}
    rewrite(sample)
    sample.corpus.push()
    settings(sample, "[label_studio]\noverlap = 2\nopen_hours = 0\n")
    (pushed,) = sample.corpus.push()
    assert (pushed.out, pushed.removed) == (3, 0), "the server had put them back for a moment"
    assert opened(sample)["id"] not in old
    assert sample.corpus.push()[0].removed == 3


def test_a_text_that_is_current_again_is_given_out_again(sample: Sample) -> None:
    sample.corpus.push()
    old = {t["id"] for t in sample.tasks()}
    rewrite(sample)
    sample.corpus.push()
    sample.write(PAGES)
    (pushed,) = sample.corpus.push()
    assert (pushed.created, pushed.out) == (0, 6), "three are back, three are out"
    assert opened(sample)["id"] in old
    assert sample.corpus.push()[0].writes == 0


def test_the_newest_task_stays_so_that_its_number_goes_to_no_other(make_corpus: MakeSample) -> None:
    """A page left open for longer than a day must never submit to another document."""
    sample = make_corpus(pages={"a.txt": PAGES["a.txt"]}, settings=NOW_GONE)
    sample.corpus.push()
    sample.write({"a.txt": PAGES["b.txt"]})
    sample.corpus.push()
    newest = sample.task_of("a.txt")
    sample.write({"a.txt": PAGES["a.txt"]})
    sample.corpus.push()
    (pushed,) = sample.corpus.push()
    assert (pushed.writes, [o.task for o in pushed.plan.resting]) == (0, [newest])
