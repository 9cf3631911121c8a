"""Maps between the coordinates a text is counted in: code points, UTF-16 units, UTF-8 bytes, raw text, a cleaned view.

In each map the source is what the function is given: code points of `text` (or of the raw decoded text).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from corpus_kit.core.offsets.maps import Ints, OffsetError, OffsetMap

NewlineKind = Literal["lf", "crlf", "cr", "mixed", "none"]

BOM = "\ufeff"
_LF, _CR = 0x0A, 0x0D


def code_points(text: str) -> NDArray[np.uint32]:
    """The code points of a text as an array of shape (len(text),); lone surrogates stand for themselves."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def utf16_map(text: str) -> OffsetMap:
    """Code points → UTF-16 units, as JavaScript counts. The identity for a text without astral characters."""
    if text.isascii() or len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text):
        return OffsetMap.identity(len(text))
    return _widths_map(1 + (code_points(text) > 0xFFFF).astype(np.int64))


def utf8_map(text: str) -> OffsetMap:
    """Code points → UTF-8 bytes (a lone surrogate counts three, as `surrogatepass` writes it). Identity for ASCII."""
    if text.isascii():
        return OffsetMap.identity(len(text))
    points = code_points(text)
    return _widths_map(1 + (points > 0x7F).astype(np.int64) + (points > 0x7FF) + (points > 0xFFFF))


def normalise_newlines(raw: str) -> tuple[str, NewlineKind]:
    """Decoded text as documents keep it: one leading BOM removed, CRLF and lone CR made LF, nothing else touched.

    Returns the text and which newlines the raw text had; VT, FF, U+0085, U+2028 and U+2029 are no newlines.
    """
    text = raw.removeprefix(BOM)
    if "\r" not in text:
        return text, "lf" if "\n" in text else "none"
    crlf = text.count("\r\n")
    found: list[NewlineKind] = []
    if text.count("\n") > crlf:
        found.append("lf")
    if crlf:
        found.append("crlf")
    if text.count("\r") > crlf:
        found.append("cr")
    kind: NewlineKind = found[0] if len(found) == 1 else "mixed"
    return text.replace("\r\n", "\n").replace("\r", "\n"), kind


def newline_map(raw: str) -> OffsetMap:
    """Raw decoded text → what `normalise_newlines` makes of it. CRLF is one unit, a leading BOM is deleted."""
    bom = int(raw.startswith(BOM))
    if "\r\n" not in raw:
        return OffsetMap.from_equal(len(raw), len(raw) - bom, [(bom, 0, len(raw) - bom)])
    points = code_points(raw)
    crlf = np.flatnonzero((points[:-1] == _CR) & (points[1:] == _LF))
    steps: Ints = np.ones(len(raw), dtype=np.int64)
    steps[crlf] = 2
    starts = np.delete(np.arange(len(raw)), crlf + 1)[bom:]
    steps = steps[starts]
    heads = np.concatenate(([0], np.flatnonzero(np.diff(steps)) + 1))
    count = np.diff(np.concatenate((heads, [len(starts)])))
    return OffsetMap.from_runs(
        len(raw), len(starts), starts[heads], heads, count, steps[heads], np.ones(len(heads), dtype=np.int64)
    )


def kept_view(text: str, kept_spans: Iterable[Sequence[int]], separator: str = "\n") -> tuple[str, OffsetMap]:
    """The kept spans of a text, in order and joined by `separator`, and the map text → view.

    kept_spans: (start, end) pairs in ascending order that do not overlap; touching spans get a separator all the same.
    Raises OffsetError for spans out of order or outside the text.
    """
    parts: list[str] = []
    pieces: list[tuple[int, int, int]] = []
    length = last = 0
    for start, end in kept_spans:
        if not last <= start <= end <= len(text):
            where = f"{start} to {end}, after {last}, in a text of {len(text)}"
            raise OffsetError(f"Kept spans must be in order, apart, and inside the text: {where}.")
        if parts:
            length += len(separator)
        pieces.append((start, length, end - start))
        parts.append(text[start:end])
        length += end - start
        last = end
    return separator.join(parts), OffsetMap.from_equal(len(text), length, pieces)


def line_starts(text: str) -> Ints:
    """Offsets at which lines start: 0 and after every LF, so as many as `text.split("\\n")` has parts."""
    if "\n" not in text:
        return np.zeros(1, dtype=np.int64)
    breaks = np.flatnonzero(code_points(text) == _LF)
    return np.concatenate(([0], breaks + 1)).astype(np.int64)


def _widths_map(widths: Ints) -> OffsetMap:
    """Code points → units, from each code point's width in units."""
    heads = np.concatenate(([0], np.flatnonzero(np.diff(widths)) + 1))
    target = np.concatenate(([0], np.cumsum(widths)))
    count = np.diff(np.concatenate((heads, [len(widths)])))
    ones = np.ones(len(heads), dtype=np.int64)
    return OffsetMap.from_runs(len(widths), int(target[-1]), heads, target[heads], count, ones, widths[heads])
