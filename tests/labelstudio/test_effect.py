"""What became of suggestions: accepted, edited and deleted ones, per suggester version, from what comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from corpus_samples import Sample, span

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.records import SuggesterOutcomes
from corpus_kit.ledger.outcomes import effects, outcome

A, B, C = span(0, 3), span(8, 11), span(20, 24, "ORG")
SNAPSHOT = {"model_version": "names@1", "result": [A, B, C]}


def submitted(*results: dict[str, Any], parent: int | None = 7) -> dict[str, Any]:
    return {"prediction": SNAPSHOT, "parent_prediction": parent, "result": list(results)}


@pytest.mark.parametrize(
    ("results", "accepted", "edited", "deleted", "added"),
    [
        ((A | {"origin": "prediction"}, B | {"origin": "prediction-changed"}), 1, 1, 1, 0),
        ((A, B | {"value": {**B["value"], "end": 12}}, C, span(30, 33)), 2, 1, 0, 1),
        ((), 0, 0, 3, 0),
        ((A | {"id": "another", "origin": "prediction"}, span(40, 44, origin="manual")), 1, 0, 2, 1),
    ],
)
def test_every_suggestion_was_accepted_edited_or_deleted(
    results: tuple[dict[str, Any], ...], accepted: int, edited: int, deleted: int, added: int
) -> None:
    told = outcome(submitted(*results))
    assert told is not None
    version, found = told
    assert version == "names@1"
    names = ("suggested", "accepted", "edited", "deleted", "added")
    assert tuple(found[n] for n in names) == (3, accepted, edited, deleted, added)


def test_work_that_began_empty_says_nothing_about_a_suggester() -> None:
    assert outcome(submitted(span(1, 2), parent=None)) is None
    assert outcome({"result": [A]}) is None


@pytest.mark.studio
def test_accepting_one_editing_one_and_deleting_one_comes_back_as_that(
    sample: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    sample.suggest(
        [("a.txt", 0, 3, "PERSON"), ("a.txt", 8, 11, "ORG"), ("a.txt", 15, 19, "ORG")], version="names@1-abc"
    )
    sample.corpus.push()
    task = sample.task_of("a.txt")
    (offered,) = sample.client.predictions(task)
    first, second, _ = offered["result"]
    changed = {**second, "value": {**second["value"], "end": 12}, "origin": "prediction-changed"}
    results = [first | {"origin": "prediction"}, changed, span(25, 28, origin="manual")]
    sample.client.create_annotation(task, {"result": results, "parent_prediction": offered["id"]})
    # Somebody who began with an empty page, and somebody who skipped one, tell nothing of the suggestions.
    sample.client.create_annotation(sample.task_of("b.txt"), {"result": [span(0, 6)]})
    skipped = {"result": [first | {"origin": "prediction"}], "was_cancelled": True, "parent_prediction": offered["id"]}
    sample.client.create_annotation(task, skipped)
    sample.corpus.pull()
    sample.tables()
    wanted = SuggesterOutcomes("names", "names", "names@1-abc", 1, 3, 1, 1, 1, 1)
    assert effects(sample.data) == [wanted]
    capsys.readouterr()
    assert run(cli, ["status", "--json", "--corpus", str(sample.root)]) == 0
    (told,) = json.loads(capsys.readouterr().out)["suggesters"]
    assert (told["accepted"], told["edited"], told["deleted"]) == (1, 1, 1)
    assert run(cli, ["status", "--corpus", str(sample.root)]) == 0
    assert "names@1-abc" in capsys.readouterr().out
