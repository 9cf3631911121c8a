"""`core/offsets` is the one place that converts between counts of characters: no one else counts UTF-16."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "corpus_kit"


def calls(path: Path) -> Iterator[tuple[str, list[object]]]:
    """Name of each method called, and its constant arguments."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, [arg.value for arg in node.args if isinstance(arg, ast.Constant)]


def converts(path: Path) -> list[str]:
    """Texts written as UTF-16, whose length is the count that JavaScript has; raw files are decoded, never encoded."""
    return [
        f"{name}{tuple(arguments)!r}"
        for name, arguments in calls(path)
        if name == "encode" and any(str(a).lower().replace("_", "-").startswith("utf-16") for a in arguments)
    ]


def test_no_other_module_converts_offsets() -> None:
    here = {path.relative_to(PACKAGE).as_posix(): found for path in PACKAGE.rglob("*.py") if (found := converts(path))}
    assert [name for name in here if name.startswith("core/offsets/")], "the test sees the one that does"
    assert {name: found for name, found in here.items() if not name.startswith("core/offsets/")} == {}
