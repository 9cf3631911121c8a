"""`corpus-kit suggest`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from corpus_kit.cli.options import LAYER, corpus_option, json_option, trust_option, workers_option
from corpus_kit.cli.output import ConsoleProgress, Output, again


@click.command("suggest")
@click.argument("layer", type=LAYER)
@click.option(
    "--train", is_flag=True, help="Learn from the pages that people labelled first; kept only where it helps."
)
@click.option(
    "--model",
    "models",
    metavar="MODEL",
    multiple=True,
    help="spacy:NAME, transformers:NAME_OR_PATH, python:MODULE:CLASS; for layers other than names also learned "
    "and llm:MODEL@ADDRESS. May be repeated.",
)
@click.option("--max-calls", type=click.IntRange(min=0), metavar="N", help="Ask servers at most N times.")
@click.option(
    "--max-cost",
    type=click.FloatRange(min=0),
    metavar="X",
    help="Stop before servers cost more, by price_in, price_out.",
)
@workers_option
@trust_option
@corpus_option
@json_option
def command(
    layer: str,
    train: bool,
    models: tuple[str, ...],
    workers: int | None,
    trust: bool,
    corpus_dir: str | None,
    as_json: bool,
    **most: Any,
) -> int:
    """Suggestions for one LAYER of the documents that are built: data/suggestions. `build` makes them too.

    boilerplate: menus, link lists, comments and the like, line by line, with the model of this corpus
    (models/boilerplate.npz) or else the packaged one. --train learns a correction from gold, and from single answers
    where a document has no gold; it is judged by pages it has not seen, and written to models/boilerplate.npz only when
    more of what they keep is right than with the packaged model, by more than chance would do. Remove that file to go
    back to the packaged model.

    entities: names that people labelled, wherever else they stand, each with the probability that people would label it
    there, learned from their labels. With --model, what a model on this machine says, in the labels that corpus.toml
    gives its own. Documents that people have finished are left alone, and so is every place that they labelled.

    Any other layer: what the models in [[suggest.models]] of corpus.toml say, or those given by --model. learned: a
    classifier trained on the labels so far. llm: a model on a server that speaks OpenAI's protocol; texts go to the server
    that corpus.toml names, after `corpus-kit trust` allowed it, and nowhere else. Its answers are kept in data/calls:
    no text is sent twice, and `build` sends none.

    \b
    Examples:
      corpus-kit suggest boilerplate
      corpus-kit suggest boilerplate --train
      corpus-kit suggest entities
      corpus-kit suggest entities --model spacy:en_core_web_sm
      corpus-kit suggest entities --model transformers:models/my-ner
      corpus-kit suggest stance --model learned
      corpus-kit suggest stance --max-calls 200
    """
    from corpus_kit.core.records import Budget
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    corpus = Corpus.open(corpus_dir or ".")
    result = corpus.suggest(
        layer,
        models=models,
        train=train,
        workers=workers,
        trust=trust,
        budget=Budget(most["max_calls"], most["max_cost"]),
        progress=ConsoleProgress(),
    )
    if result.learned:
        _tell(result.learned, output)
    if result.entities:
        passing = set(models) - {one.model for one in corpus.config.suggest.entities.models}
        _tell_entities(result.entities, bool(passing), output)
    if result.models is not None:
        _tell_models(result.models, set(models) - {one.model for one in corpus.config.suggest.models}, output)
    made = result.suggested
    output.table([(label, n) for label, n in made.rows.items()], header=("label", "suggestions"))
    output.say(f"{made.total:,} suggestions on {made.marked:,} of {made.documents:,} documents.")
    if made.left_out:
        told = ", ".join(f"{n:,} {label}" for label, n in made.left_out.items())
        where = "; map them in corpus.toml, [suggest.entities.models.labels]" if result.entities else ""
        where = "; map them in corpus.toml, `labels` in [[suggest.models]]" if result.models else where
        output.say(f"Not suggested, because the layer lacks the label: {told}{where}.")
    if made.rejected and result.models is None:
        output.say(f"Rejected by the contract: {sum(made.rejected.values()):,} rows; the next build lists them.")
    carries = (
        f"{again('build', corpus_dir)} carries them into the release, "
        if not (result.entities or result.models)
        else ""
    )
    output.next_step(f"{carries}{again('push', corpus_dir)} brings them to people.")
    output.json(asdict(result) | {"total": made.total})
    return 1 if result.learned and not result.learned.installed else 0


def _tell(found: Any, output: Output) -> None:
    """The figures of training (`Learned`), and whether its result is used."""
    single = found.pages - found.from_gold
    output.say(
        f"Learned from {found.pages:,} pages: {found.from_gold:,} with gold, {single:,} with single answers; "
        f"{found.open:,} left out for open disagreements."
    )
    rows = [
        (name, f"{one.precision:.4f}", f"{one.recall:.4f}", f"{one.f1:.4f}", f"{one.brier:.4f}")
        for name, one in (("packaged", found.before), ("corrected", found.after))
    ]
    output.table(rows, header=("kept text", "precision", "recall", "F1", "squared error"))
    output.data("")
    if found.installed:
        output.say(f"The correction is in use: models/boilerplate.npz, version {found.version}.")
    else:
        output.say(
            "On pages it had not seen the correction is no better than the packaged model beyond chance "
            f"(F1 {found.gain:+.4f}, standard error {found.gain_error:.4f}), so it is not used; "
            f"suggestions are made by version {found.version} as before."
        )


def _tell_entities(made: Any, passing: bool, output: Output) -> None:
    """Where names came from (`EntitiesMade`). passing: some model is not in corpus.toml."""
    if made.names is not None:
        output.say(
            f"Names: {made.names:,} labelled in {made.documents:,} documents gave {made.names_rows:,} suggestions."
            if made.names
            else "Names: no one has labelled any yet. Bring labels with `corpus-kit pull` or `import`, then build."
        )
    for one in made.models:
        output.say(f"{one.spec}: version {one.version}, on {one.device}, gave {one.rows:,} suggestions.")
    if passing:
        output.say("The next build keeps them only if corpus.toml names the model: [[suggest.entities.models]].")


def _tell_models(made: Any, passing: set[str], output: Output) -> None:
    """What each model did (`ModelMade`). passing: those that are not in corpus.toml."""
    for one in made:
        output.say(f"{one.spec}: version {one.version}, on {one.device}, gave {one.rows:,} suggestions.")
        if one.calls:
            cost = f", cost {one.cost:.4f}" if one.cost else ""
            calls = "1 call" if one.calls == 1 else f"{one.calls:,} calls"
            output.say(f"{calls}: {one.tokens_in:,} tokens sent, {one.tokens_out:,} answered{cost}.")
        for note in one.notes:
            output.say(note)
        if one.unplaced:
            told = ", ".join(f"{n:,} {reason}" for reason, n in one.unplaced.items())
            output.say(f"Not taken: {told}; the next build lists them in data/rejected.")
        if one.waiting:
            output.say(f"Without an answer: {one.waiting:,} of {one.documents:,} documents; the same command goes on.")
    if passing:
        output.say("The next build keeps them only if corpus.toml names the model: [[suggest.models]].")
