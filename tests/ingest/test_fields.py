"""What a record says beside its text: known columns are filled, everything else is kept exactly."""

from __future__ import annotations

import io
import json
import math
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_samples import ingest, write

from corpus_kit.ingest.json_values import canonical_json, parse_json


def as_parquet(records: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), out)
    return out.getvalue()


def test_known_fields_are_read_from_the_columns_that_corpus_toml_names(tmp_path: Path) -> None:
    record = {
        "body": "A text.",
        "key": 7,
        "headline": "H",
        "when": "2031-10-18",
        "paper": "P",
        "href": "u",
        "lang": "uk",
    }
    raw = write(tmp_path / "raw", {"a.jsonl": json.dumps(record | {"extra": [1, {"b": None}]})})
    columns = {"text": "body", "id": "key", "title": "headline", "published_on": "when"}
    columns |= {"outlet": "paper", "url": "href", "language": "lang"}
    (made,) = ingest(raw, tmp_path / "out", columns=columns).documents
    known = (made["title"], made["published_on"], made["outlet"], made["url"], made["language"])
    assert known == ("H", date(2031, 10, 18), "P", "u", "uk")
    assert made["source"] == "a.jsonl#7" and made["meta"] == '{"extra":[1,{"b":null}]}'


@pytest.mark.parametrize(
    ("fields", "column", "value", "meta"),
    [
        ({"published_on": "2031-10-18T23:30:00+02:00"}, "published_on", date(2031, 10, 18), True),
        ({"published_on": "18 October 2031"}, "published_on", date(2031, 10, 18), True),
        ({"published_on": "some day"}, "published_on", None, True),
        ({"published_on": "1 May 2031 or 2 May 2031"}, "published_on", None, True),
        ({"published_on": 20311018}, "published_on", date(2031, 10, 18), True),
        ({"title": 5}, "title", None, True),
        ({"title": "  "}, "title", None, True),
        ({"language": "pt-BR"}, "language", "pt", True),
        ({"language": "UK"}, "language", "uk", True),
        ({"language": "uk"}, "language", "uk", False),
        ({"language": "ukrainian"}, "language", "und", True),
        ({"outlet": ["a"]}, "outlet", None, True),
    ],
)
def test_what_a_known_column_cannot_hold_stays_in_meta(
    fields: dict[str, Any], column: str, value: object, meta: bool, tmp_path: Path
) -> None:
    raw = write(tmp_path / "raw", {"a.jsonl": json.dumps({"text": "A text."} | fields)})
    (made,) = ingest(raw, tmp_path / "out").documents
    assert made[column] == value
    assert made["meta"] == (canonical_json(fields) if meta else None)


def test_every_parquet_type_has_a_place_in_meta(tmp_path: Path) -> None:
    fields = {
        "when": datetime(2031, 10, 18, 12, 30),  # noqa: DTZ001 - as Parquet may have it
        "day": date(2031, 10, 18),
        "price": Decimal("1.50"),
        "raw": b"\x01\xff",
        "share": math.nan,
        "tags": ["a", None],
        "nested": {"n": 1.5},
        "gone": None,
    }
    raw = write(tmp_path / "raw", {"a.parquet": as_parquet([{"text": "A text."} | fields])})
    (made,) = ingest(raw, tmp_path / "out").documents
    assert json.loads(made["meta"]) == {
        "when": "2031-10-18T12:30:00",
        "day": "2031-10-18",
        "price": "1.50",
        "raw": "01ff",
        "tags": ["a", None],
        "nested": {"n": 1.5},
        "share": None,
        "gone": None,
    }


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(
    lambda s: s not in ("text", "id", "title", "published_on", "outlet", "url", "language")
)
VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    ),
    lambda inner: st.lists(inner | st.none(), max_size=3) | st.dictionaries(NAMES, inner | st.none(), max_size=3),
    max_leaves=5,
)


@settings(max_examples=15)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), min_size=1, max_size=5))
def test_meta_keeps_every_unknown_field_exactly(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("meta")
    lines = "".join(json.dumps(r | {"text": "A text."}) + "\n" for r in records)
    whole = json.dumps([r | {"text": "A text."} for r in records])
    made = ingest(write(folder / "raw", {"a.jsonl": lines, "b.json": whole}), folder / "out")
    assert [json.loads(d["meta"] or "{}") for d in made.documents] == records * 2


@given(VALUES)
def test_canonical_json_is_read_back_and_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    text = canonical_json(value)
    assert parse_json(text) == value
    if isinstance(value, dict):
        assert canonical_json(dict(reversed(value.items()))) == text
