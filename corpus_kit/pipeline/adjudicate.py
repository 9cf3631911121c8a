"""`adjudicate` and `agreement`, and the steps of a build that they share: the ledger's tables first, then gold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.core.errors import UsageError
from corpus_kit.core.progress import Progress, Silent
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.storage.folders import read_manifest, work_folder
from corpus_kit.core.storage.step import one_step
from corpus_kit.core.workspace import Workspace
from corpus_kit.pipeline.run import Run

if TYPE_CHECKING:
    from corpus_kit.agreement.gold.build import Gold, GoldSources
    from corpus_kit.agreement.measures.breakdown import Part
    from corpus_kit.agreement.measures.measured import AgreementReport
    from corpus_kit.agreement.why import Why
    from corpus_kit.ledger.annotations import Annotated


def refresh_annotations(
    workspace: Workspace, data: Path, work: Path, refusals: Refusals, progress: Progress
) -> Annotated | None:
    """`data/annotations` from the ledger; None where the corpus has none."""
    imports = workspace.data / "imports"
    if workspace.root is None or not (any(imports.glob("*.json")) or read_manifest(data / "annotations")):
        return None
    from corpus_kit.ledger.annotations import Sources, build_annotations
    from corpus_kit.ledger.shards import TABLES

    contracts = {table: workspace.contract(table) for table in TABLES}
    who = workspace.config.people
    sources = Sources(imports, workspace.data, data, work, workspace.layers(), contracts, who.same, who.apart)
    return build_annotations(sources, refusals, progress)


def adjudicate_all(run: Run) -> Gold | None:
    """`data/gold` from `data/annotations`; None where there are none."""
    if read_manifest(run.data / "annotations") is None and read_manifest(run.data / "gold") is None:
        return None
    from corpus_kit.agreement.gold.build import build_gold

    return build_gold(gold_sources(run.workspace, run.data, run.work), run.progress)


def gold_sources(workspace: Workspace, data: Path, work: Path, layer: str | None = None) -> GoldSources:
    """What adjudication and agreement are made from, of all layers or one."""
    from corpus_kit.agreement.gold.build import GoldSources
    from corpus_kit.agreement.gold.tables import GOLD_TABLES

    contracts = {table: workspace.contract(table) for table in GOLD_TABLES}
    settings = workspace.config.adjudication, workspace.config.agreement
    return GoldSources(data, work, workspace.layers_named(layer), contracts, *settings)


def adjudicate(
    workspace: Workspace,
    *,
    policy: str | None,
    boundary: str | None,
    reviewers: tuple[str, ...],
    progress: Progress,
) -> Gold:
    """See `Corpus.adjudicate`."""
    from corpus_kit.agreement.gold.build import build_gold, override

    with work_folder(workspace.data) as work, one_step(workspace.data, work):
        _take_in_the_ledger(workspace, work, progress)
        sources = gold_sources(workspace, workspace.data, work)
        made = build_gold(replace(sources, adjudication=override(sources, policy, boundary, reviewers)), progress)
    if made is None:
        raise UsageError(
            "There are no annotations to adjudicate.",
            "Bring them with `corpus-kit pull` or `import`, then `corpus-kit build`.",
        )
    return made


def agreement(workspace: Workspace, layer: str | None) -> AgreementReport:
    """See `Corpus.agreement`. What `data/gold` has measured is not measured again where nothing has changed."""
    from corpus_kit.agreement.gold.build import measure, measured_before

    with work_folder(workspace.data) as work:
        _take_in_the_ledger(workspace, work, Silent())
        sources = gold_sources(workspace, workspace.data, work, layer)
        known = measured_before(gold_sources(workspace, workspace.data, work))
        return measure(sources) if known is None else known.of_layers(list(sources.layers))


def agreement_by(workspace: Workspace, by: str, layer: str | None) -> list[Part]:
    """See `Corpus.agreement_by`."""
    from corpus_kit.agreement.gold.build import measure_by

    with work_folder(workspace.data) as work:
        _take_in_the_ledger(workspace, work, Silent())
        return measure_by(gold_sources(workspace, workspace.data, work, layer), by)


def why(workspace: Workspace, document: str, start: int | None, end: int | None, layer: str | None) -> Why:
    """See `Corpus.why`."""
    from corpus_kit.agreement.why import explain

    with work_folder(workspace.data) as work:
        _take_in_the_ledger(workspace, work, Silent())
        return explain(gold_sources(workspace, workspace.data, work, layer), document, start, end)


def _take_in_the_ledger(workspace: Workspace, work: Path, progress: Progress) -> None:
    """Make `data/annotations` of what was pulled or imported since; what of it is refused, the next build reports."""
    if read_manifest(workspace.data / "documents") is not None:
        with Refusals(workspace.data, work) as refusals:
            refresh_annotations(workspace, workspace.data, work, refusals, progress)
