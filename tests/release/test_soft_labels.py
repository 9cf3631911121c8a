"""Soft labels: every question that was asked is a row, with everyone's answer, settled or not."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from labelled_corpus import EELS, FERRY, entity, junk, label, new_corpus, stance


def _table(release: Path, config: str) -> pl.DataFrame:
    return pl.read_parquet(release / config / "*.parquet")


def _class_names(release: Path, config: str) -> list[str]:
    front = yaml.safe_load((release / "README.md").read_text(encoding="utf-8").split("---\n", 2)[1])
    info = next(one for one in front["dataset_info"] if one["config_name"] == config)
    feature = next(one for one in info["features"] if one["name"] == "majority")
    inner = feature.get("sequence", feature.get("dtype"))["class_label"]["names"]
    return [inner[key] for key in sorted(inner, key=int)]


def test_every_question_asked_is_a_row_whether_it_was_settled_or_not(sample_release: Path) -> None:
    """Counted from the sample's exports: people's answers by document and target, with no code of the toolkit."""
    asked: dict[tuple[str, str], Counter[str]] = {}
    export = json.loads((Path(__file__).parents[2] / "data/imports/sample-stance.json").read_text(encoding="utf-8"))
    documents = dict(
        pl.read_parquet(sample_release.parent / "documents/*.parquet").select("text", "doc_id").iter_rows()
    )
    for task in export:
        for annotation in task["annotations"]:
            if not annotation["was_cancelled"]:
                for one in annotation["result"]:
                    if one["type"] == "choices":
                        key = documents[task["data"]["text"]], one["from_name"].removeprefix("stance_")
                        asked.setdefault(key, Counter()).update(one["value"]["choices"])
    rows = _table(sample_release, "stance_soft")
    names = _class_names(sample_release, "stance_soft")
    assert rows.height == len(asked) == 60
    assert _table(sample_release, "stance").height < 60, "some questions are open"
    for row in rows.iter_rows(named=True):
        votes = asked[row["doc_id"], row["target"]]
        total = sum(votes.values())
        assert row["n"] == total
        assert row["distribution"] == pytest.approx([votes[name] / total for name in names])
        expected = -sum(n / total * math.log(n / total) for n in votes.values())
        assert row["entropy"] == pytest.approx(expected, abs=1e-12)
        top = votes.most_common()
        tied = len(top) > 1 and top[0][1] == top[1][1]
        assert row["majority"] == (-1 if tied else names.index(top[0][0]))
        assert Counter(names[one["label"]] for one in row["answers"]) == votes
        assert all(one["annotator"].startswith("annotator-") for one in row["answers"])


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = tmp_path_factory.mktemp("soft")
    corpus = new_corpus(scratch / "corpus", settings="[suggest]\nboilerplate = false\n")
    names: Any = {
        "eels.txt": {"ada": [entity(EELS, "Lake Vesk", "LOC")], "ben": [entity(EELS, "Lake Vesk", "GPE")], "cyd": []}
    }
    label(corpus, "entities", names, scratch)
    menu = junk(FERRY, "Home | News | Sport", "navigation")
    label(corpus, "boilerplate", {"ferry.txt": {"ada": [menu], "ben": []}}, scratch)
    label(corpus, "stance", {"ferry.txt": {"ada": [stance("teachers_strike", "favour")]}}, scratch)
    corpus.build()
    return corpus.data / "release"


def test_a_token_has_the_share_of_every_tag(release: Path) -> None:
    (row,) = _table(release, "entities_soft").iter_rows(named=True)
    names = _class_names(release, "entities_soft")
    at = row["tokens"].index("Lake")
    share = dict(zip(names, row["distributions"][at], strict=True))
    assert {name: value for name, value in share.items() if value} == pytest.approx(
        {"O": 1 / 3, "B-LOC": 1 / 3, "B-GPE": 1 / 3}
    )
    assert row["majority"][at] == -1, "three answers, none of them twice"
    assert row["entropy"][at] == pytest.approx(math.log(3))
    assert row["n"] == 3
    outside = row["tokens"].index("Lake") + 2
    assert row["majority"][outside] == names.index("O")
    assert row["entropy"][outside] == 0


def test_a_line_has_the_share_of_every_label(release: Path) -> None:
    rows = _table(release, "boilerplate_soft")
    names = _class_names(release, "boilerplate_soft")
    (line,) = rows.filter(pl.col("text").str.contains("Home | News", literal=True)).iter_rows(named=True)
    assert names[0] == "content"
    assert "disputed" not in names, "people do not answer 'disputed'"
    assert line["distribution"][:2] == [0.5, 0.5]
    assert line["majority"] == -1
    assert rows.height == _table(release, "boilerplate").height


def test_a_question_that_no_one_answered_is_a_row_too(release: Path) -> None:
    rows = _table(release, "stance_soft")
    answered = rows.filter(pl.col("n") > 0)
    assert answered["target"].to_list() == ["teachers_strike"]
    silent = rows.filter(pl.col("n") == 0)
    assert silent.height == rows.height - 1 > 0
    assert silent["majority"].to_list() == [-1] * silent.height
    assert all(not any(share) for share in silent["distribution"].to_list())


def test_lists_are_declared_in_words_that_older_versions_of_datasets_read(sample_release: Path) -> None:
    """They know neither `_type: List` in Parquet nor the names of labels below `list:` in YAML."""
    seen = 0
    for file in sample_release.glob("*/*.parquet"):
        told = pq.read_schema(file).metadata[b"huggingface"].decode()
        assert '"_type": "List"' not in told
        seen += told.count('"_type": "Sequence"')
    assert seen
    front = yaml.safe_load((sample_release / "README.md").read_text(encoding="utf-8").split("---\n", 2)[1])
    lists = [f for info in front["dataset_info"] for f in info["features"] if "list" in f]
    assert lists
    assert all(isinstance(one["list"], list) for one in lists), "`list:` is for structs"
