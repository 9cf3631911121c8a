"""A made folder appears whole or not at all, replaces only what corpus-kit made, and survives a crash at any point."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.core.storage import folders
from corpus_kit.core.storage.folders import (
    is_intact,
    keep_note,
    kept_folder,
    kept_note,
    link_or_copy,
    made_folder,
    note_of,
    read_checked_json,
    read_manifest,
    remove,
    work_folder,
    write_checked_json,
    write_json,
    write_manifest,
)
from corpus_kit.core.storage.tables import file_sha256


def make(root: Path, content: str, name: str = "documents") -> None:
    with work_folder(root) as work, made_folder(root / name, work) as folder:
        (folder / "a.txt").write_text(content, encoding="utf-8")
        write_manifest(folder, rows=1)


def names(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if ".work" not in p.parts)


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    make(tmp_path, "one")
    make(tmp_path, "two")
    assert (tmp_path / "documents" / "a.txt").read_text(encoding="utf-8") == "two"
    assert names(tmp_path) == ["documents", "documents/a.txt", "documents/manifest.json"]
    assert [p.name for p in (tmp_path / ".work").iterdir()] == ["lock"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_folder_and_no_new_one(error: type[BaseException], tmp_path: Path) -> None:
    make(tmp_path, "one")
    with pytest.raises(error), work_folder(tmp_path) as work, made_folder(tmp_path / "documents", work) as folder:
        (folder / "half.txt").write_text("half", encoding="utf-8")
        raise error
    assert names(tmp_path) == ["documents", "documents/a.txt", "documents/manifest.json"]
    assert [p.name for p in (tmp_path / ".work").iterdir()] == ["lock"]


def test_a_crash_between_the_two_renames_is_mended_by_the_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "one")
    real = Path.rename

    def crash(self: Path, target: Path) -> Path:
        if self.name.endswith(".new"):
            os.kill(os.getpid(), 0)
            raise SystemExit
        return real(self, target)

    monkeypatch.setattr(Path, "rename", crash)
    with pytest.raises(SystemExit):
        make(tmp_path, "two")
    assert not (tmp_path / "documents").exists()
    monkeypatch.setattr(Path, "rename", real)
    with work_folder(tmp_path):
        assert (tmp_path / "documents" / "a.txt").read_text(encoding="utf-8") == "one"
    make(tmp_path, "three")
    assert (tmp_path / "documents" / "a.txt").read_text(encoding="utf-8") == "three"


def test_a_crash_after_the_second_rename_leaves_nothing_behind(tmp_path: Path) -> None:
    make(tmp_path, "one")
    (tmp_path / ".work" / "documents.old").mkdir()
    with work_folder(tmp_path):
        pass
    assert not (tmp_path / ".work" / "documents.old").exists()


def test_a_folder_elsewhere_is_made_beside_itself(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    for content in ("one", "two"):
        with work_folder(tmp_path / "data") as work, made_folder(tmp_path / "far" / "release", work) as folder:
            (folder / "a.txt").write_text(content, encoding="utf-8")
            write_manifest(folder)
    assert names(tmp_path / "far") == ["release", "release/a.txt", "release/manifest.json"]


def test_what_corpus_kit_did_not_make_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    make(tmp_path, "an empty folder may be filled")
    for manifest in ("{}", "[]", "no json", '{"toolkit": {"name": "another"}}'):
        (tmp_path / "documents" / "manifest.json").write_text(manifest, encoding="utf-8")
        with pytest.raises(UsageError, match="did not make"):
            make(tmp_path, "two")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="is a file"):
        make(tmp_path, "two", "file")


def test_two_commands_do_not_write_to_one_folder(tmp_path: Path) -> None:
    with (
        work_folder(tmp_path),
        pytest.raises(EnvironmentProblemError, match="Another corpus-kit"),
        work_folder(tmp_path),
    ):
        raise AssertionError("never reached")
    with work_folder(tmp_path):
        pass


def test_an_out_folder_that_is_a_file_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="is a file"), work_folder(tmp_path / "out"):
        raise AssertionError("never reached")


def test_json_is_canonical_and_read_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": "ї", "a": [1]})
    assert (tmp_path / "a.json").read_bytes() == '{\n  "a": [\n    1\n  ],\n  "b": "ї"\n}\n'.encode()
    write_manifest(tmp_path, rows=3)
    assert read_manifest(tmp_path) == json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert read_manifest(tmp_path / "missing") is None


def test_a_disk_without_links_gets_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("x", encoding="utf-8")
    link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a").samefile(tmp_path / "b")

    def no_links(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(folders.os, "link", no_links)
    link_or_copy(tmp_path / "a", tmp_path / "c")
    assert (tmp_path / "c").read_text(encoding="utf-8") == "x" and not (tmp_path / "a").samefile(tmp_path / "c")


def test_a_note_tells_a_file_that_was_changed_from_one_that_was_copied(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one", encoding="utf-8")
    note = note_of(file)
    os.utime(file, (1, 1))
    assert is_intact(file, note), "another time, the same bytes"
    file.write_text("two", encoding="utf-8")
    assert not is_intact(file, note)
    file.unlink()
    assert not is_intact(file, note)


def test_a_file_that_vanishes_while_it_is_compared_is_not_intact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a"
    file.write_text("one", encoding="utf-8")
    note = note_of(file)
    os.utime(file, (1, 1))

    def another_process_came_first(path: Path) -> str:
        path.unlink()
        return file_sha256(path)

    monkeypatch.setattr(folders, "file_sha256", another_process_came_first)
    assert not is_intact(file, note)


def test_removing_a_link_to_a_folder_keeps_the_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    remove(tmp_path / "link")
    remove(tmp_path / "missing")
    assert [p.name for p in tmp_path.iterdir()] == ["real"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_what_is_kept_for_later_builds_is_whole_or_leaves_nothing(error: type[BaseException], tmp_path: Path) -> None:
    def keep(fail: bool) -> None:
        with kept_folder(tmp_path / "shard", "facts.json") as (folder, facts):
            (folder / "deep").mkdir()
            (folder / "deep" / "rows.bin").write_bytes(b"all rows")
            facts["rows"] = 2
            if fail:
                raise error

    with pytest.raises(error):
        keep(fail=True)
    assert list(tmp_path.iterdir()) == []
    keep(fail=False)
    assert [p.name for p in tmp_path.iterdir()] == ["shard"]
    facts = read_checked_json(tmp_path / "shard" / "facts.json")
    assert facts["rows"] == 2 and is_intact(tmp_path / "shard" / "deep" / "rows.bin", facts["files"]["deep/rows.bin"])


def test_a_command_that_fails_leaves_no_half_of_anything_in_work(tmp_path: Path) -> None:
    """On a full disk it would take the room that the next try needs."""
    with pytest.raises(OSError, match="full"), work_folder(tmp_path) as work:
        (work / "documents" / "0a.1b.part").mkdir(parents=True)
        (work / "documents" / "0a.1b.part" / "shard.parquet").write_bytes(b"half")
        (work / "documents" / "0c").mkdir()
        (work / "key.json.2d.part").write_bytes(b"half")
        raise OSError("full")
    left = [p.relative_to(work).as_posix() for p in sorted(work.rglob("*"))]
    assert left == ["documents", "documents/0c", "lock"], "what is whole is kept for the next try"


def test_a_command_that_came_to_nothing_leaves_no_new_folder(tmp_path: Path) -> None:
    for there in (False, True):
        if there:
            (tmp_path / "out").mkdir()
        with pytest.raises(UsageError), work_folder(tmp_path / "out"):
            raise UsageError("There is nothing to read.", "Name another folder.")
        assert (tmp_path / "out").exists() == there
    with pytest.raises(KeyboardInterrupt), work_folder(tmp_path / "new") as work:
        (work / "documents").mkdir()
        raise KeyboardInterrupt
    assert (tmp_path / "new" / ".work" / "documents").is_dir(), "what is kept for the next try stays"


def test_a_kept_note_is_only_what_this_version_wrote_to_the_last_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "note.json"
    write_checked_json(note, {"rows": 10, "name": "Ž"})
    whole = note.read_bytes()
    assert read_checked_json(note) == {"rows": 10, "name": "Ž"} and [p.name for p in tmp_path.iterdir()] == [
        "note.json"
    ]
    for place in range(len(whole)):
        note.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert read_checked_json(note) == {}
        note.write_bytes(whole[:place])
        assert read_checked_json(note) == {}
    for content in (b"{}", b"[]", b"null", whole + b" ", whole.split(b"\n")[1]):
        note.write_bytes(content)
        assert read_checked_json(note) == {}
    note.write_bytes(whole)
    monkeypatch.setattr(folders, "__version__", "0.0.9")
    assert read_checked_json(note) == {}


def test_a_note_beside_a_file_tells_of_that_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "rows.bin"
    file.write_bytes(b"all rows")
    keep_note(file, {"rows": 2})
    assert kept_note(file) == {"rows": 2}
    file.touch()
    assert kept_note(file) == {"rows": 2}, "the same bytes at another time"
    file.write_bytes(b"all cows")
    assert kept_note(file) is None
    file.unlink()
    assert kept_note(file) is None
