"""What a file's bytes say it is. A name is only what somebody called it; where the two disagree, the bytes win.

Conservative: what is not plain to see stays what the name says. A page of text is looked at by one pattern.
"""

from __future__ import annotations

import json
import re
from typing import Any

from corpus_kit.ingest.decode import bom_of, codec_without_bom

UNUSUAL = re.compile(
    rb"\x1f\x8b|\x28\xb5\x2f\xfd|BZh\d|\xfd7zXZ|PAR1|PK\x03\x04|PK\x05\x06|\xd0\xcf\x11\xe0\xa1|%PDF-|\{\\rtf|ARROW1|Rar!"
    rb"|7z\xbc\xaf|SQLite format|(?:\xef\xbb\xbf)?\s*(?:[<{\[]|WARC/\d)|\xff\xfe[<{\[]|\xfe\xff\x00[<{\[]"
)
"""How a file begins that may be something else than a page of text."""
_OTHERS = (
    (b"%PDF-", ".pdf"),
    (b"{\\rtf", ".rtf"),
    (b"ARROW1", ".arrow"),
    (b"Rar!", ".rar"),
    (b"7z\xbc\xaf", ".7z"),
    (b"SQLite format", ".sqlite"),
    (b"\xd0\xcf\x11\xe0\xa1", ".doc"),
)
_OFFICE = (
    (b"word/", ".docx"),
    (b"xl/", ".xlsx"),
    (b"ppt/", ".pptx"),
    (b"opendocument.text", ".odt"),
    (b"opendocument.spreadsheet", ".ods"),
    (b"epub+zip", ".epub"),
)
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_WARC = re.compile(r"\s*WARC/\d\.\d\s*\n")
_BOMS_AND_SPACE = " \t\r\n\ufeff"
OTHER = "other:"
"""Beginning of what `recognise` says of a kind that is not read; the suffix of that kind follows."""
_LOOKED_AT = 1 << 16
_LINES = 5


def recognise(head: bytes, named: str, *, whole: bool, text_field: str = "text") -> str:
    """The format that a file's first bytes speak of.

    Args:
        head: The beginning of the decompressed content.
        named: The format that its name says, "" where the name says nothing.
        whole: Whether `head` is all there is.
        text_field: The field that holds the text of a record.

    Returns:
        A name of `FORMATS` or of an archive, `other:` and a suffix, or "" where neither name nor bytes tell.
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(head)
    if head[257:262] == b"ustar":
        return "tar"
    for magic, suffix in _OTHERS:
        if head.startswith(magic):
            return OTHER + suffix
    if named in ("parquet", "zip", "tar"):
        return named
    return _of_text(_as_text(head), named, whole and len(head) <= _LOOKED_AT, text_field)


def _zip_kind(head: bytes) -> str:
    for mark, suffix in _OFFICE:
        if mark in head[:_LOOKED_AT]:
            return OTHER + suffix
    return "zip"


def _as_text(head: bytes) -> str:
    sample = head[:_LOOKED_AT]
    bom, codec = bom_of(sample)
    codec = codec or codec_without_bom(sample) or "utf-8"
    return sample[len(bom) :].decode(codec, "replace")


def _of_text(text: str, named: str, whole: bool, text_field: str) -> str:
    begins = text.lstrip(_BOMS_AND_SPACE)
    if begins.startswith("WARC/") and _WARC.match(begins):
        return "warc"
    if begins.startswith("<") and _HTML.match(begins):
        return "html"
    if begins.startswith(("{", "[")):
        return _json_kind(begins, named, whole, text_field)
    return named


def _json_kind(text: str, named: str, whole: bool, text_field: str) -> str:
    """JSON Lines, JSON, or the name's word where it is neither."""
    lines = [line for line in text.split("\n", _LINES + 1)[: _LINES + 1] if line.strip()]
    if not whole and text.count("\n") < len(lines):
        lines = lines[:-1]  # cut
    values = [_value(line) for line in lines[:_LINES]]
    objects = [value for value in values if isinstance(value, dict)]
    if len(objects) > 1 and 2 * len(objects) >= len(values):
        return "jsonl"
    sure = named in ("json", "jsonl", "")
    if text.startswith("["):
        listed = re.match(r"\[\s*(?:\{|\]\s*$)", text) is not None
        if isinstance(values[0] if values else None, list) and not listed:
            return named  # rows that are lists, or a line in brackets
        return "json" if listed and (sure or _is_json(text, whole)) else named
    if len(lines) == 1 and objects:  # one record, or one object with the records in it
        if named == "jsonl" or sure:
            return "jsonl" if named == "jsonl" else "json"
        return "json" if text_field in objects[0] else named
    if named == "jsonl" and not objects and len(values) > 1 and text[1:].lstrip()[:1] != '"':
        return named
    if sure:
        return "json" if not objects or named == "json" else "jsonl"
    return "json" if _is_json(text, whole) else named


def _value(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _is_json(text: str, whole: bool) -> bool:
    """Whether all of a text is one JSON value; of a longer one, whether it begins like an object with fields."""
    if whole:
        return isinstance(_value(text), dict | list)
    return re.match(r'[\[\s]*\{\s*"(?:[^"\\\n]|\\.)*"\s*:', text) is not None
