"""Which kind of boilerplate a line is, from its shape and place; words are never read.

The decision whether a line is boilerplate is the model's. Naming it is help for the people who review suggestions, so a
few plain rules that can be explained do: where the line stands relative to the article, how long it and its neighbours
are, whether they end like sentences and carry dates.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from corpus_kit.core.lines.pages import F64, I64, Bool, Columns, LineRows, Pages
from corpus_kit.suggest.boilerplate.records import LABELS

_NUMBER = {label: number for number, label in enumerate(LABELS)}
_LISTED = ("navigation", "related_links", "comments", "promotion")
_COPYRIGHT_SIGNS = (0xA9, 0x2117)
_NEAR_ARTICLE = 6  # rows before its first line in which names and dates are the article's own


def name_kinds(
    columns: Columns, words: F64, chance: F64, repeats: Bool, pages: Pages, rows: LineRows
) -> npt.NDArray[np.int64]:
    """Number in `LABELS` for every row, given the chance that it is boilerplate and whether it repeats the headline."""
    if not rows.n:
        return np.zeros(0, np.int64)
    low, high = rows.best_run(np.round((0.5 - chance) * 1024.0) * (np.minimum(words, 80.0) + 1.0))
    before, after = rows.row < low, rows.row >= high
    inside = ~before & ~after
    ends = columns["ends_sentence"] > 0
    dated = (columns["date_marks"] + columns["years"]) > 0
    free = columns["bullet"] == 0

    # Neighbours that are likely content say nothing about which list a line belongs to.
    marked = (chance >= 0.5).astype(np.float64)
    near = np.maximum(rows.window(marked, 3, 3), 1.0)
    words_near = rows.window(np.minimum(words, 40.0) * marked, 3, 3) / near
    told = np.maximum(rows.window(marked * (words >= 3), 8, 8), 1.0)
    ends_near = rows.window(marked * (ends & (words >= 3)), 8, 8) / told
    dates_near = rows.window(marked * dated, 8, 8)
    signed = _copyright(pages)
    short = (words >= 1) & (words <= 12) & ~ends
    names = (columns["caps_share"] >= 0.6) & (words >= 2) & (words <= 5) & free & (columns["piped"] == 0)
    opening = before & (low - rows.row <= _NEAR_ARTICLE)
    closing = after & (rows.row - high < 2)

    rules: list[tuple[str, Bool]] = [
        ("repeated_headline", repeats),
        ("navigation", columns["piped"] >= 2),
        ("legal", signed & after),
        ("byline_credit", signed),
        ("byline_credit", short & dated & (opening | closing | inside)),
        ("byline_credit", short & names & (before & (low - rows.row <= 2) | inside)),
        ("caption", inside & (words >= 4) & (words <= 60) & free & ~ends),
        ("comments", after & (dates_near >= 3) & (ends_near >= 0.3)),
        ("promotion", ends & (words >= 6) & (ends_near >= 0.3)),
        ("promotion", (columns["ends_question"] > 0) & (words >= 3) & (ends_near >= 0.3)),
        ("other", opening & free & (words >= 4) & (words_near >= 4.0) & (near <= 4.0)),
        ("related_links", words_near >= 3.5),
        ("navigation", words <= 8),
    ]
    kinds = np.select([rule for _, rule in rules], [_NUMBER[name] for name, _ in rules], _NUMBER["other"])
    return _agree(kinds.astype(np.int64), marked, rows)


def _copyright(pages: Pages) -> Bool:
    out = np.zeros(pages.n_rows, bool)
    at = np.flatnonzero(np.isin(pages.codes, _COPYRIGHT_SIGNS))
    out[np.searchsorted(pages.start, at, side="right") - 1] = True
    return out


def _agree(kinds: I64, marked: F64, rows: LineRows) -> I64:
    """Lines of a list or a thread take the name most of their neighbours have; the other kinds stand alone."""
    votes = np.stack([rows.window(marked * (kinds == _NUMBER[name]), 5, 5) for name in _LISTED])
    numbers = np.array([_NUMBER[name] for name in _LISTED])
    listed = np.isin(kinds, numbers) & (marked > 0)
    return np.where(listed, numbers[votes.argmax(axis=0)], kinds)
