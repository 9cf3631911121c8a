"""What people see is harmless: control characters are shown, cells do not compute, a closed stream is no bug."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from strangers import PAGES, environment, made_corpus

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.cli.output import ConsoleProgress, Output, harmless
from corpus_kit.core.visible import shown_cells
from corpus_kit.release.losses import LossRow, write_loss_rows

# Each moves the cursor, clears the screen, sets the title, hides text, or turns it around.
ACTING = (
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\x08\x08",
    "\r",
    "\x00",
    "\u202etxt.exe",
    "\u2066",
    "\x7f",
    "\ud800",
)


@pytest.mark.parametrize("acting", ACTING)
def test_nothing_that_acts_reaches_a_terminal(acting: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"before{acting}after"
    output, progress = Output(), ConsoleProgress()
    output.table([(text, 1)], header=("name", "rows"))
    output.data(text)
    output.say(text)
    output.next_step(text)
    progress.remark(text)
    step = progress.step(text, 2)
    step.advance(2)
    progress.finish(step)
    Output(True).json({"name": text})
    told = capsys.readouterr()
    for stream in (told.out, told.err):
        assert not any(c in stream for c in acting if not c.isalnum() and c not in "[];.")
        assert "before" in stream and "after" in stream
    kept = json.loads(told.out[told.out.index("{") :])
    assert kept == {"name": text}, "JSON means the same"


def test_what_people_write_stays_as_it_is() -> None:
    text = "Łódź, Ελλάδα, 東京, עברית, العربية, हिन्दी, 👩‍👩‍👧, می‌خواهم\tand a tab\nand a line"
    assert harmless(text) == text


def test_an_error_shows_control_characters_of_any_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = made_corpus(tmp_path / "corpus", '[[suggest.entities.models]]\nmodel = "\\u001b[2J:\\u202e"\n')
    monkeypatch.chdir(root)
    assert run(cli, ["build"]) == 2
    assert run(cli, ["build", "\x1b[2J\u202e"]) == 2
    assert run(cli, ["suggest", "\x1b[2J"]) == 2
    told = capsys.readouterr()
    assert "\x1b" not in told.err and "\u202e" not in told.err
    assert "[U+001B]" in told.err


def test_a_file_name_that_is_no_text_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "fine.txt").write_text(PAGES["ferry.txt"])
    Path(os.fsdecode(os.fsencode(raw) + b"/\xff\x1b[2J.txt")).write_bytes(b"\x00\x01\x02")
    monkeypatch.chdir(tmp_path)
    assert run(cli, ["build", "raw", "--out", "out", "--no-report"]) == 0
    told = capsys.readouterr()
    assert "\x1b" not in told.out + told.err


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "secret-token-0123")
    Output().say("the server said secret-token-0123")
    assert "secret" not in capsys.readouterr().err


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_cell_does_not_compute(cell: str, tmp_path: Path) -> None:
    assert shown_cells([cell, 5, "plain"]) == ["'" + cell, 5, "plain"]
    row = LossRow("entities", "0" * 16, "entities", "s1", -1, 2, cell, "nested")
    write_loss_rows(tmp_path / "losses.csv", [row])
    with (tmp_path / "losses.csv").open(newline="") as f:
        _, made = csv.reader(f)
    assert made[6] == "'" + cell
    assert made[4] == "-1", "a number stays a number"
    assert shown_cells(["\r=1"]) == ["[U+000D]=1"], "nor does it begin another row"


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_no_bug(closed: str, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "page.txt").write_text(PAGES["ferry.txt"])
    line = f'"$0" -m corpus_kit build raw --out out --no-report {closed}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "bug" not in done.stdout + done.stderr
    text = io.BytesIO((tmp_path / "out" / "release" / "README.md").read_bytes()).read()
    assert text.startswith(b"---"), "nothing that was said went into a file"


def test_a_terminal_that_knows_no_greek_is_no_bug(tmp_path: Path) -> None:
    raw = tmp_path / "Ελλάδα"
    raw.mkdir()
    (raw / "σελίδα.txt").write_bytes(b"\x00\x01")
    done = subprocess.run(
        [sys.executable, "-m", "corpus_kit", "build", str(raw), "--out", str(tmp_path / "έξω"), "--no-report"],
        env=environment(PYTHONIOENCODING="ascii"), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
