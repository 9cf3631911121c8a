"""Bytes of a page become characters by the rules of HTML, or the page is refused."""

from __future__ import annotations

import pytest

from corpus_kit.ingest.html.encoding import decode_page
from corpus_kit.ingest.json_values import RejectedValue

RUSSIAN = "<p>Паром между двумя островами ходит снова, сообщили в управлении порта</p>"


@pytest.mark.parametrize(
    ("raw", "header", "encoding"),
    [
        (RUSSIAN.encode(), None, "utf-8"),
        (b"\xef\xbb\xbf<meta charset=koi8-r>" + RUSSIAN.encode(), None, "utf-8"),
        (b"<meta charset=windows-1251>" + RUSSIAN.encode("cp1251"), None, "cp1251"),
        (
            b"<meta http-equiv='Content-Type' content='text/html; charset=KOI8-R'>" + RUSSIAN.encode("koi8-r"),
            None,
            "koi8-r",
        ),
        (RUSSIAN.encode("koi8-r"), "text/html; charset=koi8-r", "koi8-r"),
        (b"<meta charset=utf-8>" + RUSSIAN.encode("koi8-r"), "text/html; charset=koi8-r", "koi8-r"),
        (b"<?xml version='1.0' encoding='windows-1251'?><html>" + RUSSIAN.encode("cp1251"), None, "cp1251"),
        ("<meta charset=iso-8859-1><p>“naïve”</p>".encode("cp1252"), None, "cp1252"),
        ("<meta charset=iso-8859-1><p>“naïve” café</p>".encode(), None, "utf-8"),
        (b"<!-- <meta charset=koi8-r> -->" + RUSSIAN.encode("cp1251"), None, "cp1251"),
        ("<meta charset=gb2312><p>中文网页</p>".encode("gb18030"), None, "gb18030"),
    ],
)
def test_the_encoding_is_found(raw: bytes, header: str | None, encoding: str) -> None:
    found = decode_page(raw, header)
    assert found.encoding == encoding
    assert found.source == raw[found.skipped :].decode(encoding)


@pytest.mark.parametrize(
    ("raw", "reason"), [(b"", "empty_text"), (b" \n", "empty_text"), (b"%PDF-1.7\x00\xff\xfe\x01", "binary")]
)
def test_what_is_no_page_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(RejectedValue) as refused:
        decode_page(raw)
    assert refused.value.reason == reason
