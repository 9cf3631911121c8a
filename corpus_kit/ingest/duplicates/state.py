"""Small arrays on the disk between the steps: memory-mapped, and never half written under their name."""

from __future__ import annotations

import mmap
import uuid
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

_HEAD = 256  # bytes; more than the header of any array here


def save_array(path: str | Path, array: Any) -> None:
    """Write aside and rename, so that whoever finds the file finds all of it."""
    aside = Path(f"{path}.{uuid.uuid4().hex}.part")  # nobody else's name, not even on another machine
    with aside.open("wb") as file:
        np.save(file, array, allow_pickle=False)
    aside.replace(path)


def open_array(path: str | Path) -> Any:
    """A memory-mapped array; only the pages that are used are read. Raises OSError, and ValueError for a torn file.

    What `np.load(path, mmap_mode="r")` does, in a tenth of the time: a step opens the files of all shards.
    """
    with open(path, "rb", buffering=0) as file:
        start, dtype, shape = _header(file.read(_HEAD))
        count = prod(shape)
        if count == 0:
            return np.empty(shape, dtype)  # nothing to map
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, dtype, count, start).reshape(shape)


@lru_cache(maxsize=1 << 10)
def _header(head: bytes) -> tuple[int, np.dtype[Any], tuple[int, ...]]:
    """(first byte of the data, type, shape) from the beginning of a file."""
    read, layout = BytesIO(head), np.lib.format
    if layout.read_magic(read) != (1, 0):  # type: ignore[no-untyped-call]  # numpy gives it no types
        raise ValueError("not an array that `save_array` wrote")
    shape, by_columns, dtype = layout.read_array_header_1_0(read)  # type: ignore[no-untyped-call]
    if by_columns and len(shape) > 1:
        raise ValueError("an array in the order of its columns")
    return read.tell(), dtype, shape


def readable(path: str | Path) -> bool:
    """Whether the file is there and a whole array."""
    try:
        open_array(path)
    except (OSError, ValueError, EOFError):
        return False
    return True


def save_listing(path: str | Path, folders: Sequence[str]) -> str:
    """Write down the shards' folders, so that a task names one file and not thirty thousand; returns its path.

    A listing is never written anew: its name is its own run's.
    """
    aside = Path(f"{path}.{uuid.uuid4().hex}.part")
    aside.write_text("\n".join(folders), encoding="utf-8")
    aside.replace(path)
    return str(path)


@lru_cache(maxsize=2)
def load_listing(path: str) -> tuple[str, ...]:
    """The shards' folders in order. Read once per process."""
    return tuple(Path(path).read_text(encoding="utf-8").split("\n"))
