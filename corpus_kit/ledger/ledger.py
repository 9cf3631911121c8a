"""The ledger, `data/imports/`: every JSON that was brought, appended, never edited. Tables are made from it alone.

An entry is two files: `NNNNNN-<sha256, 12 digits>.json`, the JSON byte for byte (`.zip`: the files of another tool), and
`….about.json`, what the JSON does not say itself. Why two, and why this order of writing: decision 016. A file
without its `.about.json` (`sample-*.json`) is an entry too, older than all others.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.core.layers import Layer
from corpus_kit.core.storage.folders import write_json
from corpus_kit.core.storage.tables import file_sha256, fsync_path
from corpus_kit.ledger.export_json import Json, read_tasks
from corpus_kit.ledger.formats import format_named
from corpus_kit.ledger.formats.archive import read_archive
from corpus_kit.ledger.formats.tasks import as_tasks

FORMAT = 1
ABOUT = ".about.json"
_NAME = re.compile(r"(\d{6,})-([0-9a-f]{12})\.(?:json|zip)")
ARCHIVE = ".zip"


@dataclass(frozen=True, slots=True)
class Entry:
    """One JSON of the ledger and what is known about it.

    sequence: 1, 2, … in order of arrival; 0 for a file that was laid there. kind: import, pull or sample.
    layer: None where it is to be recognised. server: address of the server a pull came from, None for a file.
    complete: the JSON holds every task of its project, so what an earlier pull had and it has not was deleted.
    deleted: annotation_ids that a pull found gone. name: the file's name as it was brought.
    state: what a pull remembers for the next one. purpose: "" for labeling; the kind of a review project otherwise.
    form: the format of another tool whose files the entry holds, as an archive; "" for Label Studio's JSON.
    """

    path: Path
    sequence: int
    kind: str
    layer: str | None
    sha256: str
    size: int
    server: str | None = None
    project: int | None = None
    config_sha256: str | None = None
    guidelines_sha256: str | None = None
    complete: bool = False
    deleted: tuple[str, ...] = ()
    name: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)
    purpose: str = ""
    form: str = ""

    @property
    def place(self) -> str:
        """How rejected rows name it: by content, since two ledgers may hold the same file under different numbers."""
        return f"imports/{self.sha256[:12]}"

    @property
    def origin(self) -> str:
        """Where ids of people and tasks count: the server, else this file."""
        return self.server or (f"from {self.form}" if self.form else f"file {self.sha256[:12]}")

    def tasks(self, digest: Any = None, layer: Layer | None = None) -> Iterator[Json]:
        """Its tasks. layer: needed for what comes from another tool; digest: gets every byte of the file."""
        if not self.form:
            yield from read_tasks(self.path, digest, layer)
            return
        if digest is not None:
            with self.path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        if layer is not None:
            yield from as_tasks(format_named(self.form).pages(read_archive(self.path)), layer, self.form)


class Ledger:
    """The entries of one corpus. One process appends at a time: the caller holds the corpus's work folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> list[Entry]:
        """All entries, the oldest first. Raises EnvironmentProblemError for one whose `.about.json` is damaged."""
        if not self.folder.is_dir():
            return []
        laid: list[Path] = []
        brought: list[Path] = []
        for path in sorted([*self.folder.glob("*.json"), *self.folder.glob(f"*{ARCHIVE}")]):
            if path.name.endswith(ABOUT) or path.name.startswith("."):
                continue
            if path.suffix == ARCHIVE and not _about(path).is_file():
                continue  # no entry: what an archive holds, only its `.about.json` tells
            (brought if _about(path).is_file() else laid).append(path)
        samples = [Entry(p, 0, "sample", None, file_sha256(p), p.stat().st_size, name=p.name) for p in laid]
        return samples + sorted((_entry(p) for p in brought), key=lambda e: (e.sequence, e.path.name))

    def last(self, layer: str, server: str, project: int | None = None) -> Entry | None:
        """The latest pull of a layer from a server (and project)."""
        found = [e for e in self.entries() if e.kind == "pull" and (e.layer, e.server) == (layer, server)]
        return next((e for e in reversed(found) if project is None or e.project == project), None)

    def add_file(self, path: Path, layer: str, form: str = "", name: str = "") -> tuple[Entry, bool]:
        """Bring an export as it is; (entry, whether it is new). The same bytes for the same layer add nothing.

        form: of an archive with files of another tool. name: what it was called, by default the file's name.
        """
        digest = hashlib.sha256()
        aside = self._aside()
        try:
            with path.open("rb") as source, aside.open("wb") as target:
                shutil.copyfileobj(source, _Tee(target, digest), 1 << 20)
            sha = digest.hexdigest()
            for entry in self.entries():
                if (entry.sha256, entry.layer) == (sha, layer) or (entry.sha256 == sha and entry.kind == "sample"):
                    return entry, False
            about = {"kind": "import", "layer": layer, "name": name or path.name, "form": form}
            return self._commit(aside, sha, about), True
        finally:
            aside.unlink(missing_ok=True)

    def append(
        self,
        layer: str,
        tasks: Iterable[Json],
        *,
        kind: str = "pull",
        server: str | None = None,
        project: int | None = None,
        config_sha256: str | None = None,
        guidelines_sha256: str | None = None,
        complete: bool = False,
        deleted: Iterable[str] = (),
        state: Mapping[str, Any] | None = None,
        purpose: str = "",
    ) -> Entry | None:
        """Append tasks as a server gave them, streamed; None when there was nothing to say (or nothing new).

        complete: these are all tasks of the project. deleted: annotation_ids found gone, read after the tasks. Every
        task must hold all its annotations: one that an earlier pull had and this task has not counts as deleted.
        """
        digest, aside, count = hashlib.sha256(), self._aside(), 0
        try:
            with aside.open("wb") as raw:
                target = _Tee(raw, digest)
                target.write(b"[")
                for task in tasks:
                    target.write((b",\n" if count else b"\n") + _encoded(task))
                    count += 1
                target.write(b"\n]\n")
            gone = sorted(set(deleted))
            about = {
                "kind": kind, "layer": layer, "server": server, "project": project, "config_sha256": config_sha256,
                "guidelines_sha256": guidelines_sha256, "complete": complete, "deleted": gone, "state": dict(state or {}),
                "purpose": purpose,
            }  # fmt: skip
            if not count and not gone and not complete:
                return None
            last = self.last(layer, server or "", project) if kind == "pull" else None
            if last and last.sha256 == digest.hexdigest() and _says_the_same(last, about):
                return None
            return self._commit(aside, digest.hexdigest(), about)
        finally:
            aside.unlink(missing_ok=True)

    def _aside(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / ".arriving"
        aside.unlink(missing_ok=True)
        os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # it holds addresses of people
        return aside

    def _commit(self, aside: Path, sha256: str, about: dict[str, Any]) -> Entry:
        """First what is said about the JSON, then the JSON: its appearing is the one moment at which the entry begins."""
        numbers = [int(m[1]) for p in self.folder.iterdir() if (m := _NAME.fullmatch(p.name))]
        number = max(numbers, default=0) + 1
        path = self.folder / f"{number:06d}-{sha256[:12]}{ARCHIVE if about.get('form') else '.json'}"
        facts = {"ledger": FORMAT, "sequence": number, "sha256": sha256, "bytes": aside.stat().st_size} | about
        temporary = self.folder / ".about"
        write_json(temporary, {k: v for k, v in facts.items() if v not in (None, [], {}, "")})
        fsync_path(temporary)
        temporary.replace(_about(path))
        fsync_path(aside)
        aside.rename(path)
        fsync_path(self.folder)
        return _entry(path)


class _Tee:
    """Writes to a file and feeds a hash."""

    def __init__(self, file: Any, digest: Any) -> None:
        self.file, self.digest = file, digest

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return int(self.file.write(data))


def _about(path: Path) -> Path:
    return path.with_name(path.stem + ABOUT)


def _entry(path: Path) -> Entry:
    about = _about(path)
    with suppress(OSError, ValueError, KeyError, TypeError):
        facts = json.loads(about.read_text(encoding="utf-8"))
        if facts["ledger"] > FORMAT:
            raise UsageError(f"{about} was written by a newer corpus-kit.", "Upgrade: `pip install -U corpus-kit`.")
        size = path.stat().st_size
        if size == facts["bytes"]:
            return Entry(
                path=path,
                sequence=facts["sequence"],
                kind=facts["kind"],
                layer=facts["layer"],
                sha256=facts["sha256"],
                size=size,
                server=facts.get("server"),
                project=facts.get("project"),
                config_sha256=facts.get("config_sha256"),
                guidelines_sha256=facts.get("guidelines_sha256"),
                complete=facts.get("complete", False),
                deleted=tuple(facts.get("deleted", ())),
                name=facts.get("name", ""),
                state=facts.get("state", {}),
                purpose=facts.get("purpose", ""),
                form=facts.get("form", ""),
            )
    raise EnvironmentProblemError(
        f"{path.name} in the ledger and {about.name} do not belong together: one of them was changed or damaged.",
        "The ledger is never edited: take both files from a backup, or remove both and bring the export again.",
    )


def _says_the_same(last: Entry, about: Mapping[str, Any]) -> bool:
    """Whether an equal JSON would also say nothing new about deletions, config and guidelines."""
    keys = ("config_sha256", "guidelines_sha256", "complete")
    return all(getattr(last, k) == about[k] for k in keys) and set(about["deleted"]) <= set(last.deleted)


def _encoded(task: Json) -> bytes:
    try:
        return json.dumps(task, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half a surrogate pair has a JSON form only
        return json.dumps(task, separators=(",", ":")).encode()
