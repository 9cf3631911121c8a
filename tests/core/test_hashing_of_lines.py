"""Equal runs of values have equal hashes and equal numbers, however many there are."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.core.lines.hashing import Hashes, hashes, numbered


@given(st.lists(st.integers(0, 5), max_size=60))
def test_equal_keys_and_only_these_have_the_same_number(values: list[int]) -> None:
    # Keys as they come: spread over all 64 bits.
    keys = np.array(values, np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    number, count = numbered(keys)
    assert count == len(set(values)) == len(set(number.tolist()))
    for one, its in zip(values, number.tolist(), strict=True):
        for other, others in zip(values, number.tolist(), strict=True):
            assert (one == other) == (its == others)


def test_the_hash_of_a_run_does_not_depend_on_where_it_is_nor_on_how_long_the_rest_is() -> None:
    word = np.array([3, 1, 4, 1, 5], np.uint32)
    alone = hashes(word, np.array([0]), np.array([5]))
    long = np.zeros((1 << 20) + 100, np.uint32)
    for at in (0, 7, (1 << 19) - 2, (1 << 19) + 9, len(long) - 5):
        long[:] = 9
        long[at : at + 5] = word
        assert Hashes(long).of(np.array([at]), np.array([at + 5])) == alone
