"""Models of any layer: spans, answers about documents and about spans become rows, with one interface."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
from labelled_corpus import FERRY, STRIKE, label, new_corpus, read, stance, write_settings

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import ConfigError, EnvironmentProblemError, UsageError
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.corpus import Corpus

MOOD = '''
class Mood:
    """Answers for one target by a word, and marks the word as evidence."""

    name, version, labels = "mood", "1", ("favour", "against", "teachers_strike", "bored")

    def suggest(self, texts, layer):
        assert layer.name == "stance"
        for text in texts:
            at = text.find("Teachers")
            if at < 0:
                yield [("stance_teachers_strike", "bored", 0.9)]
            else:
                yield [
                    ("stance_teachers_strike", "favour", 0.8),
                    ("stance_halvern_pipeline", "against", 0.2),
                    ("evidence", "teachers_strike", 0.7, at, at + 9),
                ]


class Late:
    name, version, labels = "late", "1", ("against",)

    def suggest(self, texts, layer):
        return [[("stance_teachers_strike", "against", 0.99), ("stance_halvern_pipeline", "against", 0.6)] for _ in texts]


'''


def new(folder: Path, settings: str) -> Corpus:
    (folder / "corpus").mkdir(parents=True)
    (folder / "corpus" / "mood.py").write_text(MOOD, encoding="utf-8")
    return new_corpus(folder / "corpus", settings=settings)


def entry(spec: str, more: str = "", layer: str = "stance") -> str:
    return f'[[suggest.models]]\nlayer = "{layer}"\nmodel = "{spec}"\n{more}\n'


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return new(tmp_path_factory.mktemp("models"), entry("python:mood:Mood") + entry("python:mood:Late"))


def rows(corpus: Corpus) -> dict[str, list[tuple[Any, ...]]]:
    sources = dict(read(corpus, "documents", "documents").select("doc_id", "source").iter_rows())
    found: dict[str, list[tuple[Any, ...]]] = {}
    for one in read(corpus, "suggestions", "suggested_choices").iter_rows(named=True):
        found.setdefault(sources[one["doc_id"]], []).append(
            (one["control"], one["value"], one["score"], one["model_version"])
        )
    return {name: sorted(each) for name, each in found.items()}


def test_answers_become_rows_and_the_first_model_that_answers_a_question_stands(corpus: Corpus) -> None:
    late = ("stance_halvern_pipeline", "against", 0.6, "late@1")
    assert rows(corpus) == {
        "strike.txt": [late, ("stance_teachers_strike", "favour", 0.8, "mood@1")],
        "ferry.txt": [late, ("stance_teachers_strike", "against", 0.99, "late@1")],
        "eels.txt": [late, ("stance_teachers_strike", "against", 0.99, "late@1")],
    }
    (span,) = read(corpus, "suggestions", "suggestions").filter(pl.col("layer") == "stance").iter_rows(named=True)
    at = STRIKE.index("Teachers")
    assert (span["start"], span["end"], span["surface"], span["label"]) == (at, at + 8, "Teachers", "teachers_strike")
    targets = set(read(corpus, "suggestions", "suggested_choices")["target"])
    assert targets == {"halvern_pipeline", "teachers_strike"}


def test_the_folder_holds_what_validate_expects_and_the_manifest_names_the_models(corpus: Corpus) -> None:
    assert corpus.validate().findings == []
    manifest = read_manifest(corpus.data / "suggestions")
    assert manifest is not None
    models = [(m["model"], m["version"]) for m in manifest["models"] if m["layer"] == "stance"]
    assert models == [("mood", "mood@1"), ("late", "late@1")]
    (file,) = manifest["choice_files"]
    assert file["rows"] == 6 and manifest["rows"] == sum(f["rows"] for f in manifest["files"]) + 6


def test_a_changed_file_of_answers_is_found(corpus: Corpus, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(corpus.root or Path(), copy)
    (path,) = (copy / "data" / "suggestions").glob("suggested_choices-*.parquet")
    frame = pl.read_parquet(path).with_columns(text_sha256=pl.lit("0" * 64))
    path.unlink()
    frame.write_parquet(path)
    codes = {f.code for f in Corpus.open(copy).validate().findings if f.table == "suggestions/suggested_choices"}
    assert codes == {"changed_file", "unknown_text"}


def test_a_second_build_asks_nobody_and_gives_the_same_bytes(corpus: Corpus, monkeypatch: Any) -> None:
    from corpus_kit.suggest.models import stage

    before = {p.name: p.read_bytes() for p in (corpus.data / "suggestions").iterdir()}
    monkeypatch.setattr(stage, "proposals", lambda *_: pytest.fail("a model was asked again"))
    corpus.build(trust=True)
    assert {p.name: p.read_bytes() for p in (corpus.data / "suggestions").iterdir()} == before


@pytest.mark.slow
def test_what_the_layer_does_not_have_is_counted_and_a_mapping_helps(tmp_path: Path, capsys: Any) -> None:
    corpus = new(tmp_path, entry("python:mood:Mood", "threshold = 0.1"))
    assert run(cli, ["suggest", "stance", "--corpus", str(corpus.root)]) == 0
    told = capsys.readouterr()
    assert "2 bored" in told.err and "stance_teachers_strike: favour" in told.out
    assert rows(corpus)["strike.txt"][0] == ("stance_halvern_pipeline", "against", 0.2, "mood@1")
    toml = (tmp_path / "corpus" / "corpus.toml").read_text(encoding="utf-8")
    toml = toml.replace("threshold = 0.1", 'labels = { bored = "neutral", favour = "" }')
    (tmp_path / "corpus" / "corpus.toml").write_text(toml, encoding="utf-8")
    Corpus.open(tmp_path / "corpus").suggest("stance")
    assert {(v, s) for each in rows(corpus).values() for _, v, s, _ in each} == {("neutral", 0.9)}


@pytest.mark.slow
def test_finished_documents_are_left_alone_and_languages_are_kept_to(tmp_path: Path) -> None:
    corpus = new(tmp_path, entry("python:mood:Late"))
    label(corpus, "stance", {"ferry.txt": {"ada": [stance("halvern_pipeline", "neutral")]}}, tmp_path)
    corpus.build()
    assert set(rows(corpus)) == {"eels.txt", "strike.txt"}
    toml = corpus.root / "corpus.toml"  # type: ignore[operator]
    toml.write_text(toml.read_text(encoding="utf-8") + 'languages = ["pl"]\n', encoding="utf-8")
    made = Corpus.open(toml.parent).build()
    assert [m.suggested.total for m in made.models] == [0]


@pytest.mark.slow
def test_a_model_taken_out_of_the_corpus_takes_its_rows_with_it(tmp_path: Path) -> None:
    corpus = new(tmp_path, entry("python:mood:Late"))
    toml = corpus.root / "corpus.toml"  # type: ignore[operator]
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text[: text.index("[[suggest.models]]")], encoding="utf-8")
    Corpus.open(toml.parent).build()
    assert not list((corpus.data / "suggestions").glob("suggested_choices-*"))


@pytest.mark.slow
def test_a_model_of_spans_alone_serves_any_layer_that_marks_the_text(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "ships.py").write_text(
        "class Ships:\n    name, version, labels = 'ships', '2', ('BOAT',)\n\n    def suggest(self, texts):\n"
        "        return [[(t.find('Ola'), t.find('Ola') + 10, 'BOAT', 0.9)] if 'Ola' in t else [] for t in texts]\n",
        encoding="utf-8",
    )
    more = 'labels = { BOAT = "PERSON" }'
    corpus = new_corpus(tmp_path / "corpus", settings=entry("python:ships:Ships", more, "entities"))
    found = read(corpus, "suggestions", "suggestions").filter(pl.col("layer") == "entities")
    (row,) = found.select("surface", "start", "label", "model_version").rows()
    assert row == ("Ola Brandt", FERRY.index("Ola"), "PERSON", "ships@2")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('("stance_teachers_strike", "favour", 0.8, 1, 2)', "is about the document"),
        ('("evidence", "teachers_strike", 0.8)', "needs a place"),
        ('("nowhere", "favour", 0.8)', "no control 'nowhere'"),
        ('("evidence", "teachers_strike", 0.8, 5, 99999)', "is no span of a text"),
        ('("stance_teachers_strike", "favour", 1.5)', "is no probability"),
        ('("stance_teachers_strike",)', "is no (control, value, score)"),
    ],
)
def test_an_answer_that_cannot_be_used_stops_with_a_sentence(corpus: Corpus, answer: str, said: str) -> None:
    from corpus_kit.suggest.models.interface import proposals

    class Bad:
        name, version, labels = "bad", "1", ()

        def suggest(self, texts: list[str], layer: Any) -> Any:
            return [[eval(answer)] for _ in texts]

    with pytest.raises(EnvironmentProblemError, match="suggester 'bad' gave an answer") as e:
        proposals(cast(Any, Bad()), ["some text"], corpus.layers()["stance"])
    assert said in e.value.message


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (entry("python:mood:Late", layer="stanze"), "Did you mean 'stance'"),
        (entry("python:mood:Late", layer="boilerplate"), "has a suggester already"),
        (
            entry("python:mood:Late", layer="entities") + "[suggest.entities]\nnames = true\n",
            "in one of the two places",
        ),
    ],
)
def test_two_places_for_one_layer_are_refused(tmp_path: Path, settings: str, said: str) -> None:
    Corpus.init(tmp_path / "corpus", stance_targets=["Halvern pipeline"])
    write_settings(tmp_path / "corpus", settings)
    with pytest.raises(ConfigError) as e:
        Corpus.open(tmp_path / "corpus").build()
    assert said in f"{e.value.message} {e.value.hint}"


def test_code_that_was_not_trusted_does_not_run(corpus: Corpus, tmp_path: Path) -> None:
    file = (corpus.root or Path()) / "mood.py"
    corpus.trust()
    before = file.read_text(encoding="utf-8")
    file.write_text(before + "\n# changed\n", encoding="utf-8")
    try:
        with pytest.raises(UsageError, match="changed since you trusted it"):
            corpus.build()
        with pytest.raises(UsageError, match="changed since you trusted it"):
            corpus.suggest("stance")
    finally:
        file.write_text(before, encoding="utf-8")
