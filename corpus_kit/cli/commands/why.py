"""`corpus-kit why`."""

from __future__ import annotations

import click

from corpus_kit.cli.options import corpus_option, json_option, layer_option
from corpus_kit.cli.output import Output, again


@click.command("why")
@click.argument("document")
@click.argument("start", required=False, type=click.IntRange(min=0))
@click.argument("end", required=False, type=click.IntRange(min=1))
@layer_option
@corpus_option
@json_option
def command(
    document: str, start: int | None, end: int | None, layer: str | None, corpus_dir: str | None, as_json: bool
) -> None:
    """How the labels of a document, or of a place in it, came about.

    Who said what, on which text and guidelines; every decision with its reason; and in which worlds its gold would not be:
    under another policy or boundary rule, or without one of the people. DOCUMENT is a doc_id or a source.

    \b
    Examples:
      corpus-kit why news/ferry.txt
      corpus-kit why news/ferry.txt 33 43 --layer entities
      corpus-kit why 0123456789abcdef --json
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    found = Corpus.open(corpus_dir or ".").why(document, start, end, layer=layer)
    output.data(f"{found.source} ({found.doc_id})" + ("" if start is None else f", {start}-{end or start + 1}"))
    for said in found.said:
        rules = {True: "current guidelines", False: "older guidelines", None: "guidelines not known"}
        text = "this text" if said.on_current_text else "an older text"
        output.data("")
        output.data(f"{said.layer}: {said.annotator} ({said.created_at or 'no date'}, {text}, "
                    f"{rules[said.current_guidelines]})")  # fmt: skip
        for item in said.items or ("nothing here",):
            output.data(f"  {item}")
    for one in found.decided:
        output.data("")
        value = f" = {one.value}" if one.value and not one.item.endswith(f":{one.value}") else ""
        output.data(f"{one.layer}, {one.control} {one.item}{value}: {one.outcome} by {one.policy}. {one.why}")
        if one.lost_in:
            output.data(f"  not gold in: {', '.join(one.lost_in)}")
        elif one.outcome == "gold":
            output.data(f"  gold in all {len(found.worlds)} other worlds")
    output.next_step(f"{again('report --open', corpus_dir)} shows the page with everyone's marks.")
    output.json(found.as_dict())
