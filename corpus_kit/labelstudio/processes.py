"""The server's process: whether it lives, its end, and what it said last."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

LOG_LINES_SHOWN = 8
LOG_CHARACTERS_SHOWN = 600


def alive(pid: int, process: subprocess.Popen[bytes] | None) -> bool:
    """Whether a process runs; `process` when it is our child, which would stay a zombie unless asked for its end."""
    if process is not None:
        return process.poll() is None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_group(pid: int, process: subprocess.Popen[bytes] | None, patience: float = 10.0) -> None:
    """End a process group: SIGTERM, and SIGKILL after `patience` seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not alive(pid, process):
            return
        with suppress(ProcessLookupError):
            os.killpg(pid, number)
        end = time.monotonic() + patience
        while alive(pid, process) and time.monotonic() < end:
            time.sleep(0.05)


def last_words(log: Path) -> str:
    """The end of the server's log, on one line."""
    try:
        lines = log.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return "It left no log."
    words = [" ".join(line.split()) for line in lines if line.strip()][-LOG_LINES_SHOWN:]
    return "Its last words: " + " | ".join(words)[-LOG_CHARACTERS_SHOWN:] if words else "Its log is empty."
