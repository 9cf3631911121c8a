"""Pseudonyms: who is who in exports, and JSON without anybody's name or address.

An identity is the lowercased e-mail address; without one it is the id on that server, or in that file. The mapping lies
in `data/pseudonyms.json` (git-ignored, mode 0600), is reused and never renumbered. One line of it may be edited by hand:
two identities that are the same person can get the same pseudonym.
"""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import ConfigError
from corpus_kit.core.storage.folders import write_json
from corpus_kit.core.storage.tables import fsync_path

FILE = "pseudonyms.json"
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*")
_TRAILING_ID = re.compile(r"(?:^|[,\s])(\d+)\s*$")
_PSEUDONYM = re.compile(r"annotator-(\d+)")

# Keys whose value is somebody, and keys that only say something about somebody.
_PERSON = frozenset(
    "completed_by updated_by created_by last_created_by user users username created_username reviewer reviewers "
    "reviewed_by annotator annotators email resolved_by accepted_by assignee assignees comment_authors".split()
)
_TRAIT = frozenset("first_name last_name full_name initials avatar phone".split())
_KEYS = _PERSON | _TRAIT
_CONTAINERS = (dict, list)
_UNNAMED = {"id": "unnamed"}


class People:
    """The pseudonyms of one corpus. First `observe` everybody, then `settle`, then ask."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known = _read(path)
        self._earliest: dict[str, datetime | None] = {}
        self._alias: dict[str, str] = {}

    def observe(self, origin: str, annotation: Any, created_at: datetime | None, author: Any = None) -> None:
        """Note everybody whom one annotation names. origin: the server or file in which ids count.

        author: who made it; created_at tells when.
        """
        for person in [author, *_people_in(annotation)]:
            for value in _each(person):
                address, key = _identify(origin, value)
                identity = address or key
                if identity is None:
                    continue
                if address and key:
                    self._alias[key] = address
                at = created_at if person is author else None
                earliest = self._earliest.get(identity)
                if identity not in self._earliest or (at and (earliest is None or at < earliest)):
                    self._earliest[identity] = at

    def observe_unnamed(self, origin: str, created_at: datetime | None) -> None:
        """Somebody whom the export does not name made an annotation."""
        self.observe(origin, None, created_at, author=_UNNAMED)

    def settle(self) -> None:
        """Number the new ones by earliest annotation, then identity; write the mapping if anything is new."""
        earliest: dict[str, datetime | None] = {}
        for identity, at in self._earliest.items():
            resolved = self._alias.get(identity, identity)
            other = earliest.get(resolved)
            earliest[resolved] = min(at, other) if at and other else at or other
        known = dict(self.known)
        for key, address in sorted(self._alias.items()):
            if key in known:  # first seen as a number, now with an address: the same person
                known.setdefault(address, known[key])
        new = [identity for identity in earliest if identity not in known]
        new.sort(key=lambda i: ((at := earliest[i]) is None, at.timestamp() if at else 0.0, i))
        taken = [int(m[1]) for name in known.values() if (m := _PSEUDONYM.fullmatch(name))]
        for number, identity in enumerate(new, max(taken, default=0) + 1):
            known[identity] = f"annotator-{number:02d}"
        for key, address in self._alias.items():
            known.setdefault(key, known[address])
        if known != self.known:
            _write(self.path, known)
            self.known = known

    def pseudonym(self, origin: str, person: Any) -> str:
        """The pseudonym of somebody observed."""
        address, key = _identify(origin, person)
        if address is None and key is not None:
            address = self._alias.get(key)
        unnamed = self.known.get(f"{origin}#unnamed", "annotator-unknown")
        return self.known.get(address or key or "", unnamed)

    def unnamed(self, origin: str) -> str:
        return self.pseudonym(origin, _UNNAMED)

    def without_people(self, origin: str, value: Any) -> Any:
        """The same JSON with pseudonyms in the place of people; unchanged parts are shared, not copied."""
        if isinstance(value, dict):
            changed: dict[str, Any] = {}
            for key, inner in value.items():
                if key in _KEYS:
                    changed[key] = self._hidden(origin, inner) if key in _PERSON else None
                elif type(inner) in _CONTAINERS and _names_people(inner):
                    changed[key] = self.without_people(origin, inner)
            return value | changed if changed else value
        if isinstance(value, list):
            return [self.without_people(origin, v) for v in value]
        return value

    def _hidden(self, origin: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._hidden(origin, v) for v in value]
        return None if _identify(origin, value) == (None, None) else self.pseudonym(origin, value)

    def without_addresses(self, text: str) -> str:
        """Free text (a note, a whole payload) with the addresses of known people replaced; others' stay."""
        if "@" not in text:
            return text
        return _ADDRESS.sub(lambda m: self._replaced(m[0]), text)

    def _replaced(self, found: str) -> str:
        """A mark that belongs to the sentence may stand before or behind an address."""
        address = found.strip(".'`*+-_|{}=?!#$%&/^~")
        name = self.known.get(address.lower())
        return found if name is None else found.replace(address, name)


def _each(person: Any) -> list[Any]:
    """One person, or those of a list."""
    return [one for inner in person for one in _each(inner)] if isinstance(person, list) else [person]


def _people_in(value: Any) -> list[Any]:
    """Every value of a key that names somebody, at any depth. A loop, since most annotations name one person."""
    found: list[Any] = []
    open_ = [value]
    while open_:
        inner = open_.pop()
        if type(inner) is dict:
            if not _KEYS.isdisjoint(inner):
                found += [inner[key] for key in inner if key in _PERSON]
                open_ += [v for k, v in inner.items() if type(v) in _CONTAINERS and k not in _KEYS]
            else:
                open_ += [v for v in inner.values() if type(v) in _CONTAINERS]
        elif type(inner) is list:
            open_ += [v for v in inner if type(v) in _CONTAINERS]
    return found


def _names_people(value: Any) -> bool:
    """Whether any key in it, at any depth, is about a person."""
    open_ = [value]
    while open_:
        inner = open_.pop()
        if type(inner) is dict:
            if not _KEYS.isdisjoint(inner):
                return True
            open_ += [v for v in inner.values() if type(v) in _CONTAINERS]
        elif type(inner) is list:
            open_ += [v for v in inner if type(v) in _CONTAINERS]
    return False


def _identify(origin: str, value: Any) -> tuple[str | None, str | None]:
    """(address, id as `<origin>#<id>`) of somebody; either may be missing, both for nobody."""
    if isinstance(value, dict):
        address, _ = _identify(origin, value.get("email"))
        name = value.get("id", value.get("username"))
        return address, None if name in (None, "") else f"{origin}#{name}"
    if isinstance(value, bool) or value in (None, "", []):
        return None, None
    if isinstance(value, str):
        found = _ADDRESS.search(value)
        number = _TRAILING_ID.search(value)
        if found:
            key = f"{origin}#{number[1]}" if number and number.start() >= found.end() else None
            return found[0].lower(), key
        return None, f"{origin}#{number[1] if number else value.strip()}"
    return None, f"{origin}#{value}"


def names_somebody(value: Any) -> bool:
    """Whether there is anything in it that tells one person from another."""
    return _identify("", value) != (None, None)


def _read(path: Path) -> dict[str, str]:
    try:
        people = json.loads(path.read_text(encoding="utf-8"))["people"]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as e:
        raise ConfigError(
            f"{path} cannot be read as the list of pseudonyms.",
            "Take it from a backup; without it annotators would be numbered anew.",
        ) from e
    if not isinstance(people, dict) or not all(isinstance(v, str) and v and "@" not in v for v in people.values()):
        raise ConfigError(f"{path}: `people` must give every identity a pseudonym.", "Mend the file.")
    return people


def _write(path: Path, people: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    write_json(aside, {"about": "Who is behind each pseudonym. Private: never publish this file.", "people": people})
    fsync_path(aside)
    aside.replace(path)
    fsync_path(path.parent)
