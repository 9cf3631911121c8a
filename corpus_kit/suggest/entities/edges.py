"""Where a name may begin and end in running text: whole words, in any script.

Words are what Unicode calls words (UAX #29), with three differences that keep a name whole: pieces joined by a hyphen are
one word (`York` is no name in `New-York`), a number goes on over its own separators (`5 million` is none in `1.5
million`), and an apostrophe ends a word only as a possessive (`Halvern's`) or an elision (`l'Ukraine`). Scripts that are
written without spaces have no such edges: there a name is found anywhere.
"""

from __future__ import annotations

import numpy as np
import regex

from corpus_kit.suggest.entities.characters import (
    APOSTROPHE,
    DIGIT,
    HYPHEN,
    IN_NUMBERS,
    MARK,
    SPACELESS,
    WORD,
    Bools,
    Characters,
    Ints,
)

_ELISION = regex.compile(r"\p{Ll}{1,5}['’ʼ]")
_S = (ord("s"), ord("S"))


def begins(characters: Characters, at: Ints) -> Bools:
    """Whether a name may begin at these characters. at: places within `characters.text`, never its edges."""
    kinds = characters.kinds
    first, before, further = kinds[at], kinds[at - 1], kinds[at - 2]
    hyphen, further_word = before & HYPHEN != 0, further & WORD != 0
    apostrophe = ~hyphen & (before & APOSTROPHE != 0) & further_word
    may = ~(hyphen & further_word) & ~_within_number(first, before, further)
    for i in np.flatnonzero(apostrophe).tolist():
        may[i] = _elided(characters, int(at[i]))
    fine: Bools = _free(first) | (_free(before) & may)
    return fine


def ends(characters: Characters, at: Ints) -> Bools:
    """Whether a name may end before these characters. at: places within `characters.text`, never its edges."""
    kinds, codes = characters.kinds, characters.codes
    last, after, further = kinds[at - 1], kinds[at], kinds[at + 1]
    hyphen, further_word = after & HYPHEN != 0, further & WORD != 0
    apostrophe = ~hyphen & (after & APOSTROPHE != 0) & further_word
    possessive = np.isin(codes[at + 1], _S) & (kinds[np.minimum(at + 2, len(kinds) - 1)] & WORD == 0)
    may = ~(hyphen & further_word) & np.where(apostrophe, possessive, ~_within_number(last, after, further))
    # A mark belongs to the character before it.
    fine: Bools = np.where(_free(last), after & MARK == 0, _free(after) & may)
    return fine


def _free(kinds: Ints) -> Bools:
    """Characters beside which a name has no edge of a word to look for."""
    free: Bools = (kinds & WORD == 0) | (kinds & SPACELESS != 0)
    return free


def _within_number(inner: Ints, separator: Ints, outer: Ints) -> Bools:
    within: Bools = (inner & outer & DIGIT != 0) & (separator & IN_NUMBERS != 0)
    return within


def _elided(characters: Characters, at: int) -> bool:
    """Whether the short word before the apostrophe before `at` is an article or preposition that lost its vowel."""
    begin = at - 1
    while begin > 0 and at - begin <= 6 and characters.kinds[begin - 1] & WORD:
        begin -= 1
    return _ELISION.fullmatch(characters.text, begin, at) is not None
