"""`corpus-kit push`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from corpus_kit.cli.options import corpus_option, json_option, layer_option
from corpus_kit.cli.output import ConsoleProgress, Output, again
from corpus_kit.core.vocabulary import ORDER_HELP, ORDERS, one_of

SHOWN = 10
WHY = {
    "text_changed": "has work on an older text; it stays, is given to no one else, and the new text has a task of its own",
    "document_gone": "belongs to no document of the corpus any more; kept",
    "duplicate": "is a second one of its document, and has work on it; kept",
    "moved": "has work of whom it was given to first; kept, and counted",
    "foreign": "was not made by corpus-kit; left alone",
}


@click.command("push")
@layer_option
@click.option(
    "--order",
    type=click.Choice(ORDERS),
    default="as-is",
    help=f"Which new tasks come first. {one_of(ORDER_HELP)}.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Another seed, another order.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only N more tasks per layer.")
@click.option("--reassign", is_flag=True, help="Pages of who left or is idle go to the others, as [assign] says.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@corpus_option
@json_option
def command(
    layer: str | None,
    order: Any,
    seed: int,
    limit: int | None,
    reassign: bool,
    dry_run: bool,
    corpus_dir: str | None,
    as_json: bool,
) -> None:
    """Documents and suggestions to Label Studio, one project per layer. A second push writes nothing.

    The server: LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY, else the one that `corpus-kit studio` runs.

    People get new tasks in the order in which they are made. uncertain: the least certain suggestions first. diverse:
    each next page is the one least like those before it, by publisher, language and words; copies come last. With
    --limit, every push brings the next N. data/pushes.jsonl tells what was sent, in which order and from which tables.

    With [assign] in corpus.toml each person has a project of their own; assignments.csv tells who has which page.

    \b
    Examples:
      corpus-kit push --dry-run
      corpus-kit push --layer entities
      corpus-kit push --layer entities --order diverse --limit 100
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    pushed = Corpus.open(corpus_dir or ".").push(
        layer,
        order=order,
        seed=seed,
        limit=limit,
        dry_run=dry_run,
        reassign=reassign,
        progress=ConsoleProgress(),
    )
    header = ("layer", "create", "update", "suggest", "out", "remove", "unchanged", "orphaned", "refused")
    output.table([_row(one, dry_run) for one in pushed], header=header)
    for one in pushed:
        _tell(one, output, dry_run)
    if dry_run:
        output.next_step(f"{again('push', corpus_dir)} does it.")
    else:
        output.table(
            [(f"{one.plan.layer} {one.plan.person}".rstrip(), one.address) for one in pushed],
            header=("layer", "people label at"),
        )
        output.next_step(f"when they have, {again('pull', corpus_dir)}.")
    output.json(
        [{**asdict(one.plan), "done": _done(one), "address": one.address, "dry_run": dry_run} for one in pushed]
    )


def _row(one: Any, dry_run: bool) -> tuple[object, ...]:
    plan = one.plan
    out = len(plan.out) + len(plan.back)
    planned = len(plan.create), len(plan.update), len(plan.replace), out, len(plan.remove)
    counts = planned if dry_run else (one.created, one.updated, one.replaced, one.out, one.removed)
    return (f"{plan.layer} {plan.person}".rstrip(), *counts, plan.unchanged, len(plan.orphaned), len(plan.refused))


def _done(one: Any) -> dict[str, object]:
    names = ("settings", "created", "updated", "replaced", "out", "removed", "checks")
    return {name: getattr(one, name) for name in names}


def _tell(one: Any, output: Output, dry_run: bool) -> None:
    plan = one.plan
    if plan.settings:
        what = "a new project" if plan.settings == ["create"] else ", ".join(plan.settings)
        output.say(f"{plan.layer}: {'would change' if dry_run else 'changed'} in Label Studio: {what}.")
    if plan.later:
        output.say(f"{plan.layer}: {plan.later:,} more documents wait for another push.")
    if plan.copies:
        output.say(f"{plan.layer}: {plan.copies:,} documents get no task, for a copy of theirs has one.")
    for orphan in plan.orphaned[:SHOWN]:
        output.say(f"{plan.layer}: task {orphan.task} ({orphan.doc_id or 'no doc_id'}) {WHY[orphan.reason]}.")
    for finding in plan.refused[:SHOWN]:
        output.say(f"{plan.layer}: not sent: {finding}")
    more = max(0, len(plan.orphaned) - SHOWN) + max(0, len(plan.refused) - SHOWN)
    if more:
        output.say(f"{plan.layer}: {more:,} more; --json lists them all.")
    waiting = len(plan.resting) + len(plan.out)
    if waiting:
        output.say(
            f"{plan.layer}: {waiting:,} tasks are out of date: no one is given them any more, and a push after "
            "`open_hours` removes those that no one has touched."
        )
    checks = len(plan.checks) if dry_run else one.checks
    if checks:
        output.say(f"{plan.layer}: {checks:,} hidden checks {'would be' if dry_run else 'are'} set or taken back.")
    if not dry_run and not one.writes:
        output.say(f"{plan.layer}: everything was there already.")
