"""Unchanged inputs are not redone, changed ones always are, and one new file moves no boundary but its own."""

from __future__ import annotations

import hashlib
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ingest_samples import Run, ingest, page, write

from corpus_kit.core.config import Columns, Input
from corpus_kit.core.config.template import shipped
from corpus_kit.core.schema.file import read_contract_file
from corpus_kit.core.storage import folders
from corpus_kit.ingest import documents
from corpus_kit.ingest.batch import ReadUnit, Unit, UnitTask
from corpus_kit.ingest.discover import RawFile
from corpus_kit.ingest.documents import make_recipe


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SHARD_BYTES", 3000)


@pytest.fixture
def redone(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The sources of every unit that was read, build after build."""
    made: list[list[str]] = []
    real = documents.read_unit

    def watched(task: Any) -> ReadUnit:
        read = real(task)
        if read.writer is not None:
            made.append([f.source for f in task.unit.files])
        return read

    monkeypatch.setattr(documents, "read_unit", watched)
    return made


def shards(out: Path) -> list[str]:
    return [hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((out / "documents").glob("*.parquet"))]


def corpus(folder: Path, count: int = 40) -> Path:
    return write(folder, {f"{i:03d}.txt": page(i) for i in range(count)})


def same_bytes(one: Run, other: Run) -> bool:
    return shards(one.out) == shards(other.out)


def test_a_second_build_reads_nothing(tmp_path: Path, small_shards: None, redone: list[list[str]]) -> None:
    raw = corpus(tmp_path / "raw")
    first = ingest(raw, tmp_path / "out")
    assert first.result.units >= 4 and first.result.unchanged_documents == 0
    before = shards(tmp_path / "out")
    redone.clear()
    second = ingest(raw, tmp_path / "out")
    assert redone == []
    assert second.result.unchanged_units == second.result.units == first.result.units
    assert second.result.unchanged_documents == second.result.documents == 40
    assert shards(tmp_path / "out") == before


def test_shards_whose_clusters_and_splits_stay_are_not_written_again(tmp_path: Path, small_shards: None) -> None:
    """A copy of another page: its shard, and that of the other, are written once more with their cluster, and then kept."""
    raw = corpus(tmp_path / "raw")
    write(raw, {"copies/a.txt": page(3), "copies/b.txt": page(30)})

    def patched() -> dict[str, int]:
        (folder,) = (tmp_path / "out" / ".work").rglob("patched")
        return {file.name: file.stat().st_ino for file in folder.glob("*.parquet")}

    made = ingest(raw, tmp_path / "out")
    before = patched()
    assert len(before) >= 3 and made.result.clusters
    ingest(raw, tmp_path / "out")
    assert patched() == before
    write(raw, {"new.txt": page(77)})
    ingest(raw, tmp_path / "out")
    after = patched()
    kept = [name for name in before if after.get(name) == before[name]]
    assert len(kept) >= len(before) - 1, "but for the one that the new page is in"
    ingest(raw, tmp_path / "out")
    assert patched() == after


def test_a_touched_file_is_read_but_not_redone(tmp_path: Path, small_shards: None, redone: list[list[str]]) -> None:
    raw = corpus(tmp_path / "raw")
    ingest(raw, tmp_path / "out")
    redone.clear()
    os.utime(raw / "007.txt", (1, 1))
    touched = ingest(raw, tmp_path / "out")
    assert redone == [] and touched.result.unchanged_documents == 40
    again = ingest(raw, tmp_path / "out")
    assert again.result.unchanged_documents == 40


def test_changed_content_of_the_same_size_and_time_is_redone(
    tmp_path: Path, small_shards: None, redone: list[list[str]]
) -> None:
    raw = corpus(tmp_path / "raw")
    ingest(raw, tmp_path / "out")
    redone.clear()
    target = raw / "007.txt"
    old = target.stat()
    target.write_bytes(target.read_bytes().replace(b"harbour", b"HARBOUR"))
    os.utime(target, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert target.stat().st_size == old.st_size
    made = ingest(raw, tmp_path / "out")
    assert "HARBOUR" in made.by_source["007.txt"]["text"]
    assert len(redone) == 1 and "007.txt" in redone[0]
    assert made.result.unchanged_units == made.result.units - 1


def test_a_changed_setting_redoes_everything(tmp_path: Path, small_shards: None, redone: list[list[str]]) -> None:
    raw = corpus(tmp_path / "raw")
    made = ingest(raw, tmp_path / "out")
    redone.clear()
    ingest(raw, tmp_path / "out", max_record_bytes=100_000)
    assert len(redone) == made.result.units


OTHER: dict[str, Any] = {
    "id_scope": "file",
    "max_record_bytes": 99,
    "max_file_bytes": 99,
    "max_file_records": 99,
    "max_columns": 99,
    "max_metadata_bytes": 99,
    "max_archive_members": 99,
    "max_expansion": 99,
    "language": False,
    "join": " ",
}
OTHER |= {"date_format": "%d/%m/%Y", "files": [{"glob": "*.csv", "delimiter": ";"}]}
# Which files there are and which fields they have by name is in each unit's own key.
IN_THE_UNIT = {"columns", "metadata"}


@pytest.mark.parametrize("name", sorted({*Columns.model_fields, *Input.model_fields} - IN_THE_UNIT))
def test_every_setting_of_input_changes_the_key_of_what_is_kept(name: str) -> None:
    contract = read_contract_file(shipped("schemas") / "documents.yaml")
    if name in Columns.model_fields and name not in OTHER:
        other = Input(columns=Columns(**{name: "another"}))
    else:
        other = Input(**{name: OTHER[name]})
    assert other != Input()
    assert make_recipe(other, contract).key != make_recipe(Input(), contract).key


def test_the_contract_and_the_libraries_change_the_key_of_what_is_kept() -> None:
    recipe = make_recipe(Input(), read_contract_file(shipped("schemas") / "documents.yaml"))
    others = [
        replace(recipe, contract=replace(recipe.contract, checks=())),
        replace(recipe, versions=recipe.versions + "1"),
        replace(recipe, shard_bytes=recipe.shard_bytes + 1),
        replace(recipe, fields=replace(recipe.fields, identify_language=False)),
        replace(recipe, fields=replace(recipe.fields, own=(("rubric", "String"),))),
    ]
    assert len({recipe.key, *(other.key for other in others)}) == len(others) + 1


@pytest.mark.parametrize("name", ["000a.txt", "0195.txt", "999.txt"])
def test_one_new_file_moves_no_boundary_but_its_own(name: str, tmp_path: Path, small_shards: None) -> None:
    raw = corpus(tmp_path / "raw", 120)
    ingest(raw, tmp_path / "out")
    before = shards(tmp_path / "out")
    assert len(before) >= 10
    write(raw, {name: page(500)})
    made = ingest(raw, tmp_path / "out")
    after = shards(tmp_path / "out")
    assert name in made.by_source
    assert len(set(before) - set(after)) <= 1, "one shard was written again or cut in two, the others keep their bytes"
    assert len(after) - len(before) <= 1
    assert made.result.unchanged_units >= made.result.units - 2


def test_records_of_a_long_file_are_cut_by_the_same_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from corpus_kit.ingest.batch import ReadRecipe

    real = documents.make_recipe

    def small(*args: Any) -> ReadRecipe:
        from dataclasses import replace

        return replace(real(*args), shard_bytes=6000)

    monkeypatch.setattr("ingest_samples.make_recipe", small)
    lines = [json.dumps({"id": i, "text": page(i)}) + "\n" for i in range(60)]
    raw = write(tmp_path / "raw", {"a.jsonl": "".join(lines)})
    ingest(raw, tmp_path / "out")
    before = shards(tmp_path / "out")
    assert len(before) >= 5
    lines.insert(30, json.dumps({"id": "new", "text": page(99)}) + "\n")
    write(raw, {"a.jsonl": "".join(lines)})
    made = ingest(raw, tmp_path / "out")
    assert made.result.documents == 61
    assert len(set(before) - set(shards(tmp_path / "out"))) <= 1


def test_a_build_that_stopped_goes_on(
    tmp_path: Path, small_shards: None, redone: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = corpus(tmp_path / "raw")
    undisturbed = ingest(raw, tmp_path / "other")
    redone.clear()
    watched = documents.read_unit

    def stops(task: Any) -> ReadUnit:
        if len(redone) == 3:
            raise KeyboardInterrupt
        return watched(task)

    monkeypatch.setattr(documents, "read_unit", stops)
    with pytest.raises(KeyboardInterrupt):
        ingest(raw, tmp_path / "out")
    assert not (tmp_path / "out" / "documents").exists()
    monkeypatch.setattr(documents, "read_unit", watched)
    done, redone[:] = list(redone), []
    made = ingest(raw, tmp_path / "out")
    assert made.result.unchanged_units == 3
    assert all(sources not in redone for sources in done)
    assert same_bytes(made, undisturbed)


def test_a_moved_file_is_reported_and_a_vanished_one_counted(tmp_path: Path, small_shards: None) -> None:
    raw = corpus(tmp_path / "raw")
    ingest(raw, tmp_path / "out")
    (raw / "005.txt").rename(raw / "moved-005.txt")
    (raw / "006.txt").unlink()
    made = ingest(raw, tmp_path / "out")
    assert made.result.moved == [("005.txt", "moved-005.txt")]
    assert made.result.vanished == 1
    assert ingest(raw, tmp_path / "out").result.moved == []


def test_a_text_that_reappears_twice_is_not_called_moved(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), "z.txt": page(2)})
    ingest(raw, tmp_path / "out")
    (raw / "a.txt").unlink()
    write(raw, {"b.txt": page(1), "c.txt": page(1)})
    made = ingest(raw, tmp_path / "out")
    assert (made.result.moved, made.result.vanished) == ([], 1)


def test_what_is_left_of_earlier_builds_is_swept_away(tmp_path: Path, small_shards: None) -> None:
    raw = corpus(tmp_path / "raw")
    ingest(raw, tmp_path / "out")
    work = tmp_path / "out" / ".work" / "documents"
    (work / "0123.99.part").mkdir()
    for i in range(5, 40):
        (raw / f"{i:03d}.txt").unlink()
    made = ingest(raw, tmp_path / "out")
    assert len(list(work.iterdir())) == made.result.units


@pytest.mark.parametrize("harm", ["truncate", "flip", "remove"])
def test_a_damaged_made_file_is_mended_by_the_next_build(harm: str, tmp_path: Path) -> None:
    """A made file and the kept unit are one file under two names, so harm to the one is harm to the other."""
    import shutil

    raw = write(tmp_path / "raw", {"a.txt": page(1), "b.txt": page(2), "c.txt": page(2)})
    first = ingest(raw, tmp_path / "out")
    before = shards(tmp_path / "out")
    for made in [*(tmp_path / "out" / ".work").rglob("*.parquet")]:
        content, made_at = bytearray(made.read_bytes()), made.stat().st_mtime_ns
        if harm == "remove":
            made.unlink()
        else:
            content[len(content) // 2] ^= 0xFF
            made.write_bytes(bytes(content[:-9] if harm == "truncate" else content))
            os.utime(made, ns=(made_at, made_at + 10**9))
    shutil.rmtree(tmp_path / "out" / "documents")
    again = ingest(raw, tmp_path / "out")
    assert again.documents == first.documents
    assert shards(tmp_path / "out") == before


def test_a_damaged_note_of_a_unit_makes_it_anew(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1)})
    first = ingest(raw, tmp_path / "out")
    for note in (tmp_path / "out" / ".work").rglob("unit.json"):
        note.write_text('{"shards": [', encoding="utf-8")
    again = ingest(raw, tmp_path / "out")
    assert again.documents == first.documents and again.result.unchanged_units == 0


def test_a_made_folder_is_flushed_whole_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it links from `.work` was not flushed there."""
    flushed: set[int] = set()
    real = folders.fsync_path

    def watched(path: Path) -> None:
        flushed.add(path.stat().st_ino)
        real(path)

    monkeypatch.setattr(folders, "fsync_path", watched)
    ingest(corpus(tmp_path / "raw"), tmp_path / "out")
    made = [path for path in (tmp_path / "out" / "documents").rglob("*") if path.is_file()]
    assert made and {path.stat().st_ino for path in made} <= flushed


def test_a_unit_comes_out_of_a_pickle_as_it_went_in() -> None:
    file = RawFile("r", "a.txt", "a.txt", "/r/a.txt", "text", None, 3, (3, 1, 2, 4))
    unit = Unit((file,), {"r/a.txt": {"title": "T"}}, {"0" * 16: "r/b.txt"})
    again = pickle.loads(pickle.dumps(unit))
    assert again == unit and type(again.files[0]) is RawFile


def test_a_task_takes_its_own_recipe_to_another_process() -> None:
    contract = read_contract_file(shipped("schemas") / "documents.yaml")
    recipes = [make_recipe(Input(columns=Columns(text=name)), contract) for name in ("text", "body", "text")]
    tasks = [UnitTask(Unit(()), recipe, "folder") for recipe in recipes]
    again = [pickle.loads(pickle.dumps(task)) for task in tasks]
    assert again == tasks and again[0] != again[1]
    assert [task.recipe.key for task in again] == [recipe.key for recipe in recipes]
