"""A document without its boilerplate: which spans of the text are kept, so that nothing is lost track of."""

from __future__ import annotations

from collections.abc import Iterable

GOLD, SUGGESTED, WHOLE = "gold", "suggested", "whole"
"""Where the kept spans came from: settled by people, suggested by a model, or nothing is known and all is kept."""


def kept_spans(text: str, removed: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of `text` without the spans `removed` (start, end; they may overlap), in order.

    Blank pieces go too. White space between two pieces is kept before the gap; where there is none there, the next piece
    keeps its own, so that the words around a removed span do not run together. No white space at both ends of the whole.
    """
    kept: list[tuple[int, int]] = []
    at = 0
    for start, end in [*sorted(removed), (len(text), len(text))]:
        if start > at and text[at:start].strip():
            apart = not kept or text[kept[-1][1] - 1].isspace()
            begin = at + _leading(text[at:start]) if apart else at
            kept.append((begin, start))
        at = max(at, end)
    if kept:
        begin, end = kept[-1]
        kept[-1] = (begin, begin + len(text[begin:end].rstrip()))
    return kept


def joined(text: str, kept: Iterable[tuple[int, int]]) -> str:
    """The main text: the kept spans one after another, nothing between them."""
    return "".join(text[start:end] for start, end in kept)


def _leading(piece: str) -> int:
    return len(piece) - len(piece.lstrip())
