"""Tasks for worker processes: they import them by name."""

from __future__ import annotations

import os
import sys
import time


def square(number: int) -> int:
    return number * number


def who(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def fail(number: int) -> int:
    from corpus_kit.core.errors import ConfigError

    if number == 3:
        raise ConfigError("three is wrong", "take four")
    return number


def die(number: int) -> int:
    if number == 2:
        os._exit(9)
    return number


def threads(_: int) -> tuple[str | None, int, str | None]:
    import pyarrow

    return os.environ.get("POLARS_MAX_THREADS"), pyarrow.cpu_count(), os.environ.get("OPENBLAS_NUM_THREADS")


def loaded(module: str) -> bool:
    return module in sys.modules
