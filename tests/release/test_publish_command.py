"""`publish`: refused while anything stands against it; afterwards the place holds exactly the release."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hub_stand_in import TOKEN, Hub, running

from corpus_kit import Corpus
from corpus_kit.core.errors import UsageError
from corpus_kit.release.publish.checks import printed_addresses, publish_problems


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with running() as made:
        yield made


def _run(folder: Path, hub: Hub, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": TOKEN,
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
    }
    command = [sys.executable, "-m", "corpus_kit", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_command_publishes_the_release_and_its_lines_load_from_there(sample: Path, hub: Hub) -> None:
    Corpus.open(sample).build()
    dry = _run(sample, hub, "publish", "hub", "strait/news", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "README.md" in dry.stdout
    assert hub.repos == {}, "a dry run writes nothing"
    done = _run(sample, hub, "publish", "hub", "strait/news", "--json")
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    told = json.loads(done.stdout)
    repo = hub.repos["strait/news"]
    release = sample / "data" / "release"
    local = {p.relative_to(release).as_posix(): p.read_bytes() for p in release.rglob("*") if p.is_file()}
    assert {k: v for k, v in repo.files.items() if k != ".gitattributes"} == local
    assert repo.tags == {"v0.1.0": told["revision"]}
    card = repo.files["README.md"].decode()
    assert 'load_dataset("strait/news", "entities", split="train")' in card
    cited = yaml.safe_load(repo.files["CITATION.cff"])
    assert cited["repository"].endswith("/strait/news")
    manifest = json.loads(repo.files["manifest.json"])
    assert {one["value"] for one in cited["identifiers"]} == {manifest["fingerprint"], manifest["root"]}
    again = _run(sample, hub, "publish", "hub", "strait/news", "--json")
    assert json.loads(again.stdout)["revision"] == told["revision"]
    assert len(repo.revisions) == 2


@pytest.mark.slow
def test_a_text_free_publication_holds_no_text(sample: Path, tmp_path: Path) -> None:
    corpus = Corpus.open(sample)
    corpus.build()
    made = corpus.publish("folder", str(tmp_path / "share"), text_free=True)
    assert not made.findings
    assert (tmp_path / "share" / "recipe.json").is_file()
    assert Corpus.verify(tmp_path / "share").findings == []


@pytest.mark.slow
def test_a_folder_is_replaced_as_a_whole_and_never_one_that_is_no_release(sample: Path, tmp_path: Path) -> None:
    corpus = Corpus.open(sample)
    corpus.build()
    target = tmp_path / "share"
    first = corpus.publish("folder", str(target))
    assert first.removed == []
    (target / "documents" / "train-00001-of-00002.parquet").write_bytes(b"of an older release")
    second = corpus.publish("folder", str(target))
    assert second.removed == ["documents/train-00001-of-00002.parquet"]
    assert Corpus.verify(target).findings == []
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="not a release"):
        corpus.publish("folder", str(other))
    assert (other / "thesis.txt").read_text(encoding="utf-8") == "mine"


@pytest.fixture
def plain(tmp_path: Path) -> Corpus:
    """A new corpus with one page and the card of the template."""
    Corpus.init(tmp_path / "corpus")
    (tmp_path / "corpus" / "data" / "raw" / "a.txt").write_text("The ferry of Velmora sails again.", encoding="utf-8")
    corpus = Corpus.open(tmp_path / "corpus")
    corpus.build()
    return corpus


def test_placeholders_and_a_nameless_licence_stand_against_publishing(plain: Corpus, tmp_path: Path) -> None:
    made = plain.publish("folder", str(tmp_path / "share"))
    assert {one.code for one in made.findings} == {"placeholder", "licence_missing"}
    assert not (tmp_path / "share").exists()
    assert any("legal ground" in one.hint for one in made.findings)


def test_findings_of_validate_stand_against_publishing(sample: Path, tmp_path: Path) -> None:
    corpus = Corpus.open(sample)
    corpus.build()
    (sample / "data" / "release" / "documents" / "train-00007-of-00008.parquet").write_bytes(b"of another release")
    assert corpus.publish("folder", str(tmp_path / "share")).findings
    assert not (tmp_path / "share").exists()


def test_an_address_of_an_annotator_stands_against_publishing_and_is_not_quoted(
    sample_release: Path, tmp_path: Path
) -> None:
    import shutil

    import pyarrow as pa
    import pyarrow.parquet as pq

    release = Path(shutil.copytree(sample_release, tmp_path / "release"))
    file = release / "annotations" / "train-00000-of-00001.parquet"
    table = pq.ParquetFile(file).read()
    names: list[Any] = table["annotator"].to_pylist()
    names[3] = "someone@strait.example"
    pq.write_table(table.set_column(table.column_names.index("annotator"), "annotator", pa.array(names)), file)
    (found,) = publish_problems(release)
    assert (found.code, found.column) == ("address", "annotator")
    assert "someone" not in str(found)


def _with(file: Path, column: str, change: Any) -> None:
    """A file with one value of a column changed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetFile(file).read()
    values = table[column].to_pylist()
    values[0] = change(values[0])
    field = table.schema.field(column)
    pq.write_table(table.set_column(table.column_names.index(column), field, pa.array(values, field.type)), file)


@pytest.mark.parametrize(
    ("config", "column", "change"),
    [
        ("documents", "meta", lambda _: '{"by": "someone@strait.example"}'),
        ("documents", "source", lambda _: "pages/someone@strait.example.txt"),
        ("annotations", "value", lambda _: "Someone@strait.example"),
        ("stance_soft", "answers", lambda old: [{"annotator": "someone@strait.example", "label": old[0]["label"]}]),
        ("documents", "text", lambda old: old + " someone@strait.example"),
        ("entities", "tokens", lambda old: [*old, "SOMEONE@strait.example"]),
    ],
)
def test_an_address_in_any_column_is_found(
    sample_release: Path, tmp_path: Path, config: str, column: str, change: Any
) -> None:
    import shutil

    release = Path(shutil.copytree(sample_release, tmp_path / "release"))
    assert publish_problems(release, ["someone@strait.example"]) == []
    _with(release / config / "train-00000-of-00001.parquet", column, change)
    (found,) = publish_problems(release, ["someone@strait.example"])
    assert (found.code, found.table, found.column) == ("address", f"{config}/train-00000-of-00001.parquet", column)
    assert "strait.example" not in str(found)
    printed = column in ("text", "tokens")  # what a page prints may be the address of anyone
    assert bool(publish_problems(release)) is not printed


def test_an_annotators_address_on_the_card_is_found_and_texts_with_addresses_are_counted(
    sample_release: Path, tmp_path: Path
) -> None:
    import re
    import shutil

    import polars as pl

    release = Path(shutil.copytree(sample_release, tmp_path / "release"))
    with (release / "README.md").open("a", encoding="utf-8") as card:
        card.write("Ask someone@strait.example.\n")
    assert publish_problems(release) == []
    (found,) = publish_problems(release, ["someone@strait.example"])
    assert (found.code, found.table) == ("address", "README.md")
    texts = pl.read_parquet(release / "documents" / "*.parquet")["text"].to_list()
    assert printed_addresses(release) == sum(bool(re.search(r"\w@\w+[.-]\w", text)) for text in texts) > 0


def test_a_place_or_name_that_is_none_is_an_error(plain: Corpus) -> None:
    with pytest.raises(UsageError, match="no place 'hubb'"):
        plain.publish("hubb", "a/b")
    with pytest.raises(UsageError, match="no name of a dataset"):
        plain.publish("hub", "just-a-name")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('name = "x"\n', 'name = "x"\n\n[release]\nrepo = "o/n"\n'),
        ('[release]\nmeta = ["a"]\n', '[release]\nrepo = "o/n"\nmeta = ["a"]\n'),
        ('[release]\nrepo = "old/one"\n[split]\ntrain = 1.0\n', '[release]\nrepo = "o/n"\n[split]\ntrain = 1.0\n'),
    ],
)
def test_the_repository_is_remembered_in_corpus_toml_and_all_else_stays(
    tmp_path: Path, before: str, after: str
) -> None:
    from corpus_kit.pipeline.publish import remember

    (tmp_path / "corpus.toml").write_text(before, encoding="utf-8")
    remember(tmp_path, "repo", '"o/n"')
    assert (tmp_path / "corpus.toml").read_text(encoding="utf-8") == after
