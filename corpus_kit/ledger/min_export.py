"""Label Studio's other JSON: JSON_MIN, and the files of a target storage, as tasks.

JSON_MIN lays answers and the task's data side by side. Which keys are answers, the layer's config says; without a layer,
spans are known by their shape. It tells no ids of regions and no relations.
"""

from __future__ import annotations

from typing import Any

from corpus_kit.core.layers import Control, Layer

Json = dict[str, Any]

_OF_ANNOTATION = ("annotation_id", "annotator", "created_at", "updated_at", "lead_time", "unique_id")
_LABEL_KEYS = ("labels", "hypertextlabels", "paragraphlabels")


def is_min(item: Json) -> bool:
    """Whether an item without `data` is one of JSON_MIN."""
    return (
        "annotation_id" in item
        or {"annotator", "lead_time"} <= item.keys()
        or {"annotator", "created_at"} <= item.keys()
    )


def stored_annotation(item: Any) -> Json | None:
    """The task in a file of a target storage, with its annotation; None for anything else."""
    if not isinstance(item, dict) or not isinstance(item.get("task"), dict) or "result" not in item:
        return None
    task = item["task"]
    if not isinstance(task.get("data"), dict):
        return None
    made: Json = task | {"annotations": [{key: value for key, value in item.items() if key != "task"}]}
    return made


def task_of_min(item: Json, layer: Layer | None) -> Json:
    """One item of JSON_MIN as a task with one annotation."""
    results, data = [], {}
    for key, value in item.items():
        control = layer.control(key) if layer else None
        if control is not None or _is_spans(value):
            results += _results(key, value, control, layer)
        elif key not in (*_OF_ANNOTATION, "id"):
            data[key] = value
    annotation: Json = {"id": item.get("annotation_id"), "result": results, "was_cancelled": False}
    annotation |= {key: item[key] for key in _OF_ANNOTATION[2:] if key in item}
    if item.get("annotator") is not None:
        annotation["completed_by"] = item["annotator"]
    return {"id": item.get("id"), "data": data, "annotations": [annotation]}


def _is_spans(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and "start" in one and "end" in one for one in value)
    )


def _results(key: str, value: Any, control: Control | None, layer: Layer | None) -> list[Json]:
    """The answers of one control."""
    kind = control.result_type if control else "labels"
    shown = layer.text_object.name if layer else "text"
    base = {"from_name": key, "to_name": shown, "type": kind}
    if _is_spans(value):
        made = []
        for number, one in enumerate(value):
            own = next((k for k in _LABEL_KEYS if k in one), kind)
            made.append(base | {"type": own, "id": f"{key}-{number}", "value": one})
        return made
    if control is None:
        return []
    if isinstance(value, dict) and "choices" in value:  # several answers of one control
        value = value["choices"]
    if value in (None, "", []):
        return []
    several = control.kind in ("choices", "textarea", "taxonomy")
    given = value if isinstance(value, list) or not several else [value]
    return [base | {"id": key, "value": {control.value_key: given}}]
