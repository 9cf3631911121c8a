"""Static charts as SVG, drawn by `leather`, in the page's own colours: no script, text that can be selected.

What the library writes as colours and fonts is taken out again, so that the page's style sheet decides them, for light
and dark and print. A chart never stands alone: the template puts the table of its numbers beside it.
"""

from __future__ import annotations

import math
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from markupsafe import Markup

from corpus_kit.report.visible import visible

WIDTH = 420
_ROW, _COLUMNS_HEIGHT, _LONGEST_LABEL = 26, 230, 22
_FONT, _CHARACTER, _EDGE = 13, 7.6, 8
_NARROW, _WIDE = frozenset("fijlrt.,:;'|!()[] "), frozenset("mwMW%@—<>=+~жшщюфыЖШЩЮФЫ")
_STYLING = ("fill", "stroke", "stroke-width", "font-family", "font-size")


@dataclass(frozen=True, slots=True)
class Chart:
    """title, description: read out in place of the picture. header, rows: the numbers, for the table beside it.

    picture: the SVG, None where there is nothing to draw.
    """

    title: str
    description: str
    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    picture: Markup | None


def bars(title: str, header: tuple[str, str], rows: Sequence[tuple[str, float]], *, percent: bool = False) -> Chart:
    """Horizontal bars, the first row on top. percent: values are shares."""
    told = tuple((visible(label), value) for label, value in rows)
    picture = None
    if any(value for _, value in told):
        picture = _bars(title, told, percent)
    return Chart(title, _described(told, percent), header, _table(told, percent), picture)


def columns(title: str, header: tuple[str, str], rows: Sequence[tuple[str, float]]) -> Chart:
    """Upright columns in the given order, for lengths and dates."""
    told = tuple((visible(label), value) for label, value in rows)
    picture = None
    if any(value for _, value in told):
        # One column alone would be a wall.
        picture = _columns(title, told) if len(told) > 1 else _bars(title, told, False)
    return Chart(title, _described(told, False), header, _table(told, False), picture)


def _bars(title: str, rows: Sequence[tuple[str, float]], percent: bool) -> Markup:
    import leather

    # Values of an axis must differ; their place in the list makes them so, and the label is cut when it is printed.
    size = 100 if percent else 1
    named = [(value * size, f"{number:04d}{label}") for number, (label, value) in enumerate(rows)]
    chart = leather.Chart()
    chart.add_bars(named)
    most, least = max(0, *(value for value, _ in named)), min(0, *(value for value, _ in named))
    chart.add_x_scale(least, most)
    down = [-tick for tick in reversed(_ticks(-least)[1:])] if least else []
    chart.add_x_axis(
        ticks=[*down, *(_ticks(most) if most else [0.0])], tick_formatter=lambda value, *_: _short(value, percent)
    )
    chart.add_y_axis(tick_formatter=lambda value, *_: _cut(value[4:]))
    labels = [_cut(label) for label, _ in rows]
    character = max(map(_pixels, labels)) / max(map(len, labels))
    return _svg(chart, title, _described(rows, percent), len(rows) * _ROW + 34, "bars", character)


def _columns(title: str, rows: Sequence[tuple[str, float]]) -> Markup:
    import leather

    named = [(f"{number:04d}{label}", value) for number, (label, value) in enumerate(rows)]
    chart = leather.Chart()
    chart.add_columns(named)
    most = max(value for _, value in rows)
    chart.add_y_scale(0, most)
    chart.add_y_axis(ticks=_ticks(most), tick_formatter=lambda value, *_: _short(value, False))
    widest = max(_width(label) for label, _ in rows)
    every = max(1, -(-int(len(rows) * (widest + 1) * _CHARACTER) // (WIDTH - 60)))
    chart.add_x_axis(tick_formatter=lambda value, number, _: "" if number % every else value[4:])
    return _svg(chart, title, _described(rows, False), _COLUMNS_HEIGHT, "upright")


def _svg(chart: Any, title: str, description: str, height: int, kind: str, character: float = _CHARACTER) -> Markup:
    with _look(character):
        drawing = chart.to_svg_group(WIDTH, height)
    for element in drawing.iter():
        for name in _STYLING:
            element.attrib.pop(name, None)
        for name, value in element.attrib.items():
            element.attrib[name] = _rounded(value)
    drawing.remove(drawing[0])  # the background
    # A long name is cut in the picture; it stands whole in the table.
    root = ET.Element(
        "svg",
        {
            "viewBox": f"-{_EDGE} -{_EDGE} {WIDTH + 3 * _EDGE} {height + 2 * _EDGE}",
            "role": "img",
            "class": f"chart {kind}",
        },
    )
    ET.SubElement(root, "title").text = title
    ET.SubElement(root, "desc").text = description
    root.append(drawing)
    return Markup(ET.tostring(root, encoding="unicode"))


@contextmanager
def _look(character: float) -> Iterator[None]:
    """The measures that the library's layout goes by; they are variables of a module, put back afterwards.

    character: the width of one in the labels beside the bars; the library multiplies it by the most characters of one.
    """
    from leather import theme

    ours = {"margin": 0.0, "tick_font_size": _FONT, "tick_font_char_height": _FONT, "tick_font_char_width": character}
    before = {name: getattr(theme, name) for name in ours}
    try:
        for name, value in ours.items():
            setattr(theme, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(theme, name, value)


def _rounded(value: str) -> str:
    """Coordinates to a tenth: smaller, and the same on every processor."""
    try:
        return f"{float(value):.1f}".removesuffix(".0")
    except ValueError:
        return value


def _ticks(most: float) -> list[float]:
    """Zero and up to four round numbers, the last at most `most`; whole ones where `most` is 1 or more, as counts are."""
    step = 1.0 if most >= 1 else 10.0 ** (math.floor(math.log10(most)) - 1)
    for factor in cycle((2, 2.5, 2)):
        if most / step <= 4.5:
            break
        step *= factor
    return [step * number for number in range(int(most / step) + 1)]


def _short(value: float, percent: bool) -> str:
    if percent:
        return f"{value:.3g} %"
    if value < 0:
        return f"−{_short(-value, percent)}"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"


def _table(rows: Sequence[tuple[str, float]], percent: bool) -> tuple[tuple[Any, ...], ...]:
    return tuple((label, f"{value:.1%}" if percent else value) for label, value in rows)


def _described(rows: Sequence[tuple[str, float]], percent: bool) -> str:
    """The largest three in words; all numbers stand in the table."""
    largest = sorted(rows, key=lambda row: -abs(row[1]))[:3]
    told = ", ".join(f"{label} {f'{value:.1%}' if percent else f'{value:,}'}" for label, value in largest)
    return f"{len(rows)} values; the largest: {told}." if told else "No values."


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _pixels(text: str) -> float:
    """About how wide a label is drawn, rather too wide than too narrow: capitals are wide, and Chinese twice as wide."""
    width = 0.0
    for character in text:
        if unicodedata.east_asian_width(character) in "WF":
            width += _FONT
        elif character in _NARROW:
            width += 0.45 * _FONT
        else:
            width += (0.84 if character in _WIDE else 0.74 if character.isupper() else 0.62) * _FONT
    return width


def _cut(label: str) -> str:
    """At most `_LONGEST_LABEL` columns of type."""
    if _width(label) <= _LONGEST_LABEL:
        return label
    kept, width = "", 0
    for character in label:
        width += _width(character)
        if width >= _LONGEST_LABEL:
            break
        kept += character
    return kept.rstrip() + "…"
