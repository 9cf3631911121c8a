"""`corpus-kit build`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from corpus_kit.cli.options import (
    FOLDER,
    PATH,
    cluster_option,
    corpus_option,
    json_option,
    strict_option,
    trust_option,
    workers_option,
)
from corpus_kit.cli.output import ConsoleProgress, Output, again, say_losses, shown_path
from corpus_kit.cli.reading import hint, say_reading
from corpus_kit.core.reasons import REASONS
from corpus_kit.core.vocabulary import BOUNDARIES, POLICIES, SPLITS
from corpus_kit.core.world import World

if TYPE_CHECKING:
    from corpus_kit.corpus import BuildResult

SHOWN, MOVES = 5, 20


@click.command("build")
@click.argument("raw", nargs=-1, type=PATH, metavar="[RAW]...")
@click.option(
    "--out", type=FOLDER, metavar="DIR", help="Where the made folders go; by default the corpus's data folder."
)
@click.option("--metadata", type=PATH, metavar="FILE", help="A CSV or JSONL file with fields by file name.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="The field that fills a column, as text=body; paths and a|b as in [input.columns]. May be repeated.",
)
@click.option(
    "--read",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of [input] or [[input.files]] for all files, as delimiter=';' or preset=nexis. May be repeated.",
)
@click.option(
    "--as-of", default="", metavar="DATE", help="Replay: only what people had said by the end of that day, or a moment."
)
@click.option("--without", default="", metavar="PERSON", help="Replay: without the answers of one pseudonym.")
@click.option(
    "--guidelines",
    default="",
    metavar="VERSION",
    help="Replay: only answers given under that version of the guidelines.",
)
@click.option("--policy", type=click.Choice(POLICIES), help="Replay: gold by that policy, in every layer.")
@click.option("--boundary", type=click.Choice(BOUNDARIES), help="Replay: gold with those characters, in every layer.")
@click.option("--no-report", is_flag=True, help="Leave out the report; an older one is taken away.")
@workers_option
@cluster_option
@strict_option
@trust_option
@corpus_option
@json_option
def command(
    raw: tuple[str, ...],
    out: str | None,
    metadata: str | None,
    columns: tuple[str, ...],
    settings: tuple[str, ...],
    no_report: bool,
    workers: int | None,
    cluster: str | None,
    strict: bool,
    trust: bool,
    as_of: str,
    without: str,
    guidelines: str,
    policy: str | None,
    boundary: str | None,
    corpus_dir: str | None,
    as_json: bool,
) -> int:
    """Raw files to documents, suggestions, rejected, release, card and report. Unchanged inputs are not read again.

    RAW are folders, files or globs; by default the corpus's data/raw. With RAW and --out no corpus is needed.

    \b
    Examples:
      corpus-kit build                         in a corpus
      corpus-kit build pages --out built       without one
      corpus-kit build export.csv --out built --column text=body
      corpus-kit build 'pages/2031-*/*.txt.gz' --out built --workers 4
      corpus-kit build /shared/raw --out /shared/out --cluster tcp://boss:8786
      corpus-kit build --as-of 2031-05-04 --policy unanimous --out replay
    """
    from corpus_kit.corpus import Corpus

    if cluster and workers:
        raise click.UsageError("--workers counts processes of this machine; --cluster uses those of a Dask cluster.")
    output = Output(as_json)
    world = World(as_of, without, guidelines, policy or "", boundary or "")
    corpus = Corpus.without(out) if raw and out and corpus_dir is None else Corpus.open(corpus_dir or ".")
    if columns or settings:
        corpus = corpus.read_as(_pairs(columns, "--column"), _pairs(settings, "--read"))
    result = corpus.build(
        raw,
        out,
        workers=workers,
        metadata=metadata,
        cluster=cluster,
        report=not no_report,
        trust=trust,
        world=world,
        progress=ConsoleProgress(),
    )
    rejected = sum(result.rejected.values())
    if corpus.root is None and (unused := Corpus.near(".")) is not None:
        output.say(
            f"The settings of {shown_path(unused)} are not used; with `--corpus {shown_path(unused.parent)}` they are."
        )
    _report(result, output, corpus_dir, whole=corpus.root is not None and out is None, corpus=corpus.root is not None)
    if strict and rejected:
        output.say(f"--strict: {rejected:,} rejected.")
        return 1
    return 0


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    pairs = {}
    for one in given:
        key, sign, value = one.partition("=")
        if not sign or not key:
            raise click.UsageError(f"{option} takes NAME=VALUE, this is '{one}'.")
        pairs[key] = value
    return pairs


def _report(result: BuildResult, output: Output, corpus_dir: str | None, *, whole: bool, corpus: bool) -> None:
    output.table(_made(result), header=("made", "rows", "folder"))
    splits = result.release.rows["documents"] if result.release else {}
    if len(splits) > 1:
        output.say("Splits: " + ", ".join(f"{splits[name]:,} {name}" for name in SPLITS if name in splits) + ".")
    if result.report:
        output.say(f"Look at it: {shown_path(result.report)}")
    _report_documents(result, output)
    if result.annotated:
        _report_annotations(result.annotated, output)
    if result.gold and result.gold.open:
        output.say(f"Open disagreements: {result.gold.open:,}; see `corpus-kit adjudicate`.")
    if result.release:
        say_losses(result.release.losses, output)
    say_reading(result, output, corpus=corpus)
    for reason in [name for name in result.rejected if name in REASONS][:SHOWN]:
        output.say(f"{reason}{_where(result, reason)}: {hint(reason, corpus=corpus)}")
    if result.release_folder:
        output.data(f'from datasets import load_dataset; ds = load_dataset("{shown_path(result.release_folder)}")')
        output.next_step(_next(result, corpus_dir, whole))
    else:
        output.say("There is no release: no document was accepted.")
    output.json(_as_data(result))


def _made(result: BuildResult) -> list[tuple[object, ...]]:
    """What lies where now, with its rows; what was rejected, by reason."""
    place = shown_path(result.out)
    rows: list[tuple[object, ...]] = [("documents", result.ingested.documents, f"{place}/documents")]
    if result.suggested:
        rows.append(("suggestions", result.suggested.total, f"{place}/suggestions"))
    if result.entities:
        rows.append(("suggestions of names", result.entities.suggested.total, f"{place}/suggestions"))
    rows += [(f"suggestions, {m.layer}", m.suggested.total, f"{place}/suggestions") for m in result.models]
    if result.release and result.release_folder:
        folder = shown_path(result.release_folder)
        rows += [(f"release, {name}", sum(n.values()), folder) for name, n in result.release.rows.items()]
    if result.annotated:
        rows += [(name, n, f"{place}/annotations") for name, n in sorted(result.annotated.rows.items()) if n]
    if result.gold:
        rows += [(f"gold {name}", n, f"{place}/gold") for name, n in sorted(result.gold.rows.items()) if n]
    rows.append(("rejected", sum(result.rejected.values()), f"{place}/rejected"))
    return rows + [(f"  {reason}", n, "") for reason, n in result.rejected.items()]


def _report_documents(result: BuildResult, output: Output) -> None:
    """What of the raw files is as it was, was left out, moved or has gone, and what could not be suggested."""
    found = result.ingested
    if found.unchanged_units:
        output.say(f"Not redone: {found.unchanged_documents:,} of {found.documents:,} documents, unchanged.")
    for reason, n in found.metadata_rejected.items():
        rows = "row" if n == 1 else "rows"
        output.say(f"Metadata: {n:,} {rows} {reason}; see {shown_path(result.out)}/rejected.")
    if found.ignored:
        output.say(f"Left out: {found.ignored:,} hidden file{'' if found.ignored == 1 else 's'}.")
    _say_moved([f"{old} → {new}" for old, new in found.moved], output)
    if found.vanished:
        gone = "document" if found.vanished == 1 else "documents"
        output.say(f"No longer there: {found.vanished:,} {gone} of the last build.")
    if result.suggested and result.suggested.left_out:
        told = ", ".join(f"{n:,} {label}" for label, n in result.suggested.left_out.items())
        output.say(f"Not suggested, because the layer lacks the label: {told}.")


def _say_moved(moves: Sequence[str], output: Output) -> None:
    for move in moves[:MOVES]:
        output.say(f"Moved: {move}; the text is the same.")
    if len(moves) > MOVES:
        output.say(f"Moved: {len(moves) - MOVES:,} more.")


def _as_data(result: BuildResult) -> dict[str, Any]:
    """The result for machines."""
    parts = {
        "suggestions": result.suggested,
        "entities": result.entities,
        "annotations": result.annotated,
        "gold": result.gold,
        "release": result.release,
    }
    return {
        "out": str(result.out),
        **asdict(result.ingested),
        **{name: asdict(part) if part else None for name, part in parts.items()},
        "models": [asdict(made) for made in result.models],
        "report": str(result.report) if result.report else None,
    }


def _where(result: BuildResult, reason: str) -> str:
    """` (wire.jsonl#3 and 4 more)`; file names come from outside, so what would act on a terminal is left out."""
    source = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in result.rejected_source(reason))
    more = result.rejected[reason] - 1
    return f" ({source}{f' and {more:,} more' if more else ''})" if source else ""


def _next(result: BuildResult, corpus_dir: str | None, whole: bool) -> str:
    """What one does after a build. whole: it was the build of a corpus in its own place."""
    if not whole:
        return "load it with that line; `corpus-kit init DIR` makes a corpus that people can label."
    if result.annotated:
        return f"load it with that line; {again('agreement', corpus_dir)} tells how far people agree."
    return f"load it with that line; {again('studio', corpus_dir)} and {again('push', corpus_dir)} have it labelled."


def _report_annotations(made: Any, output: Output) -> None:
    """What of the ledger (`BuildResult.annotated`) became no row, and what was converted, carried or moved."""
    answers = made.answers
    rest = {
        name: answers.get(name, 0) for name in ("payload_only", "skipped", "draft", "deleted", "superseded", "left_out")
    }
    told = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in rest.items() if n)
    output.say(f"Ledger: {answers.get('brought', 0):,} answers brought{f', of them {told}' if told else ''}.")
    if made.unmatched_tasks:
        which = "task belongs" if made.unmatched_tasks == 1 else "tasks belong"
        output.say(f"Unmatched: {made.unmatched_tasks:,} {which} to no document; see rejected.")
    if made.incomplete:
        output.say(
            f"Not known: {made.incomplete:,} annotations hold an answer that could not be read; there they are neither"
            " yes nor no."
        )
    if made.edited:
        output.say(f"Edited: {made.edited:,} annotations were changed by somebody else; agreement leaves them out.")
    for name, count, why in made.merged:
        output.say(f"One person: {name} has {count} ids in the exports ({why}).")
    if made.same_text:
        output.say(
            f"Same text: {made.same_text:,} tasks show a text of several documents; the first one has the answer."
        )
    for place, doc_id, what in made.near[:3]:
        output.say(f"Nearly the same: {place} is about {doc_id}; its text {what}.")
    if made.nearly > 3:
        output.say(f"Nearly the same: {made.nearly - 3:,} more.")
    for unit, count in made.units.items():
        output.say(f"Converted: {count:,} annotations counted {unit}; their offsets are code points now.")
    if made.carried:
        told = ", ".join(f"{n:,} {verdict}" for verdict, n in made.carried.items())
        output.say(f"Carried from older texts: {told} spans.")
    moves = [f"the labels of {old} are those of {new} now" for old, new in made.moved]
    _say_moved(moves, output)
