"""Pseudonyms: who is who in exports, and JSON without anybody's name or address.

An identity is the lowercased e-mail address; without one it is the id on that server, or in that file. Two exports of one
server know its people by the same ids: where the same annotation is in both, or the same task of the same project, made
at the same moment, their ids are of one server, unless an annotation contradicts it. The mapping lies
in `data/pseudonyms.json` (git-ignored, mode 0600), is reused and never renumbered. One line of it may be edited by hand:
two identities that are the same person can get the same pseudonym.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import ConfigError
from corpus_kit.core.storage.folders import json_bytes, write_whole
from corpus_kit.core.storage.tables import fsync_path

FILE = "pseudonyms.json"
_LOCAL = frozenset("_.!#$%&'*+/=?^`{|}~-")
"""What may stand before the @ of an address, beside letters and digits."""
_DOMAIN = re.compile(r"@[\w-]+(?:\.[\w-]+)*")
_HIDDEN = "[address]"
_MAIL = re.compile(r"@[\w.-]*\.[A-Za-z]{2,}")  # and not `name@1.2`, a version of a model
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

    def __init__(
        self,
        path: Path,
        same: Sequence[Sequence[str]] = (),
        apart: Sequence[Sequence[str]] = (),
        *,
        write: bool = True,
    ) -> None:
        """same, apart: `[people]` of corpus.toml, pseudonyms or identities that are one person, or are not.

        write: whether people who are new join the file.
        """
        self.path, self._write = path, write
        self.known = read_people(path)
        self.merged: list[tuple[str, int, str]] = []
        self._same, self._apart = same, apart
        self._seen: dict[int, tuple[str, str]] = {}  # hash of an annotation or task → (origin, author's identity)
        self._witnesses: dict[tuple[str, str], Counter[str]] = {}  # two origins → what speaks for one server
        self._against: set[tuple[str, str]] = set()
        self._joined: dict[str, tuple[int, str]] = {}
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

    def witness(self, origin: str, what: str, key: str, author: Any = None) -> None:
        """Note something that two exports of one server have in common.

        Args:
            origin: The server or file.
            what: In words, for people: `annotation`, `task`.
            key: Equal for the same thing, wherever it was exported.
            author: Who made it, as the export names them; None for a task.
        """
        number = int.from_bytes(
            hashlib.blake2b(f"{what} {key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        )
        address, own = _identify(origin, author)
        before = self._seen.setdefault(number, (origin, address or own or ""))
        if before[0] == origin:
            return
        pair = (min(before[0], origin), max(before[0], origin))
        one, two = (identity.rpartition("#")[2] for identity in (before[1], address or own or ""))
        if author is not None and one != two and "@" not in one + two:
            self._against.add(pair)  # a restore, or a copy: its author is somebody else there
        else:
            self._witnesses.setdefault(pair, Counter())[what] += 1
            if author is not None and ("@" in one) != ("@" in two) and own:  # here a number, there an address
                number_, address_ = (before[1], address) if "@" in two else (own, before[1])
                if number_ and address_:
                    self._alias.setdefault(number_, address_)

    def observe_unnamed(self, origin: str, created_at: datetime | None) -> None:
        """Somebody whom the export does not name made an annotation."""
        self.observe(origin, None, created_at, author=_UNNAMED)

    def settle(self) -> None:
        """Number the new ones by earliest annotation, then identity; write the mapping if anything is new."""
        self._join_origins()
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
            if key in known and known[key] != known[address]:  # two names of one person: the first stays
                known[key] = known[address] = min(known[key], known[address], key=_number_of)
            known.setdefault(key, known[address])
        self._join_named(known)
        if known != self.known:
            if self._write:
                _write(self.path, known)
            self.known = known

    def _join_origins(self) -> None:
        """Ids of origins that are one server become aliases of the first of them."""
        group: dict[str, str] = {}

        def first(origin: str) -> str:
            while group.get(origin, origin) != origin:
                origin = group[origin]
            return origin

        for pair in sorted(self._witnesses):
            if pair not in self._against:
                one, two = sorted(map(first, pair), key=lambda o: (o.startswith("file "), o))
                group[two] = one
        same: dict[tuple[str, str], set[str]] = {}
        for identity in {*self._earliest, *self._alias}:
            origin, mark, own = identity.rpartition("#")
            if mark and own != "unnamed" and origin in {o for pair in self._witnesses for o in pair}:
                same.setdefault((first(origin), own), set()).add(identity)
        for (_, _), identities in sorted(same.items()):
            self._join(sorted(identities))

    def _join(self, identities: Sequence[str]) -> None:
        """Make one person of the ids that one server has in several origins, by their address where one is known."""
        apart = {frozenset(pair) for pair in self._apart}
        kept = [i for i in identities if not any(frozenset((i, other)) in apart for other in identities)]
        addresses = {self._alias[i] for i in kept if i in self._alias}
        if len(kept) < 2 or len(addresses) > 1:
            return
        target = next(iter(addresses), kept[0])
        moments = [self._earliest[i] for i in (*kept, target) if i in self._earliest]
        self._earliest[target] = min((m for m in moments if m is not None), default=None)
        for identity in kept:
            if identity != target:
                self._alias[identity] = target
        reasons = (told for pair, told in sorted(self._witnesses.items()) if _any_of(pair, kept))
        self._joined[target] = (len(kept), _told(reasons))

    def _join_named(self, known: dict[str, str]) -> None:
        """What `[people]` says is one person, and what was joined by evidence, in words."""
        for group in self._same:
            names = {known.get(name, name) for name in group} & set(known.values())
            if len(names) > 1:
                chief = min(names, key=_number_of)
                known.update({identity: chief for identity, name in known.items() if name in names})
        for target, (count, why) in sorted(self._joined.items()):
            if target in known:
                self.merged.append((known[target], count, why))

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

    def without_strangers(self, value: Any, *, own_text: bool = False) -> Any:
        """The same JSON in which an address of anybody, known or not, is only in what was marked or written as text.

        An id, a label, a name of a key may hold one, and so may a key that no one knows. own_text: the value is that of a
        result, whose `text` belongs to the document or is an answer.
        """
        if isinstance(value, dict):
            return {
                self.without_any_address(key): inner
                if (own_text and key == "text") or (key == "model_version" and not _MAIL.search(str(inner)))
                else self.without_strangers(inner, own_text=key == "value")
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self.without_strangers(inner) for inner in value]
        return self.without_any_address(value) if isinstance(value, str) else value

    def without_any_address(self, text: str) -> str:
        """Text that is no one's work, a label or a message, without any address."""
        return _replaced(self.without_addresses(text), lambda _: _HIDDEN)

    def without_addresses(self, text: str) -> str:
        """Free text (a note, a whole payload) with the addresses of known people replaced; others' stay."""
        return _replaced(text, self._known_as)

    def _known_as(self, found: str) -> str:
        """A mark that belongs to the sentence may stand before or behind an address."""
        address = found.strip(".'`*+-_|{}=?!#$%&/^~")
        name = self.known.get(address.lower())
        return found if name is None else found.replace(address, name)


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses are. From each @ backwards: a pattern looks at a long word once for each of its letters."""
    done, at = 0, text.find("@")
    while at >= 0:
        begin = at
        while begin > done and (text[begin - 1].isalnum() or text[begin - 1] in _LOCAL):
            begin -= 1
        domain = _DOMAIN.match(text, at)
        if domain is not None and begin < at:
            done = domain.end()
            yield begin, done
        at = text.find("@", max(done, at + 1))


def _replaced(text: str, name: Callable[[str], str]) -> str:
    """A text with something else in the place of each address."""
    made, done = [], 0
    for begin, end in _addresses(text):
        made += [text[done:begin], name(text[begin:end])]
        done = end
    return "".join([*made, text[done:]]) if made else text


def _number_of(name: str) -> tuple[int, str]:
    """Pseudonyms in the order they were given; any other name behind them."""
    found = _PSEUDONYM.fullmatch(name)
    return (int(found[1]) if found else sys.maxsize, name)


def _any_of(pair: tuple[str, str], identities: Sequence[str]) -> bool:
    return any(identity.rpartition("#")[0] in pair for identity in identities)


def _told(reasons: Iterable[Counter[str]]) -> str:
    """What speaks for one person, in words."""
    total: Counter[str] = sum(reasons, Counter())
    return ", ".join(f"{n} {what}{'s' * (n > 1)} in common" for what, n in sorted(total.items()))


def look_alike(known: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Pairs of pseudonyms that may be one person, and why: the same number in two files, or the same name at two hosts.

    known: identity → pseudonym. No identity is in what is returned.
    """
    by_mark: dict[tuple[str, str], set[str]] = {}
    for identity, name in known.items():
        origin, mark, own = identity.rpartition("#")
        if mark and origin.startswith("file ") and own != "unnamed":
            by_mark.setdefault(("the same id in two exports", own), set()).add(name)
        elif "@" in identity:
            by_mark.setdefault(("addresses with the same name", identity.partition("@")[0]), set()).add(name)
    pairs = {
        (one, two): why
        for (why, _), names in sorted(by_mark.items())
        for one, two in pairwise(sorted(names, key=_number_of))
    }
    return [(one, two, why) for (one, two), why in sorted(pairs.items())]


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
        value = value.encode("utf-8", "backslashreplace").decode()  # half a surrogate pair has no place in a file
        found = next(_addresses(value), None)
        number = _TRAILING_ID.search(value)
        if found:
            begin, end = found
            key = f"{origin}#{number[1]}" if number and number.start() >= end else None
            return value[begin:end].lower(), key
        return None, f"{origin}#{number[1] if number else value.strip()}"
    return None, f"{origin}#{value}"


def names_somebody(value: Any) -> bool:
    """Whether there is anything in it that tells one person from another."""
    return _identify("", value) != (None, None)


def read_people(path: Path) -> dict[str, str]:
    """Identity → pseudonym; empty without the file. Raises ConfigError for a damaged one."""
    try:
        people = json.loads(path.read_text(encoding="utf-8"))["people"]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as e:
        raise ConfigError(
            f"{path} cannot be read as the list of pseudonyms.",
            "Take it from a backup; without it annotators would be numbered again.",
        ) from e
    if not isinstance(people, dict) or not all(isinstance(v, str) and v and "@" not in v for v in people.values()):
        raise ConfigError(f"{path}: `people` must give every identity a pseudonym.", "Fix the file.")
    return people


def _write(path: Path, people: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"about": "Who is behind each pseudonym. Private: never publish this file.", "people": people}
    write_whole(path, json_bytes(about), mode=0o600)
    fsync_path(path.parent)
