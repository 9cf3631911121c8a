"""Dates are read where they are unambiguous, in twelve languages, with the offsets of their words."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.ingest.dates import find_dates

DAY = date(2031, 10, 18)
FORMS = [
    "2031-10-18",
    "18.10.2031",
    "18/10/2031",
    "10/18/2031",
    "18 October 2031",
    "18th of October 2031",
    "October 18, 2031",
    "Oct. 18, 2031",
    "OCTOBER 18 2031",
    "18. Oktober 2031",
    "18 octobre 2031",
    "18 de octubre de 2031",
    "18 ottobre 2031",
    "18 de outubro de 2031",
    "18 oktober 2031",
    "18 października 2031",
    "18 октября 2031",
    "18 жовтня 2031",
    "18. října 2031",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("Published: ", " | 14:05"), ("🚢 ", ", by R."), ("(", ")")])
def test_a_date_is_found_with_its_offsets(form: str, before: str, after: str) -> None:
    text = before + form + after
    (found,) = find_dates(text)
    assert found.value == DAY and text[found.start : found.end] == form


@pytest.mark.parametrize("text", ["18 листопада 2031", "18 listopadu 2031"])
def test_names_that_two_languages_share_mean_what_they_mean_there(text: str) -> None:
    assert [d.value for d in find_dates(text)] == [date(2031, 11, 18)]


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2031",
        "31/02/2031",
        "32.10.2031",
        "2031-13-01",
        "2031-1-8",
        "18 Smarch 2031",
        "October 2031",
        "2031",
        "10.18.2031",
        "1.18.10.2031",
        "18.10.20311",
        "x18.10.2031",
        "/2031-10-18/",
        "18 October 1131",
        "",
    ],
)
def test_what_may_mean_two_days_or_none_is_left_alone(text: str) -> None:
    assert find_dates(text) == []


def test_equal_numbers_are_no_doubt() -> None:
    assert [d.value for d in find_dates("04/04/2031")] == [date(2031, 4, 4)]


def test_only_the_part_asked_for_is_read() -> None:
    text = "18.10.2031 and 19.10.2031 and 20.10.2031"
    assert [d.value.day for d in find_dates(text, 11, 26)] == [19]
    assert [d.value.day for d in find_dates(text)] == [18, 19, 20]


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.text(st.characters(categories=["Zs"]), max_size=3))
def test_every_day_is_read_back(day: date, space: str) -> None:
    for form in (day.isoformat(), f"{day.day}.{day.month}.{day.year}", day.strftime("%B %d, %Y")):
        text = space + form
        assert [(d.value, text[d.start : d.end]) for d in find_dates(text)] == [(day, form)]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_can_be_searched(text: str) -> None:
    # A line break parts the day from whatever stands before it.
    whole = f"{text}\n18.10.2031"
    found = find_dates(whole)
    assert found[-1] == (DAY, len(text) + 1, len(whole))
    for one, other in pairwise(found):
        assert 0 <= one.start < one.end <= other.start


def test_a_date_is_read_whose_year_is_glued_to_the_next_word() -> None:
    text = "July 30, 2029January 18, 2033, item 4 May 2031b"
    assert [(str(one.value), text[one.start : one.end]) for one in find_dates(text)] == [
        ("2029-07-30", "July 30, 2029")
    ]
