"""`corpus-kit review`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from corpus_kit.cli.options import corpus_option, json_option, layer_option
from corpus_kit.cli.output import ConsoleProgress, Output, again, say_reviews


@click.command("review")
@layer_option
@click.option("--single", is_flag=True, help="Look at every person's labels, not at gold.")
@click.option("--limit", default=25, show_default=True, metavar="N", type=click.IntRange(min=1), help="Labels to list.")
@click.option("--push", is_flag=True, help="Send them to a project in Label Studio for a second look, one per layer.")
@click.option("--dry-run", is_flag=True, help="With --push: print what would be sent, and send nothing.")
@corpus_option
@json_option
def command(
    layer: str | None, single: bool, limit: int, push: bool, dry_run: bool, corpus_dir: str | None, as_json: bool
) -> None:
    """Labels that the rest of the corpus contradicts, most suspicious first, each with the evidence.

    Spans: the same words, or lines, are labelled otherwise in other places; of names also those that share the first or last
    word. Answers about documents: a classifier that had not seen the document is surer of another answer than it usually
    is of that one (needs corpus-kit[learned], and 20 documents with an answer). Without evidence nothing is listed.

    A suspicion is no verdict: names do mean different things in different places.

    With --push, the documents of the first N labels that no reviewer has settled become tasks of a project "<corpus>:
    <layer> second look". What is submitted there is gold after `pull` and `build`.

    \b
    Examples:
      corpus-kit review
      corpus-kit review --layer entities --single --limit 100
      corpus-kit review --limit 50 --push
    """
    from corpus_kit.core.errors import UsageError
    from corpus_kit.corpus import Corpus

    if dry_run and not push:
        raise UsageError("--dry-run says what is sent.", "Add --push, or leave it out.")
    output = Output(as_json)
    corpus = Corpus.open(corpus_dir or ".")
    found = corpus.review(layer, gold=not single)
    rows = [_row(suspect) for suspect in found[:limit]]
    header = ("rank", "layer", "document", "place", "words", "label", "rather", "odds", "by", "evidence")
    output.table(rows, header=header)
    more = len(found) - len(rows)
    output.say(f"{more:,} more are suspicious; see --limit." if more else f"{len(found):,} labels are suspicious.")
    suspects = [asdict(suspect) for suspect in found]
    if not push:
        if found:
            output.next_step("the same with --push sends them to a reviewer in Label Studio.")
        else:
            output.next_step(f"{again('report', corpus_dir)} shows how the labels are spread.")
        output.json(suspects)
        return
    output.data("")
    pushed = corpus.send_suspects(layer, gold=not single, limit=limit, dry_run=dry_run, progress=ConsoleProgress())
    output.json({"suspects": suspects, "pushed": say_reviews(pushed, output, dry_run, corpus_dir)})


def _row(one: Any) -> tuple[object, ...]:
    place = "" if one.start is None else f"{one.start}-{one.end}"
    words, who = _short(one.surface) or one.control, one.annotator or "gold"
    odds = f"{one.suspicion:.2f}"
    return one.rank, one.layer, one.doc_id, place, words, one.label, one.expected, odds, who, one.evidence


def _short(surface: str) -> str:
    words = " ".join(surface.split())
    return words if len(words) <= 40 else words[:39] + "…"
