"""What belongs together is on one side of the split, the split is a function of the documents, and `validate` proves it."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_samples import cli

from corpus_kit.core.config import Split
from corpus_kit.core.config.corpus_toml import load_config
from corpus_kit.core.errors import ConfigError, UsageError
from corpus_kit.core.storage.tables import parts, read_table, write_table
from corpus_kit.corpus import Corpus
from corpus_kit.ingest.splits import NAMES, ListedSplits, split_documents

DAY = date(2031, 10, 1).toordinal()
Rows = list[dict[str, object]]


def shard(folder: Path, rows: Rows) -> Path:
    """A shard with the columns that splits go by."""
    names = ("doc_id", "outlet", "url", "published_on", "language")
    types = (pa.string(), pa.string(), pa.string(), pa.date32(), pa.string())
    columns = [pa.array([r.get(n) for r in rows], t) for n, t in zip(names, types, strict=True)]
    write_table(folder / "shard.parquet", pa.table(columns, names=list(names)))
    return folder / "shard.parquet"


def sides(folder: Path, rows: Rows, rule: Split | None, frozen: dict[int, str] | None = None) -> list[str | None]:
    """The split of every row. A row's `id` is its doc_id, its `cluster` the smallest doc_id of its cluster."""
    ids = np.array([r["id"] for r in rows], np.uint64)
    clusters = np.array([r.get("cluster", r["id"]) for r in rows], np.uint64)
    path = shard(folder, [{"doc_id": f"{r['id']:016x}", "language": "en"} | r for r in rows])
    known = None
    if frozen is not None:
        listed = sorted(frozen)
        codes = np.array([NAMES.index(frozen[i]) for i in listed], np.uint8)
        known = ListedSplits(Path("splits.csv"), np.array(listed, np.uint64), codes)
    return [NAMES[c] for c in split_documents(ids, clusters, [path], rule, known).tolist()]


def documents(count: int, seed: int = 0) -> Rows:
    """Documents with clusters of one to three members."""
    rng = random.Random(seed)
    rows: Rows = []
    while len(rows) < count:
        ids = sorted(rng.sample(range(1, 1 << 62), rng.choice((1, 1, 1, 2, 3))))
        rows += [{"id": i, "cluster": ids[0]} for i in ids]
    return rows[:count]


def test_without_a_section_and_a_file_no_document_has_a_side(tmp_path: Path) -> None:
    assert set(sides(tmp_path, documents(50), None)) == {None}


def test_clusters_are_on_one_side_and_shares_are_near_the_wanted_ones(tmp_path: Path) -> None:
    rows = documents(6000)
    made = sides(tmp_path, rows, Split(train=0.7, validation=0.2, test=0.1))
    by_cluster: dict[object, set[str | None]] = {}
    for row, side in zip(rows, made, strict=True):
        by_cluster.setdefault(row["cluster"], set()).add(side)
    assert {len(s) for s in by_cluster.values()} == {1}
    counts = Counter(made)
    for name, share in (("train", 0.7), ("validation", 0.2), ("test", 0.1)):
        assert abs(counts[name] / 6000 - share) < 0.03


@pytest.mark.parametrize("stratify", ["", "language"])
def test_train_is_never_empty_however_few_documents_there_are(stratify: Any, tmp_path: Path) -> None:
    for number in range(40):
        for count in (1, 2, 3):
            made = sides(
                tmp_path, documents(count, number), Split(train=0.2, validation=0.4, test=0.4, stratify_by=stratify)
            )
            assert "train" in made
    one: Rows = [{"id": 7}, {"id": 9}]
    assert "train" not in sides(tmp_path, one, Split(train=0.0, validation=0.5, test=0.5)), "no one asked for it"
    rule = Split(train=0.0001, validation=0.4999, test=0.5)
    assert sides(tmp_path, one, rule, {7: "test"}) == ["test", "train"], "what is frozen stays"
    assert sides(tmp_path, one, rule, {7: "train"})[1] != "train", "somebody is there already"


def test_new_documents_move_nobody_and_another_seed_does(tmp_path: Path) -> None:
    rows = documents(500)
    made = sides(tmp_path, rows, Split())
    assert sides(tmp_path, rows + documents(500, seed=1), Split())[:500] == made
    assert sides(tmp_path, rows[::-1], Split()) == made[::-1]
    assert sides(tmp_path, rows, Split(seed="2")) != made


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 8)), min_size=1, max_size=60))
def test_neither_a_cluster_nor_a_publisher_is_on_two_sides(
    tmp_path_factory: pytest.TempPathFactory, given_rows: list[tuple[int, int]]
) -> None:
    first: dict[int, int] = {}
    rows: Rows = []
    for number, (cluster, outlet) in enumerate(given_rows):
        first.setdefault(cluster, number + 1)
        paper: dict[str, object] = (
            {"outlet": f"Paper {outlet}"} if outlet > 2 else {"url": f"https://p{outlet}.example/x"} if outlet else {}
        )
        rows.append({"id": number + 1, "cluster": first[cluster]} | paper)
    rule = Split(train=0.4, validation=0.3, test=0.3, group_by="publisher")
    made = sides(tmp_path_factory.mktemp("shard"), rows, rule)
    for key in ("cluster", "outlet", "url"):
        seen: dict[object, str | None] = {}
        for row, side in zip(rows, made, strict=True):
            if row.get(key) is not None:
                assert seen.setdefault(row[key], side) == side


def test_time_cuts_send_a_cluster_to_its_latest_document_and_the_undated_to_train(tmp_path: Path) -> None:
    days = [1, 9, 10, 19, 20, None, 1, 25]
    rows: Rows = [
        {"id": n + 1, "published_on": date.fromordinal(DAY + d - 1) if d else None} for n, d in enumerate(days)
    ]
    rows[6]["cluster"] = rows[7]["cluster"] = 7
    rule = Split(validation_from="2031-10-10", test_from="2031-10-20")
    expected = ["train", "train", "validation", "validation", "test", "train", "test", "test"]
    assert sides(tmp_path, rows, rule) == expected


def test_a_cluster_goes_by_its_latest_document_wherever_that_stands_among_the_rows(tmp_path: Path) -> None:
    days = {"first": (1, 12, 25), "middle": (1, 25, 12), "last": (25, 12, 1), "before": (3, 2, 1)}
    for place, drawn in days.items():
        rows: Rows = [
            {"id": n + 1, "cluster": 1, "published_on": date.fromordinal(DAY + d - 1)} for n, d in enumerate(drawn)
        ]
        rows.append({"id": 9, "published_on": date.fromordinal(DAY)})
        side = "train" if place == "before" else "test"
        rule = Split(validation_from="2031-10-10", test_from="2031-10-20")
        assert sides(tmp_path, rows, rule) == [side] * 3 + ["train"], place


def test_what_dates_leave_open_is_split_by_shares(tmp_path: Path) -> None:
    rows: Rows = [{"id": n + 1, "published_on": date.fromordinal(DAY + n % 30)} for n in range(3000)]
    made = sides(tmp_path, rows, Split(train=0.6, validation=0.2, test=0.2, test_from="2031-10-16"))
    assert Counter(made)["test"] == 1500
    assert all((s == "test") == (n % 30 >= 15) for n, s in enumerate(made))
    assert abs(Counter(made)["validation"] / 1500 - 0.25) < 0.05


def test_stratified_shares_hold_in_every_language(tmp_path: Path) -> None:
    sizes = {"en": 1000, "ru": 100, "uk": 20, "pl": 1}
    languages = [name for name, n in sizes.items() for _ in range(n)]
    rows: Rows = [{"id": n * 977 + 1, "language": name} for n, name in enumerate(languages)]
    made = sides(tmp_path, rows, Split(stratify_by="language"))
    for name, size in sizes.items():
        counts = Counter(s for s, lang in zip(made, languages, strict=True) if lang == name)
        for side, share in (("train", 0.8), ("validation", 0.1), ("test", 0.1)):
            assert abs(counts[side] - share * size) <= 1
    assert sides(tmp_path, rows[::-1], Split(stratify_by="language")) == made[::-1]


@pytest.mark.parametrize("members", [1, 4])
def test_stratified_shares_hold_where_documents_come_in_clusters(members: int, tmp_path: Path) -> None:
    """Ten groups a language: 6, 2 and 2 of them, whatever their size."""
    rows: Rows = [
        {"id": group * 100 + n + 1, "cluster": group * 100 + 1, "language": language}
        for group, language in enumerate(["en"] * 10 + ["pl"] * 10)
        for n in range(members)
    ]
    made = sides(tmp_path, rows, Split(train=0.6, validation=0.2, test=0.2, stratify_by="language"))
    for language in ("en", "pl"):
        counts = Counter(side for side, row in zip(made, rows, strict=True) if row["language"] == language)
        assert counts == {"train": 6 * members, "validation": 2 * members, "test": 2 * members}


def test_one_large_cluster_takes_no_more_than_its_own_documents_from_a_share(tmp_path: Path) -> None:
    for seed in range(12):
        rows: Rows = [{"id": n + 1, "cluster": 1 if n < 30 else n + 1} for n in range(100)]
        made = sides(
            tmp_path, rows, Split(train=0.5, validation=0.25, test=0.25, seed=str(seed), stratify_by="language")
        )
        counts = Counter(made)
        assert all(abs(counts[side] - share) <= 15 for side, share in (("train", 50), ("validation", 25), ("test", 25)))


def test_listed_documents_win_and_their_copies_follow(tmp_path: Path) -> None:
    rows: Rows = [{"id": n, "cluster": 1 if n < 4 else n} for n in range(1, 40)]
    for rule in (None, Split(), Split(test_from="2030-01-01")):
        made = sides(tmp_path, rows, rule, {2: "test", 9: "validation", 4242: "train"})
        assert made[:3] == ["test"] * 3 and made[8] == "validation"
    assert sides(tmp_path, rows, None, {2: "test"})[3:] == [None] * 36


@pytest.mark.parametrize("grouped", ["cluster", "publisher"])
def test_a_conflict_within_a_group_names_both_documents_and_both_sides(grouped: str, tmp_path: Path) -> None:
    rows: Rows = [{"id": 10, "cluster": 10}, {"id": 11, "cluster": 10}, {"id": 12}]
    rule = None
    if grouped == "publisher":
        rows = [{"id": 10, "outlet": "Post"}, {"id": 11, "outlet": "Post"}, {"id": 12}]
        rule = Split(group_by="publisher")
    with pytest.raises(UsageError) as caught:
        sides(tmp_path, rows, rule, {10: "train", 11: "test", 12: "validation"})
    for part in (f"{10:016x} is in 'train'", f"{11:016x} is in 'test'", "splits.csv"):
        assert part in caught.value.message
    assert ("publishers" in caught.value.message) == (grouped == "publisher")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[split]\ntrain = 0.9\n", "must be 1"),
        ("[split]\ntrian = 1.0\n", "Did you mean 'train'"),
        ("[split]\ntrain = 1.2\nvalidation = -0.1\ntest = -0.1\n", "no share"),
        ('[split]\ngroup_by = "paper"\n', "accepted: 'cluster' or 'publisher'"),
        ('[split]\ntest_from = "October"\n', "no date"),
        ("[split]\nvalidation_from = 2031-10-20\ntest_from = 2031-10-10\n", "before test_from"),
        ("[duplicates]\nthreshold = 0\n", "no similarity"),
        ('[duplicates]\nthreshold = "high"\n', "takes a number"),
        ("[duplicates]\nbands = 200\n", "cannot be cut"),
        ("[duplicates]\nrepeated_lines = -1\n", "out of range"),
    ],
)
def test_a_wrong_section_is_refused_naming_the_key(toml: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "corpus.toml").write_text(f'name = "some-corpus"\n{toml}', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "corpus.toml")
    assert says in caught.value.message


# --- with the whole command -------------------------------------------------------------------------------------------


def story(seed: int) -> str:
    words = "harbour strike ferry council pipeline teacher talks winter budget lake bridge".split()
    return " ".join(random.Random(seed).choices(words, k=150))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Forty pages of four papers; every fifth is a near copy of the one before it."""
    root = tmp_path / "corpus"
    Corpus.init(root, stance_targets=["Halvern pipeline"])
    records = []
    for n in range(40):
        text = story(n - 1) + " It was printed again." if n % 5 == 4 else story(n)
        day = date.fromordinal(DAY + n).isoformat()
        records.append({"id": f"{n:02d}", "text": text, "outlet": f"Paper {n // 10}", "published_on": day})
    raw = root / "data" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    (raw / "pages.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return root


def built(root: Path, toml: str) -> dict[str, dict[str, object]]:
    """source → row of `documents`, after a build with this added to corpus.toml."""
    (root / "corpus.toml").write_text(f'name = "some-corpus"\n[input]\nlanguage = false\n{toml}', encoding="utf-8")
    made = Corpus.open(root)
    made.build()
    return {r["source"]: r for p in parts(made.data / "documents", "documents") for r in read_table(p).to_pylist()}


def leaks(root: Path) -> list[tuple[str, str]]:
    return [(f.code, f.row) for f in Corpus.open(root).validate().findings if f.code.startswith("leak")]


def move(root: Path, doc_id: object, side: str) -> None:
    """Put a document on another side behind the toolkit's back."""
    for path in parts(root / "data" / "documents", "documents"):
        table = read_table(path)
        index = table.column_names.index("split")
        values = [
            side if i == doc_id else s
            for i, s in zip(table["doc_id"].to_pylist(), table["split"].to_pylist(), strict=True)
        ]
        path.unlink()  # the name is a second one of a kept file
        write_table(path, table.set_column(index, table.schema.field(index), pa.array(values, pa.string())))


def test_a_build_splits_and_validate_finds_no_leak_until_there_is_one(corpus: Path) -> None:
    rows = built(corpus, "[split]\ntrain = 0.5\nvalidation = 0.25\ntest = 0.25\n")
    assert {r["split"] for r in rows.values()} == {"train", "validation", "test"}
    one, copy = rows["pages.jsonl#03"], rows["pages.jsonl#04"]
    assert one["duplicate_cluster"] == copy["duplicate_cluster"] and one["split"] == copy["split"]
    release = json.loads((corpus / "data" / "release" / "manifest.json").read_text(encoding="utf-8"))
    released = {s: sum(f["rows"] for f in files) for s, files in release["configs"]["documents"]["splits"].items()}
    assert released == dict(Counter(r["split"] for r in rows.values()))
    assert leaks(corpus) == []
    move(corpus, copy["doc_id"], "test" if one["split"] != "test" else "train")
    assert leaks(corpus) == [("leak_cluster", f"duplicate_cluster={one['duplicate_cluster']}")]
    (finding,) = (f for f in Corpus.open(corpus).validate().findings if f.code == "leak_cluster")
    assert str(one["doc_id"]) in finding.hint and str(copy["doc_id"]) in finding.hint
    assert cli("validate", "--corpus", corpus).returncode == 1


def test_validate_knows_publishers_and_periods_when_they_were_asked_for(corpus: Path) -> None:
    rows = built(corpus, '[split]\ngroup_by = "publisher"\ntrain = 0.4\nvalidation = 0.3\ntest = 0.3\n')
    for n in range(4):
        assert len({rows[f"pages.jsonl#{i:02d}"]["split"] for i in range(10 * n, 10 * n + 10)}) == 1
    assert leaks(corpus) == []
    lone = rows["pages.jsonl#00"]
    move(corpus, lone["doc_id"], "test" if lone["split"] != "test" else "train")
    assert leaks(corpus) == [("leak_publisher", "publisher=Paper 0")]
    rows = built(corpus, "[split]\nvalidation_from = 2031-10-21\ntest_from = 2031-10-31\n")
    assert Counter(r["split"] for r in rows.values()) == {"train": 20, "validation": 10, "test": 10}
    assert leaks(corpus) == []
    late = rows["pages.jsonl#35"]
    (corpus / "splits.csv").write_text(f"doc_id,split\n{late['doc_id']},train\n", encoding="utf-8")
    built(corpus, "[split]\nvalidation_from = 2031-10-21\ntest_from = 2031-10-31\n")
    assert leaks(corpus) == [("leak_period", f"doc_id={late['doc_id']}")]


def test_frozen_splits_hold_when_the_rule_changes_and_documents_come(corpus: Path) -> None:
    before = built(corpus, "[split]\n")
    done = cli("export", "--freeze-splits", "--corpus", corpus)
    assert done.returncode == 0, done.stderr
    with (corpus / "splits.csv").open(encoding="utf-8", newline="") as file:
        listed = {r["doc_id"]: r["split"] for r in csv.DictReader(file)}
    assert listed == {str(r["doc_id"]): r["split"] for r in before.values()} and list(listed) == sorted(listed)
    record = {"id": "new", "text": story(7) + " A copy that came later."}
    (corpus / "data" / "raw" / "new.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    after = built(corpus, '[split]\nseed = "another"\ntrain = 0.2\nvalidation = 0.4\ntest = 0.4\n')
    assert {s: after[s]["split"] for s in before} == {s: r["split"] for s, r in before.items()}
    assert after["new.jsonl#new"]["split"] == before["pages.jsonl#07"]["split"]
    frozen = Corpus.open(corpus).freeze_splits()
    assert sum(frozen.rows.values()) == 41


def test_there_is_nothing_to_freeze_without_splits(corpus: Path) -> None:
    with pytest.raises(UsageError, match="no documents"):
        Corpus.open(corpus).freeze_splits()
    built(corpus, "")
    with pytest.raises(UsageError, match="No document has a split"):
        Corpus.open(corpus).freeze_splits()
    assert not (corpus / "splits.csv").exists()


def test_near_copies_on_two_sides_are_refused_naming_both(corpus: Path) -> None:
    rows = built(corpus, "")
    one, copy = (str(rows[f"pages.jsonl#{n}"]["doc_id"]) for n in ("03", "04"))
    (corpus / "splits.csv").write_text(f"doc_id,split\n{one},train\n{copy},test\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        Corpus.open(corpus).build()
    assert one in caught.value.message and copy in caught.value.message
