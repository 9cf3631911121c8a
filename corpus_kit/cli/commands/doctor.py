"""`corpus-kit doctor`."""

from __future__ import annotations

from dataclasses import asdict

import click

from corpus_kit.cli.options import FOLDER, json_option
from corpus_kit.cli.output import Output, again


@click.command("doctor")
@click.option("--corpus", "corpus_dir", type=FOLDER, metavar="DIR", default=".", help="The corpus to look at.")
@click.option("--upgrade", "upgrading", is_flag=True, help="Bring contracts of an older version up to date first.")
@json_option
def command(corpus_dir: str, upgrading: bool, as_json: bool) -> int:
    """Say what is wrong with this installation, machine and corpus, each with the command that fixes it.

    --upgrade keeps the columns, checks and comments of your contracts, and each old file as schemas/<table>.yaml.v<N>.

    Exit code 0: all is well. 1: something must be fixed.

    \b
    Example:
      corpus-kit doctor
      corpus-kit doctor --upgrade
    """
    from corpus_kit.doctor import examine, upgrade_contracts

    output = Output(as_json)
    for done in upgrade_contracts(corpus_dir) if upgrading else []:
        output.say(done)
    checks = examine(corpus_dir)
    output.table([("ok" if c.ok else "FIX", c.name, c.detail) for c in checks], header=("", "check", "found"))
    bad = [c for c in checks if not c.ok]
    for check in bad:
        output.say(f"{check.name}: {check.detail}\n  → {check.fix}")
    output.say("No problems found." if not bad else f"{len(bad)} to fix.")
    if not bad:
        output.next_step(again("build", corpus_dir if corpus_dir != "." else None) + ".")
    output.json([asdict(c) for c in checks])
    return 1 if bad else 0
