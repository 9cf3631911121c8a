"""Tables for people: columns that fit the terminal, and a record per row where they never can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corpus_kit.cli.terminal import cells, cut, padded
from corpus_kit.core.visible import visible

GAP = 2
LEAST = 10
"""The narrowest that a column of words is made; figures, with whatever signs stand around them, are never cut."""


def layout(rows: Sequence[Sequence[object]], header: Sequence[str], width: int | None) -> Iterator[str]:
    """The table's lines, the header first. width: columns there are, None for as many as it takes."""
    shown = [[shown_value(value) for value in row] for row in rows]
    heads = [list(header)] if header else []
    numeric = [all(isinstance(value, int | float) for value in column) for column in zip(*rows, strict=True)]
    whole = [not any(map(str.isalpha, "".join(column))) for column in zip(*shown, strict=True)]
    natural = [max(map(cells, column)) for column in zip(*heads, *shown, strict=True)]
    widths = natural if width is None else fitted(natural, whole, width)
    if widths is None or _alike(shown, widths):
        yield from _records(shown, header, width or 0)
        return
    for row in heads + shown:
        line = (" " * GAP).join(
            padded(cut(text, w), w, right=right) for text, w, right in zip(row, widths, numeric, strict=True)
        )
        yield line.rstrip()


def fitted(natural: Sequence[int], whole: Sequence[bool], width: int) -> list[int] | None:
    """Widths that fit: the widest columns of words give first. None where even their least is too much.

    whole: the columns that are not to be cut.
    """
    widths = list(natural)
    while (over := sum(widths) + GAP * (len(widths) - 1) - width) > 0:
        words = [i for i, figures in enumerate(whole) if not figures and widths[i] > min(LEAST, natural[i])]
        if not words:
            return None
        widest = max(words, key=lambda i: widths[i])
        second = max((widths[i] for i in words if i != widest), default=0)
        floor = max(min(LEAST, natural[widest]), second if second < widths[widest] else widths[widest] - 1)
        widths[widest] = max(floor, widths[widest] - over)
    return widths


def _alike(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> bool:
    """Whether cutting makes one of what differs: two people, two labels, two files in one folder."""
    return any(
        len({cut(text, width) for text in column}) < len(set(column))
        for column, width in zip(zip(*rows, strict=True), widths, strict=True)
    )


def _records(rows: Sequence[Sequence[str]], header: Sequence[str], width: int) -> Iterator[str]:
    """Row by row, a line per cell: what is left when a terminal is too narrow for the columns."""
    names = max((cells(name) for name in header), default=0)
    for number, row in enumerate(rows):
        if number:
            yield ""
        for name, text in zip(header or [""] * len(row), row, strict=True):
            line = f"{padded(name, names)}{' ' * GAP}{text}" if header else text
            yield line if text.replace(",", "").replace(".", "").isdigit() else cut(line, width)


def shown_value(value: object) -> str:
    """A cell: whole numbers with separators, everything else as it is, in one line, with acting characters shown."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return visible(" ".join(str(value).split("\n")))
