"""Agreement by the rules, the month and the kind of text; how much work a width needs; nothing is measured twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from labelled_corpus import PAGES, entity, label, new_corpus

from corpus_kit import Corpus
from corpus_kit.agreement.measures.breakdown import LayerPart, agreement_by, drift, needed_for
from corpus_kit.agreement.measures.records import AgreementFigure
from corpus_kit.core.config import AgreementSettings as Settings
from corpus_kit.core.errors import UsageError
from corpus_kit.core.schema.columns import columns_of

JANUARY, MARCH = (datetime(2031, month, 31, 23, tzinfo=UTC) for month in (1, 3))
LAYER: Any = SimpleNamespace(name="stance", guidelines_sha256="2" * 64, guidelines_version="2", config_sha256="c" * 64)


def write(folder: Path, table: str, rows: list[dict[str, Any]]) -> None:
    dtypes = columns_of(table)
    folder.mkdir(exist_ok=True)
    frame = pl.DataFrame([dict.fromkeys(dtypes) | row for row in rows], schema=dtypes, orient="row")
    frame.write_parquet(folder / f"{table}-00000.parquet")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Eight documents: people agree on the four in English of January, made under the first text of the guidelines, and
    on none of the four in Polish of March, made under the second; the last was begun in January."""
    made, answers, documents = [], [], []
    for number in range(8):
        late = number > 3
        documents.append(
            {"doc_id": f"d{number}", "text_sha256": "t", "n_chars": 9, "duplicate_cluster": f"d{number}",
             "language": "pl" if late else "en", "outlet": "Tribune" if late else "Post"}
        )  # fmt: skip
        for person in "ab":
            early_start = number == 7 and person == "a"
            made.append(
                {"annotation_id": f"{number}{person}", "doc_id": f"d{number}", "layer": "stance", "origin": "human",
                 "annotator": person, "status": "submitted", "text_sha256": "t",
                 "guidelines_sha256": ("2" if late else "1") * 64, "config_sha256": "c" * 64,
                 "created_at": MARCH if late and not early_start else JANUARY}
            )  # fmt: skip
            value = "xy"[number % 2] if not late or person == "a" else "yx"[number % 2]
            answers.append({"annotation_id": f"{number}{person}", "doc_id": f"d{number}", "layer": "stance",
                            "control": "stance", "kind": "choice", "value": value})  # fmt: skip
    write(tmp_path / "documents", "documents", documents)
    write(tmp_path / "annotations", "annotations", made)
    write(tmp_path / "annotations", "choices", answers)
    return tmp_path


def alphas(parts: list[LayerPart]) -> dict[str, float | None]:
    return {p.value: next(f.value for f in p.figures if f.measure == "observed") for p in parts}


@pytest.mark.parametrize(
    ("by", "agreeing", "differing"),
    [
        ("guidelines", "11111111", "22222222 (current, 2)"),
        ("month", "2031-01", "2031-03"),
        ("language", "en", "pl"),
        ("publisher", "Post", "Tribune"),
    ],
)
def test_each_part_has_its_own_figure_the_earliest_first(out: Path, by: str, agreeing: str, differing: str) -> None:
    parts = agreement_by(out, [LAYER], Settings(), by)
    assert alphas(parts) == {agreeing: 1.0, differing: 0.0}
    assert [part.documents for part in parts] == [4, 4]
    assert [part.value for part in parts] == [agreeing, differing]


def test_what_is_the_same_for_all_is_one_part(out: Path) -> None:
    assert alphas(agreement_by(out, [LAYER], Settings(), "config")) == {"cccccccc (current)": 0.5}
    assert alphas(agreement_by(out, [LAYER], Settings(), "suggested")) == {"by hand": 0.5}


def test_a_breakdown_that_does_not_exist_is_answered_with_the_likely_one(out: Path) -> None:
    with pytest.raises(UsageError, match="month"):
        agreement_by(out, [LAYER], Settings(), "mont")


def test_each_month_has_everybody_against_the_rest_and_the_guidelines_first_used_in_it(out: Path) -> None:
    january, march = drift(out, [LAYER], Settings())
    assert (january["value"], march["value"]) == ("2031-01", "2031-03")
    own = {
        (m["value"], p["annotator"], p["value"])
        for m in (january, march)
        for p in m["people"]
        if p["measure"] == "observed"
    }
    assert own == {("2031-01", "a", 1.0), ("2031-01", "b", 1.0), ("2031-03", "a", 0.0), ("2031-03", "b", 0.0)}
    assert january["guidelines"] == ["11111111", "22222222 (current, 2)"]  # the early start is under the second text
    assert march["guidelines"] == []


def test_half_the_width_takes_four_times_the_documents() -> None:
    def figure(**other: Any) -> AgreementFigure:
        known = {"measure": "gamma", "layer": "l", "control": None, "label": None, "target": None, "pair": False,
                 "annotators": ("a", "b"), "value": 0.7, "low": 0.6, "high": 0.8, "n_documents": 25, "n_items": 9,
                 "n_groups": 20}  # fmt: skip
        return AgreementFigure(**(known | other))

    wanted = [figure(), figure(low=None, high=None), figure(low=0.69, high=0.7), figure(pair=True), figure(label="x")]
    found = needed_for(wanted, 0.1)
    assert [one.more for one in found] == [60, None, 0]


def test_figures_are_not_measured_again_where_nothing_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus: Corpus = new_corpus(tmp_path / "corpus")
    text = PAGES["ferry.txt"]
    work = {"ferry.txt": {"ada": [entity(text, "Ola Brandt", "PERSON")], "ben": [entity(text, "Ola Brandt", "PERSON")]}}
    label(corpus, "entities", work, tmp_path)
    before = corpus.agreement()
    corpus.build()

    def never(*_: object, **__: object) -> None:
        raise AssertionError("measured again")

    with monkeypatch.context() as patched:
        patched.setattr("corpus_kit.agreement.gold.build.measure_corpus", never)
        assert corpus.agreement() == before
        assert {f.layer for f in corpus.agreement("entities").figures} == {"entities"}
    again = {"ferry.txt": {"cyd": [entity(text, "Port Sellane", "GPE")]}}
    label(corpus, "entities", again, tmp_path)
    after = corpus.agreement()  # gold is older than the answers: only what was measured just now is kept
    assert after != before
    with monkeypatch.context() as patched:
        patched.setattr("corpus_kit.agreement.gold.build.measure_corpus", never)
        assert corpus.agreement() == after
