"""How a reader says that it cannot take something: caught by the shard function, which writes the `rejected` row."""

from __future__ import annotations


class Refusal(Exception):
    """A reason code of `core.reasons` and where exactly, without whole texts. Never leaves this room."""

    def __init__(self, reason: str, detail: str, *, raw_sha256: str | None = None) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail, self.raw_sha256 = reason, detail, raw_sha256
