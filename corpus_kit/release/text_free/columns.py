"""Which columns of a release hold text, and how each is made again from the document's text and the columns that stay.

A column that follows from the text and offsets is left out and needs no note. Any other value that repeats a long run of
its document's text (a title in metadata) is kept as pieces: places in the text, and short literal strings between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Rule = Callable[[str, Row], Any]
Piece = str | tuple[int, int]


def text_columns(columns: Sequence[str]) -> dict[str, Rule]:
    """Column → how it follows from the text, for every column of a configuration that holds text.

    Args:
        columns: names of all columns of the configuration.

    Returns:
        Rules that take the document's text and the row without these columns.
    """
    having = set(columns)
    rules: dict[str, tuple[Rule, set[str]]] = {
        "text": (_line, {"line", "start", "end"}) if "line" in having else (_whole, set()),
        "main_text": (_main, {"main_spans"}),
        "tokens": (_tokens, {"token_starts", "token_ends"}),
        "surface": (_slice("start", "end"), {"start", "end"}),
        "head_text": (_slice("head_start", "head_end"), {"head_start", "head_end"}),
        "tail_text": (_slice("tail_start", "tail_end"), {"tail_start", "tail_end"}),
    }
    return {name: rule for name, (rule, needs) in rules.items() if name in having and needs <= having}


def as_pieces(value: str, text: str, limit: int) -> list[Piece]:
    """A string as places in `text` and literals, such that no literal holds more than `limit` characters of it in a row.

    Args:
        value: the string.
        text: of its document.
        limit: the longest run, in code points, that may be repeated.

    Returns:
        Pieces in order: (start, end) in `text`, or a literal string. Together they give `value`.
    """
    pieces: list[Piece] = []
    literal = at = 0
    while at + limit < len(value):
        found = text.find(value[at : at + limit + 1])
        if found < 0:
            at += 1
            continue
        end, there = at + limit + 1, found + limit + 1
        while end < len(value) and there < len(text) and value[end] == text[there]:
            end, there = end + 1, there + 1
        if literal < at:
            pieces.append(value[literal:at])
        pieces.append((found, there))
        literal = at = end
    if literal < len(value):
        pieces.append(value[literal:])
    return pieces


def of_pieces(pieces: Sequence[Any], text: str) -> str:
    """The string that `as_pieces` took apart. Pieces may come from JSON, where a place is a list."""
    return "".join(piece if isinstance(piece, str) else text[piece[0] : piece[1]] for piece in pieces)


def _whole(text: str, _row: Row) -> str:
    return text


def _line(text: str, row: Row) -> str:
    return text[row["start"] : row["end"]]


def _main(text: str, row: Row) -> str | None:
    spans = row["main_spans"]
    return None if spans is None else "".join(text[one["start"] : one["end"]] for one in spans)


def _tokens(text: str, row: Row) -> list[str]:
    return [text[a:b] for a, b in zip(row["token_starts"], row["token_ends"], strict=True)]


def _slice(start: str, end: str) -> Rule:
    def cut(text: str, row: Row) -> str | None:
        return None if row[start] is None else text[row[start] : row[end]]

    return cut
