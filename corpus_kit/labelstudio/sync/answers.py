"""Rows of `spans`, `choices` and `relations` as the results that Label Studio shows: the way back of `results`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from corpus_kit.core.labelconfig import PATH_SEPARATOR, Control
from corpus_kit.core.layers import Layer
from corpus_kit.core.records import ChoiceRow, ReviewVersion, SpanRow
from corpus_kit.labelstudio.api.batches import Json


def results_of_version(layer: Layer, version: ReviewVersion, text: str) -> tuple[list[Json], list[str]]:
    """(results, what the layer's config has no place for, in words).

    text: the document's, which the spans point into. Labels of one region are one result, as are the answers to one
    question.
    """
    lost: list[str] = []
    spans = _spans(layer, version.spans, text, lost)
    places = {span_id: (start, end) for _, span_id, start, end, _ in version.spans}
    choices = _choices(layer, version.choices, places, lost)
    there = {result["id"] for result in spans}
    relations: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for from_span, to_span, direction, label in version.relations:
        if {from_span, to_span} <= there:
            relations[from_span, to_span, direction] += [label] if label else []
        else:
            lost.append("a relation whose end is not there")
    drawn = [
        {"from_id": a, "to_id": b, "type": "relation", "direction": way} | ({"labels": labels} if labels else {})
        for (a, b, way), labels in relations.items()
    ]
    return [*spans, *choices, *drawn], lost


def _spans(layer: Layer, rows: Iterable[SpanRow], text: str, lost: list[str]) -> list[Json]:
    regions: dict[tuple[str, str, int, int], list[str]] = defaultdict(list)
    for name, span_id, start, end, label in rows:
        control = layer.control(name)
        if control is None or not (control.dynamic or label in control.labels):
            lost.append(f"the label '{label}' of '{name}'")
        else:
            regions[name, span_id, start, end].append(label)
    made = []
    for (name, span_id, start, end), labels in regions.items():
        control = layer.control(name)
        assert control is not None
        value = {"start": start, "end": end, "text": text[start:end], control.value_key: labels}
        made.append(_result(control, span_id, value))
    return made


def _choices(
    layer: Layer, rows: Iterable[ChoiceRow], places: dict[str, tuple[int, int]], lost: list[str]
) -> list[Json]:
    questions: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    for name, span_id, _, value in rows:
        questions[name, span_id].append(value)
    made = []
    for (name, span_id), values in questions.items():
        control = layer.control(name)
        if control is None or (span_id is not None and span_id not in places):
            lost.append(f"an answer to '{name}'")
            continue
        answer: Json = {control.value_key: answer_value(control, values)}
        if span_id is not None:
            start, end = places[span_id]
            answer = {"start": start, "end": end} | answer
        made.append(_result(control, span_id or f"answer-{name}", answer))
    return made


def answer_value(control: Control, values: list[str]) -> Any:
    """Answers as the control's results hold them."""
    if control.kind == "taxonomy":
        return [value.split(PATH_SEPARATOR) for value in values]
    if control.kind == "rating":
        return int(values[0])
    if control.kind == "number":
        number = float(values[0])
        return int(number) if number.is_integer() else number
    return values


def _result(control: Control, region: str, value: Json) -> Json:
    to_name = control.to_name[0]
    return {"id": region, "from_name": control.name, "to_name": to_name, "type": control.result_type, "value": value}
