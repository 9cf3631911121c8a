"""`corpus-kit card`."""

from __future__ import annotations

import click

from corpus_kit.cli.options import corpus_option, json_option
from corpus_kit.cli.output import Output, again


@click.command("card")
@corpus_option
@json_option
def command(corpus_dir: str | None, as_json: bool) -> None:
    """Refresh the generated parts of DATASET_CARD.md from the release. Outside its markers no byte changes.

    \b
    Example:
      corpus-kit build && corpus-kit card
    """
    from corpus_kit.corpus import Corpus

    changed = Corpus.open(corpus_dir or ".").card()
    output = Output(as_json)
    output.say("DATASET_CARD.md: generated parts refreshed." if changed else "DATASET_CARD.md is up to date.")
    output.next_step(f"{again('validate', corpus_dir)}; then data/release can be published.")
    output.json({"changed": changed})
