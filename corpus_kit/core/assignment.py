"""Who is to label which documents: a balanced incomplete block design, drawn document by document and never redrawn.

A shared document is a block of `overlap` people. The blocks are chosen so that every pair of people shares equally many
documents: the counts of pairs differ by at most one. Blocks of one size cannot do that for every number of documents (no
five triples of six people have every pair once), so a few documents at the end of a batch are for one person more or fewer.
R. C. Bose, On the construction of balanced incomplete block designs, Annals of Eugenics 9 (1939); here found by exchange,
as the documents come in batches and people come and go.

What was dealt before is counted and stays as it is. Everything is a function of what is given: the same documents, people
and history give the same assignment.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

Pair = tuple[str, str]
EXCHANGES = 12_000
"""How many exchanges are tried for one number of blocks; less than half a second on one core."""
FEWER = (0, 1, 2, 3, 4, 6, 9, 12, 16, 20, 24)
"""By how many blocks a batch is shortened, in search of a number that balances."""
MOST_OPTIMISED = 1000
"""Of so many blocks at the end of a batch the pairs are balanced by exchange; before them stand whole rounds."""


def pair_counts(blocks: Iterable[Iterable[str]]) -> Counter[Pair]:
    """How many documents each pair of people shares."""
    return Counter(pair for block in blocks for pair in combinations(sorted(block), 2))


def spread(counts: Mapping[Pair, int], people: Sequence[str]) -> int:
    """The largest count of a pair of these people less the smallest."""
    found = [counts.get(pair, 0) for pair in combinations(sorted(people), 2)]
    return max(found) - min(found) if found else 0


def deal(
    documents: Sequence[str],
    people: Sequence[str],
    overlap: int,
    share: float,
    history: Iterable[Sequence[str]] = (),
) -> dict[str, tuple[str, ...]]:
    """Documents that no one has yet, to people.

    Args:
        documents: Their ids. Hashes of the ids decide which are shared; the order does not matter.
        people: Who labels now.
        overlap: How many people a shared document is for, and no more than there are.
        share: Of all documents, those of the history included, this part is shared; the others are for one person.
        history: Who has each document that was dealt before.

    Returns:
        Document to people, in the order of the documents; names sorted.
    """
    if not documents or not people:
        return {}
    people = sorted(set(people))
    overlap = min(overlap, len(people))
    before = [tuple(block) for block in history]
    shared_before = sum(len(block) > 1 for block in before)
    wanted = math.floor(share * (len(before) + len(documents)) + 0.5) - shared_before if overlap > 1 else 0
    drawn = sorted(documents, key=_drawn)[: max(0, wanted)]
    chosen = set(drawn)
    shared = [document for document in documents if document in chosen]
    blocks = balanced_blocks(len(shared), people, overlap, pair_counts(before))
    dealt = dict(zip(shared, blocks, strict=True))
    load = Counter(dict.fromkeys(people, 0))
    load.update(name for block in blocks for name in block)
    for document in documents:
        if document not in dealt:
            lightest = min(people, key=lambda name: (load[name], _drawn(name)))
            load[lightest] += 1
            dealt[document] = (lightest,)
    return {document: dealt[document] for document in documents}


def balanced_blocks(
    number: int, people: Sequence[str], size: int, counts: Mapping[Pair, int] = Counter()
) -> list[tuple[str, ...]]:
    """So many blocks of `size` people each, that pairs are in together equally often.

    Args:
        number: How many blocks.
        people: Who is there.
        size: Of a block.
        counts: How often pairs were in a block together before.
    """
    people = sorted(people)
    if size >= len(people) or number == 0:
        return [tuple(people)] * number
    every = list(combinations(people, size))
    start = Counter({pair: counts.get(pair, 0) for pair in combinations(people, 2)})
    bound = max(1, spread(start, people))
    # Whole rounds of all blocks change no difference; where there is one to be made up for, they come later.
    optimised = 1 if bound == 1 and len(every) <= MOST_OPTIMISED else MOST_OPTIMISED
    rounds = max(0, (number - optimised) // len(every))
    rest = number - rounds * len(every)
    for fewer in [one for one in FEWER if one <= rest] + list(range(48, rest, 48)):
        total = Counter(start)
        blocks = _greedy(rest - fewer, people, size, total)
        _exchange(blocks, people, total)
        if spread(total, people) <= bound:
            break
    whole = _in_order(every, Counter(start)) * rounds
    ordered = _in_order(blocks, Counter(start))
    return [*whole, *ordered, *(_nearest(people, size, total) for _ in range(fewer))]


def reassigned(
    document: str, holders: Sequence[str], people: Sequence[str], counts: Counter[Pair], load: Counter[str]
) -> str:
    """Who takes a document over: of those who have not had it, who shares least with the others that have it.

    Args:
        document: Its id.
        holders: Who keeps it, and who had it before.
        people: Who could take it.
        counts: Documents that pairs share; the choice is added.
        load: Documents that people have still to do; the choice is added.

    Returns:
        The name; "" where everybody has had it.
    """
    free = [name for name in people if name not in holders]
    if not free:
        return ""
    chosen = min(
        free,
        key=lambda name: (load[name], sum(counts[_pair(name, other)] for other in holders), _drawn(document + name)),
    )
    load[chosen] += 1
    counts.update(_pair(chosen, other) for other in holders)
    return chosen


def _greedy(number: int, people: Sequence[str], size: int, total: Counter[Pair]) -> list[set[str]]:
    """Blocks one after the other, each filled with whom the pairs lack most; `total` counts on."""
    load: Counter[str] = Counter()
    for (one, two), count in total.items():
        load[one] += count
        load[two] += count
    blocks = []
    for _ in range(number):
        block: list[str] = []
        while len(block) < size:
            free = [name for name in people if name not in block]
            block.append(min(free, key=lambda n: (sum(total[_pair(n, other)] for other in block), load[n], n)))
        for pair in combinations(sorted(block), 2):
            total[pair] += 1
            load.update(pair)
        blocks.append(set(block))
    return blocks


def _exchange(blocks: list[set[str]], people: Sequence[str], total: Counter[Pair]) -> None:
    """Exchange one person of a block for another while that evens the pairs out: simulated annealing on their squares."""
    if not blocks:
        return
    chance = random.Random(len(blocks) * 31 + len(people))
    heat = 1.0
    for step in range(EXCHANGES):
        if step % 256 == 0 and max(total.values()) - min(total.values()) <= 1:
            return
        block = blocks[chance.randrange(len(blocks))]
        out = chance.choice(sorted(block))
        into = chance.choice([name for name in people if name not in block])
        others = [name for name in block if name != out]
        lost, won = [_pair(out, o) for o in others], [_pair(into, o) for o in others]
        change = sum(total[p] for p in won) - sum(total[p] for p in lost) + len(others)
        heat = max(heat * 0.9998, 0.05)
        if change <= 0 or chance.random() < math.exp(-change / heat):
            block.remove(out)
            block.add(into)
            total.subtract(lost)
            total.update(won)


def _nearest(people: Sequence[str], size: int, total: Counter[Pair]) -> tuple[str, ...]:
    """A block of nearly so many people that keeps the pairs even, or evens them out; `total` counts on."""
    best: tuple[int, float, tuple[str, ...]] | None = None
    for near in sorted(range(2, len(people) + 1), key=lambda one: (abs(one - size), -one)):
        for block in combinations(people, near):
            after = Counter(total)
            after.update(combinations(block, 2))
            found = (spread(after, people), _variance(after), block)
            best = found if best is None or found < best else best
        if best is not None and best[0] <= 1:
            break
    assert best is not None
    total.update(combinations(best[2], 2))
    return best[2]


def _variance(counts: Counter[Pair]) -> float:
    return sum(n * n for n in counts.values()) / len(counts) - (counts.total() / len(counts)) ** 2


def _in_order(blocks: Sequence[Iterable[str]], counts: Counter[Pair]) -> list[tuple[str, ...]]:
    """The same blocks in an order in which pairs are even over time as well: next comes what the pairs lack most."""
    waiting = Counter(tuple(sorted(block)) for block in blocks)
    ordered = []
    while waiting:
        block = min(waiting, key=lambda b: (sum(counts[pair] for pair in combinations(b, 2)), b))
        waiting[block] -= 1
        if not waiting[block]:
            del waiting[block]
        counts.update(combinations(block, 2))
        ordered.append(block)
    return ordered


def _pair(one: str, two: str) -> Pair:
    return (one, two) if one < two else (two, one)


def _drawn(word: str) -> bytes:
    return hashlib.blake2b(word.encode("utf-8"), digest_size=8).digest()
