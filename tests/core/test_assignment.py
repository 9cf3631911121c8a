"""Who labels what: pairs share equally much, what is dealt stays, and the same is dealt every time."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.core.assignment import balanced_blocks, deal, reassigned

NAMES = [f"p{number:02d}" for number in range(12)]


def shared(blocks: list[tuple[str, ...]], people: list[str]) -> list[int]:
    """How many blocks each pair is in, counted pair by pair."""
    return [sum(one in b and two in b for b in blocks) for one, two in combinations(people, 2)]


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("people", range(3, 13))
def test_pairs_share_equally_many_documents(people: int, size: int) -> None:
    names = NAMES[:people]
    for number in (1, 9, 60):
        blocks = balanced_blocks(number, names, size)
        counts = shared(blocks, names)
        assert len(blocks) == number
        assert max(counts) - min(counts) <= 1, (number, counts)
        assert all(len(set(block)) == len(block) >= 2 for block in blocks)
        assert sum(len(block) != min(size, people) for block in blocks) <= 24


@pytest.mark.slow
@pytest.mark.parametrize("people", range(6, 13))
def test_pairs_share_equally_many_documents_whatever_the_overlap(people: int) -> None:
    names = NAMES[:people]
    for size in range(5, people + 1):
        for number in (7, 60):
            counts = shared(balanced_blocks(number, names, size), names)
            assert max(counts) - min(counts) <= 1, (size, number, counts)


def test_known_designs_are_found() -> None:
    """Seven triples of seven people (the Fano plane), and twice 26 blocks of four of thirteen less one, are exact."""
    for people, size, number, each in ((7, 3, 7, 1), (4, 3, 4, 2), (5, 2, 10, 1), (6, 3, 10, 2), (9, 3, 12, 1)):
        blocks = balanced_blocks(number, NAMES[:people], size)
        assert set(shared(blocks, NAMES[:people])) == {each}
        assert {len(block) for block in blocks} == {size}


def test_pairs_of_two_are_even_at_every_moment() -> None:
    blocks = balanced_blocks(100, NAMES[:6], 2)
    for end in range(1, 101):
        counts = shared(blocks[:end], NAMES[:6])
        assert max(counts) - min(counts) <= 1


DOCUMENTS = st.lists(st.integers(0, 10**6).map(lambda n: f"{n:016x}"), unique=True, min_size=1, max_size=60)


@settings(max_examples=40)
@given(DOCUMENTS, st.integers(1, 5), st.integers(1, 4), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_every_document_is_dealt_once_and_the_share_is_kept(
    documents: list[str], people: int, overlap: int, share: float
) -> None:
    names = NAMES[:people]
    dealt = deal(documents, names, overlap, share)
    assert list(dealt) == documents
    assert deal(documents, names[::-1], overlap, share) == dealt, "whatever order the people stand in"
    several = [block for block in dealt.values() if len(block) > 1]
    wanted = int(share * len(documents) + 0.5) if min(people, overlap) > 1 else 0
    assert len(several) == wanted
    load = Counter(name for block in dealt.values() for name in block)
    if wanted == 0:
        assert max(load.values()) - min(load[name] for name in names) <= 1, "the rest is dealt evenly"


@settings(max_examples=15)
@given(DOCUMENTS, st.integers(3, 6), st.data())
def test_who_comes_later_changes_nobodys_pages_and_pairs_become_even(
    documents: list[str], people: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(documents)))
    first = deal(documents[:cut], NAMES[: people - 1], 2, 1.0)
    later = deal(documents[cut:], NAMES[:people], 2, 1.0, list(first.values()))
    assert not set(first) & set(later)
    blocks = [*first.values(), *later.values()]
    before, after = (shared(b, NAMES[: people - 1]) for b in (list(first.values()), blocks))
    new = [sum(NAMES[people - 1] in b and name in b for b in blocks) for name in NAMES[: people - 1]]
    assert max(new) - min(new) <= 1
    if max(new, default=0) < min(before, default=0):
        assert after == before, "the pairs that have less come first"


def test_a_document_goes_to_who_shares_least_with_its_holder_and_never_back() -> None:
    counts = Counter({("ada", "ben"): 5, ("ada", "cyd"): 1})
    load = Counter({"ben": 2, "cyd": 2})
    assert reassigned("d", ["ada", "eve"], ["ada", "ben", "cyd"], counts, load) == "cyd"
    assert (counts["ada", "cyd"], load["cyd"]) == (2, 3)
    assert reassigned("d", ["ada", "ben", "cyd"], ["ada", "ben", "cyd"], counts, load) == ""
