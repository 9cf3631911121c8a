"""`corpus-kit init`."""

from __future__ import annotations

import click

from corpus_kit.cli.options import json_option
from corpus_kit.cli.output import Output


@click.command("init")
@click.argument("folder", metavar="DIR")
@json_option
def command(folder: str, as_json: bool) -> None:
    """Make a new corpus in DIR: corpus.toml, contracts, layers and a card. Nothing that exists is overwritten.

    \b
    Example:
      corpus-kit init my-corpus
      cp pages/*.txt my-corpus/data/raw/
      corpus-kit build --corpus my-corpus
    """
    from corpus_kit.corpus import Corpus

    written = Corpus.init(folder)
    out = Output(as_json)
    for name in written.made:
        out.data(f"{folder.rstrip('/')}/{name}")
    for name in written.kept:
        out.say(f"kept as it was: {name}")
    out.say(f"Next: put texts into {folder.rstrip('/')}/data/raw, then `corpus-kit build --corpus {folder}`.")
    out.json({"made": written.made, "kept": written.kept})
