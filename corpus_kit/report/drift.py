"""How agreement moves over the months: everybody together, each person against the rest, and where guidelines changed.

Figures come from `data/gold/agreement.json`, where the build wrote them; nothing is measured here.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from corpus_kit.core.measures import TRUSTED
from corpus_kit.report.charts import WIDTH, Chart
from corpus_kit.report.visible import visible

EVERYBODY = "everybody"
MOST_LINES = 8
"""People in one chart, those with the most work; as many as there are colours."""
_HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 230, 34, 104, 14, 26, 14

Series = Mapping[str, Sequence[float | None]]


def drift_charts(months: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Iterator[Chart]:
    """A chart for each control of one layer that has a figure in two months or more.

    Args:
        months: The months of this layer, in order, as `drift` wrote them.
        names: Measure → what it is called.
    """
    if len(months) < 2:
        return
    labels = [str(month["value"]) for month in months]
    rules = {
        at: [visible(name) for name in month["guidelines"] if name != "unknown"] for at, month in enumerate(months)
    }
    for place, measure in _places(months):
        lines: dict[str, list[float | None]] = {EVERYBODY: [None] * len(months)}
        work: dict[str, int] = {}
        for at, month in enumerate(months):
            for figure in month["figures"]:
                if _of(figure) == place and figure["measure"] == measure and _of_all(figure):
                    lines[EVERYBODY][at] = figure["value"]
            for one in month["people"]:
                if _of(one) == place and one["measure"] == measure:
                    lines.setdefault(one["annotator"], [None] * len(months))[at] = one["value"]
                    work[one["annotator"]] = work.get(one["annotator"], 0) + one["n_items"]
        people = sorted(sorted(work, key=lambda name: (-work[name], name))[:MOST_LINES])
        series = {name: lines[name] for name in (EVERYBODY, *people)}
        if sum(value is not None for value in series[EVERYBODY]) > 1:
            yield _chart(f"{place}: {names[measure]} by month", labels, series, rules)


def _of(figure: Mapping[str, Any]) -> str:
    return figure["target"] or figure["control"] or ""


def _of_all(figure: Mapping[str, Any]) -> bool:
    return figure["label"] is None and not figure["pair"]


def _places(months: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Target or control, with the measure by which a person is compared with the rest there."""
    found: dict[str, set[str]] = {}
    for month in months:
        for figure in month["figures"]:
            if _of_all(figure) and figure["value"] is not None:
                found.setdefault(_of(figure), set()).add(figure["measure"])
    chosen = ((place, next((name for name in TRUSTED if name in told), "")) for place, told in found.items())
    return sorted((place, measure) for place, measure in chosen if measure)


def _chart(title: str, months: Sequence[str], series: Series, rules: Mapping[int, Sequence[str]]) -> Chart:
    first, last = (
        next(((month, value) for month, value in pairs if value is not None), ("", 0.0))
        for pairs in (
            list(zip(months, series[EVERYBODY], strict=True)),
            list(zip(months, series[EVERYBODY], strict=True))[::-1],
        )
    )
    description = f"Everybody together: {first[1]:.2f} in {first[0]}, {last[1]:.2f} in {last[0]}."
    changed = [f"{months[at]}: {', '.join(names)}" for at, names in rules.items() if names]
    if changed:
        description += f" Guidelines first used in {'; '.join(changed)}."
    rows = tuple(
        (month, *(_shown(values[at]) for values in series.values()), ", ".join(rules.get(at, ())))
        for at, month in enumerate(months)
    )
    picture = _picture(title, description, months, series, rules)
    return Chart(visible(title), description, ("month", *map(visible, series), "guidelines first used"), rows, picture)


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _picture(
    title: str, description: str, months: Sequence[str], series: Series, rules: Mapping[int, Sequence[str]]
) -> Markup:
    known = [value for values in series.values() for value in values if value is not None]
    low = min(0.0, math.floor(min(known) * 5) / 5)
    root = ET.Element("svg", {"viewBox": f"-8 -8 {WIDTH + 24} {_HEIGHT + 16}", "role": "img", "class": "chart lines"})
    ET.SubElement(root, "title").text = visible(title)
    ET.SubElement(root, "desc").text = description

    def x(at: float) -> float:
        return round(_LEFT + at * (WIDTH - _LEFT - _RIGHT) / max(1, len(months) - 1), 1)

    def y(value: float) -> float:
        return round(_TOP + (1 - value) * (_HEIGHT - _TOP - _BOTTOM) / (1 - low), 1)

    for number in range(round(low * 5), 6):
        value = number / 5
        _line(root, x(0), y(value), x(len(months) - 1), y(value), "")
        _text(root, _LEFT - 6, y(value) + 4, _shown(value), "end")
    every = max(1, -(-len(months) * 62 // (WIDTH - _LEFT - _RIGHT)))
    for at, month in enumerate(months):
        if at % every == 0:
            _text(root, x(at), _HEIGHT - 6, month, "middle")
        if rules.get(at):
            mark = _line(root, x(at), _TOP, x(at), y(low), "rule")
            ET.SubElement(mark, "title").text = f"Guidelines first used: {', '.join(rules[at])}"
    ends = []
    for number, (name, values) in enumerate(series.items()):
        group = ET.SubElement(root, "g", {"class": "all" if name == EVERYBODY else f"l{(number - 1) % MOST_LINES}"})
        _strokes(group, [None if value is None else (x(at), y(value)) for at, value in enumerate(values)])
        last = next((value for value in reversed(values) if value is not None), None)
        if last is not None:
            ends.append((y(last), name))
    floor = -math.inf
    for place, name in sorted(ends):
        floor = max(place + 4, floor + _GAP)
        _text(root, x(len(months) - 1) + 8, floor, _short(name), "start")
    return Markup(ET.tostring(root, encoding="unicode"))


def _strokes(group: ET.Element, points: Sequence[tuple[float, float] | None]) -> None:
    """A line through the points, broken where a month has no figure."""
    run: list[tuple[float, float]] = []
    for point in (*points, None):
        if point is not None:
            run.append(point)
            ET.SubElement(group, "circle", {"cx": f"{point[0]:g}", "cy": f"{point[1]:g}", "r": "3"})
        elif run:
            if len(run) > 1:
                ET.SubElement(group, "polyline", {"points": " ".join(f"{a:g},{b:g}" for a, b in run)})
            run = []


def _line(root: ET.Element, x1: float, y1: float, x2: float, y2: float, kind: str) -> ET.Element:
    at = {"x1": f"{x1:g}", "y1": f"{y1:g}", "x2": f"{x2:g}", "y2": f"{y2:g}"}
    return ET.SubElement(root, "line", at | ({"class": kind} if kind else {}))


def _text(root: ET.Element, x: float, y: float, words: str, anchor: str) -> None:
    ET.SubElement(root, "text", {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor}).text = words


def _short(name: str) -> str:
    words = visible(name)
    return words if len(words) <= 14 else f"{words[:13]}…"
