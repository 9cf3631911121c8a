"""Which codec wrote these bytes: a detector proposes, the text it gives is looked at, and what is unsure is refused.

`chardet` knows byte statistics of many languages, but a page in plain English with three curly quotes has none: there,
`governmentÕs` against `government’s` decides. So every reading is judged by the company its non-ASCII characters keep
(`oddity`), and a reading that looks odd has to beat a few rivals.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import chardet

# Only a reading at most this odd is taken without a look at its rivals; above the second figure nothing is taken.
CLEAN, SUSPECT = 0.1, 0.2
# Rivals of an odd reading that the detector may not name when there are few non-ASCII bytes, the likely ones first.
_RIVALS = ("cp1252", "iso8859-15", "mac-roman", "gb18030", "cp437", "cp850", "cp1250", "cp1251", "big5hkscs", "cp949", "cp932")
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "iso8859-13": "cp1257",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
}
_HEAD, _WINDOW, _SAMPLE, _CONTEXTS = 1024, 1 << 18, 6144, 400
_HIGH = re.compile(rb"[\x80-\xff]")
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_ALPHABETS = frozenset({"LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "THAI"})
_DETACHED = "¡¿¨¯´¸˜ˆ˝˛˙˘ˇ"  # marks that never follow a letter directly
_CONTEXT = re.compile("[^\x00-\x7f]")


def damaged_utf8(raw: bytes, first_bad: int) -> bool:
    """Most non-ASCII bytes are well-formed UTF-8 sequences, so any other codec would read mojibake.

    In EUC-JP, the legacy encoding that looks most like UTF-8, at most half of them are by chance.
    """
    window = raw[max(0, first_bad - _WINDOW) : first_bad + _WINDOW]
    high = len(_HIGH.findall(window))
    well_formed = sum(map(len, _UTF8_SEQUENCE.findall(window)))
    # A lone lead byte at the very end is a text that was cut, as far as anyone can tell.
    return well_formed > 0.6 * high or (high == 1 and window[-1] >= 0xC2 and first_bad == len(raw) - 1)


def readings(raw: bytes, first_bad: int) -> Iterator[str]:
    """Names of codecs worth a try, the detector's choice first, then rivals in the order of their likeliness."""
    sample = _sample(raw, first_bad)
    first = chardet.detect(sample, compat_names=False, no_match_encoding="ascii")["encoding"]
    seen = {None, "ascii", "utf-8", first}
    if first not in (None, "ascii", "utf-8"):
        yield first
    found = [r["encoding"] for r in chardet.detect_all(sample, compat_names=False, no_match_encoding="ascii")]
    for codec in (_SUPERSETS.get(first or ""), *found[:6], *_RIVALS):
        if codec not in seen:
            seen.add(codec)
            yield codec


def _sample(raw: bytes, first_bad: int) -> bytes:
    """The head, where markup names its encoding, and then only lines with something to detect in them."""
    if len(raw) <= _SAMPLE:
        return raw
    start = raw.rfind(b"\n", 0, min(_HEAD, first_bad)) + 1
    head = raw[:start]
    lines = raw[max(start, raw.rfind(b"\n", 0, first_bad) + 1) :][:_WINDOW].split(b"\n")
    dense = b"\n".join(line for line in lines if not line.isascii())
    return head + dense[:_SAMPLE]


def oddity(text: str) -> float:
    """Share of the non-ASCII characters (of the first 400) that no writer puts where they stand: 0 is clean, 1 is noise."""
    odd = seen = 0
    size = len(text)
    for match in _CONTEXT.finditer(text):
        i = match.start()
        before, after = text[i - 1] if i else " ", text[i + 1] if i + 1 < size else " "
        odd += _is_odd(before, text[i], after)
        seen += 1
        if seen == _CONTEXTS:
            break
    return odd / seen if seen else 0.0


@lru_cache(maxsize=1 << 15)
def _is_odd(before: str, char: str, after: str) -> bool:
    kind = unicodedata.category(char)
    inside = before.isalpha() and after.isalpha()
    if kind in ("Cc", "Co", "Cn", "Cs") or char in "\ufffd¤":
        return True
    if kind[0] == "L":
        return _is_odd_letter(before, char, after)
    if kind[0] == "M":
        return not before.isalpha() and unicodedata.category(before)[0] not in "MC"
    if kind == "Cf":
        return char == "\xad" and not inside
    if kind == "Sc":
        return inside or (char in "¢¥" and not (before + after).strip(" .,").isdigit())
    if "\u2500" <= char < "\u25a0" or char in _DETACHED:
        return before.isalpha() or _is_symbol(after) or (kind == "Sk" and after.isalpha())
    if kind[0] == "S":
        return inside or (char < "\u2500" and any(_is_symbol(c) and c != char for c in (before, after)))
    return inside and char in "“”„«»¶§†‡•‚‹›"


def _is_odd_letter(before: str, char: str, after: str) -> bool:
    script = _script(char)
    for neighbour in (before, after):
        if neighbour.isalpha() and script in _ALPHABETS and script != _script(neighbour) in _ALPHABETS:
            return True
        if neighbour.isdigit() and script == "LATIN" and char not in "ªº":
            return True
    if char.isupper() and script == "LATIN":
        # Quotation marks and dashes of a Mac, read as Windows letters.
        return before.islower() or before in ",.!?;" or (char in "ÐÑÒÔÕ" and not after.isalpha())
    return char.isupper() and before.islower()


def _is_symbol(char: str) -> bool:
    return char > "\x7f" and unicodedata.category(char)[0] == "S"


@lru_cache(maxsize=1 << 14)
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
