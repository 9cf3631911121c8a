"""One result of an annotation as JSON: its ids, the suggestion it was made from, and whether two say the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from corpus_kit.ledger.export_json import Json, results_of

_IDS = ("id", "from_id", "to_id")


def without_addresses(result: Any) -> Any:
    """A result whose ids are no address of anybody: such an id would stand in the tables."""
    if not isinstance(result, dict):
        return result
    odd = {key: result[key] for key in _IDS if isinstance(result.get(key), str) and "@" in result[key]}
    if not odd:
        return result
    hashes = {key: hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest() for key, value in odd.items()}
    return result | {key: value[:16] for key, value in hashes.items()}


def suggested_results(annotation: Json) -> Mapping[str, Json]:
    """The suggestion's results by id, where the annotation was made from one."""
    snapshot = annotation.get("prediction")
    if annotation.get("parent_prediction") is None or not isinstance(snapshot, dict):
        return {}
    return {r["id"]: r for r in results_of(snapshot) if isinstance(r, dict) and isinstance(r.get("id"), str)}


def same_answer(one: Json, other: Json) -> bool:
    """Whether two results of one control say the same, wherever the words are."""

    def answer(result: Json) -> Any:
        value = result.get("value")
        shown = (
            {k: v for k, v in value.items() if k != "text" or "start" not in value}
            if isinstance(value, dict)
            else value
        )
        return result.get("from_name"), result.get("type"), shown

    return bool(answer(one) == answer(other))
