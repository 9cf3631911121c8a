"""`corpus-kit export`."""

from __future__ import annotations

import click

from corpus_kit.cli.options import corpus_option, json_option, workers_option
from corpus_kit.cli.output import ConsoleProgress, Output


@click.command("export")
@click.argument("folder", required=False, metavar="[DIR]")
@click.option(
    "--hf", "formats", flag_value="hf", multiple=True, help="Parquet and README.md for `load_dataset`. (default)"
)
@click.option("--arrow", "formats", flag_value="arrow", multiple=True, help="Arrow files for `load_from_disk`.")
@click.option("--jsonl", "formats", flag_value="jsonl", multiple=True, help="JSON lines, one file per split.")
@workers_option
@corpus_option
@json_option
def command(
    folder: str | None, formats: tuple[str, ...], workers: int | None, corpus_dir: str | None, as_json: bool
) -> None:
    """Write the release of the built documents to DIR, by default data/release.

    What was written is opened with `datasets` and compared before it gets its name.

    \b
    Examples:
      corpus-kit export --hf
      corpus-kit export --hf /mnt/share/my-release
      corpus-kit export --arrow --jsonl
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    wanted = list(dict.fromkeys(formats)) or ["hf"]
    if folder and len(wanted) > 1:
        raise click.UsageError("DIR takes one format; give one of --hf, --arrow and --jsonl with it.")
    corpus = Corpus.open(corpus_dir or ".")
    made = [corpus.export(f, folder, workers=workers, progress=ConsoleProgress()) for f in wanted]
    rows = [
        (result.format, config, split, n, result.folder)
        for result in made
        for config, splits in result.rows.items()
        for split, n in splits.items()
    ]
    output.table(rows, header=("format", "configuration", "split", "rows", "folder"))
    for result in made:
        call = {"hf": "load_dataset({!r})", "arrow": "load_from_disk({!r})"}.get(result.format)
        if call:
            path = str(result.folder) + ("/documents" if result.format == "arrow" else "")
            output.say(f"Load it: {call.format(path)}")
    output.json([{"format": r.format, "folder": str(r.folder), "rows": r.rows, "unchanged": r.unchanged} for r in made])
