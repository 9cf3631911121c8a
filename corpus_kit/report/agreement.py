"""The agreement figures as heat maps: tables whose cells carry figure, interval and a shade for the eye.

Figures come from `data/gold/agreement.json`, where the build wrote them; nothing is measured here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.layers import Layer
from corpus_kit.core.measures import BY_NAME, OF_PAIRS
from corpus_kit.core.vocabulary import AGREEMENT_FILE
from corpus_kit.report.charts import Chart
from corpus_kit.report.drift import drift_charts

MEASURES = {name: one.title for name, one in BY_NAME.items()}
SHADES = 10
MOST_PEOPLE = 40
"""People in one matrix; those with the most work are kept."""


@dataclass(frozen=True, slots=True)
class Cell:
    """value, low, high: as measured; shade: 0 … 10; why: the sentence in the place of a figure that is not defined."""

    value: float | None
    low: float | None
    high: float | None
    shade: int | None
    why: str
    items: int


@dataclass(frozen=True, slots=True)
class Heat:
    """A table of cells. caption: what it shows. corner: the head of the column of row names."""

    caption: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class LayerAgreement:
    """labels: everybody, by control and label; controls with the same measures share a table. pairs: a matrix of people
    for each control. hardest: documents. legend: name, meaning and source of the measures. drift: by month, by control."""

    layer: str
    documents: int
    annotations: int
    people: int
    by_people: dict[str, int]
    labels: tuple[Heat, ...]
    pairs: tuple[Heat, ...]
    hardest: tuple[Mapping[str, Any], ...]
    legend: tuple[tuple[str, str, str], ...] = ()
    drift: tuple[Chart, ...] = ()


def read_agreement(gold: Path, layers: Mapping[str, Layer]) -> list[LayerAgreement]:
    """The layers that several people worked on; empty where nothing was measured."""
    try:
        found = json.loads((gold / AGREEMENT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    made = []
    for work in found["work"]:
        if work["layer"] in layers and work["annotations"]:
            figures = _without_repeats([f for f in found["figures"] if f["layer"] == work["layer"]])
            months = [month for month in found.get("drift", ()) if month["layer"] == work["layer"]]
            hurting = [h for h in found["hurting"] if h["layer"] == work["layer"]]
            made.append(
                LayerAgreement(
                    work["layer"],
                    work["documents"],
                    work["annotations"],
                    len(work["annotators"]),
                    dict(sorted(work["by_people"].items(), key=lambda item: int(item[0]))),
                    tuple(_labels(figures)),
                    tuple(_pairs(figures)),
                    tuple(_shares(hurting)),
                    tuple(_legend(figures)),
                    tuple(drift_charts(months, MEASURES)),
                )
            )
    return made


def _legend(figures: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Name, what it compares and source of each measure that has a figure."""
    told = {figure["measure"] for figure in figures if figure["value"] is not None}
    for measure, name in MEASURES.items():
        if measure in told:
            yield name, BY_NAME[measure].compares, BY_NAME[measure].source


def hardest_documents(measured: Sequence[LayerAgreement]) -> list[str]:
    """doc_ids that cost most agreement, for the sample."""
    return list(dict.fromkeys(document["doc_id"] for layer in measured for document in layer.hardest))


def _without_repeats(figures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where a control has one target, its figures are given for both; those with the target are kept."""
    told = {_facts(figure) for figure in figures if figure["target"]}
    return [figure for figure in figures if figure["target"] or _facts(figure) not in told]


def _facts(figure: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("measure", "control", "label", "value", "low", "high", "n_items")
    return (*(figure[name] for name in names), tuple(figure["annotators"]))


def _labels(figures: Sequence[Mapping[str, Any]]) -> Iterator[Heat]:
    """Everybody together: a row for each control and label, a column for each measure that these controls have."""
    rows: dict[str, dict[str, dict[str, Cell]]] = {}
    for figure in figures:
        if not figure["pair"]:
            place = figure["target"] or figure["control"] or ""
            rows.setdefault(place, {}).setdefault(figure["label"] or "", {})[figure["measure"]] = _cell(figure)
    kinds: dict[tuple[str, ...], list[str]] = {}
    for place, labels in sorted(rows.items()):
        told = {name for cells in labels.values() for name, cell in cells.items() if cell.value is not None}
        if told:
            kinds.setdefault(tuple(name for name in MEASURES if name in told), []).append(place)
    for measures, places in kinds.items():
        only = places[0] if len(places) == 1 else ""
        yield Heat(
            "Everybody together, by label" + (f": {only}" if only and len(kinds) > 1 else ""),
            "label" if only else "control and label",
            tuple(MEASURES[name] for name in measures),
            tuple(
                (_row_name("" if only else place, label), tuple(map(cells.get, measures)))
                for place in places
                for label, cells in sorted(rows[place].items())
            ),
        )


def _row_name(place: str, label: str) -> str:
    if not place:
        return label or "all labels"
    return f"{place}: {label}" if label else f"{place}, all labels"


def _pairs(figures: Sequence[Mapping[str, Any]]) -> list[Heat]:
    """For each control a matrix: everybody against everybody."""
    places: dict[str, list[Mapping[str, Any]]] = {}
    for figure in figures:
        if figure["pair"] and figure["label"] is None:
            places.setdefault(figure["target"] or figure["control"] or "", []).append(figure)
    made = []
    for place, mine in sorted(places.items()):
        for measure in OF_PAIRS:
            some = [figure for figure in mine if figure["measure"] == measure]
            if any(figure["value"] is not None for figure in some):
                made.append(_matrix(place, measure, some))
                if measure != "span_f1_exact":
                    break
    return made


def _matrix(place: str, measure: str, figures: Sequence[Mapping[str, Any]]) -> Heat:
    cells: dict[tuple[str, str], Cell] = {}
    work: dict[str, int] = {}
    for figure in figures:
        one, other = figure["annotators"]
        cells[one, other] = cells[other, one] = _cell(figure)
        for name in (one, other):
            work[name] = work.get(name, 0) + figure["n_items"]
    kept = sorted(sorted(work, key=lambda name: (-work[name], name))[:MOST_PEOPLE])
    return Heat(
        f"{place}: {MEASURES[measure]}, by pair",
        "annotator",
        tuple(kept),
        tuple((one, tuple(cells.get((one, other)) for other in kept)) for one in kept),
        len(work) - len(kept),
    )


def _cell(figure: Mapping[str, Any]) -> Cell:
    value = figure["value"]
    bounded = value is not None and figure["measure"] != "boundary_distance"
    shade = None if not bounded else round(min(max(value, 0.0), 1.0) * SHADES)
    return Cell(value, figure["low"], figure["high"], shade, figure["reason"], figure["n_items"])


def _shares(hurting: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The documents that cost a layer most agreement, each once, with a share of the whole layer's disagreement.

    Each question of the layer has one measure here and weighs alike, so that the shares of all documents add up to one.
    `control` and `target` are those of the question in which the document costs most.
    """
    order = list(MEASURES)
    measure: dict[tuple[Any, Any], str] = {}
    for one in sorted(hurting, key=lambda h: order.index(h["measure"]) if h["measure"] in order else len(order)):
        measure.setdefault((one["control"], one["target"]), one["measure"])
    counted = [h for h in hurting if measure[h["control"], h["target"]] == h["measure"]]
    total: dict[str, float] = {}
    for one in counted:
        total[one["doc_id"]] = total.get(one["doc_id"], 0.0) + one["share"] / len(measure)
    worst = {one["doc_id"]: one for one in sorted(counted, key=lambda h: (h["share"], h["doc_id"]))}
    ordered = sorted(total, key=lambda doc_id: (-total[doc_id], doc_id))
    return [{**worst[doc_id], "share": total[doc_id]} for doc_id in ordered[:8]]
