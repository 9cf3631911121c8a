"""Whatever stops a command, the user gets one sentence and the next step; only what no one foresaw is called a bug."""

from __future__ import annotations

import errno
from pathlib import Path

import click
import polars as pl
import pytest

from corpus_kit.cli.errors import run
from corpus_kit.core.errors import ConfigError, EnvironmentProblemError, FindingsError, ServiceError, UsageError

Printed = pytest.CaptureFixture[str]


def stopped_by(error: BaseException) -> int:
    """The exit code of a command that ends with this error."""

    @click.command("some")
    def command() -> None:
        raise error

    return run(command, [])


def wrapped(cause: BaseException) -> RuntimeError:
    """As libraries do it: an error of their own, and behind it the one that tells."""
    error = RuntimeError("writing failed")
    error.__cause__ = cause
    return error


FULL = "Free some space and run the command again; finished parts are kept."


@pytest.mark.parametrize(
    ("error", "code", "sentence", "step"),
    [
        (MemoryError(), 3, "The memory is used up.", "Use fewer --workers"),
        (OSError(errno.ENOSPC, "No space left on device", "/d/x"), 3, "The disk is full: /d/x.", FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 3, "Your disk quota is used up.", FULL),
        (RuntimeError("IO error: No space left on device (os error 28)"), 3, "The disk is full.", FULL),
        (wrapped(OSError(errno.ENOSPC, "No space left on device")), 3, "The disk is full.", FULL),
        (wrapped(OSError(errno.EROFS, "Read-only file system", "/d")), 3, "The disk is read-only: /d.", "--out"),
        (OSError(errno.EACCES, "Permission denied", "/d"), 3, "Permission is denied: /d.", "Check the owner"),
        (OSError(errno.EMFILE, "Too many open files"), 3, "Too many files are open.", "ulimit -n 4096"),
        (OSError(errno.EIO, "Input/output error"), 3, "The disk reports an error.", "Check the disk"),
        (OSError(errno.ELOOP, "Too many levels of links", "/d"), 3, "Too many levels of links: /d.", "Check the path"),
        (
            pl.exceptions.ComputeError("parquet: File out of specification"),
            3,
            "A made Parquet file is damaged",
            "build",
        ),
        (UsageError("No such thing.", "Name another."), 2, "No such thing.", "Name another."),
        (ConfigError("A key is unknown.", "Remove it."), 2, "A key is unknown.", "Remove it."),
        (EnvironmentProblemError("It is broken.", "Install it."), 3, "It is broken.", "Install it."),
        (ServiceError("It does not answer.", "Start it."), 3, "It does not answer.", "Start it."),
        (FindingsError("Three are wrong.", "Look at them."), 1, "Three are wrong.", "Look at them."),
        (click.UsageError("Not with that."), 2, "Not with that.", "--help"),
    ],
)
def test_what_stops_a_command_is_said_with_the_next_step(
    error: BaseException, code: int, sentence: str, step: str, capsys: Printed
) -> None:
    assert stopped_by(error) == code
    told = capsys.readouterr().err
    assert f"Error: {sentence}" in told and step in told
    assert told.count("  → ") == 1
    assert "bug in corpus-kit" not in told and "Traceback" not in told


def test_what_nobody_foresaw_is_called_a_bug_and_says_how_to_report_it(capsys: Printed) -> None:
    assert stopped_by(ZeroDivisionError("division by zero")) == 3
    told = capsys.readouterr().err
    assert "Error: This is a bug in corpus-kit: ZeroDivisionError: division by zero" in told
    assert "CORPUS_KIT_DEBUG=1" in told and "Traceback" not in told


def test_a_traceback_is_printed_for_who_asks_for_it(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORPUS_KIT_DEBUG", "1")
    assert stopped_by(UsageError("No such thing.", "Name another.")) == 2
    told = capsys.readouterr().err
    assert "Traceback (most recent call last)" in told and "Error: No such thing." in told


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_is_no_error(error: BaseException, capsys: Printed) -> None:
    assert stopped_by(error) == 130
    told = capsys.readouterr().err
    assert told.strip() == "Stopped. Nothing is half-written; the same command goes on where it stopped."


def test_the_place_of_a_disk_error_is_the_file_that_it_names(tmp_path: Path, capsys: Printed) -> None:
    @click.command("some")
    def command() -> None:
        (tmp_path / "folder" / "file").write_text("x")

    assert run(command, []) == 3
    assert f"No such file or directory: {tmp_path / 'folder' / 'file'}." in capsys.readouterr().err
