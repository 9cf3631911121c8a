"""Words and shingles by arrays are what plain Python says they are, on any Unicode."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.core.components import components
from corpus_kit.dedup import shingles
from corpus_kit.dedup.alphabet import DIGIT, IGNORED, SEPARATOR, UNSPACED, WORD, tables
from corpus_kit.dedup.shingles import Tokens, line_hashes, shingle, tokenise
from corpus_kit.dedup.verify import jaccard

# Letters with and without case and accents, digits, marks, scripts with and without spaces, joiners, astral ones.
_LETTERS = "aBéЙїß9٣ \t\n.,\u00ad\u200d\u0301中文漢字ไทยの한국हिन्दी\U00020000\U0001f600\U0001d400\x00"
texts = st.text(st.one_of(st.sampled_from(_LETTERS), st.characters()), max_size=80)
spaced = st.text(st.sampled_from("aBéЙї9 \n.\u0301"), max_size=80)


def kind_of(char: str) -> int:
    return int(tables()[0][ord(char)])


def by_hand(text: str) -> list[tuple[int, int, int, str]]:
    """(start, end, class, characters that count) of every token, one character after the other."""
    found: list[tuple[int, int, int, str]] = []
    open_word = False
    for place, char in enumerate(text):
        kind = kind_of(char)
        if kind == IGNORED:
            continue
        if kind == UNSPACED or (kind in (WORD, DIGIT) and not open_word):
            found.append((place, place + 1, kind, char))
        elif kind in (WORD, DIGIT):
            start, _, first, seen = found[-1]
            found[-1] = (start, place + 1, first, seen + char)
        open_word = kind in (WORD, DIGIT)
    return found


def value_of(token: str) -> tuple[int, ...]:
    return tuple(int(tables()[1][ord(c)]) for c in token)


def document(tokens: Tokens, number: int) -> slice:
    return slice(int(tokens.bounds[number]), int(tokens.bounds[number + 1]))


@given(st.lists(texts, min_size=1, max_size=5))
def test_tokens_are_those_that_a_loop_over_characters_finds(pages: list[str]) -> None:
    made = tokenise(pages)
    first = 0
    hashes: dict[tuple[int, ...], int] = {}
    for number, page in enumerate(pages):
        expected = by_hand(page)
        mine = document(made, number)
        assert made.starts[mine].tolist() == [first + t[0] for t in expected]
        assert made.ends[mine].tolist() == [first + t[1] for t in expected]
        assert made.unspaced[mine].tolist() == [t[2] == UNSPACED for t in expected]
        assert made.number[mine].tolist() == [t[2] == DIGIT for t in expected]
        for hashed, token in zip(made.hashes[mine].tolist(), expected, strict=True):
            assert hashes.setdefault(value_of(token[3]), hashed) == hashed
        first += len(page) + 1
    assert len(set(hashes.values())) == len(hashes)


@given(st.lists(texts, min_size=1, max_size=5))
def test_a_document_has_the_same_shingles_alone_and_in_company(pages: list[str]) -> None:
    together, bounds = shingle(tokenise(pages), 3, 4)
    for number, page in enumerate(pages):
        alone, _ = shingle(tokenise([page]), 3, 4)
        assert together[bounds[number] : bounds[number + 1]].tolist() == alone.tolist()


@given(st.lists(spaced, min_size=1, max_size=4).map(lambda parts: " ".join(p for p in parts for _ in range(40))))
def test_where_the_text_is_cut_into_pieces_changes_nothing(page: str) -> None:
    whole = tokenise([page])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shingles, "_PIECE", 100)
        patched.setattr(shingles, "_STEP", 7)
        in_pieces = tokenise([page])
    for name in ("hashes", "starts", "ends", "lines", "bounds", "number"):
        assert np.array_equal(getattr(whole, name), getattr(in_pieces, name)), name


@given(st.lists(st.sampled_from("strike talks port the of 9".split()), max_size=30), st.integers(1, 6))
def test_shingles_are_all_runs_of_words(words: list[str], size: int) -> None:
    made, bounds = shingle(tokenise([" ".join(words)]), size, 8)
    runs = [tuple(words[i : i + size]) for i in range(max(len(words) - size + 1, min(len(words), 1)))]
    assert bounds.tolist() == [0, len(runs)]
    named: dict[tuple[str, ...], int] = {}
    for run, hashed in zip(runs, made.tolist(), strict=True):
        assert named.setdefault(run, hashed) == hashed
    assert len(set(named.values())) == len(named)


@given(st.lists(st.tuples(st.sampled_from("strike talks port the of 9".split()), st.booleans()), max_size=30))
def test_what_is_left_out_is_as_if_it_were_not_in_the_text(words: list[tuple[str, bool]]) -> None:
    whole = tokenise([" ".join(w for w, _ in words), "another page of words"])
    left_out = np.array([out for _, out in words] + [False] * 4)
    made, bounds = shingle(whole, 3, 8, left_out)
    without, its_bounds = shingle(tokenise([" ".join(w for w, out in words if not out), "another page of words"]), 3, 8)
    assert made.tolist() == without.tolist() and bounds.tolist() == its_bounds.tolist()


@given(st.text(st.characters(max_codepoint=0x52F), max_size=60))
def test_composed_and_decomposed_letters_are_the_same_words(text: str) -> None:
    one, other = (tokenise([unicodedata.normalize(form, text)]).hashes.tolist() for form in ("NFC", "NFD"))
    assert one == other


@given(st.text(st.sampled_from("abc ABC éÉ жЖ ωΩ "), max_size=60))
def test_case_and_accents_do_not_tell_words_apart(text: str) -> None:
    plain = tokenise([text]).hashes.tolist()
    assert tokenise([text.upper()]).hashes.tolist() == plain
    assert tokenise([text.replace("é", "e").replace("É", "E")]).hashes.tolist() == plain


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Two out of three", 4),
        ("罢工进入第三周", 7),
        ("ストライキ", 5),
        ("การประท้วง", 10),
        ("हिन्दी में समाचार", 3),  # vowel signs do not end a word
        ("파업이 계속된다", 2),
        ("co\u00adoperate", 1),
        ("ＦＵＬＬ　width", 2),
        ("don't", 2),
        ("…—!?", 0),
        ("", 0),
    ],
)
def test_scripts_without_spaces_give_letters_and_all_others_words(text: str, count: int) -> None:
    assert len(tokenise([text]).hashes) == count


@given(st.lists(st.sampled_from(["menu home", "3 comments", "417 comments", "", "  ", "text of a page"]), max_size=12))
def test_lines_differ_by_their_words_but_not_by_their_numbers(lines: list[str]) -> None:
    made = tokenise(["\n".join(lines)])
    hashes, sizes = line_hashes(made)
    full = [line for line in lines if line.strip()]
    assert sizes.tolist() == [len(line.split()) for line in full]
    plain = [line.replace("417", "3") for line in full]
    assert [hashes.tolist().index(h) for h in hashes.tolist()] == [plain.index(line) for line in plain]


sets = st.lists(st.integers(0, 40), max_size=30).map(lambda v: np.unique(np.array(v, np.uint64) << np.uint64(33)))


@given(st.lists(st.tuples(sets, sets), min_size=1, max_size=6))
def test_similarity_is_the_share_of_common_shingles(pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    made = jaccard([a for a, _ in pairs], [b for _, b in pairs])
    for value, (a, b) in zip(made.tolist(), pairs, strict=True):
        one, other = set(a.tolist()), set(b.tolist())
        assert value == (len(one & other) / len(one | other) if one | other else 0)


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_components_are_what_a_walk_over_the_edges_reaches(edges: list[tuple[int, int]]) -> None:
    made = components(20, np.array(edges, np.int64).reshape(-1, 2))
    for node in range(20):
        reached, waiting = {node}, [node]
        while waiting:
            here = waiting.pop()
            near = {b for a, b in edges if a == here} | {a for a, b in edges if b == here}
            waiting += near - reached
            reached |= near
        assert made[node] == min(reached)


def test_a_long_chain_is_one_component() -> None:
    chain = np.stack((np.arange(9_999), np.arange(1, 10_000)), axis=1)
    assert not components(10_000, chain[::-1]).any()


def test_separators_have_no_value() -> None:
    kinds, values = tables()
    assert not values[(kinds == SEPARATOR) | (kinds == IGNORED)].any()
    assert values[(kinds != SEPARATOR) & (kinds != IGNORED)].all()
