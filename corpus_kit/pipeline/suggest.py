"""`suggest LAYER`: suggestions for the documents that are built, without the rest of the build, and training.

`Corpus.suggest` is the way in; `build` suggests by the same stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from corpus_kit.core.config import EntityModel, LayerModel
from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.parallel.executor import open_workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.records import Shard
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.storage.folders import read_manifest, work_folder
from corpus_kit.core.storage.step import one_step
from corpus_kit.core.trust import require_trust
from corpus_kit.core.vocabulary import BOILERPLATE
from corpus_kit.core.workspace import Workspace
from corpus_kit.dedup.repetition import LINES_FOLDER, Repetition, find_repetition
from corpus_kit.dedup.settings import DedupRecipe as CopyRecipe
from corpus_kit.pipeline.models import codes_of, make_layer, models_wanted
from corpus_kit.pipeline.run import Run

if TYPE_CHECKING:
    from corpus_kit.core.records import Budget
    from corpus_kit.suggest.boilerplate.learn import Learned
    from corpus_kit.suggest.build import Suggested, Suggesting
    from corpus_kit.suggest.entities.entity_request import EntityRequest
    from corpus_kit.suggest.entities.stage import EntitiesMade
    from corpus_kit.suggest.models.stage import ModelMade


@dataclass(frozen=True, slots=True)
class SuggestResult:
    """layer: as asked. suggested: what was made. learned: what training found, None without it. entities: how names were
    suggested, None for other layers. models: what other models did, None for boilerplate and names."""

    layer: str
    suggested: Suggested
    learned: Learned | None = None
    entities: EntitiesMade | None = None
    models: list[ModelMade] | None = None


def suggest(
    workspace: Workspace,
    layer: str,
    *,
    models: tuple[str, ...],
    train: bool,
    workers: int | None,
    trust: bool,
    progress: Progress,
    budget: Budget | None = None,
) -> SuggestResult:
    """Dispatch by layer. Raises UsageError for a layer without a suggester and before the first build."""
    names = workspace.config.suggest.entities.layer
    others = models_wanted(workspace)
    suggesters = tuple(dict.fromkeys((BOILERPLATE, names, *others)))
    modelled = layer in others or (bool(models) and layer not in suggesters)
    if layer not in suggesters and not (modelled and layer in workspace.config.layers):
        near = did_you_mean(layer, list(suggesters))
        raise UsageError(
            f"There is no suggester for the layer '{layer}'.{near}",
            f"There is one for: {', '.join(suggesters)}. Name another in [[suggest.models]] of corpus.toml, or by --model.",
        )
    if models and layer == BOILERPLATE and not modelled:
        raise UsageError("Boilerplate is suggested by the model of this corpus.", "Leave `--model` out.")
    if layer not in workspace.config.layers:
        raise UsageError(
            f"The corpus has no layer '{layer}'.",
            "Add it to `layers` in corpus.toml, with its annotation folder.",
        )
    if read_manifest(workspace.data / "documents") is None:
        raise UsageError("There are no documents to suggest for.", "Run `corpus-kit build` first.")
    if modelled:
        wanted = _models_named(layer, others.get(layer, ()), models)
        return _by_models(workspace, layer, wanted, train=train, trust=trust, progress=progress, budget=budget)
    if layer == names:
        return _names(workspace, models=models, train=train, workers=workers, trust=trust, progress=progress)
    return _boilerplate(workspace, train=train, workers=workers, progress=progress)


def _models_named(layer: str, configured: tuple[LayerModel, ...], specs: tuple[str, ...]) -> tuple[LayerModel, ...]:
    """Models that are named replace those of `corpus.toml`, with their settings there."""
    known = {one.model: one for one in configured}
    return tuple(known.get(spec) or LayerModel(layer=layer, model=spec) for spec in specs) or configured


def _by_models(
    workspace: Workspace,
    layer: str,
    models: tuple[LayerModel, ...],
    *,
    train: bool,
    trust: bool,
    progress: Progress,
    budget: Budget | None,
) -> SuggestResult:
    """Ask the models of a layer, servers too."""
    from corpus_kit.core.records import Budget

    if train:
        raise UsageError("`learned` is trained on the labels each time.", "Leave `--train` out.")
    if not trust:
        require_trust(codes_of(workspace, models))
    data = workspace.data
    with work_folder(data) as work, open_workers(1) as pool, Refusals(data, work) as refusals:
        run = Run(workspace, data, work, pool, progress)
        made = make_layer(run, layer, models, trust, budget or Budget(), refusals)
    return SuggestResult(layer, made.suggested, models=made.models)


def _boilerplate(workspace: Workspace, *, train: bool, workers: int | None, progress: Progress) -> SuggestResult:
    from corpus_kit.suggest.boilerplate.learn import learn
    from corpus_kit.suggest.build import built_shards, marking_control

    if not workspace.config.suggest.boilerplate:
        raise UsageError(
            "Suggesting boilerplate is switched off.", "Write `boilerplate = true` below [suggest] in corpus.toml."
        )
    layer = workspace.layers()[BOILERPLATE]
    control = marking_control(layer)
    if control is None:
        raise _no_control(layer.name)
    data = workspace.data
    with work_folder(data) as work, open_workers(workers) as pool, one_step(data, work):
        learned = None
        if train:
            target = workspace.own_model(layer.name)
            if target is None:
                raise UsageError("Without a corpus there is no gold to learn from.", "Make one: `corpus-kit init DIR`.")
            learned = learn(workspace.data, layer.name, control.name, workspace.config.suggest.threshold, target)
        run = Run(workspace, workspace.data, work, pool, progress)
        # What the user's contract refuses is counted here; the next build lists it in `rejected`.
        with Refusals(workspace.data, work) as refusals:
            suggester = boilerplate_suggester(run)
            if suggester is not None:
                shards = [Shard(one.path, one.sha256, rows=one.rows) for one in built_shards(workspace.data)]
                recipe = CopyRecipe(workspace.config.duplicates)
                repetition = find_repetition(shards, work / LINES_FOLDER, recipe, pool, progress)
                suggest_boilerplate(suggester, shards, repetition)
            made = write_boilerplate(run, suggester, refusals)
    assert made is not None  # the layer is there and can mark
    return SuggestResult(BOILERPLATE, made, learned)


def _names(
    workspace: Workspace,
    *,
    models: tuple[str, ...],
    train: bool,
    workers: int | None,
    trust: bool,
    progress: Progress,
) -> SuggestResult:
    """Names of people, and models: those that are named, else those of `corpus.toml`."""
    layer = workspace.config.suggest.entities.layer
    if train:
        raise UsageError("Names need no training: they are learned from the labels each time.", "Leave `--train` out.")
    wanted = _with_models(names_wanted(workspace, trust=trust), models)
    wanted.check_trust()
    data = workspace.data
    with (
        work_folder(data) as work,
        open_workers(workers) as pool,
        one_step(data, work),
        Refusals(data, work) as refusals,
    ):
        made = suggest_names(Run(workspace, data, work, pool, progress), wanted, refusals)
    if made is None:
        raise _no_control(layer)
    return SuggestResult(layer, made.suggested, entities=made)


def _no_control(layer: str) -> UsageError:
    return UsageError(
        f"The layer '{layer}' has no control that marks spans.",
        f"Add a <Labels> for the text to annotation/{layer}/config.xml.",
    )


def boilerplate_suggester(run: Run) -> Suggesting | None:
    """What suggests boilerplate; None where that is off."""
    from corpus_kit.suggest.build import Suggesting, suggestion_recipe

    workspace, settings = run.workspace, run.workspace.config.suggest
    if not settings.boilerplate or BOILERPLATE not in workspace.config.layers:
        return None
    layer, contract = workspace.layers()[BOILERPLATE], workspace.contract("suggestions")
    recipe = suggestion_recipe(layer, settings.threshold, contract, workspace.model_in_use(BOILERPLATE))
    if recipe is None:
        run.progress.remark(
            f"The layer '{BOILERPLATE}' has no control that marks spans, so nothing is suggested for it."
        )
        return None
    return Suggesting(layer, recipe, run.work, run.workers, run.progress)


def suggest_boilerplate(suggester: Suggesting, shards: Sequence[Shard], repetition: Repetition) -> list[Shard]:
    """Look at all documents. Returns the shards with what is suggested, as spans that make no document a copy."""
    from corpus_kit.suggest.build import DocumentShard

    pairs = list(zip(shards, repetition.places, strict=True))
    made = suggester.suggest([DocumentShard(s.path, s.sha256, s.rows, p.path, p.sha256) for s, p in pairs])
    return [
        replace(shard, masked=one.path, masked_sha256=one.fingerprint) for shard, one in zip(shards, made, strict=True)
    ]


def write_boilerplate(run: Run, suggester: Suggesting | None, refusals: Refusals) -> Suggested | None:
    """`data/suggestions`, a file for each of the documents; None where they are off, and then an older folder goes."""
    from corpus_kit.suggest.build import build_suggestions, remove_suggestions

    if suggester is None:
        remove_suggestions(run.data, run.work)
        return None
    return build_suggestions(run.data, suggester, refusals)


def names_wanted(workspace: Workspace, *, trust: bool = False) -> EntityRequest:
    """What `corpus.toml` asks for in the layer of names. trust: its code runs without having been trusted before."""
    from corpus_kit.suggest.entities.entity_request import EntityRequest

    settings = workspace.config.suggest.entities
    return EntityRequest(settings.names, settings.threshold, settings.models, workspace.root, trust)


def suggest_names(run: Run, wanted: EntityRequest, refusals: Refusals) -> EntitiesMade | None:
    """The names' layer in `data/suggestions`, after people's labels, from which it learns; None where it is not wanted,
    and then older rows go."""
    from corpus_kit.suggest.folder import drop_layer

    name = run.workspace.config.suggest.entities.layer
    if any(one.layer == name for one in run.workspace.config.suggest.models):
        return None  # its rows are made by `pipeline.models`
    if wanted and name in run.workspace.config.layers:
        from corpus_kit.suggest.entities.stage import build_entities, marking

        layer = run.workspace.layers()[name]
        control = marking(layer)
        if control is not None:
            contract = run.workspace.contract("suggestions")
            own = run.data, run.work, layer, control, contract, wanted
            return build_entities(*own, run.workers, run.progress, refusals)
        run.progress.remark(f"The layer '{name}' has no control that marks spans, so no names are suggested.")
    drop_layer(run.data, run.work, name)
    return None


def _with_models(configured: EntityRequest, specs: tuple[str, ...]) -> EntityRequest:
    """Models that are named replace those of `corpus.toml`, with their settings there; without any, names are wanted."""
    if not specs:
        return replace(configured, names=True)
    known = {model.model: model for model in configured.models}
    return replace(configured, models=tuple(known.get(spec) or EntityModel(model=spec) for spec in specs))
