"""Which encoding a page's bytes are in, by the rules of the HTML standard (13.2.3), and strictly.

First a byte order mark, then what came with the page (a header), then what the page declares of itself, then our own
detector. A declaration that the bytes contradict is not believed: a page is decoded without an error or not at all.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from corpus_kit.core.offsets import normalise_newlines
from corpus_kit.ingest.decode import decode
from corpus_kit.ingest.json_values import RejectedValue

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PRESCAN = 1024
_FAR = 1 << 14  # declarations behind the first kilobyte: browsers read on, too, and decode again
_META = re.compile(rb"<meta\b[^>]*?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.+-]+)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([a-zA-Z0-9_:.+-]+)[\"']")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_HEADER = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]+)", re.IGNORECASE)
# Labels that mean another encoding than they say (Encoding standard, 4.2); Python's names.
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "cp950",
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
    "utf-7": "",
}
_MORE_LABELS = {
    "x-sjis": "cp932", "windows-31j": "cp932", "x-gbk": "gb18030", "x-euc-jp": "euc_jp", "x-mac-roman": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic", "ks_c_5601-1987": "cp949", "windows-949": "cp949", "unicode-1-1-utf-8": "utf-8",
    "x-user-defined": "", "x-cp1251": "cp1251", "x-cp1250": "cp1250", "x-cp1252": "cp1252", "big5-hkscs": "big5hkscs",
    "windows-874": "cp874", "dos-874": "cp874", "iso-8859-8-i": "iso8859-8",
}  # fmt: skip


class DecodedPage(NamedTuple):
    """source: the page as characters, without byte order mark. skipped: bytes of the mark. newline: see `documents`."""

    source: str
    encoding: str
    skipped: int
    newline: str


def decode_page(raw: bytes, header: str | None = None) -> DecodedPage:
    """Decode a page.

    Args:
        raw: The bytes of the page.
        header: The value of the `Content-Type` it came with, where there is one.

    Raises:
        Refusal: empty_text, binary, undecodable.
    """
    if not raw.strip():
        raise RejectedValue("empty_text", f"{len(raw)} bytes of white space" if raw else "no bytes")
    for mark, codec in _BOMS:
        if raw.startswith(mark):
            try:
                return _made(raw[len(mark) :].decode(codec), codec, len(mark))
            except UnicodeDecodeError as e:
                if codec != "utf-8":
                    raise RejectedValue(
                        "undecodable", f"has a BOM of {codec}, byte {e.start + len(mark)} is not"
                    ) from e
    found = _utf8(raw)
    for label in (_of_header(header), declared(raw)):
        if label == "utf-8" and found is not None:
            break
        if label and label != "utf-8" and (text := _strictly(raw, label)) is not None:
            if found is None or _is_stateful(label) or not _reads_better(found, text):
                return _made(text, label, 0)
            break
    if found is not None and b"\x00" not in raw and (raw.isascii() is False or b"\x1b" not in raw):
        return _made(found, "utf-8", 0)
    seen = decode(raw)
    text = raw.decode(seen.encoding)
    skipped = 1 if text.startswith("\ufeff") else 0
    return _made(text[skipped:], seen.encoding, len("\ufeff".encode(seen.encoding)) if skipped else 0)


def declared(raw: bytes) -> str | None:
    """The encoding a page declares of itself, as Python's codec; None where it declares none that is known."""
    if (
        (match := _XML.match(raw, 0, _PRESCAN))
        and (codec := codec_of(match[1].decode()))
        and not _META.search(raw[:_FAR])
    ):
        return codec
    for size in (_PRESCAN, _FAR):
        head = raw[:size]
        if b"<!--" in head:
            head = _COMMENT.sub(b"", head)
        if match := _META.search(head):
            return codec_of(match[1].decode())
    return None


def codec_of(label: str) -> str | None:
    """Python's codec for a label as the Encoding standard understands it."""
    label = label.strip().lower()
    if label in _MORE_LABELS:
        return _MORE_LABELS[label] or None
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    name = _MEANT.get(name, name)
    try:
        return name if isinstance("".encode(name), bytes) and name else None
    except (LookupError, TypeError, ValueError):
        return None


def _of_header(header: str | None) -> str | None:
    match = _HEADER.search(header) if header else None
    return codec_of(match[1]) if match else None


def _utf8(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _strictly(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return None


def _is_stateful(codec: str) -> bool:
    return codec.startswith(("iso2022", "hz"))


def _reads_better(found: str, declared_text: str) -> bool:
    """Whether bytes that are valid UTF-8 are that, although the page declares otherwise: `Ã©` is written by no one."""
    if found.isascii():
        return True
    from corpus_kit.ingest.encoding import oddity  # with the detector: most pages need neither

    return oddity(found) <= oddity(declared_text)


def _made(source: str, encoding: str, skipped: int) -> DecodedPage:
    return DecodedPage(source, encoding, skipped, normalise_newlines(source)[1])
