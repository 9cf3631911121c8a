"""Which files are read: sorted, hidden ones left out, links that lead away refused, everything else accounted for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ingest_samples import ingest, page, write

from corpus_kit.core.errors import UsageError
from corpus_kit.ingest.discover import Discovered, discover, is_much, list_files


def sources(*raw: Path | str) -> list[str]:
    return [f.source for f in discover(raw).files]


def test_folders_are_walked_in_sorted_order_whatever_the_disk_says(tmp_path: Path) -> None:
    names = ["b/z.txt", "a.txt", "b.txt", "b/a/x.md", "B/c.txt", "ä.txt"]
    raw = write(tmp_path / "raw", dict.fromkeys(names, "text"))
    assert sources(raw) == sorted(names)


def test_hidden_files_and_folders_are_left_out_and_counted(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), ".b.txt": page(2), ".git/c.txt": page(3), "d/.e": ""})
    made = ingest(raw, tmp_path / "out")
    assert (list(made.by_source), made.rejected, made.result.ignored) == (["a.txt"], [], 3)


def test_links_that_lead_away_are_refused_and_those_inside_are_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", {"secret.txt": "Somebody else's text."})
    raw = write(tmp_path / "raw", {"a.txt": page(1), "sub/b.txt": page(2)})
    (raw / "inside.txt").symlink_to("a.txt")
    (raw / "up.txt").symlink_to("../elsewhere/secret.txt")
    (raw / "absolute.txt").symlink_to(tmp_path / "elsewhere" / "secret.txt")
    (raw / "folder").symlink_to(raw / "sub")
    (raw / "folder-outside").symlink_to(tmp_path / "elsewhere")
    (raw / "loop.txt").symlink_to("loop.txt")
    (raw / "around").symlink_to(raw)
    (raw / "dangling.txt").symlink_to("nowhere.txt")
    made = ingest(raw, tmp_path / "out")
    assert list(made.by_source) == ["a.txt", "inside.txt", "sub/b.txt"]
    assert made.by_source["inside.txt"]["duplicate_cluster"] == made.by_source["a.txt"]["duplicate_cluster"]
    assert made.reasons == [
        ("absolute.txt", "symlink_outside"),
        ("around", "symlink_directory"),
        ("dangling.txt", "unreadable"),
        ("folder", "symlink_directory"),
        ("folder-outside", "symlink_outside"),
        ("loop.txt", "unreadable"),
        ("up.txt", "symlink_outside"),
    ]


def test_a_raw_folder_that_is_itself_a_link_is_read(tmp_path: Path) -> None:
    write(tmp_path / "real", {"a.txt": page(1), "b.txt": page(2)})
    (tmp_path / "real" / "c.txt").symlink_to("a.txt")
    (tmp_path / "raw").symlink_to(tmp_path / "real")
    assert sources(tmp_path / "raw") == ["a.txt", "b.txt", "c.txt"]


def test_what_is_no_file_and_names_that_are_no_unicode_are_refused(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1)})
    os.mkfifo(raw / "pipe.txt")
    with open(os.fsencode(raw) + b"/caf\xe9.txt", "wb") as handle:
        handle.write(b"x")
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("caf\\xe9.txt", "bad_file_name"), ("pipe.txt", "not_a_file")]


def test_globs_and_single_files_are_read_below_their_common_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = write(
        tmp_path / "raw", {"2031/a.txt": page(1), "2032/b.txt": page(2), "2032/c.md": page(3), "2032/.d.txt": ""}
    )
    assert sources(str(raw / "*" / "*.txt")) == ["2031/a.txt", "2032/b.txt"]
    assert sources(str(raw / "**" / "*.md")) == ["c.md"]
    assert sources(raw / "2032" / "c.md", raw / "2031" / "a.txt", raw / "2032" / "c.md") == ["2031/a.txt", "2032/c.md"]
    monkeypatch.chdir(raw)
    assert sources("20*/*.txt") == ["2031/a.txt", "2032/b.txt"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a[1].txt": page(1)})
    assert sources(str(raw / "a[1].txt")) == ["a[1].txt"]


def test_a_folder_beside_single_files_keeps_their_sources_apart(tmp_path: Path) -> None:
    write(tmp_path / "pages", {"a.txt": page(1)})
    write(tmp_path / "more", {"a.txt": page(2)})
    assert sources(tmp_path / "pages", tmp_path / "more" / "a.txt") == ["more/a.txt", "pages/a.txt"]


@pytest.mark.parametrize("single", [False, True])
def test_two_roots_of_one_name_are_refused(single: bool, tmp_path: Path) -> None:
    write(tmp_path / "x" / "pages", {"a.txt": page(1)})
    write(tmp_path / "y" / "pages", {"a.txt": page(2)})
    second = tmp_path / "y" / "pages" / ("a.txt" if single else ".")
    with pytest.raises(UsageError, match="Two raw folders are called 'pages'"):
        discover([tmp_path / "x" / "pages", second])


def test_naming_a_folder_twice_reads_it_once(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1)})
    assert sources(raw, f"{raw}/", raw / ".." / "raw") == ["a.txt"]


def test_a_file_that_grows_while_it_is_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many records are read after their file was hashed, so the hash would belong to other bytes."""
    from corpus_kit.ingest import batch as unit_writer

    raw = write(tmp_path / "raw", {"a.jsonl": '{"text": "One line."}\n', "b.txt": page(1)})
    real = unit_writer.read_file

    def slowly(file, *rest):  # type: ignore[no-untyped-def]
        yield from real(file, *rest)
        if file.path == "a.jsonl":
            with open(file.location, "a", encoding="utf-8") as handle:
                handle.write('{"text": "Another line."}\n')

    monkeypatch.setattr(unit_writer, "read_file", slowly)
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.jsonl", "changed_while_read")]
    assert list(made.by_source) == ["a.jsonl#1", "b.txt"]
    monkeypatch.setattr(unit_writer, "read_file", real)
    again = ingest(raw, tmp_path / "out")
    assert list(again.by_source) == ["a.jsonl#1", "a.jsonl#2", "b.txt"] and again.rejected == []


def test_files_come_one_by_one_in_the_order_of_their_sources_and_metadata_first(tmp_path: Path) -> None:
    names = [
        "b.txt",
        "a/x.txt",
        "a.txt",
        "a-b/y.txt",
        "a/metadata.csv",
        "ab.txt",
        "z/metadata.csv",
        "metadata.csv",
        "A.txt",
    ]
    raw = write(tmp_path / "raw", dict.fromkeys(names, "text"))
    found = Discovered()
    files = list_files([raw], found)
    assert found.sidecars[0].source == "metadata.csv" and len(found.sidecars) == 3
    assert found.files == []
    first = next(files)
    assert [first] == found.files, "the others are not looked at yet"
    rest = [f.path for f in files]
    assert [first.path, *rest] == sorted(name for name in names if "metadata" not in name)
    assert found.files == discover([raw]).files


@pytest.mark.parametrize(("size", "much"), [(1, True), (4000, True), (4001, False)])
def test_a_glance_tells_whether_there_is_much_to_read(tmp_path: Path, size: int, much: bool) -> None:
    raw = write(tmp_path / "raw", {f"{n % 3}/{n}.txt": "x" * 100 for n in range(40)})
    assert is_much([raw, tmp_path / "missing"], size) is much


def test_a_glance_weighs_the_first_files_and_counts_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus_kit.ingest.discover._WEIGHED", 10)
    raw = write(tmp_path / "raw", {f"{n}.txt": "x" * 100 for n in range(40)})
    assert is_much([raw], 4000) and not is_much([raw], 4001)
