"""Every file of tests/data/rejected gets its own reason code, and its good records are kept."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from ingest_samples import REJECTED, ingest, no_half_written_folder, rows

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.reasons import REASONS

with (REJECTED / "expected.csv").open(encoding="utf-8", newline="") as handle:
    EXPECTED = [(r["file"], r["record"], r["reason"]) for r in csv.DictReader(handle)]
FILES = sorted({name for name, _, _ in EXPECTED})
# Good records that stand beside the bad ones.
GOOD = {
    "duplicate-id.jsonl": 2,
    "duplicate-key.jsonl": 2,
    "lone-surrogate.jsonl": 2,
    "malformed-line.jsonl": 3,
    "missing-text.jsonl": 2,
    "nul.jsonl": 2,
    "text-not-string.jsonl": 1,
    "truncated.json": 2,
}


def test_every_ready_made_file_is_expected_to_be_refused() -> None:
    assert sorted(f.name for f in REJECTED.iterdir() if f.name != "expected.csv") == FILES


@pytest.mark.parametrize("name", FILES)
def test_bad_input_gets_its_reason_code_and_the_good_records_are_kept(name: str, tmp_path: Path) -> None:
    made = ingest(REJECTED / name, tmp_path / "out")
    wanted = [(f"{f}#{r}" if r else f, reason) for f, r, reason in EXPECTED if f == name]
    assert made.reasons == wanted
    assert made.result.documents == GOOD.get(name, 0)
    assert no_half_written_folder(tmp_path / "out")
    for row in made.rejected:
        assert row["stage"] == "read" and row["detail"] and row["payload"] is None
        assert len(row["detail"]) <= 250, "a detail never holds whole texts"
        assert REASONS[row["reason"]].hint


def test_a_refused_file_is_named_by_the_hash_of_its_bytes(tmp_path: Path) -> None:
    made = ingest(REJECTED / "undecodable.txt", tmp_path / "out")
    assert made.rejected[0]["raw_sha256"] == hashlib.sha256((REJECTED / "undecodable.txt").read_bytes()).hexdigest()


def test_the_command_names_all_refusals_and_exits_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    for name in FILES:
        (raw / name).write_bytes((REJECTED / name).read_bytes())
    assert run(cli, ["build", str(raw), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["documents"] == sum(GOOD.values())
    assert told["rejected"] == Counter(reason for _, _, reason in EXPECTED)
    assert told["records"] == told["documents"] + sum(told["rejected"].values())
    assert len(rows(out / "rejected")) == len(EXPECTED)
    assert no_half_written_folder(out)


def test_strict_makes_refusals_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["build", str(REJECTED / "nul.jsonl"), "--out", str(tmp_path / "out"), "--strict"]) == 1
    assert "--strict: 1 rejected" in capsys.readouterr().err
    assert len(rows(tmp_path / "out" / "documents")) == 2, "the build itself is done"


def test_without_an_accepted_document_there_is_no_release_and_no_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cli, ["build", str(REJECTED / "empty.txt"), "--out", str(tmp_path / "out")]) == 0
    assert "There is no release" in capsys.readouterr().err
    assert not (tmp_path / "out" / "release").exists()


def test_a_release_of_documents_that_are_no_more_goes_away(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "a.txt").write_text("One page that will be emptied.\n", encoding="utf-8")
    args = ["build", str(raw), "--out", str(tmp_path / "out")]
    assert run(cli, args) == 0 and (tmp_path / "out" / "release").is_dir()
    (raw / "a.txt").write_text("", encoding="utf-8")
    assert run(cli, args) == 0 and not (tmp_path / "out" / "release").exists()
