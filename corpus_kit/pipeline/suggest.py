"""`suggest LAYER`: suggestions for the documents that are built, without the rest of the build, and training.

`Corpus.suggest` is the way in; `build` suggests by the same stages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from corpus_kit.core.config import EntityModel
from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.parallel.executor import open_workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.storage.folders import read_manifest, work_folder
from corpus_kit.pipeline.build import Stages

if TYPE_CHECKING:
    from corpus_kit.corpus import Corpus
    from corpus_kit.suggest.boilerplate.learn import Learned
    from corpus_kit.suggest.build import Suggested
    from corpus_kit.suggest.entities.stage import EntitiesMade
    from corpus_kit.suggest.entities.wish import Wish


@dataclass(frozen=True, slots=True)
class SuggestOrder:
    """What one call of `Corpus.suggest` asks for; its parameters are explained there."""

    layer: str
    train: bool
    workers: int | None
    models: tuple[str, ...] = ()
    trust: bool = False


@dataclass(frozen=True, slots=True)
class SuggestResult:
    """layer: as asked. suggested: what was made. learned: what training found, None without it. entities: how names were
    suggested, None for boilerplate."""

    layer: str
    suggested: Suggested
    learned: Learned | None = None
    entities: EntitiesMade | None = None


def suggest(corpus: Corpus, order: SuggestOrder, progress: Progress) -> SuggestResult:
    """Dispatch by layer. Raises UsageError for a layer without a suggester and before the first build."""
    suggesters = {"boilerplate": _boilerplate, corpus.config.suggest.entities.layer: _entities}
    if order.layer not in suggesters:
        near = did_you_mean(order.layer, list(suggesters))
        raise UsageError(
            f"There is no suggester for the layer '{order.layer}'.{near}", f"There is one for: {', '.join(suggesters)}."
        )
    if order.models and order.layer == "boilerplate":
        raise UsageError("Boilerplate is suggested by the model of this corpus.", "Leave `--model` out.")
    if order.layer not in corpus.config.layers:
        raise UsageError(
            f"The corpus has no layer '{order.layer}'.",
            "Add it to `layers` in corpus.toml, with its annotation folder.",
        )
    if read_manifest(corpus.data / "documents") is None:
        raise UsageError("There are no documents to suggest for.", "Run `corpus-kit build` first.")
    return suggesters[order.layer](corpus, order, progress)


def _boilerplate(corpus: Corpus, order: SuggestOrder, progress: Progress) -> SuggestResult:
    from corpus_kit.suggest.boilerplate.learn import learn
    from corpus_kit.suggest.build import marking_control

    if not corpus.config.suggest.boilerplate:
        raise UsageError(
            "Suggesting boilerplate is switched off.", "Write `boilerplate = true` below [suggest] in corpus.toml."
        )
    layer = corpus.layers()[order.layer]
    control = marking_control(layer)
    if control is None:
        raise UsageError(
            f"The layer '{layer.name}' has no control that marks spans.",
            f"Add a <Labels> for the text to annotation/{layer.name}/config.xml.",
        )
    with work_folder(corpus.data) as work, open_workers(order.workers) as pool:
        learned = None
        if order.train:
            target = corpus.own_model(layer.name)
            if target is None:
                raise UsageError("Without a corpus there is no gold to learn from.", "Make one: `corpus-kit init DIR`.")
            learned = learn(corpus.data, layer.name, control.name, corpus.config.suggest.threshold, target)
        # What the user's contract refuses is counted here; the next build lists it in `rejected`.
        with Refusals(corpus.data, work) as refusals:
            stages = Stages(corpus, corpus.data, work, pool, progress)
            suggesting = stages.suggesting()
            if suggesting is not None:
                stages.suggest_again(suggesting)
            made = stages.suggestions(suggesting, refusals)
    assert made is not None  # the layer is there and can mark
    return SuggestResult(order.layer, made, learned)


def _entities(corpus: Corpus, order: SuggestOrder, progress: Progress) -> SuggestResult:
    """Names of people, and models: those that are named, else those of `corpus.toml`."""
    if order.train:
        raise UsageError("Names need no training: they are learned from the labels each time.", "Leave `--train` out.")
    wish = replace(_wish(Stages.wish_of(corpus), order.models), trusted=order.trust)
    wish.check_trust()
    with work_folder(corpus.data) as work, open_workers(order.workers) as pool, Refusals(corpus.data, work) as refusals:
        stages = Stages(corpus, corpus.data, work, pool, progress)
        made = stages.entities(wish, refusals)
    if made is None:
        raise UsageError(
            f"The layer '{order.layer}' has no control that marks spans.",
            f"Add a <Labels> for the text to annotation/{order.layer}/config.xml.",
        )
    return SuggestResult(order.layer, made.suggested, entities=made)


def _wish(configured: Wish, specs: tuple[str, ...]) -> Wish:
    """Models that are named stand for those of `corpus.toml`, with their settings there; without any, names are wanted."""
    if not specs:
        return replace(configured, names=True)
    known = {model.model: model for model in configured.models}
    return replace(configured, models=tuple(known.get(spec) or EntityModel(model=spec) for spec in specs))
