"""A quote stands in one place of a text, or is refused with the reason; never is a place guessed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.core.offsets import place_quote

TEXT = "Ola Brandt met Olaf.\nOla Brandt  of\nPort Sellane waits. 港は静か。港へ行く。 Zoë\u0301!"


@pytest.mark.parametrize(
    ("quote", "before", "wanted"),
    [
        ("Olaf", "", "Olaf"),
        ("Ola", "", "quote_ambiguous"),
        ("Ola Brandt", "", "quote_ambiguous"),
        ("Ola Brandt", "met Olaf.", (21, 31)),
        ("Ola Brandt", "met  Ol af .", (21, 31)),
        ("Ola Brandt", "somewhere else", "quote_ambiguous"),
        ("Brandt of Port Sellane", "", (25, 48)),
        (" Port Sellane\n", "", (36, 48)),
        ("lane", "", (44, 48)),
        ("port sellane", "", "quote_not_found"),
        ("Ola Brandt waits", "", "quote_not_found"),
        ("", "", "quote_not_found"),
        (" \n ", "", "quote_not_found"),
        ("港", "", "quote_ambiguous"),
        ("港へ", "", (61, 63)),
        ("x" * 10_000, "", "quote_not_found"),
        ("(Ola|Brandt)+", "", "quote_not_found"),
    ],
)
def test_by_hand(quote: str, before: str, wanted: object) -> None:
    found = place_quote(TEXT, quote, before)
    if wanted == "Olaf":
        assert isinstance(found, tuple) and TEXT[found.start : found.end] == "Olaf"
    else:
        assert found == wanted


WORDS = st.lists(st.sampled_from(["a", "ab", "b", "ab.", "-", "ä", "🚢", "a\u0301", "1", "港"]), max_size=12)


@given(WORDS, st.lists(st.sampled_from([" ", "\n", "  "]), min_size=12, max_size=12), st.data())
@settings(max_examples=200)
def test_a_place_is_exact_and_the_only_one(words: list[str], gaps: list[str], data: st.DataObject) -> None:
    text = "".join(word + gap for word, gap in zip(words, gaps, strict=False))
    start = data.draw(st.integers(0, len(text)))
    quote = text[start : data.draw(st.integers(start, len(text)))]
    found = place_quote(text, quote)
    squeezed = "".join(quote.split())
    if not squeezed:
        assert found == "quote_not_found"
        return
    # The reading by hand: every pair of offsets whose characters are those of the quote, white space aside.
    parts = quote.split()
    every = {
        (i, j)
        for i in range(len(text))
        for j in range(i + 1, len(text) + 1)
        if not text[i].isspace() and not text[j - 1].isspace() and text[i:j].split() == parts
    }
    whole = {(i, j) for i, j in every if not _inside(text, i) and not _inside(text, j)} or every
    assert whole, "a quote that was cut from the text stands in it"
    if len(whole) == 1:
        assert tuple(found) == next(iter(whole))
    else:
        assert found == "quote_ambiguous"


def _inside(text: str, edge: int) -> bool:
    if not 0 < edge < len(text):
        return False
    if text[edge] == "\u0301":
        return True
    return bool(re.match(r"[^\W_]{2}", text[edge - 1 : edge + 1])) and "港" not in text[edge - 1 : edge + 1]
