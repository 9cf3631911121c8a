"""A pattern that asks for too much work is refused before an engine sees it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from corpus_kit.core.config import FileRule
from corpus_kit.core.config.template import shipped
from corpus_kit.core.errors import ConfigError
from corpus_kit.core.patterns import MOST_PARTS, parts
from corpus_kit.core.schema.contracts import load_contract


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("abc", 3),
        ("[0-9a-f]{64}", 64),
        (r"(ab{2,5}){10}", 60),
        (r"\d{4}-\d\d", 7),
        (r"a{3}{4}", 12),
        (r"(?:x|yy){2}", 8),  # the `:` counts
        (r"\{9\}", 3),
        ("[{9}]{2}", 2),
        (r"\p{Lu}{3}", 3),
        ("{5}", 3),
        ("", 0),
        ("((a{1000}){1000}){1000}", 10**9),
    ],
)
def test_the_parts_of_a_pattern(pattern: str, count: int) -> None:
    assert parts(pattern) == count or min(parts(pattern), count) > MOST_PARTS


LARGE = ["(.{0,300}){20}x", "((a{100}){100}){100}", "((((a{99}){99}){99}){99}){99}", "a" * 1001, ".{1001}"]


@pytest.mark.parametrize("pattern", LARGE)
def test_a_contract_with_a_large_pattern_is_one_sentence_at_once(pattern: str, tmp_path: Path) -> None:
    text = (shipped("schemas") / "documents.yaml").read_text(encoding="utf-8")
    path = tmp_path / "documents.yaml"
    own = f"  code:\n    dtype: string\n    nullable: true\n    checks:\n      str_matches: '{pattern}'\n"
    path.write_text(text.replace("columns:\n", f"columns:\n{own}", 1), encoding="utf-8")
    begun = time.monotonic()
    with pytest.raises(ConfigError, match="a pattern has at most 1000"):
        load_contract(path)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("pattern", LARGE)
def test_a_large_pattern_of_records_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="a pattern has at most 1000"):
        FileRule(glob="*.txt", records=pattern)


@pytest.mark.parametrize("form", ["%d%d", "%", "%Y%", "today", "%q", "%s"])
def test_a_form_that_no_date_has_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match="is no form of a date"):
        FileRule.model_validate({"glob": "*.csv", "date_format": form})
