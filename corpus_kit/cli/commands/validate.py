"""`corpus-kit validate`."""

from __future__ import annotations

import click

from corpus_kit.cli.options import FOLDER, corpus_option, json_option
from corpus_kit.cli.output import Output, again


@click.command("validate")
@click.option(
    "--out", type=FOLDER, metavar="DIR", help="The folder of made folders to check, where there is no corpus."
)
@corpus_option
@json_option
def command(out: str | None, corpus_dir: str | None, as_json: bool) -> int:
    """Check every table on disk against its contract, keys and offsets across tables, and the files of the release.

    Exit code 0: all is well. 1: findings, one line each.

    \b
    Example:
      corpus-kit validate
      corpus-kit validate --out built --json
    """
    from corpus_kit.corpus import Corpus

    corpus = Corpus.without(out) if out and corpus_dir is None else Corpus.open(corpus_dir or ".")
    report = corpus.validate()
    output = Output(as_json)
    output.table([(t.table, t.rows, t.findings) for t in report.tables], header=("table", "rows", "findings"))
    for finding in report.findings:
        output.data(str(finding))
    if report.left_out:
        output.say(f"{report.left_out:,} more findings of the same kinds are counted, not listed.")
    count = len(report.findings) + report.left_out
    output.say(f"{count:,} finding{'s' * (count > 1)}." if count else "No problems found.")
    if count:
        output.next_step(f"fix what the findings name, then {again('build', corpus_dir)}.")
    elif corpus.root:
        output.next_step(f"{again('export --jsonl', corpus_dir)} writes the release in another format.")
    output.json(report.as_dict())
    return 1 if report.findings else 0
