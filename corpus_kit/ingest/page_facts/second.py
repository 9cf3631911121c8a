"""The second look at a page's head: what the first look thinks of a line, of its neighbours and of its rivals."""

from __future__ import annotations

import re

import numpy as np

from corpus_kit.core.lines.pages import F64, Columns, Rows
from corpus_kit.ingest.page_facts.head import Heads

FLOOR = -6.0
"""Log-odds below which a line is no rival and is not looked at again."""
_RIVALS = 12
_WORD = re.compile(r"\w+")


def second_look(heads: Heads, odds: F64, fit: F64) -> Columns:
    """Columns of every row. odds: the first look's; fit: 1.0 for rows that may be headlines at all."""
    rows = heads.rows
    # Binary fractions add up to the same sum in any company.
    told = np.where(fit > 0, np.round(np.clip(odds, -9.0, 9.0) * 65536.0) / 65536.0, -9.0)
    out: Columns = {f"odds{by:+d}": rows.shift(told, by, -10.0) for by in (-3, -2, -1, 1, 2, 3)}
    weight = np.round(np.exp(told) * 65536.0) / 65536.0
    best, other, rank, top = _rivals(told, rows)
    out["odds"] = told
    out["best"] = best
    out["minus"] = told - other
    out["rank"] = np.minimum(rank, 20.0)
    out["share"] = weight / (1.0 + rows.total(weight))
    out["from_best"] = np.clip(rows.row - top, -30, 30).astype(np.float64)
    out["above"] = told - _best_above(told, rows)
    out |= _contained(heads, told, rank)
    return out


def _rivals(told: F64, rows: Rows) -> tuple[F64, F64, F64, F64]:
    """Of each row: the best odds of its text, the best among the others, its rank, and the row that is best."""
    order = np.lexsort((rows.row, -told, rows.doc))
    rank = np.empty(rows.n)
    rank[order] = np.arange(rows.n) - rows.low[order]
    if not rows.n:
        return told, told, rank, rank
    first = order[rows.low]
    second = np.where(rows.high - rows.low > 1, told[order[np.minimum(rows.low + 1, rows.n - 1)]], -9.0)
    best = told[first]
    return best, np.where(rank == 0, second, best), rank, first.astype(np.float64)


def _best_above(told: F64, rows: Rows) -> F64:
    """The best odds of the earlier rows of the same text."""
    before = rows.shift(told, -1, -9.0)
    step = 64.0 * rows.doc
    above: F64 = np.maximum.accumulate(before + step) - step
    return above


def _contained(heads: Heads, told: F64, rank: F64) -> Columns:
    """Among the likeliest lines of each text: whether one ends or begins as another one reads, as breadcrumbs and the titles
    of windows do, and how often the whole text says it beyond lines of its own."""
    n = heads.rows.n
    ends, begins, within, said = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    doc = heads.pages.doc
    likely = np.flatnonzero((told > FLOOR) & (rank < _RIVALS)).tolist()
    mine: dict[int, list[tuple[int, str]]] = {}
    for row in likely:
        mine.setdefault(int(doc[row]), []).append((row, plain(heads.lines[row])))
    for at, lines in mine.items():
        text = heads.texts[at]
        for row, one in lines:
            line = heads.lines[row]
            if len(line) >= 12:
                said[row] = min(text.count(line), 8) - min(heads.repeated[row], 8.0)
            for another, other in lines:
                if len(one) > len(other) >= 8:
                    if ends_as(one, other):
                        ends[row], within[another] = 1.0, 1.0
                    elif one.startswith(other + " "):
                        begins[row], within[another] = 1.0, 1.0
    return {"ends_other": ends, "begins_other": begins, "within": within, "said": said}


def ends_as(one: str, other: str) -> bool:
    """Whether a line ends as another one of several words reads; a breadcrumb may be glued to it."""
    return one.endswith(" " + other) or (len(other) >= 12 and " " in other and one.endswith(other))


def plain(line: str) -> str:
    """The words of a line, without case and marks."""
    return " ".join(_WORD.findall(line.casefold()))
