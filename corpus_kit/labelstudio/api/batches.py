"""Tasks on their way in: packed into request bodies by count and by bytes, encoded once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from corpus_kit.core.errors import ServiceError
from corpus_kit.labelstudio.api.wire import encoded

Json = dict[str, Any]
BATCH_TASKS, BATCH_BYTES = 1000, 16 << 20
LARGEST_BODY = 200 << 20
"""Bytes; the server answers a body over 250 MiB with a misleading 500."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Tasks for one import request. start: index of the first one. count: how many. body: their JSON array."""

    start: int
    count: int
    body: bytes


def pack(tasks: Iterable[Json], *, most_tasks: int = BATCH_TASKS, most_bytes: int = BATCH_BYTES) -> Iterator[Batch]:
    """Tasks as import batches, as large as both limits allow; memory holds one batch.

    Raises
    ------
    UsageError: a task that can't be sent (`encoded`). ServiceError: a task larger than the server takes.
    """
    parts: list[bytes] = []
    start = size = 0
    for task in tasks:
        part = encoded(task) or b"null"
        if len(part) > LARGEST_BODY:
            raise ServiceError(
                f"Task {start + len(parts)} has {len(part) >> 20} MiB; Label Studio takes {LARGEST_BODY >> 20}.",
                "Split that document.",
            )
        if parts and (len(parts) == most_tasks or size + len(part) > most_bytes):
            yield Batch(start, len(parts), b"[" + b",".join(parts) + b"]")
            start, parts, size = start + len(parts), [], 0
        parts.append(part)
        size += len(part) + 1
    if parts:
        yield Batch(start, len(parts), b"[" + b",".join(parts) + b"]")
