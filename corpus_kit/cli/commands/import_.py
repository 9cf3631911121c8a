"""`corpus-kit import`."""

from __future__ import annotations

from dataclasses import asdict

import click

from corpus_kit.cli.options import LAYER, PATH, corpus_option, json_option
from corpus_kit.cli.output import Output, again
from corpus_kit.core.exchange import FORMATS


@click.command("import")
@click.argument("files", nargs=-1, type=PATH, required=True, metavar="FILE...")
@click.option("--layer", type=LAYER, metavar="L", help="The layer the files belong to; by default their results tell.")
@click.option(
    "--from", "source", type=click.Choice(FORMATS), help="The format of another tool; files or folders of it."
)
@corpus_option
@json_option
def command(
    files: tuple[str, ...], layer: str | None, source: str | None, corpus_dir: str | None, as_json: bool
) -> None:
    """Bring exports of Label Studio, or of another tool, into the ledger, as they are. No server is needed.

    Exports of any Label Studio since 1.0 are read. With --from, files of another tool: their bytes come into the
    ledger, and texts that no document has into data/raw. A layer that the corpus does not have is made with the labels
    of the files. A file the ledger has adds nothing.

    \b
    Examples:
      corpus-kit import export.json
      corpus-kit import one.json two.json --layer entities
      corpus-kit import --from brat --layer entities brat/ada brat/ben
      corpus-kit import --from inception --layer entities project.zip
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    imported = Corpus.open(corpus_dir or ".").import_(files, layer, source=source)
    rows = [(i.file, i.layer, i.tasks, i.annotations, i.entry if i.new else "known already") for i in imported]
    output.table(rows, header=("file", "layer", "tasks", "annotations", "in data/imports"))
    for layer in dict.fromkeys(i.layer for i in imported if i.made_layer):
        output.say(f"A new layer: annotation/{layer}/config.xml has the labels of the files, corpus.toml names it.")
    if brought := sum(i.documents for i in imported):
        output.say(f"Texts that no document has: {brought:,}, now in data/raw.")
    if any(i.new for i in imported):
        output.next_step(f"{again('build', corpus_dir)} makes tables, gold and the release of it.")
    output.json([asdict(i) for i in imported])
