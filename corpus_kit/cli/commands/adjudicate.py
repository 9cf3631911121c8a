"""`corpus-kit adjudicate`."""

from __future__ import annotations

from dataclasses import asdict

import click

from corpus_kit.cli.options import SuggestedWords, corpus_option, json_option
from corpus_kit.cli.output import ConsoleProgress, Output, again, say_reviews, shown_path
from corpus_kit.core.vocabulary import BOUNDARIES, BOUNDARY_HELP, POLICIES, POLICY_HELP, one_of


@click.command("adjudicate")
@click.option(
    "--policy",
    type=SuggestedWords(*POLICIES),
    metavar="NAME",
    help=f"By default what corpus.toml says. {one_of(POLICY_HELP)}.",
)
@click.option(
    "--boundary",
    type=SuggestedWords(*BOUNDARIES),
    metavar="NAME",
    help=f"Which characters become gold. {one_of(BOUNDARY_HELP)}.",
)
@click.option("--reviewer", "reviewers", multiple=True, metavar="PSEUDONYM", help="Whose answers win. May be repeated.")
@click.option("--push", is_flag=True, help="Send what is open to a review project in Label Studio, one per layer.")
@click.option("--layer", metavar="L", help="With --push: one layer; by default all of the corpus.")
@click.option("--dry-run", is_flag=True, help="With --push: print what would be sent, and send nothing.")
@corpus_option
@json_option
def command(
    policy: str | None,
    boundary: str | None,
    reviewers: tuple[str, ...],
    push: bool,
    layer: str | None,
    dry_run: bool,
    corpus_dir: str | None,
    as_json: bool,
) -> None:
    """Gold from what people answered, pulls since the last build included.

    It lies in data/gold, with every decision and its reason in `decisions`.

    Ties are never gold; they are counted as open. `build` does the same with the policy of corpus.toml.

    With --push, documents with open disagreements become tasks of a project "<corpus>: <layer> review": the reviewer sees
    who answered what, starts from what is settled, and submits the answer. After `pull` and `build` it is gold under every
    policy. A second --push writes nothing; what a reviewer has begun is never touched.

    \b
    Examples:
      corpus-kit adjudicate
      corpus-kit adjudicate --policy unanimous
      corpus-kit adjudicate --policy reviewer --reviewer annotator-02
      corpus-kit adjudicate --push --dry-run
    """
    from corpus_kit.core.errors import UsageError
    from corpus_kit.core.vocabulary import LEFT_OUT
    from corpus_kit.corpus import Corpus

    if (dry_run or layer) and not push:
        raise UsageError(f"{'--dry-run' if dry_run else '--layer'} says what is sent.", "Add --push, or leave it out.")
    output = Output(as_json)
    corpus = Corpus.open(corpus_dir or ".")
    made = corpus.adjudicate(policy, boundary, reviewers, progress=ConsoleProgress())
    rows = [
        (g.layer, g.policy, g.boundary, g.documents, g.complete, g.reviewed, g.gold, g.open, g.none)
        for g in made.layers
    ]
    output.table(rows, header="layer policy boundary documents settled reviewed gold open against".split())
    output.say(
        "Not redone: nothing has changed." if made.unchanged else f"Written to {shown_path(corpus.data / 'gold')}."
    )
    for one in made.layers:
        if one.left_out:
            output.say(f"{one.layer}: {one.left_out:,} answers in the review project settle nothing: {LEFT_OUT}.")
    if made.open and not push:
        output.say(
            f"{made.open:,} disagreements are open; the table `decisions` names them, --push sends them to a reviewer."
        )
    if policy or boundary or reviewers:
        output.say("The next build keeps to the policy in corpus.toml; write it there to make it last.")
    found = asdict(made) | {"open": made.open}
    if push:
        output.data("")
        pushed = corpus.send_disagreements(layer, dry_run=dry_run, progress=ConsoleProgress())
        found["pushed"] = say_reviews(pushed, output, dry_run, corpus_dir)
    elif not (policy or boundary or reviewers):
        output.next_step(f"{again('build', corpus_dir)} carries gold into the release.")
    output.json(found)
