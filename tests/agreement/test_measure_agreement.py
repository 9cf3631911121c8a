"""All figures at once: every layer is told of, and what cannot be told has a reason."""

from __future__ import annotations

import json

import pytest
from agreement_tables import (
    ANNOTATIONS,
    CHOICES,
    DOCUMENTS,
    RELATIONS,
    SPANS,
    annotation,
    choice,
    span,
    table,
)

from corpus_kit.agreement import Measured, measure_agreement


@pytest.fixture(scope="module")
def found() -> Measured:
    docs = [f"d{i}" for i in range(6)]
    stance = [annotation(d, a) for d in docs for a in ("a", "b", "c")]
    entities = [annotation(d, a, layer="entities") for d in docs for a in ("a", "b")]
    nothing = [annotation(d, a, layer="boilerplate") for d in docs for a in ("a", "b")]
    chosen = [choice(m, "xyz"[(int(m["doc_id"][1]) + (m["annotator"] == "c")) % 3], target="rail") for m in stance]
    spans = [span(m, 0, 4 + (m["doc_id"] == "d1" and m["annotator"] == "a")) for m in entities]
    documents = [{"doc_id": d, "text_sha256": f"text of {d}", "n_chars": 60} for d in docs]
    return measure_agreement(
        table([*stance, *entities, *nothing], ANNOTATIONS),
        table(spans, SPANS),
        table(chosen, CHOICES),
        table([], RELATIONS),
        table(documents, DOCUMENTS),
    )


def test_every_layer_people_worked_on_is_told_of(found: Measured) -> None:
    assert {r.layer for r in found.results} == {"stance", "entities", "boilerplate"}
    (empty,) = [r for r in found.results if r.layer == "boilerplate"]
    assert empty.reason == "No one has marked or answered anything in this layer."
    assert empty.n_documents == 6


def test_every_figure_has_a_value_or_a_reason(found: Measured) -> None:
    for r in found.results:
        assert r.value is not None or r.low is None
        assert bool(r.reason) == (r.low is None)


def test_pairs_and_everybody_labels_and_targets_are_all_there(found: Measured) -> None:
    stance = [r for r in found.results if r.layer == "stance" and r.measure == "alpha_nominal"]
    assert {r.annotators for r in stance if r.pair} == {("a", "b"), ("a", "c"), ("b", "c")}
    assert {r.annotators for r in stance if not r.pair} == {("a", "b", "c")}
    assert {r.label for r in stance} == {None, "x", "y", "z"}
    assert {r.target for r in stance} == {None, "rail"}
    assert {r.measure for r in found.results if r.layer == "entities"} == {
        "span_f1_exact", "span_f1_partial", "boundary_distance", "alpha_characters", "alpha_u", "alpha_u_binary", "gamma",
    }  # fmt: skip


def test_figures_are_plain_data_for_machines(found: Measured) -> None:
    again = json.loads(json.dumps([r.as_dict() for r in found.results], allow_nan=False))
    assert again[0]["annotators"] == ["a", "b", "c"]
    assert len(again) == len(found.results)


def test_who_is_left_out_is_not_measured() -> None:
    made = [annotation("d", a) for a in ("a", "b", "reviewer")]
    tables = [table(made, ANNOTATIONS), table([], SPANS), table([choice(m, "x") for m in made], CHOICES)]
    tables += [table([], RELATIONS), table([], DOCUMENTS)]
    results = measure_agreement(*tables, without=["reviewer"]).results
    assert {r.annotators for r in results} == {("a", "b")}
