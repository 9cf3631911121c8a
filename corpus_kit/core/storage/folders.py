"""Made folders: written aside, flushed, renamed as a whole, and described by a `manifest.json`.

A reader never sees half a folder. `.work` beside the made folders holds what is under way and what can be reused; it is
safe to delete at any time.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.core.storage.disk import UNSUPPORTED, flush, warn_of_disk
from corpus_kit.core.storage.inside import refuse_links_of_data
from corpus_kit.core.storage.step import JOURNAL, keep_for_step, undo
from corpus_kit.core.storage.tables import file_sha256, fsync_path
from corpus_kit.core.version import __version__

MANIFEST = "manifest.json"
WORK = ".work"
_FLUSHED_AT_ONCE = 8
_HALF = ".part"


def write_json(path: Path, data: Any, *, compact: bool = False) -> None:
    """Canonical JSON: sorted keys, two spaces, a newline at the end. `compact` is for machines, and ten times as fast."""
    path.write_bytes(json_bytes(data, compact=compact))


def json_bytes(data: Any, *, compact: bool = False) -> bytes:
    """The content of `write_json`."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, indent=None if compact else 2)
    # Half of a surrogate pair, which somebody's JSON may hold in a name, has no UTF-8; as an escape it comes back as it was.
    return f"{text}\n".encode("utf-8", "backslashreplace")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a made folder, None when there is no such folder or its manifest is damaged."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest else None


def write_manifest(folder: Path, **facts: Any) -> None:
    """Write `manifest.json`: no absolute path, clock, host or worker count belongs in it."""
    write_json(folder / MANIFEST, {"toolkit": {"name": "corpus-kit", "version": __version__}, **facts})


@contextlib.contextmanager
def made_folder(target: Path, work: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; on success it becomes `target` in one rename, on failure nothing changes.

    Raises UsageError when `target` holds something that corpus-kit did not make.
    """
    _refuse_foreign(target)
    aside = _beside(target, work, "new")
    remove(aside)
    aside.mkdir(parents=True)
    try:
        yield aside
    except BaseException:
        remove(aside)
        raise
    commit_folder(aside, target, work)


def commit_folder(aside: Path, target: Path, work: Path) -> None:
    """Flush `aside` and put it in the place of `target`."""
    fsync_folder(aside)
    old = _beside(target, work, "old")
    remove(old)
    if not keep_for_step(target, work) and target.exists():
        target.rename(old)
    try:
        aside.rename(target)
    except OSError:
        if old.exists() and not target.exists():
            old.rename(target)  # the older folder is better than none
        raise
    fsync_path(target.parent)
    remove(old)


def drop_folder(target: Path, work: Path) -> None:
    """Take a made folder away, out of sight in one rename; in a step it comes back if the step fails."""
    if not keep_for_step(target, work) and target.exists():
        gone = _beside(target, work, "gone")
        remove(gone)
        target.rename(gone)
        remove(gone)


def _beside(target: Path, work: Path, suffix: str) -> Path:
    """Where a folder lies while it is not in its place: on the same disk, so that a rename suffices."""
    if target.parent == work.parent:
        return work / f"{target.name}.{suffix}"
    return target.parent / f".{target.name}.corpus-kit-{suffix}"


def _refuse_foreign(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()):
        manifest = read_manifest(target)
        toolkit = (manifest or {}).get("toolkit")
        if not isinstance(toolkit, dict) or toolkit.get("name") != "corpus-kit":
            raise UsageError(
                f"{target} holds files that corpus-kit did not make, or its {MANIFEST} was lost; it would replace them.",
                "Name another folder, or move those files away; what an earlier build left there can be removed.",
            )
    elif target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file; a folder is to be made there.", "Name another folder.")


def fsync_folder(folder: Path) -> None:
    """Flush everything below a folder.

    Several at a time: each alone waits for the disk to say that it is done, together they wait once.
    """
    paths = [Path(below, name) for below, _, names in os.walk(folder) for name in (*names, "")]
    if len(paths) == 1:
        fsync_path(paths[0])
        return
    with ThreadPoolExecutor(min(len(paths), _FLUSHED_AT_ONCE)) as threads:
        for _ in threads.map(fsync_path, paths):
            pass


def recover(root: Path) -> None:
    """After a crash between the two renames of `commit_folder`: put the folder that was moved away back."""
    for old in (root / WORK).glob("*.old"):
        target = root / old.stem
        if target.exists():
            remove(old)
        else:
            old.rename(target)
    undo(root, root / WORK)


def settle(root: Path) -> None:
    """Undo what a killed command left half done, where no one is at it now. For those who only read."""
    work = root / WORK
    if (work / JOURNAL).exists() or any(work.glob("*.old")):
        with contextlib.suppress(EnvironmentProblemError, OSError), work_folder(root):
            pass


def aside_of(path: Path) -> Path:
    """A name beside `path` that no one else uses, on this machine or another, to write under before a rename."""
    return path.with_name(f"{path.name}.{uuid.uuid4().hex}{_HALF}")


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a file whole or not at all, without following a link that somebody put beside it.

    mode: of a new file; the umask applies.
    """
    aside = aside_of(path)
    with cleanup_on_error(aside):
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as f:
            f.write(content)
            f.flush()
            flush(f.fileno())
        aside.replace(path)


@contextlib.contextmanager
def cleanup_on_error(aside: Path) -> Iterator[None]:
    """On a full disk, what is half done would take the room that the next try needs."""
    try:
        yield
    except BaseException:
        remove(aside)
        raise


@contextlib.contextmanager
def kept_folder(folder: Path, facts_file: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield an empty folder to fill with files, and facts to fill in; on success they become `folder`, to be used again.

    The facts go into `facts_file`, with notes of the files (`files`). On failure nothing stays. Nothing is flushed: what a
    power cut leaves half-written is noticed by its size, and the made folder that links the files is flushed as a whole.
    """
    aside = aside_of(folder)
    aside.mkdir(parents=True)
    facts: dict[str, Any] = {}
    with cleanup_on_error(aside):
        yield aside, facts
        written = sorted(path for path in aside.rglob("*") if path.is_file())
        facts["files"] = {path.relative_to(aside).as_posix(): note_of(path) for path in written}
        write_checked_json(aside / facts_file, facts)
    move_into_place(aside, folder, facts_file)


def move_into_place(aside: Path, folder: Path, facts_file: str) -> None:
    """Give a finished folder its name. Tasks may run twice, also at once; so what is there with the same facts stays.

    facts_file: a JSON file in both; its `files`, notes of times and sizes, do not count.
    """
    there = _facts(folder / facts_file)
    if there is not None and there == _facts(aside / facts_file):
        remove(aside)
        return
    while True:
        try:
            aside.rename(folder)
            return
        except OSError as e:
            if e.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        gone = aside_of(folder)
        with contextlib.suppress(FileNotFoundError):
            folder.rename(gone)
        remove(gone)


def _facts(path: Path) -> dict[str, Any] | None:
    facts = kept_facts(path)
    return {key: value for key, value in facts.items() if key != "files"} if facts else None


def kept_facts(path: Path) -> dict[str, Any] | None:
    """What the `facts_file` of a `kept_folder` says, where the files that it lists are whole; else None."""
    facts = read_checked_json(path)
    notes = facts.get("files")  # absent in what an older version left
    intact = isinstance(notes, dict) and all(is_intact(path.parent / name, note) for name, note in notes.items())
    return facts if intact else None


def write_checked_json(path: Path, data: dict[str, Any], *, in_order: bool = False) -> None:
    """Keep a JSON object for later builds, under a seal; nothing of it is visible under its name before it is whole.

    in_order: the keys stay in theirs, else they are sorted.
    """
    content = json.dumps(data, ensure_ascii=False, sort_keys=not in_order).encode()
    aside = aside_of(path)
    aside.write_bytes(_checksum(content) + b"\n" + content + b"\n")
    aside.replace(path)


def read_checked_json(path: Path) -> dict[str, Any]:
    """What `write_checked_json` of this version of the toolkit kept there, else an empty object: it is made again.

    Who reads a note need not ask whether it has all its keys: a byte that was changed breaks the seal.
    """
    try:
        seal, content = path.read_bytes().split(b"\n", 1)
    except (OSError, ValueError):
        return {}
    if not content.endswith(b"\n") or _checksum(content[:-1]) != seal:
        return {}
    kept: dict[str, Any] = json.loads(content)
    return kept


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(__version__.encode() + b"\n" + content).hexdigest()[:32].encode()


def keep_note(path: Path, facts: dict[str, Any]) -> None:
    """Keep facts of one file beside it, and what tells later whether it is still the one that was written."""
    write_checked_json(note_name(path), {"facts": facts, "note": note_of(path, facts.get("sha256"))})


def kept_note(path: Path) -> dict[str, Any] | None:
    """The facts that `keep_note` kept, None where there are none or the file was harmed since."""
    kept = read_checked_json(note_name(path))
    return dict(kept["facts"]) if kept and is_intact(path, kept["note"]) else None


def note_name(path: Path) -> Path:
    """The file beside `path` that tells of it."""
    return path.with_name(f"{path.name}.json")


def link_or_copy(source: Path, target: Path) -> None:
    """The same file under a second name: a hard link, or a copy where the disk has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def note_of(path: Path, sha256: str | None = None) -> list[Any]:
    """What tells later whether a kept file is still the one that was written: size, mtime, sha256 (given if known)."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, sha256 or file_sha256(path)]


def is_intact(path: Path, note: list[Any]) -> bool:
    """Whether a file is the one noted. A kept file and a made one may be one file, so harm to one is harm to both."""
    try:
        status = path.stat()
        return [status.st_size, status.st_mtime_ns] == note[:2] or file_sha256(path) == note[2]
    except OSError:  # gone, also between the two looks: the same task may run elsewhere and put its folder here
        return False


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def work_folder(root: Path) -> Iterator[Path]:
    """The `.work` folder of `root`, held by this process alone for the length of one command.

    Raises EnvironmentProblemError when another corpus-kit is at work there or the folder cannot be written.
    """
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file, not a folder.", "Name a folder with --out.")
    refuse_links_of_data(root)
    work, new = root / WORK, not root.exists()
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            raise EnvironmentProblemError(
                f"Another corpus-kit is writing to {root}.", "Wait until it has finished, then run the command again."
            ) from e
        except OSError as e:
            if e.errno not in UNSUPPORTED:
                raise
            warn_of_disk(f"The file system of {root} has no locks: do not run two commands on it at once.")
        recover(root)
        try:
            yield work
        except BaseException:
            _remove_halves(work)
            if new and [p.name for p in (*root.iterdir(), *work.iterdir())] == [WORK, "lock"]:
                remove(root)  # nothing came of it: a misspelt path leaves no folder
            raise


def _remove_halves(work: Path) -> None:
    """What was under way when a command ended early: on a full disk it takes the room that the next try needs.

    Whoever was at it has ended or been ended by now; one that has not, on another machine, finds its folder gone.
    """
    for half in list(work.rglob(f"*{_HALF}")):
        with contextlib.suppress(OSError):
            remove(half)
