"""How far suggestions steer people: two groups by hash, figures over documents, intervals that hold what they promise."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpus_kit.core.hashing import is_held_out
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.ledger.held_back import HeldBack, keep_held_back, read_held_back
from corpus_kit.ledger.steering import difference, f1, items_of, steering, t_quantile

RUNS = 300


def test_the_share_is_kept_to_and_a_larger_one_holds_the_smaller() -> None:
    ids = [f"{n:016x}" for n in range(5000)]
    small, large = ({d for d in ids if is_held_out(d, share)} for share in (0.2, 0.3))
    assert abs(len(small) / 5000 - 0.2) < 0.02 and small < large
    assert not any(is_held_out(d, 0.0) for d in ids) and all(is_held_out(d, 1.0) for d in ids)


@pytest.mark.parametrize(("freedom", "value"), [(4, 2.776), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)])
def test_quantiles_of_student_s_t_as_printed_in_tables(freedom: int, value: float) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(value, abs=0.004)


def test_welch_by_hand() -> None:
    a, b = [0.9, 0.7, 0.8, 1.0, 0.6], [0.4, 0.6, 0.5, 0.5, 0.5, 0.5]
    found = difference(a, b)
    assert found is not None
    error = math.sqrt(0.025 / 5 + 0.004 / 6)
    assert found[0] == pytest.approx(0.3)
    freedom = (0.005 + 0.004 / 6) ** 2 / (0.005**2 / 4 + (0.004 / 6) ** 2 / 5)
    assert found[2] - found[0] == pytest.approx(t_quantile(0.975, freedom) * error)
    assert difference(a[:4], b) is None


def choice(value: str, **more: Any) -> dict[str, Any]:
    return {"id": "x", "from_name": "tone", "to_name": "text", "type": "choices", "value": {"choices": [value]}} | more


def test_answers_are_compared_by_what_they_say() -> None:
    one: dict[str, Any] = {
        "id": "a",
        "from_name": "label",
        "type": "labels",
        "value": {"start": 0, "end": 3, "text": "Zoë", "labels": ["P"]},
    }
    other = one | {"id": "b", "value": {**one["value"], "text": "Zo"}}
    relation = {"type": "relation", "from_id": "a", "to_id": "b"}
    assert items_of([one, relation, None]) == items_of([other])
    assert f1(items_of([one, choice("x")]), items_of([other])) == pytest.approx(2 / 3)
    assert f1(frozenset(), frozenset()) == 1.0


def test_figures_of_both_groups_from_the_tables(tmp_path: Path) -> None:
    """Ten documents each: shown, people take over nine of ten; held out, five of ten, and in twice the time."""
    rows: list[dict[str, Any]] = []
    kept = []
    for number in range(10):
        for held in (False, True):
            doc = f"{number + 100 * held:016x}"
            same = number < (5 if held else 9)
            payload: dict[str, Any] = {"result": [choice("plain" if same else "angry")]}
            if held:
                kept.append(HeldBack(doc, "1" * 64, "m@1", [choice("plain")]))
            else:
                payload |= {"prediction": {"model_version": "m@1", "result": [choice("plain")]}, "parent_prediction": 1}
            seconds = 20.0 if held else 10.0
            rows += [row(doc, person, payload, seconds) for person in ("annotator-01", "annotator-02")]
    rows.append(row("f" * 16, "annotator-01", {"result": []}, 5.0))  # neither shown nor held out: nothing was suggested
    folder = tmp_path / "annotations"
    folder.mkdir()
    pl.DataFrame(rows, schema=columns_of("annotations")).write_parquet(folder / "annotations-00000.parquet")
    keep_held_back(tmp_path, "names", kept)
    found = {one.measure: one for one in steering(tmp_path, ["names", "other"])}
    model = found["with the model"]
    assert (model.shown, model.held, model.shown_documents, model.held_documents) == (0.9, 0.5, 10, 10)
    assert model.effect == pytest.approx(0.4) and model.low is not None and model.low < 0.4 < (model.high or 0)
    timed = found["seconds per task"]
    assert (timed.shown, timed.held, timed.effect) == pytest.approx((10.0, 20.0, 0.5))
    assert (found["between people"].shown, found["between people"].held) == (1.0, 1.0)


def row(doc: str, person: str, payload: dict[str, Any], seconds: float) -> dict[str, Any]:
    blank = dict.fromkeys(columns_of("annotations"))
    return blank | {
        "annotation_id": f"{doc}-{person}", "doc_id": doc, "layer": "names", "origin": "human", "annotator": person,
        "complete": True, "status": "submitted", "ground_truth": False, "text_sha256": "1" * 64, "lead_time_s": seconds,
        "payload": json.dumps(payload),
    }  # fmt: skip


def test_what_is_held_back_stays_until_something_newer_comes(tmp_path: Path) -> None:
    first = HeldBack("a" * 16, "1" * 64, "m@1", [choice("plain")])
    keep_held_back(tmp_path, "names", [first])
    keep_held_back(tmp_path, "names", [HeldBack("b" * 16, "2" * 64, "m@2", [])])
    assert read_held_back(tmp_path, "names")["a" * 16] == first
    newer = HeldBack("a" * 16, "1" * 64, "m@2", [choice("angry")])
    keep_held_back(tmp_path, "names", [newer])
    assert read_held_back(tmp_path, "names")["a" * 16] == newer
    (tmp_path / "held-back" / "names.jsonl").write_text('{"torn\n[]\n', encoding="utf-8")
    assert read_held_back(tmp_path, "names") == {}


@pytest.mark.slow
@pytest.mark.parametrize("pull", [0.0, 0.2, 0.5])
def test_the_interval_holds_the_truth_as_often_as_it_promises(pull: float) -> None:
    import importlib.util

    place = Path(__file__).parents[2] / "benchmarks" / "steering.py"
    spec = importlib.util.spec_from_file_location("steering_benchmark", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    share, _ = module.coverage(pull, RUNS)
    assert 0.93 <= share <= 0.97
