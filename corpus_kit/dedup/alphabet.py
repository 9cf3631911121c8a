"""What each character of Unicode is to the tokeniser, as tables that are indexed by code point.

Made once from Python's Unicode database and kept in the user's cache folder; the database's version is part of every key,
see `settings.Recipe`.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus_kit.core.hashing import mixed
from corpus_kit.core.storage.cache import kept_bytes

SEPARATOR, WORD, DIGIT, UNSPACED, IGNORED = 0, 1, 2, 3, 4

_CODE_POINTS = 0x110000
_ASSIGNED = 0x32400  # behind it: private use, tags and variation selectors, no letters
# Scripts that are written without spaces between words: every letter is a token. (Tibetan's mark between syllables is
# punctuation, so its syllables are words.) Korean has spaces and is not among them.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x2FFF),  # radicals
    (0x3005, 0x30FF),  # Hiragana, Katakana and the repetition marks
    (0x3100, 0x312F),  # Bopomofo
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),  # Burmese
    (0xAA60, 0xAADF),  # Burmese, Tai Viet
    (0xF900, 0xFAFF),  # Han
    (0xFF66, 0xFF9F),  # Katakana, half width
    (0x1AFF0, 0x1B16F),  # Kana
    (0x20000, 0x32400),  # Han
)
# The bulk of Han and the Hangul syllables have neither case nor accents; asking for each of them takes half a second.
_AS_THEY_ARE = ((0x3400, 0x9FFF), (0xAC00, 0xD7A3), (0x20000, 0x32400))
# Marks that a precomposed letter swallows: with and without them it is the same word to us.
_ACCENTS = ((0x0300, 0x036F), (0x3099, 0x309A))
_VARIANTS = (0xFE00, 0xFE0F)  # selectors of glyphs
_IGNORED_BEHIND = ((0xE0000, 0xE01EF),)  # tags and more selectors, behind `_ASSIGNED`


@lru_cache(maxsize=1)
def tables() -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """(class, value) by code point.

    class: SEPARATOR, WORD (letters, marks), DIGIT (a word too), UNSPACED (a token of its own) or IGNORED (accents, soft
    hyphens, joiners). value: 64 random-looking bits of the folded character; 0 for separators.
    """
    content = _kept()
    kinds, values = np.zeros(_CODE_POINTS, np.uint8), np.zeros(_CODE_POINTS, np.uint64)
    kinds[:_ASSIGNED] = np.frombuffer(content, np.uint8, _ASSIGNED)
    values[:_ASSIGNED] = np.frombuffer(content, "<u8", offset=_ASSIGNED)
    for first, last in _IGNORED_BEHIND:
        kinds[first : last + 1] = IGNORED
    return kinds, values


def _kept() -> bytes:
    """Both tables up to `_ASSIGNED`. Made from this very file: an edited rule finds no table of before."""
    try:
        rules = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    except OSError:  # imported from an archive
        return _made()
    return kept_bytes("unicode", f"{rules} unicode {unicodedata.unidata_version}", ".tables", _made)


def _made() -> bytes:
    kinds = np.array(list(map(_CLASSES.__getitem__, map(unicodedata.category, map(chr, range(_ASSIGNED))))), np.uint8)
    folded = np.arange(_ASSIGNED, dtype=np.uint64)
    for first, last in _UNSPACED:
        block = kinds[first : last + 1]
        block[block == WORD] = UNSPACED
    for first, last in (*_ACCENTS, _VARIANTS):
        kinds[first : last + 1] = IGNORED
    alike = (kinds == WORD) | (kinds == DIGIT) | (kinds == UNSPACED)
    for first, last in _AS_THEY_ARE:
        alike[first : last + 1] = False
    letters = np.flatnonzero(alike)
    folded[letters] = [_folded(chr(c)) for c in letters.tolist()]
    values = mixed(folded)
    values[(kinds == SEPARATOR) | (kinds == IGNORED)] = 0
    return kinds.tobytes() + values.astype("<u8").tobytes()


_CLASSES = defaultdict(int) | {
    **dict.fromkeys(("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me"), WORD),
    **dict.fromkeys(("Nd", "Nl", "No"), DIGIT),
    "Cf": IGNORED,
}


def _folded(char: str) -> int:
    """The character in lower case, without accents and in its usual width, where that is one character."""
    if char.isascii():
        return ord(char.lower())
    if char.casefold() == char and not unicodedata.decomposition(char):
        return ord(char)  # nothing below would change it, and most letters of most scripts are like that
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if not _is_accent(ord(c))) or char
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain.casefold()) if not _is_accent(ord(c))) or plain
    return ord(plain) if len(plain) == 1 else ord(char)


def _is_accent(code: int) -> bool:
    return any(first <= code <= last for first, last in _ACCENTS)
