"""What a pool's processes do before they are measured, in a module of its own: they do not run the program's main module."""

from __future__ import annotations

import importlib
import time


def load(modules: tuple[str, ...]) -> None:
    """Import what the tasks will ask for."""
    for module in modules:
        importlib.import_module(module)
    time.sleep(0.05)  # so that every process of a pool gets one
