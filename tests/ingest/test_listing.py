"""`inputs.sha256` is what `sha256sum -c` reads, whatever files are called."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from ingest_samples import ingest, page, write

NAMES = ["a.txt", "b c/ä🙂.txt", "back\\slash.txt", "two\nlines.txt", "carriage\rreturn.txt", " edge .txt", "z.jsonl"]


@pytest.mark.parametrize("names", [NAMES, NAMES[:2], ["two\nlines.txt"]], ids=["all", "plain", "odd"])
def test_sha256sum_agrees_with_the_listing(tmp_path: Path, names: list[str]) -> None:
    raw = write(tmp_path / "raw", {name: page(number) for number, name in enumerate(names) if name != "z.jsonl"})
    if "z.jsonl" in names:
        write(raw, {"z.jsonl": '{"text": "A record."}\n'})
    ingest(raw, tmp_path / "out")
    listing = tmp_path / "out" / "documents" / "inputs.sha256"
    command = shutil.which("sha256sum")
    assert command, "coreutils have it on every Linux"
    done = subprocess.run([command, "-c", str(listing)], cwd=raw, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": OK\n") == len(names)


def test_what_could_not_be_read_is_not_listed(tmp_path: Path) -> None:
    from corpus_kit.ingest.discover import discover
    from corpus_kit.ingest.listing import write_listing

    files = discover([write(tmp_path / "raw", {"a.txt": "a", "b.txt": "bb", "c\\.txt": "ccc"})]).files
    target = tmp_path / "inputs.sha256"
    facts = write_listing(target, [(files[:2], ["1" * 64, None]), (files[2:], ["3" * 64])])
    assert target.read_text("utf-8") == f"{'1' * 64}  a.txt\n\\{'3' * 64}  c\\\\.txt\n"
    assert facts == {
        "files": 2,
        "bytes": 4,
        "listing": "inputs.sha256",
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
    }
