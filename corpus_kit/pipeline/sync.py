"""The commands that talk to a Label Studio server: what they are told about the corpus, and one call of each.

What is known or measured goes from the room that measures to the one that talks to the server, as plain data.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.core.errors import UsageError
from corpus_kit.core.measures import TRUSTED
from corpus_kit.core.progress import Progress, Silent
from corpus_kit.core.storage.folders import read_manifest, work_folder
from corpus_kit.core.vocabulary import AGREEMENT_FILE, LEFT_OUT
from corpus_kit.core.workspace import Workspace

if TYPE_CHECKING:
    from corpus_kit.core.records import CheckScore
    from corpus_kit.labelstudio.server.studio import Studio
    from corpus_kit.labelstudio.sync.batch_log import PushBatch
    from corpus_kit.labelstudio.sync.plan import Pushed
    from corpus_kit.labelstudio.sync.pull import Pulled
    from corpus_kit.labelstudio.sync.restore import Restored
    from corpus_kit.labelstudio.sync.server_context import FirstPages, ServerContext
    from corpus_kit.labelstudio.sync.status import Status
    from corpus_kit.ledger.recognise import Imported


def server_context(workspace: Workspace, command: str, progress: Progress | None = None) -> ServerContext:
    """What the commands for Label Studio are told; for those that write tasks, with a progress, which are checks."""
    from corpus_kit.labelstudio.sync.server_context import FirstPages, ServerContext

    if workspace.root is None:
        raise UsageError(f"`{command}` needs a corpus.", "Make one with `corpus-kit init DIR`.")
    checks = checks_of(workspace, progress or Silent()) if command in ("push", "restore") else {}
    config = workspace.config
    first = first_pages(workspace, progress or Silent()) if command in ("push", "status") else FirstPages()
    layers, holdout = workspace.layers(), config.suggest.holdout
    return ServerContext(
        workspace.data, config.name, layers, config.label_studio, checks, config.assign, first, holdout=holdout
    )


def import_files(
    workspace: Workspace, files: list[str | Path], layer: str | None, source: str | None = None
) -> list[Imported]:
    """See `Corpus.import_`."""
    from corpus_kit.ledger import foreign, recognise
    from corpus_kit.ledger.ledger import Ledger
    from corpus_kit.pipeline.new_layer import with_layer

    if workspace.root is None:
        raise UsageError("There is no corpus to import into.", "Make one with `corpus-kit init DIR`.")
    with work_folder(workspace.data) as work:
        if source is not None:
            folders, known = foreign.CorpusFolders(workspace.data, work), set(workspace.layers())
            workspace = with_layer(workspace, files, layer, source)
            made = foreign.import_foreign(files, source, folders, workspace.layers(), layer)
            return [replace(made, made_layer=made.layer not in known)]
        return recognise.import_files(files, Ledger(workspace.data / "imports"), workspace.layers(), layer)


def studio(workspace: Workspace, *, port: int | None, progress: Progress) -> Studio:
    """See `Corpus.studio`."""
    from corpus_kit.labelstudio.server.studio import open_studio

    return open_studio(server_context(workspace, "studio"), progress, port=port)


def push(
    workspace: Workspace, layer: str | None, *, turn: PushBatch, dry_run: bool, reassign: bool, progress: Progress
) -> list[Pushed]:
    """See `Corpus.push`."""
    from corpus_kit.labelstudio.server.connect import client_of
    from corpus_kit.labelstudio.sync import assigned, push

    site = server_context(workspace, "push", progress)
    site.chosen(layer)  # a misspelled layer is reported before any server is asked
    if reassign and not site.assign.people:
        raise UsageError("No one has pages of their own.", "Name `people` under [assign] in corpus.toml.")
    with client_of(workspace.data, workspace.config.label_studio) as client:
        if site.assign.people:
            order = assigned.AssignedPush(layer, turn, dry_run, reassign)
            return assigned.push_assigned(site, client, progress, order)
        return push.push(site, client, progress, layer=layer, dry_run=dry_run, turn=turn)


def pull(workspace: Workspace, layer: str | None, *, full: bool, progress: Progress) -> list[Pulled]:
    """See `Corpus.pull`."""
    from corpus_kit.labelstudio.server.connect import client_of
    from corpus_kit.labelstudio.sync import pull

    site = server_context(workspace, "pull")
    site.chosen(layer)  # as in `push`
    with client_of(workspace.data, workspace.config.label_studio) as client:
        return pull.pull(site, client, progress, layer=layer, full=full)


def restore(workspace: Workspace, layer: str | None, *, progress: Progress) -> list[Restored]:
    """See `Corpus.restore`."""
    from corpus_kit.labelstudio.server.connect import client_of
    from corpus_kit.labelstudio.sync import restore

    site = server_context(workspace, "restore", progress)
    site.chosen(layer)  # as in `push`
    with client_of(workspace.data, workspace.config.label_studio) as client:
        return restore.restore(site, client, progress, layer=layer)


def status(workspace: Workspace) -> Status:
    """See `Corpus.status`."""
    from corpus_kit.labelstudio.sync import status

    url, people = workspace.config.label_studio.url, agreement_of_people(workspace)
    found = status.status(server_context(workspace, "status"), url, scores_of(workspace), people)
    found.remarks.extend(unfair_remarks(workspace))
    return found


def unfair_remarks(workspace: Workspace) -> list[str]:
    """A sentence for each layer with answers of review projects that settle nothing, as gold was made."""
    manifest = read_manifest(workspace.data / "gold") or {}
    return [
        f"{one['layer']}: {one['left_out']:,} answers in a review project settle nothing: {LEFT_OUT}."
        for one in manifest.get("layers", ())
        if one.get("left_out")
    ]


def checks_of(workspace: Workspace, progress: Progress) -> dict[str, frozenset[str]]:
    """Layer → the documents that are hidden checks, by `[label_studio] checks`; with a remark where none is known."""
    from corpus_kit.agreement.checks import hidden_checks

    share = workspace.config.label_studio.checks
    if not share:
        return {}
    settings = workspace.config.adjudication
    stars, parties = settings.stars == "settle", settings.allow_parties
    found = hidden_checks(workspace.data, share, settings.reviewers, stars=stars, parties=parties)
    if not any(found.values()):
        progress.remark(
            "No document has a known answer yet, so there are no hidden checks: see `checks` in corpus.toml."
        )
    return found


def first_pages(workspace: Workspace, progress: Progress) -> FirstPages:
    """The pages that people are given before their own, by `[assign] first`, and how everybody did on known answers."""
    from corpus_kit.agreement.checks import hidden_checks
    from corpus_kit.labelstudio.sync.server_context import FirstPages

    config = workspace.config
    if not config.assign.first or not config.assign.people:
        return FirstPages()
    settings = config.adjudication
    stars, parties = settings.stars == "settle", settings.allow_parties
    every = hidden_checks(workspace.data, 1.0, settings.reviewers, stars=stars, parties=parties)
    # By a hash, so that the same pages stay the first ones as long as their answers are known.
    pages = {layer: frozenset(sorted(ids, key=_drawn)[: config.assign.first]) for layer, ids in every.items()}
    if not any(pages.values()):
        progress.remark("No document has a known answer yet, so no one has first pages: see `first` in corpus.toml.")
    return FirstPages(pages, scores_of(workspace))


def _drawn(doc_id: str) -> bytes:
    return hashlib.sha256(f"first {doc_id}".encode()).digest()


def scores_of(workspace: Workspace) -> list[CheckScore]:
    """Everybody on the documents with a known answer."""
    from corpus_kit.agreement.checks import check_scores

    settings = workspace.config.adjudication
    stars = settings.stars == "settle"
    layers, parties = list(workspace.layers()), settings.allow_parties
    return check_scores(workspace.data, layers, settings.reviewers, stars=stars, parties=parties)


def agreement_of_people(workspace: Workspace) -> dict[tuple[str, str], tuple[float, str]]:
    """(layer, annotator) → agreement with the rest and its measure, as it stands beside gold.

    The first of these measures that the layer has; over several questions the mean by shared items.
    """
    file = workspace.data / "gold" / AGREEMENT_FILE
    if not file.is_file():
        return {}
    found: dict[tuple[str, str], dict[str, list[tuple[float, int]]]] = {}
    for one in json.loads(file.read_text(encoding="utf-8")).get("people", []):
        if one["measure"] in TRUSTED:
            measures = found.setdefault((one["layer"], one["annotator"]), {})
            measures.setdefault(one["measure"], []).append((one["value"], one["n_items"]))
    chosen = {}
    for who, measures in found.items():
        measure = next(name for name in TRUSTED if name in measures)
        items = sum(n for _, n in measures[measure])
        chosen[who] = (sum(value * n for value, n in measures[measure]) / items, measure)
    return chosen
