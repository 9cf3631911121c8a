"""The curve in the documentation is what its command draws, and what signatures do."""

from __future__ import annotations

import numpy as np
import pytest

from corpus_kit.core.config import Duplicates
from corpus_kit.dedup.settings import DedupRecipe
from corpus_kit.dedup.signatures import band_hashes
from docs.tools import curve


def test_the_committed_drawing_is_what_its_command_makes() -> None:
    assert curve.TARGET.read_text(encoding="utf-8") == curve.svg(), "python -m docs.tools.curve writes it again"
    assert (Duplicates().bands, Duplicates().threshold) == (curve.DEFAULT, curve.THRESHOLD)
    assert Duplicates().permutations == curve.PERMUTATIONS


@pytest.mark.parametrize(("bands", "similarity"), [(25, 0.5), (25, 0.7), (16, 0.7), (16, 0.85)])
def test_pairs_become_candidates_as_often_as_the_curve_says(bands: int, similarity: float) -> None:
    pairs, size = 2000, 300
    both = round(2 * size * similarity / (1 + similarity))
    rng = np.random.default_rng(7)
    sets = []
    for _ in range(pairs):
        drawn = rng.integers(1, 1 << 63, 2 * size - both, dtype=np.uint64)
        sets += [drawn[:size], drawn[size - both :]]
    bounds = np.cumsum([0, *map(len, sets)])
    made = band_hashes(np.concatenate(sets), bounds, DedupRecipe(Duplicates(bands=bands)))
    found = (made[:, 0::2] == made[:, 1::2]).any(axis=0).mean()
    told = curve.probability(both / (2 * size - both), bands, 128 // bands)
    assert found == pytest.approx(told, abs=0.05)
