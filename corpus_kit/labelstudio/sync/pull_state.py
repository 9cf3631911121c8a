"""What the last pull saw of each task, so that the next one asks for the rest only.

The memory lies beside the ledger (`data/imports/.pull-<layer>.json`) and is never needed: without it, or when it belongs
to another server or project, the next pull is a full one, and the ledger says the same in the end.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from corpus_kit.labelstudio.server.settings import write_private
from corpus_kit.labelstudio.sync.tasks import fingerprint
from corpus_kit.ledger.export_json import Json, annotations_in, drafts_in

FORMAT = 1


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task with work on it, as it was pulled.

    updated_at: as the server wrote it. print: a hash of what could change. annotations: their unique_ids. drafted:
    whether there was unsubmitted work.
    """

    updated_at: str
    print: str
    annotations: tuple[str, ...]
    drafted: bool


@dataclass(slots=True)
class PullState:
    """server: the identity of the project's server. project: its number there. latest: the highest `updated_at`
    seen. total: how many tasks the project had, -1 where that is not known. pulled_at: when a pull last ended, "" before
    the first; a restore remembers what it brought, and is none."""

    server: str
    project: int
    latest: str = ""
    total: int = -1
    pulled_at: str = ""
    tasks: dict[int, TaskState] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    """Tasks changed so shortly before the last pull that a change of the same moment may not have been visible yet."""

    def saw(self, task: Json) -> bool:
        """Note a task as it was exported; whether it differs from what was noted before."""
        seen = task_state(task)
        number = int(task["id"])
        before = self.tasks.get(number)
        if seen.annotations or seen.drafted:
            self.tasks[number] = seen
        else:
            self.tasks.pop(number, None)
            if before is None:
                return False
        return before is None or before.print != seen.print

    def annotation_ids(self) -> set[str]:
        return {one for seen in self.tasks.values() for one in seen.annotations}


def task_state(task: Json) -> TaskState:
    """What identifies the present state of an exported task."""
    annotations, drafts = annotations_in(task), drafts_in(task)
    data = task["data"]
    text = str(data.get("text", "")).encode("utf-8", "surrogatepass")
    told: list[Any] = [fingerprint(data, hashlib.sha256(text).hexdigest())]
    told += [
        [a.get("unique_id"), a.get("updated_at"), a.get("ground_truth"), a.get("was_cancelled")] for a in annotations
    ]
    told += [[d.get("id"), d.get("updated_at")] for d in drafts]
    digest = hashlib.blake2b(json.dumps(told, sort_keys=True).encode("ascii"), digest_size=16).hexdigest()
    ids = tuple(str(a["unique_id"]) for a in annotations if a.get("unique_id"))
    return TaskState(str(task["updated_at"]), digest, ids, bool(drafts))


def _file(imports: Path, layer: str) -> Path:
    return imports / f".pull-{layer}.json"


def load_state(imports: Path, layer: str, server: str, project: int) -> PullState | None:
    """The memory of the last pull from this project; None when there is none to trust."""
    try:
        kept = json.loads(_file(imports, layer).read_text("utf-8"))
        if (kept["format"], kept["server"], kept["project"]) != (FORMAT, server, project):
            return None
        tasks = {int(k): TaskState(v[0], v[1], tuple(v[2]), bool(v[3])) for k, v in kept["tasks"].items()}
        fresh = {int(i) for i in kept["fresh"]}
        return PullState(
            server, project, str(kept["latest"]), int(kept["total"]), kept.get("pulled_at", ""), tasks, fresh
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def last_pull(imports: Path, layer: str) -> datetime | None:
    """When a layer was last pulled on this machine, also when nothing was new; None where that is not known."""
    try:
        kept = json.loads(_file(imports, layer).read_text("utf-8"))
        return datetime.fromisoformat(kept["pulled_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def known_annotations(imports: Path, layer: str) -> set[str]:
    """The unique_ids that the last pull saw in a project; empty where that is not known."""
    try:
        kept = json.loads(_file(imports, layer).read_text("utf-8"))
        return {str(one) for seen in kept["tasks"].values() for one in seen[2]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return set()


def save_state(imports: Path, layer: str, memory: PullState) -> None:
    """Write the memory, after the ledger has what it speaks of."""
    tasks = {str(k): [s.updated_at, s.print, s.annotations, s.drafted] for k, s in sorted(memory.tasks.items())}
    kept = {"format": FORMAT, "server": memory.server, "project": memory.project, "latest": memory.latest}
    kept |= {"total": memory.total, "pulled_at": memory.pulled_at}
    text = json.dumps({**kept, "fresh": sorted(memory.fresh), "tasks": tasks}, separators=(",", ":"))
    write_private(_file(imports, layer), text)
