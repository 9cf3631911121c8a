"""Small arrays on the disk between the steps: memory-mapped, and never half written under their name."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import numpy as np


def save_array(path: str | Path, array: Any) -> None:
    """Write aside and rename, so that whoever finds the file finds all of it."""
    aside = Path(f"{path}.{uuid.uuid4().hex}.part")  # nobody else's name, not even on another machine
    with aside.open("wb") as file:
        np.save(file, array, allow_pickle=False)
    aside.replace(path)


def open_array(path: str | Path) -> Any:
    """A memory-mapped array; only the pages that are used are read."""
    try:
        # As a plain array: a slice of a `memmap` costs several times as much.
        return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    except ValueError:
        return np.load(path, allow_pickle=False)  # an empty array cannot be mapped


def readable(path: str | Path) -> bool:
    """Whether the file is there and a whole array."""
    try:
        open_array(path)
    except (OSError, ValueError, EOFError):
        return False
    return True
