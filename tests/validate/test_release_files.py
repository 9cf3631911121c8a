"""A release that was damaged after it was written: `validate` names the file, the next build fixes what it can see, and the
next step that `validate` names fixes the rest."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from labelled_corpus import entities_of_three, label, new_corpus

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.corpus import Corpus

PAGES = {"a.txt": "The ferry to Sennet Bay is late again.\n" * 9, "b.txt": "The lamp of the lighthouse is out.\n" * 9}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    (folder / "raw").mkdir()
    for name, text in PAGES.items():
        (folder / "raw" / name).write_text(text, encoding="utf-8")
    Corpus.without(folder / "out").build([folder / "raw"])
    return folder


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    """A copy of what was built, times and all, to do harm to."""
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out"


def build(out: Path) -> None:
    Corpus.without(out).build([out.parent / "raw"])


def made(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in (out / "release").rglob("*") if p.is_file()}


def data_file(out: Path) -> Path:
    (path,) = (out / "release" / "documents").glob("*.parquet")
    return path


def flip(path: Path, *, at: int = 100, quietly: bool = False) -> None:
    """Change one byte; quietly: size and times stay, as where a disk goes bad."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    if quietly:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def found(out: Path) -> list[tuple[str, str, str]]:
    return [(f.code, f.table, f.row) for f in Corpus.without(out).validate().findings]


def test_a_whole_release_is_counted_and_has_no_findings(out: Path) -> None:
    report = Corpus.without(out).validate()
    assert report.findings == []
    assert {t.table: t.rows for t in report.tables}["release/documents"] == 2


def test_a_byte_that_changed_quietly_is_found_and_the_next_step_mends_it(
    out: Path, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The build's own copy is the same file, so it is harmed as well: both have to go."""
    path = data_file(out)
    (kept,) = (out / ".work" / "release").rglob("documents/train.parquet")
    kept.unlink()
    kept.hardlink_to(path)
    flip(path, quietly=True)
    assert run(cli, ["validate", "--out", str(out)]) == 1
    told = capsys.readouterr().out
    assert f"changed_file: release/documents [documents/{path.name}]" in told
    assert "Remove its folder and .work beside it, and build again." in told
    shutil.rmtree(out / "release")
    shutil.rmtree(out / ".work")
    build(out)
    assert made(out) == made(whole / "out") and found(out) == []


@pytest.mark.parametrize("name", ["documents", "README.md", "croissant.json"])
def test_the_next_build_sees_a_file_that_was_written_to_and_makes_it_again(name: str, out: Path, whole: Path) -> None:
    """Also where its size is the same; a release that is copied is hashed once and left alone."""
    path = data_file(out) if name == "documents" else out / "release" / name
    flip(path)
    assert [(code, row.rpartition("/")[2]) for code, _, row in found(out)] == [("changed_file", path.name)]
    build(out)
    assert made(out) == made(whole / "out") and found(out) == []
    shutil.rmtree(out / ".work")
    inode = (out / "release").stat().st_ino
    build(out)
    assert made(out) == made(whole / "out") and (out / "release").stat().st_ino == inode, "it is whole, so it stays"


def more(out: Path) -> None:
    shutil.copy(data_file(out), out / "release" / "documents" / "train-00001-of-00001.parquet")


def other_count(out: Path) -> None:
    manifest = out / "release" / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content["configs"]["documents"]["splits"]["train"][0]["rows"] = 3
    manifest.write_text(json.dumps(content), encoding="utf-8")


def other_documents(out: Path) -> None:
    manifest = out / "release" / "manifest.json"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace('"documents": "', '"documents": "0'), encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("harm", "codes"),
    [
        (lambda out: data_file(out).unlink(), ["missing_file"]),
        (lambda out: data_file(out).write_bytes(data_file(out).read_bytes()[:50]), ["changed_file", "unreadable_file"]),
        (lambda out: (out / "release" / "README.md").unlink(), ["missing_file"]),
        (lambda out: (out / "release" / "manifest.json").write_text("{"), ["no_manifest"]),
        (more, ["unlisted_file"]),
        (other_count, ["wrong_count"]),
        (other_documents, ["stale_release"]),
    ],
)
def test_every_kind_of_harm_to_a_release_is_found_with_its_own_code(
    harm: Callable[[Path], object], codes: list[str], out: Path
) -> None:
    harm(out)
    assert [code for code, _, _ in found(out)] == codes


def test_what_no_release_is_made_of_does_not_matter(out: Path) -> None:
    (out / "release" / ".git").mkdir()
    (out / "release" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert found(out) == []


def test_labels_that_were_cut_out_for_a_release_and_harmed_are_cut_out_again(tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus")
    label(corpus, "entities", entities_of_three(), tmp_path)
    corpus.build()
    before = made(corpus.data)
    cut = list((corpus.data / ".work" / "release-labels").glob("*/gold_spans.parquet"))
    assert cut
    for path in cut:
        path.write_bytes(path.read_bytes()[:-50])
    for folder in (corpus.data / "release", corpus.data / ".work" / "release"):
        shutil.rmtree(folder)
    corpus.build()
    assert made(corpus.data) == before
