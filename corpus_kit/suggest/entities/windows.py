"""Long texts in windows that overlap, and tokens as spans: for models that see a few hundred pieces at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from corpus_kit.suggest.entities.characters import is_spaceless, is_word
from corpus_kit.suggest.entities.records import Suggestion


class Piece(NamedTuple):
    """What a model says of one piece of a word: code points, its likeliest label (`O` for none) and the probability."""

    start: int
    end: int
    label: str
    score: float


def windows(count: int, size: int, stride: int) -> Iterator[tuple[int, int, int, int]]:
    """Begin and end of windows over `count` pieces, and of the part of each whose answers count.

    size: pieces in a window; stride: pieces that neighbours share, of which each gives its answer for the half that is
    farther from its edge. The parts follow one another without a gap.
    """
    begin, counted = 0, 0
    while True:
        end = min(count, begin + size)
        last = end == count
        stop = end if last else end - stride // 2
        yield begin, end, counted, stop
        if last:
            return
        counted, begin = stop, end - stride


def spans_of(pieces: Iterable[Piece], text: str) -> list[Suggestion]:
    """Whole words with labels, joined to spans: their score is the mean of their words' scores.

    Labels are `B-X`, `I-X`, `E-X`, `S-X`, `L-X`, `U-X` or bare `X`; `O` is none. A word has the label of its first piece,
    as the models are trained. An `I-X` after anything but X begins a span.
    """
    made: list[tuple[int, int, str, list[float]]] = []
    open_label = ""
    for word in _words(pieces, text):
        prefix, _, kind = word.label.rpartition("-") if word.label[1:2] == "-" else ("", "", word.label)
        if kind in ("O", ""):
            open_label = ""
            continue
        goes_on = kind == open_label and prefix in ("I", "E", "L", "M", "")
        if goes_on:
            start, _, _, scores = made[-1]
            made[-1] = (start, word.end, kind, [*scores, word.score])
        else:
            made.append((word.start, word.end, kind, [word.score]))
        open_label = "" if prefix in ("E", "S", "L", "U") else kind
    return [Suggestion(start, end, kind, sum(scores) / len(scores)) for start, end, kind, scores in made]


def _words(pieces: Iterable[Piece], text: str) -> Iterator[Piece]:
    """Pieces that touch within a word as one piece: no space, and letters or digits on both sides of the seam."""
    held: Piece | None = None
    for piece in pieces:
        start = piece.start
        while start < piece.end and text[start].isspace():  # some tokenizers count the space before a word in
            start += 1
        if start == piece.end:
            continue
        piece = piece._replace(start=start)
        if held is not None and start <= held.end and _joined(text, held.end, start):
            held = held._replace(end=max(held.end, piece.end))
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held


def _joined(text: str, end: int, start: int) -> bool:
    return end > start or (_inner(text[end - 1]) and _inner(text[start]))


def _inner(character: str) -> bool:
    return is_word(character) and not is_spaceless(character)
