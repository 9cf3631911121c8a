"""Tokens with offsets, and spans as BIO tags: what a token tagger trains on, with a list of what BIO cannot say.

Tokens never leave the text: each is `text[start:end]`. They are cut finely (at hyphens and apostrophes too), since a span
that ends inside a token cannot be tagged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

NESTED = "nested"
OVERLAPPING = "overlapping"
SEVERAL_LABELS = "several_labels"
CUTS_TOKEN = "cuts_token"
EMPTY = "empty"

# Scripts written without spaces give a token per character; letters keep their combining marks; everything else that is
# no space is a grapheme cluster, so that a family emoji or a flag stays one token.
_TOKEN = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
    r"|[\p{L}\p{N}_][\p{L}\p{N}\p{M}_--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]*"
    r"|(?!\s)\X"
)
_NOT_BLANK = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A labelled span: code point offsets, end-exclusive."""

    start: int
    end: int
    label: str
    span_id: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """A span that a format cannot carry, and why: nested, overlapping, several_labels, cuts_token or empty."""

    mark: LabelledSpan
    reason: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """tokens: (start, end) each. tags: "O", "B-<label>" or "I-<label>", one per token. losses: what is not in them."""

    tokens: list[tuple[int, int]]
    tags: list[str]
    losses: list[Loss]


@lru_cache(maxsize=1)
def _pattern() -> Any:
    import regex  # not before there is something to cut: a release without labels has no tokens

    return regex.compile(_TOKEN, regex.V1)


def tokenize(text: str) -> list[tuple[int, int]]:
    """(start, end) of every token, in order; they do not overlap and hold no white space at their edges."""
    tokens: list[tuple[int, int]] = []
    for match in _pattern().finditer(text):
        start, end = match.span()
        if text[start:end].split() == [text[start:end]]:
            tokens.append((start, end))
        else:  # a sign that takes the blank after it into its cluster, or a control character that Python calls blank
            tokens += [(start + a, start + b) for a, b in (part.span() for part in _NOT_BLANK.finditer(match[0]))]
    return tokens


def tag(text: str, marks: Sequence[LabelledSpan], tokens: list[tuple[int, int]] | None = None) -> Tagged:
    """Spans as BIO tags. Where spans overlap the outermost, then the first, is tagged; the others are losses.

    tokens: those of `tokenize` by default; a tokenizer's own offsets where labels must fit its word pieces.
    """
    tokens = tokenize(text) if tokens is None else tokens
    first_at = {start: i for i, (start, _) in enumerate(tokens)}
    last_at = {end: i for i, (_, end) in enumerate(tokens)}
    tags = ["O"] * len(tokens)
    losses: list[Loss] = []
    taken: list[LabelledSpan] = []
    for mark in sorted(marks, key=lambda m: (m.start, -m.end, m.label, m.span_id)):
        covering = [t for t in taken if t.start < mark.end and mark.start < t.end]
        if mark.start >= mark.end:
            losses.append(Loss(mark, EMPTY))
        elif any((t.start, t.end) == (mark.start, mark.end) for t in covering):
            losses.append(Loss(mark, SEVERAL_LABELS))
        elif any(t.start <= mark.start and mark.end <= t.end for t in covering):
            losses.append(Loss(mark, NESTED))
        elif covering:
            losses.append(Loss(mark, OVERLAPPING))
        elif mark.start not in first_at or mark.end not in last_at:
            losses.append(Loss(mark, CUTS_TOKEN))
        else:
            taken.append(mark)
            first, last = first_at[mark.start], last_at[mark.end]
            tags[first : last + 1] = [f"B-{mark.label}"] + [f"I-{mark.label}"] * (last - first)
    return Tagged(tokens, tags, losses)


def known_tokens(tagged: Tagged, marks: Sequence[LabelledSpan], open_places: Sequence[tuple[int, int]]) -> list[bool]:
    """Whether the tag of each token is certain: False where an open disagreement could change it.

    Args:
        tagged: tokens and tags made from `marks` by `tag`.
        marks: the settled spans.
        open_places: (start, end) of every disagreement that is not settled.

    Returns:
        One value per token. A disagreement inside a settled span changes no tag, since the outermost span is tagged.
    """
    lost = {loss.mark for loss in tagged.losses}
    settled = [mark for mark in marks if mark not in lost]
    open_ = [
        (start, end)
        for start, end in open_places
        if not any(mark.start <= start and end <= mark.end for mark in settled)
    ]
    return [not any(start < b and a < end for a, b in open_) for start, end in tagged.tokens]


def untag(tokens: Sequence[tuple[int, int]], tags: Sequence[str]) -> list[LabelledSpan]:
    """The spans that BIO tags say; `untag(*tag(...))` gives back every span that is not among the losses."""
    marks: list[LabelledSpan] = []
    open_ = False
    for (start, end), word in zip(tokens, tags, strict=True):
        kind, _, label = word.partition("-")
        if kind == "I" and marks and marks[-1].label == label and open_:
            marks[-1] = LabelledSpan(marks[-1].start, end, label)
        elif kind in ("B", "I"):
            marks.append(LabelledSpan(start, end, label))
        open_ = kind != "O"
    return marks
