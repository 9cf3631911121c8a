"""Pages of other tools as tasks of Label Studio's shape, so that one way leads from every format to the tables.

Which control of the layer an answer belongs to follows from the config: the one of that name, else the one that offers
the label. What fits none keeps its own name, and is counted as rejected with the reason.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from corpus_kit.core.exchange import Attribute, ExchangePage, Region, Work
from corpus_kit.core.layers import Control, Layer

Json = dict[str, Any]

_NAMESPACE = uuid.UUID("8b2d4f0c-7c3f-5a61-9d0b-2f1f7f0d3c55")
ATTRIBUTE = "attribute"
"""Type of a result that says something no control of the layer asks."""
NOTE = "note"
"""Type of a result that is an annotator's remark and has no control: it stays in `payload`."""


def as_tasks(pages: Iterable[ExchangePage], layer: Layer, form: str) -> Iterator[Json]:
    """One task for each page.

    Args:
        pages: What a reader gave.
        layer: The layer that they are imported for.
        form: The name of the format, part of the ids of annotations that have none.
    """
    shaped = _Shaped(layer)
    for number, page in enumerate(pages, start=1):
        data: Json = {"id": page.name}
        if page.text:
            data[shaped.key] = page.text
        if page.doc_id:
            data["doc_id"] = page.doc_id
        annotations = [shaped.annotation(work, page, form, nth) for nth, work in enumerate(page.works, start=1)]
        yield {"id": number, "data": data, "annotations": annotations, "predictions": []}


class _Shaped:
    """Puts what people said into the controls of a layer."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.object = layer.text_object
        self.key = self.object.field or "text"
        self.marking = [c for c in layer.controls if c.kind == "labels"]
        self.asking = [c for c in layer.controls if c.kind in ("choices", "taxonomy", "rating", "number", "textarea")]

    def annotation(self, work: Work, page: ExchangePage, form: str, nth: int) -> Json:
        seen = "\x1f".join((self.layer.name, form, page.name, page.text, work.annotator, str(nth)))
        results: list[Any] = [self._region(region) for region in work.regions]
        places = {region.id: region for region in work.regions}
        for index, answer in enumerate(work.answers):
            results.append(self._answer(answer, places, f"a{index}"))
        for link in work.links:
            direction = "right" if link.directed else "bi"
            ends = {"from_id": link.head, "to_id": link.tail, "direction": direction}
            results.append({"type": "relation", **ends, "labels": [link.label] if link.label else []})
        for index, note in enumerate(work.notes):
            results.append({"type": NOTE, "id": note.of or f"n{index}", "value": {"text": [note.text]}})
        made: Json = {
            "id": nth,
            "unique_id": str(uuid.uuid5(_NAMESPACE, seen)),
            "result": [*results, *work.unread],
            "was_cancelled": work.skipped,
            "ground_truth": work.settled,
        }
        if work.annotator:
            made["completed_by"] = {"username": work.annotator}
        return made | ({"created_at": work.created_at} if work.created_at else {})

    def _region(self, region: Region) -> Json:
        control = self._marks(region)
        value: Json = {"start": region.start, "end": region.end}
        if region.text:
            value["text"] = region.text
        name, kind, key = ("", "labels", "labels") if control is None else _shape(control)
        value[key] = [region.label] if region.label else []
        return {"id": region.id, "from_name": name, "to_name": self.object.name, "type": kind, "value": value}

    def _marks(self, region: Region) -> Control | None:
        """The control for a region: of its own name, else that offers its label, else the first."""
        named = [c for c in self.marking if c.name == region.control]
        offering = [c for c in self.marking if region.label in c.labels]
        return next(iter([*named, *offering, *self.marking]), None)

    def _answer(self, answer: Attribute, places: dict[str, Region], own: str) -> Json:
        control, value = self._asks(answer)
        result: Json = {"id": answer.of or own, "to_name": self.object.name}
        if control is None:
            name = answer.name or "label"
            return result | {"from_name": name, "type": ATTRIBUTE, "value": {"attribute": [value]}}
        name, kind, key = _shape(control)
        given: Any = [value] if control.kind in ("choices", "textarea") else value
        if control.kind == "taxonomy":
            given = [value.split(" / ")]
        if control.kind in ("rating", "number"):
            given = _number(value)
        place = places.get(answer.of or "")
        at = {} if place is None else {"start": place.start, "end": place.end}
        return result | {"from_name": name, "type": kind, "value": at | {key: given}}

    def _asks(self, answer: Attribute) -> tuple[Control | None, str]:
        """The control that an answer belongs to, and the answer as it is called there."""
        here = [c for c in self.asking if c.per_region == (answer.of is not None)]
        name = answer.name.casefold()
        for control in here:
            if name and name in (control.name.casefold(), (control.target or "").casefold()):
                return control, answer.value
        offering = [c for c in here if answer.value in c.labels]
        if len(offering) == 1:
            return offering[0], answer.value
        if answer.name and answer.value in ("true", "yes"):  # a box that was ticked
            ticked = [c for c in here if answer.name in c.labels]
            if len(ticked) == 1:
                return ticked[0], answer.name
        return None, answer.value


def _shape(control: Control) -> tuple[str, str, str]:
    return control.name, control.result_type, control.value_key


def _number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
