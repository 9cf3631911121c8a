"""Memory follows publishers and, at a few bytes each, copies; ten times the shards are no ten times the memory."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from corpus_kit.core.leaks import find_leaks
from corpus_kit.core.storage.tables import write_table
from corpus_kit.report.sample import refused_documents
from corpus_kit.report.totals import Totals, add_up

_COPIES = 50
_FEW, _MANY = 60, 600


def shards(count: int) -> Iterator[dict[str, Any]]:
    """Facts as `shard_facts` keeps them: every shard has its own documents and copies of documents in other shards."""
    rng = random.Random(7)

    def ids(n: int) -> list[str]:
        return [f"{rng.getrandbits(64):016x}" for _ in range(n)]

    for _ in range(count):
        yield {
            **dict.fromkeys(("documents", "characters"), 1200),
            "languages": {"en": 700, "de": 500},
            **{key: {} for key in ("encodings", "newlines", "months", "suggested", "boilerplate", "covered")},
            "lengths": {"3": 1200},
            "splits": {"train": {"en": 700, "de": 500}},
            "publishers": {f"paper {number}": [6, 900, 0, ids(1)[0]] for number in range(40)},
            "copies": dict.fromkeys(ids(_COPIES), 1),
            "strata": {"any": sorted(ids(300), key=lambda name: name[::-1]), "language en": ids(6)},
            "extremes": {end: [[n, name] for n, name in enumerate(ids(3))] for end in ("shortest", "longest")},
        }


def peak_of(count: int) -> tuple[int, Totals]:
    tracemalloc.start()
    try:
        made = add_up(shards(count))
        return tracemalloc.get_traced_memory()[1], made
    finally:
        tracemalloc.stop()


def test_counts_of_many_shards_take_a_few_bytes_a_copy_and_nothing_a_document() -> None:
    peak_of(2)  # what is imported on the way
    (few, _), (many, totals) = peak_of(_FEW), peak_of(_MANY)
    assert totals.clusters.number == totals.clusters.copies == _MANY * _COPIES
    assert totals.documents == _MANY * 1200 and len(totals.strata["any"]) == 400
    assert many - few < 100 * (_MANY - _FEW) * _COPIES


def test_the_first_in_the_samples_order_are_taken_whatever_shard_they_are_in() -> None:
    facts = list(shards(30))
    everything = sorted((name for one in facts for name in one["strata"]["any"]), key=lambda name: name[::-1])
    assert add_up(facts).strata["any"] == everything[:400]
    assert add_up(reversed(facts)).strata["any"] == everything[:400]


def test_the_largest_clusters_are_named_and_of_equals_the_first_name() -> None:
    one, other = shards(2)
    one["copies"] = {"00000000000000ff": 2, "0000000000000001": 1, "fffffffffffffff0": 1}
    other["copies"] = {"fffffffffffffff0": 4, "00000000000000ff": 1, "0000000000000002": 1}
    found = add_up([one, other]).clusters
    assert (found.number, found.copies, found.sizes) == (4, 10, {2: 2, 4: 1, 6: 1})
    assert [name[-2:] for name, _ in found.largest] == ["f0", "ff", "01", "02"]
    assert [size for _, size in found.largest] == [6, 4, 2, 2]


def test_documents_with_something_refused_are_the_same_ones_in_any_file(tmp_path: Path) -> None:
    ids = [f"{number:04x}" for number in range(0, 4000, 7)]
    for number, some in enumerate((ids[::2], [*ids[1::2], None, ids[0]])):
        write_table(tmp_path / f"{number}.parquet", pa.table({"doc_id": pa.array(some, pa.string())}))
    files = sorted(tmp_path.iterdir())
    assert refused_documents(files) == sorted(ids, key=lambda name: name[::-1])[:20] == refused_documents(files[::-1])


@pytest.mark.parametrize("bond", ["cluster", "publisher"])
def test_a_leak_between_two_shards_is_found_once(bond: str, tmp_path: Path) -> None:
    """Clusters and publishers on one side say nothing; the one that is on two is named with both."""
    for number in range(3):
        ids = [f"{number}{row:03x}" for row in range(40)]
        mine = list(ids)
        outlets = [f"paper {doc_id}" for doc_id in ids]
        sides: list[str | None] = [None if row % 2 else "train" for row in range(40)]
        if number == 2:  # the last document of the last shard goes with the first of the first
            sides[-1] = "test"
            if bond == "cluster":
                mine[-1] = "0000"
            else:
                outlets[-1] = "paper 0000"
            mine[8] = "0001"  # copies on one side, one of them without a side, which is `train`
        columns = {"doc_id": ids, "duplicate_cluster": mine, "split": sides, "outlet": outlets}
        write_table(
            tmp_path / f"documents-{number:05d}.parquet",
            pa.table(
                {name: pa.array(values, pa.string()) for name, values in (columns | {"url": [None] * 40}).items()}
            ),
        )
    (found,) = find_leaks(tmp_path, {"split": {"group_by": "publisher"}})
    assert found.code == f"leak_{bond}"
    assert found.hint.startswith("0000 is in 'train', 2027 in 'test'.")
