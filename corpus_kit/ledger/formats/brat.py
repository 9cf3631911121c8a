"""brat standoff: `NAME.txt` with `NAME.ann` beside it.

Text-bound annotations become regions (several fragments: one region each), relations and the roles of events relations,
attributes and normalisations answers, notes notes. The annotator is the folder, where a name occurs in several folders.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from urllib.parse import unquote

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import Attribute, Draft, ExchangePage, Link, Note, SourceFile, pieces_of
from corpus_kit.ledger.formats.texts import text_of

_BOUND = re.compile(r"(\S+) (\d+ \d+(?:;\d+ \d+)*)")
_SAME = {"Equiv": ""}  # entities that are one and the same: a relation without a label
_ROLE = re.compile(r"([^:\s]+):([^:\s]+)")


def read(files: Sequence[SourceFile]) -> Iterator[ExchangePage]:
    """One page for each `.ann`, or for each `.txt` without one. Raises UsageError when there is no `.ann` at all."""
    texts = {file.path.removesuffix(".txt"): file for file in files if file.path.endswith(".txt")}
    notes = [file for file in files if file.path.endswith(".ann")]
    if not notes:
        raise UsageError("There is no .ann file among them.", "Name the folder with brat's .txt and .ann files.")
    times = Counter(file.stem for file in notes)
    by_folder = any(n > 1 for n in times.values())
    for file in notes:
        text = texts.get(file.path.removesuffix(".ann"))
        if text is None:  # one text for the .ann of several people
            text = next((t for t in texts.values() if t.stem == file.stem), None)
        work = _work(text_of(file), file.folder if by_folder else "")
        yield ExchangePage(file.stem, "" if text is None else text_of(text), (work.done(),))


def _work(content: str, annotator: str) -> Draft:
    draft = Draft(annotator)
    lines = [line.rstrip("\r") for line in content.split("\n") if line.strip()]
    triggers: dict[str, str] = {}
    for line in lines:
        if line[0] == "E" and "\t" in line:
            first = _ROLE.match(line.split("\t")[1])
            if first:
                triggers[line.split("\t")[0]] = first[2]
    for line in lines:
        if not _line(draft, line, triggers):
            draft.unread.append(line)
    return draft


def _line(draft: Draft, line: str, triggers: dict[str, str]) -> bool:
    """Take one line; False where it cannot be read."""
    own, _, rest = line.partition("\t")
    if not rest:
        return False
    body, _, last = rest.partition("\t")
    words = body.split()
    place = triggers.get
    if own.startswith("T"):
        found = _BOUND.fullmatch(body)
        if found is None:
            return False
        fragments = [(int(a), int(b)) for a, b in (part.split(" ") for part in found[2].split(";"))]
        draft.regions += pieces_of(own, unquote(found[1]), fragments, last)
    elif own.startswith(("R", "E")) and words:
        roles = [m for word in words[0 if own[0] == "E" else 1 :] if (m := _ROLE.fullmatch(word))]
        if own[0] == "R":
            if len(roles) != 2:
                return False
            head, tail = (place(role[2], role[2]) for role in roles)
            draft.links.append(Link(head, tail, unquote(words[0])))
        else:
            if not roles:
                return False
            # Type:Trigger first; the roles behind it point from the trigger.
            draft.links += [Link(roles[0][2], place(role[2], role[2]), role[1]) for role in roles[1:]]
    elif own == "*" and len(words) > 2:
        draft.links += [
            Link(a, b, _SAME.get(words[0], unquote(words[0])), directed=False) for a, b in pairwise(words[1:])
        ]
    elif own[0] in "AM" and len(words) in (2, 3):
        draft.answers.append(
            Attribute(unquote(words[0]), unquote(words[2]) if len(words) == 3 else "true", place(words[1], words[1]))
        )
    elif own[0] == "N" and len(words) == 3:
        draft.answers.append(Attribute(words[0], words[2], place(words[1], words[1])))
    elif own[0] == "#" and rest:
        of = words[1] if len(words) > 1 else None
        draft.notes.append(Note(last, None if of is None else place(of, of)))
    else:
        return False
    return True
