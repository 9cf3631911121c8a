"""The Python page: `Corpus` and what its methods return, from their signatures and docstrings."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

from corpus_kit.core.workspace import Workspace
from corpus_kit.corpus import BuildResult, Corpus, ExportResult


def api() -> str:
    """`Corpus` method by method, then the results of build and export."""
    parts = [_class(Corpus)]
    members = {name: one for kind in (Workspace, *Corpus.__bases__, Corpus) for name, one in vars(kind).items()}
    for name, member in members.items():
        if name.startswith("_") or name in {f.name for f in dataclasses.fields(Corpus)}:
            continue
        function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if inspect.isfunction(function):
            parts.append(_method(name, function))
    return "\n\n".join([*parts, _class(BuildResult), _class(ExportResult)])


def _class(kind: type[Any]) -> str:
    return f"## `{kind.__name__}`\n\n{_words(kind)}"


def _method(name: str, function: Any) -> str:
    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    returns = (
        ""
        if signature.return_annotation is signature.empty
        else f" -> {signature.return_annotation}".replace("Self", "Corpus")
    )
    one_line = f"Corpus.{name}({', '.join(_pieces(parameters))}){returns}"
    if len(one_line) > 100:
        inner = ",\n".join(f"    {piece}" for piece in _pieces(parameters))
        one_line = f"Corpus.{name}(\n{inner},\n){returns}"
    return f"### `Corpus.{name}`\n\n```python\n{one_line}\n```\n\n{_words(function)}"


def _pieces(parameters: list[inspect.Parameter]) -> list[str]:
    """Parameters as they are written in a call, with the star before those that go by name only."""
    pieces, starred = [], False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            pieces.append("*")
            starred = True
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        pieces.append(f"{parameter.name}: {parameter.annotation}{default}".replace("'", '"'))
    return pieces


def _words(thing: Any) -> str:
    """The docstring as Markdown: underlined section names become bold, examples become code."""
    text = inspect.getdoc(thing) or ""
    text = re.sub(r"^(Args|Returns|Raises|Attributes):\n((?: +.*\n?)+)", _section, text, flags=re.MULTILINE)
    text = re.sub(r"^(\w[\w ]*)\n-{3,}$", r"**\1**\n", text, flags=re.MULTILINE)
    return re.sub(r"((?:^>>> .*\n?)+)", lambda m: f"```pycon\n{m[1].strip()}\n```\n", text, flags=re.MULTILINE)


def _section(match: re.Match[str]) -> str:
    """A section of a docstring as a list: each entry starts at the least indent."""
    entries = re.sub(r"^ {4}(?=\S)", "- ", match[2], flags=re.MULTILINE)
    entries = re.sub(r"^ {8,}", "  ", entries, flags=re.MULTILINE)
    return f"**{match[1]}**\n\n{entries}"
