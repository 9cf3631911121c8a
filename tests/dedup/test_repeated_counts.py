"""Which lines are repeated: counting that stops when a line is decided says what counting to the end says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from corpus_kit.dedup import lines
from corpus_kit.dedup.lines import LINE, PAGE, PUBLISHER, count_publishers, repeated_lines

DRAWS = lines._MARKS


def counted_to_the_end(
    shards: Sequence[tuple[NDArray[np.void], NDArray[np.void]]], publishers: NDArray[np.void], least: int
) -> list[int]:
    """The rule as the module's docstring has it, line by line and mark by mark."""
    pages_of: dict[int, list[Any]] = {}
    for found, own in shards:
        for key, document in found.tolist():
            pages_of.setdefault(key, []).append(own[document])
    sizes = dict(zip(publishers["publisher"].tolist(), publishers["pages"].tolist(), strict=True))
    repeated = []
    for key, pages in sorted(pages_of.items()):
        n, size = len(pages), sizes[int(pages[0]["publisher"])]
        effective = []
        for draw in range(DRAWS):
            _, counts = np.unique([page["marks"][draw] for page in pages], return_counts=True)
            effective.append(n**2 / float((counts.astype(np.float64) ** 2).sum()))
        effective.sort(reverse=True)
        different = effective[0] if n >= size * lines.LARGE_SHARE else effective[3]
        if n >= max(least, size * lines.SHARE) and different >= least:
            repeated.append(key)
    return repeated


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 40), st.sampled_from([1, 2, 3, 30]))
def test_a_line_is_repeated_exactly_when_all_eight_counts_say_so(
    seed: int, least: int, documents: int, of: int
) -> None:
    """of: how many different marks there are; few make many pages look alike."""
    drawn = np.random.default_rng(seed)
    shards = []
    for _ in range(int(drawn.integers(1, 4))):
        pages = np.zeros(documents, PAGE)
        pages["publisher"] = drawn.integers(0, 3, documents)
        # In some draws all pages have one mark, in others nearly each its own.
        pages["marks"] = drawn.integers(0, 1 + drawn.integers(0, of, DRAWS), (documents, DRAWS))
        here = {
            (int(pages["publisher"][document]) << 32 | line, document)
            for document in range(documents)
            for line in drawn.integers(0, 12, int(drawn.integers(0, 8))).tolist()
        }
        shards.append((np.array(sorted(here), LINE), pages))
    publishers = count_publishers(pages for _, pages in shards)
    more = np.array([(number, drawn.integers(0, 3000)) for number in range(3)], PUBLISHER)
    publishers["pages"] += more["pages"][publishers["publisher"]] * int(drawn.integers(0, 2))
    found = repeated_lines([(own, pages.__getitem__) for own, pages in shards], publishers, least)
    assert found.tolist() == counted_to_the_end(shards, publishers, least)
