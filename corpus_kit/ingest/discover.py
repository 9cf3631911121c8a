"""Which files there are: folders, globs and files as one sorted list, each with its format, or the reason it is refused."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from corpus_kit.core.errors import UsageError
from corpus_kit.core.records import Rejected
from corpus_kit.ingest.expand import compression_of
from corpus_kit.ingest.formats import CONVERTED, FORMATS, JUNK, JUNK_FOLDERS, SUFFIXES, conversion, split_compression
from corpus_kit.ingest.formats.opened import OpenedFile
from corpus_kit.ingest.json_values import RejectedValue
from corpus_kit.ingest.recognise import recognise

SIDECARS = ("metadata.csv", "metadata.jsonl")
_WEIGHED = 500


class RawFile(NamedTuple):
    """One file to read. There may be millions, hence no class: a tuple is made in a third of the time.

    root: name of its root where there are several, else "".
    path: POSIX path below the root. plain_path: the same without compression suffix.
    location: where to open it. stamp: (size, mtime, ctime, inode), equal while no one touched the file.
    """

    root: str
    path: str
    plain_path: str
    location: str
    format: str
    compression: str | None
    size: int
    stamp: tuple[int, int, int, int]

    @property
    def source(self) -> str:
        return f"{self.root}/{self.path}" if self.root else self.path


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A metadata file. root: name of the root its paths start from, "" for any. folder: its own, below the root, with /."""

    root: str
    folder: str
    path: Path

    @property
    def source(self) -> str:
        return f"{self.root}/{self.folder}{self.path.name}" if self.root else f"{self.folder}{self.path.name}"


@dataclass(slots=True)
class Discovered:
    """files: sorted by source. rejected: what cannot be read. sidecars: metadata files. ignored: hidden files.
    named: the format that the settings give a file by its path, "" for none."""

    files: list[RawFile] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    sidecars: list[Sidecar] = field(default_factory=list)
    ignored: int = 0
    named: Callable[[str], str] = lambda path: ""


def discover(raw: Sequence[str | Path]) -> Discovered:
    """All files that `raw` (folders, globs, files) stands for. Raises as `list_files` does."""
    found = Discovered()
    for _ in list_files(raw, found):
        pass
    return found


def list_files(
    raw: Sequence[str | Path], found: Discovered, named: Callable[[str], str] | None = None
) -> Iterator[RawFile]:
    """The files that `raw` stands for, in the order of their sources, looked at one by one as they are asked for.

    named: the format that the settings give a file by its path, "" for none.

    `found` fills meanwhile; its sidecars are all there when this returns. With several roots the first file comes last of
    all, as their order shows then.
    Raises UsageError for a path that does not exist, a glob that matches nothing, or two roots of one name.
    """
    roots, singles = _roots(raw)
    if named is not None:
        found.named = named
    several = len(roots) + bool(singles) > 1
    names: dict[str, Path] = {}
    entries: list[tuple[str, str, str, Path]] = []
    for root in roots:
        name = root.name if several else ""
        if names.setdefault(name, root) != root:
            raise UsageError(
                f"Two raw folders are called '{name}'; their documents could not be told apart.",
                "Rename one of them, or build the folder above both.",
            )
        entries += [(path, location, name, root) for path, location in _walk(root, found, name)]
    if singles:
        base = Path(os.path.commonpath([p.parent for p in singles]))
        name = base.name if several else ""
        if name in names and names[name] != base:
            raise UsageError(f"Two raw folders are called '{name}'.", "Build the folder above both.")
        entries += [(file.relative_to(base).as_posix(), str(file), name, base) for file in singles]
    # Metadata first: before a file is read it must be known what is said of it. Parents' go before those below.
    sidecars = [e for e in entries if e[0].endswith(SIDECARS) and e[0].rpartition("/")[2] in SIDECARS]
    for path, location, name, root in sidecars:
        _take(found, name, path, location, root)
    if sidecars:
        taken = {location for _, location, _, _ in sidecars}
        entries = [e for e in entries if e[1] not in taken]
    if several:
        for path, location, name, root in entries:
            _take(found, name, path, location, root)
        found.files.sort(key=lambda f: (f.source, f.root))
        return iter(found.files)
    entries.sort()
    return _taken(entries, found)


def is_much(raw: Sequence[str | Path], size: float) -> bool:
    """Whether files of `size` bytes or more lie in these folders, as far as a glance tells.

    The first files are weighed, the others counted; it stops as soon as there are enough. What cannot be read is nothing.
    """
    pending: list[str | Path] = list(raw)
    count = weighed = 0
    while pending:
        with contextlib.suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                    continue
                count += 1
                if count <= _WEIGHED:
                    weighed += entry.stat(follow_symlinks=False).st_size
                if weighed * count >= size * min(count, _WEIGHED):
                    return True
    return False


def _taken(entries: list[tuple[str, str, str, Path]], found: Discovered) -> Iterator[RawFile]:
    files, before = found.files, len(found.files)
    for path, location, name, root in entries:
        _take(found, name, path, location, root)
        if len(files) > before:
            before += 1
            yield files[-1]


def _roots(raw: Sequence[str | Path]) -> tuple[list[Path], list[Path]]:
    """Folders to walk, and files named one by one (or by a glob)."""
    roots: dict[Path, None] = {}
    singles: dict[Path, None] = {}
    for item in raw:
        path = Path(os.path.abspath(item))
        if path.is_dir():
            roots[path] = None
        elif path.exists() or path.is_symlink():
            singles[path] = None
        elif glob.has_magic(str(item)):
            matches = sorted(glob.glob(str(path), recursive=True))
            files = [Path(m) for m in matches if not Path(m).is_dir()]
            if not files:
                raise UsageError(f"No file matches {item}.", "Check the pattern; quote it so that the shell leaves it.")
            singles.update(dict.fromkeys(files))
        else:
            raise UsageError(
                f"There is no file or folder {item}.", "Name an existing folder, file or glob with raw texts."
            )
    return list(roots), list(singles)


def _walk(root: Path, found: Discovered, name: str) -> Iterator[tuple[str, str]]:
    """(POSIX path below root, location) of every entry that is not a folder, hidden ones left out."""
    pending = [(root, "")]
    while pending:
        folder, prefix = pending.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError as e:
            found.rejected.append(
                Rejected("read", _source(name, prefix.rstrip("/") or "."), "unreadable", e.strerror or "")
            )
            continue
        for entry in entries:
            path = prefix + entry.name
            if entry.name.startswith(".") or entry.name in JUNK_FOLDERS or entry.name.lower() in JUNK:
                found.ignored += 1
            elif entry.is_dir(follow_symlinks=False):
                pending.append((Path(entry.path), path + "/"))
            else:
                yield path, entry.path


def _take(found: Discovered, name: str, path: str, location: str, root: Path) -> None:
    """Sort one entry into files, sidecars or rejected."""
    if not path.isascii():
        try:
            path.encode()
        except UnicodeEncodeError:
            shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            return _refuse(found, name, shown, "bad_file_name", "the name's bytes are not UTF-8")
    try:
        status = os.lstat(location)
        if stat.S_ISLNK(status.st_mode):
            target = Path(os.path.realpath(location))
            if not target.is_relative_to(root.resolve()):
                return _refuse(found, name, path, "symlink_outside", "it leads out of the raw folder")
            if target.is_dir():
                detail = "it leads to another folder of the raw folder"
                return _refuse(found, name, path, "symlink_directory", detail)
            status = os.stat(location)
    except OSError as e:
        return _refuse(found, name, path, "unreadable", e.strerror or "cannot be opened")
    if not stat.S_ISREG(status.st_mode):
        return _refuse(found, name, path, "not_a_file", "neither a regular file nor a folder")
    if path.endswith(SIDECARS) and (file := path.rpartition("/")[2]) in SIDECARS:
        found.sidecars.append(Sidecar(name, path.removesuffix(file), Path(location)))
        return None
    stem, compression, format = path, None, "text"
    if not path.endswith(".txt") or path[-5:-4] in ("", "/", "."):  # most are plain texts, and there may be millions
        stem, compression = split_compression(path)
        suffix = os.path.splitext(stem)[1].lower()
        known = found.named(path) or SUFFIXES.get(suffix)
        if known is None and suffix not in CONVERTED:
            known = _by_content(location, status.st_size)
        if known is None:
            return _refuse(found, name, path, "unsupported_format", _not_read(stem, suffix))
        format = known
    found.files.append(RawFile(name, path, stem, location, format, compression, status.st_size, stamp_of(status)))
    return None


def _refuse(found: Discovered, name: str, path: str, reason: str, detail: str) -> None:
    found.rejected.append(Rejected("read", _source(name, path), reason, detail))


def stamp_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """Size, mtime, ctime and inode: a change that keeps size and mtime still shows in the third."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _source(root: str, path: str) -> str:
    return f"{root}/{path}" if root else path


def _by_content(location: str, size: int) -> str | None:
    """The format of a file whose name says nothing, where its bytes leave no doubt."""
    try:
        with open(location, "rb", buffering=0) as handle:
            compression = compression_of(handle.read(16))
            handle.seek(0)
            opened = OpenedFile(location, handle, compression, location, size)
            kind = recognise(opened.peek(), "", whole=compression is None and len(opened.peek()) >= size)
    except (OSError, RejectedValue):
        return None
    return kind if kind in FORMATS or kind in ("zip", "tar") else None


def _not_read(path: str, suffix: str) -> str:
    """Why a file is not read, with the command that converts it or the lines that have it read."""
    kind = f"suffix '{suffix}'"
    if command := conversion(path, suffix):
        return f"{kind}; convert it: {command}"
    glob = f"*{suffix}" if suffix else path.rpartition("/")[2]
    return f'{kind}; if it is text, say so: [[input.files]] glob = "{glob}", format = "text"'
