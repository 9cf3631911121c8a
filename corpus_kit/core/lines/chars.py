"""What kind of character is this? One look-up table over Unicode, so that features need no language and no regex.

Cased scripts (Latin, Cyrillic, Greek, Armenian …) share their classes: to the model a Russian line looks like an English
one. Scripts without case have a class of their own, and ideographs another, because they have no spaces to count words by.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from enum import IntEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
Bool = npt.NDArray[np.bool_]

_BMP = 0x10000


class Kind(IntEnum):
    """Classes of characters, in an order `is_word` and `Kind.SPACE` as a border rely on."""

    OTHER = 0
    SPACE = 1
    LOWER = 2
    UPPER = 3
    UNCASED = 4
    DIGIT = 5
    TERMINAL = 6
    COMMA = 7
    QUOTE = 8
    SEPARATOR = 9
    BULLET = 10
    DASH = 11
    BRACKET = 12
    COLON = 13
    SYMBOL = 14
    MARK = 15
    IDEOGRAPH = 16


_PUNCTUATION = {
    Kind.TERMINAL: ".!?…。！？।॥؟۔\u037e‼⁇⁈⁉｡．",
    Kind.COMMA: ",;،؛、，；",
    Kind.QUOTE: "\"'`´‘’‚‛“”„‟«‹「」『』〝〞＂",
    Kind.SEPARATOR: "|/\\›>→←↑↓»¦‖⟩⟶➜►▶❯",
    Kind.BULLET: "•◦▪▫‣⁃∙·*●○■□◆◇★☆",
    Kind.DASH: "-–—‐‑‒―−",
    Kind.BRACKET: "()[]{}<（）【】［］",
    Kind.COLON: ":：",
}

_SCRIPTS = (  # first code point of a range, script number; 0 is no script
    (0x0000, 0),
    (0x0041, 1),
    (0x0370, 3),
    (0x0400, 2),
    (0x0530, 7),
    (0x0590, 6),
    (0x0600, 5),
    (0x0800, 7),
    (0x1E00, 1),
    (0x1F00, 3),
    (0x2000, 0),
    (0x2C60, 1),
    (0x2C80, 7),
    (0x2E80, 4),
    (0xA000, 7),
    (0xA640, 2),
    (0xA6A0, 7),
    (0xA720, 1),
    (0xA800, 7),
    (0xF900, 4),
    (0xFB00, 1),
    (0xFB1D, 6),
    (0xFB50, 5),
    (0xFF00, 1),
    (0xFF66, 4),
    (0xFFA0, 7),
    (0xFFF0, 0),
)
N_SCRIPTS = 8


def is_word(kinds: U8) -> Bool:
    """Whether letters, digits and marks: what words are made of. Comparisons, because a look-up is ten times slower."""
    return ((kinds >= Kind.LOWER) & (kinds <= Kind.DIGIT)) | (kinds >= Kind.MARK)


_CATEGORIES = {  # what is not here is OTHER
    Kind.SPACE: "Zs Zl Zp",
    Kind.LOWER: "Ll",
    Kind.UPPER: "Lu Lt",
    Kind.UNCASED: "Lo Lm",
    Kind.DIGIT: "Nd Nl No",
    Kind.QUOTE: "Pi Pf",
    Kind.BRACKET: "Ps Pe",
    Kind.SYMBOL: "Pc Pd Po Sm Sc Sk So",
    Kind.MARK: "Mn Mc Me",
}
# Stretches of one category, three quarters of the plane: asking for each character of them took 7 ms in every process.
_ALIKE = (
    (0x3400, 0x4DC0, "Lo"),  # Han
    (0x4E00, 0xA000, "Lo"),  # Han
    (0xAC00, 0xD7A4, "Lo"),  # Hangul
    (0xD800, 0xE000, "Cs"),  # surrogates
    (0xE000, 0xF900, "Co"),  # private use
)
_MORE_SPACES = (0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x200B, 0x2060, 0xFEFF)
_IDEOGRAPHS = ((0x0E00, 0x0F00), (0x2E80, 0xA000), (0xF900, 0xFB00))  # and Thai and Lao, which have no spaces either


@lru_cache(maxsize=1)
def tables() -> tuple[U8, U32, U8]:
    """Kind, simple lower case and script number of every code point of the basic plane, as arrays of 65,536 entries."""
    kinds = _kinds_by_category()
    for low, high in _IDEOGRAPHS:
        kinds[low:high][kinds[low:high] == Kind.UNCASED] = Kind.IDEOGRAPH
    kinds[list(_MORE_SPACES)] = Kind.SPACE
    for kind, members in _PUNCTUATION.items():
        kinds[[ord(member) for member in members]] = kind
    lower = np.arange(_BMP, dtype=np.uint32)
    for point in np.flatnonzero(kinds == Kind.UPPER):
        folded = chr(point).lower()
        lower[point] = ord(folded[0])
    firsts = [first for first, _ in _SCRIPTS]
    numbers = np.array([number for _, number in _SCRIPTS], dtype=np.uint8)
    scripts = numbers[np.searchsorted(firsts, np.arange(_BMP), side="right") - 1]
    scripts[~np.isin(kinds, [Kind.LOWER, Kind.UPPER, Kind.UNCASED, Kind.IDEOGRAPH])] = 0
    return kinds, lower, scripts


def _kinds_by_category() -> U8:
    number = defaultdict(int, {name: int(kind) for kind, names in _CATEGORIES.items() for name in names.split()})
    kinds = np.empty(_BMP, np.uint8)
    at = 0
    for low, high, category in (*_ALIKE, (_BMP, _BMP, "")):
        each = map(unicodedata.category, map(chr, range(at, low)))
        kinds[at:low] = np.fromiter(map(number.__getitem__, each), dtype=np.uint8, count=low - at)
        kinds[low:high] = number[category]
        at = high
    return kinds


def classify(codes: U32) -> tuple[U8, U32]:
    """Kind and lower case of each code point in `codes`.

    Beyond the basic plane letters, digits and marks count as ideographs and the rest as symbols; both are rare.
    """
    kinds, lower, _ = tables()
    kind = kinds.take(codes, mode="clip")
    beyond = np.flatnonzero(codes >= _BMP) if len(codes) and int(codes.max()) >= _BMP else np.zeros(0, np.intp)
    if len(beyond):
        points, which = np.unique(codes[beyond], return_inverse=True)
        letters = [unicodedata.category(chr(point))[0] in "LNM" and not 0x1F000 <= point < 0x20000 for point in points]
        kind[beyond] = np.where(letters, Kind.IDEOGRAPH, Kind.SYMBOL)[which]
    folded = codes.copy()
    capitals = np.flatnonzero(kind == Kind.UPPER)
    folded[capitals] = lower[codes[capitals]]
    return kind, folded


def scripts_of(codes: U32) -> U8:
    """Script number of each letter in `codes`, 0 for what belongs to none."""
    return tables()[2].take(codes, mode="clip")
