"""How a process begins and ends that runs one command of corpus-kit, and how others are started from it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Of new objects; Python's own are 700, 10 and 10. Imports and the listing of a large folder make some hundred thousand
# objects that stay, and going through them over and over for cycles took a tenth of a small rebuild.
_COLLECTED_AFTER = 200_000, 20, 20


@contextmanager
def own_process() -> Iterator[None]:
    """To be entered before NumPy is imported, and left when there is nothing more to do."""
    gc.set_threshold(*_COLLECTED_AFTER)
    # OpenBLAS starts a thread for every other core with NumPy, which spins for 40 ms; nothing here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        yield
    finally:
        gc.freeze()  # all memory goes back with the process; the interpreter need not look for cycles in it first


SAFE_PATH = "PYTHONSAFEPATH"
"""The variable that keeps the working folder out of a Python's module path."""


def module_path() -> list[str]:
    """`sys.path` for another process: without the working folder where that is on it only because it is the working folder.

    A corpus is often the working folder, and a file of a stranger's corpus may be called `pickle.py`.
    """
    safe = [os.path.abspath(entry) for entry in sys.path if entry]
    own = str(Path(__file__).resolve().parents[2])  # where corpus_kit is: perhaps only there
    return safe if own in safe else [*safe, own]


@contextmanager
def safe_path() -> Iterator[None]:
    """Python processes started here find modules where this one does, but for the working folder."""
    before, variable = list(sys.path), os.environ.get(SAFE_PATH)
    sys.path[:] = module_path()
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        sys.path[:] = before
        if variable is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = variable


@contextmanager
def without_collector() -> Iterator[None]:
    """Reference counting alone for the length of a block; parsing JSON takes half the time so."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
