"""What the markup around a line says: columns beside those of the plain text, for pages that were HTML.

Elements, links and the usual words in class names are the same in every language. What is asked of a line is where its
block stands: in which elements, among how many links, and in the part of the page that holds most of the prose (as
Readability looks for it).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from corpus_kit.core.lines.pages import F64, Columns, LineRows, Pages

N_HINTS = 36
_INDEX = re.compile(r"\[\d+\]")
_KINDS = (
    ("p",), ("li",), ("h1",), ("h2",), ("h3", "h4", "h5", "h6"), ("td", "th"), ("div",), ("a", "button"), ("figcaption",),
    ("section", "article", "main"), ("blockquote",), ("dt", "dd"), ("pre",), ("label", "option", "legend", "select"),
)  # fmt: skip
_KIND = {name: number for number, names in enumerate(_KINDS) for name in names}
_PROSE_CHARS, _PROSE_LINKS = 80, 0.4
_SHIFTED = {"m_links": (-3, -2, -1, 1, 2, 3), "m_kind0": (-2, -1, 1, 2), "m_in_best": (-1, 1), "m_same": (-1, 1)}


class BlockRow(NamedTuple):
    """A block of a page as the table `sources` has it.

    start, end: code points of the text. path: XPath of its element. hints: what is said around it, a bit each.
    link_chars: characters in links, white space aside. links: how many.
    """

    start: int
    end: int
    path: str
    hints: int
    link_chars: int
    links: int


def markup_columns(pages: Pages, rows: LineRows, blocks: Sequence[Sequence[BlockRow]]) -> Columns:
    """Columns about the markup, a value for every row; zeros for texts without blocks.

    Args:
        pages: The texts' lines.
        rows: The same, to look beyond a row.
        blocks: Of each text, in order.
    """
    names = _names()
    table = np.zeros((rows.n, len(names)))
    for d, of_page in enumerate(blocks):
        low, high = int(pages.first[d]), int(pages.first[d + 1])
        if not of_page or low == high:
            continue
        starts = np.array([block.start for block in of_page], np.int64)
        at = np.searchsorted(starts, pages.start[low:high] - pages.offset[d], side="right") - 1
        table[low:high] = _of_blocks(of_page)[np.maximum(at, 0)]
        # Several lines of one block: which of them it is.
        table[low:high, -1] = np.diff(at, prepend=-1) == 0
    columns = dict(zip(names, table.T.copy(), strict=True))
    for name, shifts in _SHIFTED.items():
        for by in shifts:
            columns[f"{name}{by:+d}"] = rows.shift(columns[name], by)
    return columns


def _names() -> list[str]:
    kinds = [f"m_kind{k}" for k in range(len(_KINDS))]
    hints = [f"m_hint{k}" for k in range(N_HINTS)]
    others = [
        "m_depth", "m_links", "m_link_count", "m_signature_share", "m_signature_links", "m_signature_count",
        "m_parent_links",
        "m_parent_blocks", "m_parent_share", "m_grand_links", "m_grand_share", "m_in_best", "m_best_share", "m_near_best",
        "m_list_depth", "m_same",
    ]  # fmt: skip
    return [*kinds, *hints, *others]


def _of_blocks(blocks: Sequence[BlockRow]) -> F64:
    """(blocks, columns) of one page."""
    chars = np.array([max(block.end - block.start, 1) for block in blocks], np.float64)
    linked = np.array([block.link_chars for block in blocks], np.float64)
    share = np.minimum(linked / chars, 1.0)
    steps = [block.path.split("/")[1:] for block in blocks]
    bare = [_INDEX.sub("", block.path) for block in blocks]
    prose = np.where((chars >= _PROSE_CHARS) & (share < _PROSE_LINKS), chars - linked, 0.0)
    best = _best_container(steps, prose)
    inside = np.array([step[: len(best)] == best for step in steps])
    total, told = chars.sum(), max(prose.sum(), 1.0)

    def grouped(keys: Sequence[str]) -> tuple[F64, F64, F64]:
        """Of each block's group: characters, those in links, blocks."""
        sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
        for key, size, in_links in zip(keys, chars.tolist(), linked.tolist(), strict=True):
            one = sums[key]
            one[0] += size
            one[1] += in_links
            one[2] += 1
        found = np.array([sums[key] for key in keys])
        return found[:, 0], found[:, 1] / found[:, 0], found[:, 2]

    signature, signature_links, signature_count = grouped(bare)
    parent, parent_links, parent_count = grouped(["/".join(step[:-1]) for step in steps])
    grand, grand_links, _ = grouped(["/".join(step[:-2]) for step in steps])
    made = np.zeros((len(blocks), len(_names())))
    for row, (path, block) in enumerate(zip(bare, blocks, strict=True)):
        kind = _KIND.get(path.rpartition("/")[2])
        if kind is not None:
            made[row, kind] = 1.0
        for bit in range(N_HINTS):
            if block.hints >> bit & 1:
                made[row, len(_KINDS) + bit] = 1.0
    shared = [
        next((k for k, (a, b) in enumerate(zip(step, best, strict=False)) if a != b), min(len(step), len(best)))
        for step in steps
    ]
    same = [False, *(a == b for a, b in pairwise(bare))]
    others = (
        np.minimum([len(step) for step in steps], 40),
        share,
        np.minimum([block.links for block in blocks], 30),
        _coarse(signature / total),
        _coarse(signature_links),
        np.minimum(signature_count, 60),
        _coarse(parent_links),
        np.minimum(parent_count, 60),
        _coarse(parent / total),
        _coarse(grand_links),
        _coarse(grand / total),
        inside,
        np.full(len(blocks), _coarse(np.array(prose[inside].sum() / told))),
        np.array(shared) / max(len(best), 1),
        [sum(step.startswith(("ul", "ol")) for step in each) for each in steps],
        same,
    )
    for number, column in enumerate(others, start=len(_KINDS) + N_HINTS):
        made[:, number] = column
    return made


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Steps from the root that two paths have in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((k for k, (a, b) in pairs if a != b), min(len(one), len(other)))


def _coarse(share: F64) -> F64:
    """Sixteenths: what is the same for a whole page must not tell which page it is."""
    rounded: F64 = np.round(share * 16.0) / 16.0
    return rounded


def _best_container(steps: Sequence[Sequence[str]], prose: F64) -> list[str]:
    """The path of the element with most prose directly in it; half counts what is one element further down."""
    score: dict[tuple[str, ...], float] = defaultdict(float)
    for step, size in zip(steps, prose.tolist(), strict=True):
        if size:
            score[tuple(step[:-1])] += size
            score[tuple(step[:-2])] += size / 2
            score[tuple(step[:-3])] += size / 4
    best = max(score.items(), key=lambda item: (item[1], len(item[0]), item[0]), default=((), 0.0))
    return list(best[0])
