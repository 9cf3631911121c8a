"""`corpus-kit recipe`."""

from __future__ import annotations

from pathlib import Path

import click

from corpus_kit.cli.options import PATH, SuggestedWords, json_option
from corpus_kit.cli.output import Output, shown_path

RECIPES = ("ner", "stance", "boilerplate", "soft")


@click.command("recipe")
@click.argument("task", type=SuggestedWords(*RECIPES), metavar=f"[{'|'.join(RECIPES)}]")
@click.option(
    "--framework",
    type=click.Choice(["spacy", "scikit-learn", "transformers"]),
    help="The library to train with; `ner` has a script for transformers, too.",
)
@click.option("--out", type=PATH, metavar="FILE", help="Where to write the script. By default it is printed.")
@json_option
def command(task: str, framework: str | None, out: str | None, as_json: bool) -> None:
    """A short script that trains on a release, with what people did not settle left out of the loss.

    It needs only `datasets` and the library that its first lines name, and is yours to change.

    \b
    Examples:
      corpus-kit recipe ner --out ner.py && python ner.py data/release
      corpus-kit recipe ner --framework transformers --out ner.py
      corpus-kit recipe soft
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    script = Corpus.recipe(task, out, framework)
    if out is None:
        output.data(script.rstrip("\n"))
        output.next_step(f"`corpus-kit recipe {task} --out {task}.py` writes it; run it on data/release.")
    else:
        output.say(f"Written: {shown_path(Path(out))}")
        output.next_step(f"python {shown_path(Path(out))} data/release")
    output.json({"task": task, "script": script, "file": out})
