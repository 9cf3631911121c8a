"""`corpus-kit locate`."""

from __future__ import annotations

import shlex
from dataclasses import asdict

import click

from corpus_kit.cli.options import corpus_option, json_option
from corpus_kit.cli.output import Output


@click.command("locate")
@click.argument("document", metavar="DOC")
@click.argument("start", type=click.IntRange(min=0))
@click.argument("end", type=click.IntRange(min=0))
@click.option("--raw", multiple=True, metavar="RAW", help="Where the raw files are; by default the corpus's data/raw.")
@corpus_option
@json_option
def command(document: str, start: int, end: int, raw: tuple[str, ...], corpus_dir: str | None, as_json: bool) -> None:
    """The bytes of the raw file that characters START to END of a document were read from; for HTML the XPath, too.

    DOC is a doc_id or a source. Offsets are code points, end-exclusive, as in every table. Printed are the file, the first
    byte and the one after the last, and the elements. Markup between the characters lies inside. Of a compressed file bytes
    are counted after it is decompressed.

    \b
    Example:
      corpus-kit locate 0f3a5c7e9b1d2468 120 137
    """
    from corpus_kit.corpus import Corpus

    found = Corpus.open(corpus_dir or ".").locate(document, start, end, raw=raw)
    output = Output(as_json)
    if found.byte_start is not None:
        output.data(f"{found.file}\t{found.byte_start}\t{found.byte_end}")
        for path in found.paths:
            output.data(path)
        size = (found.byte_end or 0) - found.byte_start
        shown = f"tail -c +{found.byte_start + 1} | head -c {size}"
        output.next_step(
            f"`{_reader(found.compression)} {shlex.quote(found.file or '')} | {shown}` prints these bytes."
        )
    else:
        output.say(f"The bytes are not known: {found.reason}.")
        output.next_step("look the span up in the document's text; `--raw` names another folder of raw files.")
    output.json(asdict(found))


def _reader(compression: str | None) -> str:
    """The command that prints a file decompressed."""
    return {"gzip": "gzip -dc", "zstd": "zstd -dc", "bzip2": "bzip2 -dc", "xz": "xz -dc"}.get(compression or "", "cat")
