"""`corpus-kit agreement`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import click

from corpus_kit.cli.options import corpus_option, json_option, layer_option
from corpus_kit.cli.output import Output, again
from corpus_kit.core.measures import HEADLINES, TRUSTED, without_repeats


@click.command("agreement")
@layer_option
@click.option(
    "--worst", default=5, show_default=True, metavar="N", type=click.IntRange(min=0), help="Documents to list."
)
@click.option("--labels-of-pairs", is_flag=True, help="Every label for every pair too; by default pairs have totals.")
@click.option(
    "--by",
    type=click.Choice(["guidelines", "config", "month", "language", "publisher", "suggested"]),
    help="Part the work and measure each part; by month, also each person against the rest.",
)
@click.option(
    "--plan",
    "width",
    metavar="WIDTH",
    type=click.FloatRange(min=0, min_open=True, max=2),
    help="How many more documents several people are to label for intervals of this width.",
)
@corpus_option
@json_option
def command(
    layer: str | None,
    worst: int,
    labels_of_pairs: bool,
    by: str | None,
    width: float | None,
    corpus_dir: str | None,
    as_json: bool,
) -> None:
    """How far people agree, per layer, control, target, label and pair, and the documents that cost most of it.

    Figures are corrected for chance where a method exists (kappa, alpha); in brackets stands the 95 % interval, near-copies
    drawn together. People are pseudonyms; reviewers named in corpus.toml are left out. What is not defined says why.

    \b
    Examples:
      corpus-kit agreement
      corpus-kit agreement --layer stance --worst 20
      corpus-kit agreement --by month
      corpus-kit agreement --plan 0.05
      corpus-kit agreement --json > agreement.json
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    corpus = Corpus.open(corpus_dir or ".")
    if by is not None:
        _parts(corpus.agreement_by(by, layer), by, output)
        return
    if width is not None:
        _plan(corpus.agreement_plan(width, layer), width, output)
        return
    found = corpus.agreement(layer)
    for work in found.work:
        figures = [f for f in found.figures if f.layer == work.layer and (labels_of_pairs or not (f.pair and f.label))]
        _layer(found, work.layer, figures, worst, output)
    if found.left_out:
        output.say(f"Left out, as they reviewed others' work: {', '.join(found.left_out)}.")
    output.next_step(
        f"{again('adjudicate', corpus_dir)} settles what can be settled; {again('review', corpus_dir)} finds slips."
    )
    output.json(found.as_dict())


def _parts(parts: Sequence[Any], by: str, output: Output) -> None:
    """What people agreed on under each rule, in each month, and so on: everybody together, all labels."""
    for layer in dict.fromkeys(part.layer for part in parts):
        own = [part for part in parts if part.layer == layer]
        rows = [
            (part.value, *_row(figure, _place(figure)))
            for part in own
            for figure in without_repeats(part.figures)
            if figure.value is not None and figure.label is None and figure.measure in HEADLINES
        ]
        _titled(output, f"{layer}: everybody, by {by}", rows, (by, "measure", "of", *_FIGURES))
        silent = [part.value for part in own if not any(figure.value is not None for figure in part.figures)]
        if silent:
            output.data(f"no figure is defined for: {', '.join(silent)}")
        people = [(p.value, r.annotator, r.measure, r.target or r.control or layer, _shown(r.value), r.n_items)
                  for p in own for r in p.people if r.measure in TRUSTED]  # fmt: skip
        if by == "month":
            _titled(
                output,
                f"{layer}: each person with the rest",
                people,
                (by, "person", "measure", "of", "figure", "items"),
            )
        output.data("")
    output.json([part.as_dict() for part in parts])


def _plan(needed: Sequence[Any], width: float, output: Output) -> None:
    """How much more work intervals of this width take."""
    rows = [
        (
            one.target or one.control or one.layer,
            one.measure,
            _shown(one.value),
            _shown(one.width),
            one.groups,
            one.more,
        )
        for one in needed
        if one.value is not None and one.width is not None
    ]
    _titled(output, f"for intervals {width} wide", rows, ("of", "measure", "figure", "width", "documents", "more"))
    unknown = [one for one in needed if one.width is None]
    if unknown:
        output.data("")
        output.data(f"{len(unknown)} figures have no interval yet, so nothing can be said of how it would narrow.")
    output.say("Documents are those that several people labelled; copies of each other count once.")
    output.json([asdict(one) for one in needed])


def _layer(found: Any, layer: str, figures: list[Any], worst: int, output: Output) -> None:
    """One layer of `Corpus.agreement()`: who worked on it, its figures, its worst documents; 80 columns wide."""
    work = next(one for one in found.work if one.layer == layer)
    shared = sum(documents for people, documents in work.by_people.items() if people != "1")
    output.data(
        f"{layer}: {work.annotations:,} annotations of {work.documents:,} documents by {len(work.annotators)} people; "
        f"{shared:,} documents by several"
    )
    figures = without_repeats(figures)
    for place in dict.fromkeys(_place(figure) for figure in figures):
        of = [figure for figure in figures if figure.value is not None and _place(figure) == place]
        _titled(output, f"{place}: everybody", [_row(f, f.label or "all") for f in of if not f.pair], _OF_LABELS)
        pairs = [f for f in of if f.pair]
        if any(f.label for f in pairs):
            rows = [_row(f, f.label or "all", _pair(f.annotators)) for f in pairs]
            _titled(output, f"{place}: pairs", rows, ("pair", *_OF_LABELS))
        else:
            rows = [(_pair(f.annotators), *_row(f)) for f in pairs]
            _titled(output, f"{place}: pairs", rows, ("pair", "measure", *_FIGURES))
    _undefined([figure for figure in figures if figure.value is None], output)
    people = [one for one in found.people if one.layer == layer and one.measure in TRUSTED]
    targets = {(one.annotator, one.measure, one.value, one.n_items) for one in people if one.target}
    people = [p for p in people if p.target or (p.annotator, p.measure, p.value, p.n_items) not in targets]
    rest = [(p.annotator, p.measure, p.target or p.control or layer, f"{p.value:.3f}", p.pairs) for p in people]
    _titled(output, "everybody with the rest", rest, ("person", "measure", "of", "figure", "others"))
    hurting = [one for one in found.hurting if one.layer == layer and one.rank <= worst]
    known = {(one.measure, one.doc_id, one.disagreement, one.rank) for one in hurting if one.target}
    hurting = [h for h in hurting if h.target or (h.measure, h.doc_id, h.disagreement, h.rank) not in known]
    for measure, what in dict.fromkeys((h.measure, h.target or h.control or layer) for h in hurting):
        of = [h for h in hurting if (h.measure, h.target or h.control or layer) == (measure, what)]
        worst_rows = [(h.doc_id, h.source or "", h.disagreement, f"{h.share:.1%}") for h in of]
        _titled(
            output, f"{what}: most of the disagreement, {measure}", worst_rows, ("document", "source", "by", "share")
        )
    output.data("")


def _titled(output: Output, title: str, rows: Sequence[tuple[object, ...]], header: tuple[str, ...]) -> None:
    if rows:
        output.data("")
        output.data(title)
        output.table(rows, header=header)


def _undefined(figures: list[Any], output: Output) -> None:
    """What is no number, by the reason."""
    reasons: dict[str, list[str]] = {}
    for figure in figures:
        of = _joined((_place(figure), figure.label))
        who = f" ({_pair(figure.annotators)})" if figure.pair else ""
        reasons.setdefault(figure.reason, []).append(f"{figure.measure} of {of}{who}")
    for reason, what in reasons.items():
        more = f" and {len(what) - 3} more" if len(what) > 3 else ""
        output.data("")
        output.data(f"not defined: {reason}")
        for one in what[:3]:
            output.data(f"  {one}")
        if more:
            output.data(f" {more}")


_FIGURES = ("figure", "interval", "docs", "items")
_OF_LABELS = ("measure", "label", *_FIGURES)


def _row(figure: Any, label: str = "", pair: str = "") -> tuple[object, ...]:
    interval = "–" if figure.low is None else f"[{_shown(figure.low)}, {_shown(figure.high)}]"
    first = tuple(word for word in (pair, figure.measure, label) if word)
    return (*first, _shown(figure.value), interval, figure.n_documents, figure.n_items)


def _shown(value: float) -> str:
    """Three decimals, and no minus before a zero."""
    return f"{round(value, 3) + 0.0:.3f}"


def _pair(annotators: Sequence[str]) -> str:
    """`annotator-01 & 02`: what two pseudonyms have in common is said once."""
    one, two = annotators
    stem = one.rstrip("0123456789")
    rest = two.removeprefix(stem)
    return f"{one} & {rest if stem and rest.isdecimal() else two}"


def _place(figure: Any) -> str:
    return str(figure.target or figure.control or figure.layer)


def _joined(words: Iterable[str | None]) -> str:
    return ": ".join(word for word in words if word)
