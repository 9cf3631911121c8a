"""`corpus-kit export`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from corpus_kit.cli.options import FOLDER, corpus_option, json_option, workers_option
from corpus_kit.cli.output import ConsoleProgress, Output, again, say_losses, shown_path
from corpus_kit.core.exports import EXPORTS
from corpus_kit.core.vocabulary import SPLITS


def _format_options(function: Callable[..., None]) -> Callable[..., None]:
    """An option for every format that has one, in the order of the table."""
    for one in reversed(EXPORTS.values()):
        if one.help:
            function = click.option(f"--{one.name}", "formats", flag_value=one.name, multiple=True, help=one.help)(
                function
            )
    return function


@click.command("export")
@click.argument("folder", type=FOLDER, required=False, metavar="[DIR]")
@_format_options
@click.option(
    "--tokenizer",
    metavar="NAME_OR_PATH",
    help="Gold aligned to the pieces of a tokenizer: a folder with tokenizer.json, or a name on the Hub.",
)
@click.option(
    "--max-run",
    type=click.IntRange(min=10),
    default=40,
    show_default=True,
    metavar="N",
    help="With --text-free: the longest run of a text, in characters, that any file may hold.",
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
    freeze_splits: bool,
    corpus_dir: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Write the release of the built documents to DIR, by default data/release.

    What was written is opened with `datasets` and compared before it gets its name.

    \b
    Examples:
      corpus-kit export --hf
      corpus-kit export --hf /mnt/share/my-release
      corpus-kit export --arrow --jsonl
      corpus-kit export --freeze-splits
      corpus-kit export --text-free
      corpus-kit export --conll --spacy
      corpus-kit export --brat --webanno
      corpus-kit export --tokenizer models/my-bert
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    wanted = list(dict.fromkeys([*formats, *(["pieces"] if options["tokenizer"] else [])])) or ["hf"]
    if folder and len(wanted) > 1:
        raise click.UsageError("DIR takes one format; give one of them with it.")
    corpus = Corpus.open(corpus_dir or ".")
    frozen = corpus.freeze_splits() if freeze_splits else None
    own = {"pieces": {"tokenizer": options["tokenizer"] or ""}, "text-free": {"max_run": options["max_run"]}}
    common = {"workers": options["workers"], "strict": options["strict"], "progress": ConsoleProgress()}
    made = [corpus.export(one, folder, **common, **own.get(one, {})) for one in wanted]
    output.table(
        [row for result in made for row in _rows(result)], header=("format", "configuration", *SPLITS, "folder")
    )
    for result in made:
        call = EXPORTS[result.format].load
        if not result.rows:
            output.say(f"Written: {result.format}, {shown_path(result.folder)}")
        if call:
            path = shown_path(result.folder) + ("/documents" if result.format == "arrow" else "")
            output.say(f"Load it: {call.format(path)}")
        say_losses(result.losses, output)
    if frozen:
        output.say(
            f"Frozen: {sum(frozen.rows.values()):,} documents in {shown_path(frozen.path)}; later builds keep to it."
        )
        output.next_step("commit it: it is an input of every later build.")
    elif "text-free" in wanted:
        output.next_step("publish that folder; who has the pages runs `corpus-kit hydrate RELEASE --from PAGES`.")
    elif releases := [result for result in made if result.format == "hf"]:
        card = shown_path(releases[0].folder / "README.md")
        output.next_step(f"read {card} as someone new to it would, then publish the folder.")
    else:
        output.next_step(
            f"use them as they are; {again('export --hf', corpus_dir)} makes the folder that one publishes."
        )
    output.json(
        [
            {"format": r.format, "folder": str(r.folder), "rows": r.rows, "unchanged": r.unchanged, "losses": r.losses}
            for r in made
        ]
    )


def _rows(result: Any) -> list[tuple[object, ...]]:
    """One row per configuration of an `ExportResult`: the rows of each split."""
    return [
        (result.format, config, *(splits.get(split, 0) for split in SPLITS), shown_path(result.folder))
        for config, splits in result.rows.items()
    ]
