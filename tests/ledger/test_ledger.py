"""The ledger: appended, never edited, the same file once; damage is noticed."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from ledger_samples import Bench, annotation, span, task

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.ledger.export_json import CHUNK_BYTES, read_tasks
from corpus_kit.ledger.ledger import Ledger

TEXT = "Zoë Marsh met Anna Bell."


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, {"a": TEXT})


def files(bench: Bench) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((bench.data / "imports").iterdir())}


def test_an_import_keeps_the_bytes_and_a_second_one_adds_nothing(bench: Bench) -> None:
    content = json.dumps([task("a", TEXT, annotation(span(TEXT, "Anna Bell")))], indent=3) + "\n\n"
    first = bench.bring(content)
    before = files(bench)
    assert before[first.entry] == content.encode()
    second = bench.bring(content, name="the same under another name.json")
    assert (first.new, second.new, second.entry) == (True, False, first.entry)
    assert files(bench) == before


def test_an_entry_never_changes_when_others_follow(bench: Bench) -> None:
    first = bench.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell")))])
    before = files(bench)
    second = bench.bring([task("a", TEXT, annotation(span(TEXT, "Zoë Marsh")))])
    assert {name: raw for name, raw in files(bench).items() if name in before} == before
    assert (first.entry[:6], second.entry[:6]) == ("000001", "000002")


def test_the_ledger_is_for_its_owner_only(bench: Bench) -> None:
    entry = bench.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell")))]).entry
    assert stat.S_IMODE((bench.data / "imports" / entry).stat().st_mode) == 0o600


def test_a_pull_appends_tasks_as_they_came(bench: Bench) -> None:
    tasks = [task("a", TEXT, annotation(unknown={"deep": [1, None, "é"]})) | {"big": 10**30}]
    about: dict[str, Any] = {"server": "http://one 1", "project": 3, "config_sha256": "a" * 64, "complete": True}
    entry = bench.ledger.append("plain", iter(tasks), state={"seen": "x"}, **about)
    assert entry is not None
    assert list(entry.tasks()) == tasks
    assert (entry.kind, entry.server, entry.project, entry.complete) == ("pull", "http://one 1", 3, True)
    assert entry.sha256 == hashlib.sha256(entry.path.read_bytes()).hexdigest()
    assert bench.ledger.last("plain", "http://one 1") == entry
    assert bench.ledger.append("plain", iter(tasks), **about) is None, "the same again says nothing new"
    assert bench.ledger.append("plain", [], server="http://one 1") is None


def test_a_crash_before_the_json_has_its_name_leaves_no_entry(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(self: Path, target: Path) -> Path:
        raise OSError(5, "the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", crash)
        with pytest.raises(OSError, match="the disk is gone"):
            bench.ledger.append("plain", [task("a", TEXT)])
    assert bench.ledger.entries() == []
    entry = bench.ledger.append("plain", [task("a", TEXT)])
    assert bench.ledger.entries() == [entry]


def test_a_changed_entry_stops_the_build(bench: Bench) -> None:
    entry = bench.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell")))]).entry
    path = bench.data / "imports" / entry
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"PERSON", b"PERSOM"))
    with pytest.raises(EnvironmentProblemError, match="not the file that was brought"):
        bench.make()
    path.write_bytes(raw + b"\n")
    with pytest.raises(EnvironmentProblemError, match="do not belong together"):
        Ledger(bench.data / "imports").entries()


def test_a_sample_laid_into_the_folder_is_read(bench: Bench) -> None:
    folder = bench.data / "imports"
    folder.mkdir(parents=True)
    (folder / "sample-a.json").write_text(json.dumps([task("a", TEXT, annotation(span(TEXT, "Anna Bell")))]))
    assert [s["surface"] for s in bench.make().spans] == ["Anna Bell"]


@pytest.mark.parametrize("size", [CHUNK_BYTES - 30, 3 * CHUNK_BYTES])
def test_tasks_are_read_one_by_one_wherever_the_chunks_end(tmp_path: Path, size: int) -> None:
    tasks = [{"id": i, "data": {"text": 'é🚀\\"' * (size // 8)}, "n": [1.5, -2e9, True, None]} for i in range(3)]
    for indent in (None, 1):
        path = tmp_path / "export.json"
        path.write_text(json.dumps(tasks, indent=indent, ensure_ascii=indent is None), encoding="utf-8-sig")
        assert list(read_tasks(path)) == tasks


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"data": {}}', "valid JSON"),
        ('[{"data": {}} {"data": {}}]', "no ','"),
        ('[{"data": {}}] x', "goes on after its end"),
        ('[{"data": tru}]', "valid JSON"),
        ("[" * 100_000, "valid JSON"),
        ('[{"id": 1, "text": "a", "label": []}]', "doccano"),
        ('[{"id": 1, "name": "a"}]', "no task"),
        ("[1]", "no task"),
        ("id,text,label\n1,a,PERSON", "CSV"),
        ("id\ttext\tlabel\n1\ta\tPERSON", "TSV"),
        ("-DOCSTART- -X- O\n\nZoë -X- _ B-PERSON", "CoNLL"),
        ("<!doctype html><title>Sign in</title>", "login page"),
        ("id;text\n1;a", "does not begin"),
        ("", "is empty"),
        ("PK\x03\x04", "ZIP"),
        (b"PK\x03\x04\x14\x00\xff\xfe", "ZIP"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"\xff\xfe[\x00]\x00", "UTF-16"),
        (b"[\xff]", "not UTF-8"),
    ],
)
def test_what_is_no_export_is_refused_with_words_and_adds_nothing(
    bench: Bench, tmp_path: Path, content: str | bytes, words: str
) -> None:
    file = tmp_path / "odd.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError, match=words):
        bench.bring(content) if isinstance(content, str) else list(read_tasks(file))
    assert bench.ledger.entries() == []


def test_one_bad_file_among_several_adds_none(bench: Bench, tmp_path: Path) -> None:
    from corpus_kit.ledger.recognise import import_files

    good = tmp_path / "good.json"
    good.write_text(json.dumps([task("a", TEXT, annotation(span(TEXT, "Anna Bell")))]))
    (tmp_path / "bad.json").write_text("[")
    with pytest.raises(UsageError):
        import_files([good, tmp_path / "bad.json"], bench.ledger, bench.layers)
    assert bench.ledger.entries() == []
