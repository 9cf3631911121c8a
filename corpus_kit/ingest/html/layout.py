"""A page's text as a browser shows it, and where each piece of it stands in the source.

The rules are those of `innerText` (HTML standard, 3.2.7): blocks stand on lines of their own, paragraphs between blank
lines, cells of a row are parted by tabs, white space collapses outside of `<pre>`, and what is hidden is left out. What is
hidden by style sheets or scripts cannot be known and is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from corpus_kit.ingest.html.entities import REFERENCE, resolve
from corpus_kit.ingest.html.hints import hints_of
from corpus_kit.ingest.html.tokens import SPACES, HtmlTokens, Tag
from corpus_kit.ingest.html.tree import OPEN, TEXT, Event

Run = tuple[int, int, int, int, int]
"""Start in the text, start in the source, units, characters of a unit in the text, characters of a unit in the source."""

_HIDDEN = frozenset(
    "area audio base basefont canvas command datalist frame frameset head iframe keygen link meta noembed noframes "
    "param rp script source style svg template title track video".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main menu nav ol optgroup option p plaintext pre search "
    "section select summary table tbody td tfoot th thead tr ul xmp".split()
)
_CELLS = frozenset({"td", "th"})
_KEEPS_SPACE = frozenset({"pre", "textarea", "listing", "xmp"})
_STYLE_HIDES = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))", re.IGNORECASE)
_UNCLEAN = re.compile(r"[\t\n\f\r&\x00]|  ")
_PIECE = re.compile(rf"[ \t\n\f\r]+|{REFERENCE.pattern}|&|\x00+|[^ \t\n\f\r&\x00]+(?: [^ \t\n\f\r&\x00]+)*")
_PRE_PIECE = re.compile(rf"\r\n|[\n\r]|{REFERENCE.pattern}|&|\x00+|[^\n\r&\x00]+")
_MARKED = re.compile(r"itemprop|author|byline|date|time|publi|post|title|headline", re.IGNORECASE)
_ALWAYS_MARKED = frozenset({"h1", "h2", "time", "address"})
_ATTRIBUTE_NAMES = re.compile(r"hidden|style|class|id\s*=|role|href|open", re.IGNORECASE)


class Frame:
    """An open element. number: of its tag, -1 where the parser added it. index: its place among siblings of its name."""

    __slots__ = (
        "_path", "block", "children", "depth", "hidden", "hints", "index", "link", "name", "number", "parent", "pre",
        "start",
    )  # fmt: skip

    def __init__(self, name: str, number: int, parent: Frame | None) -> None:
        self.name, self.number, self.parent = name, number, parent
        self.children: dict[str, int] = {}
        self._path: str | None = None
        self.start = -1
        if parent is None:
            self.index, self.depth, self.hints, self.link = 1, 0, 0, -1
            self.hidden = self.pre = False
        else:
            self.index = parent.children[name] = parent.children.get(name, 0) + 1
            self.depth, self.hints, self.link = parent.depth + 1, parent.hints, parent.link
            self.hidden, self.pre = parent.hidden, parent.pre
        self.block: Frame = self

    @property
    def path(self) -> str:
        """The element's XPath from the root."""
        if self._path is None:
            step = self.name if self.name in ("html", "head", "body") else f"{self.name}[{self.index}]"
            self._path = f"{self.parent.path}/{step}" if self.parent else f"/{step}"
        return self._path


@dataclass(slots=True)
class Block:
    """Text that stands in one block of the page without another block between.

    start, end: code points of the text. element: the innermost block element around it. link_chars: characters, white
    space aside, that stand in links; links: how many links.
    """

    start: int
    end: int
    element: Frame
    link_chars: int = 0
    links: int = 0

    @property
    def path(self) -> str:
        """The XPath of its element."""
        return self.element.path

    @property
    def tag(self) -> str:
        """The name of its element."""
        return self.element.name


@dataclass(slots=True)
class Layout:
    """The text of a page. runs: see `Run`, in order. blocks: in order, disjoint.

    links: number of the tag, start and end in the text. marked: the same of headings, times and elements whose attributes
    speak of dates, authors or titles. title: texts of `<title>` as written.
    """

    text: str = ""
    runs: list[Run] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    links: list[tuple[int, int, int]] = field(default_factory=list)
    marked: list[tuple[int, int, int]] = field(default_factory=list)
    title: str | None = None


def lay_out(tokens: HtmlTokens, events: list[Event], *, unhide: bool = False) -> Layout:
    """Text, runs and blocks of a page.

    Args:
        tokens: The page taken apart.
        events: What belongs to what.
        unhide: Show what attributes hide; for pages that scripts make visible.
    """
    return _Writer(tokens, unhide).write(events)


class _Writer:
    """Goes through the events once. What parts texts (breaks, tabs, a space) waits until the next text comes."""

    def __init__(self, tokens: HtmlTokens, unhide: bool) -> None:
        self.tokens, self.source, self.unhide = tokens, tokens.source, unhide
        self.made = Layout()
        self.parts: list[str] = []
        self.length = 0
        self.breaks = self.lines = self.tabs = 0  # required by blocks; by <br>; by cells
        self.space: tuple[int, int] | None = None  # where in the source the space is that waits, and how long it is
        self.newlines: list[tuple[int, int]] = []  # the same of newlines in <pre>
        self.fresh = True  # nothing in this line yet
        self.block: Block | None = None
        self.last_link = -1

    def write(self, events: list[Event]) -> Layout:
        frame: Frame | None = None
        tags = self.tokens.tags
        for kind, name, number in events:
            if kind == TEXT:
                if frame is not None and not frame.hidden:
                    self._text(frame, *self.tokens.texts[number])
                elif frame is not None and frame.name == "title" and self.made.title is None:
                    low, high = self.tokens.texts[number]
                    self.made.title = self.source[low:high]
            elif kind == OPEN:
                frame = Frame(name, number, frame)
                self._open(frame, tags[number] if number >= 0 else None)
            elif frame is not None:
                self._close(frame)
                frame = frame.parent
        if self.block is not None:
            self.block.end = self.length
        self.made.text = "".join(self.parts)
        return self.made

    def _open(self, frame: Frame, tag: Tag | None) -> None:
        name, parent = frame.name, frame.parent
        if frame.hidden:
            return
        if name in _HIDDEN or (name == "input"):
            frame.hidden = True
            return
        if tag is not None and tag.attributes and _ATTRIBUTE_NAMES.search(tag.attributes):
            if self._attributes(frame, tag):
                return
        elif name == "dialog" and not self.unhide:
            frame.hidden = True
            return
        frame.hints = hints_of(name, "", frame.hints)
        if name in _KEEPS_SPACE:
            frame.pre = True
        if name == "br":
            self.lines += 1
            self.space = None
            self.newlines.clear()
        elif name in _BLOCKS:
            self._break(2 if name == "p" else 1, cell=name in _CELLS)
        elif parent is not None:
            frame.block = parent.block
        frame.start = self.length

    def _attributes(self, frame: Frame, tag: Tag) -> bool:
        """Take over what attributes say; whether they hide the element."""
        values = tag.attribute_values()
        hidden = "hidden" in values and values["hidden"].lower() != "until-found"
        hidden = hidden or ("style" in values and _STYLE_HIDES.search(values["style"]) is not None)
        if (hidden or (frame.name == "dialog" and "open" not in values)) and frame.name not in ("html", "body"):
            frame.hidden = not self.unhide
        if frame.hidden:
            return True
        if frame.name == "a" and "href" in values:
            frame.link = frame.number
        about = f"{values.get('class', '')} {values.get('id', '')} {values.get('role', '')}"
        if frame.name not in ("html", "body"):
            frame.hints = hints_of("", about, frame.hints)
        return False

    def _close(self, frame: Frame) -> None:
        if frame.hidden:
            return
        name, number = frame.name, frame.number
        if number >= 0 and frame.start < self.length:
            start = self._first_shown(frame.start)
            if name == "a" and frame.link == number:
                self.made.links.append((number, start, self.length))
            elif name in _ALWAYS_MARKED or _MARKED.search(self.tokens.tags[number].attributes):
                self.made.marked.append((number, start, self.length))
        elif name == "time" and number >= 0:
            self.made.marked.append((number, self.length, self.length))
        if name in _CELLS:
            self._cell()
        elif name in _BLOCKS:
            self._break(2 if name == "p" else 1)

    def _first_shown(self, start: int) -> int:
        """`start`, without what was put before the first text after it."""
        at = len(self.parts)
        position = self.length
        while at and position > start:
            at -= 1
            position -= len(self.parts[at])
        while at < len(self.parts) and not self.parts[at].strip(SPACES):
            position += len(self.parts[at])
            at += 1
        return max(position, start)

    def _break(self, count: int, *, cell: bool = False) -> None:
        """A block begins or ends here. The first block of a cell stays in the line of the cell before."""
        self.space = None
        self.newlines.clear()
        if not cell:
            self.breaks = max(self.breaks, count)
            self.tabs = 0
        self._end_block()

    def _cell(self) -> None:
        self.tabs += 1
        self.breaks = self.lines = 0
        self.space = None
        self.newlines.clear()
        self._end_block()

    def _end_block(self) -> None:
        if self.block is not None:
            self.block.end = self.length
            self.block = None

    def _insert(self, text: str) -> None:
        """What no character of the source stands for."""
        self.parts.append(text)
        self.length += len(text)

    def _take(self, text: str, start: int, size: int) -> None:
        """Text that stands in the source as one unit."""
        self.parts.append(text)
        self.made.runs.append((self.length, start, 1, len(text), size))
        self.length += len(text)

    def _before_text(self, frame: Frame) -> None:
        """Write what waits."""
        breaks = max(self.breaks, self.lines)
        if breaks:
            if self.length:
                self._insert("\n" * breaks)
            self.fresh = True
            self.breaks = self.lines = 0
            self.space = None
        if self.tabs:
            self._insert("\t" * self.tabs)
            self.tabs = 0
            self.space = None
            self.fresh = True
        for start, size in self.newlines:
            self._take("\n", start, size)
            self.fresh = True
        if self.newlines:
            self.newlines.clear()
        if self.space is not None:
            if not self.fresh:
                self._take(" ", *self.space)
            self.space = None
        self.fresh = False
        if self.block is None:
            self.block = Block(self.length, self.length, frame.block)
            self.made.blocks.append(self.block)
            self.last_link = -1

    def _put(self, frame: Frame, text: str, start: int) -> None:
        """Characters that stand in the source as they are."""
        self._before_text(frame)
        size = len(text)
        self.parts.append(text)
        self.made.runs.append((self.length, start, size, 1, 1))
        self.length += size
        if frame.link >= 0:
            self._count_link(frame, size - text.count(" "))

    def _put_resolved(self, frame: Frame, text: str, start: int, size: int) -> None:
        self._before_text(frame)
        self._take(text, start, size)
        if frame.link >= 0:
            self._count_link(frame, len(text))

    def _count_link(self, frame: Frame, size: int) -> None:
        assert self.block is not None
        self.block.link_chars += size
        if frame.link != self.last_link:
            self.block.links += 1
            self.last_link = frame.link

    def _text(self, frame: Frame, low: int, high: int) -> None:
        if frame.pre:
            self._preformatted(frame, low, high)
            return
        source = self.source
        if _UNCLEAN.search(source, low, high) is None:
            if source[low] == " ":
                self.space = self.space or (low, 1)
                low += 1
            last = high - 1 if high > low and source[high - 1] == " " else high
            if last > low:
                self._put(frame, source[low:last], low)
                if last < high:
                    self.space = (last, 1)
            return
        for match in _PIECE.finditer(source, low, high):
            piece, at = match[0], match.start()
            first = piece[0]
            if first in SPACES:
                if self.space is None:
                    # A blank where there is one: then the space of the text is that of the source.
                    self.space = (at + max(piece.find(" "), 0), 1)
            elif first == "&" and len(piece) > 1:
                self._reference(frame, piece, at)
            elif first != "\x00":
                self._put(frame, piece, at)

    def _reference(self, frame: Frame, piece: str, at: int) -> None:
        text, taken = resolve(piece)
        if text and text in SPACES:
            if frame.pre and text != " ":
                self._pre_space(frame, text, at, taken)
            elif frame.pre:
                self._put_resolved(frame, text, at, taken)
            else:
                self.space = self.space or (at, taken)
        elif text:
            self._put_resolved(frame, text, at, taken)
        if taken < len(piece):
            self._put(frame, piece[taken:], at + taken)

    def _pre_space(self, frame: Frame, text: str, at: int, size: int) -> None:
        if text in "\n\r":
            self.newlines.append((at, size))
        else:
            self._put_resolved(frame, text, at, size)

    def _preformatted(self, frame: Frame, low: int, high: int) -> None:
        if frame.start == self.length and self.source[low] in "\r\n" and self._first_in(frame, low):
            low += 2 if self.source.startswith("\r\n", low) else 1
        for match in _PRE_PIECE.finditer(self.source, low, high):
            piece, at = match[0], match.start()
            if piece[0] in "\r\n":
                self.newlines.append((at, len(piece)))
            elif piece[0] == "&" and len(piece) > 1:
                self._reference(frame, piece, at)
            elif piece[0] != "\x00":
                self._put(frame, piece, at)

    def _first_in(self, frame: Frame, low: int) -> bool:
        """Whether a text begins right behind its element's start tag: a newline there is not shown."""
        return frame.number >= 0 and frame.name in _KEEPS_SPACE and self.tokens.tags[frame.number].end == low
