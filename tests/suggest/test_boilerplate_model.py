"""What the suggester promises whatever the text."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
import unicodedata
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from authored import authored_pages
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.core.errors import ConfigError
from corpus_kit.core.lines import chars, hashing, trees
from corpus_kit.core.lines.chars import Kind
from corpus_kit.core.lines.pages import LineRows, read_pages
from corpus_kit.core.lines.trees import EarlyExit
from corpus_kit.suggest.boilerplate import LABELS, BoilerplateModel, main_text, model
from corpus_kit.suggest.boilerplate.context import place, second_look
from corpus_kit.suggest.boilerplate.features import describe
from corpus_kit.suggest.boilerplate.model import in_company

MODEL = BoilerplateModel.load()
FIRST = MODEL.passes[0][0]
PAGES = authored_pages()
TEXTS = [page.text for page in PAGES]

lines = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)
texts = st.lists(st.one_of(lines, st.sampled_from("\n".join(TEXTS).split("\n"))), max_size=30).map("\n".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, min_size=1, max_size=4), st.floats(0.05, 0.95))
def test_spans_are_ordered_disjoint_and_hold_no_edge_spaces(batch: list[str], threshold: float) -> None:
    for text, spans in zip(batch, MODEL.suggest(batch, threshold), strict=True):
        edge = 0
        for one in spans:
            assert edge <= one.start < one.end <= len(text)
            assert text[one.start : one.end] == text[one.start : one.end].strip("\n ")
            assert one.label in LABELS
            assert threshold <= one.score <= 1.0
            edge = one.end


@settings(max_examples=60, deadline=None)
@given(texts, st.floats(0.0, 0.95))
def test_a_text_with_words_never_loses_all_of_them(text: str, threshold: float) -> None:
    (spans,) = MODEL.suggest([text], threshold)
    if any(char.isalpha() for char in text):
        kept = "".join(text[start:end] for start, end in main_text(text, spans))
        assert any(unicodedata.category(char)[0] in "LNM" for char in kept)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(texts, st.text(max_size=300)), min_size=1, max_size=3), st.data())
def test_no_text_is_emptied_whatever_headline_or_repeated_lines_are_known(
    batch: list[str], data: st.DataObject
) -> None:
    """Also where every line is known to be repeated by the publisher, and the headline is one of them or none."""
    everywhere = [[at for at, char in enumerate(text) if char != "\n"] for text in batch]
    headlines = [data.draw(st.one_of(st.none(), st.sampled_from(text.split("\n")))) for text in batch]
    found = MODEL.suggest(batch, 0.05, headlines, everywhere)
    for text, spans in zip(batch, found, strict=True):
        words = [char for char in text if unicodedata.category(char)[0] in "LN"]
        kept = "".join(text[start:end] for start, end in main_text(text, spans))
        assert not words or any(unicodedata.category(char)[0] in "LN" for char in kept)


def test_plain_rows_leave_the_forest_early_and_the_others_hear_all_trees() -> None:
    early = FIRST.early
    assert 0 < early.trees < len(FIRST.column), "the packaged model would not show it"
    rng = np.random.default_rng(5)
    columns = {name: rng.normal(0, 30, 4000) for name in FIRST.names}
    whole = dataclasses.replace(FIRST, early=EarlyExit())
    parts = {name: getattr(FIRST, name)[: early.trees] for name in ("column", "border", "leaves")}
    told = dataclasses.replace(whole, **parts).log_odds(columns)
    plain = np.abs(told) >= early.limit
    assert 0 < plain.sum() < 4000
    assert np.array_equal(FIRST.log_odds(columns)[~plain], whole.log_odds(columns)[~plain])
    assert np.array_equal(FIRST.log_odds(columns)[plain], told[plain] * early.stretch)


@settings(max_examples=40, deadline=None)
@given(st.lists(texts, min_size=2, max_size=6))
def test_a_text_gets_the_same_scores_alone_and_in_any_company(batch: list[str]) -> None:
    assert MODEL.predict(batch) == [MODEL.predict([text])[0] for text in batch]
    assert MODEL.suggest(batch, 0.5) == [MODEL.suggest([text], 0.5)[0] for text in batch]


def test_every_character_is_of_the_kind_of_its_category() -> None:
    kinds = {name: kind for kind, names in chars._CATEGORIES.items() for name in names.split()}
    said = chars._kinds_by_category().tolist()
    wrong = [n for n in range(0x10000) if said[n] != kinds.get(unicodedata.category(chr(n)), Kind.OTHER)]
    assert wrong == []


@pytest.mark.parametrize("length", [1, 2, 3, 255, 256, 257, (1 << 15) - 1, 1 << 15, (1 << 15) + 1, 70_000])
def test_equal_content_has_an_equal_hash_wherever_it_stands_and_however_long_the_rest_is(length: int) -> None:
    values = np.random.default_rng(length).integers(0, 1 << 63, length).astype(np.uint64)
    ends = np.array([0, length, length, min(length, 5)])
    starts = np.array([0, 0, length, 0])
    alone = hashing.hashes(values, starts, ends)
    longer = np.concatenate([values[::-1], values, values[:7]])
    assert hashing.hashes(longer, starts + length, ends + length).tolist() == alone.tolist()


def test_a_long_text_read_in_stretches_gets_the_same_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(TEXTS)
    whole = MODEL.predict([text])
    monkeypatch.setattr(hashing, "_STRETCH", 97)
    for module in (model, trees):
        monkeypatch.setattr(module, "TABLE_ROWS", 41)
    hashing._powers.cache_clear()
    try:
        assert MODEL.predict([text]) == whole
    finally:
        hashing._powers.cache_clear()


def test_neighbours_are_the_lines_before_and_after_and_of_the_same_text_only() -> None:
    pages = read_pages(["One\nTwo words\n\nNow three words", "There are four words."])
    rows = LineRows(pages)
    columns, line = describe(pages, rows)
    around = place(columns, line, rows)
    assert columns["words"].tolist() == [1, 2, 3, 4]
    for by, wanted in ((-2, [None, None, 1, None]), (-1, [None, 1, 2, None]), (1, [2, 3, None, None])):
        found = around[f"words{by:+d}"].tolist()
        assert [told for told, one in zip(found, wanted, strict=True) if one] == [one for one in wanted if one]
        (outside,) = {told for told, one in zip(found, wanted, strict=True) if one is None}
        assert outside <= 0, "what is not there has no words"
    odds = np.array([1.0, 2.0, 3.0, 4.0])
    second = second_look(odds, line, rows)
    assert second["odds-1"].tolist() == [-7, 1, 2, -7]
    assert second["odds+1"].tolist() == [2, 3, -7, -7]


def test_scores_are_the_calibrated_chances_and_not_the_trees_own() -> None:
    """A model that is told its trees know nothing says so of every line."""
    ignorant = dataclasses.replace(
        MODEL, knots=np.array([-9.0, 9.0]), chances=np.array([0.37, 0.37]), company=(0.0, 0.0)
    )
    assert {one.score for lines in ignorant.predict(TEXTS) for one in lines} == {0.37}
    (batch,) = MODEL.score(TEXTS[:1])
    chance = 1.0 / (1.0 + np.exp(batch.odds))
    assert MODEL.chances[-1] - 1e-9 <= chance.min() and chance.max() <= MODEL.chances[0] + 1e-9


def test_where_no_line_is_plainly_clutter_none_is_marked_and_where_one_is_nothing_changes() -> None:
    asked, unasked = (dataclasses.replace(MODEL, company=limits) for limits in ((0.9, 0.8), (0.0, 0.0)))
    story = [line.strip() for line in PAGES[0].text.split("\n") if len(line.split()) > 12][:2]
    clean, page = "\n".join(["A headline of six words here", *story]), TEXTS[0]
    raised, plain = unasked.predict([clean, page]), asked.predict([clean, page])
    assert max(one.score for one in raised[0]) < 0.9 <= max(one.score for one in raised[1])
    assert plain[1] == raised[1]
    for low, high in zip(plain[0], raised[0], strict=True):
        odds = high.score / (1.0 - high.score) / 9.0
        assert low.score == pytest.approx(odds / (1.0 + odds), abs=2e-6)
        assert low.score < 0.5


def test_two_lines_that_are_nearly_plain_are_company_enough() -> None:
    pages = read_pages(["A line\nAnother\n* * *", "A line\nAnother\n* * *", "A line\nAnother\n* * *"])
    words = np.array([2.0, 1.0, 0.0] * 3)
    chance = np.array([0.81, 0.8, 0.1, 0.81, 0.79, 0.95, 0.3, 0.9, 0.1])
    lowered = in_company(chance, words, LineRows(pages), (0.9, 0.8))
    assert lowered[:3].tolist() == chance[:3].tolist()
    assert (lowered[3:6] < chance[3:6]).all() and lowered[3] < 0.5
    assert lowered[6:].tolist() == chance[6:].tolist()


def test_the_model_thinks_what_its_pairs_of_passes_think_on_average() -> None:
    """In log-odds, where chances are not calibrated away."""
    line: dict[str, Any] = {"knots": np.array([-6.0, 6.0]), "chances": np.array([0.9, 0.1]), "company": (0.0, 0.0)}
    both = dataclasses.replace(MODEL, **line)
    one, other = (dataclasses.replace(both, passes=(pair,)) for pair in MODEL.passes)
    for text in TEXTS[:3]:
        (mean,), (first,), (second,) = (list(model.score([text])) for model in (both, one, other))
        chance = [1.0 / (1.0 + np.exp(batch.odds)) for batch in (mean, first, second)]
        wordy = (mean.line.words > 0) & np.all([(c > 0.1001) & (c < 0.8999) for c in chance], axis=0)
        assert wordy.sum() > 2
        assert np.allclose(chance[0][wordy], (chance[1] + chance[2])[wordy] / 2)


def test_a_model_file_of_one_pair_written_before_there_were_several_reads_and_keeps_its_bytes() -> None:
    """Corrections that people trained hold a whole model; a later version must not change what it does."""
    old = dataclasses.replace(MODEL, passes=MODEL.passes[:1], company=(0.0, 0.0))
    data = old.to_bytes()
    with np.load(io.BytesIO(data)) as stored:
        assert int(stored["format"]) == 2
        assert {"members", "company"}.isdisjoint(stored.files)
    again = BoilerplateModel.from_bytes(data)
    assert again.to_bytes() == data
    assert again.predict(TEXTS) == old.predict(TEXTS)
    assert BoilerplateModel.from_bytes(MODEL.to_bytes()).predict(TEXTS) == MODEL.predict(TEXTS)


def test_long_batches_are_cut_without_changing_a_score() -> None:
    many = [text * (1 + at % 3) for at, text in enumerate(TEXTS * 40)]
    together = MODEL.predict(many)
    assert len(together) == len(many)
    for at in (0, 57, 133, len(many) - 1):
        assert together[at] == MODEL.predict([many[at]])[0]


def test_lines_are_scored_in_code_points_beyond_the_basic_plane() -> None:
    text = "\U0001f6f3\ufe0f \U00010330\U00010331\n\n" + PAGES[0].text
    (scores,) = MODEL.predict([text])
    bare = [line.strip() for line in text.split("\n") if line.strip()]
    assert [text[one.start : one.end] for one in scores] == bare


def test_texts_without_lines_have_no_suggestions() -> None:
    assert MODEL.suggest(["", "\n\n", "   \n\t"], 0.1) == [[], [], []]
    assert MODEL.predict([]) == []


def test_neighbouring_lines_of_one_kind_are_one_span_and_kinds_are_not_mixed() -> None:
    for page, spans, scores in zip(PAGES, MODEL.suggest(TEXTS, 0.5), MODEL.predict(TEXTS), strict=True):
        for span in spans:
            inside = [line for line in scores if span.start <= line.start < span.end]
            assert {line.label for line in inside} == {span.label}, page.name
        starts = {line.start: at for at, line in enumerate(scores)}
        ends = {line.end: at for at, line in enumerate(scores)}
        for one, other in pairwise(spans):
            assert one.label != other.label or starts[other.start] > ends[one.end] + 1


def test_a_spans_score_is_the_mean_of_its_lines_scores_by_their_words() -> None:
    uneven = 0
    for text, spans, lines in zip(TEXTS, MODEL.suggest(TEXTS, 0.5), MODEL.predict(TEXTS), strict=True):
        pages = read_pages([text])
        words = describe(pages, LineRows(pages))[1].words.tolist()
        for span in spans:
            held = [
                (one.score, n + 1.0)
                for one, n in zip(lines, words, strict=True)
                if span.start <= one.start < one.end <= span.end
            ]
            mean = sum(score * weight for score, weight in held) / sum(weight for _, weight in held)
            assert span.score == pytest.approx(mean, abs=1.1e-6)
            uneven += abs(mean - sum(score for score, _ in held) / len(held)) > 1e-4
    assert uneven > 5, "else any mean would do"


def test_the_headline_is_content_and_its_repetition_is_named() -> None:
    headline = "Ferry to Little Quill returns after eleven weeks"
    page = next(page for page in PAGES if page.name == "english_news")
    text = page.text + f"\n\nShare\n{headline}\nCopy link"
    (spans,) = MODEL.suggest([text], 0.5, [headline])
    first = text.index(headline)
    again = text.rindex(headline)
    assert not any(one.start <= first < one.end for one in spans)
    assert [one.label for one in spans if one.start <= again < one.end] == ["repeated_headline"]


def test_a_headline_in_a_script_without_spaces_is_found_and_so_is_its_repetition() -> None:
    headline = "柳泉镇的老钟楼又响了"
    page = next(page for page in PAGES if page.name == "chinese_news")
    text = page.text + f"\n\n分享\n{headline}\n关闭"
    (spans,) = MODEL.suggest([text], 0.5, [headline])
    first, again = text.index(headline), text.rindex(headline)
    assert not any(one.start <= first < one.end for one in spans)
    assert [one.label for one in spans if one.start <= again < one.end] == ["repeated_headline"]


def test_lines_a_publisher_repeats_score_higher() -> None:
    page = next(page for page in PAGES if page.name == "clean_letter")
    footer = "The Gannet Rock Papers are printed by hand in an edition of ninety copies."
    text = f"{page.text}\n\n  {footer} "
    plain = MODEL.predict([TEXTS[0], text])
    for at in (text.index(footer), text.index("printed"), len(text) - 2):
        told = MODEL.predict([TEXTS[0], text], repeated=[None, [at]])
        assert told[1][-1].score > plain[1][-1].score
        assert told[0] == plain[0] and told[1][:-1] == plain[1][:-1]
    spaces = [text.index("\n\n"), text.index(footer) - 1, len(text) - 1]
    assert MODEL.predict([TEXTS[0], text], repeated=[None, spaces]) == plain, "no line is there"


def test_main_text_is_what_no_span_covers() -> None:
    for text, spans in zip(TEXTS, MODEL.suggest(TEXTS, 0.5), strict=True):
        kept = main_text(text, spans)
        covered = {at for one in spans for at in range(one.start, one.end)}
        left = {at for start, end in kept for at in range(start, end)}
        assert not covered & left
        assert {at for at, char in enumerate(text) if not char.isspace()} <= covered | left


def test_the_packaged_model_is_one_small_file_that_rewrites_to_the_same_bytes() -> None:
    path = Path(sys.modules[BoilerplateModel.__module__].__file__ or "").with_name("weights.npz")
    data = path.read_bytes()
    assert len(data) <= 1_000_000
    assert BoilerplateModel.load(path).to_bytes() == data


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not a zip", b"\x80\x04K\x01."])
def test_a_file_that_is_no_model_is_refused_in_one_sentence(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.npz").write_bytes(data)
    with pytest.raises(ConfigError, match="not a boilerplate model"):
        BoilerplateModel.load(tmp_path / "model.npz")


def test_a_model_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    np.savez(path, format=np.array(99))
    with pytest.raises(ConfigError, match="format 99"):
        BoilerplateModel.load(path)


def test_suggesting_loads_no_training_library_and_little_else() -> None:
    code = (
        "import sys; from corpus_kit.suggest.boilerplate import BoilerplateModel; BoilerplateModel.load().predict(['a']);"
        "print([m for m in ('catboost', 'scipy', 'sklearn', 'pandas', 'rapidfuzz',"
        " 'polars', 'pyarrow', '_hashlib', 'importlib.resources') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
