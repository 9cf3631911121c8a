"""Which dialect a file of delimited values is in: the one in which nearly all rows have the same number of cells.

Conservative: the dialect that the file's name speaks of is kept unless its rows do not fit and those of another one do.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from corpus_kit.ingest.formats.rows import CellRow, Dialect, read_rows
from corpus_kit.ingest.json_values import RejectedValue
from corpus_kit.ingest.known import looks_like_field

DELIMITERS = (",", ";", "\t", "|", "\x01", "\x1f", "^", "~")
_ROWS = 200
_FITS = 0.8
_SEP = re.compile(r'"?sep=(.)"?[\r\n]+')
_VALUE = re.compile(r"[-+]?[\d.,:/\s-]+|https?://\S+|\d{4}-\d\d-\d\d.*")
_LONG_NAME = 64


class FoundDialect(NamedTuple):
    """What a sample says.

    Attributes:
        dialect: The dialect.
        header: Whether the first row holds names; None where that is not clear.
        first: The first row.
        skip: Lines before it (`sep=;`, comments).
        comments: How many of these are comments.
    """

    dialect: Dialect
    header: bool | None
    first: list[str]
    skip: int
    comments: int = 0


class _Try(NamedTuple):
    dialect: Dialect
    fits: float
    columns: int
    known: int
    rows: list[list[str]]
    order: int


def find_dialect(
    sample: str,
    *,
    prefer: str = ",",
    delimiter: str | None = None,
    quote: str | None = None,
    escape: str | None = None,
    whole: bool = True,
    names: tuple[str, ...] = (),
) -> FoundDialect:
    """The dialect of a sample of whole lines.

    Args:
        sample: The beginning of the file.
        prefer: The delimiter that the file's name speaks of.
        delimiter, quote, escape: What the settings say, None for what they leave open.
        whole: Whether the sample is the whole file; else its last row may be cut.
        names: Names of columns that the settings give.

    Raises:
        Refusal: malformed_csv, where two dialects fit equally well and none is the one that the name speaks of.
    """
    skip = 0
    if (match := _SEP.match(sample)) is not None:  # Excel's own word for it
        skip, sample = 1, sample[match.end() :]
        delimiter = delimiter or match[1]
    lines = _lines(sample)
    first = next((line for line in lines if line.strip()), "")
    delimiters = [delimiter] if delimiter else [d for d in DELIMITERS if d in first or d == prefer]
    best, tries = _judged(lines, delimiters, (quote, escape), prefer, delimiter, whole, names)
    comments = _comments(lines)
    if comments:
        # A `#` in front of the first name is part of a header; lines of other shape above it are comments.
        below, others = _judged(lines[comments:], delimiters, (quote, escape), prefer, delimiter, whole, names)
        if below.columns > 1 and below.columns != best.columns:
            best, tries = below, others
        else:
            comments = 0
    if delimiter is None:
        _refuse_tie(best, tries, prefer)
    rows = best.rows
    return FoundDialect(best.dialect, _has_header(rows, names), rows[0] if rows else [], skip + comments, comments)


def _judged(
    lines: list[str],
    delimiters: list[str],
    given: tuple[str | None, str | None],
    prefer: str,
    delimiter: str | None,
    whole: bool,
    names: tuple[str, ...],
) -> tuple[_Try, list[_Try]]:
    """The dialect that fits best, and all that were tried. given: quote and escape of the settings."""
    candidates = _candidates(delimiters, *given, lines, prefer)
    tries = [_try(lines, dialect, whole, names, order) for order, dialect in enumerate(candidates)]
    return _best(tries, delimiter or prefer), tries


def _comments(lines: list[str]) -> int:
    """How many lines at the beginning of the file start with `#`."""
    return next((n for n, line in enumerate(lines) if not line.startswith("#")), 0)


def _lines(sample: str) -> list[str]:
    import io

    return list(io.StringIO(sample, newline=""))


def _candidates(
    delimiters: list[str], quote: str | None, escape: str | None, lines: list[str], prefer: str
) -> list[Dialect]:
    text = "".join(lines)
    found: list[Dialect] = []
    for d in sorted(delimiters, key=lambda d: (d != prefer, DELIMITERS.index(d) if d in DELIMITERS else 0)):
        cell = re.escape(d)
        quotes = [quote] if quote is not None else ['"']
        if quote is None and re.search(rf"(?:^|{cell})'[^'\r\n]+'(?={cell}|[\r\n]|$)", text, re.MULTILINE):
            quotes.append("'")
        if quote is None:
            quotes.append("")
        for q in quotes:
            escapes = [escape] if escape is not None else [""]
            if escape is None and q and "\\" + q in text:
                escapes.append("\\")
            found += [Dialect(d, q, e) for e in escapes]
            if q and d != " " and re.search(rf"{cell} +{re.escape(q)}", text):
                found += [Dialect(d, q, e, True) for e in escapes]
    return found


def _try(lines: list[str], dialect: Dialect, whole: bool, names: tuple[str, ...], order: int) -> _Try:
    rows: list[list[str]] = []
    bad = 0
    for row in read_rows(lines, dialect, None, 1 << 20):
        if isinstance(row, CellRow):
            rows.append(row.cells)
        elif whole or row.line + row.lines <= len(lines):  # else the sample ends in it
            bad += row.lines
        if len(rows) + bad > _ROWS:
            break
    header = rows[0] if rows else []
    known = sum(name.strip() in names or looks_like_field(name) for name in header)
    return _Try(dialect, (len(rows) / (len(rows) + bad)) if rows else 0.0, len(header), known, rows, order)


def _best(tries: list[_Try], prefer: str) -> _Try:
    """The preferred one where its rows fit; else the one with most known names, most rows that fit, most columns."""
    by_quote = [t for t in tries if t.dialect.delimiter == prefer and t.columns > 1]
    preferred = _of_quotes(by_quote)
    if preferred is not None and (preferred.known or preferred.fits >= _FITS):
        rivals = [t for t in tries if t.dialect.delimiter != prefer and t.known > preferred.known and t.columns > 1]
        if not [t for t in rivals if t.fits > preferred.fits]:
            return preferred
    groups: dict[str, list[_Try]] = {}
    for t in tries:
        groups.setdefault(t.dialect.delimiter, []).append(t)
    chosen = [one for group in groups.values() if (one := _of_quotes([t for t in group if t.columns > 1])) is not None]
    if not chosen:  # one column
        one = _of_quotes([t for t in tries if t.dialect.delimiter == prefer])
        return one or tries[0]
    return max(chosen, key=lambda t: (t.fits >= _FITS, t.known, round(t.fits, 2), t.columns, -t.order))


def _of_quotes(tries: list[_Try]) -> _Try | None:
    """Of the ways to quote with one delimiter: the usual one, unless another reads clearly more."""
    if not tries:
        return None
    usual = tries[0]
    for other in tries[1:]:
        if other.dialect.skip_space and not usual.dialect.skip_space:
            if other.fits > usual.fits or (other.fits == usual.fits and len(other.rows) < len(usual.rows)):
                usual = other
        elif other.dialect.escape and not usual.dialect.escape:
            if other.fits > usual.fits or (other.fits == usual.fits and len(other.rows) > len(usual.rows)):
                usual = other
        elif other.dialect.quote:
            if other.known > usual.known or other.fits > usual.fits + 0.1:
                usual = other
        elif usual.fits < 0.9 * other.fits and not _wrapped(other):
            usual = other
    return usual


def _wrapped(without_quotes: _Try) -> bool:
    """Whether cells begin and end with a quote when quotes are read as characters: then they are none."""
    cells = [cell for row in without_quotes.rows for cell in row if cell]
    wrapped = sum(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)
    return wrapped > 0.02 * max(len(cells), 1)


def _refuse_tie(best: _Try, tries: list[_Try], prefer: str) -> None:
    if best.dialect.delimiter == prefer or best.known or best.columns < 2:
        return
    others = {
        t.dialect.delimiter
        for t in tries
        if t.dialect.delimiter != best.dialect.delimiter and t.columns > 1 and t.fits >= _FITS
    }
    if others and best.fits >= _FITS:
        shown = " or ".join(repr(d) for d in sorted({best.dialect.delimiter} | others))
        raise RejectedValue(
            "malformed_csv", f"the delimiter may be {shown}; name it: delimiter = {best.dialect.delimiter!r}"
        )


def _has_header(rows: list[list[str]], names: tuple[str, ...]) -> bool | None:
    """Whether the first row holds names. None: it neither looks like names nor like data."""
    if not rows:
        return None
    first = [cell.strip() for cell in rows[0]]
    if any(cell in names for cell in first) or sum(map(looks_like_field, first)) > len(first) / 3:
        return True
    if looks_like_data(first):
        return False
    return True if len(rows) > 1 else None


def looks_like_data(cells: list[str]) -> bool:
    """Whether a row holds values rather than names: a number, a date, an address, a sentence, or one value twice."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return False
    if any(len(cell) > _LONG_NAME or _VALUE.fullmatch(cell) or len(cell.split()) > 6 for cell in filled):
        return True
    return len(filled) > 2 and len(set(filled)) <= len(filled) / 2
