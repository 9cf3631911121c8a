"""A layer's project: found, made, and its settings brought up to date; a change that would orphan work is refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from corpus_kit.core.errors import ConfigError
from corpus_kit.core.labelconfig import read_config
from corpus_kit.core.layers import Layer, compatible_change
from corpus_kit.core.progress import Progress
from corpus_kit.core.records import Finding
from corpus_kit.labelstudio.api.batches import Json
from corpus_kit.labelstudio.api.client import LabelStudioClient, Project
from corpus_kit.labelstudio.api.problems import OutcomeUnknownError, RefusedError
from corpus_kit.labelstudio.sync.instruction import advice, instruction
from corpus_kit.labelstudio.sync.server_context import ServerContext

SAMPLING = {
    "sequential": "Sequential sampling",
    "uniform": "Uniform sampling",
    "uncertainty": "Uncertainty sampling",
}
TASKS_NAMED = 20
"""How many tasks an error names."""


def find_project(client: LabelStudioClient, title: str, progress: Progress) -> Project | None:
    """The project of this title; the oldest where there are several, with a remark."""
    found = client.find_projects(title)
    if len(found) > 1:
        progress.remark(f"{len(found)} projects are called '{title}'; the oldest (number {found[0].id}) is used.")
    return found[0] if found else None


def differences(project: Project | None, layer: Layer, site: ServerContext) -> dict[str, Any]:
    """The settings that a project should have and hasn't, as arguments of `update_project`; all of them for None."""
    wanted = {
        "config": layer.config_xml,
        "instruction": instruction(layer.guidelines) + (advice() if layer.guidelines and " " not in layer.name else ""),
        "overlap": site.settings.overlap,
        "sampling": SAMPLING[site.settings.sampling],
    }
    if project is None:
        return wanted
    return {key: value for key, value in wanted.items() if getattr(project, key) != value}


def check_config(client: LabelStudioClient, project: Project | None, layer: Layer) -> None:
    """Refuse a config that cannot be used, or one that takes away what tasks of the project use.

    Asked offline first, then of the server, then held against the work that is there.

    Raises
    ------
    ConfigError: with the reason; with the tasks, where work would be orphaned.
    """
    place = f"annotation/{layer.name}/config.xml"
    _check_offline(layer.config_xml, place)
    if problem := client.config_problem(layer.config_xml):
        raise ConfigError(f"Label Studio doesn't accept {place}: {problem}.", "Fix the config, then push again.")
    if project is None:
        return
    lost = compatible_change(_as_layer(project.config, layer), layer)
    if not lost:
        return
    used = _uses(client, project.id, lost)
    if used:
        told = "; ".join(f"{finding.hint.rstrip('.')}: {_named(tasks)}" for finding, tasks in used)
        raise ConfigError(
            f"{place} takes away what annotations in '{project.title}' use: {told}.",
            "Put it back, or delete those annotations in Label Studio first; adding labels is always possible.",
        )


def create_project(client: LabelStudioClient, layer: Layer, site: ServerContext, progress: Progress) -> Project:
    """A new project for a layer, once: after a lost answer, or beside another push, the oldest of its title counts."""
    title = site.title(layer.name)
    settings = differences(None, layer, site)
    try:
        made: Project | None = client.create_project(title, settings.pop("config"), **settings)
    except OutcomeUnknownError:
        made = find_project(client, title, progress)
        if made is None:
            raise
    oldest = client.find_projects(title)[0]
    assert made is not None
    if oldest.id != made.id:
        client.delete_project(made.id)  # empty: somebody else made one in the same moment
    return oldest


def show_version(client: LabelStudioClient, project: int, version: str) -> bool:
    """Make the server show the predictions of this version, as it does for one at a time; whether that was a change."""
    path = f"/api/projects/{project}/"
    if client.counts(project).get("model_version") == version:
        return False
    try:
        client.transport.change("PATCH", path, {"model_version": version})
    except RefusedError as e:
        if e.status != 400:
            raise
        return False  # no prediction of this version has reached the server
    return True


def _check_offline(config: str, place: str) -> None:
    from label_studio_sdk.label_interface import LabelInterface

    try:
        LabelInterface(config).validate()
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        reason = " ".join(str(e).split()).rstrip(".")
        raise ConfigError(f"{place} is no labeling config: {reason}.", "Fix the config, then push again.") from e


def _as_layer(config: str, layer: Layer) -> Layer:
    """The config of a project as a layer, to be compared with the one on the disk."""
    controls, objects, _ = read_config(config, layer.name, "the project's config")
    return Layer(layer.name, config, "", None, None, None, controls, objects)


def _uses(client: LabelStudioClient, project: int, lost: list[Finding]) -> list[tuple[Finding, list[Json]]]:
    """Which of the losses concern work on the server, and the tasks it is on."""
    users: dict[int, list[Json]] = defaultdict(list)
    for task in _labelled(client, project):
        held = [*task["annotations"], *(d for d in task.get("drafts", ()) if isinstance(d, dict))]
        results = [r for one in held for r in one.get("result") or () if isinstance(r, dict)]
        for number, finding in enumerate(lost):
            if any(_concerns(finding, r) for r in results):
                users[number].append(task)
    return [(lost[number], tasks) for number, tasks in sorted(users.items())]


def _concerns(finding: Finding, result: Json) -> bool:
    kind, _, name = finding.row.partition("=")
    if result.get("to_name" if kind == "object" else "from_name") != name:
        return False
    if not finding.column:
        return True
    value = result.get("value")
    answers = value.values() if isinstance(value, dict) else ()
    return any(finding.column in _flat(answer) for answer in answers if isinstance(answer, list))


def _flat(answer: list[Any]) -> Iterator[Any]:
    """Labels of a result; a taxonomy's paths joined as in the config's label set."""
    from corpus_kit.core.layers import path_label

    for one in answer:
        yield path_label([str(part) for part in one]) if isinstance(one, list) else one


def _labelled(client: LabelStudioClient, project: int) -> Iterator[Json]:
    ids = {int(t["id"]) for t in client.tasks_with_drafts(project)}
    counts = ("id", "total_annotations", "cancelled_annotations")
    ids |= {
        int(t["id"])
        for t in client.tasks(project, counts)
        if int(t["total_annotations"] or 0) + int(t["cancelled_annotations"] or 0)
    }
    ordered = sorted(ids)
    for at in range(0, len(ordered), 300):
        yield from client.export_tasks(project, ordered[at : at + 300])


def _named(tasks: list[Json]) -> str:
    shown = ", ".join(f"task {t['id']} ({t['data'].get('doc_id', '')})" for t in tasks[:TASKS_NAMED])
    more = len(tasks) - TASKS_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
