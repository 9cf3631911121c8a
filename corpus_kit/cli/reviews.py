"""What `adjudicate --push` and `review --push` say of the review projects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from corpus_kit.cli.output import Output, again

SHOWN = 10
WHY = {
    "text_changed": "was labelled on an older text; kept, but it settles nothing where its spans are gone",
    "document_gone": "belongs to no document of the corpus any more; kept",
    "duplicate": "is a second one of its document; kept",
    "foreign": "was not made by corpus-kit; left alone",
    "no_longer_open": "is settled by now; it goes when a newer task is there",
}


def say_reviews(pushed: Sequence[Any], output: Output, dry_run: bool, corpus_dir: str | None) -> list[dict[str, Any]]:
    """A table of the projects, and the same for machines."""
    rows = []
    for one in pushed:
        plan = one.plan
        counts = (
            (len(plan.create), len(plan.replace), len(plan.remove))
            if dry_run
            else (one.created, one.replaced, one.removed)
        )
        rows.append((plan.title, *counts, plan.waiting, plan.begun, plan.settled, plan.skipped))
    output.table(rows, header="project sent changed removed waiting begun settled skipped".split())
    for one in pushed:
        plan = one.plan
        if plan.settings:
            what = "a new project" if plan.settings == ["create"] else ", ".join(plan.settings)
            output.say(f"{plan.title}: {'would change' if dry_run else 'changed'} in Label Studio: {what}.")
        told = [f"task {o.task} ({o.doc_id or 'no doc_id'}) {WHY[o.reason]}." for o in plan.orphaned]
        told += [f"not sent: {finding}" for finding in plan.refused]
        for words in told[:SHOWN]:
            output.say(f"{plan.title}: {words}")
        if len(told) > SHOWN:
            output.say(f"{plan.title}: {len(told) - SHOWN:,} more; --json lists them all.")
        if not dry_run and not one.writes:
            output.say(f"{plan.title}: everything was there already.")
    if not pushed:
        output.say("There is nothing for a reviewer, and no review project.")
    elif not dry_run:
        for one in pushed:
            output.say(f"{one.plan.title}: {one.address}")
        output.next_step(f"when a reviewer has submitted, {again('pull', corpus_dir)} takes it in.")
    names = ("settings", "created", "updated", "replaced", "removed")
    return [
        asdict(one.plan) | {"done": {name: getattr(one, name) for name in names}, "dry_run": dry_run} for one in pushed
    ]
