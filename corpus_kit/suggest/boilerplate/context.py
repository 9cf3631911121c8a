"""Where a line stands: its neighbours, its place in the page, and whether it lies in the page's best run of prose."""

from __future__ import annotations

import numpy as np

from corpus_kit.core.lines.pages import F64, I64, Bool, Columns, LineRows
from corpus_kit.suggest.boilerplate.features import Line

_NEIGHBOURS = {
    "words": (-3, -2, -1, 1, 2, 3),
    "ends_sentence": (-2, -1, 1, 2),
    "caps_later": (-1, 1),
    "bullet": (-1, 1),
    "indent": (-1, 1),
    "gap": (1, 2),
    "digits": (-1, 1),
    "date_marks": (-1, 1),
    "sentences": (-1, 1),
    "colon_end": (-1,),
    "same_lead": (-1, 1),
    "twins": (-1, 1),
    "number_share": (-1, 1),
    "lead_lower": (1,),
    "told_before": (-1, 1),
    "told_after": (-1, 1),
    "small_words": (-1, 1),
}
_REACH = (3, 8, 24)


def _coarse(share: F64) -> F64:
    """Eighths: what is the same for a whole page must not tell which page it is, or trees learn pages by heart."""
    return np.round(share * 8.0) / 8.0


def _at_most_60(distance: I64) -> F64:
    bounded: F64 = np.minimum(np.maximum(distance, -60), 60).astype(np.float64)
    return bounded


def overlap(line: Line, rows: LineRows, inside: Bool) -> F64:
    """Share of each row's long words that also stand in other rows flagged `inside` of the same text."""
    flagged = inside[line.long_row]
    in_run = np.bincount(line.long_id[flagged], minlength=line.n_long)[line.long_id]
    # A row's own words do not count as elsewhere; a word it holds twice is rare enough to let pass.
    hits = np.bincount(line.long_row, in_run > flagged, minlength=rows.n)
    share: F64 = hits / np.maximum(np.bincount(line.long_row, minlength=rows.n), 1.0)
    return share


def run_columns(name: str, words: F64, rows: LineRows, span: tuple[I64, I64]) -> Columns:
    """A row's place relative to a run: in rows, in words, and as a share of the run."""
    low, high = span
    inside = (rows.row >= low) & (rows.row < high)
    total = np.concatenate([np.zeros(1), np.cumsum(words)])
    run_words = total[high] - total[low]
    after = np.maximum(total[rows.row] - total[high], 0.0)
    before = np.maximum(total[low] - total[np.minimum(rows.row + 1, rows.n)], 0.0)
    return {
        f"{name}_inside": inside.astype(np.float64),
        f"{name}_from_low": _at_most_60(rows.row - low),
        f"{name}_from_high": _at_most_60(rows.row - high),
        f"{name}_words_after": np.minimum(after, 1500.0),
        f"{name}_words_before": np.minimum(before, 1500.0),
        f"{name}_share": _coarse(run_words / np.maximum(rows.total(words), 1.0)),
        f"{name}_depth": np.where(inside, (total[rows.row] - total[low]) / np.maximum(run_words, 1.0), -1.0),
    }


def place(columns: Columns, line: Line, rows: LineRows) -> Columns:
    """Columns of the first pass that look beyond the row itself."""
    words = line.words
    out: Columns = {}
    for name, shifts in _NEIGHBOURS.items():
        for by in shifts:
            out[f"{name}{by:+d}"] = rows.shift(columns[name], by)

    ends = columns["ends_sentence"]
    prose = np.where((words >= 12) & (ends > 0), words, np.where(words >= 30, 0.5 * words, 0.0))
    stubs = ((words < 10) & (ends == 0)).astype(np.float64)
    dated = np.minimum(columns["date_marks"] + columns["years"], 2.0)
    sums = {
        name: rows.sums(values)
        for name, values in (
            ("size", np.ones(rows.n)), ("words", np.minimum(words, 100.0)), ("prose", prose), ("stubs", stubs),
            ("ends", ends), ("dates", dated), ("bullets", columns["bullet"]),
        )
    }  # fmt: skip
    for reach in _REACH:
        size = np.maximum(rows.between(sums["size"], reach, reach), 1.0)
        for name in ("words", "ends", "bullets"):
            out[f"{name}_near{reach}"] = rows.between(sums[name], reach, reach) / size
        for name in ("prose", "stubs"):
            out[f"{name}_before{reach}"] = rows.between(sums[name], reach, -1)
            out[f"{name}_after{reach}"] = rows.between(sums[name], -1, reach)
        out[f"dates_near{reach}"] = rows.between(sums["dates"], reach, reach)
    short = np.minimum(words, 60.0)
    short_sums = rows.sums(short)
    above, below = (np.maximum(rows.between(short_sums, *edge), 1.0) for edge in ((6, -1), (-1, 6)))
    for name in ("told_before", "told_after", "small_words"):
        exact = rows.sums(np.round(columns[name] * 256.0) * short)
        out[f"{name}_above"] = rows.between(exact, 6, -1) / above
        out[f"{name}_below"] = rows.between(exact, -1, 6) / below
    out["shapes_near"] = rows.window((columns["since_shape"] <= 4).astype(np.float64), 4, 4)
    out["twins_near"] = rows.window((columns["twins"] > 1).astype(np.float64), 4, 4)

    count = rows.total(np.ones(rows.n))
    all_words = np.maximum(rows.total(words), 1.0)
    all_prose = rows.total(prose)
    out["row_share"] = (rows.row - rows.low) / np.maximum(count, 1.0)
    out["row"] = np.minimum(rows.row - rows.low, 200).astype(np.float64)
    out["rows_left"] = np.minimum(rows.high - rows.row, 200).astype(np.float64)
    out["words_share"] = rows.before(words) / all_words
    out["prose_share_before"] = rows.before(prose) / np.maximum(all_prose, 1.0)
    out["page_words"] = np.round(np.log2(all_words))
    out["page_rows"] = np.round(np.log2(count))
    out["page_prose"] = _coarse(all_prose / all_words)
    out["longest"] = words / np.maximum(rows.peak(words), 1.0)

    strict = rows.best_run(prose - np.where(prose > 0, 0.0, 12.0))
    loose = rows.best_run(np.minimum(words, 60.0) - 14.0)
    out.update(run_columns("run", words, rows, strict))
    out.update(run_columns("loose", words, rows, loose))
    inside = (rows.row >= strict[0]) & (rows.row < strict[1])
    told = np.cumsum(np.concatenate([np.zeros(1), prose]))
    run_prose = np.maximum(told[strict[1]] - told[strict[0]], 1.0)
    dented = np.concatenate([np.zeros(1), np.cumsum(prose * columns["indent"])])
    lines = np.concatenate([np.zeros(1), np.cumsum(prose > 0)])
    out["indent_off"] = columns["indent"] - (dented[strict[1]] - dented[strict[0]]) / run_prose
    out["words_of_run"] = words * (lines[strict[1]] - lines[strict[0]]) / run_prose
    out["run_overlap"] = overlap(line, rows, inside)
    return out


def second_look(chance: F64, line: Line, rows: LineRows) -> Columns:
    """Columns of the second pass: what the first pass thinks (log-odds of content) of this row and all around it."""
    words = line.words
    odds = np.clip(chance, -6.0, 6.0)
    # Rounded to a binary fraction, sums are exact, so a text's columns do not depend on what else is in the batch.
    p = np.round(65536.0 / (1.0 + np.exp(-odds))) / 65536.0
    out: Columns = {"odds": odds}
    for by in (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5):
        out[f"odds{by:+d}"] = rows.shift(odds, by, -7.0)
    weight = np.minimum(words, 80.0) + 1.0
    kept = p * weight
    kept_sums, weight_sums = rows.sums(kept), rows.sums(weight)
    for reach in (2, 5, 12, 30):
        for name, edge in (("before", (reach, -1)), ("after", (-1, reach))):
            size = np.maximum(rows.between(weight_sums, *edge), 1.0)
            out[f"kept_{name}{reach}"] = rows.between(kept_sums, *edge) / size
    total = np.maximum(rows.total(kept), 2.0**-16)
    out["kept_share_before"] = rows.before(kept) / total
    out["kept_total"] = np.round(np.log2(np.maximum(total, 1.0)))
    out["kept_of_page"] = _coarse(total / np.maximum(rows.total(weight), 1.0))
    out["odds_of_peak"] = odds - rows.peak(odds + 10.0) + 10.0
    centre = p - 0.5
    for name, gain in (("best", centre * (weight + 3.0)), ("lines", centre)):
        span = rows.best_run(gain)
        out.update(run_columns(name, words, rows, span))
        if name == "best":
            inside = (rows.row >= span[0]) & (rows.row < span[1])
            out["best_overlap"] = overlap(line, rows, inside & (p > 0.5))
    return out
