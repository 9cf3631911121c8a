"""One annotation's results → rows of `spans`, `choices` and `relations`, by the layer's config.xml.

The unit of account is the *answer*: one label of a span, one choice, one relation. Every answer becomes one row, or is
counted as payload-only (no table has a column for it), or is refused with a reason code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from corpus_kit.core.labels import RELATIONS
from corpus_kit.core.layers import Control, DataObject, Layer, path_label
from corpus_kit.core.offsets import Span
from corpus_kit.ledger.export_json import Json, results_of
from corpus_kit.ledger.formats.tasks import ATTRIBUTE, NOTE
from corpus_kit.ledger.readings import POINTS, Reading, ReportedOffsets, Wrong
from corpus_kit.ledger.result_json import same_answer, suggested_results, without_addresses

SpanRow = tuple[str, str, int, int, str, str, float | None, str]
"""control, span_id, start, end, label, surface, score, origin"""
ChoiceRow = tuple[str, str | None, str | None, str, str, float | None]
"""control, span_id, target, kind, value, score"""
RelationRow = tuple[str, str, str, str | None]
"""from_span, to_span, direction, label"""

_KINDS = {"choices": "choice", "taxonomy": "taxonomy", "rating": "rating", "number": "number", "textarea": "text"}
_ORIGINS = {"manual": "manual", "prediction": "accepted", "prediction-changed": "edited"}
_MARKUP = ("hypertext", "paragraphs")


@dataclass(frozen=True, slots=True)
class RejectedResult:
    """answers: how many were lost with it. result: the JSON refused. controls: those that are not known for it."""

    reason: str
    detail: str
    result: Any
    answers: int = 1
    controls: frozenset[str] = frozenset()


@dataclass(slots=True)
class AnnotationRows:
    """What one annotation says. unit: how it counted offsets. unread: controls with an answer that is in no row."""

    spans: list[SpanRow] = field(default_factory=list)
    choices: list[ChoiceRow] = field(default_factory=list)
    relations: list[RelationRow] = field(default_factory=list)
    refused: list[RejectedResult] = field(default_factory=list)
    payload_only: int = 0
    unit: str = POINTS
    unread: set[str] = field(default_factory=set)


def count_answers(annotation: Json) -> int:
    """How many answers the results hold."""
    return sum(_answers(result) for result in results_of(annotation))


def _answers(result: Any) -> int:
    """Answers of one result, at least one: an empty or odd one is an answer that cannot be read."""
    if not isinstance(result, dict):
        return 1
    value = result.get("value")
    kind = result.get("type")
    if kind == "relation":
        given = result.get("labels")
    elif isinstance(value, dict) and isinstance(kind, str):
        given = value.get("text" if kind == "textarea" else kind)
    else:
        given = None
    return max(len(given), 1) if isinstance(given, list) else 1


class LayerReader:
    """Reads the results of one layer's annotations."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self._controls = {
            c.name: (c, None if c.dynamic or not c.labels else frozenset(c.labels)) for c in layer.controls
        }
        self._objects = {o.name: o for o in layer.objects}
        relations = [c for c in layer.controls if c.kind == "relations" and c.labels]
        self._of_type: dict[str, set[str]] = {}
        for control in layer.controls:
            if not control.payload_only:
                name = RELATIONS if control.kind == "relations" else control.name
                self._of_type.setdefault(control.result_type, set()).add(name)
        self._of_type.setdefault("relation", set()).add(RELATIONS)
        self.relation_labels = frozenset(label for c in relations for label in c.labels) or None

    def fits(self, result: Any) -> bool:
        """Whether a result can be this layer's: its control, type and labels are in the config."""
        found = self.control(result) if isinstance(result, dict) else None
        if found is None:
            return False
        control, labels = found
        if result.get("type") != control.result_type:
            return False
        return labels is None or all(answer in labels for answer in _labels_of(control, result))

    def control(self, result: Json) -> tuple[Control, frozenset[str] | None] | None:
        """The control that a result names and its fixed labels; None for a name the config does not have."""
        return self._controls.get(_name(result.get("from_name")))

    def labels(self, control: Control) -> frozenset[str] | None:
        """The labels a control may give; None where they are not fixed."""
        return self._controls[control.name][1]

    def perhaps(self, result: Any) -> frozenset[str]:
        """The controls that a result may have answered: the one it names, else those of its type, else every one.

        What another tool told beside the labels (`attribute`) is about none of them.
        """
        if not isinstance(result, dict):
            return frozenset().union(*self._of_type.values())
        found, kind = self.control(result), _name(result.get("type"))
        if found is not None and found[0].kind != "relations":
            return frozenset() if found[0].payload_only else frozenset((found[0].name,))
        if kind == ATTRIBUTE:
            return frozenset()
        return frozenset(self._of_type.get(kind) or set().union(*self._of_type.values()))

    def shown(self, result: Json) -> DataObject | None:
        """The object that a result is about, the document's text where it does not say."""
        name = _name(result.get("to_name"))
        return self._objects.get(name) if name else self.layer.text_object

    def read(self, annotation: Json, reading: Reading, *, model: bool = False) -> AnnotationRows:
        """All results of one annotation or prediction. model: it is a model's, and so are its spans."""
        return _Annotation(self, annotation, reading, model).rows


class _Annotation:
    """The reading of one annotation: regions first, since choices and relations refer to them."""

    def __init__(self, reader: LayerReader, annotation: Json, reading: Reading, model: bool) -> None:
        self.reader, self.reading, self.model = reader, reading, model
        self.rows = AnnotationRows()
        self.suggested = suggested_results(annotation)
        self.keys: set[tuple[str, str, str]] = set()
        self.regions: set[str] = set()  # ids of regions that have a row
        self.places: dict[str, Span] = {}  # where the region of each id lies
        self.lost: set[str] = set()  # ids of regions whose every row was refused
        results = [without_addresses(result) for result in results_of(annotation)]
        named = {r["id"] for r in results if isinstance(r, dict) and isinstance(r.get("id"), str)}
        drawn = {
            r["id"] for r in results if isinstance(r, dict) and _is_labels(reader, r) and isinstance(r.get("id"), str)
        }
        regions: list[tuple[Json, str, Control, list[str], ReportedOffsets]] = []
        later: list[Callable[[], None]] = []
        for number, result in enumerate(results):
            if not isinstance(result, dict):
                self._refuse("malformed_result", f"result {number} is no object", result)
                continue
            if result.get("type") == "relation":
                later.append(lambda r=result: self._relation(r, named))  # type: ignore[misc]  # mypy infers no defaults
                continue
            if result.get("type") == NOTE and not result.get("from_name"):
                self.rows.payload_only += _answers(result)
                continue
            control = self._control(result)
            if control is None:
                continue
            region = _name(result.get("id")) or f"#{number}"
            own = control.kind == "labels" or (control.kind == "taxonomy" and region not in drawn and _drawn(result))
            if not own:
                later.append(lambda r=result, c=control, i=region: self._choice(r, c, i))  # type: ignore[misc]  # mypy infers no defaults
                continue
            told = self._told(result)
            if told is None:
                continue
            regions.append((result, region, control, _labels_of(control, result), told))
        self._spans(regions)
        for read in later:
            read()

    def _refuse(self, reason: str, detail: str, result: Any, answers: int | None = None) -> None:
        lost = _answers(result) if answers is None else answers
        controls = frozenset() if reason == "repeated_answer" else self.reader.perhaps(result)
        self.rows.unread |= controls
        self.rows.refused.append(RejectedResult(reason, detail, result, lost, controls))

    def _control(self, result: Json) -> Control | None:
        """The control that a result answers, None when the result is settled: refused or payload-only."""
        name = result.get("from_name")
        found = self.reader.control(result)
        if found is None:
            self._refuse("unknown_control", f"control '{_short(name)}'", result)
            return None
        control = found[0]
        shown = self.reader.shown(result)
        if control.payload_only:
            self.rows.payload_only += _answers(result)
            return None
        if result.get("type") != control.result_type:
            detail = f"control '{name}' is <{control.tag}>, the result is of type '{_short(result.get('type'))}'"
            self._refuse("wrong_type", detail, result)
            return None
        if not isinstance(result.get("value"), dict):
            self._refuse("malformed_result", f"control '{name}': no value", result)
            return None
        if shown is None:
            self._refuse("unknown_object", f"control '{name}', object '{_short(result.get('to_name'))}'", result)
            return None
        if not shown.shows_document and (control.kind == "labels" or _drawn(result)):
            self.rows.payload_only += _answers(result)  # a place in something else than the document's text
            return None
        return control

    # Spans

    def _told(self, result: Json) -> ReportedOffsets | None:
        """The offsets of a region, None when the result is settled."""
        value = result["value"]
        start, end = _whole(value.get("start")), _whole(value.get("end"))
        text = value.get("text")
        if start is None or end is None:
            shown = self.reader.shown(result)
            markup = shown is not None and shown.tag.lower() in _MARKUP
            outer = value.get("globalOffsets")
            if markup and isinstance(outer, dict) and not any(c in self.reading.shown for c in "<&"):
                start, end = _whole(outer.get("start")), _whole(outer.get("end"))
            if markup and (start is None or end is None):
                self.rows.payload_only += _answers(result)  # a place in the markup
                self.rows.unread |= self.reader.perhaps(result)
                return None
        if start is None or end is None:
            detail = f"start {_short(value.get('start'))}, end {_short(value.get('end'))}"
            self._lose(result, "bad_offsets", detail)
            return None
        return ReportedOffsets(start, end, text if isinstance(text, str) else "", result.get("origin") != "prediction")

    def _spans(self, regions: list[tuple[Json, str, Control, list[str], ReportedOffsets]]) -> None:
        places, self.rows.unit = self.reading.places([told for *_, told in regions])
        for (result, region, control, labels, _), place in zip(regions, places, strict=True):
            if isinstance(place, Wrong):
                self._lose(result, place.reason, f"control '{control.name}': {place.detail}")
            elif not labels:
                self._lose(result, "missing_answer", f"control '{control.name}': a span without a label")
            else:
                for label in labels:
                    self._span(result, region, control, label, place)
        self.lost -= self.regions

    def _lose(self, result: Json, reason: str, detail: str) -> None:
        self._refuse(reason, detail, result)
        if isinstance(result.get("id"), str):
            self.lost.add(result["id"])

    def _span(self, result: Json, region: str, control: Control, label: str, place: Span) -> None:
        known = self.reader.labels(control)
        if self.places.setdefault(region, place) != place:  # two places are two spans, whatever their id
            region = f"{region}@{place.start}-{place.end}"
        fault = "unknown_label" if known is not None and label not in known else ""
        if not fault and (control.name, region, label) in self.keys:
            fault = "repeated_answer"
        if fault or not label:
            self._refuse(fault or "missing_answer", f"control '{control.name}', label '{_short(label)}'", result, 1)
            self.lost.add(region)
            return
        self.keys.add((control.name, region, label))
        self.regions.add(region)
        surface = self.reading.text[place.start : place.end]
        origin = self._origin(result)
        row = (control.name, region, place.start, place.end, label, surface, self._score(result, origin), origin)
        self.rows.spans.append(row)

    def _origin(self, result: Json) -> str:
        if self.model:
            return "model"
        told = result.get("origin")
        if isinstance(told, str) and told in _ORIGINS:
            return _ORIGINS[told]
        was = self.suggested.get(_name(result.get("id")))  # made through the API, which tells no origin
        if was is None:
            return "manual"
        return "accepted" if same_answer(was, result) else "edited"

    def _score(self, result: Json, origin: str) -> float | None:
        """A model's confidence in what a model said; a person's answer has none."""
        score = result.get("score")
        if origin not in ("model", "accepted") or isinstance(score, bool) or not isinstance(score, int | float):
            return None
        return float(score) if math.isfinite(score) else None

    # What is no span

    def _choice(self, result: Json, control: Control, region: str) -> None:
        per_region = _drawn(result) or control.per_region
        if per_region and region in self.lost:
            self._refuse("unknown_region", f"control '{control.name}': its span was refused", result)
            return
        known = self.reader.labels(control)
        answers = _labels_of(control, result)
        if not answers:
            self._refuse("missing_answer", f"control '{control.name}'", result)
        score = self._score(result, self._origin(result))
        for answer in answers:
            if known is not None and answer not in known:
                self._refuse("unknown_label", f"control '{control.name}', label '{_short(answer)}'", result, 1)
                continue
            span_id = region if per_region else None
            self.rows.choices.append((control.name, span_id, control.target, _KINDS[control.kind], answer, score))

    def _relation(self, result: Json, named: set[str]) -> None:
        ends = (result.get("from_id"), result.get("to_id"))
        lost = [end for end in ends if not isinstance(end, str) or end not in named or end in self.lost]
        if lost:
            self._refuse("unknown_region", f"relation to '{_short(lost[0])}'", result)
            return
        direction = result.get("direction", "right")
        if direction not in ("right", "left", "bi"):
            self._refuse("malformed_result", f"direction '{_short(direction)}' of a relation", result)
            return
        labels = result.get("labels")
        known = self.reader.relation_labels
        for label in labels if isinstance(labels, list) and labels else [None]:
            if label is not None and (not isinstance(label, str) or (known is not None and label not in known)):
                self._refuse("unknown_label", f"relation label '{_short(label)}'", result, 1)
            else:
                self.rows.relations.append((str(ends[0]), str(ends[1]), direction, label or None))


def _labels_of(control: Control, result: Json) -> list[str]:
    """The answers of a result as strings; as many as `_answers` counts, or none."""
    given = result["value"].get(control.value_key) if isinstance(result.get("value"), dict) else None
    if given is None:
        return []
    return [_answer(one) for one in (given if isinstance(given, list) else [given])]


def _answer(value: Any) -> str:
    """One answer: a path joined, a number as its shortest decimal, anything else as it is written."""
    if isinstance(value, list):
        return path_label([_answer(part) for part in value])
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def _drawn(result: Json) -> bool:
    value = result.get("value")
    return isinstance(value, dict) and "start" in value and "end" in value


def _is_labels(reader: LayerReader, result: Json) -> bool:
    found = reader.control(result)
    return found is not None and found[0].kind == "labels"


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else None


def _name(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
