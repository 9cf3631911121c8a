"""Which settings a file is read with: those of `[input]`, and of the first entry of `[[input.files]]` that matches it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from corpus_kit.ingest.formats.base import Limits, ReadSettings
from corpus_kit.ingest.presets import PRESETS

if TYPE_CHECKING:
    from corpus_kit.core.config import FileRule, Input


@dataclass(frozen=True, slots=True)
class Rules:
    """default: how a file is read that no entry matches. entries: (glob, reading), the first that matches counts."""

    default: ReadSettings
    entries: tuple[tuple[str, ReadSettings], ...] = ()

    def of(self, path: str) -> ReadSettings:
        """The reading of a file by its path below the raw root."""
        for glob, reading in self.entries:
            if pattern_of(glob).fullmatch(path):
                return reading
        return self.default

    def named(self, path: str) -> str:
        """The format that the settings give a file, "" for none."""
        return self.of(path).format if self.entries else self.default.format


def make_rules(settings: Input) -> Rules:
    """The rules of `[input]`."""
    limits = Limits(**{field.name: getattr(settings, field.name) for field in fields(Limits)})
    default = ReadSettings(settings.columns.model_dump(), limits, date_format=settings.date_format, join=settings.join)
    return Rules(default, tuple((rule.glob, reading_of(rule, default)) for rule in settings.files))


def reading_of(rule: FileRule, default: ReadSettings) -> ReadSettings:
    """How the files of one entry are read: its own settings, then its preset's, then those of `[input]`."""
    preset = PRESETS.get(rule.preset, {})
    own: dict[str, Any] = {k: v for k, v in preset.items() if k != "columns"}
    for name in ("format", "encoding", "records", "header_block"):
        if value := getattr(rule, name):
            own[name] = value
    for name in ("delimiter", "quote", "escape", "header", "join"):
        if (value := getattr(rule, name)) is not None:
            own[name] = value
    if rule.date_format:
        own["date_format"] = rule.date_format
    columns = default.columns | preset.get("columns", {})
    columns |= {name: value for name, value in rule.columns.model_dump().items() if value}
    return replace(default, columns=columns, **own)


@lru_cache(maxsize=256)
def pattern_of(glob: str) -> re.Pattern[str]:
    """A glob over POSIX paths: `*` and `?` within a folder, `**` over folders, `[...]`, `{a,b}`.

    Without a slash it is about the file's name in any folder.
    """
    if "/" not in glob:
        glob = "**/" + glob
    out, i, depth = "", 0, 0
    while i < len(glob):
        c = glob[i]
        if glob.startswith("**/", i):
            out, i = out + "(?:[^/]+/)*", i + 3
            continue
        if glob.startswith("**", i):
            out, i = out + ".*", i + 2
            continue
        if c == "*":
            out += "[^/]*"
        elif c == "?":
            out += "[^/]"
        elif c == "[" and (end := glob.find("]", i + 2)) > 0:
            inner = glob[i + 1 : end].replace("\\", "\\\\")
            out += "[" + ("^" + inner[1:] if inner[0] == "!" else inner) + "]"
            i = end
        elif c == "{" and "}" in glob[i:]:
            out, depth = out + "(?:", depth + 1
        elif c == "}" and depth:
            out, depth = out + ")", depth - 1
        elif c == "," and depth:
            out += "|"
        else:
            out += re.escape(c)
        i += 1
    return re.compile(out, re.DOTALL)
