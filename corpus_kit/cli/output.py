"""The one output sink: data to stdout, words and progress to stderr, JSON for machines."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from corpus_kit.cli.tables import layout
from corpus_kit.cli.terminal import colours, draws, styled, width_of
from corpus_kit.core.progress import Step
from corpus_kit.core.visible import harmless_json, visible

SHORTEST_KEY = 8
"""A shorter key may be a word."""


def harmless(text: str) -> str:
    """Text from wherever, as a terminal or a log may get it: acting characters shown, the key left out."""
    key = os.environ.get("LABEL_STUDIO_API_KEY", "").strip()
    return visible(text.replace(key, "***") if len(key) >= SHORTEST_KEY else text)


class Output:
    """json_mode: stdout holds one JSON document and nothing else."""

    def __init__(self, json_mode: bool = False) -> None:
        self.json_mode = json_mode

    def table(self, rows: Sequence[Sequence[object]], *, header: Sequence[str] = ()) -> None:
        """A table for people on stdout; numbers stand to the right and are never cut. In JSON mode nothing is printed.

        On a terminal it has the terminal's width; elsewhere it is as wide as it is.
        """
        if self.json_mode or not rows:
            return
        for number, line in enumerate(layout(rows, header, width_of(sys.stdout))):
            head = bool(header) and number == 0
            click.echo(styled(line, sys.stdout, bold=True) if head else line, color=colours(sys.stdout))

    def data(self, text: str) -> None:
        """One line of data on stdout."""
        if not self.json_mode:
            click.echo(harmless(text))

    def json(self, value: Any) -> None:
        """The result for machines, unrounded."""
        if self.json_mode:
            click.echo(harmless_json(json.dumps(value, ensure_ascii=False, indent=2, default=str)))

    def say(self, sentence: str) -> None:
        """A remark for people on stderr."""
        click.echo(harmless(sentence), err=True)

    def next_step(self, sentence: str) -> None:
        """What one does now, on stderr; machines are not told."""
        if not self.json_mode:
            click.echo(
                f"{styled('Next:', sys.stderr, fg='cyan')} {harmless(sentence)}", err=True, color=colours(sys.stderr)
            )


def again(command: str, corpus_dir: str | None = None) -> str:
    """A command as the user would type it here, for a sentence."""
    return f"`corpus-kit {command}{f' --corpus {shlex.quote(corpus_dir)}' if corpus_dir else ''}`"


def shown_path(path: Path) -> str:
    """The path as the user would write it here."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def say_losses(losses: Mapping[str, Mapping[str, int]], output: Output) -> None:
    """What a release's configurations cannot carry: config → reason → count."""
    for config, reasons in losses.items():
        told = ", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in reasons.items())
        output.say(f"Labels that {config} cannot carry: {told}; see losses.csv in the release.")


class LoggedStep:
    """A step without a terminal: one line when it is done."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self.done = label, total, 0

    def advance(self, n: int = 1) -> None:
        self.done += n


class BarStep:
    """A step on a terminal: a row of the progress display."""

    def __init__(self, bars: Any, task: Any) -> None:
        self.bars, self.task = bars, task

    def advance(self, n: int = 1) -> None:
        self.bars.advance(self.task, n)


_LIVE: list[Any] = []
"""Progress displays on the terminal now: at most one."""


def end_progress() -> None:
    """Take a display off the terminal and show the cursor again: Ctrl-C may come before anybody can end its step."""
    while _LIVE:
        _LIVE.pop().stop()


class ConsoleProgress:
    """A progress bar on a terminal, quiet lines in a log. Both on stderr."""

    def __init__(self) -> None:
        self._bars: Any = None
        self._terminal = draws(sys.stderr)

    def step(self, label: str, total: int) -> Step:
        if not self._terminal or total == 0:
            return LoggedStep(label, total)
        from rich.markup import escape

        if self._bars is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
            _LIVE.append(self._bars)
            self._bars.start()
        return BarStep(self._bars, self._bars.add_task(escape(harmless(label)), total=total))

    def finish(self, step: Step) -> None:
        if isinstance(step, BarStep):
            end_progress()
            self._bars = None
        elif isinstance(step, LoggedStep) and step.total > 1:
            click.echo(f"{harmless(step.label)}: {step.done:,} of {step.total:,}", err=True)

    def remark(self, sentence: str) -> None:
        click.echo(harmless(sentence), err=True)


SHOWN = 10
WHY = {
    "text_changed": "was labelled on an older text; kept, but it settles nothing where its spans are gone",
    "document_gone": "belongs to no document of the corpus any more; kept",
    "duplicate": "is a second one of its document; kept",
    "foreign": "was not made by corpus-kit; left alone",
    "no_longer_open": "is settled by now, and somebody has begun it; kept",
}


def say_reviews(pushed: Sequence[Any], output: Output, dry_run: bool, corpus_dir: str | None) -> list[dict[str, Any]]:
    """A table of the projects, and the same for machines."""
    rows = []
    for one in pushed:
        plan = one.plan
        counts = (
            (len(plan.create), len(plan.replace), len(plan.out) + len(plan.back), len(plan.remove))
            if dry_run
            else (one.created, one.replaced, one.out, one.removed)
        )
        rows.append((plan.title, *counts, plan.waiting, plan.begun, plan.settled, plan.skipped))
    output.table(rows, header="project sent changed out removed waiting begun settled skipped".split())
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
    names = ("settings", "created", "updated", "replaced", "out", "removed")
    return [
        asdict(one.plan) | {"done": {name: getattr(one, name) for name in names}, "dry_run": dry_run} for one in pushed
    ]
