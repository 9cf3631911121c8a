"""A stranger loads the release with one line of `datasets`, offline, and gets exactly what was built."""

from __future__ import annotations

import getpass
import hashlib
import json
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import datasets
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from labelled_corpus import write_settings

from corpus_kit import Corpus


def test_the_release_loads_with_one_line_and_holds_every_document(sample_release: Path, hub_cache: Path) -> None:
    loaded = datasets.load_dataset(str(sample_release), cache_dir=str(hub_cache))
    assert list(loaded) == ["train", "validation", "test"]
    built = pq.read_table(sample_release.parent / "documents" / "documents-00000.parquet").to_pylist()
    for split, rows in loaded.items():
        assert [(row["doc_id"], row["text"]) for row in rows] == [
            (row["doc_id"], row["text"]) for row in built if row["split"] == split
        ]
    assert sum(rows.num_rows for rows in loaded.values()) == len(built)


def test_the_configuration_can_be_named_and_streamed(sample_release: Path, hub_cache: Path) -> None:
    plain = datasets.load_dataset(str(sample_release), "documents", split="train", cache_dir=str(hub_cache))
    streamed = datasets.load_dataset(str(sample_release), "documents", split="train", streaming=True)
    assert list(streamed) == list(plain)


def test_loading_needs_no_network(sample_release: Path, tmp_path: Path) -> None:
    """Sockets are taken away altogether, in a process of its own."""
    program = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise AssertionError('a socket was opened')\n"
        "socket.socket.connect = refuse; socket.create_connection = refuse; socket.getaddrinfo = refuse\n"
        "from datasets import load_dataset\n"
        "print(load_dataset(sys.argv[1], split='all', cache_dir=sys.argv[2]).num_rows)\n"
    )
    command = [sys.executable, "-c", program, str(sample_release), str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "20", done.stderr


def test_every_text_has_its_hash_and_every_title_its_place(sample_release: Path, hub_cache: Path) -> None:
    rows = datasets.load_dataset(str(sample_release), split="all", cache_dir=str(hub_cache))
    titled = 0
    for row in rows:
        assert hashlib.sha256(row["text"].encode()).hexdigest() == row["text_sha256"]
        if row["title_start"] is not None:
            assert row["text"][row["title_start"] : row["title_end"]] == row["title"]
            titled += 1
    assert titled >= 15


def test_a_release_rebuilt_in_place_serves_the_new_rows(sample: Path, hub_cache: Path) -> None:
    """`datasets` keys its cache on the declared version, not on the files: an unchanged one would serve old rows."""
    corpus = Corpus.open(sample)
    corpus.build()
    release = str(corpus.data / "release")
    before = datasets.load_dataset(release, split="all", cache_dir=str(hub_cache))
    page = sample / "data" / "raw" / "en" / "06-accession-opinion.txt"
    page.write_text("A quite different page about the harbour.\n", encoding="utf-8")
    corpus.build()
    after = datasets.load_dataset(release, split="all", cache_dir=str(hub_cache))
    assert before.num_rows == after.num_rows
    changed = set(after["text"]) - set(before["text"])
    assert changed == {"A quite different page about the harbour.\n"}


@pytest.mark.slow
def test_splits_of_splits_csv_become_splits_and_empty_ones_are_left_out(sample: Path, hub_cache: Path) -> None:
    write_settings(sample, "")  # no [split]
    corpus = Corpus.open(sample)
    corpus.build()
    table = pq.read_table(corpus.data / "documents" / "documents-00000.parquet", columns=["doc_id"])
    first, second = table["doc_id"].to_pylist()[3:5]  # pages without a near-copy, which would go along
    (sample / "splits.csv").write_text(f"doc_id,split\n{first},test\n{second},test\n")
    corpus.build()
    loaded = datasets.load_dataset(str(corpus.data / "release"), cache_dir=str(hub_cache))
    assert {split: rows.num_rows for split, rows in loaded.items()} == {"train": 18, "test": 2}
    assert sorted(loaded["test"]["doc_id"]) == sorted([first, second])
    front = _front_matter(corpus.data / "release")
    assert [d["split"] for d in front["configs"][0]["data_files"]] == ["train", "test"]


def test_meta_is_published_only_where_corpus_toml_says_so(sample_release: Path, hub_cache: Path) -> None:
    rows = datasets.load_dataset(str(sample_release), split="all", cache_dir=str(hub_cache))
    metas = [json.loads(row["meta"]) for row in rows if row["meta"]]
    assert metas and all(set(m) <= {"section", "tags"} for m in metas)
    built = pq.read_table(sample_release.parent / "documents" / "documents-00000.parquet", columns=["meta"])
    kept = [json.loads(m) for m in built["meta"].to_pylist() if m]
    assert any("words" in m and "priority" in m for m in kept), "the documents keep what the release leaves out"


def test_two_releases_of_the_same_documents_are_the_same_bytes(sample_release: Path, sample: Path) -> None:
    corpus = Corpus.open(sample)
    corpus.build()
    here, there = _bytes(corpus.data / "release"), _bytes(sample_release)
    assert here == there


def test_parquet_files_are_as_the_hub_wants_them(sample_release: Path) -> None:
    for path in (sample_release / "documents").iterdir():
        file = pq.ParquetFile(path)
        assert b"huggingface" in (file.schema_arrow.metadata or {})
        column = file.metadata.row_group(0).column(file.schema_arrow.get_field_index("text"))
        assert column.compression == "ZSTD"
        assert file.metadata.row_group(0).column(0).has_column_index
        assert path.stat().st_size <= 500 * 10**6


def test_the_front_matter_declares_what_is_there(sample_release: Path) -> None:
    front = _front_matter(sample_release)
    info = front["dataset_info"][0]
    assert [split["name"] for split in info["splits"]] == ["train", "validation", "test"]
    assert sum(split["num_examples"] for split in info["splits"]) == 20
    assert sum(split["num_bytes"] for split in info["splits"]) == info["dataset_size"]
    manifest = json.loads((sample_release / "manifest.json").read_text())
    assert info["version"] == f"1.0.{int(manifest['fingerprint'][:12], 16)}" == front["configs"][0]["version"]
    assert info["download_size"] == sum(p.stat().st_size for p in (sample_release / "documents").iterdir())
    assert front["license"] == "cc0-1.0"
    assert [f["name"] for f in info["features"]] == manifest["configs"]["documents"]["columns"]


def test_nothing_made_names_this_machine_or_the_hour(built_sample: Path) -> None:
    """No absolute path, host or user in anything made, nor the day it was made; tables are read, not searched as bytes."""
    words = [str(built_sample), str(Path.home()), socket.gethostname(), f"{datetime.now(UTC):%Y-%m-%dT%H}"]
    words += [getpass.getuser()] if len(getpass.getuser()) > 4 else []
    words = [word for word in words if len(word) > 4]
    assert len(words) >= 3
    made = [folder for folder in (built_sample / "data").iterdir() if (folder / "manifest.json").is_file()]
    files = [path for folder in made for path in folder.rglob("*") if path.is_file()]
    assert len([path for path in files if path.suffix == ".parquet"]) > 15
    for path in files:
        content = path.read_bytes()
        if path.suffix == ".parquet":
            about = pq.ParquetFile(path)
            content = f"{about.metadata} {about.schema_arrow.to_string(truncate_metadata=False)} ".encode()
            content += pl.read_parquet(path).write_ndjson().encode() if about.metadata.num_rows else b""
        for word in words:
            assert word.encode() not in content, f"{word} stands in {path.relative_to(built_sample)}"


def test_a_release_over_somebody_elses_files_is_refused(sample: Path, tmp_path: Path) -> None:
    from corpus_kit.core.errors import UsageError

    corpus = Corpus.open(sample)
    corpus.build()
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter1.tex").write_text("years of work")
    with pytest.raises(UsageError, match="did not make"):
        corpus.export("hf", target)
    assert (target / "chapter1.tex").read_text() == "years of work"


def _front_matter(release: Path) -> dict:
    return yaml.safe_load((release / "README.md").read_text(encoding="utf-8").split("---\n")[1])


def _bytes(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
