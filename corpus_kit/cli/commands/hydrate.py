"""`corpus-kit hydrate`."""

from __future__ import annotations

import click

from corpus_kit.cli.options import FOLDER, PATH, corpus_option, json_option, workers_option
from corpus_kit.cli.output import ConsoleProgress, Output, shown_path


@click.command("hydrate")
@click.argument("release", type=FOLDER)
@click.option(
    "--from",
    "sources",
    type=PATH,
    multiple=True,
    required=True,
    metavar="PATH",
    help="Pages: files, a folder, or the data folder of a build. May be given several times.",
)
@click.option("--out", type=FOLDER, metavar="DIR", help="Where to write. By default RELEASE-hydrated beside it.")
@workers_option
@corpus_option
@json_option
def command(
    release: str,
    sources: tuple[str, ...],
    out: str | None,
    workers: int | None,
    corpus_dir: str | None,
    as_json: bool,
) -> None:
    """Put the texts back into a release that holds none.

    A page whose text has the recorded hash gives the rows of the full release; with all of them its files are the same to
    the byte. In an edited page the sentences that did not change are found, and the labels in them get their new places.

    \b
    Examples:
      corpus-kit hydrate their-release --from my-pages
      corpus-kit hydrate their-release --from my-corpus/data --out full
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    corpus = Corpus.open(corpus_dir) if corpus_dir else Corpus.nearest()
    made = corpus.hydrate(release, sources, out, workers=workers, progress=ConsoleProgress())
    assert made.folder is not None
    verdicts = ("exact", "carried", "shifted", "stale", "gone")
    output.table(
        [
            ("documents", *(f"{made.documents[v]:,}" if v in made.documents else "" for v in verdicts)),
            ("labels", *(f"{made.labels[v]:,}" if v in made.labels else "" for v in verdicts)),
        ],
        header=("", *verdicts),
    )
    total = sum(made.labels.values())
    back = made.labels["exact"] + made.labels["shifted"]
    if total:
        output.say(f"Yield: {back:,} of {total:,} labels are back ({back / total:.1%}).")
    if made.identical:
        output.say("Every file has the bytes of the full release.")
        output.next_step(f"load it: load_dataset({shown_path(made.folder)!r}).")
    else:
        output.next_step(f"read {shown_path(made.folder)}; edited pages and their labels are in its folder carried.")
    output.json(
        {
            "folder": str(made.folder),
            "documents": dict(made.documents),
            "labels": dict(made.labels),
            "identical": made.identical,
        }
    )
