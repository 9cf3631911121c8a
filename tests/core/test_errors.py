"""Errors carry one sentence and a next step, also out of worker processes; a near miss is offered, a far one is not."""

from __future__ import annotations

import pickle

import pytest

from corpus_kit.core import errors
from corpus_kit.core.errors import CorpusKitError, did_you_mean
from corpus_kit.core.progress import Silent, counted
from corpus_kit.core.reasons import REASONS
from corpus_kit.core.records import Finding

KINDS = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, CorpusKitError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_survives_the_way_out_of_a_worker(kind: type[CorpusKitError]) -> None:
    again = pickle.loads(pickle.dumps(kind("what is wrong", "the next step")))
    assert type(again) is kind
    assert (again.message, again.hint, str(again)) == ("what is wrong", "the next step", "what is wrong")
    assert again.exit_code in (1, 2, 3)


def test_a_near_miss_is_offered_and_a_far_one_is_not() -> None:
    assert did_you_mean("nmae", ["name", "version"]) == " Did you mean 'name'?"
    assert did_you_mean("vers", ["licence", "version"]) == " Did you mean 'version'?"
    assert did_you_mean("pub", ["licence", "published_on"]) == " Did you mean 'published_on'?", "a beginning will do"
    assert did_you_mean("pu", ["licence", "published_on"]) == "", "two letters are none"
    assert did_you_mean("xyzzy", ["name", "version"]) == ""


def test_every_reason_says_what_and_what_next() -> None:
    for code, reason in REASONS.items():
        assert code == reason.code and code.replace("_", "").isalpha() and code.islower()
        assert reason.meaning.endswith(".") and reason.hint


def test_a_finding_is_data_and_a_line() -> None:
    finding = Finding("wrong_hash", "documents", "doc_id=1", "text_sha256", "It differs.")
    assert finding.as_dict()["code"] == "wrong_hash"
    assert str(finding) == "wrong_hash: documents.text_sha256 [doc_id=1]: It differs."
    assert str(Finding("no_manifest", "documents", hint="Build.")) == "no_manifest: documents: Build."


def test_a_step_ends_with_its_block_whatever_happens() -> None:
    ended: list[object] = []

    class Watched(Silent):
        def finish(self, step: object) -> None:
            ended.append(step)

    watched = Watched()
    with pytest.raises(RuntimeError), counted(watched, "reading", 3) as step:
        step.advance()
        watched.remark("under way")
        raise RuntimeError
    assert ended == [watched]
