"""What a line of a page's head looks like and where it stands, in numbers that need no language and no word list."""

from __future__ import annotations

import numpy as np

from corpus_kit.core.lines.chars import Kind
from corpus_kit.core.lines.hashing import U64, Hashes, numbered
from corpus_kit.core.lines.pages import F64, I64, Bool, Columns, LineRows, Pages
from corpus_kit.ingest.page_facts.head import Heads

_KINDS = len(Kind)
_STEM = 5
_DIGITS = 13  # bits for how often a word is said in a part of a head: 8,191 times
_DOC = np.uint64(0xC2B2AE3D27D4EB4F)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_NEIGHBOURS = {
    "chars": (-3, -2, -1, 1, 2, 3),
    "words": (-2, -1, 1, 2),
    "ends_sentence": (-1, 1, 2),
    "gap": (1,),
    "digits": (-1, 1, 2),
    "dated": (-1, 1, 2, 3),
    "caps_later": (-1, 1),
    "bullet": (-1, 1),
    "overlap": (-2, -1, 1, 2),
    "spread": (-2, -1, 1, 2),
    "hits": (-1, 1),
    "repeated": (-1, 1),
}


def describe(heads: Heads) -> Columns:
    """Columns of every row, one value each."""
    pages, rows = heads.pages, heads.rows
    columns = _shape(pages)
    columns["repeated"] = np.minimum(heads.repeated, 10.0)
    prose = (columns["chars"] >= 100) & ((columns["ends_sentence"] > 0) | (columns["chars"] >= 200))
    columns |= _telling(pages, prose, heads)
    columns |= _place(columns, prose, rows)
    for name, shifts in _NEIGHBOURS.items():
        for by in shifts:
            columns[f"{name}{by:+d}"] = rows.shift(columns[name], by)
    return columns


def _shape(pages: Pages) -> Columns:
    kinds, codes, n = pages.kinds, pages.codes, pages.n_rows
    start, end = pages.start, pages.end
    chars = (end - start).astype(np.float64)
    glued = np.flatnonzero((kinds[1:] == Kind.UPPER) & (kinds[:-1] == Kind.LOWER)) + 1
    nxt, prev = np.append(kinds[1:], Kind.SPACE), np.concatenate([[np.uint8(Kind.SPACE)], kinds[:-1]])
    rare = np.flatnonzero((kinds >= Kind.DIGIT) & (kinds != Kind.MARK))
    row = np.searchsorted(start, rare, side="right") - 1
    kind, code, after, before = kinds[rare], codes[rare], nxt[rare], prev[rare]
    table = np.bincount(row * _KINDS + kind, minlength=n * _KINDS).reshape(n, _KINDS).astype(np.float64)

    def count(flags: Bool) -> F64:
        return np.bincount(row[flags], minlength=n).astype(np.float64)

    between = (before == Kind.DIGIT) & (after == Kind.DIGIT)
    ends_word = (after == Kind.SPACE) | (after == Kind.QUOTE) | (after == Kind.BRACKET)
    sentences = count((kind == Kind.TERMINAL) & (ends_word | (code >= 0x3000)))
    at, of = pages.word_start, pages.word_row
    length = pages.word_end - at
    first = kinds[at]
    starts = np.bincount(of, minlength=n).astype(np.float64)
    letters = np.bincount(of, length, minlength=n)
    caps = np.bincount(of[first == Kind.UPPER], minlength=n).astype(np.float64)
    shout = np.flatnonzero((first == Kind.UPPER) & (length > 1))
    shout = shout[kinds[at[shout] + 1] == Kind.UPPER]
    year = np.flatnonzero((first == Kind.DIGIT) & (length == 4))
    century = codes[at[year]] * 64 + codes[at[year] + 1]
    year = year[(century == 49 * 64 + 57) | (century == 50 * 64 + 48)]
    years = np.bincount(of[year], minlength=n).astype(np.float64)
    words = starts + 0.5 * table[:, Kind.IDEOGRAPH]
    some = np.maximum(words, 1.0)

    low = np.searchsorted(of, np.arange(n))
    lead = np.where(starts > 0, kinds[np.append(at, 0)[np.minimum(low, len(at))]], 0)
    opening, closing = kinds[start], kinds[end - 1]
    behind, last = kinds[np.maximum(end - 2, 0)], codes[end - 1]
    wraps = (closing == Kind.QUOTE) | (closing == Kind.BRACKET)
    asks = np.isin(last, (0x3F, 0x21, 0xFF1F, 0xFF01, 0x61F, 0x37E))
    columns: Columns = {
        "chars": np.minimum(chars, 600.0),
        "words": np.minimum(words, 100.0),
        "word_length": letters / np.maximum(starts, 1.0),
        "caps_later": (caps - (lead == Kind.UPPER)) / np.maximum(words - 1.0, 1.0),
        "shout_share": np.bincount(of[shout], minlength=n) / some,
        "digits": table[:, Kind.DIGIT],
        "digit_share": table[:, Kind.DIGIT] / np.maximum(chars, 1.0),
        "dated": np.minimum(years + count(between & np.isin(code, (45, 46, 47, 58))), 3.0),
        "years": years,
        "sentences": sentences,
        "commas": table[:, Kind.COMMA],
        "quotes": table[:, Kind.QUOTE],
        "piped": count(((kind == Kind.SEPARATOR) | (kind == Kind.BULLET)) & (after == Kind.SPACE)),
        "colons": table[:, Kind.COLON],
        "symbols": table[:, Kind.SYMBOL],
        "glued": np.minimum(np.bincount(np.searchsorted(start, glued, side="right") - 1, minlength=n), 6),
        "ends_sentence": (closing == Kind.TERMINAL) | (wraps & (behind == Kind.TERMINAL)),
        "asks": asks.astype(np.float64),
        "closing": np.where(closing >= Kind.TERMINAL, closing, 0),
        "opening": np.where(opening >= Kind.TERMINAL, opening, 0),
        "lead_lower": lead == Kind.LOWER,
        "lead_digit": lead == Kind.DIGIT,
        "bullet": (opening == Kind.BULLET) | ((opening == Kind.DASH) & (nxt[start] == Kind.SPACE)),
        "indent": np.minimum(start - pages.line_start, 12),
        "gap": np.minimum(pages.gap, 3),
    }
    return {name: np.asarray(values, np.float64) for name, values in columns.items()}


def _telling(pages: Pages, prose: Bool, heads: Heads) -> Columns:
    """How much of a line's words the running text takes up again, inflection aside, and whether other lines begin or end
    as it does."""
    kinds, n = pages.kinds, pages.n_rows
    length = pages.word_end - pages.word_start
    told = np.flatnonzero((length >= 4) & (kinds[pages.word_start] != Kind.IDEOGRAPH))
    at, of, stop = pages.word_start[told], pages.word_row[told], np.minimum(length[told], _STEM)
    pair = np.flatnonzero((kinds[:-1] == Kind.IDEOGRAPH) & (kinds[1:] == Kind.IDEOGRAPH))
    if len(pair):
        at = np.concatenate([at, pair])
        of = np.concatenate([of, np.searchsorted(pages.start, pair, side="right") - 1])
        stop = np.concatenate([stop, np.full(len(pair), 2)])
    letters = Hashes(pages.lower)
    own_text = (pages.doc.astype(np.uint64) + np.uint64(1)) * _DOC
    which, size = numbered(letters.of(at, at + stop) ^ own_text[of])
    # Where each word is said, once in each of the digits of a number: running text of the head, three parts of the later.
    place = np.where(prose, 1 << (_DIGITS * heads.block), 0)
    others = np.bincount(which, place[of].astype(np.float64), minlength=size).astype(np.int64)[which] - place[of]
    parts = [others >> (_DIGITS * block) & ((1 << _DIGITS) - 1) for block in range(4)]
    hit, times = parts[0] > 0, parts[0] + parts[1] + parts[2] + parts[3]
    spread = sum((part > 0).astype(np.int64) for part in parts)
    stub = (~prose & heads.candidate)[of]
    menu = np.minimum(np.bincount(which[stub], minlength=size)[which] - stub, 5)
    common = np.log1p(times)
    total = np.bincount(of, minlength=n)
    some = np.maximum(total, 1.0)

    def summed(values: F64 | I64 | Bool) -> F64:
        return np.bincount(of, values, minlength=n).astype(np.float64)

    whole = letters.of(pages.word_start, pages.word_end)
    words = Hashes(whole)
    low = np.searchsorted(pages.word_row, np.arange(n + 1))
    low, high = low[:-1], low[1:]
    three = np.flatnonzero(high - low >= 3)
    line = words.of(low[three], high[three])
    head, tail = words.of(low[three], low[three] + 3), words.of(high[three] - 3, high[three])
    hits, of_common, of_spread = summed(hit), summed(common), summed(spread)
    twins = [np.zeros(n), np.zeros(n)]
    for made, key in zip(twins, (head, tail), strict=True):
        made[three] = _twins(key ^ own_text[three], line)
    return {
        "tellers": np.minimum(total, 30.0),
        "overlap": np.where(total > 0, hits / some, -1.0),
        "often": summed(np.minimum(parts[0], 3)) / some,
        "common": of_common / some,
        "common_sum": np.minimum(of_common, 20.0),
        "spread": of_spread / some,
        "spread_sum": np.minimum(of_spread, 30.0),
        "known": summed(times > 0) / some,
        "in_stubs": summed(menu) / some,
        "hits": np.minimum(hits, 20.0),
        "same_head": twins[0],
        "same_tail": twins[1],
    }


def _twins(key: U64, line: U64) -> F64:
    """Of each row: rows with the same key that are not the same line."""
    counts = []
    for values in (key, key ^ (line * _PRIME)):
        which, size = numbered(values)
        counts.append(np.bincount(which, minlength=size)[which])
    fewer: F64 = np.minimum(counts[0] - counts[1], 5).astype(np.float64)
    return fewer


def _place(columns: Columns, prose: Bool, rows: LineRows) -> Columns:
    chars, stubs = columns["chars"], ((columns["chars"] < 60) & (columns["ends_sentence"] == 0)).astype(np.float64)
    written = np.where(prose, np.minimum(chars, 400.0), 0.0)
    sums = {
        name: rows.sums(values)
        for name, values in (
            ("size", np.ones(rows.n)),
            ("chars", np.minimum(chars, 400.0)),
            ("prose", written),
            ("stubs", stubs),
            ("dated", np.minimum(columns["dated"], 2.0)),
            ("bullets", columns["bullet"]),
            ("blank", np.minimum(columns["gap"], 1.0)),
            ("hits", columns["hits"]),
        )
    }
    out: Columns = {}
    for reach in (3, 8, 20):
        back = np.maximum(rows.between(sums["size"], reach, -1), 1.0)
        ahead = np.maximum(rows.between(sums["size"], -1, reach), 1.0)
        for name in ("chars", "stubs", "hits"):
            out[f"{name}_above{reach}"] = rows.between(sums[name], reach, -1) / back
            out[f"{name}_below{reach}"] = rows.between(sums[name], -1, reach) / ahead
        for name in ("prose",):
            out[f"{name}_above{reach}"] = rows.between(sums[name], reach, -1)
            out[f"{name}_below{reach}"] = rows.between(sums[name], -1, reach)
        out[f"dated_below{reach}"] = rows.between(sums["dated"], -1, reach)
        out[f"dated_above{reach}"] = rows.between(sums["dated"], reach, -1)
    out["blank_near"] = rows.between(sums["blank"], 5, 5)
    out["bullets_near"] = rows.between(sums["bullets"], 4, 4)
    out["row"] = np.minimum(rows.row - rows.low, 200).astype(np.float64)
    out["prose_before"] = rows.before(written)
    out["rows_to_prose"] = np.minimum(_until(prose, rows), 60.0)
    out["rows_since_prose"] = np.minimum(_since(prose, rows), 60.0)
    likely = ((chars >= 18) & (chars <= 160) & ~prose & (columns["overlap"] >= 0.34)).astype(np.float64)
    out["likely_before"] = np.minimum(rows.before(likely), 20.0)
    total = rows.sums(likely)
    for reach in (2, 5):
        out[f"likely_above{reach}"] = rows.between(total, reach, -1)
        out[f"likely_below{reach}"] = rows.between(total, -1, reach)
    best = columns["spread_sum"]
    out["spread_of_best"] = best / np.maximum(rows.peak(np.where(prose | (chars > 200), 0.0, best)), 1.0)
    best = columns["common_sum"]
    out["common_of_best"] = best / np.maximum(rows.peak(np.where(prose | (chars > 200), 0.0, best)), 1.0)
    out["likely_between"] = np.minimum(_likely_to_prose(likely, prose, rows), 20.0)
    out["overlap_of_best"] = (
        columns["overlap"]
        * np.minimum(columns["hits"], 6.0)
        / np.maximum(rows.peak(np.where(prose, 0.0, columns["overlap"] * np.minimum(columns["hits"], 6.0))), 0.1)
    )
    return out


def _until(flags: Bool, rows: LineRows) -> F64:
    """Rows until the next flagged row of the same text, large where there is none."""
    at = np.append(np.flatnonzero(flags), 1 << 40)
    following = at[np.searchsorted(at, rows.row)]
    return np.where(following < rows.high, following - rows.row, 999).astype(np.float64)


def _since(flags: Bool, rows: LineRows) -> F64:
    at = np.concatenate([[-1], np.flatnonzero(flags)])
    last = at[np.searchsorted(at, rows.row, side="right") - 1]
    return np.where(last >= rows.low, rows.row - last, 999).astype(np.float64)


def _likely_to_prose(likely: F64, prose: Bool, rows: LineRows) -> F64:
    """Likely lines between each row and the next paragraph."""
    total = rows.sums(likely)
    ahead = np.minimum(rows.row + _until(prose, rows).astype(np.int64), rows.high)
    between: F64 = total[ahead] - total[np.minimum(rows.row + 1, ahead)]
    return between
