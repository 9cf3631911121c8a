"""Bytes to text, strictly: UTF-8 first, then a detector; what cannot be decoded without an error is refused.

Nothing is ever replaced or guessed character by character: the whole text is decoded by one codec or not at all.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from typing import NamedTuple

from corpus_kit.core.offsets import normalise_newlines
from corpus_kit.ingest.json_values import RejectedValue

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its BOM starts with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = (
    b"\x89PNG",
    b"%PDF-",
    b"PK\x03\x04",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x7fELF",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"PAR1",
)
# C0 controls that no text uses; tab, newline, form feed, carriage return and escape are left out.
_LOW = bytes(range(32))
_CONTROLS = bytes(set(range(32)) - {9, 10, 11, 12, 13, 27})
# Where nearly all characters of Chinese, Japanese and Korean text are, and those that no such text is without.
_USUAL = re.compile("[\n\r\t -~\xa0\xb7\u2010-\u203b\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9f]")
_MARKS = re.compile("[\n -~\u3000-\u30ff\uff01-\uff1f]")
_BLANK = " \t\n\r\x0b\x0c\x85\xa0\u2028\u2029\u200b\u200c\u200d\u2060\ufeff"
_SAMPLE = 1 << 16
# Not NUL, which has a reason code of its own, nor what separates words, lines and pages.
_CONTROL = re.compile("[\x01-\x08\x0e-\x1f]")


class Decoded(NamedTuple):
    """text: with LF newlines and without BOM. encoding: codec name. newline: lf, crlf, cr, mixed or none.

    same_bytes: the text's UTF-8 form equals the raw bytes, so their hashes are one.
    """

    text: str
    encoding: str
    newline: str
    same_bytes: bool


def decode(raw: bytes) -> Decoded:
    """Decode one record.

    Raises Refusal: empty_text, binary, nul_character, undecodable.
    """
    try:
        text, encoding = raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as e:
        text, encoding = _decode_other(raw, e)
    else:
        # Looked for in the bytes, where it takes a tenth of the time: in UTF-8 an ASCII byte is always that character.
        if b"\x00" in raw or b"\x1b" in raw or b"\x0e" in raw or (b"~" in raw and b"~{" in raw):
            text, encoding = _decode_ascii_shaped(raw, text)
    bom = text.startswith("\ufeff")  # `normalise_newlines` removes it
    if encoding == "utf-8" and not bom and b"\x00" not in raw and b"\r" not in raw:
        _refuse_empty(text)
        return Decoded(text, encoding, "lf" if b"\n" in raw else "none", same_bytes=True)
    return _finished(text, encoding, same_bytes=encoding == "utf-8" and not bom)


def bom_of(head: bytes) -> tuple[bytes, str]:
    """The byte order mark that a text begins with and its codec, ("", "") for none."""
    if head[:1] in (b"\xef", b"\xff", b"\xfe", b"\x00"):
        for bom, codec in _BOMS:
            if head.startswith(bom):
                return bom, codec
    return b"", ""


def codec_without_bom(head: bytes) -> str | None:
    """UTF-16 or UTF-32 that the beginning of a file speaks of where it has no byte order mark, else None."""
    if b"\x00" not in head[:4096]:
        return None
    sample = head[: min(4096, len(head) // 4 * 4)]
    for codec in _utf16_or_32(sample):
        text = sample.decode(codec, "replace")
        if len(_CONTROL.findall(text)) * 100 <= len(text):
            return codec
    return None


def from_string(text: str, encoding: str = "utf-8", *, same_bytes: bool = True) -> Decoded:
    """The same rules for a text that arrives as a string (JSON, CSV, Parquet).

    Args:
        text: The string.
        encoding: Codec that its file was written in.
        same_bytes: Whether its UTF-8 form is what was read.

    Raises Refusal: empty_text, nul_character, lone_surrogate.
    """
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as e:
            raise RejectedValue("lone_surrogate", f"U+{ord(text[e.start]):04X} at character {e.start}") from e
    if text and text[0] > " " and text[0] < "\x7f" and "\r" not in text and "\x00" not in text:  # as nearly always
        return Decoded(text, encoding, "lf" if "\n" in text else "none", same_bytes)
    return _finished(text, encoding, same_bytes=same_bytes)


def _refuse_empty(text: str) -> None:
    if text and not text[0].isspace() and text[0] not in _BLANK:
        return  # as nearly always
    if not text or ((text[:64].isspace() or text[0] in _BLANK) and not text.strip(_BLANK)) or text.isspace():
        raise RejectedValue("empty_text", f"{len(text)} characters of white space" if text else "no bytes")


def _finished(text: str, encoding: str, *, same_bytes: bool) -> Decoded:
    _refuse_empty(text)
    if "\x00" in text:
        raise RejectedValue("nul_character", f"at character {text.index(chr(0))}")
    normal, newline = normalise_newlines(text)
    return Decoded(normal, encoding, newline, same_bytes and len(normal) == len(text) and "\r" not in text)


def _decode_ascii_shaped(raw: bytes, text: str) -> tuple[str, str]:
    """Valid UTF-8 that may still be something else: UTF-16 without BOM (full of NULs; U+0Exx in Thai), ISO-2022, HZ."""
    if "\x00" in text or "\x0e" in text:
        if (wide := _decode_wide(raw)) is not None:
            return wide
        if "\x00" in text and _is_full_of_controls(raw):
            raise RejectedValue("binary", "holds NUL bytes and control characters")
    if raw.isascii():
        import chardet

        found = chardet.detect(raw[:_SAMPLE])["encoding"]
        if found and found.lower().startswith(("iso-2022", "iso2022", "hz")):
            try:
                return raw.decode(found), codecs.lookup(found).name
            except (UnicodeDecodeError, LookupError):
                pass
    return text, "utf-8"


def _decode_other(raw: bytes, error: UnicodeDecodeError) -> tuple[str, str]:
    for bom, codec in _BOMS:
        if raw.startswith(bom):
            try:
                return raw.decode(codec), codec
            except UnicodeDecodeError as e:
                if codec != "utf-8":
                    raise RejectedValue("undecodable", f"has a BOM of {codec}, byte {e.start} is not") from e
    if raw.startswith(_MAGIC):
        raise RejectedValue("binary", "starts like a picture, an archive or a program")
    if (wide := _decode_wide(raw)) is not None:
        return wide
    if 0 in raw[:8192] or _is_full_of_controls(raw):
        raise RejectedValue("binary", "holds bytes that no text uses")
    from corpus_kit.ingest.encoding import is_damaged_utf8, read_legacy  # with the detector: most corpora need neither

    if is_damaged_utf8(raw, error.start):
        raise RejectedValue("undecodable", f"UTF-8 but for byte {error.start}: {error.reason}")
    text, codec = read_legacy(raw, error.start)
    if text is None:
        raise RejectedValue("undecodable", f"not UTF-8 at byte {error.start}, and unsure: {codec}")
    return text, codec


def _decode_wide(raw: bytes) -> tuple[str, str] | None:
    """UTF-16 or UTF-32 without BOM, None where it is neither: a few bytes of anything can have a NUL at the right place, but
    text has next to no control characters."""
    for codec in _utf16_or_32(raw):
        with contextlib.suppress(UnicodeDecodeError):
            text = raw.decode(codec)
            if len(_CONTROL.findall(text)) * 100 <= len(text):
                return text, codec
    return None


def _utf16_or_32(raw: bytes) -> list[str]:
    """Codecs that NUL bytes at regular places speak for."""
    sample = raw[: min(4096, len(raw) // 4 * 4)]
    quarters = [sample[i::4].count(0) / max(len(sample) // 4, 1) for i in range(4)]
    if len(raw) % 4 == 0 and quarters[3] > 0.99 and quarters[2] > 0.9 and quarters[0] < 0.2:
        return ["utf-32-le"]
    if len(raw) % 4 == 0 and quarters[0] > 0.99 and quarters[1] > 0.9 and quarters[3] < 0.2:
        return ["utf-32-be"]
    if len(raw) % 2:
        return []
    # The high bytes of Greek, Cyrillic, Hebrew, Arabic or Thai are one control character over and over.
    low_even, low_odd = (len(part) - len(part.translate(None, _LOW)) for part in (sample[::2], sample[1::2]))
    if max(low_even, low_odd) > 0.45 * len(sample) and min(low_even, low_odd) < 0.3 * len(sample):
        return ["utf-16-be" if low_even > low_odd else "utf-16-le"]
    if sample.isascii():
        return []  # with high bytes that are no control characters, half of the low ones of any script are none of ASCII
    if east_asian := _utf16_of_east_asia(sample):
        return east_asian
    # Spaces and newlines alone give one NUL in twelve bytes of any script.
    even, odd = (quarters[0] + quarters[2]) / 2, (quarters[1] + quarters[3]) / 2
    if odd > 0.03 and even < 0.005:
        return ["utf-16-le"]
    if even > 0.03 and odd < 0.005:
        return ["utf-16-be"]
    return []


def _utf16_of_east_asia(sample: bytes) -> list[str]:
    """UTF-16 with hardly an ASCII character in it: seen from the wrong end, it is characters of every script."""
    usual = [len(_USUAL.findall(sample.decode(codec, "replace"))) for codec in ("utf-16-le", "utf-16-be")]
    right, wrong = max(usual), min(usual)
    marks = len(_MARKS.findall(sample.decode(codec := "utf-16-le" if usual[0] == right else "utf-16-be", "replace")))
    return [codec] if right > 0.42 * len(sample) and wrong < 0.75 * right and marks * 25 > right else []


def _is_full_of_controls(raw: bytes) -> bool:
    sample = raw[:8192]
    return (len(sample) - len(sample.translate(None, _CONTROLS))) * 8 > len(sample)
