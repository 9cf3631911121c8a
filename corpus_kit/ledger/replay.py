"""The ledger as it was in a world: by a day, without somebody, under one text of the guidelines.

A filter on the states that the ledger holds, and nothing else: what is made of them is made as always. The ledger has no
clock of its own. An entry counts as brought after a moment when it, or one before it, holds anything younger; what such an
entry says is gone was not gone yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.world import AS_IT_IS, World
from corpus_kit.ledger.states import NEVER, State


@dataclass(frozen=True, slots=True)
class Replay:
    """One world of a ledger.

    Attributes:
        world: What is chosen.
        guidelines: Layer → the hashes of the text that the world names; layers that never had it are not in it.
    """

    world: World = AS_IT_IS
    guidelines: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def late(self, latest: Mapping[int, datetime], entries: int) -> frozenset[int]:
        """The entries that were brought after the world's moment.

        Args:
            latest: By entry, the latest moment of anything in it.
            entries: How many there are.
        """
        end = self.world.end()
        if end is None:
            return frozenset()
        reached = accumulate((latest.get(index, NEVER) for index in range(entries)), max)
        return frozenset(index for index, at in enumerate(reached) if at >= end)

    def states(self, states: Sequence[State]) -> Sequence[State]:
        """The states that were there at the world's moment; what has no date is in every world."""
        end = self.world.end()
        return states if end is None else [state for state in states if state.at < end]

    def has(self, layer: str, annotator: str | None, guidelines_sha256: str | None) -> bool:
        """Whether an annotation is in the world. annotator: None for a suggestion, which is no one's."""
        if annotator is None:
            return True
        wanted = self.guidelines.get(layer)
        return annotator != self.world.without and (wanted is None or guidelines_sha256 in wanted)

    def check_person(self, people: Iterable[str]) -> None:
        """Raises UsageError where the world leaves out somebody who is not there."""
        known = sorted(set(people))
        if self.world.without and self.world.without not in known:
            raise UsageError(
                f"There is no annotator '{self.world.without}'.{did_you_mean(self.world.without, known)}",
                f"The annotators: {', '.join(known) or 'no one yet'}.",
            )


AS_BROUGHT = Replay()
