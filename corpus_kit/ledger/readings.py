"""In which unit an annotation counts its offsets, decided by evidence; the result is code points of the document's text.

Label Studio 1.x counts code points today; older servers stored UTF-16 units. `value.text` is evidence and nothing else:
the labeling page writes a literal backslash-n for a newline and collapses spaces, and keeps a suggestion's wrong text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from corpus_kit.core.offsets import OffsetMap, Span, newline_map, normalise_newlines, utf8_map, utf16_map
from corpus_kit.ledger.nearly import NearMap

Unit = str  # "code points", "UTF-16 units", "mixed"
POINTS, UNITS, MIXED = "code points", "UTF-16 units", "mixed"
INCLUSIVE, BYTES = "inclusive ends", "UTF-8 bytes"
ONE_BREAK, TWO_BREAKS = "line breaks of one character", "line breaks of two characters"
_ELSEWHERE = ("offsets_mismatch", "offsets_out_of_range", "offsets_reversed")


class ReportedOffsets(NamedTuple):
    """Offsets as a result tells them. text: its `value.text`, "" where there is none. binding: whether the text was
    taken from the page by whoever made the span, so that offsets which contradict it are wrong."""

    start: int
    end: int
    text: str = ""
    binding: bool = True


@dataclass(frozen=True, slots=True)
class Wrong:
    """Offsets that cannot be taken: reason code and both readings."""

    reason: str
    detail: str


class Reading:
    """One text as it was shown to annotators, and how its offsets become those of the document's text.

    text: the document's text. shown: what the task held, where that differs in its newlines, or is nearly the same.
    """

    def __init__(self, text: str, shown: str | None = None) -> None:
        self.text = text
        self.shown = text if shown is None else shown
        self._newlines: OffsetMap | None = None
        self._near: NearMap | None = None
        if shown is not None and normalise_newlines(shown)[0] == text:
            self._newlines = newline_map(shown)
        elif shown is not None:
            self._near = NearMap(shown, text)
        self._two_ways = _has_astral(self.shown)

    def places(self, told: Sequence[ReportedOffsets]) -> tuple[list[Span | Wrong], Unit]:
        """Each span's place in `text`, or why it has none; and the unit that one annotation counts in."""
        if not self._two_ways or all(self._plainly_points(t) for t in told):
            unit = POINTS
            found = [self._judged(t, (t.start, t.end), None, unit) for t in told]
        else:
            second = self._from_units(told)
            unit = self._unit(told, second)
            found = [self._judged(t, (t.start, t.end), u, unit) for t, u in zip(told, second, strict=True)]
        if self._newlines is not None:
            found = [self._kept(f) if isinstance(f, Span) else f for f in found]
        if self._near is not None:
            return [self._beside(f) if isinstance(f, Span) else f for f in found], unit
        if any(isinstance(f, Wrong) and f.reason in _ELSEWHERE for f in found):
            return self._otherwise(told) or (found, unit)
        return found, unit

    def _otherwise(self, told: Sequence[ReportedOffsets]) -> tuple[list[Span | Wrong], Unit] | None:
        """Each span's place where other tools count: taken when every word that is told stands there, all of them alike."""
        for unit, counted in self._other_counts():
            places: list[Span | Wrong] = []
            for t in told:
                span = counted(t.start, t.end)
                if span is None or not 0 <= span.start < span.end <= len(self.text):
                    break
                if t.text and _as_told(self.text[span.start : span.end]) != _as_told(t.text):
                    break
                places.append(span)
            else:
                if any(t.text.strip() for t in told):
                    return places, unit
        return None

    def _other_counts(self) -> Iterator[tuple[Unit, Callable[[int, int], Span | None]]]:
        """Name and conversion of every other way to count that was ever seen, the likeliest first."""
        text = self.text

        def of_text(offsets: OffsetMap, more: int = 0) -> Callable[[int, int], Span | None]:
            def place(start: int, end: int) -> Span | None:
                ends, ok = offsets.to_sources([_bounded(start), _bounded(end + more)])
                return Span(int(ends[0]), int(ends[1])) if ok.all() else None

            return place

        yield INCLUSIVE, lambda start, end: Span(start, end + 1)
        if self._newlines is not None:
            yield ONE_BREAK, lambda start, end: Span(start, end)
        if "\n" in text:
            yield TWO_BREAKS, of_text(newline_map(text.replace("\n", "\r\n")).invert())
        if not text.isascii():
            yield BYTES, of_text(utf8_map(text))
            yield f"{UNITS}, {INCLUSIVE}", of_text(utf16_map(text), 1)

    @cached_property
    def _units(self) -> OffsetMap:
        return utf16_map(self.shown)

    def _plainly_points(self, t: ReportedOffsets) -> bool:
        """Code points fit and nothing can speak for the other unit: the usual case, without a map."""
        return self._inside(t.start, t.end) and t.text in ("", self.shown[t.start : t.end])

    def _from_units(self, told: Sequence[ReportedOffsets]) -> list[tuple[int, int] | None]:
        ends, ok = self._units.to_sources([x for t in told for x in (_bounded(t.start), _bounded(t.end))])
        return [
            (int(ends[2 * i]), int(ends[2 * i + 1])) if ok[2 * i] and ok[2 * i + 1] else None for i in range(len(told))
        ]

    def _unit(self, told: Sequence[ReportedOffsets], second: Sequence[tuple[int, int] | None]) -> Unit:
        votes = {POINTS: 0, UNITS: 0}
        points_fit = units_fit = True
        points_on_words = units_on_words = 0
        for t, u in zip(told, second, strict=True):
            points = (t.start, t.end) if self._inside(t.start, t.end) else None
            units = u if u and self._inside(*u) else None
            points_fit, units_fit = points_fit and points is not None, units_fit and units is not None
            if points == units:
                continue
            points_on_words += points is not None and self._on_words(*points)
            units_on_words += units is not None and self._on_words(*units)
            likeness = [self._likeness(r, t.text) if r and t.text else 0 for r in (points, units)]
            if likeness[0] != likeness[1]:
                votes[POINTS if likeness[0] > likeness[1] else UNITS] += 1
        if votes[POINTS] and votes[UNITS]:
            return MIXED
        if votes[POINTS] or votes[UNITS]:
            return POINTS if votes[POINTS] else UNITS
        # Nothing is told of the words. A span behind the end says UTF-16, unless that tears the other spans' words.
        return UNITS if units_fit and not points_fit and units_on_words >= points_on_words else POINTS

    def _judged(
        self, t: ReportedOffsets, points: tuple[int, int], units: tuple[int, int] | None, unit: Unit
    ) -> Span | Wrong:
        if t.end <= t.start:
            return Wrong("offsets_reversed", f"{t.start} to {t.end}")
        if unit == MIXED:
            likeness = [self._likeness(r, t.text) if r and self._inside(*r) else 0 for r in (points, units)]
            if not t.text or likeness[0] == likeness[1]:
                return Wrong("offsets_ambiguous", self._both(t, units))
            unit = POINTS if likeness[0] > likeness[1] else UNITS
        read = points if unit == POINTS else units
        if read is None or not self._inside(*read):
            return Wrong("offsets_out_of_range", self._both(t, units))
        if t.text and t.binding and not self._likeness(read, t.text):
            return Wrong("offsets_mismatch", self._both(t, units))
        return Span(*read)

    def _both(self, t: ReportedOffsets, units: tuple[int, int] | None) -> str:
        """Both readings in words, without the text itself."""
        n = len(self.shown)
        if not self._two_ways:
            return f"{t.start} to {t.end} of {n}, which is the same in code points and in UTF-16 units"
        second = f"{units[0]} to {units[1]}" if units else "no place"
        size = self._units.target_length
        return f"as code points {t.start} to {t.end} of {n}, as UTF-16 units (of {size}) {second}"

    def _beside(self, span: Span) -> Span | Wrong:
        assert self._near is not None
        place = self._near.span(*span, self.shown)
        return place or Wrong("offsets_out_of_range", f"{span.start} to {span.end} cut through a character")

    def _kept(self, span: Span) -> Span | Wrong:
        assert self._newlines is not None
        kept = self._newlines.map_span(*span) if self._whole(span) else None
        return kept or Wrong("offsets_out_of_range", f"{span.start} to {span.end} cut through a line break of two")

    def _whole(self, span: Span) -> bool:
        return not any(0 < x < len(self.shown) and self.shown[x - 1 : x + 1] == "\r\n" for x in span)

    def _inside(self, start: int, end: int) -> bool:
        return 0 <= start < end <= len(self.shown)

    def _on_words(self, start: int, end: int) -> bool:
        """Whether neither end cuts through a word."""
        return not any(
            0 < x < len(self.shown) and self.shown[x - 1].isalnum() and self.shown[x].isalnum() for x in (start, end)
        )

    def _likeness(self, read: tuple[int, int], text: str) -> int:
        """2: the slice is the text told. 1: but for what the labeling page does to it. 0: another text."""
        there = self.shown[slice(*read)]
        return 2 if there == text else int(_as_told(there) == _as_told(text))


def _has_astral(text: str) -> bool:
    """Whether both readings differ at all: most texts have no character that UTF-16 takes two units for."""
    return utf16_map(text).target_length > len(text)


def _as_told(text: str) -> str:
    """Literal backslash-n and -r as the line breaks they stand for, white space collapsed, none at the edges."""
    return " ".join(text.replace("\\n", " ").replace("\\r", " ").split())


def _bounded(offset: int) -> int:
    """An absurd number stays absurd and fits int64."""
    return max(min(offset, 1 << 60), -1)
