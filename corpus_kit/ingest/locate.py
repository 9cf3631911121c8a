"""Where a span of a document stands in the bytes of its raw file, worked out from the file itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corpus_kit.core.offsets import OffsetMap, Span, newline_map
from corpus_kit.ingest.html import read_html
from corpus_kit.ingest.html.charmap import byte_starts
from corpus_kit.ingest.json_values import RejectedValue


@dataclass(frozen=True, slots=True)
class Located:
    """Where a span stands.

    Attributes:
        start, end: The bytes of the file, decompressed, that hold it, end-exclusive.
        kind: `text` or `html`.
        paths: For HTML the XPath of every block that it touches, in order.
    """

    start: int
    end: int
    kind: str
    paths: tuple[str, ...] = ()


def locate_span(raw: bytes, text: str, encoding: str, start: int, end: int) -> Located | None:
    """Find a span of a document in the file it was read from.

    Args:
        raw: The bytes of the file, decompressed.
        text: The document's text.
        encoding: The codec it was decoded with.
        start, end: Code points of the text, end-exclusive.

    Returns:
        The place; None where these bytes as a whole are not what the text was read from, or where no character of the
        span is in the file.
    """
    if (offsets := _plain_map(raw, text, encoding)) is not None:
        place = bounding_span(offsets, start, end)
        return Located(*place, "text") if place else None
    try:
        page = read_html(raw)
    except RejectedValue:
        return None
    if page.text != text:
        return None
    place = bounding_span(page.offsets, start, end)
    if place is None:
        return None
    touched = [b.path for b in page.blocks if b.start < max(end, start + 1) and b.end > start]
    return Located(*place, "html", tuple(dict.fromkeys(touched)))


def bounding_span(offsets: OffsetMap, start: int, end: int) -> Span | None:
    """The smallest stretch of the target that holds every character of a span; None where no character is there.

    Markup between the characters is inside of it. An empty span is the place before its character.
    """
    inside = np.arange(start, max(end, start + 1))
    run = np.searchsorted(offsets.src, inside, side="right") - 1
    held = (run >= 0) & (inside < offsets.src_end[np.maximum(run, 0)]) if len(offsets.src) else np.zeros(0, bool)
    if not held.any():
        return None
    inside, run = inside[held], run[held]
    unit = (inside - offsets.src[run]) // offsets.src_step[run]
    low = offsets.dst[run] + unit * offsets.dst_step[run]
    high = low + offsets.dst_step[run]
    return Span(int(low[0]), int(low[0] if end == start else high[-1]))


def _plain_map(raw: bytes, text: str, encoding: str) -> OffsetMap | None:
    """Code points of a text → bytes of a file of plain text: newlines and a byte order mark are all that differ.

    A text may begin behind facts that stand before it.
    """
    try:
        decoded = raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
    newlines = newline_map(decoded).invert()
    normal = decoded.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not normal.endswith(text):
        return None
    first = len(normal) - len(text)
    starts = byte_starts(decoded, encoding)
    low, ok = newlines.place_starts(np.arange(first, len(normal)))
    high, _ = newlines.place_ends(np.arange(first + 1, len(normal) + 1))
    assert (ok >= 0).all()
    return OffsetMap.from_runs(
        len(text),
        len(raw),
        np.arange(len(text)),
        starts[low],
        np.ones(len(text)),
        np.ones(len(text)),
        starts[high] - starts[low],
    )
