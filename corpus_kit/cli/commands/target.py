"""`corpus-kit target`."""

from __future__ import annotations

import click

from corpus_kit.cli.options import corpus_option, json_option, layer_option
from corpus_kit.cli.output import Output


@click.command("target")
@click.argument("action", type=click.Choice(["add"]), expose_value=False)
@click.argument("words", nargs=-1, required=True)
@layer_option
@corpus_option
@json_option
def command(words: tuple[str, ...], layer: str | None, corpus_dir: str | None, as_json: bool) -> None:
    """Ask about one more target, in the config and the guidelines of the layer stance (or another one).

    Work that is there stays: a target is one more question, and open on the pages that are done.

    \b
    Example:
      corpus-kit target add "Tram line" "Harbour tax"
    """
    from corpus_kit.corpus import Corpus

    name = layer or "stance"
    added = Corpus.open(corpus_dir or ".").target(*words, layer=name)
    out = Output(as_json)
    out.table([(one, f"{name}_{one}") for one in added], header=("target", "control"))
    if added:
        out.next_step(f"say in annotation/{name}/guidelines.md what is meant, then `corpus-kit push --layer {name}`.")
    else:
        out.say(f"{name}: everything was asked about already.")
        out.next_step(f"`corpus-kit push --layer {name}`.")
    out.json({"layer": name, "added": added})
