"""Texts that are nearly the same: what differs, and where a span of one stands in the other.

Nearly is: but for white space, invisible characters and the form of characters (NFKC). Then every other character of one
has its place in the other.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from corpus_kit.core.offsets import Span

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"


def bare(text: str) -> str:
    """A text without white space and invisible characters, in one form of its characters."""
    return "".join(form for form, _, _ in _clusters(text))


def difference(current: str, text: str) -> str:
    """In words where two texts begin to differ, without the texts."""
    at = next((i for i, (a, b) in enumerate(zip(current, text, strict=False)) if a != b), min(len(current), len(text)))
    kind = "white space or the form of characters" if bare(current) == bare(text) else "words"
    return f"differs in {kind} from character {at} on ({len(text)} characters, the document has {len(current)})"


def same_lines(one: str, other: str) -> float:
    """The share of the longer text's characters that stand in lines both have."""
    lines = {bare(line) for line in one.split("\n")} - {""}
    shared = sum(len(bare(line)) for line in other.split("\n") if bare(line) in lines)
    longer = max(len(bare(one)), len(bare(other)))
    return shared / longer if longer else 0.0


class NearMap:
    """Where the characters of one text stand in another that is nearly the same."""

    def __init__(self, shown: str, text: str) -> None:
        """Raises ValueError when the texts differ in more than `bare` leaves out."""
        self._starts: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        one, two = _clusters(shown), _clusters(text)
        a = b = ""
        start: tuple[int, int] | None = None
        ends = (0, 0)
        while True:
            if a == b:
                if start is not None:
                    self._starts[start[0]], self._ends[ends[0]] = start[1], ends[1]
                first, second = next(one, None), next(two, None)
                if first is None or second is None:
                    if first is not second:
                        raise ValueError("the texts are not nearly the same")
                    return
                a, b = first[0], second[0]
                start, ends = (first[1], second[1]), (first[2], second[2])
            elif b.startswith(a) or a.startswith(b):
                longer = next(one if len(a) < len(b) else two, None)
                if longer is None:
                    raise ValueError("the texts are not nearly the same")
                if len(a) < len(b):
                    a, ends = a + longer[0], (longer[2], ends[1])
                else:
                    b, ends = b + longer[0], (ends[0], longer[2])
            else:
                raise ValueError("the texts are not nearly the same")

    def span(self, start: int, end: int, shown: str) -> Span | None:
        """The place of a span without the white space at its edges; None where an edge cuts through a character."""
        while start < end and not _form(shown[start]):
            start += 1
        while start < end and not _form(shown[end - 1]):
            end -= 1
        if start not in self._starts or end not in self._ends or start >= end:
            return None
        return Span(self._starts[start], self._ends[end])


def _form(cluster: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", cluster) if not c.isspace() and c not in _INVISIBLE)


def _clusters(text: str) -> Iterator[tuple[str, int, int]]:
    """(form, start, end) of every character with the marks that combine with it, but for white space."""
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or not unicodedata.combining(text[end]):
            form = _form(text[start:end])
            if form:
                yield form, start, end
            start = end
