"""Promise 2, offsets exact: every conversion between coordinates, as properties over arbitrary Unicode."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.core.offsets import (
    BOM,
    OffsetError,
    OffsetMap,
    Segment,
    Span,
    kept_view,
    line_starts,
    newline_map,
    normalise_newlines,
    utf8_map,
    utf16_map,
)

# What breaks offset code: astral, ZWJ sequences, combining marks, right-to-left, every kind of line break, BOM, NUL.
AWKWARD = [
    *("a", " ", "é", "e\u0301", "я", "中", "😀", "👩‍👧", "🇺🇦", "א", "ع", "\u200f", "\u200d", "\ufe0f", "\U0010ffff"),
    *("\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\U00010000"),  # where UTF-8 and UTF-16 begin to take one unit more
    *("\r\n", "\r", "\n", "\r\r\n", "\n\r", "\u2028", "\u2029", "\u0085", "\v", "\f", "\x1c", BOM, "\0", "\ufffd"),
]
# No deadline: a shared machine is no reason to fail.
steady = settings(deadline=None)
few = settings(deadline=None, max_examples=40)

any_character = st.characters(exclude_categories=["Cs"])
texts = st.lists(st.one_of(st.sampled_from(AWKWARD), any_character), max_size=40).map("".join)
surrogate_texts = st.lists(
    st.one_of(st.sampled_from([*AWKWARD, "\ud83d", "\ude00"]), st.characters(exclude_categories=())), max_size=30
).map("".join)


@st.composite
def spans_in(draw: st.DrawFn, text: str) -> Span:
    start = draw(st.integers(0, len(text)))
    return Span(start, draw(st.integers(start, len(text))))


@st.composite
def disjoint_spans(draw: st.DrawFn, text: str) -> list[tuple[int, int]]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return list(zip(cuts[::2], cuts[1::2], strict=False))


@st.composite
def maps_from(draw: st.DrawFn, source_length: int) -> OffsetMap:
    """Any map with a source of this length: runs of any steps, anything deleted and inserted between them."""
    src, dst, count, src_step, dst_step = [], [], [], [], []
    s = d = 0
    for _ in range(draw(st.integers(0, 6))):
        s += draw(st.sampled_from([0, 0, 0, 1, 2]))
        d += draw(st.sampled_from([0, 0, 0, 1, 3]))
        a, b, n = draw(st.sampled_from([1, 1, 2, 3])), draw(st.sampled_from([1, 1, 2, 4])), draw(st.integers(1, 4))
        if s + a * n > source_length:
            break
        src.append(s)
        dst.append(d)
        count.append(n)
        src_step.append(a)
        dst_step.append(b)
        s, d = s + a * n, d + b * n
    return OffsetMap.from_runs(source_length, d + draw(st.integers(0, 2)), src, dst, count, src_step, dst_step)


@st.composite
def any_maps(draw: st.DrawFn) -> OffsetMap:
    return draw(maps_from(draw(st.integers(0, 20))))


@steady
@given(surrogate_texts)
def test_utf16_offsets_are_those_of_the_encoded_text(text: str) -> None:
    m = utf16_map(text)
    expected = [len(text[:i].encode("utf-16-le", "surrogatepass")) // 2 for i in range(len(text) + 1)]
    assert [m.to_target(i) for i in range(len(text) + 1)] == expected
    assert m.target_length == expected[-1]


@steady
@given(surrogate_texts)
def test_utf8_offsets_are_those_of_the_encoded_text(text: str) -> None:
    m = utf8_map(text)
    expected = [len(text[:i].encode("utf-8", "surrogatepass")) for i in range(len(text) + 1)]
    assert [m.to_target(i) for i in range(len(text) + 1)] == expected
    assert m.target_length == expected[-1]


@steady
@given(texts, st.data())
def test_encoded_slices_are_the_encoded_span(text: str, data: st.DataObject) -> None:
    span = data.draw(spans_in(text))
    bytes_span, units_span = utf8_map(text).map_span(*span), utf16_map(text).map_span(*span)
    assert bytes_span is not None and units_span is not None
    assert text.encode()[slice(*bytes_span)].decode() == text[slice(*span)]
    units = text.encode("utf-16-le")[2 * units_span.start : 2 * units_span.end]
    assert units.decode("utf-16-le") == text[slice(*span)]


@few
@given(texts)
def test_an_offset_inside_a_character_is_reported_never_rounded(text: str) -> None:
    for m in (utf8_map(text).invert(), utf16_map(text).invert()):
        known = {m.to_source(i) for i in range(m.target_length + 1)}
        for offset in set(range(m.source_length + 1)) - known:
            with pytest.raises(OffsetError, match="cuts through one character"):
                m.to_target(offset)
            with pytest.raises(OffsetError, match="cuts through one character"):
                m.map_span(0, offset)
            assert not m.map_spans([0, offset], [offset, m.source_length])[2].any()
            assert not m.to_targets([offset])[1][0]


def test_the_complaint_names_the_offset_and_the_character() -> None:
    with pytest.raises(OffsetError, match="Offset 2 cuts through one character, which stands at 1 to 3"):
        utf16_map("a😀b").to_source(2)
    with pytest.raises(OffsetError, match="Offset 5 lies outside the text, which is 4 long"):
        utf16_map("a😀b").to_source(5)
    with pytest.raises(OffsetError, match="Offset 2 lies in material that the other text does not have"):
        kept_view("abcd", [(0, 1), (3, 4)])[1].to_target(2)
    with pytest.raises(OffsetError, match="end"):
        OffsetMap.identity(4).map_span(3, 2)


@pytest.mark.parametrize("offset", [-1, 4])
def test_offsets_outside_the_text_are_reported(offset: int) -> None:
    m = OffsetMap.identity(3)
    assert not m.to_targets([offset])[1][0]
    assert not m.map_spans([0, offset], [offset, 3])[2].any()
    with pytest.raises(OffsetError, match="outside"):
        m.map_span(min(0, offset), max(offset, 0))


def test_plain_texts_take_the_identity() -> None:
    assert utf16_map("Привіт, 中 é") == OffsetMap.identity(11)
    assert utf8_map("plain\r\n") == OffsetMap.identity(7)
    assert len(utf16_map("").src) == 0


@steady
@given(texts)
def test_the_newline_rule_changes_newlines_and_one_bom_and_nothing_else(raw: str) -> None:
    text, kind = normalise_newlines(raw)
    assert "\r" not in text
    body = raw[1:] if raw.startswith(BOM) else raw
    assert text.split("\n") == body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kinds = {"\r\n": "crlf", "\r": "cr", "\n": "lf"}
    found, i = set(), 0
    while i < len(body):
        step = "\r\n" if body.startswith("\r\n", i) else body[i]
        found |= {kinds[step]} if step in kinds else set()
        i += len(step)
    assert kind == ("none" if not found else found.pop() if len(found) == 1 else "mixed")


def test_only_cr_and_lf_are_newlines() -> None:
    raw = "a\u2028b\u0085c\vd\fe\u2029f\x1cg"
    assert normalise_newlines(raw) == (raw, "none")
    assert normalise_newlines(BOM + BOM + "a\r\r\nb") == (BOM + "a\n\nb", "mixed")


@steady
@given(texts)
def test_the_newline_map_leads_each_kept_character_to_itself(raw: str) -> None:
    text, _ = normalise_newlines(raw)
    m = newline_map(raw)
    assert (m.source_length, m.target_length) == (len(raw), len(text))
    back = m.invert()
    for i, character in enumerate(text):
        span = back.map_span(i, i + 1)
        assert span is not None
        assert raw[slice(*span)] in ({"\n", "\r\n", "\r"} if character == "\n" else {character})
        assert m.map_span(*span) == (i, i + 1)


def test_half_a_crlf_and_the_bom_are_nowhere_in_the_text() -> None:
    m = newline_map(BOM + "a\r\nb")
    with pytest.raises(OffsetError):
        m.to_target(3)
    assert m.map_span(0, 2) is None
    assert m.map_span(1, 5) == (0, 3)
    assert newline_map(BOM + "ab\rc").map_span(1, 5) == (0, 4)
    assert m.segments() == [
        Segment("deleted", Span(0, 1), Span(0, 0)),
        Segment("equal", Span(1, 2), Span(0, 1)),
        Segment("recoded", Span(2, 4), Span(1, 2)),
        Segment("equal", Span(4, 5), Span(2, 3)),
    ]


@steady
@given(texts, st.sampled_from(["", "\n", "\n\n", "😀"]), st.data())
def test_what_maps_into_a_view_is_the_same_text_there(text: str, separator: str, data: st.DataObject) -> None:
    kept = data.draw(disjoint_spans(text))
    view, m = kept_view(text, kept, separator)
    assert view == separator.join(text[s:e] for s, e in kept)
    start, end = data.draw(spans_in(text))
    place = m.map_span(start, end)
    if place is not None:
        assert view[slice(*place)] == text[start:end]
    for s, e in kept:
        if s < e:
            assert m.map_span(s, e) is not None
    gone = set(range(len(text))) - {i for s, e in kept for i in range(s, e)}
    assert all(m.map_span(i, i + 1) is None for i in gone)


def test_a_span_across_a_separator_or_a_removed_passage_does_not_map() -> None:
    view, m = kept_view("menu BODY ad MORE", [(5, 9), (13, 17)])
    assert view == "BODY\nMORE"
    assert m.map_span(5, 9) == (0, 4)
    assert m.map_span(5, 17) is None
    assert m.invert().map_span(0, 9) is None
    assert m.invert().map_span(5, 9) == (13, 17)
    assert kept_view("abcd", [(0, 2), (2, 4)])[1].map_span(1, 3) is None
    assert kept_view("abcd", [(0, 2), (2, 4)], "")[1] == OffsetMap.identity(4)
    assert kept_view("abcd", []) == ("", OffsetMap.from_equal(4, 0, []))


@pytest.mark.parametrize("spans", [[(2, 1)], [(0, 3), (2, 4)], [(3, 4), (0, 1)], [(-1, 2)], [(2, 9)]])
def test_kept_spans_out_of_order_or_outside_are_refused(spans: list[tuple[int, int]]) -> None:
    with pytest.raises(OffsetError, match="Kept spans must be in order"):
        kept_view("abcd", spans)


@steady
@given(texts)
def test_lines_start_where_split_says(text: str) -> None:
    lines = text.split("\n")
    starts = line_starts(text)
    assert len(starts) == len(lines)
    assert all(text[s : s + len(line)] == line for s, line in zip(starts, lines, strict=True))


@few
@given(any_maps())
def test_exact_spans_come_back_as_they_were(m: OffsetMap) -> None:
    back = m.invert()
    assert back.invert() == m
    assert (
        m.to_sources(range(m.target_length + 1))[0].tolist() == back.to_targets(range(m.target_length + 1))[0].tolist()
    )
    for start in range(m.source_length + 1):
        for end in range(start, m.source_length + 1):
            starts, ends, ok = m.map_spans([start], [end])
            if ok[0]:
                again = back.map_spans(starts, ends)
                assert (int(again[0][0]), int(again[1][0]), bool(again[2][0])) == (start, end, True)


@steady
@given(any_maps())
def test_maps_are_monotone(m: OffsetMap) -> None:
    targets, ok = m.to_targets(np.arange(m.source_length + 1))
    assert (np.diff(targets[ok]) >= 0).all()
    assert ok[0] and ok[-1]
    assert targets[ok].min() >= 0 and targets[ok].max() <= m.target_length


@few
@given(any_maps())
def test_vectors_say_what_scalars_say(m: OffsetMap) -> None:
    grid = [(s, e) for s in range(-1, m.source_length + 2) for e in range(-1, m.source_length + 2)]
    starts, ends, ok = m.map_spans([s for s, _ in grid], [e for _, e in grid])
    for (s, e), *vector in zip(grid, starts.tolist(), ends.tolist(), ok.tolist(), strict=True):
        try:
            place = m.map_span(s, e)
        except OffsetError:
            place = None
        assert vector == ([*place, True] if place is not None else [-1, -1, False])
    targets, fine = m.to_targets(np.arange(-1, m.source_length + 2))
    for offset, target, good in zip(range(-1, m.source_length + 2), targets.tolist(), fine.tolist(), strict=True):
        if good:
            assert m.to_target(offset) == target
        else:
            with pytest.raises(OffsetError):
                m.to_target(offset)


@steady
@given(any_maps())
def test_segments_tile_both_texts(m: OffsetMap) -> None:
    source = target = 0
    for segment in m.segments():
        assert (segment.source.start, segment.target.start) == (source, target)
        assert (segment.source.end > source) == (segment.kind != "inserted")
        assert (segment.target.end > target) == (segment.kind != "deleted")
        source, target = segment.source.end, segment.target.end
    assert (source, target) == (m.source_length, m.target_length)


@steady
@given(st.data())
def test_the_order_of_composing_never_changes_a_place(data: st.DataObject) -> None:
    f = data.draw(any_maps())
    g = data.draw(maps_from(f.target_length))
    h = data.draw(maps_from(g.target_length))
    left, right = f.compose(g).compose(h), f.compose(g.compose(h))
    starts, ends = np.triu_indices(f.source_length + 1, k=1)
    s1, e1, ok1 = left.map_spans(starts, ends)
    s2, e2, ok2 = right.map_spans(starts, ends)
    both = ok1 & ok2
    assert (s1[both] == s2[both]).all() and (e1[both] == e2[both]).all()
    # Without wide units nothing can be lost on the way: the maps are the same.
    if all((m.src_step == 1).all() and (m.dst_step == 1).all() for m in (f, g, h)):
        assert left == right


@steady
@given(st.data())
def test_composing_can_be_inverted_step_by_step(data: st.DataObject) -> None:
    f = data.draw(any_maps())
    g = data.draw(maps_from(f.target_length))
    assert f.compose(g).invert() == g.invert().compose(f.invert())


def test_what_one_map_inserts_into_a_unit_and_the_next_deletes_counts_as_a_gap_in_one_order_only() -> None:
    """A unit of two; something comes between them and goes again. Composed from the left, the unit is lost on the way."""
    f = OffsetMap.from_runs(1, 2, [0], [0], [1], [1], [2])
    g = OffsetMap.from_equal(2, 3, [(0, 0, 1), (1, 2, 1)])
    h = OffsetMap.from_equal(3, 2, [(0, 0, 1), (2, 1, 1)])
    assert f.compose(g).compose(h).map_span(0, 1) is None
    assert f.compose(g.compose(h)).map_span(0, 1) == (0, 2)


@steady
@given(any_maps())
def test_the_identity_changes_nothing(m: OffsetMap) -> None:
    assert OffsetMap.identity(m.source_length).compose(m) == m
    assert m.compose(OffsetMap.identity(m.target_length)) == m


@steady
@given(st.data())
def test_a_composed_map_maps_a_span_wherever_both_maps_do(data: st.DataObject) -> None:
    f = data.draw(any_maps())
    g = data.draw(maps_from(f.target_length))
    both = f.compose(g)
    size = f.source_length
    starts, ends = np.triu_indices(size + 1, k=1)
    s1, e1, ok1 = f.map_spans(starts, ends)
    s2, e2, ok2 = g.map_spans(s1, e1)
    s, e, ok = both.map_spans(starts, ends)
    step_by_step = ok1 & ok2
    assert ok[step_by_step].all()
    assert (s[step_by_step] == s2[step_by_step]).all() and (e[step_by_step] == e2[step_by_step]).all()


def test_what_one_map_inserts_and_the_next_deletes_leaves_no_trace() -> None:
    inserts = OffsetMap.from_equal(2, 3, [(0, 0, 1), (1, 2, 1)])
    assert inserts.map_span(0, 2) is None
    assert inserts.compose(inserts.invert()) == OffsetMap.identity(2)


def test_units_that_two_maps_cut_differently_become_one() -> None:
    in_pairs = OffsetMap.from_runs(4, 2, [0], [0], [2], [2], [1])
    shifted_pairs = OffsetMap.from_runs(4, 3, [0, 1, 3], [0, 1, 2], [1, 1, 1], [1, 2, 1], [1, 1, 1])
    assert in_pairs.invert().compose(shifted_pairs).segments() == [Segment("recoded", Span(0, 2), Span(0, 3))]
    half_gone = OffsetMap.from_equal(4, 3, [(0, 0, 3)])
    assert in_pairs.invert().compose(half_gone).map_spans([0, 1], [1, 2])[2].tolist() == [True, False]


@steady
@given(texts, st.data())
def test_browser_offsets_of_a_raw_text_lead_to_the_document(raw: str, data: st.DataObject) -> None:
    """UTF-16 units of the raw text → code points of the document, through one composed map."""
    text, _ = normalise_newlines(raw)
    span = data.draw(spans_in(text))
    to_text = utf16_map(raw).invert().compose(newline_map(raw))
    units = to_text.invert().map_span(*span)
    if span.start < span.end:
        assert units is not None
    if units is not None:
        piece = raw.encode("utf-16-le")[2 * units.start : 2 * units.end].decode("utf-16-le")
        assert piece.replace("\r\n", "\n").replace("\r", "\n") == text[slice(*span)]
        assert to_text.map_span(*units) == span


def test_maps_that_do_not_follow_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="leads to 3 units, the second starts from 4"):
        OffsetMap.identity(3).compose(OffsetMap.identity(4))


@pytest.mark.parametrize("pieces", [[(0, 0, 3), (2, 3, 1)], [(2, 2, 1), (0, 0, 1)], [(0, 0, 9)], [(-1, 0, 1)]])
def test_runs_that_make_no_map_are_refused(pieces: list[tuple[int, int, int]]) -> None:
    with pytest.raises(ValueError, match="in order, disjoint"):
        OffsetMap.from_equal(4, 4, pieces)


def test_maps_cannot_be_changed() -> None:
    m = OffsetMap.identity(3)
    with pytest.raises(ValueError, match="read-only"):
        m.src[0] = 1
    with pytest.raises(AttributeError):
        m.source_length = 4  # type: ignore[misc]
    assert m != "a map"
    assert repr(m) == "OffsetMap(3 -> 3, 1 kept runs)"


@pytest.mark.parametrize("character", "a\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff")
def test_a_character_at_the_bound_of_a_width_is_as_wide_as_python_writes_it(character: str) -> None:
    text = f"x{character}y"
    assert utf8_map(text).target_length == len(text.encode("utf-8"))
    assert utf16_map(text).target_length == len(text.encode("utf-16-le")) // 2
