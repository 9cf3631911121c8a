"""Columns that a user adds to her contract are filled from the input; what does not fit is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ingest_samples import ingest, write

from corpus_kit.core.config.template import shipped

COLUMNS = """
  rubric:
    dtype: string
    nullable: true
    checks:
      isin: [politics, culture]
  words:
    dtype: int64
    nullable: true
  share:
    dtype: float64
    nullable: true
  paid:
    dtype: bool
    nullable: true
  scraped_on:
    dtype: date
    nullable: true
"""


@pytest.fixture
def contract(tmp_path: Path) -> Callable[[str], Path]:
    """The shipped contract with further columns."""

    def make(columns: str) -> Path:
        shipped_text = (shipped("schemas") / "documents.yaml").read_text(encoding="utf-8")
        head, checks = shipped_text.split("\n# Between the columns of one row.")
        own = tmp_path / "schemas" / "documents.yaml"
        own.parent.mkdir(exist_ok=True)
        own.write_text(f"{head}{columns}\n# Between the columns of one row.{checks}", encoding="utf-8")
        return own

    return make


GOOD = {"rubric": "culture", "words": 5, "share": 0.5, "paid": True, "scraped_on": "2031-10-18"}
WANTED = {"rubric": "culture", "words": 5, "share": 0.5, "paid": True, "scraped_on": date(2031, 10, 18)}


def test_own_columns_are_filled_from_json_csv_and_sidecar(contract: Callable[[str], Path], tmp_path: Path) -> None:
    as_text = "culture,5,0.5,true,2031-10-18"
    raw = write(
        tmp_path / "raw",
        {
            "a.jsonl": json.dumps(GOOD | {"text": "A text.", "else": 1}),
            "b.csv": f"text,{','.join(GOOD)}\nA text of a table.,{as_text}\nA row without.,,,,,\n",
            "c.txt": "A page with a sidecar.",
            "metadata.csv": f"file,{','.join(GOOD)}\nc.txt,{as_text}\n",
        },
    )
    made = ingest(raw, tmp_path / "out", contract=contract(COLUMNS))
    assert made.rejected == []
    filled = [{k: d[k] for k in GOOD} for d in made.documents]
    assert filled == [WANTED, WANTED, dict.fromkeys(GOOD), WANTED]
    assert [d["meta"] for d in made.documents] == ['{"else":1}', None, None, None]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("words", "five"),
        ("words", 1.5),
        ("words", True),
        ("words", 2**63),
        ("words", -(2**63) - 1),
        ("words", "9" * 400),
        ("words", [1]),
        ("share", "much"),
        ("share", True),
        ("share", 10**400),
        ("paid", "maybe"),
        ("paid", 7),
        ("paid", []),
        ("scraped_on", "18.10.2031"),
        ("scraped_on", 20311018),
        ("rubric", "sport"),
        ("rubric", {"a": 1}),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_contract_column_and_value(
    column: str, value: Any, contract: Callable[[str], Path], tmp_path: Path
) -> None:
    lines = [json.dumps({"text": f"Text {i}."} | GOOD | ({column: value} if i == 1 else {})) for i in range(3)]
    made = ingest(write(tmp_path / "raw", {"a.jsonl": "\n".join(lines)}), tmp_path / "out", contract=contract(COLUMNS))
    assert made.reasons == [("a.jsonl#2", "contract")]
    (row,) = made.rejected
    assert row["stage"] == "validate" and row["raw_sha256"]
    assert "contract documents" in row["detail"] and column in row["detail"]
    assert len(row["detail"]) < 250, "the value is cut"
    assert list(made.by_source) == ["a.jsonl#1", "a.jsonl#3"]


def test_a_tightened_contract_refuses_rows_without_showing_texts(
    contract: Callable[[str], Path], tmp_path: Path
) -> None:
    own = contract("")
    text = own.read_text(encoding="utf-8")
    marked = "    checks:\n      str_length: {min_value: 1}\n\n  text_sha256"
    assert marked in text
    own.write_text(text.replace(marked, marked.replace("min_value: 1", "min_value: 40")), encoding="utf-8")
    raw = write(
        tmp_path / "raw", {"a.txt": "A page of a secret plan.", "b.txt": "A page that is long enough for it. " * 3}
    )
    made = ingest(raw, tmp_path / "out", contract=own)
    assert made.reasons == [("a.txt", "contract")] and list(made.by_source) == ["b.txt"]
    assert made.rejected[0]["doc_id"] and "text" in made.rejected[0]["detail"]


def test_a_page_that_fails_the_contract_does_not_keep_its_id_from_a_good_one(
    contract: Callable[[str], Path], tmp_path: Path
) -> None:
    lines = [json.dumps({"id": 1, "text": "Bad.", "words": "five"}), json.dumps({"id": 1, "text": "Good.", "words": 5})]
    made = ingest(write(tmp_path / "raw", {"a.jsonl": "\n".join(lines)}), tmp_path / "out", contract=contract(COLUMNS))
    assert made.reasons == [("a.jsonl#1", "contract")]
    assert [d["text"] for d in made.documents] == ["Good."]
