"""Dates, languages and words for null in the forms people have: read, or null and counted; never changed in silence."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_samples import ingest, write

from corpus_kit.ingest.values import read_date, read_language, read_string

DAY = date(2031, 10, 18)
# What each form writes of 18 October 2031, by hand.
FORMS: list[Any] = [
    "2031-10-18",
    "2031/10/18",
    "2031.10.18",
    "2031. 10. 18.",
    "2031-10-18T23:30:00-05:00",
    "2031-10-18 23:30:00.123456789",
    "2031-10-18 10:00:00 UTC",
    "2031-10-18T10:00:00.000+0000",
    "2031年10月18日",
    "2031年10月18日 09:30",
    "2031년 10월 18일",
    "20311018",
    "20311018T093000Z",
    "20311018093000",
    20311018,
    "Sat Oct 18 10:00:00 +0000 2031",
    "Sat Oct 18 10:00:00 2031",
    "Sat, 18 Oct 2031 10:00:00 GMT",
    "18 Oct 2031 10:00 +0200",
    "October 18, 2031",
    "Oct. 18, 2031",
    "18 October 2031",
    "18-Oct-2031",
    "18-October-2031 10:00",
    "18.10.2031",
    "18.10.2031 14:05 Uhr",
    "18/10/2031",
    "10/18/2031",
    "10-18-2031 10:00",
    "18 października 2031",
    "18 octobre 2031",
    "2031-W42-6",
    "2031-291",
    "2031291",
    1950048000,
    "1950048000",
    1950048000.0,
    1950048000123,
    "1950048000123",
]


@pytest.mark.parametrize("value", FORMS, ids=str)
def test_dates_are_read_in_the_forms_people_have(value: Any) -> None:
    assert read_date(value) == (DAY, "")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("05/03/2020", "ambiguous"),
        ("05-03-2020", "ambiguous"),
        ("05/03/2020 10:00", "ambiguous"),
        ("2020", "partial"),
        ("2020-03", "partial"),
        ("2020/03", "partial"),
        ("nan", "null"),
        ("NaT", "null"),
        ("None", "null"),
        ("N/A", "null"),
        ("NULL", "null"),
        ("0000-00-00", "null"),
        (float("nan"), "null"),
        ("yesterday", "unreadable"),
        ("vor 3 Tagen", "unreadable"),
        ("2020-13-45", "unreadable"),
        ("2020-02-30", "unreadable"),
        ("1 May 2031 or 2 May 2031", "unreadable"),
        ("05-Mar-20", "unreadable"),
        (12345, "unreadable"),
        (True, "unreadable"),
        (["2020-01-01"], "unreadable"),
        ("", ""),
        ("  ", ""),
        (None, ""),
    ],
    ids=str,
)
def test_what_is_no_certain_date_is_null_and_says_why(value: Any, what: str) -> None:
    assert read_date(value) == (None, what)


def test_equal_day_and_month_are_in_no_doubt() -> None:
    assert read_date("05/05/2020").value == date(2020, 5, 5)


@pytest.mark.parametrize(
    ("value", "form", "day"),
    [
        ("05/03/2020", "%d/%m/%Y", date(2020, 3, 5)),
        ("05/03/2020", "%m/%d/%Y", date(2020, 5, 3)),
        ("05-Mar-20", "%d-%b-%y", date(2020, 3, 5)),
        ("5.3.20", "%d.%m.%y", date(2020, 3, 5)),
        ("2020-03-05", "%d/%m/%Y", date(2020, 3, 5)),
        ("13/25/2020", "%d/%m/%Y", None),
        ("03/15/2020", "%d/%m/%Y", None),
    ],
)
def test_date_format_says_which_is_the_day(value: str, form: str, day: date | None) -> None:
    assert read_date(value, (form,)).value == day


DAYS = st.dates(date(1981, 1, 1), date(2099, 12, 31))


@given(DAYS, st.integers(0, 86399))
def test_every_day_is_read_back_from_every_machines_form(day: date, seconds: int) -> None:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)
    twitter = moment.strftime("%a %b %d %H:%M:%S +0000 %Y")
    forms = [moment.isoformat(), format_datetime(moment), twitter, moment.strftime("%Y%m%d"), int(moment.timestamp())]
    forms += [f"{day.year}/{day.month}/{day.day}", f"{day.day}.{day.month}.{day.year}", int(moment.timestamp()) * 1000]
    assert [read_date(form).value for form in forms] == [day] * len(forms)


@given(st.one_of(st.text(max_size=50), st.integers(), st.floats(), st.binary(), st.none(), st.booleans()))
def test_nothing_stops_the_reading_of_a_value(value: Any) -> None:
    read_date(value)
    read_string(value)
    if isinstance(value, str):
        read_language(value)


@pytest.mark.parametrize(
    ("value", "code", "what"),
    [
        ("en", "en", ""),
        ("EN", "en", "changed"),
        ("eng", "en", "changed"),
        ("en_US", "en", "changed"),
        ("en-GB", "en", "changed"),
        ("ger", "de", "changed"),
        ("deu", "de", "changed"),
        ("iw", "he", "changed"),
        ("in", "id", "changed"),
        ("fre", "fr", "changed"),
        ("chi", "zh", "changed"),
        ("zh-Hant-TW", "zh", "changed"),
        ("rus", "ru", "changed"),
        ("fil", "fil", ""),
        ("nb", "nb", ""),
        ("English", None, "unreadable"),
        ("en,fr", None, "unreadable"),
        ("q", None, "unreadable"),
        ("nan", None, "null"),
        ("None", None, "null"),
        ("und", None, "null"),
        ("unk", None, "null"),
        ("xx", None, "null"),
        ("", None, ""),
    ],
)
def test_languages_become_codes_of_iso_639(value: str, code: str | None, what: str) -> None:
    assert read_language(value) == (code, what)


@pytest.mark.parametrize("word", ["nan", "NaN", "None", "NULL", "null", "N/A", "NA", "#N/A", "<NA>", "NaT", " nan "])
def test_words_for_null_are_null_in_every_column_and_counted(word: str, tmp_path: Path) -> None:
    record = {"title": word, "outlet": word, "url": word, "published_on": word, "language": word}
    lines = [json.dumps({"text": "A ferry is late in the harbour again."} | record), json.dumps({"text": word})]
    made = ingest(write(tmp_path / "raw", {"a.jsonl": "\n".join(lines)}), tmp_path / "out")
    (document,) = made.documents
    assert [document[name] for name in ("title", "outlet", "url", "published_on")] == [None] * 4
    assert made.reasons == [("a.jsonl#2", "empty_text")]
    counted = {(v.column, v.what): v.count for v in made.result.notes.values}
    assert counted == {(c, "null"): 1 for c in ("text", "title", "outlet", "url", "published_on", "language")}


def test_a_word_that_only_contains_one_is_a_value(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.jsonl": json.dumps({"text": "Nan", "title": "None of them", "outlet": "Nana"})})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.jsonl#1", "empty_text")]
    raw = write(
        tmp_path / "raw2", {"a.jsonl": json.dumps({"text": "Nan came.", "title": "None of them", "outlet": "Nana"})}
    )
    (document,) = ingest(raw, tmp_path / "out2").documents
    assert (document["title"], document["outlet"]) == ("None of them", "Nana")


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "b.json"])
def test_constants_that_json_does_not_have_are_null_in_meta(word: str, name: str, tmp_path: Path) -> None:
    record = f'{{"text": "A ferry is late.", "score": {word}, "n": [{word}, 1]}}'
    raw = write(tmp_path / "raw", {name: f"[{record}]" if name == "a.json" else record})
    made = ingest(raw, tmp_path / "out")
    assert made.rejected == [] and json.loads(made.documents[0]["meta"]) == {"score": None, "n": [None, 1]}
    assert [(v.column, v.what, v.count) for v in made.result.notes.values] == [("other fields", "null", 2)]


FAR = {
    "timestamp": pa.array([2**62, 0], pa.timestamp("us")),
    "timestamp_tz": pa.array([2**62, 0], pa.timestamp("ms", "UTC")),
    "date32": pa.array([2**31 - 1, 0], pa.int32()).cast(pa.date32()),
    "duration": pa.array([2**50, 0], pa.duration("s")),
    "struct": pa.StructArray.from_arrays([pa.array([1, 2]), pa.array([1, 2])], names=["a", "a"]),
}


@pytest.mark.parametrize("kind", FAR)
def test_a_parquet_value_that_python_cannot_hold_is_null_and_stops_nothing(kind: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"good.txt": "A good page with words."})
    pq.write_table(
        pa.table({"text": ["One page with words.", "Two pages with words."], "seen": FAR[kind]}), raw / "a.parquet"
    )
    made = ingest(raw, tmp_path / "out")
    assert made.rejected == [] and len(made.documents) == 3
    assert json.loads(made.documents[0]["meta"])["seen"] is None
    assert [(v.column, v.what) for v in made.result.notes.values] == [("seen", "null")]


def test_bytes_in_the_texts_column_are_strict_utf8_and_never_hex(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    texts = ["Паром опаздывает.".encode(), b"caf\xe9", b"\xff\xfe\x00", None]
    for name, kind in (("a", pa.binary()), ("b", pa.large_binary())):
        pq.write_table(
            pa.table({"text": pa.array(texts, kind), "blob": pa.array([b"\x01"] * 4)}), raw / f"{name}.parquet"
        )
    made = ingest(raw, tmp_path / "out")
    assert [d["text"] for d in made.documents] == ["Паром опаздывает."] * 2
    assert made.reasons == [(f"{n}.parquet#{i}", "text_not_string") for n in "ab" for i in (2, 3, 4)]
    assert json.loads(made.documents[0]["meta"]) == {"blob": "01"}


def test_a_field_that_is_not_used_and_looks_like_a_column_is_counted(tmp_path: Path) -> None:
    lines = [
        {"text": f"Page {i}.", "date": "2031-10-18", "headline": "A", "link": "https://x.example"} for i in range(3)
    ]
    raw = write(tmp_path / "raw", {"a.jsonl": "\n".join(map(json.dumps, lines))})
    made = ingest(raw, tmp_path / "out")
    told = {(u.column, u.what, u.count) for u in made.result.notes.unused}
    assert told == {("published_on", "date", 3), ("title", "headline", 3), ("url", "link", 3)}
    columns = {"published_on": "date", "title": "headline", "url": "link"}
    assert ingest(raw, tmp_path / "out2", columns=columns).result.notes.unused == []


def test_a_field_of_another_kind_is_not_proposed(tmp_path: Path) -> None:
    record = {"text": "Page.", "date": "soon", "source": "https://x.example/a", "headline": "nan", "link": "none"}
    made = ingest(write(tmp_path / "raw", {"a.jsonl": json.dumps(record)}), tmp_path / "out")
    assert [(u.column, u.what) for u in made.result.notes.unused] == []
