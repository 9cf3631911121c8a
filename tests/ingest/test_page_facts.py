"""What a page says about itself is read with its offsets, and null is better than a guess."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.ingest.dates import find_dates
from corpus_kit.ingest.page import PageFacts, page_facts
from corpus_kit.ingest.page_facts.model import Title, is_dated_headline

BODY = {
    "en": "The harbour council of Sennet Bay met behind closed doors for the third time, and the ferries stayed in the "
    "harbour while the fishermen waited for the council to answer. No one answered the fishermen before the evening.",
    "ru": "Портовый совет Сеннетской бухты в третий раз собрался за закрытыми дверями, и паромы остались в порту, пока "
    "рыбаки ждали ответа совета. До вечера рыбакам никто так и не ответил, и они разошлись по домам.",
    "uk": "Портова рада Сеннетської бухти втретє зібралася за зачиненими дверима, і пороми лишилися в порту, доки "
    "рибалки чекали на відповідь ради. До вечора рибалкам ніхто так і не відповів, і вони розійшлися.",
    "pl": "Rada portu w Zatoce Sennet po raz trzeci zebrała się za zamkniętymi drzwiami, a promy zostały w porcie, "
    "podczas gdy rybacy czekali na odpowiedź rady. Do wieczora nikt rybakom nie odpowiedział.",
    "es": "El consejo del puerto de Bahía Sennet se reunió por tercera vez a puerta cerrada, y los transbordadores "
    "quedaron en el puerto mientras los pescadores esperaban la respuesta del consejo. Nadie respondió.",
}
HEADLINE = {
    "en": "Harbour council of Sennet Bay meets a third time",
    "ru": "Портовый совет Сеннетской бухты собрался в третий раз",
    "uk": "Портова рада Сеннетської бухти зібралася втретє",
    "pl": "Rada portu w Zatoce Sennet zebrała się po raz trzeci",
    "es": "El consejo del puerto de Bahía Sennet se reúne por tercera vez",
}
DATE = {
    "en": "18 October 2031",
    "ru": "18 октября 2031",
    "uk": "18 жовтня 2031",
    "pl": "18 października 2031",
    "es": "18 de octubre de 2031",
}
MENUS = ("Home", "News", "Ferries", "Weather", "Harbour", "Log in", "")
MENU = "Home   News   Ferries   Weather"


def check(text: str, facts: PageFacts) -> PageFacts:
    """The promise of every case here: offsets show what they name."""
    if facts.title_start is not None:
        assert text[facts.title_start : facts.title_end] == facts.title
    if facts.published_start is not None:
        (found,) = find_dates(text[facts.published_start : facts.published_end])
        assert found.value == facts.published_on
        assert (found.start, found.end) == (0, facts.published_end - facts.published_start)  # type: ignore[operator]
    return facts


def read(*lines: str, **known: object) -> tuple[str, PageFacts]:
    text = "\n".join(lines)
    return text, check(text, page_facts(text, **known))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", BODY)
def test_headline_and_date_are_read_where_they_stand(language: str) -> None:
    text, facts = read(MENU, "", HEADLINE[language], "", f"{DATE[language]}, 14:05", "", BODY[language])
    assert (facts.title, facts.title_start) == (HEADLINE[language], len(MENU) + 2)
    assert facts.published_on == date(2031, 10, 18)
    assert text[facts.published_start : facts.published_end] == DATE[language]


@pytest.mark.parametrize("language", BODY)
def test_a_headline_glued_to_its_breadcrumb_is_found_when_it_is_repeated(language: str) -> None:
    text, facts = read(*MENUS, f"News{HEADLINE[language]}", "", HEADLINE[language], "", BODY[language], "", *MENUS)
    assert (facts.title, facts.title_start) == (HEADLINE[language], text.index("\n" + HEADLINE[language]) + 1)


NO_HEADLINE = {
    "menus only": ["Home", "News", "Sports", "About us and our boats"],
    "a headline cut by dots": ["Home", "Harbour council of Sennet Bay meets a third…", BODY["en"]],
    "a headline cut by three points": ["Harbour council of Sennet Bay meets a third...", BODY["en"]],
    "a menu on one line": ["Harbour   Council   Sennet Bay   Fishermen", BODY["en"]],
    "a menu with bars": ["Harbour | Council | Sennet Bay | Fishermen", BODY["en"]],
    "a slogan with a price": ["The cheapest harbour insurance under 90 crowns", "Get a quote", BODY["pl"]],
    "a slogan": ["The oldest morning paper on both shores", BODY["en"]],
    "an address": ["harbour-council@sennet.example for all the fishermen", BODY["en"]],
    "nothing but the text": [BODY["en"]],
    "nothing before the text": [BODY["en"], HEADLINE["en"]],
    "a date": ["18 October 2031, Sennet Bay", BODY["en"]],
}


@pytest.mark.parametrize("case", NO_HEADLINE)
def test_no_headline_is_better_than_a_guess(case: str) -> None:
    _, facts = read(*NO_HEADLINE[case])
    assert (facts.title, facts.title_start, facts.title_end) == (None, None, None)


NO_DATE = {
    "the masthead's today": ["Sunday, 7 March 2032", "Home", "News", "Ferries", HEADLINE["en"], BODY["en"]],
    "day or month": [HEADLINE["en"], "03/04/2031", BODY["en"]],
    "a date in a sentence": [HEADLINE["en"], "The council met last on 18 October 2031, as everybody knew.", BODY["en"]],
    "the day of an event": [HEADLINE["en"], "Date: 18 October 2031, 19:00", "Place: the old harbour", BODY["en"]],
    "a property": [HEADLINE["en"], "Founded   18 October 1931", "Seat   Sennet Bay", BODY["en"]],
    "the day of a change": [HEADLINE["en"], "Last updated on 18 October 2031", BODY["en"]],
    "a year alone": [HEADLINE["en"], "2031", BODY["en"]],
    "a day that never was": [HEADLINE["en"], "31 February 2031", BODY["en"]],
}


@pytest.mark.parametrize("case", NO_DATE)
def test_no_date_is_better_than_a_guess(case: str) -> None:
    _, facts = read(*NO_DATE[case])
    assert (facts.published_on, facts.published_start, facts.published_end) == (None, None, None)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("Published 18 October 2031, updated 20 October 2031", date(2031, 10, 18)),
        ("Updated: 20.10.2031 · Published: 18.10.2031", date(2031, 10, 18)),
        ("By Renée Ásta · 18 October 2031 · 4 min read", date(2031, 10, 18)),
        ("Saturday, October 18, 2031 | 14:05", date(2031, 10, 18)),
        ("2031-10-18T14:05:00", date(2031, 10, 18)),
        ("18 October 2031Updated 20 October 2031", date(2031, 10, 18)),
    ],
)
def test_a_date_by_itself_under_the_headline_is_the_publication(line: str, value: date) -> None:
    assert read(MENU, HEADLINE["en"], line, BODY["en"])[1].published_on == value


@pytest.mark.parametrize(
    ("below", "chance", "is_given"),
    [
        (("By Renée Ásta", DATE["en"], BODY["en"]), 0.5, True),
        (("By Renée Ásta", DATE["en"], BODY["en"]), 0.2, False),
        (("By Renée Ásta", "four minutes to read", BODY["en"]), 0.5, False),
        (("By Renée Ásta", DATE["pl"], BODY["pl"]), 0.5, False),
        (("One", "Two", "Three", DATE["en"], BODY["en"]), 0.5, False),
    ],
    ids=["dated", "hardly a headline", "no date", "another story", "date far below"],
)
def test_a_doubtful_headline_is_given_where_its_date_and_its_story_are_below(
    below: tuple[str, ...], chance: float, is_given: bool
) -> None:
    line = "Ferries stay in harbour again"
    title = Title(line, 0, len(line), 0.0, 0.5, chance)
    assert is_dated_headline("\n".join((line, *below)), title) is is_given


def test_known_facts_are_only_located() -> None:
    lines = (MENU, f"News{HEADLINE['en']}", HEADLINE["en"], "19 October 2031", "Updated 18.10.2031", BODY["en"])
    text, facts = read(*lines, title=HEADLINE["en"], published_on=date(2031, 10, 18))
    assert facts.title_start == text.index("\n" + HEADLINE["en"]) + 1, "its own line wins over the glued one"
    assert text[facts.published_start : facts.published_end] == "18.10.2031"
    _, elsewhere = read(*lines, title="Another headline of the same page", published_on=date(2030, 1, 1))
    assert (elsewhere.title, elsewhere.title_start) == ("Another headline of the same page", None)
    assert (elsewhere.published_on, elsewhere.published_start) == (date(2030, 1, 1), None)
    _, glued = read(f"News{HEADLINE['en']}", BODY["en"], title=HEADLINE["en"])
    assert glued.title_start == 4


@pytest.mark.parametrize(
    ("tail", "outlet"),
    [
        ("© 2031 The Mirrow Post. All rights reserved.", "The Mirrow Post"),
        ("Copyright © 2019–2031 The Mirrow Post", "The Mirrow Post"),
        ("(c) 2031, Голос пролива", "Голос пролива"),
        ("© 2031 All rights reserved", None),
        ("© 2031 The Mirrow Post.\n© 2030 Ondel Weekly.", None),
        ("© 2031 The Mirrow Post.\n© 2031 The Mirrow Post.", "The Mirrow Post"),
        ("The Mirrow Post, copyright since 1900", None),
        ("", None),
    ],
)
def test_the_outlet_is_the_one_name_of_the_copyright_line(tail: str, outlet: str | None) -> None:
    assert read(HEADLINE["en"], BODY["en"], tail)[1].outlet == outlet


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("URL: https://post.example/a/1", "https://post.example/a/1"),
        ("Источник: https://post.example/a/1?x=2", "https://post.example/a/1?x=2"),
        (f"https://post.example/a {HEADLINE['en']}", "https://post.example/a"),
        ("Read https://post.example/a/1 before you vote", None),
        ("https://post.example/a/1", None),
        ("URL: https://post.example/a\nLink: https://post.example/b", None),
        ("URL: https://post.example/a\nLink: https://post.example/a", "https://post.example/a"),
    ],
)
def test_the_address_is_the_pages_own_or_none(line: str, url: str | None) -> None:
    assert read(MENU, HEADLINE["en"], BODY["en"], line)[1].url == url


LINE = st.one_of(
    st.sampled_from(
        [*HEADLINE.values(), *DATE.values(), *BODY.values(), MENU, "", "News" + HEADLINE["en"], "03/04/2031"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)


@given(st.lists(LINE, max_size=12), st.none() | st.sampled_from([*HEADLINE.values()]), st.none() | st.dates())
def test_offsets_always_show_what_they_name(lines: list[str], title: str | None, day: date | None) -> None:
    text, facts = read(*lines, title=title, published_on=day)
    assert (facts.title_start is None) == (facts.title_end is None)
    assert (facts.published_start is None) == (facts.published_end is None)
    if title is not None:
        assert facts.title == title
    if day is not None:
        assert facts.published_on == day
    assert facts.title is None or facts.title.strip()
    assert facts.outlet is None or facts.outlet in text
    assert facts.url is None or facts.url in text
