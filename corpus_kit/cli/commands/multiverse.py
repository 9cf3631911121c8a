"""`corpus-kit multiverse`."""

from __future__ import annotations

from typing import Any

import click

from corpus_kit.cli.options import corpus_option, json_option, layer_option
from corpus_kit.cli.output import ConsoleProgress, Output, again


@click.command("multiverse")
@layer_option
@click.option("--limit", default=10, show_default=True, metavar="N", type=click.IntRange(min=0), help="Labels to list.")
@corpus_option
@json_option
def command(layer: str | None, limit: int, corpus_dir: str | None, as_json: bool) -> None:
    """Which gold labels, shares of labels and figures of agreement hold under every defensible choice.

    [multiverse] in corpus.toml names the choices: policies, boundary rules, people to leave out, days at which labeling
    could have stopped, versions of the guidelines. Every combination is a world; all are settled and measured again.

    \b
    Examples:
      corpus-kit multiverse
      corpus-kit multiverse --layer stance --limit 50
      corpus-kit multiverse --json > worlds.json
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    found = Corpus.open(corpus_dir or ".").multiverse(layer, progress=ConsoleProgress())
    choices = {axis: [name for name in names if name] for axis, names in found.choices.items()}
    told = "; ".join(f"{axis.replace('_', ' ')}: {', '.join(names)}" for axis, names in choices.items() if names)
    output.say(f"{len(found.worlds):,} worlds: the corpus as it is and {told or 'no other choice'}.")
    output.table(
        [(one.layer, one.base, one.hold, one.base - one.hold, one.other) for one in found.layers],
        header=("layer", "gold labels", "in all worlds", "turn", "only elsewhere"),
    )
    moved = [one for one in (*found.shares, *found.figures) if not one.holds]
    if moved:
        output.data("")
        header = ("layer", "of", "figure", "as it is", "least", "most", "turns on")
        output.table([_row(one) for one in moved], header=header)
    steady = len(found.shares) + len(found.figures) - len(moved)
    output.say(f"{steady:,} shares and figures hold: never more than {found.tolerance:g} from the corpus as it is.")
    turning = [one for one in found.turning if one.in_base]
    if turning[:limit]:
        output.data("")
        rows = [
            (one.layer, one.source, f"{one.control} {one.item}", one.value, f"{one.worlds} of {len(found.worlds)}",
             ", ".join(map(_words, one.turns_on)))
            for one in turning[:limit]
        ]  # fmt: skip
        output.table(rows, header=("layer", "document", "label", "gold", "worlds", "turns on"))
    if turning:
        output.next_step(f"{again('why', corpus_dir)} with a document says how its labels came about.")
    else:
        output.next_step(f"{again('report', corpus_dir)} has these figures on its page.")
    output.json(found.as_dict())


def _row(one: Any) -> tuple[object, ...]:
    of = one.target or one.control or ""
    name = f"share of {one.label}" if one.what == "share" else one.what
    figures = ("–" if value is None else f"{value:.3f}" for value in (one.base, one.least, one.most))
    undefined = f"{one.undefined} worlds have none" if one.undefined else ""
    on = ", ".join(filter(None, (*map(_words, one.turns_on), undefined)))
    return one.layer, of, name, *figures, on or "several choices together"


def _words(axis: str) -> str:
    return axis.replace("_", " ")
