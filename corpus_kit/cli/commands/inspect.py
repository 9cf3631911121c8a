"""`corpus-kit inspect`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from corpus_kit.cli.options import PATH, corpus_option, json_option
from corpus_kit.cli.output import Output, shown_path
from corpus_kit.cli.reading import described, shown


@click.command("inspect")
@click.argument("paths", nargs=-1, type=PATH, metavar="[PATH]...")
@click.option("--write", is_flag=True, help="Write the lines into corpus.toml, which otherwise stays as it is.")
@corpus_option
@json_option
def command(paths: tuple[str, ...], write: bool, corpus_dir: str | None, as_json: bool) -> int:
    """What is there and how it would be read, before anything is built, with the corpus.toml lines that say so.

    PATH are folders, files or globs; by default the corpus's data/raw. The first records of the first files are read;
    nothing is written but with --write.

    \b
    Examples:
      corpus-kit inspect                       in a corpus
      corpus-kit inspect export.csv            any file
      corpus-kit inspect data/raw --write      and put the lines into corpus.toml
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    near = Corpus.near(corpus_dir or ".")
    corpus = Corpus.open(corpus_dir or ".") if corpus_dir or near or not paths or write else Corpus.without(".")
    found = corpus.inspect(paths, write=write)
    output.json(asdict(found))
    if not as_json:
        _say(found, output, write, corpus.root is not None)
        if write and found.lines and near is not None:
            output.say(f"Written to {shown_path(near)}.")
    return 0


def _say(found: Any, output: Output, written: bool, corpus: bool) -> None:
    for group in found.groups:
        files = f"{group.files:,} file{'' if group.files == 1 else 's'}"
        output.data(f"{shown(group.glob)}: {files}, {group.bytes:,} bytes: {described(group.settled)}")
        if group.fields:
            rows = [(shown(f.name), f.filled, _becomes(f.column, f.used), shown(f.example)) for f in group.fields]
            output.table(rows, header=("field", "filled", "becomes", "example"))
        refused = ", ".join(f"{n:,} {reason}" for reason, (n, _) in group.rejected.items())
        output.data(
            f"  Of the first {group.records:,} records {group.taken:,} are documents{f'; {refused}' if refused else ''}."
        )
        for _, detail in group.rejected.values():
            output.data(f"  {shown(detail)}")
        for sentence in group.odd:
            output.data(f"  Odd: {shown(sentence)}.")
        output.data("")
    for suffix, count, advice in found.not_read:
        output.data(
            f"Not read: {count:,} file{'' if count == 1 else 's'} {suffix or 'without suffix'}; {shown(advice)}"
        )
    for source in found.metadata:
        output.data(f"Facts about other files: {shown(source)}")
    if found.hidden:
        output.data(f"Left out: {found.hidden:,} hidden file{'' if found.hidden == 1 else 's'}.")
    if not found.groups and not found.not_read:
        output.say("There is no file to read.")
    if found.lines:
        output.data("# corpus.toml" if not written else "# written to corpus.toml")
        output.data(found.lines.rstrip())
        if not written:
            output.next_step(
                "`corpus-kit inspect --write` puts these lines into corpus.toml; then `corpus-kit build`."
                if corpus
                else "put these lines into the corpus.toml of a corpus (`corpus-kit init DIR`), then `corpus-kit build`."
            )
    elif found.groups:
        output.next_step(
            "`corpus-kit build` reads all this as it is." if corpus else "`corpus-kit build RAW --out DIR`."
        )


def _becomes(column: str, used: bool) -> str:
    return column if used or not column else f"{column} (with the lines)"
