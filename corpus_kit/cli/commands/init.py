"""`corpus-kit init`."""

from __future__ import annotations

import shlex

import click

from corpus_kit.cli.options import FOLDER, json_option
from corpus_kit.cli.output import Output


@click.command("init")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option(
    "--layers",
    metavar="A,B",
    help="What is to be labelled: boilerplate, entities, stance; without it the first two.",
)
@click.option(
    "--stance-target",
    "targets",
    multiple=True,
    metavar="WORDS",
    help="What stance is asked about, as people read it; once for each.",
)
@json_option
def command(folder: str, layers: str | None, targets: tuple[str, ...], as_json: bool) -> None:
    """Make a new corpus in DIR: corpus.toml, contracts, layers and a card. Nothing that exists is overwritten.

    \b
    Examples:
      corpus-kit init my-corpus
      corpus-kit init my-corpus --layers entities --stance-target "Tram line"
      cp pages/*.txt my-corpus/data/raw/
      corpus-kit build --corpus my-corpus
    """
    from corpus_kit.corpus import Corpus

    chosen = [name.strip() for name in (layers or "").split(",") if name.strip()]
    written = Corpus.init(folder, chosen, targets)
    out = Output(as_json)
    place = folder.rstrip("/") or "/"
    rows = [(f"{place}/{name}", _count(written.made, name), what) for name, what in WHAT if _count(written.made, name)]
    out.table(rows, header=("made", "files", "what it is"))
    for name in written.kept:
        out.say(f"kept as it was: {name}")
    out.next_step(f"put texts into {place}/data/raw, then `cd {shlex.quote(place)}` and `corpus-kit build`.")
    out.json({"made": written.made, "kept": written.kept})


WHAT = (
    ("corpus.toml", "name, licence and settings: yours to edit"),
    ("annotation", "layers: what people may mark, and the guidelines"),
    ("schemas", "contracts: what every row must be"),
    ("DATASET_CARD.md", "the card: prose is yours, facts are filled in"),
    (".gitignore", "keeps what is made, and the annotators' work, out of git"),
)


def _count(made: list[str], name: str) -> int:
    return sum(one == name or one.startswith(f"{name}/") for one in made)
