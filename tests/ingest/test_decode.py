"""Strict decoding: the whole text by one codec or a refusal, never a replaced character."""

from __future__ import annotations

import codecs
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.ingest.decode import decode, from_string
from corpus_kit.ingest.json_values import RejectedValue

ROOT = Path(__file__).parents[2]
REJECTED = ROOT / "tests/data/rejected"
SENTENCE = "Le pont de Drászk est fermé : « trop de pluie », dit l’ingénieur. Мост закрыт. 橋は閉鎖。 "
BOMS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}
# A first NUL after the BOM of UTF-16 would be the BOM of UTF-32; NUL is refused anyway.
AWKWARD = [
    "\r\n",
    "\r",
    "\n",
    "\r\r\n",
    "\n\r",
    "\u2028",
    "\x85",
    "\v",
    "\f",
    "\ufeff",
    "\ufffd",
    "é",
    "я",
    "中",
    "😀",
    "\u200b",
]
any_character = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
texts = st.lists(st.one_of(st.sampled_from(AWKWARD), any_character), min_size=1, max_size=40).map("".join)
steady = settings(deadline=None)


def as_documents_have_it(raw: str) -> str:
    """The newline rule in other words than the code's: every CRLF and every lone CR is one LF, nothing else changes."""
    return "\n".join(part for line in raw.split("\r\n") for part in line.split("\r"))


def is_blank(text: str) -> bool:
    return not text.strip(" \t\n\r\x0b\x0c\x85\xa0\u2028\u2029\u200b\u200c\u200d\u2060\ufeff") or text.isspace()


def refusal(raw: bytes) -> RejectedValue:
    with pytest.raises(RejectedValue) as caught:
        decode(raw)
    return caught.value


@steady
@given(texts, st.sampled_from(sorted(BOMS)))
def test_a_text_with_a_bom_comes_back_exactly(text: str, codec: str) -> None:
    raw = BOMS[codec] + text.encode(codec)
    try:
        decoded = decode(raw)
    except RejectedValue as refused:
        assert refused.reason == "empty_text" and is_blank(text)
    else:
        assert decoded.text == as_documents_have_it(text), "one BOM goes, and no more"
        assert decoded.encoding == codec
        assert not decoded.same_bytes


@steady
@given(texts)
def test_plain_utf8_comes_back_exactly(text: str) -> None:
    if "\x1b" in text or "~{" in text or "\x0e" in text:
        text = text.translate({0x1B: None, 0x0E: None, ord("~"): None}) + "."
    try:
        decoded = decode(text.encode())
    except RejectedValue as refused:
        assert refused.reason == "empty_text" and is_blank(text)
    else:
        assert decoded.text == as_documents_have_it(text.removeprefix("\ufeff"))
        assert decoded.encoding == "utf-8"
        assert decoded.same_bytes == (decoded.text.encode() == text.encode())


@steady
@given(st.one_of(st.binary(min_size=1, max_size=400), st.builds(bytes.__add__, texts.map(str.encode), st.binary())))
def test_any_bytes_decode_strictly_or_are_refused(raw: bytes) -> None:
    try:
        decoded = decode(raw)
    except RejectedValue as refused:
        assert refused.reason in {"empty_text", "binary", "nul_character", "undecodable"}
        assert refused.detail
    else:
        strict = raw.decode(decoded.encoding)  # raises where a byte has no character
        assert decoded.text == as_documents_have_it(strict.removeprefix("\ufeff"))
        if decoded.encoding.startswith(("utf-8", "cp125", "iso8859", "koi8", "mac")):
            assert strict.encode(decoded.encoding) == raw


@steady
@given(st.binary(min_size=1, max_size=400))
def test_we_never_write_a_replacement_character(raw: bytes) -> None:
    try:
        decoded = decode(raw)
    except RejectedValue:
        return
    assert decoded.text.count("\ufffd") == raw.decode(decoded.encoding).count("\ufffd")


@pytest.mark.parametrize(
    ("raw", "text", "newline"),
    [
        ("one\ntwo", "one\ntwo", "lf"),
        ("one\r\ntwo\r\n", "one\ntwo\n", "crlf"),
        ("one\rtwo\r", "one\ntwo\n", "cr"),
        ("one\r\ntwo\r", "one\ntwo\n", "mixed"),
        ("one\n\rtwo", "one\n\ntwo", "mixed"),
        ("one\r\r\ntwo", "one\n\ntwo", "mixed"),
        ("one\u2028two\x85three\v", "one\u2028two\x85three\v", "none"),
        ("\ufeff\ufeffone", "\ufeffone", "none"),
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "a string"])
def test_newlines_become_lf_one_bom_goes_and_nothing_else(raw: str, text: str, newline: str, codec: str) -> None:
    if codec == "a string":
        decoded = from_string(raw)
    else:
        decoded = decode((b"" if codec == "utf-8" or raw[0] == "\ufeff" else BOMS[codec]) + raw.encode(codec))
    assert (decoded.text, decoded.newline) == (text, newline)
    assert decoded.same_bytes == (codec != "utf-16-le" and raw == text)


def test_a_replacement_character_of_the_source_is_kept() -> None:
    assert decode("caf\ufffd au lait".encode()).text == "caf\ufffd au lait"


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("byte", [0x92, 0xA0, 0xE9, 0xFF])
def test_utf8_with_a_stray_byte_is_refused_and_the_place_named(place: float, byte: int) -> None:
    raw = (SENTENCE * 5).encode()
    at = raw.index(b" ", int(len(raw) * place))
    refused = refusal(raw[:at] + bytes([byte]) + raw[at:])
    assert refused.reason == "undecodable"
    assert f"byte {at}" in refused.detail


@pytest.mark.parametrize(
    "text", ["Le pont est fermé", SENTENCE + "閉", "A story — told again, and in full…", "One word: “"]
)
@pytest.mark.parametrize("lost", [1, 2])
def test_utf8_cut_inside_a_character_is_refused(text: str, lost: int) -> None:
    raw = text.encode()[:-lost]
    if lost < len(text[-1].encode()):
        assert refusal(raw).reason == "undecodable"
    else:
        assert decode(raw).text == text[:-1]


def test_text_encoded_twice_is_valid_utf8_and_kept() -> None:
    twice = "déjà vu".encode().decode("cp1252")
    assert decode(twice.encode()).text == twice


def test_utf7_is_ascii_and_kept() -> None:
    assert decode(b"caf+AOk- at noon").text == "caf+AOk- at noon"


def test_a_codec_that_cannot_read_every_byte_is_not_swapped_for_a_look_alike() -> None:
    text = "Мост через реку закрыт до весны, сообщили в управе города. Движение пущено в объезд. " * 6
    raw = text.encode("cp1251")
    refused = refusal(raw[:200] + b"\x98" + raw[200:])  # Mac Cyrillic would read it, and wrongly read all capitals
    assert refused.reason == "undecodable"
    assert "cp1251" in refused.detail


def test_a_character_cut_in_half_refuses_a_chinese_file() -> None:
    raw = ("德拉斯克市政府昨日宣布，大桥将关闭至春季。" * 10).encode("gb18030")
    assert refusal(raw[:-3]).reason == "undecodable"


def test_noise_is_refused_with_what_was_considered() -> None:
    refused = refusal((REJECTED / "undecodable.txt").read_bytes())
    assert refused.reason == "undecodable"


def test_a_picture_is_binary() -> None:
    assert refusal((REJECTED / "binary.txt").read_bytes()).reason == "binary"


def test_a_few_bytes_with_a_nul_at_the_right_place_are_binary_and_a_stray_control_in_a_long_text_is_not() -> None:
    assert refusal(b"\x00\x01\x02\xff\xfe binary").reason == "binary"
    assert refusal(b"\x02\x00\xff\x01 binary\x00\x07").reason == "binary"
    text = f"{SENTENCE}\x1f\n" + SENTENCE * 5
    for codec in ("utf-16-le", "utf-16-be", "utf-32-le"):
        decoded = decode(text.encode(codec))
        assert (decoded.text, decoded.encoding) == (text, codec)


@pytest.mark.parametrize("raw", [b"", b" \r\n\t", "\ufeff".encode(), "\u200b\n".encode()])
def test_nothing_to_read_is_empty(raw: bytes) -> None:
    assert refusal(raw).reason == "empty_text"


@pytest.mark.parametrize("rest", [b" in Drask", b" in Draskow", b""])
@pytest.mark.parametrize("start", [b"a quiet morning", b"a quiet evening!", b"The ferry is late"])
def test_a_nul_is_refused_with_its_place(start: bytes, rest: bytes) -> None:
    """At any place of a text of any length: it is never taken for half a character of UTF-16."""
    refused = refusal(start + b"\x00" + rest)
    assert (refused.reason, refused.detail) == ("nul_character", f"at character {len(start)}")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_bom_that_lies_is_refused(codec: str) -> None:
    refused = refusal(BOMS[codec] + "ab".encode(codec) + b"a")
    assert refused.reason == "undecodable"
    assert codec in refused.detail


def test_strings_follow_the_same_rules() -> None:
    assert from_string("\ufeffone\r\ntwo").text == "one\ntwo"
    assert from_string("naïve").same_bytes
    with pytest.raises(RejectedValue) as caught:
        from_string("half \ud83d of a smile")
    assert (caught.value.reason, caught.value.detail) == ("lone_surrogate", "U+D83D at character 5")


def test_every_sample_of_the_corpus_reads_as_text() -> None:
    seen = {}
    for path in sorted((ROOT / "data/raw").glob("*/*.txt")):
        decoded = decode(path.read_bytes())
        seen[path.name] = decoded.encoding
        assert not {c for c in decoded.text if unicodedata.category(c) in ("Co", "Cn")} - {"\n"}
    assert seen["07-gazoprovod-halvern.txt"] == "cp1251"
    assert seen["13-gazociag-halvern.txt"] == "utf-16-le"
    assert set(seen.values()) == {"utf-8", "cp1251", "utf-16-le"}
