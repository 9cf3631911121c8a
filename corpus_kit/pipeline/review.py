"""What is open, in doubt or known goes from the room that measures to the one that talks to Label Studio, as plain data.

`Corpus.send_disagreements` and `Corpus.send_suspects` are the ways in; their parameters are explained there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from corpus_kit.core.errors import UsageError
from corpus_kit.core.layers import Layer
from corpus_kit.core.progress import Progress
from corpus_kit.core.records import DISAGREEMENTS, SECOND_LOOK, ReviewDocument
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.workspace import Workspace
from corpus_kit.pipeline.sync import server_context

if TYPE_CHECKING:
    from corpus_kit.agreement.doubt import OutOfSample
    from corpus_kit.agreement.review import Suspect
    from corpus_kit.labelstudio.sync.plan import Pushed


def review(workspace: Workspace, layer: str | None, *, gold: bool) -> list[Suspect]:
    """Labels that contradict how the same words are labelled elsewhere, and answers that a model which had not seen the
    document would not give, most suspicious first."""
    from corpus_kit.agreement.doubt import answer_suspects, joined
    from corpus_kit.agreement.review import second_look

    layers = workspace.layers_named(layer)
    spans = second_look(workspace.data, layers, gold=gold)
    return joined(spans, answer_suspects(workspace.data, _trials(workspace, layers), gold=gold))


def _trials(workspace: Workspace, layers: Mapping[str, Layer]) -> dict[tuple[str, str], OutOfSample]:
    """What a classifier says of documents it had not seen, for every question of these layers for which there is enough to
    learn from and it is any good; empty without scikit-learn."""
    from corpus_kit.agreement.doubt import OutOfSample
    from corpus_kit.suggest.models.classify import enough, fit_classifier
    from corpus_kit.suggest.models.learned import labelled_texts, questions_of

    if find_spec("sklearn") is None:
        return {}
    found = {}
    for name, layer in layers.items():
        for control, known in labelled_texts(workspace.data, layer, questions_of(layer)).items():
            if not enough(known.labels):
                continue
            trial = fit_classifier(known.texts, known.labels, known.groups).trial
            if trial.helps:
                found[name, control] = OutOfSample(
                    known.doc_ids, known.labels, trial.labels, trial.chances, trial.accuracy
                )
    return found


def send_disagreements(workspace: Workspace, layer: str | None, *, dry_run: bool, progress: Progress) -> list[Pushed]:
    """What is open in `data/gold`."""
    from corpus_kit.agreement.gold.open_documents import open_documents

    _need_gold(workspace)
    documents = open_documents(workspace.data, workspace.layers_named(layer))
    return _send(workspace, DISAGREEMENTS, documents, dry_run=dry_run, progress=progress)


def send_suspects(
    workspace: Workspace, layer: str | None, *, gold: bool, limit: int, dry_run: bool, progress: Progress
) -> list[Pushed]:
    """The documents of the most suspicious labels that no reviewer has settled."""
    from corpus_kit.agreement.gold.open_documents import reviewed_documents, suspicious_documents

    _need_gold(workspace)
    done = reviewed_documents(workspace.data)
    suspects = [one for one in review(workspace, layer, gold=gold) if (one.layer, one.doc_id) not in done][:limit]
    documents = suspicious_documents(workspace.data, workspace.layers_named(layer), suspects)
    return _send(workspace, SECOND_LOOK, documents, dry_run=dry_run, progress=progress)


def _need_gold(workspace: Workspace) -> None:
    if read_manifest(workspace.data / "gold") is None:
        raise UsageError("There is no gold yet.", "Run `corpus-kit build` once there are annotations.")


def _send(
    workspace: Workspace,
    kind: str,
    documents: Mapping[str, Sequence[ReviewDocument]],
    *,
    dry_run: bool,
    progress: Progress,
) -> list[Pushed]:
    from corpus_kit.labelstudio.server.connect import client_of
    from corpus_kit.labelstudio.sync.review_push import push_reviews

    site = server_context(workspace, "adjudicate")
    with client_of(workspace.data, workspace.config.label_studio) as client:
        return push_reviews(site, client, progress, kind, documents, dry_run=dry_run)
