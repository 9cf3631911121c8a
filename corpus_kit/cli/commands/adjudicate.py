"""`corpus-kit adjudicate`."""

from __future__ import annotations

from dataclasses import asdict

import click

from corpus_kit.cli.options import Words, corpus_option, json_option
from corpus_kit.cli.output import ConsoleProgress, Output, again


@click.command("adjudicate")
@click.option(
    "--policy",
    type=Words("majority", "unanimous", "dawid-skene", "reviewer"),
    metavar="NAME",
    help="majority, unanimous, dawid-skene or reviewer; by default what corpus.toml says.",
)
@click.option(
    "--boundary",
    type=Words("exact", "union", "intersection", "characters"),
    metavar="NAME",
    help="exact, union, intersection or characters: which characters become gold.",
)
@click.option("--reviewer", "reviewers", multiple=True, metavar="PSEUDONYM", help="Whose answers win. May be repeated.")
@corpus_option
@json_option
def command(
    policy: str | None, boundary: str | None, reviewers: tuple[str, ...], corpus_dir: str | None, as_json: bool
) -> None:
    """Gold from the annotations of the last build: data/gold, with every decision and its reason in `decisions`.

    Ties are never gold; they are counted as open. `build` does the same with the policy of corpus.toml.

    \b
    Examples:
      corpus-kit adjudicate
      corpus-kit adjudicate --policy unanimous
      corpus-kit adjudicate --policy reviewer --reviewer annotator-2
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    corpus = Corpus.open(corpus_dir or ".")
    made = corpus.adjudicate(policy, boundary, reviewers, progress=ConsoleProgress())
    rows = [
        (g.layer, g.policy, g.boundary, g.documents, g.complete, g.gold, g.open, g.none) for g in made.layers
    ]  # fmt: skip
    output.table(rows, header="layer policy boundary documents settled gold open against".split())
    output.say("Not redone: nothing has changed." if made.unchanged else f"Written to {corpus.data / 'gold'}.")
    if made.open:
        output.say(f"{made.open:,} disagreements are open; the table `decisions` names them.")
    if policy or boundary or reviewers:
        output.say("The next build keeps to the policy in corpus.toml; write it there to make it last.")
    output.next_step(f"{again('build', corpus_dir)} carries gold into the release.")
    output.json(asdict(made) | {"open": made.open})
