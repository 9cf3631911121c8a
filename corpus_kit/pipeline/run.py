"""What every stage of one command is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.workspace import Workspace
from corpus_kit.core.world import AS_IT_IS, World


@dataclass(frozen=True, slots=True)
class Run:
    """One command at work.

    Attributes:
        workspace: The corpus and its settings.
        data: The folder of the made folders, which `build --out` may name.
        work: `data/.work`, held by this process.
        workers: The processes that run the tasks.
        progress: What is reported to the person who waits.
        world: Which of what people did counts, and how it becomes gold.
    """

    workspace: Workspace
    data: Path
    work: Path
    workers: Workers
    progress: Progress
    world: World = AS_IT_IS
