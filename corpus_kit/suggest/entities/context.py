"""What stands around a mention and says whether it is part of a longer name: small facts, in any language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import regex

from corpus_kit.suggest.entities.edges import is_word

FEATURES = (
    "inflected", "in_boilerplate", "after_capital", "after_first_word", "after_linked_capital", "after_number",
    "after_lower", "before_capital", "before_linked_capital", "before_number", "before_lower", "possessive",
    "with_digits", "one_word", "no_capital", "beside_name_word",
)  # fmt: skip
"""Of a mention; each holds or not. Linked: with one short word between (`Bank of`, `Banco de`). A name word is one that
stands on that side of others in a longer name that people labelled (`Treaty`, `Consortium`)."""
_BESIDE = len(FEATURES) - 1

SHORT = 3
_STEM = 6
_BEFORE = regex.compile(r"([\w\p{M}]+)([^\S\n]+)$")
_AFTER = regex.compile(r"([^\S\n]+)([\w\p{M}]+)(?:[^\S\n]+([\w\p{M}]+))?")
_REACH = 48


def context(
    text: str, start: int, end: int, learned: str, boilerplate: Sequence[tuple[int, int]]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Which of `FEATURES` hold, as their numbers, but for the last, which `with_words` finds by the keys of words.

    learned: the surface it was learned in. boilerplate: spans, sorted.
    """
    surface = text[start:end]
    left, before = _left(text, start)
    right, after = _right(text, end)
    holds = (
        learned != surface,
        any(s <= start < e for s, e in boilerplate),
        *left,
        *right,
        any(c.isdigit() for c in surface),
        not any(c.isspace() for c in surface),
        not any(c.isupper() for c in surface),
    )
    beside = tuple(word_key(word, "<") for word in before) + tuple(word_key(word, ">") for word in after)
    return tuple(i for i, one in enumerate(holds) if one), beside


def with_words(holds: tuple[int, ...], keys: Iterable[str], known: Callable[[str], bool]) -> tuple[int, ...]:
    """`holds` with the last feature. known: whether a key is that of a word in a longer name."""
    return (*holds, _BESIDE) if any(known(key) for key in keys) else holds


def word_key(word: str, side: str) -> str:
    """A word as it is compared: its first letters, small, so that most of its forms are one.

    side: `<` for a word before something, `>` for one after something.
    """
    return side + word.casefold()[:_STEM]


def _left(text: str, start: int) -> tuple[tuple[bool, ...], list[str]]:
    """After a capital, the first word of a sentence, a linked capital, a number, small letters; and the words there."""
    before = text[max(0, start - _REACH) : start]
    word = _BEFORE.search(before)
    if word is None:
        return (False,) * 5, []
    first = word[1][0]
    rest = before[: word.start()]
    further = _BEFORE.search(rest) if len(word[1]) <= SHORT else None
    words = [word[1]] if len(word[1]) > SHORT else [further[1]] if further else []
    if first.isupper():
        begins = not rest.rstrip(" ") or not is_word(rest.rstrip(" ")[-1])
        return (not begins, begins, False, False, False), words
    linked = further is not None and further[1][0].isupper()
    return (False, False, linked, first.isdigit(), not linked and not first.isdigit()), words


def _right(text: str, end: int) -> tuple[tuple[bool, ...], list[str]]:
    """Before a capital, a linked capital, a number, small letters; as a possessive; and the words there."""
    after = text[end : end + _REACH]
    possessive = after[:1] in ("'", "’") and after[1:2] in ("s", "S")
    word = _AFTER.match(after)
    if word is None:
        return (False, False, False, False, possessive), []
    first, short = word[2][0], len(word[2]) <= SHORT
    linked = short and not first.isupper() and word[3] is not None and word[3][0].isupper()
    lower = not (first.isupper() or first.isdigit() or linked)
    words = [word[2]] if not short else [word[3]] if word[3] else []
    return (first.isupper(), linked, first.isdigit(), lower, possessive), words
