"""The measures of agreement: what each is called, what it compares, its source, and where it is shown.

The functions are in `agreement/measures`, a family of measures to a module; a figure names its measure. The command line,
the report and the card take names, order and legend from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure.

    Attributes:
        name: As figures and `agreement.json` name it.
        title: As people name it.
        kind: What is compared: `answers`, `spans` or `relations`.
        compares: What it counts as alike, for the legend of the report.
        source: The paper, "" for a plain count.
        card: Its title on the card, "" where the card does not show it.
        trust: A person is compared with the rest by the first of these that a layer has; 0: never by this one.
        matrix: Pairs of people are shown by the first of these that a control has; 0: never by this one.
        headline: It is one of the few that stand for a layer where work is parted (`agreement --by`).
    """

    name: str
    title: str
    kind: str
    compares: str
    source: str
    card: str = ""
    trust: int = 0
    matrix: int = 0
    headline: bool = False


_COINCIDENCES = "Krippendorff (2011), Computing Krippendorff's Alpha-Reliability"
_UNITIZING = "Krippendorff, Mathet, Bouvry and Widlöcher (2016), Qual. Quant. 50"

_ALL = (
    Measure(
        "alpha_nominal",
        "Krippendorff's alpha",
        "answers",
        "answers, each label as far from any other; missing answers allowed",
        _COINCIDENCES,
        card="Krippendorff's alpha",
        trust=1,
        matrix=3,
        headline=True,
    ),
    Measure(
        "alpha_ordinal",
        "Krippendorff's alpha, ordinal",
        "answers",
        "answers on an ordered scale, by rank",
        _COINCIDENCES,
        card="Krippendorff's alpha (ordinal)",
        trust=2,
        matrix=1,
        headline=True,
    ),
    Measure(
        "alpha_interval",
        "Krippendorff's alpha, interval",
        "answers",
        "numbers, by squared difference",
        _COINCIDENCES,
        card="Krippendorff's alpha (interval)",
        trust=3,
        matrix=2,
        headline=True,
    ),
    Measure(
        "cohen_kappa",
        "Cohen's kappa",
        "answers",
        "two people, beyond what their own shares of labels give by chance",
        "Cohen (1960), Educ. Psychol. Meas. 20(1)",
    ),
    Measure(
        "fleiss_kappa",
        "Fleiss' kappa",
        "answers",
        "many people, who may differ from item to item",
        "Fleiss (1971), Psychol. Bull. 76(5)",
    ),
    Measure(
        "alpha_ratio",
        "Krippendorff's alpha, ratio",
        "answers",
        "numbers from zero up, by squared difference over sum",
        _COINCIDENCES,
    ),
    Measure(
        "alpha_jaccard",
        "alpha of sets, Jaccard",
        "answers",
        "several labels at once, by the share they have in common",
        "Jaccard (1912), New Phytologist 11(2)",
    ),
    Measure(
        "alpha_masi",
        "alpha of sets, MASI",
        "answers",
        "the same, less where neither set contains the other",
        "Passonneau (2006), LREC",
    ),
    Measure(
        "kappa_linear",
        "weighted kappa, linear",
        "answers",
        "two people on an ordered scale, near misses count",
        "Cohen (1968), Psychol. Bull. 70(4)",
    ),
    Measure(
        "kappa_quadratic",
        "weighted kappa, quadratic",
        "answers",
        "the same, far misses count more",
        "Cohen (1968), Psychol. Bull. 70(4)",
    ),
    Measure(
        "gwet_ac1",
        "Gwet's AC1",
        "answers",
        "beyond chance, where chance stays small if nearly all answers are alike",
        "Gwet (2008), Br. J. Math. Stat. Psychol. 61(1)",
    ),
    Measure(
        "gwet_ac2",
        "Gwet's AC2",
        "answers",
        "the same on an ordered scale, quadratic weights",
        "Gwet (2014), Handbook of Inter-Rater Reliability",
    ),
    Measure(
        "observed", "observed agreement", "answers", "share of equal pairs of answers, not corrected for chance", ""
    ),
    Measure(
        "span_f1_exact",
        "span F1, exact",
        "spans",
        "spans with the same label and boundaries",
        "Hripcsak and Rothschild (2005), JAMIA 12(3)",
        card="span F1, exact",
        trust=4,
        matrix=4,
        headline=True,
    ),
    Measure(
        "span_f1_partial",
        "span F1, partial",
        "spans",
        "spans with the same label, by the share of characters in common",
        "Hripcsak and Rothschild (2005), JAMIA 12(3)",
        card="span F1, by overlap",
        headline=True,
    ),
    Measure(
        "boundary_distance",
        "boundary distance",
        "spans",
        "characters between the boundaries of spans that overlap; 0 is best",
        "",
    ),
    Measure(
        "alpha_characters",
        "alpha by character",
        "spans",
        "the labels of each character",
        _COINCIDENCES,
        card="alpha by character",
        headline=True,
    ),
    Measure(
        "alpha_u",
        "alpha of units (uα)",
        "spans",
        "texts cut into labelled units, whole units by chance",
        _UNITIZING,
        headline=True,
    ),
    Measure("alpha_u_binary", "alpha of units, marked or not (|uα)", "spans", "the same, marked or not", _UNITIZING),
    Measure(
        "alpha_cu", "alpha of units, labels (cuα)", "spans", "the labels where two people marked something", _UNITIZING
    ),
    Measure("alpha_ku", "alpha of units, one label ((k)uα)", "spans", "one label among those", _UNITIZING),
    Measure(
        "gamma",
        "gamma",
        "spans",
        "places and labels after the best alignment of all units",
        "Mathet, Widlöcher and Métivier (2015), Comput. Linguist. 41(3)",
        headline=True,
    ),
    Measure(
        "relation_f1",
        "relation F1",
        "relations",
        "relations with the same ends, direction and label",
        "Hripcsak and Rothschild (2005), JAMIA 12(3)",
        card="relation F1",
        trust=5,
        matrix=5,
        headline=True,
    ),
)

BY_NAME: dict[str, Measure] = {one.name: one for one in _ALL}
"""Every measure, in the order in which the report shows them."""


def _ranked(rank: str) -> tuple[str, ...]:
    chosen = [one for one in _ALL if getattr(one, rank)]
    return tuple(one.name for one in sorted(chosen, key=lambda one: int(getattr(one, rank))))


TRUSTED = _ranked("trust")
"""By which a person is compared with the rest: the first of these that the layer has."""
OF_PAIRS = _ranked("matrix")
"""By which pairs of people are shown: the first of these that the control has."""
HEADLINES = (*TRUSTED, *(one.name for one in _ALL if one.headline and not one.trust))
ON_THE_CARD = {one.name: one.card for one in _ALL if one.card}


def without_repeats(figures: Sequence[Any]) -> list[Any]:
    """Figures without those of a control that say what the figure of its one target says."""
    told = {_facts(figure) for figure in figures if figure.target}
    return [figure for figure in figures if figure.target or _facts(figure) not in told]


def _facts(figure: Any) -> tuple[object, ...]:
    return figure.measure, figure.label, figure.annotators, figure.value, figure.low, figure.high, figure.n_items
