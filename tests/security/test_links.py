"""Nothing outside a corpus is touched by way of a link in it: each place of a corpus, once as a link into a decoy home."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from strangers import PAGES, digest, made_corpus

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import UsageError
from corpus_kit.core.storage import disk, folders
from corpus_kit.corpus import Corpus

FILES = (
    "corpus.toml", "DATASET_CARD.md", "splits.csv", ".gitignore",
    "annotation/entities/config.xml", "annotation/entities/guidelines.md", "annotation/boilerplate/config.xml",
    "annotation/stance/guidelines.md", "schemas/documents.yaml", "schemas/spans.yaml", "models/boilerplate.npz",
    "data/imports/000001.json", "data/imports/000001.about.json", "data/annotators.json", "data/pushes.jsonl",
    "data/documents/manifest.json", "data/documents/documents-00000.parquet", "data/release/README.md",
    "data/rejected/manifest.json", "data/.work/lock", "data/.work/features.json", "data/.work/release-opened.json",
    "data/studio/login.json", "data/studio/server.json", ".DATASET_CARD.md.new", ".splits.csv.part",
)  # fmt: skip
FOLDERS = (
    "annotation", "annotation/entities", "schemas", "models", "data", "data/raw", "data/imports", "data/documents",
    "data/suggestions", "data/annotations", "data/gold", "data/rejected", "data/release", "data/release-jsonl",
    "data/report", "data/studio", "data/.work", "data/.work/documents", "data/.work/duplicates", "data/.work/lines",
    "data/.work/release", "data/.work/release-labels", "data/.work/report", "data/.work/suggestions",
    "data/.work/entities", "data/.work/documents.new", "data/.work/documents.old", "data/.work/release.old",
)  # fmt: skip
COMMANDS = (
    ["build", "--no-report"], ["card"], ["export", "--jsonl"], ["export", "--freeze-splits"], ["suggest", "entities"],
    ["report"], ["doctor", "--upgrade"], ["validate"], ["status"],
)  # fmt: skip
HARMLESS = (".DATASET_CARD.md.new", ".splits.csv.part")
"""Names that older versions wrote to; nothing is done with them now."""


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = made_corpus(tmp_path_factory.mktemp("pattern") / "corpus", pages={"ferry.txt": PAGES["ferry.txt"]})
    Corpus.open(root).build(report=False)
    return root


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A decoy: whatever reads it, publishes "precious"; whatever writes to it, changes its digest."""
    made = tmp_path / "home"
    for name in ("photos/a.jpg", "thesis.txt", "documents/manifest.json", "config.xml", "corpus.toml"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(json.dumps({"toolkit": {"name": "corpus-kit"}, "secret": "precious"}))
    return made


@pytest.mark.parametrize("place", [*FILES, *FOLDERS])
def test_no_place_of_a_corpus_leads_out_of_it(
    place: str, pattern: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(pattern, root)
    path = root / place
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(home if place in FOLDERS else home / "corpus.toml", place in FOLDERS)
    monkeypatch.chdir(root)
    before = digest(home)
    for command in COMMANDS if place in HARMLESS else COMMANDS[:5]:
        code = run(cli, command)
        assert digest(home) == before, command
        assert code in ((0, 2) if place in HARMLESS else (2,)), command
    assert path.is_symlink()
    for made in root.rglob("*"):
        if made.is_file() and not made.is_symlink() and not made.resolve().is_relative_to(home):
            assert b"precious" not in made.read_bytes(), made


@pytest.mark.parametrize("place", ["data/.work/documents", "data/documents", "data/.work", "data/.work/lock"])
def test_an_out_folder_without_a_corpus_is_as_safe(place: str, home: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "page.txt").write_text(PAGES["ferry.txt"])
    link = tmp_path / place
    link.parent.mkdir(parents=True)
    link.symlink_to(home if not place.endswith("lock") else home / "thesis.txt")
    before = digest(home)
    with pytest.raises(UsageError, match="is a link"):
        Corpus.without(tmp_path / "data").build([raw])
    assert digest(home) == before


def test_a_raw_folder_that_is_a_link_is_named_instead(pattern: Path, tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "corpus", tmp_path / "elsewhere"
    shutil.copytree(pattern, root)
    (root / "data" / "raw").rename(elsewhere)
    (root / "data" / "raw").symlink_to(elsewhere)
    with pytest.raises(UsageError, match="link out of the corpus") as told:
        Corpus.open(root)
    assert "corpus-kit build RAW" in told.value.hint


def test_a_link_that_stays_in_the_corpus_may_stand_for_what_people_write(pattern: Path, tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(pattern, root)
    shared = root / "annotation" / "shared.md"
    (root / "annotation" / "entities" / "guidelines.md").rename(shared)
    (root / "annotation" / "entities" / "guidelines.md").symlink_to(Path("..") / "shared.md")
    assert Corpus.open(root).layers()["entities"].guidelines


@pytest.mark.parametrize("name", ["../../home", "/etc", ".", "a/b", "a\\b"])
def test_a_layers_name_is_no_path(name: str, tmp_path: Path) -> None:
    root = made_corpus(tmp_path / "corpus")
    (root / "corpus.toml").write_text(f"layers = [{json.dumps(name)}]\n")
    with pytest.raises(UsageError.__mro__[1], match="no name of a layer"):
        Corpus.open(root)


def test_metadata_outside_the_corpus_is_not_read_because_a_corpus_says_so(tmp_path: Path) -> None:
    root = made_corpus(tmp_path / "corpus")
    (root / "corpus.toml").write_text('[input]\nmetadata = "../secret.csv"\n')
    (tmp_path / "secret.csv").write_text("file,title\nferry.txt,precious\n")
    with pytest.raises(UsageError, match="outside the corpus"):
        Corpus.open(root).build(report=False)


# --- disks -----------------------------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_put_in_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, target, real = tmp_path / ".work", tmp_path / "documents", Path.rename
    work.mkdir()
    for content in ("old", "new"):
        try:
            with folders.made_folder(target, work) as folder:
                (folder / "a.txt").write_text(content)
                folders.write_manifest(folder)
                if content == "new":

                    def busy(self: Path, to: Path) -> Path:
                        if self.name == "documents.new":
                            raise OSError(errno.EBUSY, "Device or resource busy")
                        return real(self, to)

                    monkeypatch.setattr(Path, "rename", busy)
        except OSError:
            assert content == "new"
    assert (target / "a.txt").read_text() == "old", "at once, not by the next command"
    assert not (work / "documents.old").exists()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_disk_without_flush_or_locks_is_worked_with_and_named_once(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks = fcntl.flock

    def no(*_: object) -> None:
        raise OSError(number, "not supported")

    def none_here(file: Any, operation: int) -> None:
        descriptor = file if isinstance(file, int) else file.fileno()
        if Path(f"/proc/self/fd/{descriptor}").readlink().is_relative_to(tmp_path):
            no()
        locks(descriptor, operation)

    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "page.txt").write_text(PAGES["ferry.txt"])
    monkeypatch.setattr(os, "fsync", no)
    monkeypatch.setattr(fcntl, "flock", none_here)
    monkeypatch.setattr(disk, "_WARNED", set())
    with pytest.warns(disk.DiskWarning) as told:
        assert Corpus.without(tmp_path / "out").build([raw], report=False).documents == 1
    assert len({str(w.message) for w in told}) == len([w for w in told if w.category is disk.DiskWarning]) == 2
