"""`corpus-kit export`."""

from __future__ import annotations

import click

from corpus_kit.cli.options import corpus_option, json_option, workers_option
from corpus_kit.cli.output import ConsoleProgress, Output, say_losses


@click.command("export")
@click.argument("folder", required=False, metavar="[DIR]")
@click.option(
    "--hf", "formats", flag_value="hf", multiple=True, help="Parquet and README.md for `load_dataset`. (default)"
)
@click.option("--arrow", "formats", flag_value="arrow", multiple=True, help="Arrow files for `load_from_disk`.")
@click.option("--jsonl", "formats", flag_value="jsonl", multiple=True, help="JSON lines, one file per split.")
@click.option(
    "--conll", "formats", flag_value="conll", multiple=True, help="Gold as tokens and BIO tags, one per line."
)
@click.option("--spacy", "formats", flag_value="spacy", multiple=True, help="Gold as spaCy's DocBin, with span groups.")
@click.option(
    "--tokenizer",
    metavar="NAME_OR_PATH",
    help="Gold aligned to the pieces of a tokenizer: a folder with tokenizer.json, or a name on the Hub.",
)
@click.option(
    "--freeze-splits", is_flag=True, help="Write splits.csv too, so that later builds keep every document's split."
)
@click.option("--strict", is_flag=True, help="Refuse, with exit code 1, when a format cannot carry every label.")
@workers_option
@corpus_option
@json_option
def command(
    folder: str | None,
    formats: tuple[str, ...],
    tokenizer: str | None,
    freeze_splits: bool,
    strict: bool,
    workers: int | None,
    corpus_dir: str | None,
    as_json: bool,
) -> None:
    """Write the release of the built documents to DIR, by default data/release.

    What was written is opened with `datasets` and compared before it gets its name.

    \b
    Examples:
      corpus-kit export --hf
      corpus-kit export --hf /mnt/share/my-release
      corpus-kit export --arrow --jsonl
      corpus-kit export --freeze-splits
      corpus-kit export --conll --spacy
      corpus-kit export --tokenizer models/my-bert
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    wanted = list(dict.fromkeys([*formats, *(["pieces"] if tokenizer else [])])) or ["hf"]
    if folder and len(wanted) > 1:
        raise click.UsageError("DIR takes one format; give one of them with it.")
    corpus = Corpus.open(corpus_dir or ".")
    frozen = corpus.freeze_splits() if freeze_splits else None
    made = [
        corpus.export(f, folder, workers=workers, tokenizer=tokenizer or "", strict=strict, progress=ConsoleProgress())
        for f in wanted
    ]
    rows = [
        (result.format, config, split, n, result.folder)
        for result in made
        for config, splits in result.rows.items()
        for split, n in splits.items()
    ]
    output.table(rows, header=("format", "configuration", "split", "rows", "folder"))
    for result in made:
        call = {"hf": "load_dataset({!r})", "arrow": "load_from_disk({!r})"}.get(result.format)
        if not result.rows:
            output.say(f"Written: {result.format}, {result.folder}")
        if call:
            path = str(result.folder) + ("/documents" if result.format == "arrow" else "")
            output.say(f"Load it: {call.format(path)}")
        say_losses(result.losses, output)
    if frozen:
        output.say(f"Frozen: {sum(frozen.rows.values()):,} documents in {frozen.path}; later builds keep to it.")
    output.json(
        [
            {"format": r.format, "folder": str(r.folder), "rows": r.rows, "unchanged": r.unchanged, "losses": r.losses}
            for r in made
        ]
    )
