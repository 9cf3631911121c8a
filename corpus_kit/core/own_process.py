"""How a process begins and ends that runs one command of corpus-kit and nothing else."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

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
