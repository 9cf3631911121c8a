"""Models of any layer: `[[suggest.models]]`, asked by `suggest LAYER` and kept by `build`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from corpus_kit.core.config import LayerModel
from corpus_kit.core.errors import ConfigError, did_you_mean
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.trust import Code, require_trust
from corpus_kit.core.vocabulary import BOILERPLATE
from corpus_kit.core.workspace import Workspace
from corpus_kit.pipeline.run import Run

if TYPE_CHECKING:
    from corpus_kit.core.records import Budget
    from corpus_kit.suggest.models.stage import LayerMade


def models_wanted(workspace: Workspace) -> dict[str, tuple[LayerModel, ...]]:
    """The models of `corpus.toml` by layer, in its order.

    Raises:
        ConfigError: A layer that the corpus has not, or whose suggestions come from elsewhere already.
    """
    settings, layers = workspace.config.suggest, workspace.config.layers
    found: dict[str, tuple[LayerModel, ...]] = {}
    for one in settings.models:
        if one.layer not in layers:
            near = did_you_mean(one.layer, list(layers))
            raise ConfigError(
                f"corpus.toml: [[suggest.models]] names the layer '{one.layer}', which the corpus has not.{near}",
                f"It has: {', '.join(layers)}.",
            )
        found[one.layer] = (*found.get(one.layer, ()), one)
    if BOILERPLATE in found and settings.boilerplate:
        raise ConfigError(
            f"corpus.toml: the layer '{BOILERPLATE}' has a suggester already.",
            "Write `boilerplate = false` below [suggest], or take the entry out of [[suggest.models]].",
        )
    names = settings.entities
    if names.layer in found and (names.names or names.models):
        raise ConfigError(
            f"corpus.toml: the layer '{names.layer}' has models below [suggest.entities] and in [[suggest.models]].",
            "Write all of them in one of the two places.",
        )
    return found


def check_models(workspace: Workspace, *, trusted: bool) -> None:
    """Before any work: raises UsageError where a model would run code that was not allowed; nothing runs here."""
    wanted = models_wanted(workspace)
    if wanted and not trusted:
        require_trust(codes_of(workspace, [one for models in wanted.values() for one in models]))


def codes_of(workspace: Workspace, models: Sequence[LayerModel]) -> list[Code]:
    """The code that these models run or load."""
    from corpus_kit.suggest.entities.code import code_of

    local = (one.model for one in models if one.model.partition(":")[0] not in ("llm", "learned", "copies"))
    return [code for spec in local if (code := code_of(spec, workspace.root)) is not None]


def keep_models(run: Run, *, trusted: bool, refusals: Refusals) -> list[LayerMade]:
    """`build`'s part: every layer with models, without asking a server; layers that have none any more go."""
    from corpus_kit.suggest.folder import drop_layer

    workspace = run.workspace
    wanted = models_wanted(workspace)
    others = {BOILERPLATE, workspace.config.suggest.entities.layer} - set(wanted)
    for layer in (read_manifest(run.data / "suggestions") or {}).get("parts", {}):
        if layer not in wanted and layer not in others:
            drop_layer(run.data, run.work, layer)
    made = [make_layer(run, layer, models, trusted, None, refusals) for layer, models in wanted.items()]
    for layer in made:
        waiting = sum(model.waiting for model in layer.models)
        if waiting:
            run.progress.remark(
                f"{layer.layer}: documents that a server has not answered for: {waiting:,}. "
                f"`corpus-kit suggest {layer.layer}` asks it."
            )
    return made


def make_layer(
    run: Run,
    layer: str,
    models: Sequence[LayerModel],
    trusted: bool,
    budget: Budget | None,
    refusals: Refusals,
) -> LayerMade:
    """Suggestions of one layer by these models. budget: of what servers may be asked; None asks none."""
    from corpus_kit.suggest.models.stage import LayerJob, build_layer

    workspace = run.workspace
    contracts = (workspace.contract("suggestions"), workspace.contract("suggested_choices"))
    job = LayerJob(
        run.data, run.work, workspace.layers()[layer], tuple(models), contracts, workspace.root, trusted, budget
    )
    return build_layer(job, run.progress, refusals)
