"""`corpus-kit doctor`."""

from __future__ import annotations

from dataclasses import asdict

import click

from corpus_kit.cli.options import FOLDER, json_option
from corpus_kit.cli.output import Output, again


@click.command("doctor")
@click.option("--corpus", "corpus_dir", type=FOLDER, metavar="DIR", default=".", help="The corpus to look at.")
@json_option
def command(corpus_dir: str, as_json: bool) -> int:
    """Say what is wrong with this installation, machine and corpus, each with the command that mends it.

    Exit code 0: all is well. 3: something must be mended.

    \b
    Example:
      corpus-kit doctor
    """
    from corpus_kit.core.doctor import examine

    checks = examine(corpus_dir)
    output = Output(as_json)
    output.table([("ok" if c.ok else "MEND", c.name, c.detail) for c in checks], header=("", "check", "found"))
    bad = [c for c in checks if not c.ok]
    for check in bad:
        output.say(f"{check.name}: {check.detail}\n  → {check.mend}")
    output.say("All is well." if not bad else f"{len(bad)} to mend.")
    if not bad:
        output.next_step(again("build", corpus_dir if corpus_dir != "." else None) + ".")
    output.json([asdict(c) for c in checks])
    return 3 if bad else 0
