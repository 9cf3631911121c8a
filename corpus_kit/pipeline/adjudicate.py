"""`adjudicate` and `agreement`, and the steps of a build that they share: the ledger's tables first, then gold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.core.errors import UsageError
from corpus_kit.core.measures import without_repeats
from corpus_kit.core.progress import Progress, Silent
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.storage.folders import read_manifest, work_folder
from corpus_kit.core.storage.step import one_step
from corpus_kit.core.workspace import Workspace
from corpus_kit.core.world import AS_IT_IS, World
from corpus_kit.pipeline.run import Run

if TYPE_CHECKING:
    from corpus_kit.agreement.gold.build import Gold, GoldSources
    from corpus_kit.agreement.measures.breakdown import LayerPart, Needed
    from corpus_kit.agreement.measures.measured import AgreementReport
    from corpus_kit.core.layers import Layer
    from corpus_kit.ledger.annotations import Annotated, Sources
    from corpus_kit.ledger.replay import Replay


def refresh_annotations(
    workspace: Workspace, data: Path, work: Path, refusals: Refusals, progress: Progress, world: World = AS_IT_IS
) -> Annotated | None:
    """`data/annotations` from the ledger, as it is or in a world; None where the corpus has none."""
    imports = workspace.data / "imports"
    if workspace.root is None or not (any(imports.glob("*.json")) or read_manifest(data / "annotations")):
        return None
    from corpus_kit.ledger.annotations import build_annotations

    return build_annotations(annotation_sources(workspace, data, work, world), refusals, progress)


def annotation_sources(workspace: Workspace, data: Path, work: Path, world: World) -> Sources:
    """What the tables of annotations are made from."""
    from corpus_kit.ledger.annotations import Sources
    from corpus_kit.ledger.shards import TABLES

    contracts = {table: workspace.contract(table) for table in TABLES}
    imports, layers, who = workspace.data / "imports", workspace.layers(), workspace.config.people
    replay = replay_of(world, imports, layers)
    return Sources(imports, workspace.data, data, work, layers, contracts, who.same, who.apart, replay)


def replay_of(world: World, imports: Path, layers: Mapping[str, Layer]) -> Replay:
    """A world with what its version of the guidelines means in each layer. Raises UsageError for one no one had."""
    from corpus_kit.ledger.guidelines import known_guidelines, named_guidelines
    from corpus_kit.ledger.ledger import Ledger
    from corpus_kit.ledger.replay import Replay

    if not world.guidelines:
        return Replay(world)
    return Replay(
        world, named_guidelines(world.guidelines, known_guidelines(imports, Ledger(imports).entries(), layers))
    )


def adjudicate_all(run: Run) -> Gold | None:
    """`data/gold` from `data/annotations`; None where there are none."""
    if read_manifest(run.data / "annotations") is None and read_manifest(run.data / "gold") is None:
        return None
    from corpus_kit.agreement.gold.build import build_gold, override

    sources = gold_sources(run.workspace, run.data, run.work)
    if run.world.policy or run.world.boundary:
        chosen = override(sources, run.world.policy or None, run.world.boundary or None, ())
        sources = replace(sources, adjudication=chosen)
    return build_gold(sources, run.progress)


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
        take_in_the_ledger(workspace, work, progress)
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
        take_in_the_ledger(workspace, work, Silent())
        sources = gold_sources(workspace, workspace.data, work, layer)
        known = measured_before(gold_sources(workspace, workspace.data, work))
        return measure(sources) if known is None else known.of_layers(list(sources.layers))


def agreement_plan(workspace: Workspace, width: float, layer: str | None) -> list[Needed]:
    """See `Corpus.agreement_plan`."""
    from corpus_kit.agreement.measures.breakdown import needed_for

    return needed_for(without_repeats(agreement(workspace, layer).figures), width)


def agreement_by(workspace: Workspace, by: str, layer: str | None) -> list[LayerPart]:
    """See `Corpus.agreement_by`."""
    from corpus_kit.agreement.gold.build import measure_by

    with work_folder(workspace.data) as work:
        take_in_the_ledger(workspace, work, Silent())
        return measure_by(gold_sources(workspace, workspace.data, work, layer), by)


def take_in_the_ledger(workspace: Workspace, work: Path, progress: Progress) -> None:
    """Make `data/annotations` of what was pulled or imported since; what of it is refused, the next build reports."""
    if read_manifest(workspace.data / "documents") is not None:
        with Refusals(workspace.data, work) as refusals:
            refresh_annotations(workspace, workspace.data, work, refusals, progress)
