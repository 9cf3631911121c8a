"""The same inputs give the same bytes, whoever builds them, where, when, and with how many processes."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from ingest_samples import REJECTED, environment, ingest, page, write

from corpus_kit.core.config.template import shipped
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.ingest import batch, documents

# The real command with small units, so that a small corpus gives several workers something to do.
_CHILD = """
import sys
import corpus_kit.core.parallel.executor as executor
import corpus_kit.ingest.documents as documents
from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
documents.SHARD_BYTES = 20_000
executor.SECONDS_WORTH_A_POOL = 0
sys.exit(run(cli, sys.argv[1:]))
"""


def corpus(folder: Path) -> Path:
    pages = {f"{'ab'[i % 2]}/{i:03d}.txt": page(i % 70, 3) for i in range(80)}
    write(folder, pages)
    for file in REJECTED.iterdir():
        write(folder, {f"bad/{file.name}": file.read_bytes()})
    rows = "".join(f"a/{i:03d}.txt,Outlet {i},{i}\n" for i in range(0, 80, 4))
    return write(folder, {"metadata.csv": f"file,outlet,number\n{rows}"})


def build(raw: Path, out: Path, *options: str, **env: str) -> dict[str, str]:
    line = [sys.executable, "-c", _CHILD, "build", str(raw), "--out", str(out), *options]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False, env=environment(**env))
    assert done.returncode == 0, done.stderr
    assert len(list((out / ".work" / "documents").iterdir())) >= 4, "too few units to show anything"
    return made_files(out)


def made_files(out: Path) -> dict[str, str]:
    return {
        p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(out.rglob("*"))
        if p.is_file() and ".work" not in p.parts
    }


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("first")
    made = build(corpus(folder / "raw"), folder / "out", "--workers", "1", PYTHONHASHSEED="1", TZ="UTC")
    assert {name.split("/")[0] for name in made} == {"documents", "suggestions", "rejected", "release", "report"}
    return made


@pytest.mark.slow
def test_another_folder_time_zone_hash_seed_and_eight_workers_give_the_same_bytes(
    first: dict[str, str], tmp_path: Path
) -> None:
    raw = corpus(tmp_path / "somewhere" / "else" / "raw")
    for number, file in enumerate(sorted(raw.rglob("*.txt"))):
        os.utime(file, (10**9 + number, 10**9 - number))
    made = build(
        raw, tmp_path / "other-out", "--workers", "8", PYTHONHASHSEED="77", TZ="Pacific/Kiritimati", LC_ALL="C"
    )
    assert made == first


def test_units_that_are_read_while_others_are_still_listed_change_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "SHARD_BYTES", 5000)
    pages = {f"{'ab'[i % 2]}/{i:03d}.txt": page(i % 70, 3) for i in range(60)}
    records = {f"{name}.jsonl": f'{{"id": "same", "text": "A record of {name}."}}\n' for name in ("a/0", "b/9", "z")}
    raw = write(tmp_path / "raw", {**pages, **records, "c/empty.txt": ""})
    begun = []
    begin = Workers.begin
    monkeypatch.setattr(Workers, "begin", lambda *given: begun.append(made := begin(*given)) or made)
    one = ingest(raw, tmp_path / "one")
    assert set(begun) == {None}
    two = ingest(raw, tmp_path / "two", workers=2, started=True)
    assert sum(future is not None for future in begun) >= 2
    assert made_files(two.out) == made_files(one.out)
    assert two.reasons == one.reasons and [r for _, r in one.reasons].count("duplicate_id") == 2
    assert ingest(raw, tmp_path / "two").result.unchanged_units == one.result.units


@pytest.mark.slow
def test_a_build_in_two_steps_gives_the_same_bytes_as_one(first: dict[str, str], tmp_path: Path) -> None:
    raw = corpus(tmp_path / "raw")
    aside = tmp_path / "later"
    aside.mkdir()
    for name in ("a/010.txt", "b/051.txt", "metadata.csv", "bad/nul.jsonl"):
        (raw / name).rename(aside / name.replace("/", "_"))
    assert build(raw, tmp_path / "out") != first
    for name in ("a/010.txt", "b/051.txt", "metadata.csv", "bad/nul.jsonl"):
        (aside / name.replace("/", "_")).rename(raw / name)
    assert build(raw, tmp_path / "out") == first


@pytest.mark.slow
def test_nothing_made_names_a_path_a_host_or_a_clock(tmp_path: Path) -> None:
    out = tmp_path / "a-very-odd-folder"
    raw = write(tmp_path / "raw", {f"{i:03d}.txt": page(i, 12) for i in range(40)})
    build(raw, out, "--workers", "2")
    words = [str(tmp_path), "a-very-odd-folder", os.uname().nodename, "workers"]
    for path in out.rglob("*"):
        if path.is_file() and ".work" not in path.parts:
            content = path.read_bytes()
            if path.suffix == ".parquet":  # compressed: a short name turns up in it by chance
                file = pq.ParquetFile(path)
                content = f"{file.metadata} {file.schema_arrow.to_string(truncate_metadata=False)} ".encode()
                content += b"" if file.metadata.num_rows == 0 else pl.read_parquet(path).write_ndjson().encode()
            said = re.findall(rb"[\w./-]+", content)
            assert [w for w in words if w.encode() in (content if len(w) > 6 else said)] == [], path


def test_the_shards_of_a_large_file_are_written_by_other_processes_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "ends_shard", lambda doc_id, size, shard_bytes: int(doc_id, 16) % 7 == 0)
    long = "A line of which the contract holds that it is too long for a record. " * 9
    lines = [
        "no record"
        if i % 31 == 3
        else f'{{"id": "{i}", "title": "Title {i}", "text": "{long if i % 10 == 9 else i}!"}}'
        for i in range(200)
    ]
    raw = write(tmp_path / "raw", {"all.jsonl": "\n".join(lines), "page.txt": page(1)})
    contract = tmp_path / "documents.yaml"
    text = (shipped("schemas") / "documents.yaml").read_text(encoding="utf-8")
    before, column, after = text.partition("\n  text:\n")
    after = after.replace("{min_value: 1}", "{min_value: 1, max_value: 500}", 1)
    contract.write_text(before + column + after, encoding="utf-8")
    one = ingest(raw, tmp_path / "one", contract=contract, language=True)
    assert len(list((tmp_path / "one" / "documents").glob("*.parquet"))) > 10
    assert {reason for _, reason in one.reasons} == {"malformed_json", "contract"}

    monkeypatch.setattr(documents, "_SECONDS_WORTH_SHARING", 0.0)
    shared, making = [], Workers.while_making
    monkeypatch.setattr(Workers, "while_making", lambda *given: shared.append(given) or making(*given))
    two = ingest(raw, tmp_path / "two", contract=contract, language=True, workers=2)
    assert len(shared) == one.result.units
    assert two.rejected == one.rejected
    assert made_files(two.out) == made_files(one.out)
    assert ingest(raw, tmp_path / "two", contract=contract, language=True).result.unchanged_units == one.result.units
