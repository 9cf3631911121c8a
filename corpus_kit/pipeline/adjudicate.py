"""`adjudicate`, and what it shares with `agreement`: the tables follow the ledger first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.core.errors import UsageError
from corpus_kit.core.progress import Progress
from corpus_kit.core.storage.folders import read_manifest, work_folder

if TYPE_CHECKING:
    from corpus_kit.agreement.gold.build import Gold
    from corpus_kit.corpus import Corpus


def take_in(corpus: Corpus, work: Path, progress: Progress) -> None:
    """Make `data/annotations` of what was pulled or imported since; what of it is refused, the next build tells."""
    from corpus_kit.core.rejects import Refusals
    from corpus_kit.pipeline.build import build_tables_of_the_ledger

    if read_manifest(corpus.data / "documents") is not None:
        with Refusals(corpus.data, work) as refusals:
            build_tables_of_the_ledger(corpus, corpus.data, work, refusals, progress)


def adjudicate(
    corpus: Corpus, policy: str | None, boundary: str | None, reviewers: tuple[str, ...], progress: Progress
) -> Gold:
    """See `Corpus.adjudicate`."""
    from corpus_kit.agreement.gold.build import build_gold, override

    with work_folder(corpus.data) as work:
        take_in(corpus, work, progress)
        sources = corpus.gold_sources(corpus.data, work)
        made = build_gold(replace(sources, adjudication=override(sources, policy, boundary, reviewers)), progress)
    if made is None:
        raise UsageError(
            "There are no annotations to adjudicate.",
            "Bring them with `corpus-kit pull` or `import`, then `corpus-kit build`.",
        )
    return made
