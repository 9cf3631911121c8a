"""`adopt`: an existing project, or an export with its config, becomes a layer of this corpus, with all its work.

`Corpus.adopt` is the way in. In order: the layer, the documents, a build, the links on the server, a pull. Interrupted,
the same command goes on where it stopped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus_kit.core.config.corpus_toml import CORPUS_FILE
from corpus_kit.core.errors import UsageError
from corpus_kit.core.layers import Layer, load_layer
from corpus_kit.core.progress import Progress
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.workspace import Workspace
from corpus_kit.ledger.matching import Documents
from corpus_kit.pipeline.build import BuildOptions, build
from corpus_kit.pipeline.new_layer import register_layer, write_layer
from corpus_kit.pipeline.sync import import_files, pull

if TYPE_CHECKING:
    from corpus_kit.labelstudio.sync.adopt import AdoptPlan

_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class AdoptRequest:
    """project: a number on the server, None for an export. files: exports. config: the labeling config of these.

    layer: the name it gets. dry_run: only the plan.
    """

    project: int | None
    files: tuple[Path, ...]
    config: Path | None
    layer: str | None
    dry_run: bool


def adopt(corpus: Workspace, request: AdoptRequest, progress: Progress) -> AdoptPlan:
    """Do it, or tell what would be done. Raises UsageError, ConfigError, ServiceError."""
    if corpus.root is None:
        raise UsageError("There is no corpus to adopt into.", "Make one with `corpus-kit init DIR`.")
    if (request.project is None) == (not request.files):
        raise UsageError(
            "Name a project or an export.", "corpus-kit adopt --project 12, or: adopt export.json --config config.xml"
        )
    return _project(corpus, request, progress) if request.project is not None else _export(corpus, request, progress)


def _project(corpus: Workspace, request: AdoptRequest, progress: Progress) -> AdoptPlan:
    from corpus_kit.labelstudio.server.connect import connect
    from corpus_kit.labelstudio.sync import adopt as server
    from corpus_kit.labelstudio.sync.server_context import ServerContext

    assert request.project is not None and corpus.root is not None
    with connect(corpus.data, corpus.config.label_studio.url) as client:
        project = client.project(request.project)
        name = request.layer or _layer_name(project.title.removeprefix(f"{corpus.config.name}: "))
        own = corpus.root / "annotation" / name
        new = not (own / "config.xml").is_file()
        layer = _read_layer(corpus, name, project.config)
        site = ServerContext(corpus.data, corpus.config.name, {name: layer}, corpus.config.label_studio)
        title = server.take_title(client, project, site, name)
        tasks = server.found_tasks(client, project.id, layer)
        shown, left = server.sorted_out(tasks, _documents(corpus))
        plan = server.AdoptPlan(name, project.id, project.title, "" if title == project.title else title, new)
        plan.tasks, plan.labelled = len(tasks), sum(t.work > 0 for t in tasks)
        plan.matched, plan.records = len(shown), len(left)
        plan.textless = sum(t.text is None for t in tasks)
        settings = server.settings_of(project)
        plan.settings = [
            f"{k} = {json.dumps(v)}" for k, v in settings.items() if getattr(corpus.config.label_studio, k) != v
        ]
        if request.dry_run:
            return plan
        if new:
            write_layer(own, project.config, server.guidelines_of(project))
        register_layer(corpus.root / CORPUS_FILE, name, settings)
        corpus = Workspace.open(corpus.root)
        _add_records(corpus.data / "raw" / f"adopted-{name}-{project.id}.jsonl", server.records_of(left, project.id))
        build(corpus, BuildOptions(report=False), progress)
        shown, left = server.sorted_out(tasks, _documents(corpus))
        plan.linked = server.link(client, project.id, corpus.layers()[name], shown, progress)
        if plan.becomes:
            client.transport.change("PATCH", f"/api/projects/{project.id}/", {"title": title})
    pull(corpus, name, full=True, progress=progress)
    build(corpus, BuildOptions(report=False), progress)
    return plan


def _export(corpus: Workspace, request: AdoptRequest, progress: Progress) -> AdoptPlan:
    from corpus_kit.labelstudio.sync import adopt as server
    from corpus_kit.ledger.export_json import annotations_in, read_tasks
    from corpus_kit.ledger.matching import text_in

    assert corpus.root is not None
    if request.config is None:
        raise UsageError("The labeling config of the export is missing.", "Name it: --config config.xml")
    name = request.layer or _layer_name(request.files[0].stem)
    own = corpus.root / "annotation" / name
    new = not (own / "config.xml").is_file()
    config = request.config.read_text(encoding="utf-8-sig")
    layer = _read_layer(corpus, name, config)
    tasks = []
    for file in request.files:
        for number, task in enumerate(read_tasks(file, layer=layer), start=1):
            text = text_in(task["data"], layer)
            work, own_id = len(annotations_in(task)), task.get("id")
            sure = text if isinstance(text, str) and text.strip() else None
            tasks.append(server.FoundTask(own_id if isinstance(own_id, int) else number, sure, "", work))
    shown, left = server.sorted_out(_once(tasks), _documents(corpus))
    plan = server.AdoptPlan(name, 0, request.files[0].name, "", new, len(tasks), sum(t.work > 0 for t in tasks))
    plan.matched, plan.records, plan.textless = len(shown), len(left), sum(t.text is None for t in tasks)
    if request.dry_run:
        return plan
    if new:
        write_layer(own, config, "")
    register_layer(corpus.root / CORPUS_FILE, name, {})
    corpus = Workspace.open(corpus.root)
    _add_records(corpus.data / "raw" / f"adopted-{name}.jsonl", server.records_of(left, 0))
    import_files(corpus, list(request.files), name)
    build(corpus, BuildOptions(report=False), progress)
    return plan


def _once(tasks: Iterable[Any]) -> list[Any]:
    """One task for each text: an export has no task to continue, so a text needs one document."""
    seen: dict[str | None, Any] = {}
    for task in tasks:
        seen.setdefault(task.text, task)
    return list(seen.values())


def _documents(corpus: Workspace) -> Documents | None:
    folder = corpus.data / "documents"
    return Documents(folder) if read_manifest(folder) is not None else None


def _layer_name(title: str) -> str:
    name = _NO_NAME.sub("-", title).strip("-._").lower()
    if not name:
        raise UsageError(f"'{title}' gives no name for a layer.", "Name it: --layer L")
    return name


def _read_layer(corpus: Workspace, name: str, config: str) -> Layer:
    """The layer as the corpus has it, else as the config says. Raises ConfigError for one that cannot be used."""
    import tempfile

    assert corpus.root is not None
    own = corpus.root / "annotation" / name
    if (own / "config.xml").is_file():
        return load_layer(own)
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside) / "annotation" / name
        write_layer(folder, config, "")
        return load_layer(folder)


def _add_records(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Append records that the file has not; it is made where there are any."""
    known = set()
    if path.is_file():
        known = {json.loads(line)["id"] for line in path.read_text(encoding="utf-8").split("\n") if line}
    lines = [json.dumps(r, ensure_ascii=False) + "\n" for r in records if r["id"] not in known]
    if lines:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="surrogatepass", newline="\n") as out:
            out.writelines(lines)
