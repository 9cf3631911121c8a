"""`corpus-kit restore`."""

from __future__ import annotations

from dataclasses import asdict

import click

from corpus_kit.cli.options import corpus_option, json_option, layer_option
from corpus_kit.cli.output import ConsoleProgress, Output, again


@click.command("restore")
@layer_option
@corpus_option
@json_option
def command(layer: str | None, corpus_dir: str | None, as_json: bool) -> None:
    """The ledger's annotations back into a server that lost them: projects, tasks, suggestions and annotations.

    A second restore writes nothing. The server: see `corpus-kit push --help`.

    \b
    Example:
      corpus-kit restore
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    restored = Corpus.open(corpus_dir or ".").restore(layer, progress=ConsoleProgress())
    rows = [(r.layer, r.tasks, r.annotations, r.drafts, r.there, len(r.refused)) for r in restored]
    output.table(rows, header=("layer", "tasks", "annotations", "drafts", "there already", "refused"))
    for one in restored:
        for remark in one.remarks:
            output.say(f"{one.layer}: {remark}")
        for finding in one.refused[:10]:
            output.say(f"{one.layer}: not restored: {finding}")
    output.next_step(f"{again('status', corpus_dir)} counts what is there.")
    output.json([asdict(one) for one in restored])
