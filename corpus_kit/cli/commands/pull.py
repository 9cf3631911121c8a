"""`corpus-kit pull`."""

from __future__ import annotations

from dataclasses import asdict

import click

from corpus_kit.cli.options import corpus_option, json_option, layer_option
from corpus_kit.cli.output import ConsoleProgress, Output, again


@click.command("pull")
@layer_option
@click.option("--full", is_flag=True, help="Download everything again, not only what changed.")
@corpus_option
@json_option
def command(layer: str | None, full: bool, corpus_dir: str | None, as_json: bool) -> None:
    """What people labelled since the last pull, into the ledger data/imports; `corpus-kit build` makes tables of it.

    Deletions are seen, drafts are kept apart. Review projects (`adjudicate --push`, `review --push`) are pulled too. The
    server: see `corpus-kit push --help`.

    \b
    Example:
      corpus-kit pull && corpus-kit build
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    pulled = Corpus.open(corpus_dir or ".").pull(layer, full=full, progress=ConsoleProgress())
    rows = [
        (f"{p.layer} {p.kind or p.person}".strip(), p.tasks, p.annotations, p.skipped, p.drafts, len(p.deleted))
        for p in pulled
    ]
    output.table(rows, header=("layer", "tasks", "annotations", "skipped", "drafts", "deleted"))
    for one in pulled:
        if one.project is None:
            output.say(f"{one.layer}: the server has no project '{one.title}'; `corpus-kit push` makes it.")
        elif one.entry is None:
            output.say(f"{one.layer} {one.kind or one.person}".strip() + ": nothing new.")
    if any(one.entry for one in pulled):
        output.next_step(f"{again('build', corpus_dir)} makes tables, gold and the release of it.")
    output.json([asdict(one) for one in pulled])
