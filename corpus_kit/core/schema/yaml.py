"""YAML 1.2's core types, read strictly: `no`, `on` and `010` stay strings, a key written twice is an error.

YAML 1.1, which PyYAML reads by default, turns the country code of Norway into False and the first of two equal keys
into nothing. The mappings remember their lines, so that an error can name the place.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from corpus_kit.core.errors import ConfigError

_DEEPEST = 50
LOOK = (
    "A contract tells of every column its `dtype` and whether it is `nullable`, and rules stand below `checks:`; "
    "`corpus-kit init DIR` writes contracts to go by."
)


class LinedDict(dict[str, Any]):
    """A mapping that remembers on which lines it and its keys stood, counted from 1."""

    line: int
    lines: dict[str, int]


# libyaml's parser where PyYAML was built with it: the same events in a tenth of the time.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):  # type: ignore[misc]  # one of two classes, chosen at run time
    """YAML 1.2's core types only: no dates, no `yes/no/on/off`, no octal by a leading zero, no merge keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - pyyaml's own protocol


_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def _construct_mapping(loader: _StrictLoader, node: yaml.MappingNode) -> LinedDict:
    result = LinedDict()
    result.line, result.lines = node.start_mark.line + 1, {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        mark = key_node.start_mark
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is not a string", mark)
        if key in result:
            raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' occurs twice", mark)
        result.lines[key] = mark.line + 1
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)


def _depth(text: str) -> int:
    """How deep collections lie in each other. Looked at first: libyaml's composer recurses in C, where no error stops it."""
    depth = deepest = 0
    for event in yaml.parse(text, _StrictLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            deepest = max(deepest, depth)
            if deepest > _DEEPEST:
                break
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return deepest


def read_strict_yaml(path: Path) -> LinedDict:
    """The file's top mapping. Raises ConfigError that names file and line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as e:
        hint = "Copy it from a fresh corpus: `corpus-kit init DIR` writes DIR/schemas."
        raise ConfigError(f"{path}: there is no such contract.", hint) from e
    except OSError as e:
        raise ConfigError(f"{path} cannot be read: {e.strerror}.", "Check the path and its permissions.") from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path} is not UTF-8 text.", "Save the file as UTF-8.") from e
    try:
        if _depth(text) > _DEEPEST:
            raise ConfigError(f"{path}: the YAML is nested without end.", LOOK)
        top = yaml.load(text, _StrictLoader)
    except yaml.YAMLError as e:
        mark, problem = getattr(e, "problem_mark", None), getattr(e, "problem", None) or "it is not YAML"
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{path}{line}: {problem}.", "Fix the YAML at that place.") from e
    if not isinstance(top, LinedDict) or not top:
        raise ConfigError(f"{path}: a contract must be a mapping that is not empty.", LOOK)
    return top
