"""Which codec wrote these bytes: a detector proposes, the text it gives is looked at, and what is unsure is refused.

`chardet` knows the byte statistics of many languages, but a page in English with three curly quotes has none to count:
there `governmentÕs` against `government’s` decides. So every reading is judged by the company that its non-ASCII
characters keep (`oddity`), and where they are few, an odd reading has to give way to a rival that is not.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import lru_cache

import chardet

# Sound text of any language has up to a tenth of odd characters where it holds tables or markup, noise more than this.
_SUSPECT = 0.35
# With fewer non-ASCII bytes, or a smaller share of them, byte statistics say little.
_FEW, _FEW_SHARE = 40, 0.04
_RIVALS = (
    *("cp1252", "iso8859-15", "mac-roman", "gb18030", "cp437", "cp850", "cp1250", "cp1251"),
    *("big5hkscs", "cp949", "cp932"),
)
_ESTONIAN = ("cp1252", "iso8859-15")  # differ from the Baltic codecs in š and ž only
# What the detector calls by one name, and the codecs that may be meant; the first that fits is taken.
_FAMILIES = {
    "shift_jis": ("shift_jis", "cp932", "shift_jis_2004"),
    "shift_jis_2004": ("shift_jis", "cp932", "shift_jis_2004"),
    "euc_jis_2004": ("euc_jp", "euc_jis_2004"),
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "euc_kr": ("cp949",),
    "big5": ("big5", "cp950", "big5hkscs"),
    "cp950": ("cp950", "big5hkscs"),
}
# Where the Windows codec has letters and quotes, these have control characters that no one writes.
_WINDOWS = {
    **{f"iso8859-{n}": "cp1252" for n in (1, 15)},
    **{f"iso8859-{n}": "cp1250" for n in (2, 16)},
    **{f"iso8859-{n}": "cp1257" for n in (4, 13)},
    "iso8859-5": "cp1251",
    "iso8859-6": "cp1256",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
}
_MULTIBYTE = ("big5", "cp9", "euc", "gb", "hz", "iso2022", "johab", "shift")
# Bytes that one of the Windows, Thai or ISO codecs has no character for.
_GAPS = bytes.fromhex("8183888a8c8d8e8f90989a9c9d9e9f a1a5aaaed2 d9dadbdcdddedf fbfcfdfeff")
_C1 = re.compile("[\x80-\x84\x86-\x9f]")
_HEAD, _WINDOW, _SAMPLE, _CONTEXTS = 1024, 1 << 18, 4096, 300
_HIGH_BYTES = bytes(range(0x80, 0x100))
_UTF8_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
    rb"|[\xc2-\xf4][\x80-\xbf]{0,2}\Z"  # a text that was cut
)
_NON_ASCII = re.compile("[^\x00-\x7f]")
_WIDE_RUN = re.compile("[\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+")
_ALPHABETS = frozenset({"LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "THAI"})
_DETACHED = "¡¿¨¯´¸˜ˆ˝˛˙˘ˇ"  # marks that never follow a letter directly


def is_damaged_utf8(raw: bytes, first_bad: int) -> bool:
    """Most of the non-ASCII bytes are well-formed UTF-8 sequences: any other codec would read mojibake.

    By chance that holds for no more than half of them, in EUC-JP, which looks most like UTF-8.
    """
    window = raw[max(0, first_bad - _WINDOW) : first_bad + _WINDOW]
    return sum(map(len, _UTF8_SEQUENCE.findall(window))) >= 0.6 * _count_high(window)


def read_legacy(raw: bytes, first_bad: int) -> tuple[str | None, str]:
    """Text and codec of bytes that are no UTF-8, or None and the candidates that were looked at.

    first_bad: the place of the first byte that is not UTF-8.
    """
    sample = _sample(raw, first_bad)
    found = chardet.detect(sample, compat_names=False, no_match_encoding="ascii", exclude_encodings=["hp-roman8"])
    first = found["encoding"] or "ascii"
    few = _count_high(sample) < max(_FEW, _FEW_SHARE * len(sample))
    rivals = _RIVALS if few else _ESTONIAN if found["language"] == "et" else ()
    tried: list[str] = []
    best_oddity, best = 1.0, ("", "")
    for proposal in (first, *(r for r in rivals if r != first)):
        reading = _read(raw, proposal) if proposal not in ("ascii", "utf-8") else None
        if reading is None:
            tried.append(f"{proposal} does not fit")
            continue
        odd = oddity(reading[0])
        tried.append(f"{reading[1]} {odd:.0%} odd")
        if odd < best_oddity / 2 or not best[1]:
            best_oddity, best = odd, reading
        if best_oddity == 0:
            break
    if not best[1] or best_oddity > _SUSPECT:
        return None, ", ".join(tried[:6])
    if few and best[1].startswith(_MULTIBYTE) and _eats_letters(best[0]):
        return None, f"{best[1]} of a few characters within another script"
    if (nearly := _but_for_a_byte(raw, sample, first, best[1])) is not None:
        return None, f"{best[1]}, or a damaged {nearly}"
    return best


def _eats_letters(text: str) -> bool:
    """Whether a page in Latin letters has a few characters of East Asia that touch them: quotes and accents of another
    codec, which took the letter behind them along."""
    wide = list(_WIDE_RUN.finditer(text))
    count = sum(len(m[0]) for m in wide)
    if count > _FEW or count > 0.1 * sum(map(str.isalpha, text[:_WINDOW])):
        return False
    return any(text[m.end() : m.end() + 1].isalpha() or text[m.start() - 1 : m.start()].isalpha() for m in wide)


def _but_for_a_byte(raw: bytes, sample: bytes, first: str, codec: str) -> str | None:
    """The codec the detector would name if it were not for bytes that stand there once or twice and do not fit it."""
    rare = bytes(b for b in _GAPS if 0 < sample.count(b) < (3 if b < 0xA0 else 2))
    if not rare or first.startswith(_MULTIBYTE):
        return None
    without = sample.translate(None, rare)[:2048]
    found = chardet.detect(without, compat_names=False, no_match_encoding="ascii")["encoding"]
    if found in (None, "ascii", "utf-8", first) or found.startswith(_MULTIBYTE):
        return None
    windows = _WINDOWS.get(found, found)
    return windows if windows != codec and _read(raw, windows) is None else None


def _read(raw: bytes, proposal: str) -> tuple[str, str] | None:
    for codec in _FAMILIES.get(proposal, (proposal,)):
        try:
            text = raw.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
        if codec.startswith(("iso8859", "tis")) and _C1.search(text):
            return _read(raw, _WINDOWS[codec]) if codec in _WINDOWS else None
        return text, codecs.lookup(codec).name
    return None


def _sample(raw: bytes, first_bad: int) -> bytes:
    """The head, where markup names its encoding, and then only lines with something to detect in them."""
    if len(raw) <= _SAMPLE:
        return raw
    head = raw.rfind(b"\n", 0, min(_HEAD, first_bad)) + 1
    lines = raw[max(head, raw.rfind(b"\n", 0, first_bad) + 1) :][:_WINDOW].split(b"\n")
    dense = b"\n".join(line for line in lines if not line.isascii())
    end = dense.find(b"\n", _SAMPLE)  # whole lines: a half character would rule its codec out
    return raw[:head] + dense[: end if 0 <= end < 4 * _SAMPLE else 4 * _SAMPLE]


def _count_high(raw: bytes) -> int:
    return len(raw) - len(raw.translate(None, _HIGH_BYTES))


def oddity(text: str) -> float:
    """Share of the first 400 non-ASCII characters that no writer puts where they stand: 0 is clean, 1 is noise."""
    odd = seen = 0
    padded = f" {text} "
    for match in _NON_ASCII.finditer(text):
        i = match.start()
        odd += _is_odd(*padded[i : i + 3])
        seen += 1
        if seen == _CONTEXTS:
            break
    return odd / seen if seen else 0.0


@lru_cache(maxsize=1 << 15)
def _is_odd(before: str, char: str, after: str) -> bool:
    kind = unicodedata.category(char)
    inside = before.isalpha() and after.isalpha()
    if kind in ("Cc", "Co", "Cn", "Cs") or char in "\ufffd¤ƒ":
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
    return inside and (kind == "No" or char in "“”„«»¶§†‡•‚‹›")


def _is_odd_letter(before: str, char: str, after: str) -> bool:
    script = _script(char)
    for neighbour in (before, after):
        if neighbour.isalpha() and script in _ALPHABETS and script != _script(neighbour) in _ALPHABETS:
            return True
        if neighbour.isdigit() and script == "LATIN" and char not in "ªº":
            return True
    if script in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL"):
        return (before + after).isascii() and (before + after).isalpha()
    if char in "ªº":
        return not (before.isalnum() or before == ".")
    if char.isupper() and script == "LATIN":
        # Quotation marks and dashes of a Mac, read as Windows letters.
        lone = not after.isalpha() and (char in "ÐÑÒÔÕ" or (before + after).isspace()) and char not in "ÀÁÈÉÌÍÓÙÚÄÅÖÜ"
        return lone or before.islower() or before in ",.!?;" or (before.isupper() and after.islower())
    return char.isupper() and before.islower()


def _is_symbol(char: str) -> bool:
    return char > "\x7f" and unicodedata.category(char)[0] == "S"


@lru_cache(maxsize=1 << 14)
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
