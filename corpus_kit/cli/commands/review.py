"""`corpus-kit review`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from corpus_kit.cli.options import corpus_option, json_option, layer_option
from corpus_kit.cli.output import Output, again


@click.command("review")
@layer_option
@click.option("--single", is_flag=True, help="Look at every person's labels, not at gold.")
@click.option("--limit", default=25, show_default=True, metavar="N", type=click.IntRange(min=1), help="Labels to list.")
@corpus_option
@json_option
def command(layer: str | None, single: bool, limit: int, corpus_dir: str | None, as_json: bool) -> None:
    """Labels that contradict how the same words are labelled elsewhere, most suspicious first.

    A suspicion is no verdict: names do mean different things in different places.

    \b
    Examples:
      corpus-kit review
      corpus-kit review --layer entities --single --limit 100
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    found = Corpus.open(corpus_dir or ".").review(layer, gold=not single)
    rows = [_row(suspect) for suspect in found[:limit]]
    header = ("rank", "layer", "document", "place", "words", "label", "rather", "odds", "alike elsewhere", "by")
    output.table(rows, header=header)
    more = len(found) - len(rows)
    output.say(f"{more:,} more are suspicious; see --limit." if more else f"{len(found):,} labels are suspicious.")
    if found:
        output.next_step(f"mend what is wrong in Label Studio, then {again('pull', corpus_dir)}.")
    output.json([asdict(suspect) for suspect in found])


def _row(one: Any) -> tuple[object, ...]:
    place, evidence = f"{one.start}-{one.end}", f"{one.alike} of {one.elsewhere}"
    words, who = _short(one.surface), one.annotator or "gold"
    return one.rank, one.layer, one.doc_id, place, words, one.label, one.expected, f"{one.suspicion:.2f}", evidence, who


def _short(surface: str) -> str:
    words = " ".join(surface.split())
    return words if len(words) <= 40 else words[:39] + "…"
