"""`corpus-kit adopt`."""

from __future__ import annotations

from dataclasses import asdict

import click

from corpus_kit.cli.options import LAYER, PATH, corpus_option, json_option
from corpus_kit.cli.output import ConsoleProgress, Output, again


@click.command("adopt")
@click.argument("files", nargs=-1, type=PATH, metavar="[FILE]...")
@click.option("--project", type=int, metavar="N", help="The number of a project on the server.")
@click.option("--config", "config", type=PATH, metavar="XML", help="The labeling config of an export.")
@click.option(
    "--layer", type=LAYER, metavar="L", help="The layer it becomes; by default named after the project or file."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@corpus_option
@json_option
def command(
    files: tuple[str, ...],
    project: int | None,
    config: str | None,
    layer: str | None,
    dry_run: bool,
    corpus_dir: str | None,
    as_json: bool,
) -> None:
    """Continue a labeling project that was made without corpus-kit.

    From a live project, or from an export with its config: the layer is made, texts that no document has become
    documents, all work comes into the ledger, and the tasks are linked to their documents, so that `push` continues
    the project without a second task.

    \b
    Examples:
      corpus-kit adopt --project 12 --layer entities --dry-run
      corpus-kit adopt --project 12 --layer entities
      corpus-kit adopt export.json --config config.xml --layer entities
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    corpus = Corpus.open(corpus_dir or ".")
    plan = corpus.adopt(project, files=files, config=config, layer=layer, dry_run=dry_run, progress=ConsoleProgress())
    rows = [
        ("layer", f"{plan.layer}{' (made from the config)' if plan.makes_layer else ''}"),
        ("tasks", f"{plan.tasks:,}, {plan.labelled:,} of them labelled"),
        ("show a document's text", f"{plan.matched:,}"),
        ("become documents", f"{plan.records:,}"),
        ("hold no text", f"{plan.textless:,}"),
    ]
    if plan.becomes:
        rows.append(("the project is renamed", f"'{plan.title}' becomes '{plan.becomes}'"))
    rows += [("corpus.toml, [label_studio]", line) for line in plan.settings]
    if not dry_run and plan.project:
        rows.append(("tasks linked", f"{plan.linked:,}"))
    output.table(rows, header=("adopt", "plan" if dry_run else "done"))
    if dry_run:
        output.next_step("run it again without --dry-run.")
    else:
        output.next_step(
            f"{again('push', corpus_dir)} continues the project; {again('status', corpus_dir)} tells how far it is."
        )
    output.json(asdict(plan))
