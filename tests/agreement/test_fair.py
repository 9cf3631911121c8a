"""Who may settle a dispute: no one who took part in it, and only reviewers where some are named."""

from __future__ import annotations

import polars as pl
import pytest

from corpus_kit.agreement.gold.fair import unfair_reviews
from corpus_kit.core.records import REVIEW

ROWS = [
    ("own-1", "d1", "human", "submitted", "ada"),
    ("own-2", "d1", "human", "submitted", "ben"),
    ("draft", "d2", "human", "draft", "cyd"),
    ("party", "d1", REVIEW, "submitted", "ada"),
    ("other document", "d3", REVIEW, "submitted", "ada"),
    ("outsider", "d1", REVIEW, "submitted", "cyd"),
    ("draft is no part", "d2", REVIEW, "submitted", "cyd"),
]


@pytest.mark.parametrize(
    ("reviewers", "allow_parties", "left_out"),
    [
        ((), False, {"party"}),
        ((), True, set()),
        (("cyd",), False, {"party", "other document"}),
        (("ada",), True, {"outsider", "draft is no part"}),
    ],
)
def test_who_took_part_or_is_no_reviewer_settles_nothing(
    reviewers: tuple[str, ...], allow_parties: bool, left_out: set[str]
) -> None:
    columns = ["annotation_id", "doc_id", "origin", "status", "annotator"]
    table = pl.DataFrame(ROWS, schema=columns, orient="row").with_columns(pl.lit("entities").alias("layer"))
    found = unfair_reviews(table, reviewers, allow_parties=allow_parties)
    assert set(found["annotation_id"]) == left_out
    assert found.height == len(left_out)
