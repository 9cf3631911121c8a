"""Work that makes many plain objects and no cycles goes on without the garbage collector looking at them all again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
