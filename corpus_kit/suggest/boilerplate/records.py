"""What the suggester answers with."""

from __future__ import annotations

from dataclasses import dataclass

LABELS = (
    "navigation",
    "related_links",
    "comments",
    "promotion",
    "legal",
    "byline_credit",
    "caption",
    "repeated_headline",
    "other",
)


@dataclass(frozen=True, slots=True)
class LineScore:
    """One line that holds anything but spaces.

    start, end: code points [start, end) of the line without the spaces around it.
    score: calibrated probability that the line is boilerplate, 0 to 1.
    label: which kind of boilerplate it would be, one of `LABELS`.
    """

    start: int
    end: int
    score: float
    label: str


@dataclass(frozen=True, slots=True)
class BoilerplateSpan:
    """Neighbouring lines of one kind of boilerplate.

    start, end: code points [start, end) from the first line's first to the last line's last character that is no space.
    label: one of `LABELS`; score: mean of the lines' scores, weighted by their words.
    """

    start: int
    end: int
    label: str
    score: float
