"""Answers that models propose, as results of a prediction: about the document, or about a span that is offered too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from corpus_kit.core.labelconfig import Control
from corpus_kit.core.layers import Layer
from corpus_kit.core.storage.tables import scan
from corpus_kit.labelstudio.api.batches import Json
from corpus_kit.labelstudio.sync.answers import answer_value

_COLUMNS = ("start", "end", "control", "value", "surface", "score")
_CLOSED = ("choices", "taxonomy")


class Offered(NamedTuple):
    """One answer. start, end, surface: of the span it is about; None where it is about the document."""

    start: int | None
    end: int | None
    control: str
    value: str
    surface: str | None
    score: float


class OfferedAnswers:
    """The rows of `suggested_choices` of one layer."""

    def __init__(self, data: Path, layer: Layer) -> None:
        self._controls = {c.name: c for c in layer.controls}
        frame = scan(data / "suggestions", "suggested_choices")
        self._frame = None if frame is None else frame.filter(pl.col("layer") == layer.name)

    def models(self) -> set[tuple[str, str]]:
        """(model, version) of all rows."""
        if self._frame is None:
            return set()
        return set(self._frame.select("model", "model_version").unique().collect().iter_rows())

    def of(self, texts: Mapping[str, str]) -> dict[str, tuple[Offered, ...]]:
        """doc_id → its answers in order. texts: doc_id → hash of the text they must be about. An answer that the present
        config does not have is left out."""
        if self._frame is None or not texts:
            return {}
        ids = pl.Series([list(texts)], dtype=pl.List(pl.String))
        rows = self._frame.filter(pl.col("doc_id").is_in(ids)).select("doc_id", "text_sha256", *_COLUMNS).collect()
        found: dict[str, list[Offered]] = {}
        for doc_id, sha256, *values in rows.iter_rows():
            one = Offered(*values)
            if sha256 == texts[doc_id] and self._fits(one):
                found.setdefault(doc_id, []).append(one)
        return {doc_id: tuple(sorted(each, key=_order)) for doc_id, each in found.items()}

    def results(self, answers: Iterable[Offered], spans: Mapping[tuple[int, int], str]) -> list[Json]:
        """As Label Studio takes them: the answers to one question are one result. spans: place → id of its result."""
        questions: dict[tuple[str, int | None, int | None], list[Offered]] = {}
        for one in answers:
            questions.setdefault((one.control, one.start, one.end), []).append(one)
        made = []
        for (name, start, end), given in questions.items():
            control = self._controls[name]
            value: Json = {control.value_key: answer_value(control, [one.value for one in given])}
            region = f"answer-{name}"
            if start is not None and end is not None:
                if (start, end) not in spans:
                    continue
                region = spans[start, end]
                value = {"start": start, "end": end, "text": given[0].surface} | value
            made.append(_result(control, region, value, given))
        return made

    def _fits(self, one: Offered) -> bool:
        control = self._controls.get(one.control)
        if control is None or (control.per_region is not (one.start is not None)):
            return False
        return control.kind not in _CLOSED or control.dynamic or one.value in control.labels


def _order(one: Offered) -> tuple[object, ...]:
    return (-1 if one.start is None else one.start, one.end or 0, one.control, one.value)


def _result(control: Control, region: str, value: Json, given: Sequence[Offered]) -> Json:
    return {
        "id": region,
        "from_name": control.name,
        "to_name": control.to_name[0],
        "type": control.result_type,
        "value": value,
        "score": sum(one.score for one in given) / len(given),
    }
