"""The second look at a page's head: what the first look thinks of a line, of its neighbours and of its rivals."""

from __future__ import annotations

import re

import numpy as np

from corpus_kit.core.lines.pages import F64, I64, Columns
from corpus_kit.ingest.page_facts.head import Heads

FLOOR = -6.0
"""Log-odds below which a line is no rival and is not looked at again."""
_RIVALS = 5
_LEAST, _MOST = -9.0, 9.0
_AGAINST = (
    "row", "chars", "words", "prose_before", "rows_to_prose", "prose_below8", "overlap", "hits", "often", "common",
    "common_sum", "spread", "spread_sum", "known", "in_stubs", "repeated", "dated_below3", "stubs_above3", "stubs_below3",
    "gap", "gap+1", "ends_sentence", "bullet", "chars+1", "caps_later", "same_tail", "same_head", "likely_between",
)  # fmt: skip
"""Columns of the first look in which a line is held against its strongest rival."""
_WORD = re.compile(r"\w+")
_SEPARATED = re.compile(r"\s*[|–—•·»:]|\s+[-~/]\s")
_BREADCRUMB = re.compile(r"[|–—•·»›>→]\s*$|\s[-~/\\]\s+$|[^\W\d_]$|\s{2}$")


def rivals(odds: F64) -> I64:
    """The rows that are looked at again."""
    return np.flatnonzero(odds > FLOOR)


def second_look(heads: Heads, columns: Columns, odds: F64, at: I64) -> Columns:
    """Columns of the rows `at`: those that a look at one line has, and what tells rivals apart.

    Args:
        heads: The heads.
        columns: What the first look saw of every row.
        odds: What it thinks of every row.
        at: The rows that are looked at again, see `rivals`.
    """
    rows = heads.rows
    told = np.clip(odds, _LEAST, _MOST)
    out: Columns = {name: values[at] for name, values in columns.items()}
    for by in (-3, -2, -1, 1, 2, 3):
        near = at + by
        out[f"odds{by:+d}"] = np.where(
            (near >= rows.low[at]) & (near < rows.high[at]), told[np.clip(near, 0, rows.n - 1)], -10.0
        )
    mine, doc = told[at], rows.doc[at]
    low = np.searchsorted(doc, doc)
    size = np.searchsorted(doc, doc, side="right") - low
    order = np.lexsort((at, -mine, doc))
    rank = np.empty(len(at), np.int64)
    rank[order] = np.arange(len(at)) - low[order]
    first = order[low]
    second = order[np.minimum(low + 1, len(at) - 1)]
    other = np.where(rank == 0, np.where(size > 1, second, -1), first)
    weight = np.exp(mine)
    total = np.bincount(doc, weight, minlength=rows.n_docs)
    rival = at[other]
    out |= {
        "odds": mine,
        "best": mine[first],
        "minus": mine - np.where(other < 0, _LEAST, mine[other]),
        "rank": np.minimum(rank, 20).astype(np.float64),
        "share": weight / (1.0 + total[doc]),
        "from_best": np.clip(at - at[first], -30, 30).astype(np.float64),
        "above": mine - _best_above(mine, doc),
        "rivals": np.minimum(size, 30).astype(np.float64),
    }
    for name in _AGAINST:
        values = columns[name]
        out[f"{name}~"] = np.where(other < 0, -999.0, values[at] - values[rival])
    return out | _contained(heads, at, rank)


def _best_above(odds: F64, doc: I64) -> F64:
    """The best odds of the earlier rivals of the same text."""
    before = np.concatenate([[_LEAST], odds[:-1]])
    before[1:][doc[1:] != doc[:-1]] = _LEAST
    step = 64.0 * doc
    above: F64 = np.maximum.accumulate(before + step) - step
    return above


def _contained(heads: Heads, at: I64, rank: I64) -> Columns:
    """Among the likeliest lines of each text: whether one ends or begins as another one reads, as breadcrumbs and the titles
    of windows do, and how often the whole text says it beyond lines of its own."""
    names = ("ends_other", "begins_other", "within", "said", "goes_on", "cut_short")
    table = np.zeros((len(names), len(at)))
    ends, begins, within, said, goes_on, cut_short = table
    mine: dict[int, list[tuple[int, str, str]]] = {}
    likely = np.flatnonzero(rank < _RIVALS)
    for number, row, text in zip(
        likely.tolist(), at[likely].tolist(), heads.pages.doc[at[likely]].tolist(), strict=True
    ):
        line = heads.line(row)
        mine.setdefault(text, []).append((number, line, plain(line)))
        if len(line) >= 12:
            said[number] = min(heads.texts[text].count(line), 8) - min(heads.repeated[row], 8.0)
    for lines in mine.values():
        for number, line, one in lines:
            for another, its_line, other in lines:
                if not len(one) > len(other) >= 8:
                    continue
                if ends_as(one, other):
                    ends[number] = 1.0
                elif one.startswith(other + " "):
                    begins[number] = 1.0
                else:
                    continue
                within[another] = 1.0
                if not is_set_off(line, its_line):
                    goes_on[number], cut_short[another] = 1.0, 1.0
    return dict(zip(names, table, strict=True))


def is_set_off(line: str, part: str) -> bool:
    """Whether what a line has more than a part of it stands behind a bar or a dash, as the names of sites do, or before a
    bar or glued to the part, as breadcrumbs do."""
    at = line.find(part)
    if at < 0:
        return False
    before, after = line[:at], line[at + len(part) :]
    return bool(_SEPARATED.match(after) if after.strip() else _BREADCRUMB.search(before))


def ends_as(one: str, other: str) -> bool:
    """Whether a line ends as another one of several words reads; a breadcrumb may be glued to it."""
    return one.endswith(" " + other) or (len(other) >= 12 and " " in other and one.endswith(other))


def plain(line: str) -> str:
    """The words of a line, without case and marks."""
    return " ".join(_WORD.findall(line.casefold()))
