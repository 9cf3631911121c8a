"""How long work tells somebody how far it is, without knowing whether that is a terminal, a log or nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Step(Protocol):
    """One counted piece of work under way."""

    def advance(self, n: int = 1) -> None: ...


class Progress(Protocol):
    """Receives what a command is doing: steps with a total, and single remarks."""

    def step(self, label: str, total: int) -> Step: ...

    def finish(self, step: Step) -> None: ...

    def remark(self, sentence: str) -> None: ...


class Silent:
    """Progress for a library call: no one watches."""

    def step(self, label: str, total: int) -> Step:
        return self

    def finish(self, step: Step) -> None: ...

    def remark(self, sentence: str) -> None: ...

    def advance(self, n: int = 1) -> None: ...


@contextmanager
def counted(progress: Progress, label: str, total: int) -> Iterator[Step]:
    """A step that ends with the block, whatever happens in it."""
    step = progress.step(label, total)
    try:
        yield step
    finally:
        progress.finish(step)
