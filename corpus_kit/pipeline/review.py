"""What is open, in doubt or known goes from the room that measures to the one that talks to Label Studio, as plain data.

`Corpus.send_disagreements` and `Corpus.send_suspects` are the ways in; their parameters are explained there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from corpus_kit.core.errors import UsageError
from corpus_kit.core.progress import Progress
from corpus_kit.core.records import DISAGREEMENTS, SECOND_LOOK, ReviewDocument
from corpus_kit.core.storage.folders import read_manifest

_TRUST = ("alpha_nominal", "alpha_ordinal", "alpha_interval", "span_f1_exact")

if TYPE_CHECKING:
    from corpus_kit.core.records import CheckScore
    from corpus_kit.corpus import Corpus
    from corpus_kit.labelstudio.sync.push import Pushed


def send_disagreements(corpus: Corpus, layer: str | None, *, dry_run: bool, progress: Progress) -> list[Pushed]:
    """What is open in `data/gold`."""
    from corpus_kit.agreement.gold.open_documents import open_documents

    _need_gold(corpus)
    documents = open_documents(corpus.data, corpus.layers_named(layer))
    return _send(corpus, DISAGREEMENTS, documents, dry_run=dry_run, progress=progress)


def send_suspects(
    corpus: Corpus, layer: str | None, *, gold: bool, limit: int, dry_run: bool, progress: Progress
) -> list[Pushed]:
    """The documents of the most suspicious labels that no reviewer has settled."""
    from corpus_kit.agreement.gold.open_documents import reviewed_documents, suspicious_documents

    _need_gold(corpus)
    done = reviewed_documents(corpus.data)
    suspects = [one for one in corpus.review(layer, gold=gold) if (one.layer, one.doc_id) not in done][:limit]
    documents = suspicious_documents(corpus.data, corpus.layers_named(layer), suspects)
    return _send(corpus, SECOND_LOOK, documents, dry_run=dry_run, progress=progress)


def checks_of(corpus: Corpus, progress: Progress) -> dict[str, frozenset[str]]:
    """Layer → the documents that are hidden checks, by `[label_studio] checks`; with a remark where none is known."""
    from corpus_kit.agreement.checks import hidden_checks

    share = corpus.config.label_studio.checks
    if not share:
        return {}
    found = hidden_checks(corpus.data, share, corpus.config.adjudication.reviewers)
    if not any(found.values()):
        progress.remark(
            "No document has a known answer yet, so there are no hidden checks: see `checks` in corpus.toml."
        )
    return found


def scores_of(corpus: Corpus) -> list[CheckScore]:
    """Everybody on the documents with a known answer."""
    from corpus_kit.agreement.checks import check_scores

    return check_scores(corpus.data, list(corpus.layers()), corpus.config.adjudication.reviewers)


def agreement_of_people(corpus: Corpus) -> dict[tuple[str, str], tuple[float, str]]:
    """(layer, annotator) → agreement with the rest and its measure, as it stands beside gold.

    The first of these measures that the layer has; over several questions the mean by shared items.
    """
    file = corpus.data / "gold" / "agreement.json"
    if not file.is_file():
        return {}
    found: dict[tuple[str, str], dict[str, list[tuple[float, int]]]] = {}
    for one in json.loads(file.read_text(encoding="utf-8")).get("people", []):
        if one["measure"] in _TRUST:
            measures = found.setdefault((one["layer"], one["annotator"]), {})
            measures.setdefault(one["measure"], []).append((one["value"], one["n_items"]))
    chosen = {}
    for who, measures in found.items():
        measure = next(name for name in _TRUST if name in measures)
        items = sum(n for _, n in measures[measure])
        chosen[who] = (sum(value * n for value, n in measures[measure]) / items, measure)
    return chosen


def _need_gold(corpus: Corpus) -> None:
    if read_manifest(corpus.data / "gold") is None:
        raise UsageError("There is no gold yet.", "Run `corpus-kit build` once there are annotations.")


def _send(
    corpus: Corpus,
    kind: str,
    documents: Mapping[str, Sequence[ReviewDocument]],
    *,
    dry_run: bool,
    progress: Progress,
) -> list[Pushed]:
    from corpus_kit.labelstudio.server.connect import connect
    from corpus_kit.labelstudio.sync.review_push import push_reviews

    site = corpus.site("adjudicate")
    with connect(corpus.data, corpus.config.label_studio.url) as client:
        return push_reviews(site, client, progress, kind, documents, dry_run=dry_run)
