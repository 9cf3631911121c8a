"""What the readers share: bytes as text, lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import SourceFile


def text_of(file: SourceFile) -> str:
    """A file's text. Raises UsageError when it is not UTF-8."""
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise UsageError(f"{file.path} is not UTF-8 (byte {e.start}).", "Save it as UTF-8, or export it again.") from e


def json_of(file: SourceFile) -> Any:
    """A file's JSON. Raises UsageError for anything else."""
    try:
        return json.loads(text_of(file))
    except (ValueError, RecursionError) as e:
        raise UsageError(f"{file.path} is not valid JSON.", "Export it again.") from e


def json_records(file: SourceFile) -> Iterator[dict[str, Any]]:
    """The records of a JSONL file, or of a JSON list. Raises UsageError naming the line that is none."""
    text = text_of(file)
    if text.lstrip().startswith("["):
        records = json_of(file)
        lines: Iterator[tuple[int, Any]] = enumerate(records if isinstance(records, list) else (), start=1)
    else:
        lines = ((n, _line(file, n, line)) for n, line in enumerate(text.split("\n"), start=1) if line.strip())
    for number, record in lines:
        if not isinstance(record, dict):
            raise UsageError(f"{file.path}, record {number}: no JSON object.", "Export it again as JSONL.")
        yield record


def _line(file: SourceFile, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as e:
        raise UsageError(f"{file.path}, line {number}: not valid JSON.", "Export it again as JSONL.") from e


def whole(value: Any) -> int | None:
    """A whole number, None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else None


def as_line(value: Any) -> str:
    """A value that could not be read, as one line of JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
