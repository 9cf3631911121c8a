"""Where a value is in a record: a field's name, or a path such as `data.text` or `items[].body`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

NULL_WORDS = frozenset({"nan", "none", "null", "n/a", "<na>", "nat", "#n/a", "undefined", "\\n"})
"""What tools write where there is no value, in small letters."""
_PARAGRAPHS = "\n\n"


class NameOf(str):
    """The name of a field that a record does not have."""


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A path into nested fields. steps: names of fields; "[]" stands for every element of a list."""

    steps: tuple[str, ...]

    @staticmethod
    @lru_cache(maxsize=256)
    def of(path: str) -> FieldPath:
        """Read `data.text` or `items[].body`."""
        steps: list[str] = []
        for part in path.split("."):
            name = part.rstrip("[]") if part.endswith("[]") else part
            if name:
                steps.append(name)
            steps += ["[]"] * ((len(part) - len(name)) // 2)
        return FieldPath(tuple(steps))

    def get(self, fields: Any) -> Any:
        """The value there; a list where the path goes through one; `NameOf` where there is none."""
        return _get(fields, self.steps)

    def without(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields but for the value there."""
        kept = _without(fields, self.steps)
        return kept if isinstance(kept, dict) else {}


def _get(value: Any, steps: tuple[str, ...]) -> Any:
    for index, step in enumerate(steps):
        if step == "[]":
            if not isinstance(value, list):
                return NameOf(step)
            found = [_get(element, steps[index + 1 :]) for element in value]
            flat: list[Any] = []
            for one in found:
                if isinstance(one, list):
                    flat += one
                elif not isinstance(one, NameOf) and one is not None:
                    flat.append(one)
            return flat
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return NameOf(step)
    return value


def _without(value: Any, steps: tuple[str, ...]) -> Any:
    """`value` without what the steps lead to; a part that holds nothing else is left out too."""
    if not steps:
        return None
    step, rest = steps[0], steps[1:]
    if step == "[]" and isinstance(value, list):
        kept = [_without(element, rest) for element in value]
        return kept if any(k not in (None, {}, []) for k in kept) else None
    if isinstance(value, dict) and step in value:
        inner = _without(value[step], rest)
        others = {k: v for k, v in value.items() if k != step}
        return others | {step: inner} if inner not in (None, {}, []) else others
    return value


def take_text(fields: dict[str, Any], path: FieldPath, join: str | None) -> tuple[Any, dict[str, Any]]:
    """The text at a path, and the other fields.

    Args:
        fields: A record.
        path: Where its text is.
        join: What stands between the parts where the path goes through a list.

    Returns:
        The text, or `NameOf` where there is no such field; the fields without it.
    """
    if len(path.steps) < 2:
        return NameOf(""), fields
    value = path.get(fields)
    if isinstance(value, NameOf):
        return value, fields
    if "[]" in path.steps and isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = (_PARAGRAPHS if join is None else join).join(value)
    return value, path.without(fields)


def choose(fields: dict[str, Any], name: str) -> str:
    """Of `a|b`, the first that a record has with a value, else the first that it has, else the first."""
    if "|" not in name or name in fields:
        return name
    names = [n.strip() for n in name.split("|")]
    filled = (n for n in names if lookup(fields, n) not in (None, ""))
    return next(filled, next((n for n in names if n in fields), names[0]))


def lookup(fields: dict[str, Any], name: str) -> Any:
    """The value of a field by its name or path, None where there is none."""
    if name in fields:
        return fields[name]
    if "." not in name and "[" not in name:
        return None
    value = FieldPath.of(name).get(fields)
    return None if isinstance(value, NameOf) else value


def drop(fields: dict[str, Any], name: str) -> None:
    """Take a field out of a record, by its name or path."""
    if name in fields:
        del fields[name]
        return
    kept = FieldPath.of(name).without(fields)
    fields.clear()
    fields.update(kept)


def nested_names(fields: dict[str, Any], depth: int = 2) -> Iterator[str]:
    """The names of a record's fields, and the paths of those within them, the outer ones first."""
    yield from fields
    if depth:
        for name, value in fields.items():
            inner, mark = value, name
            if isinstance(value, list) and value and isinstance(value[0], dict):
                inner, mark = value[0], name + "[]"
            if isinstance(inner, dict) and len(inner) <= 100:
                yield from (f"{mark}.{below}" for below in nested_names(inner, depth - 1))


def is_studio_task(value: Any) -> bool:
    """Whether a record is a task of a Label Studio export: its data and people's answers."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("data"), dict)
        and any(isinstance(value.get(key), list) for key in ("annotations", "completions"))
    )


def is_null_word(value: str) -> bool:
    """Whether a value is a word that tools write where there is none: nan, None, NULL, N/A."""
    word = value.strip()
    return word == "NA" or word.casefold() in NULL_WORDS
