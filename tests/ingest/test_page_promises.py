"""What a reader of a page would say of it, on small invented pages where a rule alone would go wrong."""

from __future__ import annotations

from datetime import date

from corpus_kit.ingest.page import page_facts

HEADLINE = "Harbour council of Sennet Bay meets a third time"
BODY = (
    "The harbour council of Sennet Bay met behind closed doors for the third time, and the ferries stayed in the "
    "harbour while the fishermen waited for the council to answer. No one answered them before the evening."
)
TEASERS = [
    "Ferries of the north shore are late again",
    "A lamp for the lighthouse of Port Sellane",
    "Teachers of Velmora go back to work",
    "Eels return to Lake Vesk after nine years",
]


def test_a_lone_date_of_a_teaser_far_below_is_not_the_day_of_publication_though_it_is_earlier() -> None:
    lines = ["Home   News   Ferries", "", HEADLINE, "18 October 2031", *TEASERS, "3 May 2029", BODY]
    assert page_facts("\n".join(lines)).published_on in (date(2031, 10, 18), None), "null is no guess"


def test_of_two_dates_beside_each_other_the_earlier_is_the_day_of_publication() -> None:
    lines = ["Home   News   Ferries", "", HEADLINE, "Updated 20 October 2031", "First printed 18 October 2031", BODY]
    assert page_facts("\n".join(lines)).published_on in (date(2031, 10, 18), None), "null is no guess"


def test_a_line_that_is_only_looked_at_in_part_tells_no_date() -> None:
    """The head of a page ends after 3,000 characters: where it cuts a sentence short, a day in it is no line of its own."""
    above = "\n".join(["Home   News   Ferries", "", HEADLINE, *[BODY] * 13])
    filler = "x" * (2960 - len(above)) + "\n"
    sentence = "18 October 2031 is a day that the council will remember, and so will the fishermen. " + BODY
    text = f"{above}\n{filler}{sentence}\n"
    assert text.index("18 October") < 2990 < 3000 < text.index("remember,")
    facts = page_facts(text)
    assert facts.title == HEADLINE
    assert facts.published_on is None
    assert page_facts(text.replace(" is a day that the council", "\n")).published_on == date(2031, 10, 18)
