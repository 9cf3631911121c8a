"""The code behind a model: which files would run, found without running any, and run from the very bytes that were hashed.

`python:MODULE:CLASS` names a module in the corpus or an installed one. What a module of the corpus imports from the corpus
belongs to it; nothing else of the corpus can be imported while it runs, so that a file called `struct.py` beside it does
nothing. Byte code that lies in the corpus is not used, and none is written there.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    ExtensionFileLoader,
    ModuleSpec,
    PathFinder,
    SourceFileLoader,
)
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from corpus_kit.core.errors import CorpusKitError, ModelError, UsageError
from corpus_kit.core.trust import Code

MOST_FILES = 10_000


def code_of(spec: str, root: Path | None) -> Code | None:
    """What a model runs or loads; None for an installed spaCy pipeline, a downloaded model, and what does not exist.

    Args:
        spec: The model as it is written in `corpus.toml`.
        root: The corpus, None without one.

    Raises:
        UsageError: The model's folder has too many files, or links to another folder.
    """
    kind, _, name = spec.partition(":")
    if kind == "python":
        return _module_code(spec, name.partition(":")[0], root)
    folder = model_folder(name, root) if name else None
    return _folder_code(spec, folder) if folder is not None else None


def model_folder(name: str, root: Path | None) -> Path | None:
    """The folder or file that a name means: in the corpus first, then from the working folder; None for other names."""
    for path in (root / name if root is not None else None, Path(name)):
        if path is not None and path.exists():
            return path.resolve()
    return None


def import_module_of(code: Code, module: str, root: Path | None) -> ModuleType:
    """Import a model's module: one of the corpus from the bytes that `code` names, others as usual."""
    if root is None or not code.place.is_relative_to(root.resolve()):
        return importlib.import_module(module)
    finder = _Finder(root.resolve(), code)
    for name in finder.modules:
        loaded = sys.modules.get(name)
        if loaded is not None and not isinstance(getattr(loaded, "__loader__", None), _Source | _Extension):
            raise UsageError(
                f"The corpus has a module '{name}', and an installed one of that name is in use.",
                "Rename the file, and the model in corpus.toml.",
            )
        sys.modules.pop(name, None)  # of another corpus, or of an older state of this one
    sys.meta_path[:] = [f for f in sys.meta_path if not (isinstance(f, _Finder) and f.root == finder.root)]
    sys.meta_path.insert(0, finder)
    return importlib.import_module(module)


@contextmanager
def errors_of(spec: str, code: Code | None) -> Iterator[None]:
    """What a model's own code raises becomes a ModelError with the line of that code."""
    try:
        yield
    except (CorpusKitError, MemoryError):
        raise
    except (Exception, SystemExit) as e:  # a model may raise anything
        raise ModelError(
            f"The model {spec} failed{_line_of(e, code)}: {type(e).__name__}: {' '.join(str(e).split())[:300]}.",
            "Fix that code, or take the model out of corpus.toml; CORPUS_KIT_DEBUG=1 shows the whole trace.",
        ) from e


def _line_of(error: BaseException, code: Code | None) -> str:
    """` (ships.py, line 7)`: the innermost place in the model's own files."""
    own = {str(path): path.name for path, _ in code.files} if code else {}
    if isinstance(error, SyntaxError) and error.filename in own:
        return f" ({own[error.filename]}, line {error.lineno})"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in own:
            return f" ({own[frame.filename]}, line {frame.lineno})"
    return ""


# --- which files ---------------------------------------------------------------------------------------------------------


def _module_code(spec: str, module: str, root: Path | None) -> Code | None:
    own = _own_files(module, root.resolve()) if root is not None and module else []
    if own:
        return Code(spec, own[0], tuple((path, _sha256(path)) for path in _with_imports(module, own, root)))
    installed = _installed(module)
    return Code(spec, installed, ((installed, _sha256(installed)),)) if installed else None


def _own_files(module: str, root: Path) -> list[Path]:
    """The files of a module in the corpus: its own, then those of the packages it is in. Empty where it has none."""
    files: list[Path] = []
    folder = root
    parts = module.split(".")
    for number, part in enumerate(parts):
        if not part.isidentifier():
            return []
        package, last = folder / part, number == len(parts) - 1
        init = package / "__init__.py"
        plain = [folder / f"{part}.py", *(folder / f"{part}{suffix}" for suffix in EXTENSION_SUFFIXES)]
        found = next((path for path in (init, *(plain if last else ())) if path.is_file()), None)
        if found is not None:
            if not found.resolve().is_relative_to(root):
                raise UsageError(f"{found} links to a file outside the corpus.", "Put the file itself there.")
            files.insert(0, found)
        elif last or not package.is_dir():
            return []
        folder = package
    return files


def _with_imports(module: str, files: Sequence[Path], root: Path | None) -> list[Path]:
    """All files of the corpus that a module imports, directly or through others; in order, each once."""
    assert root is not None
    top = root.resolve()
    seen = dict.fromkeys(files)
    todo = [(module, path) for path in files]
    while todo:
        name, path = todo.pop()
        for wanted in _imports(name, path):
            if _is_elsewhere(wanted.split(".")[0], top):
                continue
            for file in _own_files(wanted, top):
                if file not in seen:
                    seen[file] = None
                    todo.append((_name_of(file, top), file))
        if len(seen) > MOST_FILES:
            raise UsageError(f"{module} imports more than {MOST_FILES} files of the corpus.", "Make it a package.")
    return list(seen)


def _imports(module: str, path: Path) -> Iterator[str]:
    """Names that a file's import statements may mean."""
    if path.suffix != ".py":
        return
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return  # raised again, with its line, when it runs
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            whole = ".".join(filter(None, (base, node.module)))
            if whole:
                yield whole
            yield from (f"{whole}.{alias.name}".strip(".") for alias in node.names)


def _is_elsewhere(name: str, root: Path) -> bool:
    """Whether a name means a module of Python or an installed one, which no file of the corpus replaces."""
    if name in sys.stdlib_module_names:
        return True
    found = PathFinder.find_spec(name, sys.path)
    return found is not None and not _is_below(found.origin, root) and found.origin is not None


def _installed(module: str) -> Path | None:
    """The file of an installed module, found without importing the packages it is in."""
    where: Sequence[str] | None = sys.path
    found: ModuleSpec | None = None
    parts = module.split(".")
    for number in range(len(parts)):
        found = PathFinder.find_spec(".".join(parts[: number + 1]), where)
        if found is None:
            return None
        where = found.submodule_search_locations
    return Path(found.origin) if found and found.origin and Path(found.origin).is_file() else None


def _name_of(path: Path, root: Path) -> str:
    parts = list(path.relative_to(root).parts)
    parts[-1] = parts[-1].split(".")[0]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_below(file: Any, root: Path) -> bool:
    return isinstance(file, str) and Path(file).resolve().is_relative_to(root)


def _folder_code(spec: str, folder: Path) -> Code:
    if folder.is_file():
        return Code(spec, folder, ((folder, _sha256(folder)),))
    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and path.is_dir():
            raise UsageError(f"The model's folder links to another folder: {path}.", "Put the files themselves there.")
        if path.is_file():
            files.append(path)
        if len(files) > MOST_FILES:
            raise UsageError(f"The folder {folder} has more than {MOST_FILES} files.", "Name the model's own folder.")
    return Code(spec, folder, tuple((path, _sha256(path)) for path in files))


def _sha256(path: Path) -> str:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


# --- running them --------------------------------------------------------------------------------------------------------


class _Finder(MetaPathFinder):
    """Finds the modules of a corpus that are part of a model's code, and no others."""

    def __init__(self, root: Path, code: Code) -> None:
        self.root = root
        self.modules = {_name_of(path, root): (path, sha256) for path, sha256 in code.files}
        packages = [name.rpartition(".")[0] for name in self.modules]
        self.folders = {name for name in packages if name and name not in self.modules}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self.folders:
            made = ModuleSpec(fullname, None, is_package=True)
            made.submodule_search_locations = []  # nothing is found in it but by this finder
            return made
        if fullname not in self.modules:
            return None
        file, sha256 = self.modules[fullname]
        package: list[str] | None = [] if file.name == "__init__.py" else None
        if file.suffix != ".py":
            return spec_from_file_location(fullname, file, loader=_Extension(fullname, str(file), sha256))
        loader = _Source(fullname, str(file), sha256)
        return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=package)


class _Source(SourceFileLoader):
    """Runs a source file if it is still the one that was hashed; kept byte code is neither read nor written."""

    def __init__(self, fullname: str, path: str, sha256: str) -> None:
        super().__init__(fullname, path)
        self.sha256 = sha256

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_bytes()
        if hashlib.sha256(source).hexdigest() != self.sha256:
            raise _changed(self.path)
        made: CodeType = self.source_to_code(source, self.path)
        return made


class _Extension(ExtensionFileLoader):
    """Loads a compiled module if it is still the one that was hashed."""

    def __init__(self, fullname: str, path: str, sha256: str) -> None:
        super().__init__(fullname, path)
        self.sha256 = sha256

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        if _sha256(Path(self.path)) != self.sha256:
            raise _changed(self.path)
        return super().create_module(spec)


def _changed(path: str) -> UsageError:
    return UsageError(f"{path} changed while it was being loaded.", "Run the command again.")
