"""Which language a page is written in, from a sample of its running text; `und` when that is short or unsure.

Menus and link lists of other languages are why the sample is taken from long lines first. The identifier is CLD2
(docs/decisions/004-libraries.md): fast, and it abstains rather than guesses.
"""

from __future__ import annotations

import re

import pycld2

UNDETERMINED = "und"
_SAMPLE = 1600
_LONG_LINE = 90
_MIN_LETTER_BYTES = 60
_MIN_SHARE = 60
# CLD2 refuses texts with control characters and non-characters as "invalid UTF-8".
_NON_CHARACTERS = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_REFUSED = re.compile(f"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef{_NON_CHARACTERS}]")
_LEGACY_CODES = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr"}


def identify(text: str) -> tuple[str, float | None]:
    """(ISO 639 code or "und", share of the sample in that language from 0 to 1, null for "und")."""
    sample = _sample(text)
    try:
        reliable, letter_bytes, found = pycld2.detect(sample, bestEffort=False)
    except pycld2.error:
        reliable, letter_bytes, found = pycld2.detect(_REFUSED.sub(" ", sample), bestEffort=False)
    _, code, share, _ = found[0]
    if letter_bytes < _MIN_LETTER_BYTES or not reliable or code == "un" or share < _MIN_SHARE:
        return UNDETERMINED, None
    code = _LEGACY_CODES.get(code, code.split("-")[0])
    if not (2 <= len(code) <= 3 and code.isalpha()):  # "xxx-Zyyy": CLD2's own names for mere scripts
        return UNDETERMINED, None
    return code, round(share / 100, 4)


def _sample(text: str) -> str:
    if len(text) > _SAMPLE:
        taken, size = [], 0
        for line in text.split("\n"):
            if len(line) >= _LONG_LINE:
                taken.append(line[: _SAMPLE - size])
                size += len(taken[-1]) + 1
                if size >= _SAMPLE:
                    break
        text = "\n".join(taken) if size >= 300 else text[:_SAMPLE]
    return text
