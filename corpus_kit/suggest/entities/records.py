"""What the suggesters of entities give and take: plain records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

Place = tuple[int, int]
"""start, end"""


class Suggestion(NamedTuple):
    """A span that a model suggests: code points, end-exclusive; score: a probability."""

    start: int
    end: int
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Name:
    """A name that was learned. mentions: how often it stands in documents people finished; labelled: with its label."""

    surface: str
    label: str
    mentions: int
    labelled: int


def without_overlaps(suggestions: Iterable[Suggestion], taken: Iterable[Place] = ()) -> list[Suggestion]:
    """Those that remain when of overlapping ones the longest, then the surest, then the first is kept; in order."""
    occupied = Occupied(taken)
    ranked = sorted(suggestions, key=lambda s: (s.start - s.end, -s.score, s.start, s.label))
    return sorted(one for one in ranked if occupied.take(one.start, one.end))


class Occupied:
    """Which characters of a text are taken already."""

    def __init__(self, spans: Iterable[Place] = ()) -> None:
        self._taken = bytearray()
        for start, end in spans:
            self._reach(end)
            self._taken[start:end] = b"\1" * (end - start)

    def take(self, start: int, end: int) -> bool:
        """Take a span; False when some of it is taken already, and then nothing happens."""
        self._reach(end)
        if any(self._taken[start:end]):
            return False
        self._taken[start:end] = b"\1" * (end - start)
        return True

    def _reach(self, end: int) -> None:
        if end > len(self._taken):
            self._taken.extend(bytes(end - len(self._taken)))
