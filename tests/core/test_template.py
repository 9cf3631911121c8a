"""`init` makes a corpus that works at once, and never overwrites what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus_kit.core.config import template
from corpus_kit.core.config.corpus_toml import load_config
from corpus_kit.core.config.new_corpus import init_corpus
from corpus_kit.core.config.template import shipped
from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.core.layers import load_layers
from corpus_kit.core.schema.contracts import load_contracts
from corpus_kit.corpus import Corpus


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_new_corpus_has_settings_contracts_layers_and_a_card_but_no_documents(tmp_path: Path) -> None:
    written = init_corpus(tmp_path / "harbour-news")
    made = files(tmp_path / "harbour-news")
    assert sorted(written.made) == made and written.kept == []
    config = load_config(tmp_path / "harbour-news" / "corpus.toml")
    assert config.name == "harbour-news"
    assert len(load_contracts(tmp_path / "harbour-news" / "schemas")) == len(load_contracts(shipped("schemas")))
    assert set(load_layers(tmp_path / "harbour-news" / "annotation", config.layers)) == set(config.layers)
    assert (tmp_path / "harbour-news" / "data" / "raw").is_dir()
    assert not any(name.startswith("data/") for name in made)


def test_a_new_corpus_builds_and_validates(tmp_path: Path) -> None:
    init_corpus(tmp_path / "c")
    (tmp_path / "c" / "data" / "raw" / "a.txt").write_text("A first page of the corpus.\n", encoding="utf-8")
    corpus = Corpus.open(tmp_path / "c" / "data" / "raw")
    assert corpus.build().documents == 1
    assert corpus.validate().findings == []


def test_nothing_that_exists_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    mine = {"schemas/documents.yaml": "mine", "DATASET_CARD.md": "my card", ".gitignore": "*"}
    for name, content in mine.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    written = init_corpus(tmp_path)
    assert sorted(written.kept) == sorted(mine)
    assert {n: (tmp_path / n).read_text(encoding="utf-8") for n in mine} == mine
    assert "schemas/rejected.yaml" in written.made and "corpus.toml" in written.made


def test_a_corpus_is_not_made_twice_nor_on_a_file(tmp_path: Path) -> None:
    init_corpus(tmp_path / "c")
    before = {n: (tmp_path / "c" / n).read_bytes() for n in files(tmp_path / "c")}
    with pytest.raises(UsageError, match="is a corpus already"):
        init_corpus(tmp_path / "c")
    assert {n: (tmp_path / "c" / n).read_bytes() for n in files(tmp_path / "c")} == before
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="is a file"):
        init_corpus(tmp_path / "file")


@pytest.mark.parametrize("name", ["ab", "новини", "two words", "-x-", "a" * 120])
def test_any_folder_name_gives_a_corpus_name_that_is_accepted(name: str, tmp_path: Path) -> None:
    init_corpus(tmp_path / name)
    assert load_config(tmp_path / name / "corpus.toml").name


def test_a_broken_installation_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "_PACKAGE", tmp_path / "nowhere")
    with pytest.raises(EnvironmentProblemError, match="lacks its template 'schemas'"):
        shipped("schemas")
