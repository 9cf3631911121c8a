"""The one owner of every conversion between coordinates. Offsets are Unicode code points, end-exclusive, everywhere.

- `maps`: `OffsetMap`, the monotone piecewise map all conversions are made of
- `coordinates`: UTF-16 units, UTF-8 bytes, raw text before the newline rule, cleaned views, lines
- `alignment`: an older text of a document against the current one
- `quotes`: words that a model quoted, in the one place where they stand
- `carrying`: which spans of the older text are certain to stand in the current one
"""

from __future__ import annotations

from corpus_kit.core.offsets.alignment import align, sentences
from corpus_kit.core.offsets.carrying import Carried, Verdict, carry
from corpus_kit.core.offsets.coordinates import (
    BOM,
    NewlineKind,
    code_points,
    kept_view,
    line_starts,
    newline_map,
    normalise_newlines,
    utf8_map,
    utf16_map,
)
from corpus_kit.core.offsets.maps import OffsetError, OffsetMap, Segment, Span
from corpus_kit.core.offsets.quotes import Unplaced, place_quote

__all__ = [
    "BOM",
    "Carried",
    "NewlineKind",
    "OffsetError",
    "OffsetMap",
    "Segment",
    "Span",
    "Unplaced",
    "Verdict",
    "align",
    "carry",
    "code_points",
    "kept_view",
    "line_starts",
    "newline_map",
    "normalise_newlines",
    "place_quote",
    "sentences",
    "utf8_map",
    "utf16_map",
]
