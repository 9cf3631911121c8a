"""Adopt: a project that people made themselves becomes the project of a layer, with its tasks, work and settings.

The tasks of the project get the doc_id of their document, and the project the title that push looks for. From then on
push finds every task and makes no second one. What is written is told first; a second adoption writes nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from corpus_kit.core.errors import UsageError
from corpus_kit.core.layers import Layer
from corpus_kit.core.offsets import normalise_newlines
from corpus_kit.core.progress import Progress, counted
from corpus_kit.labelstudio.api.batches import Json
from corpus_kit.labelstudio.api.client import LabelStudioClient, Project
from corpus_kit.labelstudio.sync.projects import SAMPLING
from corpus_kit.labelstudio.sync.server_context import ServerContext
from corpus_kit.ledger.matching import Documents, text_in

LISTED = ("id", "data", "total_annotations", "cancelled_annotations")
_TAG = re.compile(r"<(?P<end>/?)(?P<name>\w+)[^>]*>")
_BREAKS = ("br", "p", "div", "li", "h1", "h2", "h3", "h4", "ul", "ol")


@dataclass(frozen=True, slots=True)
class FoundTask:
    """A task of the project. text: None where it holds none. doc_id: that it names already, "" for none."""

    id: int
    text: str | None
    doc_id: str
    work: int


@dataclass(slots=True)
class AdoptPlan:
    """What an adoption does.

    project, title: number and present title of the project, and `becomes`, the title it gets ("" where it has it).
    tasks: in it, of which `labelled` carry work. matched: that show the text of a document. records: texts that become
    documents. textless: tasks that hold no text. linked: tasks that got their doc_id; settings: what corpus.toml got.
    """

    layer: str
    project: int
    title: str
    becomes: str = ""
    makes_layer: bool = False
    tasks: int = 0
    labelled: int = 0
    matched: int = 0
    records: int = 0
    textless: int = 0
    linked: int = 0
    settings: list[str] = field(default_factory=list)


def found_tasks(client: LabelStudioClient, project: int, layer: Layer) -> list[FoundTask]:
    """Every task of the project, in the order of their numbers."""
    made = []
    for task in client.tasks(project, LISTED):
        held = task.get("data")
        data: Json = held if isinstance(held, dict) else {}
        text = text_in(data, layer)
        work = int(task.get("total_annotations") or 0) + int(task.get("cancelled_annotations") or 0)
        doc_id = data.get("doc_id")
        own = doc_id if isinstance(doc_id, str) else ""
        made.append(FoundTask(int(task["id"]), text if isinstance(text, str) and text.strip() else None, own, work))
    return sorted(made, key=lambda t: t.id)


def sorted_out(tasks: Iterable[FoundTask], documents: Documents | None) -> tuple[dict[int, str], list[FoundTask]]:
    """Task → the document that it shows, one task a document; and the tasks whose text has none.

    Of several tasks with one text the labelled one comes first; the others are records of their own.
    """
    taken: set[str] = set()
    shown: dict[int, str] = {}
    left: list[FoundTask] = []
    for task in sorted(tasks, key=lambda t: (t.work == 0, t.id)):
        if task.text is None:
            continue
        found = documents.with_text(text_hash(task.text)) if documents else []
        free = [d for d in ([task.doc_id] if task.doc_id in found else found) if d not in taken]
        if free:
            shown[task.id] = free[0]
            taken.add(free[0])
        else:
            left.append(task)
    return shown, sorted(left, key=lambda t: t.id)


def text_hash(text: str) -> str:
    """The hash that a document of this text has."""
    return hashlib.sha256(normalise_newlines(text)[0].encode("utf-8", "surrogatepass")).hexdigest()


def link(client: LabelStudioClient, project: int, layer: Layer, shown: Mapping[int, str], progress: Progress) -> int:
    """Give every task its document; how many needed it. What else the data hold stays."""
    changed = 0
    with counted(progress, f"link {layer.name}", len(shown)) as step:
        for task in client.tasks(project, ("id", "data")):
            number, data = int(task["id"]), task["data"]
            if number in shown:
                text = text_in(data, layer)
                wanted = {"doc_id": shown[number], "text_sha256": text_hash(text), "text": text}
                if any(data.get(key) != value for key, value in wanted.items()):
                    client.update_task(number, {**data, **wanted})
                    changed += 1
                step.advance()
    return changed


def take_title(client: LabelStudioClient, project: Project, site: ServerContext, layer: str) -> str:
    """The title that push looks for.

    Raises:
        UsageError: Another project has it.
    """
    title = site.title(layer)
    others = [p.id for p in client.find_projects(title) if p.id != project.id]
    if others:
        raise UsageError(
            f"Project {others[0]} is called '{title}' already.",
            "Rename or delete it in Label Studio, or adopt into another layer (--layer).",
        )
    return title


def settings_of(project: Project) -> dict[str, Any]:
    """The settings of `[label_studio]` that keep a project as it is."""
    sampling = {name: key for key, name in SAMPLING.items()}
    made: dict[str, Any] = {"overlap": project.overlap}
    return made | ({"sampling": sampling[project.sampling]} if project.sampling in sampling else {})


def guidelines_of(project: Project) -> str:
    """The project's instruction as Markdown, without its tags; "" where it has none."""
    lines = _TAG.sub(lambda m: "\n" if m["name"].lower() in _BREAKS else "", project.instruction)
    plain = lines.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    kept = [line.strip() for line in plain.split("\n")]
    return "\n\n".join(line for line in kept if line) + "\n" if any(kept) else ""


def records_of(tasks: Iterable[FoundTask], project: int) -> Iterator[Json]:
    """The texts that become documents, as records with an id of their own."""
    for task in tasks:
        yield {"id": f"project-{project}-task-{task.id}", "text": task.text}
