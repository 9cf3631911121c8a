"""What guidelines say that a machine can hold against the corpus: examples as places of documents, and sections.

An example is a line of its own, most often of a list, which reads well in Markdown and in Label Studio:

    - `news/ferry.txt 33-43` is `PERSON`: “Ola Brandt”
    - `news/ferry.txt 33-43` is not `ORG`
    - `news/ferry.txt` `draskia_accession` is `favour`

First the document, by source or doc_id, with code points, end-exclusive, for a span; for an answer to a question its target
or control behind; then the label. The words are optional, and checked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_LEAD = r"^\s*(?:(?:[-*+>]|\d+[.)])\s+)*"
_PLACE = r"`(?P<document>[^`]+?)(?:\s+(?P<start>\d+)-(?P<end>\d+))?`"
_EXAMPLE = re.compile(
    rf"{_LEAD}{_PLACE}(?:\s+`(?P<asked>[^`]+)`)?\s+is(?P<denied>\s+not)?\s+`(?P<label>[^`]+)`(?:[:,]?\s+“(?P<words>.+)”)?[.\s]*$"
)
_MEANT = re.compile(rf"{_LEAD}`[^`]+\s+\d+\s*[-–]\s*\d+`")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_STRONG = re.compile(r"`[^`]+`|\*\*[^*]+\*\*|__[^_]+__")


@dataclass(frozen=True, slots=True)
class CodebookExample:
    """line: from 1. document: source or doc_id. start, end: None for an answer on the whole document. asked: the target or
    control of an answer, "" for a span. denied: the text says that the label is wrong there. words: "" where none are
    given."""

    line: int
    document: str
    start: int | None
    end: int | None
    asked: str
    label: str
    denied: bool
    words: str


def read_examples(text: str) -> tuple[list[CodebookExample], list[int]]:
    """The examples of guidelines, and the lines that begin like one and cannot be read."""
    found, odd = [], []
    for number, line in _lines(text):
        match = _EXAMPLE.match(line)
        spanned = match is not None and match["start"] is not None
        if match is None or spanned == (match["asked"] is not None):
            if _MEANT.match(line):
                odd.append(number)
            continue
        start, end = (int(match["start"]), int(match["end"])) if spanned else (None, None)
        told = match["document"], start, end, match["asked"] or "", match["label"]
        found.append(CodebookExample(number, *told, bool(match["denied"]), match["words"] or ""))
    return found, odd


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that are no code block."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def changed_sections(old: str, new: str) -> list[tuple[str, str]]:
    """Sections that are new, gone or say something else: (heading, what it says and said).

    White space and the line of the version are no difference. A section is what stands below one heading; what stands
    before the first has the heading "".
    """
    before, now = _sections(old), _sections(new)
    return [
        (heading, " \n".join(filter(None, (heading, before.get(heading), now.get(heading)))))
        for heading in dict.fromkeys((*now, *before))
        if before.get(heading) != now.get(heading)
    ]


def _sections(text: str) -> dict[str, str]:
    bodies: dict[str, list[str]] = {}
    heading = ""
    for _, line in _lines(text):
        if found := _HEADING.match(line):
            heading = found[2]
            bodies.setdefault(heading, [])
        elif line.strip() and not re.match(r"^[*_> ]*version[*_]*:", line, re.IGNORECASE):
            bodies.setdefault(heading, []).append(" ".join(line.split()))
    return {heading: "\n".join(lines) for heading, lines in bodies.items() if lines or heading}


def labels_named(heading: str, text: str, labels: Collection[str]) -> set[str]:
    """The labels that a section is about: those in its heading, in bold or in typewriter type; else any that it names."""
    strong = " \n".join((heading, *(found[0] for found in _STRONG.finditer(text))))
    for said in (strong, text):
        named = {label for label in labels if re.search(rf"(?<!\w){re.escape(label)}(?!\w)", said)}
        if named:
            return named
    return set()
