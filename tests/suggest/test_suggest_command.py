"""`suggest boilerplate`: refreshed as by a build, trained on people's own pages, and kept only where that helps."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
from labelled_corpus import label, mark, new_corpus, read, write_settings

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import UsageError
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.corpus import Corpus
from corpus_kit.suggest.boilerplate import BoilerplateModel, learn
from corpus_kit.suggest.boilerplate.learn import labelled_pages, majority, mean_and_error
from corpus_kit.suggest.boilerplate.retrain import LineEvidence, correct

FOOTER = "Our volunteers read every letter and answer most of them within a fortnight, weather permitting."
_PLACES = "Upper Tarn", "Vesk", "Little Quill", "Sennet Bay", "Port Sellane", "Marrow Head", "Ostrel"


def pages() -> dict[str, str]:
    """Seven stories, each with a sentence below that the packaged model takes for a part of the story."""
    return {
        f"{number}.txt": (
            f"Home | News | Sport\n\nThe wall of {place} falls\n\nThe orchard wall of {place} fell down in the night, and"
            f" by morning {number + 4} sheep stood among the apple trees.\n\nNobody in {place} admitted to owning them,"
            f" although one answered to the name of {place.split()[-1]}ina.\n\n{FOOTER}\n"
        )
        for number, place in enumerate(_PLACES)
    }


def footer_is_junk(text: str) -> list[dict[str, Any]]:
    return [mark("boilerplate", text, "Home | News | Sport", "navigation"), mark("boilerplate", text, FOOTER, "other")]


def labelled(
    folder: Path,
    marks: Callable[[str], list[dict[str, Any]]] = footer_is_junk,
    settings: str = "",
    people: tuple[str, ...] = ("ada",),
    most: int = 7,
) -> Corpus:
    corpus = new_corpus(folder / "corpus", pages(), settings)
    work = {name: {who: marks(text) for who in people} for name, text in list(pages().items())[:most]}
    label(corpus, "boilerplate", work, folder)
    corpus.build()
    return corpus


def made(corpus: Corpus) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (corpus.data / "suggestions").iterdir()}


def test_without_training_the_command_makes_what_the_build_made(tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus", pages())
    before = made(corpus)
    write_settings(corpus.root or tmp_path, "[suggest]\nthreshold = 0.999\n")
    other = Corpus.open(tmp_path / "corpus").suggest("boilerplate").suggested
    assert other.total < corpus.suggest("boilerplate").suggested.total, "the threshold decides"
    assert made(corpus) == before


def test_what_people_mark_on_every_page_is_suggested_after_training(tmp_path: Path) -> None:
    corpus = labelled(tmp_path)
    assert not read(corpus, "suggestions", "suggestions")["surface"].str.contains(FOOTER).any()
    result = corpus.suggest("boilerplate", train=True)
    learned = result.learned
    assert learned is not None and learned.installed
    assert (learned.pages, learned.from_gold, learned.open) == (7, 7, 0)
    assert learned.after.f1 > learned.before.f1
    found = read(corpus, "suggestions", "suggestions")
    assert found["surface"].str.contains(FOOTER).sum() == 7
    assert set(found["model_version"]) == {learned.version}
    (noted,) = (read_manifest(corpus.data / "suggestions") or {})["models"]
    assert (noted["version"], noted["sha256"]) == (learned.version, learned.sha256)
    assert hashlib.sha256((tmp_path / "corpus/models/boilerplate.npz").read_bytes()).hexdigest() == learned.sha256


def test_the_build_uses_the_corpus_s_own_model_and_without_it_the_packaged_one(tmp_path: Path) -> None:
    corpus = labelled(tmp_path)
    packaged = made(corpus)
    corpus.suggest("boilerplate", train=True)
    own = made(corpus)
    assert own != packaged
    corpus.build()
    assert made(corpus) == own
    (tmp_path / "corpus/models/boilerplate.npz").unlink()
    corpus.build()
    assert made(corpus) == packaged


@pytest.mark.slow
def test_training_twice_and_elsewhere_gives_the_same_bytes(tmp_path: Path) -> None:
    models = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        corpus = labelled(tmp_path / name)
        for _ in range(2):
            corpus.suggest("boilerplate", train=True)
            models.append((tmp_path / name / "corpus/models/boilerplate.npz").read_bytes())
    assert len(set(models)) == 1


def test_a_correction_that_does_not_help_is_refused_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Here learning goes wrong on purpose: the correction keeps short lines and marks long ones."""

    def contrary(
        evidence: LineEvidence, base_model: BoilerplateModel, left_out: Collection[int] = ()
    ) -> BoilerplateModel:
        lean = correct(evidence, base_model, left_out).lean.copy()
        lean[0], lean[2] = 12.0, -12.0  # the constant and the length, in log-odds of content
        return dataclasses.replace(base_model, version="contrary", lean=lean)

    monkeypatch.setattr(learn, "correct", contrary)
    corpus = labelled(tmp_path)
    before = made(corpus)
    monkeypatch.chdir(tmp_path / "corpus")
    assert run(cli, ["suggest", "boilerplate", "--train", "--json"]) == 1
    shown = capsys.readouterr()
    found = json.loads(shown.out)["learned"]
    assert found["installed"] is False
    assert found["version"] == BoilerplateModel.load().version
    assert "no better than the packaged model" in shown.err
    assert not Path("models").exists()
    assert made(corpus) == before


def test_better_scores_that_change_no_decision_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """People mark just what the packaged model marks: a correction makes it surer, and nothing else."""

    def the_same(text: str) -> list[dict[str, Any]]:
        (spans,) = BoilerplateModel.load().suggest([text], 0.5)
        return [mark("boilerplate", text, text[one.start : one.end], one.label) for one in spans]

    corpus = labelled(tmp_path, the_same)
    monkeypatch.chdir(tmp_path / "corpus")
    assert run(cli, ["suggest", "boilerplate", "--train", "--json"]) == 1
    shown = capsys.readouterr()
    found = json.loads(shown.out)["learned"]
    assert found["after"]["brier"] < found["before"]["brier"], "the scores would not show it"
    assert found["after"]["f1"] == found["before"]["f1"]
    assert (found["gain"], found["installed"]) == (0.0, False)
    assert "F1 +0.0000, standard error 0.0000" in shown.err
    assert not (corpus.root or tmp_path).joinpath("models").exists()


def test_a_gain_on_one_part_of_the_pages_is_no_more_than_chance() -> None:
    for gain in (0.1, 0.037, 1e-5):
        mean, error = mean_and_error([0.0, gain, 0.0, 0.0, 0.0])
        assert mean == pytest.approx(error) and not mean > error
    mean, error = mean_and_error([0.0, 0.05, 0.0, 0.05, 0.0])
    assert mean > error
    mean, error = mean_and_error([0.04, -0.03, 0.05, -0.04, 0.01])
    assert 0 < mean < error


def test_what_helps_one_page_of_seven_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All would be better on average; six pages say nothing of the sort."""
    learned_of = learn.correct

    def on_one(
        evidence: LineEvidence, base_model: BoilerplateModel, left_out: Collection[int] = ()
    ) -> BoilerplateModel:
        return learned_of(evidence, base_model, left_out) if 0 in left_out else base_model

    corpus = labelled(tmp_path)
    monkeypatch.setattr(learn, "correct", on_one)
    found = corpus.suggest("boilerplate", train=True).learned
    assert found is not None
    assert found.after.f1 > found.before.f1
    assert not found.installed


def test_single_answers_count_where_there_is_no_gold(tmp_path: Path) -> None:
    corpus = labelled(tmp_path, settings="[adjudication]\nmin_votes = 2\n")
    learned = corpus.suggest("boilerplate", train=True).learned
    assert learned is not None
    assert (learned.pages, learned.from_gold, learned.installed) == (7, 0, True)


def test_open_disagreements_are_left_out_and_counted(tmp_path: Path) -> None:
    corpus = labelled(tmp_path, most=6)
    text = pages()["6.txt"]
    work = {"6.txt": {"ada": footer_is_junk(text), "ben": []}}
    label(corpus, "boilerplate", work, tmp_path)
    corpus.build()
    learned = corpus.suggest("boilerplate", train=True).learned
    assert learned is not None
    assert (learned.pages, learned.open) == (6, 1)


def test_a_page_people_found_clean_is_learned_from_as_clean(tmp_path: Path) -> None:
    corpus = labelled(tmp_path, lambda _: [])
    found, opened = labelled_pages(corpus.data, "boilerplate", "boilerplate")
    assert [page.spans for page in found] == [[]] * 7
    assert opened == 0


def test_too_few_pages_are_refused_with_the_number_needed(tmp_path: Path) -> None:
    corpus = labelled(tmp_path, most=4)
    with pytest.raises(UsageError, match="4 labelled pages") as caught:
        corpus.suggest("boilerplate", train=True)
    assert "5 pages" in caught.value.hint


@pytest.mark.parametrize(
    ("layer", "said"), [("boilerplat", "Did you mean 'boilerplate'"), ("stance", "no suggester for the layer 'stance'")]
)
def test_a_layer_without_a_suggester_is_refused(tmp_path: Path, layer: str, said: str) -> None:
    corpus = new_corpus(tmp_path / "corpus", pages())
    with pytest.raises(UsageError, match=said):
        corpus.suggest(layer)


def test_before_the_first_build_the_next_step_is_said(tmp_path: Path) -> None:
    Corpus.init(tmp_path / "corpus")
    with pytest.raises(UsageError) as caught:
        Corpus.open(tmp_path / "corpus").suggest("boilerplate")
    assert "corpus-kit build" in caught.value.hint


def test_most_of_several_readers_decide_character_by_character() -> None:
    assert majority([[(0, 10)], [(5, 12)], [(5, 7), (7, 9)]]) == [(5, 10)]
    assert majority([[(0, 4), (2, 6)]]) == [(0, 6)]
    assert majority([[(0, 4)], []]) == []


def test_figures_of_training_are_plain_data(tmp_path: Path) -> None:
    learned = labelled(tmp_path).suggest("boilerplate", train=True).learned
    assert learned is not None
    told = json.loads(json.dumps(dataclasses.asdict(learned)))
    assert set(told["before"]) == {"precision", "recall", "f1", "brier"}
    assert all(0 <= told[name][key] <= 1 for name in ("before", "after") for key in told["before"])
