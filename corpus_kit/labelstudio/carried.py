"""Where spans that were made on an older text stand in the current one: rows of `carried`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corpus_kit.core.offsets import carry

CarriedRow = tuple[Any, ...]


def carried_rows(
    spans: Sequence[tuple[Any, ...]], old: str, new: str, old_sha256: str, new_sha256: str
) -> list[CarriedRow]:
    """One row of `carried` per row of `spans`, all of one document and made on `old`.

    A span whose place in `new` is not certain is stale: its offsets and surface are null, nothing is guessed.
    """
    # Rows of `spans`: annotation_id, doc_id, layer, control, span_id, start, end, label, …
    found = carry(old, new, [(row[5], row[6]) for row in spans])
    return [
        (
            *row[:5],
            row[7],
            old_sha256,
            place.from_start,
            place.from_end,
            new_sha256,
            place.start,
            place.end,
            None if place.start is None else place.surface,
            place.verdict,
        )
        for row, place in zip(spans, found, strict=True)
    ]
