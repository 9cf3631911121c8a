"""From code points of a page's text to the bytes they were read from, as one `OffsetMap`."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

import numpy as np

from corpus_kit.core.offsets import OffsetMap, code_points
from corpus_kit.core.offsets.maps import Ints
from corpus_kit.ingest.html.layout import Run

_SINGLE_BYTES = ("ascii", "cp125", "cp43", "cp85", "cp86", "cp87", "iso8859", "koi8", "latin", "mac-", "tis-620")


def byte_starts(source: str, encoding: str) -> Ints:
    """Where each code point of a decoded text starts in its bytes, and where the last one ends; a byte order mark aside.

    Args:
        source: What the bytes were decoded to.
        encoding: Python's name of the codec.

    Returns:
        `len(source) + 1` offsets in bytes.
    """
    size = len(source)
    if encoding.startswith(_SINGLE_BYTES) or (encoding == "utf-8" and source.isascii()):
        return np.arange(size + 1, dtype=np.int64)
    points = code_points(source)
    if encoding == "utf-8":
        widths = 1 + (points > 0x7F).astype(np.int64) + (points > 0x7FF) + (points > 0xFFFF)
    elif encoding.startswith("utf-16"):
        widths = 2 + 2 * (points > 0xFFFF).astype(np.int64)
    elif encoding.startswith("utf-32"):
        widths = np.full(size, 4, np.int64)
    else:
        widths = _widths(source, encoding)
    return np.concatenate(([0], np.cumsum(widths))).astype(np.int64)


def _widths(source: str, encoding: str) -> Ints:
    """Bytes of each character in a multi-byte encoding. Shifts between alphabets belong to the next one."""
    encoder = codecs.getincrementalencoder(encoding)()
    return np.fromiter((len(encoder.encode(char)) for char in source), np.int64, len(source))


def text_to_bytes(text_length: int, raw_length: int, runs: Sequence[Run], starts: Ints, skipped: int = 0) -> OffsetMap:
    """The map from a text to the bytes of its page.

    Args:
        text_length: Code points of the text.
        raw_length: Bytes of the page.
        runs: Where the text's pieces stand in the decoded page.
        starts: See `byte_starts`.
        skipped: Bytes of a byte order mark.

    Returns:
        The map. What a browser puts between texts (line ends, tabs) is inserted; markup is deleted.
    """
    if not runs:
        return OffsetMap.from_equal(text_length, raw_length, [])
    table = np.array(runs, dtype=np.int64)
    which = np.repeat(np.arange(len(table)), table[:, 2])
    within = np.arange(len(which)) - np.repeat(np.cumsum(table[:, 2]) - table[:, 2], table[:, 2])
    text_step, source_step = table[which, 3], table[which, 4]
    text_start = table[which, 0] + within * text_step
    source_start = table[which, 1] + within * source_step
    low, high = starts[source_start] + skipped, starts[source_start + source_step] + skipped
    width = high - low
    new = np.ones(len(which), bool)
    new[1:] = (
        (text_start[1:] != (text_start + text_step)[:-1])
        | (low[1:] != high[:-1])
        | (width[1:] != width[:-1])
        | (text_step[1:] != text_step[:-1])
    )
    heads = np.flatnonzero(new)
    count = np.diff(np.append(heads, len(which)))
    return OffsetMap.from_runs(
        text_length, raw_length, text_start[heads], low[heads], count, text_step[heads], width[heads]
    )
