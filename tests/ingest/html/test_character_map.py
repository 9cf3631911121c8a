"""Every character of a page's text is in the bytes where the map says it is."""

from __future__ import annotations

import html
from html.entities import html5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.core.offsets import OffsetMap
from corpus_kit.ingest.html import read_html
from corpus_kit.ingest.json_values import RejectedValue

WHITE = " \t\n\f\r"


def places(offsets: OffsetMap) -> list[tuple[int, int] | None]:
    """Of each code point the bytes it came from; None for what the layout inserted."""
    made: list[tuple[int, int] | None] = [None] * offsets.source_length
    columns = (offsets.src, offsets.dst, offsets.count, offsets.src_step, offsets.dst_step)
    for src, dst, count, src_step, dst_step in zip(*(c.tolist() for c in columns), strict=True):
        for unit in range(count):
            for char in range(src_step):
                made[src + unit * src_step + char] = (dst + unit * dst_step, dst + (unit + 1) * dst_step)
    return made


def assert_every_character_is_in_its_place(raw: bytes) -> int:
    page = read_html(raw)
    found = places(page.offsets)
    assert len(found) == len(page.text)
    inserted = 0
    last = (0, 0)
    for char, place in zip(page.text, found, strict=True):
        if place is None:
            assert char in "\n\t"
            inserted += 1
            continue
        written = raw[place[0] : place[1]].decode(page.encoding)
        assert (
            written == char
            or (written.startswith("&") and char in html.unescape(written))
            or (written.startswith("&") and char in html5.get(written[1:], ""))
            or (char in " \n" and (written in WHITE or written == "\r\n" or html.unescape(written) in WHITE))
        ), (char, written)
        assert place == last or place[0] >= last[1]
        last = place
    return inserted


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"<p>one</p><p>two", "one\n\ntwo"),
        (b"<div>a</div><div>b</div>c", "a\nb\nc"),
        (b"<p>a &amp; b &copy c &notit; &#x41; &#146;</p>", "a & b © c ¬it; A ’"),
        (b"<p>  many \n\n spaces\there  </p>", "many spaces here"),
        (b"a<b>b</b> <i> c</i>", "ab c"),
        (b"<pre>\n  x\n\n y\r\nz\n</pre>after", "  x\n\n y\nz\nafter"),
        (b"a<br>b<br><br>c<br>", "a\nb\n\nc"),
        (b"<table><tr><td>1<td>2<tr><td>3<td>4</table>", "1\t2\n3\t4"),
        (b"<ul><li>one<li>two</ul>", "one\ntwo"),
        (b"<p>a<script>var b = '<p>no</p>'</script>c<style>d</style><!-- e --></p>", "ac"),
        (b"<p hidden>a</p><p style='color:red; display: none'>b</p><template><p>c</p></template><p>d", "d"),
        (b"<noscript><p>no</p></noscript><svg><text>no</text></svg>yes", "yes"),
        (b"<p>1 < 2 & 3 > 2</p>", "1 < 2 & 3 > 2"),
        (b"<p title='a > b'>x</p>", "x"),
        (b"<title>no</title><p>yes", "yes"),
        ("<p>Żółć &NotEqualTilde; 𝒳</p>".encode(), "Żółć \u2242\u0338 𝒳"),
        (b"\xef\xbb\xbf<p>bom</p>", "bom"),
        ('<meta charset="windows-1251"><p>Москва — это</p>'.encode("cp1251"), "Москва — это"),
        ('<meta charset="gbk"><p>中文 text 页面</p>'.encode("gbk"), "中文 text 页面"),
        ("\ufeff<p>wide Москва</p>".encode("utf-16-le"), "wide Москва"),
        ('<meta charset="shift_jis"><p>日本語のページ</p>'.encode("cp932"), "日本語のページ"),
    ],
)
def test_text_is_what_a_browser_shows_and_every_character_has_its_place(raw: bytes, text: str) -> None:
    assert read_html(raw).text == text
    assert_every_character_is_in_its_place(raw)


_names = st.sampled_from(
    "p div span b i a ul li table tr td th br pre h1 section textarea select option script svg".split()
)
_references = st.sampled_from(
    "&amp; &lt &nbsp; &copy &#65; &#x1F600; &NotEqualTilde; &notin &bogus; & &#10; &Tab; &#0;".split(" ")
)
_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
_markup = st.one_of(
    _texts,
    _references,
    _names.map("<{}>".format),
    _names.map("</{}>".format),
    _names.map("<{} hidden class='x y'>".format),
    st.sampled_from(["<!-- c -->", "<!doctype html>", "<", "</", "<a href='>'", "\r\n", "  ", "\t", "<p/>", "--&gt;"]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_markup, min_size=1, max_size=40), st.sampled_from(["utf-8", "utf-16"]))
def test_any_markup_has_a_true_map(pieces: list[str], encoding: str) -> None:
    try:
        assert_every_character_is_in_its_place("".join(pieces).encode(encoding))
    except RejectedValue as refusal:
        assert refusal.reason == "empty_text"


@pytest.mark.parametrize("nested", ["<div>", "<b>", "<table><tr><td>", "<ul><li>", "<a href=x>", "<font size=1><p>"])
def test_a_page_of_any_depth_is_read(nested: str) -> None:
    raw = (nested * 5_000 + "deep").encode()
    assert read_html(raw).text.strip() == "deep"
    assert_every_character_is_in_its_place(raw)
