"""What needs `datasets`, done in a process beside this one: importing it takes longer than a rebuild's own work.

The process is started as soon as a release is likely to be written, imports while documents are read, and answers one call
after the other. It hears no Ctrl-C and ends when its input closes, so it never outlives the command. A program that has
imported `datasets` already is served in its own process.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.parallel.process import SAFE_PATH, module_path

R = TypeVar("R")

_START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from corpus_kit.release.datasets_subprocess import serve; serve()"
)


class DatasetsSubprocess:
    """Calls functions of `corpus_kit.release` that import `datasets`. Use as a context."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to import `datasets`, if no one has yet. Costs a few milliseconds here."""
        if self._process is not None or "datasets" in sys.modules:
            return
        # What is opened lies on this disk; `datasets` is told so, and asks no one else.
        offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | offline | {SAFE_PATH: "1"},
                start_new_session=True,
            )
        except OSError:
            return  # no process can be started here; then it is done in this one, later
        self._send(module_path())

    def call(self, module: str, function: str, *arguments: Any) -> Any:
        """`corpus_kit.release.<module>.<function>(*arguments)`. Raises what it raises."""
        return self.begin(module, function, *arguments)()

    def begin(self, module: str, function: str, *arguments: Any) -> Callable[[], Any]:
        """The same, under way while this process does something else; what is returned waits for the result.

        One at a time. Without a process of its own it is done when the result is asked for.
        """
        self.start()
        if self._process is None:
            return partial(_without_network, _function(module, function), *arguments)
        self._send((module, function, arguments))
        return self._answer

    def _answer(self) -> Any:
        assert self._process is not None and self._process.stdout is not None
        try:
            result, error = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError) as e:
            raise _ended() from e
        if error is not None:
            raise error
        return result

    def _send(self, message: Any) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
        except BrokenPipeError as e:
            raise _ended() from e

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> DatasetsSubprocess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve() -> None:
    """In the process beside: answer calls until the input closes. Data goes through stdout, which no one else may use."""
    answers, sys.stdout = os.fdopen(os.dup(1), "wb"), sys.stderr
    os.dup2(2, 1)
    import_module("corpus_kit.release.verify")
    while True:
        try:
            module, function, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        answer: tuple[Any, Exception | None]
        try:
            answer = (_function(module, function)(*arguments), None)
        except Exception as e:  # noqa: BLE001 - raised in the process that called
            answer = (None, e)
        pickle.dump(answer, answers)
        answers.flush()


def _function(module: str, name: str) -> Callable[..., Any]:
    made: Callable[..., Any] = getattr(import_module(f"corpus_kit.release.{module}"), name)
    return made


def _without_network(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function while `datasets`, imported here before, takes itself to be offline: else it reports what it loads."""
    from datasets import config

    before = config.HF_HUB_OFFLINE
    config.HF_HUB_OFFLINE = True
    try:
        return function(*arguments)
    finally:
        config.HF_HUB_OFFLINE = before


def _ended() -> EnvironmentProblemError:
    return EnvironmentProblemError(
        "The process that opens the release with `datasets` ended by itself.",
        "Try `python -c 'import datasets'`; `corpus-kit doctor` looks at the packages. Then build again.",
    )
