"""Names are found as whole words, in the forms their language gives them, and nothing that only looks alike is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.suggest.entities.calibration import fit
from corpus_kit.suggest.entities.characters import Characters
from corpus_kit.suggest.entities.edges import begins, ends
from corpus_kit.suggest.entities.inflection import RULES, forms, rule_of
from corpus_kit.suggest.entities.lexicon import Lexicon
from corpus_kit.suggest.entities.propagation import Propagation, TextToLabel
from corpus_kit.suggest.entities.records import Name, Suggestion, without_overlaps


def places(text: str, names: list[str], language: str = "") -> list[tuple[int, int, int]]:
    characters = Characters([text])
    start, end, name = Lexicon(names, rule_of(language)).find(characters)
    (begin,) = characters.begins
    return list(zip((start - begin).tolist(), (end - begin).tolist(), name.tolist(), strict=True))


def found(text: str, names: list[str], language: str = "") -> list[str]:
    return [text[start:end] for start, end, _ in places(text, names, language)]


def whole_words(text: str, start: int, end: int) -> bool:
    characters = Characters([text])
    at = np.array([start, end]) + characters.begins[0]
    return bool(begins(characters, at[:1]).all() and ends(characters, at[1:]).all())


@pytest.mark.parametrize(
    ("language", "name", "same", "other"),
    [
        ("ru", "Кестоград", "Кестограда Кестограду Кестоградом Кестограде", "Кестоградский кестограде КЕСТОГРАД"),
        ("ru", "Кестограда", "Кестоград Кестограде", "Кестоградцы"),
        ("ru", "Холмария", "Холмарии Холмарию Холмарией", "Холмар Холмарский"),
        ("ru", "Севериан Ладогин", "Севериана Ладогина; Северианом Ладогиным", "Севериана Ладогинская"),
        ("ru", "Верховный суд", "Верховного суда, Верховному суду", "верховного суда"),
        ("ru", "Марта", "Марты Марте Мартой", "Март Марти Мартовский"),
        ("ru", "Роман", "Романа Роману Романом", "Романов Романова Романы"),
        ("ru", "Романов", "Романова Романовым", "Роман Романы Романам"),
        ("ru", "ООН", "ООН", "ООНа ООНом"),
        ("ru", "Ян", "Ян", "Яна Яном"),
        ("uk", "Львів", "Львова Львову Львові", "Лев Львівський"),
        ("uk", "Драскія", "Драскії Драскію Драскією", "Драск Драскійський"),
        ("pl", "Kestograd", "Kestogradu Kestogradem Kestogradzie", "Kestogradzki"),
        ("pl", "Kestogradzie", "Kestograd Kestogradu", "Kestogradzki"),
        ("pl", "Draskia", "Draskii Draskię Draskią", "Draskijczyk"),
        ("pl", "Trzaskoń", "Trzaskonia Trzaskoniem", "Trzaskon"),
        ("cs", "Vestrov", "Vestrova Vestrovu Vestrově", "Vestrovský"),
        ("en", "Draskia", "Draskia", "Draskian Draskii"),
        ("bg", "Драския", "Драския", "Драскии"),
    ],
)
def test_a_name_is_found_in_its_cases_and_nothing_alike_is(language: str, name: str, same: str, other: str) -> None:
    for text in same.split(","):
        assert " ".join(found(text, [name], language)).replace(";", "") == text.strip().replace(";", "")
    assert found(other, [name], language) == []


def test_nothing_is_found_within_a_longer_word_a_number_or_a_compound() -> None:
    assert found("Halvernia, New-Halvern, Halvern-on-Sea; O'Halvern", ["Halvern"]) == []
    assert found("1.5 million, 15 million, 5 million", ["5 million"]) == ["5 million"]
    assert found("2031-10-18 and 2031", ["2031"]) == ["2031"]
    assert found("Halve\u0301rn Halvern\u0301", ["Halve", "Halvern"]) == []
    assert found("Halvern’s, l’Ukraine, «Halvern»", ["Halvern", "Ukraine"]) == ["Halvern", "Ukraine", "Halvern"]


def test_scripts_without_spaces_have_no_word_edges() -> None:
    assert found("他在北京大学。ที่กรุงเทพมหานคร", ["北京", "北京大学", "กรุงเทพ"]) == ["北京", "北京大学", "กรุงเทพ"]


def test_white_space_within_a_name_may_be_any_of_one_line_or_a_line_break() -> None:
    text = "Port Sellane, Port\u00a0Sellane, Port\nSellane, Port\n\nSellane, PortSellane"
    assert found(text, ["Port Sellane"]) == ["Port Sellane", "Port\u00a0Sellane", "Port\nSellane"]


_TEXT = st.text(alphabet=st.sampled_from("AbЖж一🚀\u0301’'-. 1\n"), max_size=30)
_NAME = _TEXT.map(str.strip).filter(lambda s: s != "" and "\n" not in s and "  " not in s)


@given(_TEXT, st.lists(_NAME, min_size=1, max_size=6, unique=True))
def test_every_whole_word_occurrence_is_found_at_its_code_points(text: str, names: list[str]) -> None:
    """Against the plainest search there is; names with white space are compared where the text has that very space."""
    told = {(start, end, names[n]) for start, end, n in places(text, names)}
    plain = {
        (m.start(), m.end(), name)
        for name in names
        for m in regex.finditer(regex.escape(name), text, overlapped=True)
        if whole_words(text, m.start(), m.end())
    }
    assert {(s, e, n) for s, e, n in told if text[s:e] == n} == plain
    assert all(regex.sub(r"\s+", " ", text[s:e]) == n for s, e, n in told)


@given(st.lists(_TEXT, min_size=1, max_size=5), st.lists(_NAME, min_size=1, max_size=6, unique=True), st.data())
def test_what_is_suggested_in_a_text_does_not_depend_on_the_texts_beside_it(
    texts: list[str], names: list[str], data: st.DataObject
) -> None:
    learned = [Name(name, "PERSON", 2 + i, 2) for i, name in enumerate(names)]
    model = Propagation(learned, {"<ab", ">жж"}, fit(()), 0.0)
    pages = [TextToLabel(text, data.draw(st.sampled_from(("en", "ru"))), boilerplate=((0, 3),)) for text in texts]
    together = model.suggest(pages)
    assert together == [model.suggest([page])[0] for page in pages]
    for page, found in zip(pages, together, strict=True):
        assert all(0 <= one.start < one.end <= len(page.text) for one in found)
        assert all(a.end <= b.start for a, b in pairwise(found))


def test_of_two_names_in_one_place_the_one_that_stands_there_as_learned_wins_over_the_frequent_one() -> None:
    """ "Романова" is a form of the man's name and the woman's own: nine times as many labels do not change what it says."""
    man, woman = Name("Романов", "PERSON", 90, 90), Name("Романова", "ORG", 2, 2)
    for learned in ([man, woman], [woman, man]):
        (found,) = Propagation(learned, frozenset(), fit(()), 0.0).suggest(
            [TextToLabel("Здесь Романова ждёт парома.", "ru")]
        )
        assert [(one.start, one.end, one.label) for one in found] == [(6, 14, "ORG")]
        (other,) = Propagation(learned, frozenset(), fit(()), 0.0).suggest(
            [TextToLabel("Здесь Романовым недовольны.", "ru")]
        )
        assert [one.label for one in other] == ["PERSON"], "as neither stands there, the frequent one"


@given(st.text(alphabet="абвгдежзиклмнопрстуфхАБВ", min_size=3, max_size=12), st.sampled_from(sorted(RULES)))
def test_the_form_that_was_labelled_is_always_one_of_its_forms(word: str, rule: str) -> None:
    assert any(word == stem + ending for stem, endings in forms(word, rule) for ending in endings)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6), st.sampled_from("AB"), st.sampled_from((0.5, 0.9)))))
def test_of_overlapping_suggestions_the_longest_then_the_surest_then_the_first_stays(
    drawn: list[tuple[int, int, str, float]],
) -> None:
    all_of_them = [Suggestion(start, start + length, label, score) for start, length, label, score in drawn]
    kept = without_overlaps(all_of_them)
    assert kept == without_overlaps(reversed(all_of_them))
    for one in all_of_them:
        rank = (one.start - one.end, -one.score, one.start, one.label)
        rivals = [k for k in kept if k.start < one.end and one.start < k.end]
        assert any((k.start - k.end, -k.score, k.start, k.label) <= rank for k in rivals)
    assert all(a.end <= b.start for a, b in pairwise(kept))
