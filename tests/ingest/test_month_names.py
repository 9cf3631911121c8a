"""Every month of the languages that dates are read in, by the names of the Unicode CLDR: no table of ours is asked."""

from __future__ import annotations

from datetime import date

import pytest
from babel import Locale

from corpus_kit.ingest.dates import find_dates

WHOLE = "en de nl fr es it pt pl ru uk cs".split()
"""Languages whose names of months, as they stand in a date, are all read."""
SHORT = "en de es".split()
"""Languages whose abbreviations are all read too."""

NAMES = [
    (language, width, number, name)
    for width, languages in (("wide", WHOLE), ("abbreviated", SHORT))
    for language in languages
    for number, name in Locale.parse(language).months["format"][width].items()
]


def test_the_table_is_whole() -> None:
    assert len(NAMES) == 12 * (len(WHOLE) + len(SHORT))


@pytest.mark.parametrize(("language", "width", "number", "name"), NAMES)
def test_every_month_is_read_by_the_name_it_has_in_a_date(language: str, width: str, number: int, name: str) -> None:
    day = date(2031, number, 18)
    for text in (f"18 {name} 2031", f"18. {name} 2031", f"{name.capitalize()} 18, 2031", f"18 {name.upper()} 2031"):
        assert [(found.value, text[found.start : found.end]) for found in find_dates(text)] == [(day, text)], language


@pytest.mark.parametrize("language", "es pt".split())
def test_every_month_is_read_with_the_words_between_that_spanish_and_portuguese_write(language: str) -> None:
    for number, name in Locale.parse(language).months["format"]["wide"].items():
        assert [found.value for found in find_dates(f"18 de {name} de 2031")] == [date(2031, number, 18)]
