"""`corpus-kit agreement`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from corpus_kit.cli.options import corpus_option, json_option, layer_option
from corpus_kit.cli.output import Output, again


@click.command("agreement")
@layer_option
@click.option(
    "--worst", default=5, show_default=True, metavar="N", type=click.IntRange(min=0), help="Documents to list."
)
@click.option("--labels-of-pairs", is_flag=True, help="Every label for every pair too; by default pairs have totals.")
@corpus_option
@json_option
def command(layer: str | None, worst: int, labels_of_pairs: bool, corpus_dir: str | None, as_json: bool) -> None:
    """How far people agree, per layer, control, target, label and pair, and the documents that cost most of it.

    Figures are corrected for chance where a method exists (kappa, alpha); in brackets stands the 95 % interval over
    documents. People are pseudonyms; reviewers named in corpus.toml are left out. What is not defined says why.

    \b
    Examples:
      corpus-kit agreement
      corpus-kit agreement --layer stance --worst 20
      corpus-kit agreement --json > agreement.json
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    found = Corpus.open(corpus_dir or ".").agreement(layer)
    for work in found.work:
        figures = [f for f in found.figures if f.layer == work.layer and (labels_of_pairs or not (f.pair and f.label))]
        _layer(found, work.layer, figures, worst, output)
    if found.left_out:
        output.say(f"Left out, as they reviewed others' work: {', '.join(found.left_out)}.")
    output.next_step(
        f"{again('adjudicate', corpus_dir)} settles what can be settled; {again('review', corpus_dir)} finds slips."
    )
    output.json(found.as_dict())


def _layer(found: Any, layer: str, figures: list[Any], worst: int, output: Output) -> None:
    """One layer of `Corpus.agreement()`: who worked on it, its figures, its worst documents."""
    work = next(one for one in found.work if one.layer == layer)
    shared = sum(documents for people, documents in work.by_people.items() if people != "1")
    output.data(
        f"{layer}: {work.annotations:,} annotations of {work.documents:,} documents by {len(work.annotators)} people; "
        f"{shared:,} documents by several"
    )
    # Where every control has one target, what is said of the target need not be said of the control again.
    told = {_facts(figure) for figure in figures if figure.target}
    figures = [figure for figure in figures if figure.target or _facts(figure) not in told]
    defined = [figure for figure in figures if figure.value is not None]
    output.table([_row(figure) for figure in defined], header=_HEADER)
    reasons: dict[str, list[str]] = {}
    for figure in figures:
        if figure.value is None:
            reasons.setdefault(figure.reason, []).append(f"{figure.measure} of {_place(figure)}")
    for reason, what in reasons.items():
        output.data(
            f"not defined: {', '.join(what[:3])}{f' and {len(what) - 3} more' if len(what) > 3 else ''}. {reason}"
        )
    people = [one for one in found.people if one.layer == layer and one.measure in _TRUST]
    targets = {(one.annotator, one.measure, one.value, one.n_items) for one in people if one.target}
    people = [p for p in people if p.target or (p.annotator, p.measure, p.value, p.n_items) not in targets]
    with_the_rest = [
        (p.annotator, p.measure, p.target or p.control or layer, f"{p.value:.3f}", p.pairs) for p in people
    ]
    if with_the_rest:
        output.data("")
    output.table(with_the_rest, header=("person", "measure", "of", "with the rest", "others"))
    hurting = [one for one in found.hurting if one.layer == layer and one.rank <= worst]
    known = {(one.measure, one.doc_id, one.disagreement, one.rank) for one in hurting if one.target}
    hurting = [h for h in hurting if h.target or (h.measure, h.doc_id, h.disagreement, h.rank) not in known]
    rows = [
        (
            one.measure,
            one.target or one.control or "",
            one.doc_id,
            one.source or "",
            one.disagreement,
            f"{one.share:.1%}",
        )
        for one in hurting
    ]
    if rows:
        output.data("")
    output.table(rows, header=("differs in", "of", "document", "source", "by", "share"))
    output.data("")


_TRUST = ("alpha_nominal", "alpha_ordinal", "alpha_interval", "span_f1_exact", "relation_f1")
_HEADER = ("measure", "of", "people", "figure", "interval", "documents", "items")


def _row(figure: Any) -> tuple[object, ...]:
    interval = "–" if figure.low is None else f"[{figure.low:.3f}, {figure.high:.3f}]"
    people = " + ".join(figure.annotators) if figure.pair else "all"
    return (
        figure.measure, _place(figure), people, f"{figure.value:.3f}", interval, figure.n_documents, figure.n_items
    )  # fmt: skip


def _facts(figure: Any) -> tuple[object, ...]:
    return figure.measure, figure.label, figure.annotators, figure.value, figure.low, figure.high, figure.n_items


def _place(figure: Any) -> str:
    return _joined((figure.target or figure.control, figure.label)) or figure.layer


def _joined(words: Iterable[str | None]) -> str:
    return ": ".join(word for word in words if word)
