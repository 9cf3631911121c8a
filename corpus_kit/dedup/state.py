"""Small arrays on the disk between the steps: memory-mapped, and never half written under their name."""

from __future__ import annotations

import ast
import contextlib
import mmap
import re
import uuid
from collections.abc import Sequence
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from corpus_kit.core.storage.folders import aside_of, link_or_copy, read_checked_json, remove, write_checked_json

ARRAYS = "arrays.json"
_HEAD = 256  # bytes; more than the header of any array here
# Version 1.0 of .npy, by rows. `numpy.lib.format` compiles every header as Python, which takes longer than all the rest.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': ([^\n]*), 'fortran_order': False, 'shape': \(([0-9, ]*)\), \} *\n", re.DOTALL
)


def save_array(path: str | Path, array: Any) -> None:
    """Write aside and rename, so that whoever finds the file finds all of it."""
    aside = Path(f"{path}.{uuid.uuid4().hex}.part")  # no one else's name, not even on another machine
    with aside.open("wb") as file:
        np.save(file, array, allow_pickle=False)
    aside.replace(path)


def link_array(source: Path, target: Path) -> None:
    """The same array under a second name, which it gets as a whole."""
    aside = aside_of(target)
    link_or_copy(source, aside)
    aside.replace(target)


def open_array(path: str | Path) -> Any:
    """A memory-mapped array; only the pages that are used are read. Raises OSError, and ValueError for a torn file.

    What `np.load(path, mmap_mode="r")` does, in less than half the time: a step opens the files of all shards.
    """
    with open(path, "rb", buffering=0) as file:
        start, dtype, shape = _header(file.read(_HEAD))
        count = prod(shape)
        if count == 0:
            return np.empty(shape, dtype)  # nothing to map
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, dtype, count, start).reshape(shape)


def _header(head: bytes) -> tuple[int, np.dtype[Any], tuple[int, ...]]:
    """(first byte of the data, type, shape) from the beginning of a file that `save_array` wrote."""
    found = _HEADER.match(head)
    if found is None:
        raise ValueError("not a whole array by rows")
    shape = tuple(int(n) for n in found[2].split(b",") if n.strip())
    return found.end(), _dtype(found[1]), shape


@lru_cache(maxsize=32)
def _dtype(written: bytes) -> np.dtype[Any]:
    made: np.dtype[Any] = np.dtype(ast.literal_eval(written.decode("ascii")))
    return made


def readable(path: str | Path) -> bool:
    """Whether the file is there and a whole array."""
    try:
        open_array(path)
    except (OSError, ValueError, EOFError):
        return False
    return True


def note_arrays(folder: Path) -> None:
    """Note when all arrays below a folder were written, at the end of a run; `drop_corrupt` asks."""
    write_checked_json(
        folder / ARRAYS, {path.relative_to(folder).as_posix(): _stamp(path) for path in folder.rglob("*.npy")}
    )


def drop_corrupt(folder: Path) -> None:
    """Arrays that were written to since `note_arrays` go, and are made again. They are not read as a whole, so their times
    must do. Without a note, of a run that did not come to its end, what is there is whole by its name."""
    for name, stamp in read_checked_json(folder / ARRAYS).items():
        with contextlib.suppress(FileNotFoundError):
            if _stamp(folder / name) != stamp:
                remove(folder / name)
    (folder / ARRAYS).unlink(missing_ok=True)


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def save_listing(path: str | Path, folders: Sequence[str]) -> str:
    """Write down the shards' folders, so that a task names one file and not thirty thousand; returns its path.

    A listing is never written again: its name is its own run's.
    """
    aside = Path(f"{path}.{uuid.uuid4().hex}.part")
    aside.write_text("\n".join(folders), encoding="utf-8")
    aside.replace(path)
    return str(path)


@lru_cache(maxsize=2)
def load_listing(path: str) -> tuple[str, ...]:
    """The shards' folders in order. Read once per process."""
    return tuple(Path(path).read_text(encoding="utf-8").split("\n"))
