"""Older texts against current ones: the alignment is exact, and a span is carried only where it is certain."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.core.offsets import OffsetError, OffsetMap, ProjectedSpan, Span, align, project_spans, sentences
from corpus_kit.core.offsets.anchors import Witnesses

PIECES = ["Smith", "said", " ", " ", "no", ". ", ".", "\n", "\n\n", "12", "😀", "e\u0301", "中文。", "א", "Ads\n", "\r"]
# No deadline: a shared machine is no reason to fail.
steady = settings(deadline=None)
versions = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=30).map("".join)

STORY = """Home
Politics
Minister Vash opened the new railway bridge on Monday. No one from the council was there.
Read also
Teachers in the harbour town refused the winter budget again. Vash promised another report.
Advertisement
The river was late with its ice this year, the harbour master said. Maal praised the winter.
Advertisement
Energy prices will be discussed in the spring, after the border talks of the two governments."""


def carried(old: str, new: str, surface: str, nth: int = 0) -> str | None:
    """Where the nth occurrence stands in the new text: the text around it, the span in brackets; None if stale."""
    start = -1
    for _ in range(nth + 1):
        start = old.index(surface, start + 1)
    (result,) = project_spans(old, new, [(start, start + len(surface))])
    if result.start is None or result.end is None:
        assert result.verdict == "stale" and result.end is None
        return None
    assert new[result.start : result.end] == surface == result.surface
    return f"{new[: result.start][-12:]}[{surface}]{new[result.end :][:12]}"


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("railway", "railwy", True),  # one letter
        ("railway", "raiway", True),
        ("railway", "railw", True),  # two
        ("railway", "rway", False),  # three: another word may be meant
        ("railway", "railwaymen", False),
        ("bridge", "fridte", False),
    ],
)
def test_a_span_beside_a_misspelling_is_carried_and_beside_another_word_never(
    before: str, after: str, found: bool
) -> None:
    assert STORY.count(before) == 1
    assert (carried(STORY, STORY.replace(before, after), "Minister Vash") is not None) is found


def test_a_sentence_that_now_stands_within_another_one_too_is_not_taken_for_certain() -> None:
    """As a sentence of its own it stands once in both; where the other one's end is not told, there are two places."""
    twin = "No one from the council was there on that day."
    before = "Advertisement Advertisement And Vash promised. Twice Vash promised. Read also"
    after = "And Vash promised. Twice So did Maal."
    late = "The river was late with its ice this year, they said."
    old = f"{before} {late} {twin} {after}"
    new = f"The harbour master said that Vash promised. {before} {twin} {late} {twin} {after}"
    assert (old.count(twin), new.count(twin)) == (1, 2)
    assert carried(old, new, twin) is None


@steady
@given(versions, versions)
def test_what_an_alignment_keeps_is_equal_in_both(old: str, new: str) -> None:
    m = align(old, new)
    assert (m.source_length, m.target_length) == (len(old), len(new))
    for segment in m.segments():
        assert segment.kind != "recoded"
        if segment.kind == "equal":
            assert old[slice(*segment.source)] == new[slice(*segment.target)]


@steady
@given(versions)
def test_a_text_aligns_with_itself_everywhere(text: str) -> None:
    assert align(text, text) == OffsetMap.identity(len(text))


@steady
@given(versions, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6), versions)
def test_carried_spans_have_their_text_and_stand_once_each(old: str, ends: list[tuple[int, int]], new: str) -> None:
    spans = [(min(a, b, len(old)), min(max(a, b), len(old))) for a, b in ends]
    results = project_spans(old, new, spans)
    assert [(r.from_start, r.from_end) for r in results] == spans
    for r in results:
        if r.start is None or r.end is None:
            assert r.verdict == "stale"
        else:
            assert new[r.start : r.end] == old[r.from_start : r.from_end] == r.surface
            assert r.verdict == ("exact" if r.start == r.from_start else "shifted")
    if old == new:
        assert all(r.verdict == "exact" for r in results)


@steady
@given(versions, versions)
def test_an_alignment_depends_on_the_two_texts_alone(old: str, new: str) -> None:
    assert align(old, new) == align(old, new)


def test_another_hash_seed_gives_the_same_alignment() -> None:
    code = (
        "from corpus_kit.core.offsets import align;"
        "print(align('a b c d. E f a b.\\nX\\nY y', 'b a d c. E a f b.\\nY\\nX y').segments())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True)
        for seed in ("0", "1", "2")
    ]
    assert runs[0].stdout.startswith("[Segment(")
    assert len({r.stdout for r in runs}) == 1


def test_a_region_too_large_to_compare_is_left_unaligned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus_kit.core.offsets.alignment._MOST_PAIRS", 3)
    old, new = "first line here\none\ntwo\nlast", "first line here\ntwo\nthree\nlast"
    assert [s.kind for s in align(old, new).segments()] == ["equal", "deleted", "inserted", "equal"]


def test_sentences_end_at_marks_and_line_breaks_but_not_at_abbreviations() -> None:
    text = (
        '12. A point\nDr. Vash met J. Maal. "It is over." She left…\n\n  Menu \nat 5 p.m. today 中文。下一句！Да? Нет.'
    )
    assert [text[slice(*s)] for s in sentences(text)] == [
        "12. A point",
        "Dr. Vash met J. Maal.",
        '"It is over."',
        "She left…",
        "Menu",
        "at 5 p.m. today 中文。",
        "下一句！",
        "Да?",
        "Нет.",
    ]


def test_offsets_that_stay_are_exact_and_others_shifted() -> None:
    new = STORY.replace("Energy prices", "All energy prices")
    spans = [(STORY.index(name), STORY.index(name) + len(name)) for name in ("Minister Vash", "Energy", "Maal")]
    assert [r.verdict for r in project_spans(STORY, new, spans)] == ["exact", "stale", "exact"]
    shifted = project_spans(STORY, "New!\n" + STORY, spans)[0]
    assert shifted == ProjectedSpan(
        spans[0][0], spans[0][1], spans[0][0] + 5, spans[0][1] + 5, "Minister Vash", "shifted"
    )


def test_a_rewritten_sentence_does_not_lend_its_name_to_another() -> None:
    new = STORY.replace("Vash promised another report.", "Another report was promised by Vash.")
    assert carried(STORY, new, "Vash", 1) is None
    assert carried(STORY, new, "Vash", 0) == "cs\nMinister [Vash] opened the "


@pytest.mark.parametrize(
    "rewritten",
    [
        "But Vash promised another report.",
        "Vash promised another report, he said.",
        "Vash never promised another report.",
        "Vash refused another report.",
        "Vash promised another report in 2021.",
        "Reports! Vash promised.",
    ],
)
def test_a_sentence_with_other_words_is_another_sentence(rewritten: str) -> None:
    new = STORY.replace("Vash promised another report.", rewritten)
    assert carried(STORY, new, "Vash", 1) is None


def test_a_corrected_misspelling_beside_the_span_does_not_make_it_stale() -> None:
    old = STORY.replace("railway bridge", "raliway bridge")
    assert carried(old, STORY, "Minister Vash") == "me\nPolitics\n[Minister Vash] opened the "
    assert carried(old, STORY, "Monday") == "y bridge on [Monday]. No one fro"
    assert carried(old, STORY, "raliway") is None
    assert carried(STORY, STORY.replace("opened", "openned"), "Minister Vash") is not None
    assert carried(STORY, STORY.replace("Vash opened", "Vasha opened"), "Monday") is not None
    assert carried(STORY, STORY.replace("Vash opened", "Vasha opened"), "Vash") is None


def test_a_changed_number_or_a_mark_at_the_span_is_no_misspelling() -> None:
    old = STORY.replace("on Monday", "on 12 May")
    assert carried(old, old.replace("12 May", "13 May"), "Minister Vash") is None
    assert carried(STORY, STORY.replace("Vash opened", "Vash, opened"), "Vash") is None


def test_a_misspelling_in_the_words_of_the_span_makes_it_stale() -> None:
    assert carried(STORY, STORY.replace("Energy prices", "Energy pricess"), "price") is None
    assert carried(STORY, STORY.replace("Energy prices", "Enerrgy prices"), "gy") is None


def test_a_misspelling_is_believed_only_between_unchanged_neighbours() -> None:
    new = STORY.replace("railway bridge", "raliway bridge")
    assert carried(STORY, new, "Monday") is not None
    assert carried(STORY, new.replace("No one from the council", "No one of the council"), "Monday") is None
    assert carried(STORY, new.replace("was there.\n", "was there. So what.\n"), "Monday") is not None
    assert carried(STORY, new.replace("was there.\n", "was there today.\n"), "Monday") is None


def test_two_misspellings_in_one_sentence_are_too_many() -> None:
    new = STORY.replace("railway bridge", "raliway brigde")
    assert carried(STORY, new, "Minister Vash") is None


def test_a_moved_paragraph_takes_its_spans_along() -> None:
    lines = STORY.split("\n")
    new = "\n".join([lines[8], *lines[:8]])
    assert carried(STORY, new, "border talks") == ", after the [border talks] of the two "
    assert carried(STORY, new, "Maal") == "aster said. [Maal] praised the"


def test_a_copied_paragraph_whose_original_changed_takes_nothing_along() -> None:
    line = STORY.split("\n")[4]
    new = line + "\n" + STORY.replace("Teachers in the", "Some teachers in the")
    assert carried(STORY, new, "harbour town") is None
    assert carried(STORY, new, "Vash", 1) is None
    last = STORY.split("\n")[-1]
    assert carried(STORY, last + "\n" + STORY.replace("in the spring", "in the summer"), "border talks") is None


def test_a_moved_line_that_is_short_or_repeated_is_stale() -> None:
    lines = STORY.split("\n")
    assert carried(STORY, "\n".join([lines[1], lines[0], *lines[2:]]), "Politics") is None
    moved = "\n".join([lines[7], *lines[:7], lines[8]])
    assert carried(STORY, moved, "Advertisement", 1) is None


def test_of_like_lines_the_one_that_is_gone_is_not_confused_with_the_one_that_stayed() -> None:
    old = "Alpha beta gamma delta epsilon.\nAds\nSecond line with many letters here.\nAds\nThird and last line of it."
    assert carried(old, old.replace("Ads\n", "", 1), "Ads", 1) is not None
    assert carried(old, old.replace("Ads\n", "", 1), "Ads", 0) is None
    both_gone = "Alpha beta gamma delta epsilon.\nAds\nThird and last line of it."
    assert carried(old, both_gone, "Ads", 0) is None
    assert carried(old, both_gone, "Ads", 1) is None


def test_in_a_run_of_like_lines_nobody_knows_which_one_went() -> None:
    old = "A first line that is long enough.\nAds\nAds\nAds\nA last line that is long enough."
    new = old.replace("Ads\n", "", 1)
    assert [carried(old, new, "Ads", n) for n in range(3)] == [None, None, None]


def test_long_runs_of_like_lines_are_given_up_on() -> None:
    old = "A first line that is long enough.\n" + "Ads\n" * 100 + "A last line that is long enough."
    new = old.replace("A last line", "The very last line")
    assert carried(old, new, "Ads", 99) is None
    assert carried(old, new, "first line") is not None


def test_like_lines_around_a_change_are_carried_when_all_of_them_stand() -> None:
    new = STORY.replace("The river was late", "This time the river was late")
    assert carried(STORY, new, "Advertisement", 0) is not None
    assert carried(STORY, new, "Advertisement", 1) is not None


def test_a_counter_that_takes_anothers_value_does_not_take_its_spans() -> None:
    old = "First story about the harbour\n3 comments\nSecond story about the bridge\n7 comments"
    new = "First story about the harbour\n7 comments\nSecond story about the bridge\n9 comments"
    assert carried(old, new, "7 comments") is None
    assert carried(old, new, "comments", 1) is None
    assert carried(old, new, "bridge") is not None


def test_a_span_over_several_lines_needs_all_of_them_unchanged() -> None:
    block = STORY[STORY.index("Read also") : STORY.index("\nThe river")]
    assert carried(STORY, "New headline of the day\n" + STORY, block) is not None
    assert carried(STORY, STORY.replace("Read also", "Read also\nRead also"), block) is None
    assert carried(STORY, STORY.replace("again. Vash", "again, and loudly. Vash"), block) is None


@pytest.mark.parametrize("span", [(-1, 2), (3, 2), (0, 10_000)])
def test_a_span_outside_the_old_text_is_reported(span: tuple[int, int]) -> None:
    with pytest.raises(OffsetError, match="outside the text"):
        project_spans(STORY, STORY + "!", [span])


def test_spans_without_words_have_nothing_to_be_recognised_by() -> None:
    assert [r.verdict for r in project_spans("a\n\nb", "a\n\nc", [(1, 1), (1, 3)])] == ["stale", "stale"]
    assert [r.verdict for r in project_spans("a\n\nb", "a\n\nb", [(1, 1), (1, 3)])] == ["exact", "exact"]
    assert project_spans("", "new", [(0, 0)])[0].verdict == "stale"
    assert project_spans("old", "", [(0, 3)])[0].verdict == "stale"
    assert project_spans("old", "new", []) == []


def test_a_counter_alone_does_not_tell_like_lines_apart() -> None:
    old = "Views so far of this story: 5\nA harbour story that is long enough.\nViews so far of this story: 7"
    new = "Views so far of this story: 7\nA harbour story that is long enough."
    assert carried(old, new, "story", 2) is None
    assert carried(old, new, "harbour story") is not None


def test_a_line_that_goes_on_is_another_sentence() -> None:
    old = "The minister opened the harbour bridge\nNobody from the council was there."
    assert carried(old, old.replace("bridge", "bridge again"), "minister") is None
    assert carried(old, old.replace("The minister", "Later the minister"), "bridge") is None


def test_a_copied_paragraph_whose_original_was_cut_takes_nothing_along() -> None:
    first, rest = "Teachers refused the winter budget once more.", "Vash promised another report. Maal praised the ice."
    old = f"A headline of the day\n{first} {rest}\nThe end of the page, finally."
    new = f"{first} {rest}\nA headline of the day\n{rest}\nThe end of the page, finally."
    assert carried(old, new, "Vash") is None


@pytest.mark.parametrize(
    ("words", "witness"),
    [("a" * 19, False), ("a" * 20, True), ("a1 " * 19, False), ("a1 " * 20, True), ("中" * 6, False), ("中" * 7, True)],
)
def test_a_stretch_is_a_witness_from_twenty_letters_on_and_an_ideograph_counts_three(words: str, witness: bool) -> None:
    stretch = words.strip()
    known = Witnesses(f"{stretch}\nAnother line.", f"{stretch}\nYet another line.")
    assert known.is_witness(Span(0, len(stretch))) is witness
