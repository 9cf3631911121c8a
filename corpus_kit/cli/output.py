"""The one output sink: data to stdout, words and progress to stderr, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from corpus_kit.core.progress import Step


class Output:
    """json_mode: stdout holds one JSON document and nothing else."""

    def __init__(self, json_mode: bool = False) -> None:
        self.json_mode = json_mode

    def table(self, rows: Sequence[Sequence[object]], *, header: Sequence[str] = ()) -> None:
        """A table for people on stdout; numbers stand to the right. In JSON mode nothing is printed."""
        if self.json_mode or not rows:
            return
        cells = [[_shown(value) for value in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*([list(header)] if header else []), *cells, strict=True)]
        numeric = [all(isinstance(row[i], int | float) for row in rows) for i in range(len(widths))]
        for row in ([list(header)] if header else []) + cells:
            padded = [c.rjust(w) if n else c.ljust(w) for c, w, n in zip(row, widths, numeric, strict=True)]
            click.echo("  ".join(padded).rstrip())

    def data(self, text: str) -> None:
        """One line of data on stdout."""
        if not self.json_mode:
            click.echo(text)

    def json(self, value: Any) -> None:
        """The result for machines, unrounded."""
        if self.json_mode:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))

    def say(self, sentence: str) -> None:
        """A remark for people on stderr."""
        click.echo(sentence, err=True)


def say_losses(losses: Mapping[str, Mapping[str, int]], output: Output) -> None:
    """What a release's configurations cannot carry: config → reason → count."""
    for config, reasons in losses.items():
        told = ", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in reasons.items())
        output.say(f"Labels that {config} cannot carry: {told}; see losses.csv in the release.")


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


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


class ConsoleProgress:
    """A progress bar on a terminal, quiet lines in a log. Both on stderr."""

    def __init__(self) -> None:
        self._bars: Any = None
        self._terminal = sys.stderr.isatty()

    def step(self, label: str, total: int) -> Step:
        if not self._terminal or total == 0:
            return LoggedStep(label, total)
        if self._bars is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bars.start()
        return BarStep(self._bars, self._bars.add_task(label, total=total))

    def finish(self, step: Step) -> None:
        if isinstance(step, BarStep):
            self._bars.stop()
            self._bars = None
        elif isinstance(step, LoggedStep) and step.total > 1:
            click.echo(f"{step.label}: {step.done:,} of {step.total:,}", err=True)

    def remark(self, sentence: str) -> None:
        click.echo(sentence, err=True)
