"""The language of a page's running text; `und` when that is short or unsure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_page_facts import BODY

from corpus_kit.ingest.language import identify


@pytest.mark.parametrize("language", BODY)
def test_running_text_is_identified(language: str) -> None:
    found, score = identify(BODY[language])
    assert found == language
    assert score is not None and 0.6 <= score <= 1


@pytest.mark.parametrize(
    "text", ["Home", "OK", "1234 5678 " * 40, "🚢 " * 50, "© 2031", "Войти", "\x00\x01\x02 ab\ufffe"]
)
def test_short_texts_and_texts_without_words_are_undetermined(text: str) -> None:
    assert identify(text) == ("und", None)


def test_menus_alone_are_undetermined() -> None:
    menu = "Home\nНовини\nSport\nPolítica\nKultura\nWetter\nПогода\nLogin\nСвіт\nKontakt\nÚltimas\nAutos\n"
    assert identify(menu) == ("und", None)


@pytest.mark.parametrize("language", ["ru", "pl"])
def test_menus_of_other_languages_do_not_drown_the_text(language: str) -> None:
    menu = "\n".join(["Home", "World news", "Sign in or subscribe", "Weather", "Most read this week"] * 30)
    assert identify(f"{menu}\n" + f"{BODY[language]}\n" * 4)[0] == language


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_gets_an_answer(text: str) -> None:
    language, score = identify(text)
    assert 2 <= len(language) <= 3 and language.isalpha() and language.islower()
    assert (score is None) == (language == "und")


def test_characters_that_the_identifier_refuses_do_not_stop_it() -> None:
    assert identify("\x01\ufdd0\U0001ffff\x85" + BODY["en"])[0] == "en"
