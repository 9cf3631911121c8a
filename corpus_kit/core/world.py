"""A world: which of what people did counts, and how it becomes gold.

The ledger keeps everything, so a corpus can be made again as it was on a day, without somebody, under one text of the
guidelines, or with another policy: many analyses of the same data instead of one (Steegen, Tuerlinckx, Gelman and
Vanpaemel 2016, "Increasing Transparency Through a Multiverse Analysis", Perspectives on Psychological Science 11(5)).
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.vocabulary import BOUNDARIES, POLICIES

AXES = ("as_of", "without", "guidelines", "policy", "boundary")
"""What a world may choose, in the order it is named."""

_WORDS = {
    "as_of": "as of",
    "without": "without",
    "guidelines": "guidelines",
    "policy": "policy",
    "boundary": "boundary",
}


@dataclass(frozen=True, slots=True)
class World:
    """One choice of each; "" is the corpus as it is.

    as_of: a day (to its end, UTC) or a moment, in ISO 8601: what was said later is not there.
    without: a pseudonym whose answers are not there.
    guidelines: a version of the guidelines, or six or more first digits of their sha256: of the layers that had it, only
        what people said under that text is there.
    policy, boundary: instead of those of `corpus.toml`, for every layer.

    Raises UsageError for what cannot be.
    """

    as_of: str = ""
    without: str = ""
    guidelines: str = ""
    policy: str = ""
    boundary: str = ""

    def __post_init__(self) -> None:
        self.end()  # complains
        for what, word, accepted in (("policy", self.policy, POLICIES), ("boundary", self.boundary, BOUNDARIES)):
            if word and word not in accepted:
                hint = f"Use one of {', '.join(accepted)}.{did_you_mean(word, list(accepted))}"
                raise UsageError(f"There is no {what} {word!r}.", hint)

    def end(self) -> datetime | None:
        """The first moment that is not in the world; None where all are."""
        if not self.as_of:
            return None
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", self.as_of):
                day = date.fromisoformat(self.as_of)
                return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
            at = datetime.fromisoformat(self.as_of)
        except (ValueError, OverflowError):
            raise UsageError(
                f"{self.as_of!r} is no day and no moment.", "Write it as 2031-05-04 or 2031-05-04T12:00:00Z."
            ) from None
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC) + timedelta(microseconds=1)

    @property
    def filters(self) -> bool:
        """Whether it leaves out anything that people did."""
        return bool(self.as_of or self.without or self.guidelines)

    @property
    def name(self) -> str:
        """In words: what differs from the corpus as it is."""
        return ", ".join(f"{_WORDS[axis]} {value}" for axis, value in self.choices().items()) or "as it is"

    def choices(self) -> dict[str, str]:
        """What it chooses, by axis."""
        return {axis: value for axis, value in self.as_dict().items() if value}

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


AS_IT_IS = World()
"""Everything counts, and `corpus.toml` says how it becomes gold."""
