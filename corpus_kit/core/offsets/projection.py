"""Where spans made on an older text stand in the current one: carried only where that is certain, else stale.

What "the same occurrence" means
--------------------------------
A sentence of the old text is *certain* when *witnesses* say which sentence of the new text it is. A witness is a
stretch of the old text that

1. covers the whole sentence, possibly with neighbouring sentences;
2. stands in the new text character by character, in one piece, where the alignment of both texts puts it, and from the
   start of a sentence to the end of one: nothing was put in front of the sentence, behind it or into it;
3. occurs exactly once in the old text and exactly once in the new one, digits ignored (a counter or a date that changed
   must not make one of several like lines unique);
4. has at least `WITNESS_LETTERS` letters (an ideograph counts three), so that it is no accident. The edge of the text,
   where it is the edge in both, stands for the letters and the uniqueness of what would lie beyond.

How many witnesses are needed depends on the sentence:

- It is a witness itself: that is enough.
- It occurs once in each text but is too short: with its neighbours on one side it must be a witness.
- It occurs more than once in either text: with its neighbours on the left it must be a witness, and, independently,
  with those on the right. One side does not do: of two like lines of which one was deleted, each new neighbour would
  vouch for the line that used to stand beside it. Only if both texts have the sentence equally often, and every one of
  its occurrences has a witness on at least one side, so that none can stand for another, is one side enough; but not
  where something new was put between the sentence and its old neighbour on the other side: it may be what the sentence
  was replaced by, and the sentence a like one that came in beside it.

A span is carried

- in order: if everything from its first sentence to its last stands unchanged in one piece where the alignment puts it,
  and the first and the last of them are certain;
- with the whole text: if all of the old text stands in the new one in one piece, as whole lines (something was put before
  it, behind it, or both), has enough letters, and none of the span's sentences became more frequent;
- with a moved paragraph: if its first and last line are witnesses in all but (2)'s alignment, the whole lines from the
  one to the other stand elsewhere as whole lines, in one piece, and none of their sentences became more frequent (else
  they may have been copied, not moved);
- beside a corrected misspelling (at most two characters taken out and two put in, inside one word, no digits, not
  touching the span's words): if the sentence and its whole neighbours on both sides are unchanged but for that, and the
  unchanged part that holds the span is a witness in all but (2)'s sentence edges.

and never if a line that is new in the new text is nearly like the span's first or last line (LCS similarity 0.8), stands
elsewhere, and is not explained by a line that is gone: then no one can say which of the two is the copy and which the
original that was edited. Everything else is stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from corpus_kit.core.offsets.anchors import Witnesses
from corpus_kit.core.offsets.maps import OffsetError, Segment, Span

Verdict = Literal["exact", "shifted", "stale"]

_MOST_TYPO_CHARACTERS = 2


@dataclass(frozen=True, slots=True)
class ProjectedSpan:
    """One span of the old text and where it stands in the new one; `start` and `end` are None when stale.

    surface: the span's text, the same in both unless stale. verdict: exact (same offsets), shifted, or stale.
    """

    from_start: int
    from_end: int
    start: int | None
    end: int | None
    surface: str
    verdict: Verdict


def project_spans(old: str, new: str, spans: Iterable[Sequence[int]]) -> list[ProjectedSpan]:
    """Carry (start, end) spans of `old`, code points, to `new`; one result per span, in order.

    Raises OffsetError for a span that is not inside `old`. Empty spans are stale unless the texts are equal: there is
    nothing to recognise them by.
    """
    wanted = [Span(int(start), int(end)) for start, end in spans]
    for start, end in wanted:
        if not 0 <= start <= end <= len(old):
            raise OffsetError(f"The span {start} to {end} lies outside the text, which is {len(old)} long.")
    places = wanted if old == new or not wanted else _places(Witnesses(old, new), wanted)
    return [_carried(old, span, place) for span, place in zip(wanted, places, strict=True)]


def _carried(old: str, span: Span, place: Span | None) -> ProjectedSpan:
    surface = old[span.start : span.end]
    if place is None:
        return ProjectedSpan(*span, None, None, surface, "stale")
    return ProjectedSpan(*span, *place, surface, "exact" if place == span else "shifted")


def _places(known: Witnesses, spans: Sequence[Span]) -> list[Span | None]:
    """Where the spans stand in the new text, None unless certain."""
    touched = [known.old.touched(span) if span.start < span.end else None for span in spans]
    whole = [span if t is None else _hull(span, known.old.stretch(*t)) for span, t in zip(spans, touched, strict=True)]
    starts, _, ok = known.map.map_spans([w.start for w in whole], [w.end for w in whole])
    added = known.added_before()
    places: list[Span | None] = []
    for span, t, sentences, start, stands in zip(spans, touched, whole, starts.tolist(), ok.tolist(), strict=True):
        place: Span | None = None
        if t is not None and stands and all(known.is_certain(i) for i in {*t}):
            place = _shifted(span, start - sentences.start)
        elif t is not None and added is not None and not known.may_be_copied(sentences):
            place = _shifted(span, added)
        elif t is not None:
            place = _with_moved_lines(known, span, sentences) or _beside_typo(known, span, t)
        places.append(place if place is not None and not known.has_rival(span, place) else None)
    return places


def _with_moved_lines(known: Witnesses, span: Span, sentences: Span) -> Span | None:
    """The place of a span whose whole lines stand elsewhere."""
    old, new = known.old, known.new
    lines = old.whole_lines(sentences)
    start = new.text.find(old.text[lines.start : lines.end])
    place = _shifted(lines, start - lines.start)
    if start < 0 or new.whole_lines(place) != place:
        return None
    first, last = (old.whole_lines(Span(edge, edge)) for edge in lines)
    if not (known.is_witness(first) and known.is_witness(last)) or known.may_be_copied(lines):
        return None
    return _shifted(span, start - lines.start)


def _beside_typo(known: Witnesses, span: Span, touched: tuple[int, int]) -> Span | None:
    """The place of a span in whose sentences one misspelling was put right, the neighbours unchanged."""
    first, last = touched
    own = known.old.stretch(first, last)
    around = known.old.stretch(max(first - 1, 0), min(last + 1, len(known.old.sentences) - 1))
    pieces = known.map.segments_between(*around)
    kept = [piece for piece in pieces if piece.kind == "equal"]
    if len(kept) != 2 or pieces[0] != kept[0] or pieces[-1] != kept[1]:
        return None
    left, right = kept
    hole, new_hole = Span(left.source.end, right.source.start), Span(left.target.end, right.target.start)
    if hole.start < own.start or own.end < hole.end:
        return None
    if not _is_typo(known.old.text[slice(*hole)], known.new.text[slice(*new_hole)]):
        return None
    words = known.old.whole_words(span)
    beside: Segment | None = left if words.end < hole.start else right if hole.end < words.start else None
    if beside is None or not known.is_witness(beside.source):
        return None
    if not known.has_sentence_edges(Span(left.target.start, right.target.end)):
        return None
    return _shifted(span, beside.target.start - beside.source.start)


def _is_typo(before: str, after: str) -> bool:
    """Whether what was replaced is at most one word or mark on each side and differs by very little."""
    if any(c.isspace() or c.isdigit() for c in before + after):
        return False
    head = _common_prefix(before, after)
    tail = _common_prefix(before[head:][::-1], after[head:][::-1])
    return max(len(before), len(after)) - head - tail <= _MOST_TYPO_CHARACTERS


def _common_prefix(a: str, b: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _hull(a: Span, b: Span) -> Span:
    return Span(min(a.start, b.start), max(a.end, b.end))


def _shifted(span: Span, shift: int) -> Span:
    return Span(span.start + shift, span.end + shift)
