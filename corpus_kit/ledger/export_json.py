"""Label Studio's JSON, of any version since 1.0, read task by task: memory holds one task, whatever the file's size.

A file is a list of tasks, one task, JSON Lines, `{"tasks": …}`, or what a target storage writes: an annotation with its
task in it. JSON_MIN is read too (`min_export`). Python's own JSON scanner does the work, so what is read is what stands
there: unknown keys, big numbers, halves of surrogate pairs; nothing is normalised.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import UsageError
from corpus_kit.core.layers import Layer
from corpus_kit.ledger.min_export import is_min, stored_annotation, task_of_min

Json = dict[str, Any]

CHUNK_BYTES = 1 << 20
_SPACE = re.compile(r"[ \t\n\r]*")
_HINT = "Export the project again and choose the format JSON, the first of the list; every other one leaves things out."
_DECODER = json.JSONDecoder()


def read_tasks(path: Path, digest: Any = None, layer: Layer | None = None) -> Iterator[Json]:
    """The tasks of an export in order. layer: whose controls the answers of a JSON_MIN export belong to.

    digest: a hashlib object that gets every byte, so that one reading also tells the file's hash.
    Raises UsageError when the file is not a whole JSON document in UTF-8 with tasks in it; tasks that came before are
    yielded before.
    """
    _refuse_binary(path)
    text = _Text(path, digest)
    first = text.peek()
    if first == "[":
        text.take("[")
        number = 0
        while text.peek() != "]":
            if number:
                text.take(",")
            number += 1
            yield from _tasks(text.value(), path, number, layer)
        text.take("]")
    elif first == "{":
        number = 0
        while text.peek() == "{":  # JSON Lines, or one task
            number += 1
            yield from _tasks(text.value(), path, number, layer)
    else:
        raise UsageError(f"{path.name} {_other_form(first, path)}.", _HINT)
    if text.peek():
        raise UsageError(f"{path.name} goes on after its end, at {text.place()}.", _HINT)


def _refuse_binary(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PK\x03\x04":
        raise UsageError(f"{path.name} is a ZIP archive.", "Unpack it, and import the JSON in it.")
    if head[:2] == b"\x1f\x8b" or head == b"\x28\xb5\x2f\xfd":
        raise UsageError(f"{path.name} is compressed.", "Unpack it first: `gunzip` or `zstd -d`.")
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise UsageError(f"{path.name} is UTF-16.", "Save it as UTF-8, or export it again.")


def _other_form(first: str, path: Path) -> str:
    """What a file is that is no JSON list or object, as far as its beginning and name tell."""
    with path.open("rb") as file:
        head = file.read(4096)
    line = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    if not first:
        return "is empty"
    if first == "<":
        return "is a page of HTML or XML, perhaps a login page that was saved instead of the export"
    if line.startswith("-DOCSTART-") or path.suffix.lower() in (".conll", ".conll2003"):
        return "is a CoNLL export, which has lost characters and nested spans"
    if path.suffix.lower() in (".csv", ".tsv") or any(line.count(mark) > 1 for mark in (",", "\t")):
        return "looks like a CSV or TSV export, in which offsets and several labels on a span are lost"
    return "does not begin with a list of tasks or a task"


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def results_of(annotation: Json) -> list[Any]:
    """The `result` list of an annotation, draft or prediction; what is no list counts as one odd result."""
    result = annotation.get("result")
    if result is None:
        return []
    return result if isinstance(result, list) else [result]


def annotations_in(task: Json) -> list[Any]:
    """The annotations of a task, under their name since 1.0 or the older `completions`."""
    return [a for key in ("annotations", "completions") for a in _list(task.get(key))]


def drafts_in(task: Json) -> list[Json]:
    """The drafts that were exported whole; bare ids tell nothing."""
    return [d for d in _list(task.get("drafts")) if isinstance(d, dict)]


def predictions_in(task: Json) -> list[Json]:
    """The predictions that were exported whole; bare ids tell nothing."""
    return [p for p in _list(task.get("predictions")) if isinstance(p, dict) and "result" in p]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _tasks(value: Any, path: Path, number: int, layer: Layer | None) -> Iterator[Json]:
    """The task of one item, or those of an object that wraps a list of them."""
    if isinstance(value, dict) and isinstance(value.get("data"), dict):
        yield value
        return
    if isinstance(value, dict) and isinstance(value.get("tasks"), list):
        for nth, inner in enumerate(value["tasks"], start=1):
            yield from _tasks(inner, path, nth, layer)
        return
    stored = stored_annotation(value)
    if stored is not None:
        yield stored
    elif isinstance(value, dict) and is_min(value):
        yield task_of_min(value, layer)
    else:
        tool = _other_tool(value)
        if tool:
            raise UsageError(
                f"{path.name} looks like a file of {tool}, not an export of Label Studio.",
                f"Bring it in with `corpus-kit import --from {tool.lower()} {path.name} --layer LAYER`.",
            )
        if isinstance(value, dict) and {"images", "categories"} <= set(value):
            raise UsageError(f"{path.name} is a COCO export, which is of images.", _HINT)
        raise UsageError(f"Item {number} of {path.name} is no task: it has no `data`.", _HINT)


def _other_tool(value: Any) -> str:
    """The tool whose records look like this one; "" for none that is known."""
    if isinstance(value, list):
        return "spaCy" if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict) else ""
    if not isinstance(value, dict):
        return ""
    if "@context" in value and ("target" in value or "body" in value):
        return "W3C"
    if isinstance(value.get("text"), str):
        if {"_input_hash", "_task_hash", "answer", "_view_id"} & set(value):
            return "Prodigy"
        if any(isinstance(value.get(key), list) for key in ("label", "labels", "entities", "annotations", "cats")):
            return "doccano"
        if isinstance(value.get("ents"), list):
            return "spaCy"
    return ""


class _Text:
    """A file's text with a window that moves on; a value that is not whole yet makes the window grow, doubling."""

    def __init__(self, path: Path, digest: Any) -> None:
        self.path, self.digest = path, digest
        self._file = path.open("rb")
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._window, self._at, self._passed, self._ended = "", 0, 0, False

    def peek(self) -> str:
        """The next character that is no white space, "" at the end."""
        while True:
            self._at = _SPACE.match(self._window, self._at).end()  # type: ignore[union-attr]  # it matches nothing at least
            if self._at < len(self._window):
                return self._window[self._at]
            if self._ended:
                return ""
            self._read(CHUNK_BYTES)

    def take(self, mark: str) -> None:
        if self.peek() != mark:
            raise UsageError(f"{self.path.name} is not valid JSON: no '{mark}' at {self.place()}.", _HINT)
        self._at += 1

    def value(self) -> Any:
        self.peek()
        size = CHUNK_BYTES
        while True:
            try:
                value, end = _DECODER.raw_decode(self._window, self._at)
            except (ValueError, RecursionError) as e:
                # Cut off or wrong? Only the whole file can tell, except that a fault far from the end is a fault.
                if self._ended or not isinstance(e, json.JSONDecodeError) or self._is_fault(e, size):
                    raise UsageError(f"{self.path.name} is not valid JSON: {self._fault(e)}.", _HINT) from e
                self._read(size)
                size *= 2
                continue
            self._at = end
            return value

    def place(self) -> str:
        return f"character {self._passed + self._at}"

    def _is_fault(self, error: json.JSONDecodeError, reach: int) -> bool:
        return error.pos < len(self._window) - reach and "nterminated" not in error.msg

    def _fault(self, error: Exception) -> str:
        if isinstance(error, json.JSONDecodeError):
            return f"{error.msg} at character {self._passed + error.pos}"
        return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)

    def _read(self, size: int) -> None:
        raw = self._file.read(size)
        if self.digest is not None:
            self.digest.update(raw)
        try:
            more = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as e:
            raise UsageError(f"{self.path.name} is not UTF-8.", "Save it as UTF-8, or export it again.") from e
        if not raw:
            self._ended = True
            self._file.close()
        self._passed += self._at
        self._window, self._at = self._window[self._at :] + more, 0
