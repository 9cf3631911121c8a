"""Bytes to text, strictly: UTF-8 first, then a detector; what cannot be decoded without an error is refused.

Nothing is ever replaced or guessed character by character: the whole text is decoded by one codec or not at all.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import chardet

from corpus_kit.core.offsets import normalise_newlines
from corpus_kit.ingest.refusal import Refusal

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
_CONTROLS = bytes(set(range(32)) - {9, 10, 11, 12, 13, 27})
_ODD = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd\ufffe\uffff]")
_BLANK = " \t\n\r\x0b\x0c\x85\xa0\u2028\u2029\u200b\u200c\u200d\u2060\ufeff"
_SAMPLE = 1 << 16


@dataclass(frozen=True, slots=True)
class Decoded:
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
        if "\x00" in text or "\x1b" in text or "~{" in text:
            text, encoding = _decode_ascii_shaped(raw, text)
    bom = text.startswith("\ufeff")
    if bom:
        text = text[1:]
    return _finished(text, encoding, same_bytes=encoding == "utf-8" and not bom)


def from_string(text: str) -> Decoded:
    """The same rules for a text that arrives as a string (JSON, CSV, Parquet).

    Raises Refusal: empty_text, nul_character, lone_surrogate.
    """
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as e:
            raise Refusal("lone_surrogate", f"U+{ord(text[e.start]):04X} at character {e.start}") from e
        if text.startswith("\ufeff"):
            return _finished(text[1:], "utf-8", same_bytes=False)
    return _finished(text, "utf-8", same_bytes=True)


def _finished(text: str, encoding: str, *, same_bytes: bool) -> Decoded:
    if not text or ((text[:64].isspace() or text[0] in _BLANK) and not text.strip(_BLANK)) or text.isspace():
        raise Refusal("empty_text", f"{len(text)} characters of white space" if text else "no bytes")
    if "\x00" in text:
        raise Refusal("nul_character", f"at character {text.index(chr(0))}")
    normal, newline = normalise_newlines(text)
    return Decoded(normal, encoding, newline, same_bytes and len(normal) == len(text) and "\r" not in text)


def _decode_ascii_shaped(raw: bytes, text: str) -> tuple[str, str]:
    """Valid UTF-8 that may still be something else: UTF-16 without BOM (full of NULs), ISO-2022, HZ."""
    if "\x00" in text:
        for codec in _utf16_or_32(raw):
            try:
                return raw.decode(codec), codec
            except UnicodeDecodeError:
                continue
        if _looks_binary(raw):
            raise Refusal("binary", "holds NUL bytes and control characters")
        return text, "utf-8"  # refused as nul_character, with the place
    if raw.isascii():
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
                    raise Refusal("undecodable", f"has a BOM of {codec}, byte {e.start} is not") from e
    if raw.startswith(_MAGIC):
        raise Refusal("binary", "starts like a picture, an archive or a program")
    for codec in _utf16_or_32(raw):
        try:
            return raw.decode(codec), codec
        except UnicodeDecodeError:
            continue
    if _looks_binary(raw):
        raise Refusal("binary", "holds bytes that no text uses")
    for found in chardet.detect_all(raw[:_SAMPLE]) or []:
        codec = found["encoding"]
        if not codec or codec.lower() in ("ascii", "utf-8"):
            continue
        try:
            text = raw.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
        if len(_ODD.findall(text[:_SAMPLE])) * 200 <= len(text[:_SAMPLE]):
            return text, codecs.lookup(codec).name
    raise Refusal("undecodable", f"not UTF-8 at byte {error.start}, and no other encoding fits")


def _utf16_or_32(raw: bytes) -> list[str]:
    """Codecs that NUL bytes at regular places speak for."""
    sample = raw[:4096]
    quarters = [sample[i::4].count(0) / max(len(sample[i::4]), 1) for i in range(4)]
    if len(raw) % 4 == 0 and quarters[3] > 0.99 and quarters[2] > 0.9 and quarters[0] < 0.2:
        return ["utf-32-le"]
    if len(raw) % 4 == 0 and quarters[0] > 0.99 and quarters[1] > 0.9 and quarters[3] < 0.2:
        return ["utf-32-be"]
    even, odd = (quarters[0] + quarters[2]) / 2, (quarters[1] + quarters[3]) / 2
    if len(raw) % 2 == 0:
        # Spaces and newlines alone give one NUL in twelve bytes of any script.
        if odd > 0.03 and even < 0.005:
            return ["utf-16-le"]
        if even > 0.03 and odd < 0.005:
            return ["utf-16-be"]
    return []


def _looks_binary(raw: bytes) -> bool:
    sample = raw[:8192]
    return 0 in sample or (len(sample) - len(sample.translate(None, _CONTROLS))) * 8 > len(sample)
