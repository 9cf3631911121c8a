"""Annotations as people and scripts make them, generated: every shape that a round trip must not lose."""

from __future__ import annotations

import random
import uuid
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

PEOPLE = ("ondra@annotators.example", "milla@annotators.example", "teo@annotators.example")
TEXTS = (
    "Zoë 🚀👩‍👩‍👧 met ACME.\nمرحبا بالعالم, e\u0301te\u0301 and\ttabs.\n",
    "没有空格的中文文本也要一字不差地回来。\n",
    "Ilvara Tessendry of Quorvex Energy,  twice  spaced.\n\nA second paragraph.\n",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \u202eהפוך\u202c and a BOM\ufeffinside.\n",
)
LABELS = ("PERSON", "ORG")


@st.composite
def spans(draw: DrawFn, text: str, number: int) -> list[dict[str, Any]]:
    """One region: a label or both at once, perhaps with a score, a note, unknown keys, a choice of its own."""
    start = draw(st.integers(0, len(text) - 2))
    end = draw(st.integers(start + 1, len(text)))
    own = f"s{number}"
    labels = draw(st.sampled_from([["PERSON"], ["ORG"], ["PERSON", "ORG"]]))
    value: dict[str, Any] = {"start": start, "end": end, "text": text[start:end], "labels": labels}
    made: dict[str, Any] = {"id": own, "from_name": "label", "to_name": "text", "type": "labels", "value": value}
    made |= draw(
        st.sampled_from([{}, {"origin": "manual"}, {"origin": "prediction"}, {"origin": "prediction-changed"}])
    )
    made |= draw(
        st.sampled_from([{}, {"meta": {"text": ["not sure 🤔"]}}, {"score": 0.25}, {"strange": {"deep": [1, None]}}])
    )
    results = [made]
    if draw(st.booleans()):
        # A per-region answer shares the region's id and repeats its place.
        choice = {"start": start, "end": end, "choices": ["angry"]}
        results.append({"id": own, "from_name": "names_tone", "to_name": "text", "type": "choices", "value": choice})
    return results


@st.composite
def drawn_annotations(draw: DrawFn, text: str) -> dict[str, Any]:
    """One annotation: nested, overlapping and adjacent regions, relations between them, a document's choice."""
    count = draw(st.integers(0, 5))
    results = [r for n in range(count) for r in draw(spans(text, n))]
    if count:
        first = results[0]["value"]
        end = min(first["end"] + 1, len(text))
        if end > first["end"]:  # the next region begins where this one ends
            value = {"start": first["end"], "end": end, "labels": ["ORG"]}
            results.append(
                {"id": "adjacent", "from_name": "label", "to_name": "text", "type": "labels", "value": value}
            )
    if count > 1:
        direction = draw(st.sampled_from(["left", "right", "bi"]))
        named = draw(st.sampled_from([{}, {"labels": ["works for"]}]))
        results.append({"from_id": "s0", "to_id": "s1", "type": "relation", "direction": direction, **named})
    made: dict[str, Any] = {
        "result": results,
        "completed_by": draw(st.sampled_from(PEOPLE)),
        "was_cancelled": draw(st.sampled_from([False, False, False, True])),
        "lead_time": draw(st.sampled_from([None, 0.5, 12.125, 3600.0])),
    }
    made |= draw(st.sampled_from([{}, {"import_id": 7}, {"last_action": "submitted"}, {"bulk_created": True}]))
    return {k: v for k, v in made.items() if v is not None}


def generated_work(count: int = 320, per_page: int = 4) -> tuple[dict[str, str], list[tuple[str, dict[str, Any]]]]:
    """Pages, and (page, annotation) pairs, the same at every call; one annotation of some pages is ground truth."""
    rng = random.Random(20)
    pages = {f"p{n:03}.txt": f"{TEXTS[n % len(TEXTS)]}Page {n}.\n" for n in range(count // per_page)}
    work = []
    for number, (source, text) in enumerate(pages.items()):
        for nth in range(per_page):
            made = _example(drawn_annotations(text), rng)
            made["unique_id"] = str(uuid.UUID(int=rng.getrandbits(128), version=4))
            if nth == 0 and number % 5 == 0:
                made["ground_truth"] = True
            work.append((source, made))
    return pages, work


def _example(strategy: st.SearchStrategy[dict[str, Any]], rng: random.Random) -> dict[str, Any]:
    from hypothesis import Phase, given, seed, settings

    found: list[dict[str, Any]] = []

    @seed(rng.getrandbits(32))
    @settings(max_examples=3, database=None, deadline=None, phases=[Phase.generate], derandomize=False)
    @given(strategy)
    def draw(value: dict[str, Any]) -> None:
        found.append(value)

    draw()
    return found[-1]
