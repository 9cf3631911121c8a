"""How far suggestions steer people: documents whose tasks showed them against documents that were held out.

Which documents are held out is decided by a hash, so the two groups differ by chance and by the suggestions alone. Figures
are means over documents; the interval of their difference is Welch's (Biometrika 34, 1947), of times on a log scale.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from statistics import NormalDist, fmean, variance
from typing import Any

from corpus_kit.core.storage.tables import iter_batches, parts
from corpus_kit.ledger.export_json import Json, results_of
from corpus_kit.ledger.held_back import read_held_back
from corpus_kit.ledger.outcomes import outcome

LEAST_DOCUMENTS = 5
CONFIDENCE = 0.95
WITH_THE_MODEL, SECONDS, BETWEEN_PEOPLE = "with the model", "seconds per task", "between people"
_READ = ("doc_id", "layer", "origin", "status", "annotator", "text_sha256", "lead_time_s", "payload")
Items = frozenset[tuple[str, str]]
"""What an annotation says: control and value."""


@dataclass(frozen=True, slots=True)
class Steering:
    """One figure of one layer in both groups.

    measure: agreement of people with the model, or between people (F1 of what they say, 0 to 1), or seconds per task.
    shown, held: means over documents, of times geometric. effect: their difference, of times the ratio; low, high: its 95 %
    interval; None with fewer than five documents in a group.
    """

    layer: str
    measure: str
    shown: float
    held: float
    shown_documents: int
    held_documents: int
    effect: float | None
    low: float | None
    high: float | None


@dataclass(slots=True)
class _Group:
    """Of each document: agreement with the model, seconds, and what each person said."""

    with_model: dict[str, list[float]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    said: dict[str, dict[str, Items]] = field(default_factory=dict)


def steering(data: Path, layers: Iterable[str]) -> list[Steering]:
    """The figures of every layer in which documents were held out. Memory: what people say in these layers."""
    held = {layer: found for layer in layers if (found := read_held_back(data, layer))}
    if not held:
        return []
    groups = {layer: (_Group(), _Group()) for layer in held}
    for path in parts(data / "annotations", "annotations"):
        for batch in iter_batches(path, _READ, 256):
            for row in batch.to_pylist():
                if row["layer"] in held and (row["origin"], row["status"]) == ("human", "submitted"):
                    _take(row, held[row["layer"]], *groups[row["layer"]])
    return [one for layer, (shown, hidden) in groups.items() for one in _figures(layer, shown, hidden)]


def _take(row: Mapping[str, Any], held: Mapping[str, Any], shown: _Group, hidden: _Group) -> None:
    payload: Json = json.loads(row["payload"])
    if outcome(payload) is not None:
        group, offered = shown, items_of(results_of(payload["prediction"]))
    elif row["doc_id"] in held and held[row["doc_id"]].text_sha256 == row["text_sha256"]:
        group, offered = hidden, items_of(held[row["doc_id"]].result)
    else:
        return
    said = items_of(results_of(payload))
    group.with_model.setdefault(row["doc_id"], []).append(f1(said, offered))
    group.said.setdefault(row["doc_id"], {})[row["annotator"]] = said
    if row["lead_time_s"] is not None and row["lead_time_s"] > 0:
        group.seconds.setdefault(row["doc_id"], []).append(math.log(row["lead_time_s"]))


def items_of(results: Iterable[Any]) -> Items:
    """What results say, without ids and without the text, which servers rewrite."""
    found = set()
    for one in results:
        if isinstance(one, dict) and one.get("type") != "relation" and isinstance(one.get("value"), dict):
            value = {k: v for k, v in one["value"].items() if k != "text"}
            found.add((str(one.get("from_name")), json.dumps(value, sort_keys=True)))
    return frozenset(found)


def f1(one: Items, other: Items) -> float:
    """Two answers as sets: 1 where they are the same, 0 where they share nothing."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 1.0


def _figures(layer: str, shown: _Group, hidden: _Group) -> list[Steering]:
    told: list[tuple[str, dict[str, list[float]], dict[str, list[float]], Callable[[float], float]]] = [
        (WITH_THE_MODEL, shown.with_model, hidden.with_model, float),
        (SECONDS, shown.seconds, hidden.seconds, math.exp),
        (BETWEEN_PEOPLE, _pairs(shown.said), _pairs(hidden.said), float),
    ]
    made = []
    for measure, ours, theirs, back in told:
        a, b = [fmean(each) for each in ours.values()], [fmean(each) for each in theirs.values()]
        if a and b:
            effect = difference(a, b)
            values = (None, None, None) if effect is None else tuple(map(back, effect))
            made.append(Steering(layer, measure, back(fmean(a)), back(fmean(b)), len(a), len(b), *values))
    return made


def _pairs(said: Mapping[str, Mapping[str, Items]]) -> dict[str, list[float]]:
    """Of documents with several people: agreement of each pair."""
    found = {doc: [f1(a, b) for a, b in combinations(people.values(), 2)] for doc, people in said.items()}
    return {doc: each for doc, each in found.items() if each}


def difference(a: Sequence[float], b: Sequence[float]) -> tuple[float, float, float] | None:
    """Difference of two means and its interval; None where there is too little to tell."""
    if min(len(a), len(b)) < LEAST_DOCUMENTS:
        return None
    # Documents that are all alike show no spread, which does not mean that there is none.
    spread = [(variance(each) or 1 / (4 * len(each) ** 2)) / len(each) for each in (a, b)]
    error = math.sqrt(sum(spread))
    freedom = sum(spread) ** 2 / sum(s**2 / (len(each) - 1) for s, each in zip(spread, (a, b), strict=True))
    reach = t_quantile((1 + CONFIDENCE) / 2, freedom) * error
    found = fmean(a) - fmean(b)
    return found, found - reach, found + reach


def t_quantile(p: float, freedom: float) -> float:
    """Quantile of Student's t by the expansion of Fisher and Cornish (Abramowitz and Stegun, 26.7.5); three digits right
    from four degrees of freedom on."""
    z, v = NormalDist().inv_cdf(p), freedom
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / v ** (power + 1) for power, term in enumerate(terms))
