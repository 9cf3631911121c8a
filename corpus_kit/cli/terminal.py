"""What a terminal can show: its width, its colours, and how wide a text stands in it.

Only a terminal is fitted to. A pipe and a file get every character, and no colour unless FORCE_COLOR asks for it.
"""

from __future__ import annotations

import os
import shutil
from typing import TextIO

import click

_DUMB = ("dumb", "unknown")


def width_of(stream: TextIO) -> int | None:
    """Columns of the terminal that `stream` is, None where it is none."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def draws(stream: TextIO) -> bool:
    """Whether lines can be drawn over: a terminal that is not dumb."""
    return stream.isatty() and os.environ.get("TERM", "") not in _DUMB


def colours(stream: TextIO) -> bool:
    """NO_COLOR forbids (no-color.org), FORCE_COLOR asks for it; else a terminal that is not dumb has colours."""
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR", "")
    return forced not in ("", "0") or draws(stream)


def styled(text: str, stream: TextIO, **style: bool | str) -> str:
    """`text` in click's style where the stream has colours, else as it is."""
    return click.style(text, **style) if text and colours(stream) else text  # type: ignore[arg-type]  # mypy sees one value type


def cells(text: str) -> int:
    """Columns a text takes: ideographs take two, combining marks none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """`text` filled with spaces to `width` columns, at its end or at its beginning."""
    blank = " " * (width - cells(text))
    return blank + text if right else text + blank


def cut(text: str, width: int) -> str:
    """`text` in at most `width` columns, with … where something is missing: in the middle of a path, else at the end."""
    if cells(text) <= width:
        return text
    if width < 2:
        return "…"[:width]
    tail = ""
    if "/" in text and " " not in text:
        tail = _fitting(text[::-1], (width - 1) * 2 // 3)[::-1]
    return f"{_fitting(text, width - 1 - cells(tail))}…{tail}"


def _fitting(text: str, width: int) -> str:
    """The longest beginning that fits."""
    taken, used = 0, 0
    for character in text:
        used += cells(character)
        if used > width:
            break
        taken += 1
    return text[:taken]
