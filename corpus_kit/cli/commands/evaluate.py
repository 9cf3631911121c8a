"""`corpus-kit evaluate`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from corpus_kit.cli.options import FOLDER, PATH, corpus_option, json_option, layer_option
from corpus_kit.cli.output import Output

_HEADER = ("who", "against", "measure", "F1", "95 %", "precision", "recall", "documents", "marks", "masked")


@click.command("evaluate")
@click.argument("predictions", type=PATH)
@layer_option
@click.option("--release", type=FOLDER, metavar="DIR", help="A release; by default that of the corpus.")
@click.option("--split", metavar="NAME", help="The split to score, or all; by default test.")
@corpus_option
@json_option
def command(
    predictions: str, layer: str | None, release: str | None, split: str | None, corpus_dir: str | None, as_json: bool
) -> None:
    """F1 of a model's predictions against gold, against each person, and what people reach on the same documents.

    PREDICTIONS is JSON Lines, JSON or Parquet with doc_id and spans, choices, lines or BIO tags; the reference of formats
    has them all. Places that people did not settle are not scored. In brackets stands the 95 % interval, near-copies drawn
    together. A release without texts, and without its corpus, is enough.

    \b
    Examples:
      corpus-kit evaluate predictions.jsonl
      corpus-kit evaluate predictions.parquet --layer stance --split all
      corpus-kit evaluate predictions.jsonl --release their-release --json
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    corpus = Corpus.nearest() if release and corpus_dir is None else Corpus.open(corpus_dir or ".")
    made = corpus.evaluate(predictions, layer, release=release, split=split)
    for one in made:
        whole = [score for score in one.scores if score.by is None]
        output.say(f"{one.layer}: {whole[0].documents:,} documents with gold, {whole[0].groups:,} without near-copies.")
        main = [score for score in whole if score.person is None and score.against in ("gold", "people")]
        output.table([_row(score) for score in main], header=_HEADER)
        for by in ("label", "language", "publisher"):
            rows = [(score.value_of, *_row(score)[3:]) for score in one.scores if score.by == by]
            output.data("")
            output.table(rows, header=(by, *_HEADER[3:]))
        people = [score for score in whole if score not in main]
        output.data("")
        output.table([_row(score) for score in people], header=_HEADER)
        _remarks(one, people, output)
    output.next_step("`corpus-kit recipe soft` trains on the answers that people did not settle, too.")
    output.json([one.as_dict() for one in made])


def _remarks(one: Any, people: Iterable[Any], output: Output) -> None:
    if one.not_named:
        output.say(f"{one.layer}: {one.not_named:,} documents with gold are not in the file; nothing was found there.")
    if one.outside:
        output.say(f"{one.layer}: {one.outside:,} predictions belong to nothing in this split; they are not scored.")
    if one.ambiguous:
        output.say(
            f"{one.layer}: {one.ambiguous:,} works of people are left out: unreadable in part, or one of several."
        )
    if not any(score.against == "others" for score in people):
        output.say(f"{one.layer}: no two people worked on one document, so there is no human ceiling.")


def _row(score: Any) -> tuple[object, ...]:
    against = f"{score.against} ({score.person})" if score.person else score.against
    between = "" if score.low is None else f"[{score.low:.3f}, {score.high:.3f}]"
    marks = f"{_number(score.found)} for {_number(score.wanted)}"
    figures = (_share(score.value), between, _share(score.precision), _share(score.recall))
    return (score.who, against, score.measure, *figures, score.documents, marks, score.masked)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
