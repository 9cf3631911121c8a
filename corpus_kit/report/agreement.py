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
from corpus_kit.core.vocabulary import AGREEMENT_FILE

MEASURES = {
    "alpha_nominal": "Krippendorff's alpha",
    "alpha_ordinal": "Krippendorff's alpha, ordinal",
    "alpha_interval": "Krippendorff's alpha, interval",
    "cohen_kappa": "Cohen's kappa",
    "fleiss_kappa": "Fleiss' kappa",
    "alpha_ratio": "Krippendorff's alpha, ratio",
    "alpha_jaccard": "alpha of sets, Jaccard",
    "alpha_masi": "alpha of sets, MASI",
    "kappa_linear": "weighted kappa, linear",
    "kappa_quadratic": "weighted kappa, quadratic",
    "gwet_ac1": "Gwet's AC1",
    "gwet_ac2": "Gwet's AC2",
    "observed": "observed agreement",
    "span_f1_exact": "span F1, exact",
    "span_f1_partial": "span F1, partial",
    "boundary_distance": "boundary distance",
    "alpha_characters": "alpha by character",
    "alpha_u": "alpha of units (uα)",
    "alpha_u_binary": "alpha of units, marked or not (|uα)",
    "alpha_cu": "alpha of units, labels (cuα)",
    "alpha_ku": "alpha of units, one label ((k)uα)",
    "gamma": "gamma",
    "relation_f1": "relation F1",
}
_COINCIDENCES = "Krippendorff (2011), Computing Krippendorff's Alpha-Reliability"
_UNITIZING = "Krippendorff, Mathet, Bouvry and Widlöcher (2016), Qual. Quant. 50"
LEGEND = {
    "alpha_nominal": ("answers, each label as far from any other; missing answers allowed", _COINCIDENCES),
    "alpha_ordinal": ("answers on an ordered scale, by rank", _COINCIDENCES),
    "alpha_interval": ("numbers, by squared difference", _COINCIDENCES),
    "alpha_ratio": ("numbers from zero up, by squared difference over sum", _COINCIDENCES),
    "alpha_jaccard": (
        "several labels at once, by the share they have in common",
        "Jaccard (1912), New Phytologist 11(2)",
    ),
    "alpha_masi": ("the same, less where neither set contains the other", "Passonneau (2006), LREC"),
    "cohen_kappa": (
        "two people, beyond what their own shares of labels give by chance",
        "Cohen (1960), Educ. Psychol. Meas. 20(1)",
    ),
    "kappa_linear": ("two people on an ordered scale, near misses count", "Cohen (1968), Psychol. Bull. 70(4)"),
    "kappa_quadratic": ("the same, far misses count more", "Cohen (1968), Psychol. Bull. 70(4)"),
    "fleiss_kappa": ("many people, who may differ from item to item", "Fleiss (1971), Psychol. Bull. 76(5)"),
    "gwet_ac1": (
        "beyond chance, where chance stays small if nearly all answers are alike",
        "Gwet (2008), Br. J. Math. Stat. Psychol. 61(1)",
    ),
    "gwet_ac2": ("the same on an ordered scale, quadratic weights", "Gwet (2014), Handbook of Inter-Rater Reliability"),
    "observed": ("share of equal pairs of answers, not corrected for chance", ""),
    "span_f1_exact": ("spans with the same label and boundaries", "Hripcsak and Rothschild (2005), JAMIA 12(3)"),
    "span_f1_partial": (
        "spans with the same label, by the share of characters in common",
        "Hripcsak and Rothschild (2005), JAMIA 12(3)",
    ),
    "boundary_distance": ("characters between the boundaries of spans that overlap; 0 is best", ""),
    "alpha_characters": ("the labels of each character", _COINCIDENCES),
    "alpha_u": ("texts cut into labelled units, whole units by chance", _UNITIZING),
    "alpha_u_binary": ("the same, marked or not", _UNITIZING),
    "alpha_cu": ("the labels where two people marked something", _UNITIZING),
    "alpha_ku": ("one label among those", _UNITIZING),
    "gamma": (
        "places and labels after the best alignment of all units",
        "Mathet, Widlöcher and Métivier (2015), Comput. Linguist. 41(3)",
    ),
    "relation_f1": ("relations with the same ends, direction and label", "Hripcsak and Rothschild (2005), JAMIA 12(3)"),
}
"""What each measure compares, and its source."""
SHADES = 10
MOST_PEOPLE = 40
"""People in one matrix; those with the most work are kept."""

# What a matrix of pairs shows: the first of these that the control has.
_OF_PAIRS = ("alpha_ordinal", "alpha_interval", "alpha_nominal", "span_f1_exact", "relation_f1")


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
    for each control. hardest: documents. legend: name, meaning and source of the measures."""

    layer: str
    documents: int
    annotations: int
    people: int
    by_people: dict[str, int]
    labels: tuple[Heat, ...]
    pairs: tuple[Heat, ...]
    hardest: tuple[Mapping[str, Any], ...]
    legend: tuple[tuple[str, str, str], ...] = ()


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
                )
            )
    return made


def _legend(figures: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Name, what it compares and source of each measure that has a figure."""
    told = {figure["measure"] for figure in figures if figure["value"] is not None}
    for measure, name in MEASURES.items():
        if measure in told:
            yield name, *LEGEND[measure]


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
        for measure in _OF_PAIRS:
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
