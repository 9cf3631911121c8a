"""What a line looks like: numbers that need no markup, no language and no word list.

Everything is computed for all lines of many texts at once. A feature is a column of one value per row (see `Pages`); the
order of columns is the model's contract, so `NAMES` is stored with the weights and compared when they are loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from corpus_kit.core.lines.chars import N_SCRIPTS, Kind, scripts_of
from corpus_kit.core.lines.hashing import U64, hashes
from corpus_kit.core.lines.pages import F64, I64, Bool, Columns, LineRows, Pages

_DOC = np.uint64(0xC2B2AE3D27D4EB4F)
_NUMBER = np.uint64(0x51ED270B2D4B1F35)
_NEVER = 1 << 40
_KINDS = len(Kind)


@dataclass(frozen=True, slots=True)
class Line:
    """What later stages ask about rows, besides the columns themselves.

    words: words per row, ideographs counted as one and a half each.
    key, lead, last: hash of each row's words, of its first and of its last word, stable from run to run.
    long_id, long_row: for every word of four characters or more, which distinct word of its text it is, and its row;
    long_order: those words sorted by what they are, then by where they stand; n_long: how many distinct ones there are.
    """

    words: F64
    key: U64
    lead: U64
    last: U64
    long_id: I64
    long_row: I64
    long_order: I64
    n_long: int


def _same(key: U64, doc: I64) -> tuple[F64, F64, F64]:
    """For rows with the same key in the same text: how many there are, how many come earlier, rows since the last."""
    n = len(key)
    mixed = key ^ ((doc.astype(np.uint64) + np.uint64(1)) * _DOC)
    order = np.argsort(mixed, kind="stable")
    sorted_keys = mixed[order]
    new = np.ones(n, bool)
    if n:
        new[1:] = sorted_keys[1:] != sorted_keys[:-1]
    group = np.cumsum(new) - 1
    begin = np.flatnonzero(new)
    size = np.diff(np.append(begin, n))
    count, rank, since = np.empty(n), np.empty(n), np.empty(n)
    count[order] = size[group]
    rank[order] = np.arange(n) - begin[group]
    gaps = np.full(n, 999.0)
    if n:
        gaps[1:][~new[1:]] = np.diff(order)[~new[1:]]
    since[order] = gaps
    return count, rank, since


def describe(pages: Pages, rows: LineRows) -> tuple[Columns, Line]:
    """Columns that describe each row by itself and by its twins in the same text."""
    kinds, codes, doc = pages.kinds, pages.codes, pages.doc
    n, width = pages.n_rows, _KINDS
    start, end = pages.start, pages.end
    chars = (end - start).astype(np.float64)
    nxt, prev = np.append(kinds[1:], Kind.SPACE), np.concatenate([[np.uint8(Kind.SPACE)], kinds[:-1]])

    # Letters and spaces are nine tenths of a text; everything else is looked at one by one.
    rare = np.flatnonzero((kinds >= Kind.DIGIT) & (kinds != Kind.MARK))
    rare_row = np.searchsorted(start, rare, side="right") - 1
    rare_kind, rare_code, rare_next, rare_prev = kinds[rare], codes[rare], nxt[rare], prev[rare]
    table = np.bincount(rare_row * width + rare_kind, minlength=n * width).reshape(n, width).astype(np.float64)

    def count(flags: Bool) -> F64:
        return np.bincount(rare_row[flags], minlength=n).astype(np.float64)

    dated = (rare_prev == Kind.DIGIT) & (rare_next == Kind.DIGIT)
    clock = count(dated & (rare_kind == Kind.COLON))
    dots = count(dated & ((rare_code == 46) | (rare_code == 47) | (rare_code == 45)))
    ends_word = (rare_next == Kind.SPACE) | (rare_next == Kind.QUOTE) | (rare_next == Kind.BRACKET)
    ideal = (rare_code >= 0x3000) & (rare_kind == Kind.TERMINAL)
    sentences = count((rare_kind == Kind.TERMINAL) & ends_word | ideal)
    commas = count(
        (rare_kind == Kind.COMMA) & (rare_next == Kind.SPACE) | (rare_kind == Kind.COMMA) & (rare_code > 0x3000)
    )
    piped = count((rare_kind == Kind.SEPARATOR) & (rare_next == Kind.SPACE) & (rare_prev == Kind.SPACE))
    addresses = count((rare_code == 64) | ((rare_code == 47) & (rare_prev == Kind.SEPARATOR)))
    wide = np.flatnonzero((kinds == Kind.SPACE) & (prev == Kind.SPACE) & (codes != 10))
    wide_row = np.searchsorted(start, wide, side="right") - 1
    held = (wide_row >= 0) & (wide < end[np.maximum(wide_row, 0)]) if n else wide_row >= 0
    wide_spaces = np.bincount(wide_row[held], minlength=n).astype(np.float64)

    words_of_row = _words(pages, n)
    starts, letters, ideographs = words_of_row["starts"], words_of_row["letters"], table[:, Kind.IDEOGRAPH]
    words = starts + 0.5 * ideographs
    w0, w1 = words_of_row["w0"].astype(np.int64), words_of_row["w1"].astype(np.int64)
    has_words = starts > 0
    lead = np.where(has_words, _at(kinds, _at(pages.word_start, w0)), 0)
    lead_at = np.where(has_words, _at(pages.word_start, w0), start)

    opening, closing = kinds[start], kinds[end - 1]
    behind, before_last = kinds[np.maximum(end - 2, 0)], codes[np.maximum(end - 2, 0)]
    bullet = (opening == Kind.BULLET) | (np.isin(opening, (Kind.DASH, Kind.SEPARATOR)) & (nxt[start] == Kind.SPACE))
    wraps = (closing == Kind.QUOTE) | (closing == Kind.BRACKET)
    ends_sentence = (closing == Kind.TERMINAL) | (wraps & (behind == Kind.TERMINAL))
    last = codes[end - 1]
    ends_dots = (last == 0x2026) | ((last == 46) & (before_last == 46))
    after = np.where(has_words, _at(pages.word_end, w0), start)
    listed = (lead == Kind.DIGIT) & ~bullet & ((codes[after] == 46) | (codes[after] == 41)) & (nxt[after] == Kind.SPACE)

    line = _keys(pages, rows, words, w0, w1, has_words)
    twins, earlier, since = _same(line.key, doc)
    bend = np.flatnonzero(((kinds != prev) & (kinds > Kind.UPPER)) | (kinds == Kind.BULLET))
    s_start = np.searchsorted(bend, start)
    s_end = np.minimum(np.searchsorted(bend, end), s_start + 24)
    shapes, _, shape_since = _same(hashes(kinds[bend].astype(np.uint64) + np.uint64(3), s_start, s_end), doc)
    leads, _, _ = _same(line.lead, doc)
    lasts, _, _ = _same(line.last, doc)
    told_before, told_after = _cohesion(line)
    frequency = np.bincount(line.long_id, minlength=line.n_long)[line.long_id]
    longs = np.bincount(line.long_row, minlength=n).astype(np.float64)
    shared = np.bincount(line.long_row, frequency > 1, minlength=n)
    common = np.bincount(line.long_row, np.log(frequency), minlength=n)

    some, some_long = np.maximum(words, 1.0), np.maximum(longs, 1.0)
    caps, digits = words_of_row["caps"], table[:, Kind.DIGIT]
    marks = table[:, Kind.TERMINAL : Kind.SYMBOL + 1].sum(axis=1)
    columns: Columns = {
        "chars": np.minimum(chars, 2000.0),
        "words": np.minimum(words, 400.0),
        "word_length": letters / np.maximum(starts, 1.0),
        "longest_share": longs / some,
        "caps_share": caps / some,
        "caps_later": (caps - (lead == Kind.UPPER)) / np.maximum(words - 1.0, 1.0),
        "shout_share": words_of_row["shouts"] / some,
        "number_share": words_of_row["numbers"] / some,
        "digits": digits,
        "digit_share": digits / np.maximum(chars, 1.0),
        "years": words_of_row["years"],
        "date_marks": dots + clock,
        "clock": clock,
        "sentences": sentences,
        "sentence_length": words / (1.0 + sentences),
        "commas": commas,
        "comma_share": commas / some,
        "quotes": table[:, Kind.QUOTE],
        "brackets": table[:, Kind.BRACKET],
        "piped": piped,
        "symbols": table[:, Kind.SYMBOL],
        "addresses": addresses,
        "wide_spaces": wide_spaces,
        "punctuation_share": marks / np.maximum(chars, 1.0),
        "colon_end": closing == Kind.COLON,
        "ends_sentence": ends_sentence,
        "ends_question": (last == 63) | (last == 33),
        "ends_dots": ends_dots,
        "closing": np.where(closing >= Kind.TERMINAL, closing, 0),
        "opening": np.where(opening >= Kind.TERMINAL, opening, 0),
        "lead_lower": lead == Kind.LOWER,
        "lead_offset": np.minimum(lead_at - start, 20),
        "bullet": bullet,
        "numbered": listed,
        "indent": np.minimum(start - pages.line_start, 24),
        "gap": np.minimum(pages.gap, 3),
        "twins": np.minimum(twins, 20.0),
        "earlier_twins": np.minimum(earlier, 10.0),
        "since_twin": np.minimum(since, 200.0),
        "shapes": np.minimum(shapes, 60.0),
        "since_shape": np.minimum(shape_since, 60.0),
        "same_lead": np.minimum(leads, 60.0),
        "same_last": np.minimum(lasts, 60.0),
        "shared_words": shared / some_long,
        "common_words": common / some_long,
        "told_before": np.bincount(line.long_row, told_before <= 12, minlength=n) / some_long,
        "told_after": np.bincount(line.long_row, told_after <= 12, minlength=n) / some_long,
        "ever_before": np.bincount(line.long_row, told_before < _NEVER, minlength=n) / some_long,
        "ever_after": np.bincount(line.long_row, told_after < _NEVER, minlength=n) / some_long,
        "small_words": words_of_row["small"] / some,
        "foreign": _foreign(pages, rows),
        "uncased": (words_of_row["uncased"] + ideographs) / np.maximum(letters, 1.0),
    }
    return {name: np.asarray(values, np.float64) for name, values in columns.items()}, line


def _at(values: npt.NDArray[Any], index: I64) -> npt.NDArray[Any]:
    """values[index], zero when there is nothing to index."""
    return values[index] if len(values) else np.zeros(len(index), values.dtype)


def _words(pages: Pages, n: int) -> Columns:
    """Counts over the words of each row, and the numbers of its first and last word."""
    kinds, codes = pages.kinds, pages.codes
    at, row = pages.word_start, pages.word_row
    length = pages.word_end - at
    first = kinds[at]
    capital, numeric = first == Kind.UPPER, first == Kind.DIGIT
    shout = np.flatnonzero(capital & (length > 1))
    shout = shout[kinds[at[shout] + 1] == Kind.UPPER]
    year = np.flatnonzero(numeric & (length == 4))
    century = codes[at[year]] * 64 + codes[at[year] + 1]
    year = year[(century == 49 * 64 + 57) | (century == 50 * 64 + 48)]
    bound = np.searchsorted(row, np.arange(n + 1))
    starts = np.diff(bound).astype(np.float64)
    top = max(0, len(at) - 1)
    return {
        "starts": starts,
        "letters": np.bincount(row, length, minlength=n),
        "caps": np.bincount(row[capital], minlength=n).astype(np.float64),
        "numbers": np.bincount(row[numeric], minlength=n).astype(np.float64),
        "small": np.bincount(row[(first == Kind.LOWER) & (length <= 3)], minlength=n).astype(np.float64),
        "shouts": np.bincount(row[shout], minlength=n).astype(np.float64),
        "years": np.bincount(row[year], minlength=n).astype(np.float64),
        "uncased": np.bincount(row[first == Kind.UNCASED], length[first == Kind.UNCASED], minlength=n),
        "w0": np.minimum(bound[:-1], top).astype(np.float64),
        "w1": np.maximum(np.minimum(bound[1:] - 1, top), 0).astype(np.float64),
    }


def _keys(pages: Pages, rows: LineRows, words: F64, w0: I64, w1: I64, has_words: Bool) -> Line:
    """Hashes of words and lines; case and what numbers say are left out, so "12 Replies" and "3 replies" are twins."""
    at, row = pages.word_start, pages.word_row
    length = pages.word_end - at
    word = hashes(pages.lower, at, pages.word_end)
    numeric = pages.kinds[at] == Kind.DIGIT
    word[numeric] = _NUMBER
    bound = np.searchsorted(row, np.arange(rows.n + 1))
    key = hashes(word, bound[:-1], bound[1:])
    nothing = np.uint64(0)
    telling = np.flatnonzero((length >= 4) & ~numeric)
    own = word[telling] ^ ((pages.doc[row[telling]].astype(np.uint64) + np.uint64(1)) * _DOC)
    order = np.argsort(own, kind="stable")
    new = np.diff(own[order], prepend=~own[order[:1]]) != 0
    long_id = np.empty(len(own), np.int64)
    long_id[order] = np.cumsum(new) - 1
    return Line(
        words=words,
        key=key,
        lead=np.where(has_words, _at(word, w0), nothing),
        last=np.where(has_words, _at(word, w1), nothing),
        long_id=long_id,
        long_row=row[telling],
        long_order=order,
        n_long=int(new.sum()),
    )


def _cohesion(line: Line) -> tuple[I64, I64]:
    """For every long word, rows since it last stood in another row of its text, and rows until it stands in the next."""
    n, order = len(line.long_id), line.long_order
    row, same = line.long_row[order], np.diff(line.long_id[order]) == 0
    step = np.where(same, np.diff(row), _NEVER)
    step[step == 0] = _NEVER  # twice in one row: neither before nor after
    before, after = np.full(n, _NEVER), np.full(n, _NEVER)
    before[order[1:]] = step
    after[order[:-1]] = step
    return before, after


def _foreign(pages: Pages, rows: LineRows) -> F64:
    """Share of each row's words that are not in the script most of the text is in."""
    script = scripts_of(pages.codes[pages.word_start])
    lettered = np.flatnonzero(script)
    row = pages.word_row[lettered]
    by_row = np.bincount(row * N_SCRIPTS + script[lettered], minlength=rows.n * N_SCRIPTS).reshape(rows.n, N_SCRIPTS)
    page = pages.doc[row] * N_SCRIPTS + script[lettered]
    by_doc = np.bincount(page, minlength=rows.n_docs * N_SCRIPTS).reshape(rows.n_docs, N_SCRIPTS)
    own = by_row[rows.row, by_doc.argmax(axis=1)[pages.doc]]
    told = by_row.sum(axis=1)
    return np.where(told > 0, 1.0 - own / np.maximum(told, 1), 0.0)
