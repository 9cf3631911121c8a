"""A real terminal for a command: a pseudo-terminal of a given width, and what was drawn on it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Screen:
    """code: the exit code. drawn: every byte the terminal got, as text."""

    code: int
    drawn: str

    @property
    def plain(self) -> str:
        return ESCAPE.sub("", self.drawn).replace("\r\n", "\n")

    @property
    def lines(self) -> list[str]:
        return self.plain.split("\n")


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would change colours or widths, and without a server."""
    told = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM", "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY")
    kept = {k: v for k, v in os.environ.items() if k not in told}
    return kept | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | more


def on_terminal(
    args: list[str], cwd: Path, *, columns: int = 80, interrupt_at: str = "", seconds: float = 120, **environ: str
) -> Screen:
    """Run `corpus-kit` with all its streams on a terminal; Ctrl-C is typed once `interrupt_at` was drawn."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "corpus_kit", *args],
        cwd=cwd,
        env=environment(**environ),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    drawn, end = b"", time.monotonic() + seconds
    with contextlib.suppress(OSError):  # EIO: the last process has closed the terminal
        while time.monotonic() < end:
            if not select.select([ours], [], [], 0.2)[0]:
                continue
            got = os.read(ours, 1 << 16)
            if not got:
                break
            drawn += got
            if interrupt_at and interrupt_at.encode() in drawn:
                os.write(ours, b"\x03")
                interrupt_at = ""
    code = process.wait(30)
    os.close(ours)
    return Screen(code, drawn.decode("utf-8", "replace"))


def in_pipe(args: list[str], cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The same command with pipes, as in a script or a log."""
    return subprocess.run(
        [sys.executable, "-m", "corpus_kit", *args],
        cwd=cwd,
        env=environment(**environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
