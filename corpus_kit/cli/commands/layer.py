"""`corpus-kit layer`."""

from __future__ import annotations

import click

from corpus_kit.cli.options import corpus_option, json_option
from corpus_kit.cli.output import Output


@click.command("layer")
@click.argument("action", type=click.Choice(["add"]), expose_value=False)
@click.argument("name")
@click.option(
    "--stance-target", "targets", multiple=True, metavar="WORDS", help="What stance is asked about; repeat it."
)
@click.option(
    "--label", "labels", multiple=True, metavar="LABEL", help="A label of spans, for your own layer; repeat it."
)
@click.option("--choice", "choices", multiple=True, metavar="ANSWER", help="An answer for the page; repeat it.")
@corpus_option
@json_option
def command(
    name: str,
    targets: tuple[str, ...],
    labels: tuple[str, ...],
    choices: tuple[str, ...],
    corpus_dir: str | None,
    as_json: bool,
) -> None:
    """Add a layer to the corpus: config, guidelines, and its name in corpus.toml.

    boilerplate, entities and stance are shipped. A layer of your own is a sketch: its guidelines say what has to be
    written, and `push` refuses the layer until it is.

    \b
    Examples:
      corpus-kit layer add stance --stance-target "Tram line"
      corpus-kit layer add quotes --label SPEAKER --label QUOTE
    """
    from corpus_kit.core.config.layer_files import MARK
    from corpus_kit.corpus import Corpus

    corpus = Corpus.open(corpus_dir or ".")
    written = corpus.layer(name, targets=targets, labels=labels, choices=choices)
    out = Output(as_json)
    out.table([(place,) for place in written.made], header=("made or changed",))
    for place in written.kept:
        out.say(f"kept as it was: {place}")
    layer = Corpus.open(corpus_dir or ".").layers()[name]
    if MARK in (layer.guidelines or ""):
        out.next_step(f"write what annotation/{name}/guidelines.md marks with `{MARK} …]`.")
    else:
        out.next_step(f"read annotation/{name}/guidelines.md, then `corpus-kit push --layer {name}`.")
    out.json({"made": written.made, "kept": written.kept})
