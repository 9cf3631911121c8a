"""Files of an import as one archive, byte for byte, and back: the same files always give the same archive."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import SourceFile
from corpus_kit.ledger.formats import ExchangeFormat

MOST_BYTES = 1 << 30
_TIME = (1980, 1, 1, 0, 0, 0)


def collect(paths: Sequence[Path], form: ExchangeFormat) -> list[SourceFile]:
    """The files of a format at these paths: files as they are named, folders with all that is below them.

    Raises:
        UsageError: There is no such path, no file of the format, or more than 1 GiB of them.
    """
    found: dict[str, SourceFile] = {}
    size = 0
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no file {path}.", f"Name {form.what}.")
        inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink()) if path.is_dir() else [path]
        for file in inside:
            if path.is_dir() and file.suffix.lower() not in form.suffixes:
                continue
            size += file.stat().st_size
            if size > MOST_BYTES:
                raise UsageError("The files hold more than 1 GiB.", "Import them in several steps.")
            own = f"{path.name}/{file.relative_to(path).as_posix()}" if path.is_dir() else _short(file)
            found[own] = SourceFile(own, file.read_bytes())
    if not found:
        raise UsageError(f"There is no file of the format {form.name} there.", f"It has {', '.join(form.suffixes)}.")
    return [found[path] for path in sorted(found)]


def _short(file: Path) -> str:
    """A file's name with its folder, which may be its annotator's."""
    folder = file.resolve().parent.name
    return f"{folder}/{file.name}" if folder else file.name


def write_archive(path: Path, files: Iterable[SourceFile]) -> None:
    """Write the files, stored and without times."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            info = zipfile.ZipInfo(file.path, _TIME)
            info.compress_type = zipfile.ZIP_STORED
            archive.writestr(info, file.content)


def read_archive(path: Path) -> Iterator[SourceFile]:
    """The files of an archive that `write_archive` made. Raises UsageError where it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
                raise UsageError(f"{path.name} expands to more than 1 GiB.", "Import it in several steps.")
            for info in archive.infolist():
                yield SourceFile(info.filename, archive.read(info))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as e:
        raise UsageError(f"{path.name} is a damaged archive.", "Take the file from a backup.") from e
