"""Tokens and BIO tags: offsets exact on any Unicode, and what BIO cannot say is listed, never dropped silently."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.release.export.tokens import (
    CUTS_TOKEN,
    NESTED,
    OVERLAPPING,
    SEVERAL_LABELS,
    LabelledSpan,
    tag,
    tokenize,
    untag,
)

LABELS = ("PERSON", "GPE", "ORG")


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[LabelledSpan]]:
    text = draw(st.text(alphabet="ab é👩🏽‍🚒漢字ไทย-’\n\u0301שלום.", min_size=1, max_size=60))
    cut = st.integers(0, len(text))
    pairs = draw(st.lists(st.tuples(cut, cut, st.sampled_from(LABELS)), max_size=8, unique=True))
    return text, [LabelledSpan(min(a, b), max(a, b), label, str(i)) for i, (a, b, label) in enumerate(pairs)]


@given(st.text())
def test_tokens_are_slices_in_order_and_cover_all_but_white_space(text: str) -> None:
    tokens = tokenize(text)
    assert all(a < b for a, b in tokens)
    assert all(one[1] <= other[0] for one, other in pairwise(tokens))
    covered = {i for a, b in tokens for i in range(a, b)}
    assert all(text[i].isspace() or not text[i].strip() for i in range(len(text)) if i not in covered)


@given(marked_texts())
def test_every_span_is_tagged_or_listed_as_a_loss(case: tuple[str, list[LabelledSpan]]) -> None:
    text, marks = case
    tagged = tag(text, marks)
    lost = {loss.mark.span_id for loss in tagged.losses}
    back = {(m.start, m.end, m.label) for m in untag(tagged.tokens, tagged.tags)}
    assert back == {(m.start, m.end, m.label) for m in marks if m.span_id not in lost}
    assert len(tagged.losses) + len(back) == len(marks)


def test_adjacent_spans_of_one_label_stay_two() -> None:
    tagged = tag("VelmoraDraskia", [LabelledSpan(0, 7, "GPE"), LabelledSpan(7, 14, "GPE")], [(0, 7), (7, 14)])
    assert tagged.tags == ["B-GPE", "B-GPE"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Kelvadny’s ferry-boat", ["Kelvadny", "’", "s", "ferry", "-", "boat"]),
        ("維爾莫拉2031年", ["維", "爾", "莫", "拉", "2031", "年"]),
        ("crew 👩🏽‍🚒 🇽🇻!", ["crew", "👩🏽‍🚒", "🇽🇻", "!"]),
        ("Do\u0308mo\u0308lky", ["Do\u0308mo\u0308lky"]),
    ],
)
def test_words_of_any_script(text: str, words: list[str]) -> None:
    assert [text[a:b] for a, b in tokenize(text)] == words


def test_of_two_spans_that_begin_together_the_longer_is_tagged_and_the_inner_one_listed() -> None:
    text = "Ola Brandt of Port Sellane waits."
    outer, inner = LabelledSpan(0, 26, "PERSON", "outer"), LabelledSpan(0, 10, "PERSON", "inner")
    for marks in ([outer, inner], [inner, outer]):
        tagged = tag(text, marks)
        assert [text[m.start : m.end] for m in untag(tagged.tokens, tagged.tags)] == ["Ola Brandt of Port Sellane"]
        assert [(loss.mark.span_id, loss.reason) for loss in tagged.losses] == [("inner", NESTED)]


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        ([LabelledSpan(0, 12, "ORG"), LabelledSpan(5, 12, "GPE")], NESTED),
        ([LabelledSpan(0, 7, "ORG"), LabelledSpan(5, 12, "GPE")], OVERLAPPING),
        ([LabelledSpan(0, 4, "ORG"), LabelledSpan(0, 4, "GPE")], SEVERAL_LABELS),
        ([LabelledSpan(1, 4, "ORG")], CUTS_TOKEN),
    ],
)
def test_what_bio_cannot_carry_is_named(marks: list[LabelledSpan], reason: str) -> None:
    assert [loss.reason for loss in tag("Bank ab cdef x", marks).losses] == [reason]
