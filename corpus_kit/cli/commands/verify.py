"""`corpus-kit verify`."""

from __future__ import annotations

from pathlib import Path

import click

from corpus_kit.cli.options import FOLDER, json_option
from corpus_kit.cli.output import Output, shown_path


@click.command("verify")
@click.argument("release", type=FOLDER)
@json_option
def command(release: str, as_json: bool) -> int:
    """Check a release that somebody else made, from its folder alone.

    Every file against its hash, every row against its content's fingerprint, every offset against the text, the splits
    for leaks, the figures of the card against the rows, and the root over all documents and labels, which a paper can
    print. A release without texts is checked as far as it goes.

    Exit code 0: all holds. 1: findings, one line each.

    \b
    Examples:
      corpus-kit verify their-release
      corpus-kit verify data/release --json
    """
    from corpus_kit.corpus import Corpus

    made = Corpus.verify(release)
    output = Output(as_json)
    for finding in made.findings:
        output.data(str(finding))
    output.say(
        f"{made.files:,} files, {made.rows:,} rows of {made.documents:,} documents in {shown_path(Path(release))}."
    )
    if made.root:
        output.say(f"Root: {made.root}")
    count = len(made.findings)
    output.say(f"{count:,} finding{'s' * (count > 1)}." if count else "Everything holds.")
    if count:
        output.next_step("get the release again from where it was published, and compare the root.")
    else:
        output.next_step("compare the root with the one in the paper or the tag.")
    output.json(
        {
            "files": made.files,
            "rows": made.rows,
            "documents": made.documents,
            "root": made.root,
            "findings": [one.as_dict() for one in made.findings],
        }
    )
    return 1 if made.findings else 0
