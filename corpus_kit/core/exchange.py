"""Documents with annotations as other tools hold them: what readers give and writers take, whatever the format.

Offsets are code points, end-exclusive, unless a reader says otherwise with `Region.text`, the words that a region was
made on: where they contradict the offsets, the ledger decides by evidence in which unit a file counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from corpus_kit.core.exports import EXPORTS, names_of

FORMATS = ("brat", "webanno", "xmi", "conll", "doccano", "prodigy", "spacy", "w3c", "inception")
"""Formats of other tools that `import --from` reads."""

FEATURES = ("span", "nested", "discontinuous", "relation", "undirected", "choice", "attribute", "note")
"""What people say, as far as formats differ. undirected: relations; choice: about the document; attribute: of a span."""

LOSES = {name: EXPORTS[name].loses for name in names_of("tool")}
"""Format that `export` writes → features that are lost, and listed in its `losses.csv`."""

PIECE = "~"
"""Between the id of a discontinuous region and the number of its second and later pieces."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of an import. path: POSIX, below what was named on the command line."""

    path: str
    content: bytes

    @property
    def stem(self) -> str:
        """The name without folders and suffix."""
        return self.path.rpartition("/")[2].rpartition(".")[0] or self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The name of the folder that holds the file, "" at the top."""
        return self.path.rpartition("/")[0].rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Region:
    """A labelled span. text: the words it was made on, "" where the format does not hold them.

    control: the layer or type in the tool that made it, "" where there is one only.
    """

    id: str
    start: int
    end: int
    label: str
    text: str = ""
    control: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A relation between two regions, by id. directed: from head to tail."""

    head: str
    tail: str
    label: str = ""
    directed: bool = True


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute, choice or class. of: the region it is about, None for the document. name: what is asked, or ""."""

    name: str
    value: str
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A remark of an annotator; of: the region it is about, None for the document."""

    text: str
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What one annotator said about a page.

    annotator: as the tool names them, "" where it does not. unread: lines or values that could not be read, as they are.
    skipped: the annotator passed the page on. settled: the answer was curated, so it counts like a reviewer's.
    """

    annotator: str = ""
    regions: tuple[Region, ...] = ()
    links: tuple[Link, ...] = ()
    answers: tuple[Attribute, ...] = ()
    notes: tuple[Note, ...] = ()
    unread: tuple[str, ...] = ()
    created_at: str = ""
    skipped: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class ExchangePage:
    """One document of a file. name: what the tool calls it. text: "" where the format does not hold it.

    doc_id: where the file names a document of a corpus.
    """

    name: str
    text: str
    works: tuple[Work, ...] = ()
    doc_id: str = ""


@dataclass(slots=True)
class Draft:
    """A `Work` while it is read."""

    annotator: str = ""
    regions: list[Region] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    answers: list[Attribute] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    created_at: str = ""
    skipped: bool = False
    settled: bool = False

    def done(self) -> Work:
        """As it stands now."""
        return Work(
            self.annotator,
            tuple(self.regions),
            tuple(self.links),
            tuple(self.answers),
            tuple(self.notes),
            tuple(self.unread),
            self.created_at,
            self.skipped,
            self.settled,
        )


def pieces_of(region_id: str, label: str, fragments: list[tuple[int, int]], text: str) -> Iterator[Region]:
    """A region of several pieces as one region for each, the second and later with the mark `PIECE` in their id."""
    for number, (start, end) in enumerate(fragments, start=1):
        own = region_id if number == 1 else f"{region_id}{PIECE}{number}"
        yield Region(own, start, end, label, text if len(fragments) == 1 else "")
