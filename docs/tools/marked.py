"""Generated parts of a Markdown page: everything between two markers, and not a byte outside them."""

from __future__ import annotations

import re
from collections.abc import Sequence


def replace_part(page: str, name: str, made: str) -> str:
    """`page` with `made` between `<!-- generated:begin NAME -->` and `<!-- generated:end NAME -->`.

    Raises ValueError when the page does not have exactly one such pair.
    """
    begin, end = f"<!-- generated:begin {name} -->", f"<!-- generated:end {name} -->"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(end) < page.index(begin):
        raise ValueError(f"the page needs one pair of markers '{begin}' and '{end}'")
    head, rest = page.split(begin)
    return f"{head}{begin}\n\n{made.strip()}\n\n{end}{rest.split(end)[1]}"


def cell(text: str) -> str:
    """Text for a cell of a Markdown table: one line, no bare bars."""
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table; the cells may hold Markdown."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)
