"""`corpus-kit report`."""

from __future__ import annotations

from dataclasses import asdict

import click

from corpus_kit.cli.options import corpus_option, json_option, workers_option
from corpus_kit.cli.output import ConsoleProgress, Output

_CHANGED = {
    "added": ("document added", "documents added"),
    "removed": ("document removed", "documents removed"),
    "text": ("text changed", "texts changed"),
    "split": ("document moved to another split", "documents moved to another split"),
    "metadata": ("field of metadata changed", "fields of metadata changed"),
    "labels": ("change of labels", "changes of labels"),
}
"""Kind of change → one of it, several."""


@click.command("report")
@click.option("--out", metavar="FILE", help="Another file for the page; by default data/report/report.html.")
@click.option(
    "--compare",
    metavar="OTHER_RELEASE",
    help="A folder: the page begins with what changed since that release; a CSV beside it lists all.",
)
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser.")
@workers_option
@corpus_option
@json_option
def command(
    out: str | None, compare: str | None, open_it: bool, workers: int | None, corpus_dir: str | None, as_json: bool
) -> None:
    """The corpus as one page: what came in, what was rejected and why, documents, splits, labels, agreement, a reader.

    The page is one file without network or server; `build` makes it too, without a comparison. With --compare it begins with
    what changed since another release, row by row and in pictures.

    \b
    Examples:
      corpus-kit report --open
      corpus-kit report --out reports/2031-10.html
      corpus-kit report --compare ../last-year/data/release
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    made = Corpus.open(corpus_dir or ".").report(out, compare=compare, workers=workers, progress=ConsoleProgress())
    output.data(str(made.path))
    size = f"{made.bytes / 1e6:.1f} MB, {made.documents:,} document{'' if made.documents == 1 else 's'} in the reader"
    output.say(f"{'Unchanged' if made.unchanged else 'Written'}: {size}.")
    if compare:
        told = ", ".join(f"{n:,} {_CHANGED[kind][n != 1]}" for kind, n in made.changes.items())
        output.say(f"Since that release: {told or 'nothing changed'}.")
    output.next_step("open it in a browser; it is one file and needs no network.")
    output.json(asdict(made) | {"path": str(made.path)})
    if open_it:
        click.launch(str(made.path))
