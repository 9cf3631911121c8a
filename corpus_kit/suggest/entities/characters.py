"""What kind of character stands where: texts as arrays of code points, so that many places are looked at in one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray

WORD, SPACELESS, MARK, UPPER, DIGIT, SPACE, GAP, BLANK, HYPHEN, APOSTROPHE, IN_NUMBERS, LINE_BREAK, _KNOWN = (
    1 << i for i in range(13)
)
"""Kinds, as bits. A gap is white space of one line, a blank the plain space alone; the rest as `edges` has it."""
Ints = NDArray[Any]
Bools = NDArray[np.bool_]

_WORD = regex.compile(r"[\w\p{M}]")
_MARK = regex.compile(r"\p{M}")
_GAP = regex.compile(r"[^\S\n]")
_SPACELESS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Balinese}\p{Javanese}ー々〆]"
)
_AMONG = ((HYPHEN, "-‐‑"), (APOSTROPHE, "'’ʼ＇`"), (IN_NUMBERS, ".,:/٫٬'’"), (BLANK, " "), (LINE_BREAK, "\n"))
_table = np.zeros(0x110000, np.uint16)
"""Kinds of the code points met so far: most texts have a few hundred of the million."""


def is_word(character: str) -> bool:
    """Whether a character is part of a word that stands between spaces."""
    return character.isalnum() or _WORD.match(character) is not None


def is_spaceless(character: str) -> bool:
    """Whether a character belongs to a script written without spaces between words."""
    return character > "\u0e00" and _SPACELESS.match(character) is not None


class Characters:
    """Some texts one after the other, blank lines between them and at the ends, so that nothing reaches into the next.

    text: all of it. begins: where each text begins there. codes, kinds: of every character.
    """

    __slots__ = ("begins", "codes", "kinds", "text")

    def __init__(self, texts: Sequence[str]) -> None:
        self.text = "\n\n" + "".join(f"{text}\n\n" for text in texts)
        lengths = [len(text) + 2 for text in texts]
        self.begins = np.cumsum([2, *lengths])[: len(texts)]
        self.codes: Ints = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), np.uint32)
        self.kinds = kinds_of(self.codes)


def kinds_of(codes: Ints) -> Ints:
    """The kinds of code points."""
    kinds = _table[codes]
    unknown = kinds == 0
    if unknown.any():
        for code in np.unique(codes[unknown]).tolist():
            _table[code] = _kind(chr(code))
        kinds = _table[codes]
    return kinds


def _kind(c: str) -> int:
    told = (
        (WORD, is_word(c)), (SPACELESS, is_spaceless(c)), (MARK, _MARK.match(c) is not None), (UPPER, c.isupper()),
        (DIGIT, c.isdigit()), (SPACE, c.isspace()), (GAP, _GAP.match(c) is not None),
        *((kind, c in some) for kind, some in _AMONG),
    )  # fmt: skip
    return _KNOWN | sum(kind for kind, holds in told if holds)
