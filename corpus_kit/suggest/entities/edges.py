"""Where a name may begin and end in running text: whole words, in any script.

Words are what Unicode calls words (UAX #29), with three differences that keep a name whole: pieces joined by a hyphen are
one word (`York` is no name in `New-York`), a number goes on over its own separators (`5 million` is none in `1.5
million`), and an apostrophe ends a word only as a possessive (`Halvern's`) or an elision (`l'Ukraine`). Scripts that are
written without spaces have no such edges: there a name is found anywhere.
"""

from __future__ import annotations

import regex

_WORD = regex.compile(r"[\w\p{M}]")
_SPACELESS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Balinese}\p{Javanese}ー々〆]"
)
_APOSTROPHES = "'’ʼ＇`"
_HYPHENS = "-‐‑"
_WITHIN_NUMBERS = ".,:/٫٬'’"
_POSSESSIVE = regex.compile(r"[sS](?![\w\p{M}])")
_ELISION = regex.compile(r"\p{Ll}{1,5}['’ʼ]")


def is_word(character: str) -> bool:
    """Whether a character is part of a word that stands between spaces."""
    return character.isalnum() or _WORD.match(character) is not None


def is_spaceless(character: str) -> bool:
    """Whether a character belongs to a script written without spaces between words."""
    return character > "\u0e00" and _SPACELESS.match(character) is not None


def whole_words(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, which is not empty, begins and ends where words do."""
    return begins(text, start) and _ends(text, end)


def begins(text: str, at: int) -> bool:
    """Whether a name may begin at this character."""
    if at == 0:
        return True
    before, first = text[at - 1], text[at]
    if before in " \n\t":
        return True
    if not is_word(first) or is_spaceless(first):
        return True
    if is_word(before) and not is_spaceless(before):
        return False
    if at == 1:
        return True
    further = text[at - 2]
    if before in _HYPHENS:
        return not is_word(further)
    if before in _APOSTROPHES and is_word(further):
        return _elided(text, at)
    return not (first.isdigit() and before in _WITHIN_NUMBERS and further.isdigit())


def _elided(text: str, at: int) -> bool:
    """Whether the short word before the apostrophe before `at` is an article or preposition that lost its vowel."""
    begin = at - 1
    while begin > 0 and at - begin <= 6 and is_word(text[begin - 1]):
        begin -= 1
    return _ELISION.fullmatch(text, begin, at) is not None


def _ends(text: str, at: int) -> bool:
    if at == len(text):
        return True
    last, after = text[at - 1], text[at]
    if after in " \n\t":
        return True
    if not is_word(last) or is_spaceless(last):
        # A mark belongs to the character before it.
        return not regex.match(r"\p{M}", after)
    if is_word(after) and not is_spaceless(after):
        return False
    if at + 1 == len(text):
        return True
    further = text[at + 1]
    if after in _HYPHENS:
        return not is_word(further)
    if after in _APOSTROPHES and is_word(further):
        return _POSSESSIVE.match(text, at + 1) is not None
    return not (last.isdigit() and after in _WITHIN_NUMBERS and further.isdigit())
