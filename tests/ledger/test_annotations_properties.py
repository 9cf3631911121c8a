"""Any export: every answer is accounted for, every span's slice is its surface, old offsets are converted exactly."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_samples import CONFIG, Bench, Json, annotation, in_utf16, task

from corpus_kit.core.labelconfig import read_config
from corpus_kit.core.layers import Layer
from corpus_kit.ledger.readings import UNITS, Reading
from corpus_kit.ledger.results import LayerReader, count_answers

LAYER = Layer("plain", CONFIG, "0" * 64, None, None, None, *read_config(CONFIG, "plain", "config.xml"))
LABELS = ("PERSON", "ORG", "PLACE")
CHARACTERS = st.sampled_from("aбçא ع王\u0301\u200d\u2028\n  .-🚀👩𝒩🇺🇦\U0010fffd")
TEXTS = st.text(CHARACTERS, min_size=1, max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def spans(draw: st.DrawFn, text: str) -> Json:
    """A region as the labeling page stores it, now and then with a label no one knows."""
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    labels = draw(st.lists(st.sampled_from([*LABELS, "DRAGON"]), min_size=1, max_size=3, unique=True))
    made = {
        "id": draw(st.sampled_from("abcdefgh")), "from_name": "label", "to_name": "text", "type": "labels",
        "value": {"start": start, "end": end, "text": text[start:end], "labels": labels},
        "origin": draw(st.sampled_from(["manual", "prediction", "prediction-changed"])),
    }  # fmt: skip
    if draw(st.booleans()):
        made["meta"] = {"text": [draw(st.text(max_size=9))]}
    return made | draw(st.dictionaries(st.sampled_from(["x_tool", "readonly"]), JSON, max_size=2))


@st.composite
def other_results(draw: st.DrawFn) -> Any:
    """Choices, relations, and what is neither."""
    region = st.sampled_from("abcdefgh")
    return draw(
        st.fixed_dictionaries(
            {"type": st.just("relation"), "from_id": region, "to_id": region, "direction": st.just("bi")}
        )
        | st.fixed_dictionaries(
            {
                "id": region,
                "from_name": st.sampled_from(["tone", "role", "note", "topic", "day", "gone"]),
                "to_name": st.just("text"),
                "type": st.sampled_from(["choices", "textarea", "taxonomy", "datetime"]),
                "value": st.dictionaries(
                    st.sampled_from(["choices", "text", "taxonomy", "datetime"]), JSON, max_size=2
                ),
            }
        )
        | JSON
    )


@st.composite
def drawn_annotations(draw: st.DrawFn, text: str, *, odd: bool = True) -> Json:
    kinds = spans(text) | other_results() if odd else spans(text)
    made = annotation(*draw(st.lists(kinds, max_size=6)), by=draw(st.sampled_from(["zoe@x.example", "bo@x.example"])))
    made |= draw(st.dictionaries(st.sampled_from(["x_history", "task", "import_id"]), JSON, max_size=2))
    return made | {"was_cancelled": draw(st.sampled_from([False, False, True]))}


@st.composite
def exports(draw: st.DrawFn) -> tuple[dict[str, str], list[Json]]:
    texts = {f"d{n}": text for n, text in enumerate(draw(st.lists(TEXTS, min_size=1, max_size=3)))}
    tasks = [
        task(name, text, *draw(st.lists(drawn_annotations(text), max_size=3)), id=n)
        | draw(st.just({}) | st.just({"x": 1}))
        for n, (name, text) in enumerate(texts.items())
    ]
    return texts, tasks


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(exports())
def test_counts_add_up_and_every_slice_is_the_surface(export: tuple[dict[str, str], list[Json]]) -> None:
    texts, tasks = export
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), texts)
        bench.bring(tasks, layer="plain")
        made = bench.make()  # checks both, and `validate`
        brought = sum(count_answers(a) for t in tasks for a in t["annotations"])
        assert made.result.answers.get("brought", 0) == brought
        assert {a["annotation_id"] for a in made.annotations} == {
            a["unique_id"] for t in tasks for a in t["annotations"]
        }


@settings(max_examples=200)
@given(TEXTS.flatmap(lambda text: st.tuples(st.just(text), drawn_annotations(text))))
def test_each_answer_of_one_annotation_has_one_outcome(case: tuple[str, Json]) -> None:
    text, made = case
    rows = LayerReader(LAYER).read(made, Reading(text))
    outcomes = len(rows.spans) + len(rows.choices) + len(rows.relations) + rows.payload_only
    assert outcomes + sum(r.answers for r in rows.refused) == count_answers(made)
    assert all(text[start:end] == surface for _, _, start, end, _, surface, *_ in rows.spans)


@settings(max_examples=200)
@given(TEXTS.flatmap(lambda text: st.tuples(st.just(text), drawn_annotations(text, odd=False))))
def test_an_export_in_utf16_gives_the_same_spans_as_one_in_code_points(case: tuple[str, Json]) -> None:
    text, made = case
    old = made | {"result": [in_utf16(text, r) for r in made["result"]]}
    reader = LayerReader(LAYER)
    now, then = reader.read(made, Reading(text)), reader.read(old, Reading(text))
    assert [r.reason for r in now.refused if r.reason.startswith("offsets")] == []
    if then.unit == UNITS:
        assert then.spans == now.spans
    else:
        # Nothing in the old export told its unit: each span's words stand at both places, so both are right.
        assert [(s[1], s[5].split()) for s in then.spans] == [(s[1], s[5].split()) for s in now.spans]
