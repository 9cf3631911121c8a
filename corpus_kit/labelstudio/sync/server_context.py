"""What the commands of this room are told about a corpus, and the lock that lets one of them at it at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from corpus_kit.core.config import Assign, LabelStudio
from corpus_kit.core.errors import ConfigError, EnvironmentProblemError, UsageError, did_you_mean
from corpus_kit.core.layers import Layer
from corpus_kit.core.records import CheckScore
from corpus_kit.core.storage.folders import WORK, work_folder

TITLE_CHARACTERS = range(3, 51)
"""How long the server lets a project's title be."""
LOCK_FILE = "label-studio.lock"


@dataclass(frozen=True, slots=True)
class FirstPages:
    """What people are given before their own pages. pages: documents by layer. scores: everybody on known answers."""

    pages: Mapping[str, frozenset[str]] = field(default_factory=dict)
    scores: Sequence[CheckScore] = ()


@dataclass(frozen=True, slots=True)
class ServerContext:
    """A corpus as Label Studio sees it.

    data: the folder of the made folders. name: the corpus's. layers: by name. settings: `[label_studio]` of
    `corpus.toml`. checks: by layer, the documents that everybody is to be given. assign: `[assign]`. first: of those who
    begin. person: whose projects are meant; "" for those that everybody labels in. holdout: share of the documents whose
    tasks show no suggestions.
    """

    data: Path
    name: str
    layers: Mapping[str, Layer]
    settings: LabelStudio
    checks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    assign: Assign = field(default_factory=Assign)
    first: FirstPages = field(default_factory=FirstPages)
    person: str = ""
    holdout: float = 0.0

    def of(self, person: str) -> ServerContext:
        """The same corpus in a person's own projects, where each task is for one."""
        return replace(self, person=person, settings=self.settings.model_copy(update={"overlap": 1}))

    def title(self, layer: str) -> str:
        """The title of a layer's project.

        Raises ConfigError when the server would not take it.
        """
        title = f"{self.name}: {layer} {self.person}".rstrip()
        if len(title) not in TITLE_CHARACTERS:
            raise ConfigError(
                f"A project's title has at most 50 characters, and '{title}' has {len(title)}.",
                f"Shorten `name` in corpus.toml, or rename the layer '{layer}'{' or the person' if self.person else ''}.",
            )
        return title

    def chosen(self, layer: str | None) -> list[Layer]:
        """The named layer, or all of them.

        Raises UsageError for a name the corpus doesn't have, ConfigError for a title the server would not take.
        """
        if layer is not None and layer not in self.layers:
            raise UsageError(
                f"There is no layer '{layer}'.{did_you_mean(layer, list(self.layers))}",
                f"The layers of this corpus: {', '.join(self.layers)}.",
            )
        found = [one for name, one in self.layers.items() if layer in (None, name)]
        for one in found:
            for person in ("", *self.assign.people):
                self.of(person).title(one.name)
        return found


@contextmanager
def exclusive_lock(data: Path, command: str, *, tables: bool = True) -> Iterator[None]:
    """Keep every other push, pull and restore of this corpus out for the length of one.

    The lock ends with its process, so a killed one leaves nothing behind. tables: keep builds and imports out, too.

    Raises
    ------
    EnvironmentProblemError: another one is at work, or the folder can't be written.
    """
    path = data / WORK / LOCK_FILE
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as e:
        raise EnvironmentProblemError(
            f"Another push, pull or restore of this corpus is at work{_whose(path)}.",
            f"Wait until it has finished, then run `corpus-kit {command}` again.",
        ) from e
    except OSError as e:
        raise EnvironmentProblemError(f"Cannot write in {path.parent}: {e.strerror}.", "Check its rights.") from e
    holder = path.with_suffix(".txt")
    try:
        holder.write_text(f"{command} (process {os.getpid()})", encoding="utf-8")
        with work_folder(data) if tables else nullcontext():
            yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _whose(path: Path) -> str:
    try:
        return f": {path.with_suffix('.txt').read_text('utf-8')}"
    except OSError:
        return ""
