"""The walls of DESIGN.md: imports point one way, heavy libraries stay in their rooms, modules fit one sitting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "corpus_kit"
ROOMS = ("ingest", "suggest", "labelstudio", "agreement", "release", "report")
ONLY_IN = {"label_studio_sdk": "labelstudio", "datasets": "release", "dask": "core", "distributed": "core"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide which way they point"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "corpus_kit" else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_point_down(path: Path) -> None:
    here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module in _imports(path):
        room = _room(module)
        if here == "core":
            assert room in ("", "core", "__version__"), f"core imports {module}"
        elif here in ROOMS:
            assert room in ("", "core", here, "__version__"), f"the room {here} imports {module}"
        elif here in ("corpus", "building"):
            assert room != "cli", f"Corpus imports {module}"
        top = module.split(".")[0]
        if top in ONLY_IN and here != "cli":
            assert here == ONLY_IN[top], f"{top} belongs to {ONLY_IN[top]}/, {path} imports it"
        if top in ("dask", "distributed"):
            assert path == PACKAGE / "core" / "cluster.py", f"{path} imports {top}"


def test_the_command_line_reaches_the_rooms_through_corpus_only() -> None:
    for path in (PACKAGE / "cli").rglob("*.py"):
        for module in _imports(path):
            assert _room(module) in ("", "cli", "core", "corpus", "__version__", "Corpus"), f"{path} imports {module}"


def test_no_module_is_longer_than_one_sitting() -> None:
    long = {p.relative_to(PACKAGE).as_posix(): len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}
    assert {name: n for name, n in long.items() if n > 450} == {}


def test_library_code_neither_prints_nor_exits() -> None:
    for path in MODULES:
        if path.relative_to(PACKAGE).parts[0] in ("cli", "__main__.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                assert name not in ("print", "sys.exit", "exit", "quit"), f"{path}:{node.lineno} calls {name}"
