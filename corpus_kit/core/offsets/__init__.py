"""The one owner of every conversion between coordinates. Offsets are Unicode code points, end-exclusive, everywhere.

- `maps`: `OffsetMap`, the monotone piecewise map all conversions are made of
- `coordinates`: UTF-16 units, UTF-8 bytes, raw text before the newline rule, cleaned views, lines
- `alignment`: an older text of a document against the current one
- `quotes`: words that a model quoted, in the one place where they stand
- `carrying`: which spans of the older text are certain to stand in the current one
"""

from __future__ import annotations

from corpus_kit.core.offsets.alignment import align, sentences
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
from corpus_kit.core.offsets.projection import ProjectedSpan, Verdict, project_spans
from corpus_kit.core.offsets.quotes import Unplaced, place_quote

__all__ = [
    "BOM",
    "NewlineKind",
    "OffsetError",
    "OffsetMap",
    "ProjectedSpan",
    "Segment",
    "Span",
    "Unplaced",
    "Verdict",
    "align",
    "code_points",
    "kept_view",
    "line_starts",
    "newline_map",
    "normalise_newlines",
    "place_quote",
    "project_spans",
    "sentences",
    "utf8_map",
    "utf16_map",
]
