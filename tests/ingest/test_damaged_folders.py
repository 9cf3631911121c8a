"""Harm to what earlier builds left, in `.work` or in the made folders: the next build makes the same bytes as without it, or
says in one sentence what to do."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from ingest_samples import page, write

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.corpus import Corpus

HARMS: dict[str, Callable[[bytes], bytes | None]] = {
    "gone": lambda _: None,
    "empty": lambda _: b"",
    "garbage": lambda _: b"\x00garbage\xff" * 40,
    "short": lambda content: content[: len(content) // 2],
    "a list": lambda _: b"[1]",
    "an empty object": lambda _: b"{}",
}


def built(folder: Path) -> Path:
    """A corpus of three pages, two of them copies, built once."""
    raw = write(folder / "raw", {"a.txt": page(1), "b.txt": page(1), "c.txt": page(2), "empty.txt": ""})
    Corpus.without(folder / "out").build([raw], report=True)
    return folder / "out"


def made(out: Path) -> dict[str, str]:
    files = (p for p in sorted(out.rglob("*")) if p.is_file() and ".work" not in p.parts)
    return {p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(
    ("harm", "pattern"),
    [(harm, "*.json") for harm in HARMS]
    + [(harm, pattern) for harm in ("gone", "empty", "garbage", "short") for pattern in ("*.parquet", "*.npy")],
)
def test_harm_to_all_that_is_kept_for_later_builds_changes_no_byte(
    harm: str, pattern: str, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    shutil.copytree(whole.parent / "raw", tmp_path / "raw")
    kept = sorted((out / ".work").rglob(pattern))
    assert kept
    for path in kept:
        content = HARMS[harm](path.read_bytes())
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
    Corpus.without(out).build([tmp_path / "raw"])
    assert made(out) == made(whole)


@pytest.mark.slow
@pytest.mark.parametrize("new", [False, True])
def test_one_changed_byte_in_anything_that_is_kept_changes_no_byte(new: bool, whole: Path, tmp_path: Path) -> None:
    """A note that is still JSON, but with another number or key; a table that can still be read. Notes where nothing is
    new, all files with a new page, when the later stages read what is kept as well."""
    raw, wanted = whole.parent / "raw", made(whole)
    if new:
        raw = shutil.copytree(raw, tmp_path / "raw")
        write(raw, {"d.txt": page(4)})
        Corpus.without(tmp_path / "fresh").build([raw])
        wanted = made(tmp_path / "fresh")
    random, out = Random(7), tmp_path / "out"
    files = [p for p in sorted((whole / ".work").rglob("*")) if p.is_file() and p.name != "lock"]
    kept = [p.relative_to(whole) for p in files if new or p.suffix == ".json"]
    assert len(kept) > 5
    for place in kept:
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(whole, out)
        content = bytearray((out / place).read_bytes())
        digits = [i for i, byte in enumerate(content) if chr(byte).isdigit()]
        where = random.choice(digits) if place.suffix == ".json" else random.randrange(len(content))
        content[where] ^= 1  # of a digit: another digit
        (out / place).write_bytes(content)
        try:
            Corpus.without(out).build([raw])
            assert made(out) == wanted
        except Exception as e:
            raise AssertionError(f"{place}, byte {where}") from e


@pytest.mark.parametrize("harm", ["empty", "garbage", "short"])
def test_harm_to_the_documents_of_the_last_build_does_not_stop_the_next(
    harm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are the very files that `.work` keeps, under a second name."""
    out = built(tmp_path)
    before = made(out)
    (path,) = (out / "documents").glob("*.parquet")
    path.write_bytes(HARMS[harm](path.read_bytes()) or b"")
    assert run(cli, ["build", str(tmp_path / "raw"), "--out", str(out)]) == 0
    assert "The documents of the last build are damaged" in capsys.readouterr().err
    assert made(out) == before


@pytest.mark.parametrize("content", [None, b"", b"{broken", b"[1]", b'{"toolkit": 5}'])
def test_without_its_manifest_a_folder_is_left_alone_and_the_sentence_says_what_can_go(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = built(tmp_path)
    before, manifest = made(out), out / "documents" / "manifest.json"
    manifest.unlink()
    if content is not None:
        manifest.write_bytes(content)
    line = ["build", str(tmp_path / "raw"), "--out", str(out)]
    assert run(cli, line) == 2
    told = capsys.readouterr().err
    assert "its manifest.json was lost" in told and "can be removed" in told and "bug" not in told
    shutil.rmtree(out / "documents")  # the next step it named
    assert run(cli, line) == 0
    assert made(out) == before


def test_a_damaged_table_is_named_and_no_bug(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["init", str(tmp_path / "corpus")]) == 0
    write(tmp_path / "corpus" / "data" / "raw", {"a.txt": page(1)})
    place = ["--corpus", str(tmp_path / "corpus")]
    assert run(cli, ["build", *place]) == 0
    (path,) = (tmp_path / "corpus" / "data" / "documents").glob("*.parquet")
    path.write_bytes(path.read_bytes()[:100])
    for command in ("status", "validate"):
        capsys.readouterr()
        assert run(cli, [command, *place]) == 3
        told = capsys.readouterr().err
        assert "damaged" in told or "cannot be read as Parquet" in told
        assert "corpus-kit build" in told and "bug" not in told and "Traceback" not in told
