"""HTML as tags and stretches of text, each with its place in the source.

The tokenizer follows the HTML standard (13.2.5): comments, declarations, raw text of `<script>` and the like, quoted
attribute values. It does not judge what belongs to what: that is the parser's work (see `tree`), which gets a *skeleton* of
the page, the same tags with a number instead of their attributes and a number instead of each stretch of text. What comes
back from it names its tags and stretches by these numbers, so every character keeps its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from corpus_kit.ingest.html.entities import unescape_attribute

SPACES = " \t\n\f\r"
# Possessive quantifiers: no page makes the search go back.
_MARKUP = re.compile(
    r"""<(?:
        (?P<slash>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+)>
      | !--(?:-?>|(?:.*?)--!?>)
      | [!?/][^>]*+>
    )""",
    re.VERBOSE | re.DOTALL,
)
_OPENS = re.compile(r"<(?:/?[a-zA-Z]|[!?/])")
_ATTRIBUTE = re.compile(r"""([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]*+)))?""")
RAW_TEXT = frozenset("script style xmp iframe noembed noframes noscript title textarea".split())
VOID = frozenset(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr".split()
)
_UNSEEN = frozenset("script style iframe noembed noframes noscript".split())
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_PARSED = frozenset({"font", "annotation-xml", "input"})
_DOCTYPE = re.compile(r"<!doctype\b[^>]{0,400}>", re.IGNORECASE)
_AFTER_NAME = frozenset(SPACES + "/>")
_TO_SPACES = str.maketrans("01", " \t")


class Tag(NamedTuple):
    """A start tag. name: lower case. attributes: as they are written. start, end: its place in the source."""

    name: str
    attributes: str
    start: int
    end: int

    def attribute_values(self) -> dict[str, str]:
        """Attributes by lower-case name, references resolved; of two of one name the first counts."""
        return read_attributes(self.attributes)


@dataclass(slots=True)
class HtmlTokens:
    """A page taken apart.

    source: the decoded page. tags: every start tag. texts: start and end of every stretch of text.
    raw: start and end of what is in `<script>` and other elements that show none of it, by the number of their tag.
    width: how many white space characters name a stretch of white space in the skeleton.
    depth, formatting: how many elements of all kinds, and of those whose formatting is carried on, are open at the most
    when only written end tags close them.
    """

    source: str
    width: int
    tags: list[Tag] = field(default_factory=list)
    texts: list[tuple[int, int]] = field(default_factory=list)
    raw: dict[int, tuple[int, int]] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    depth: int = 0
    formatting: int = 0

    @property
    def skeleton(self) -> str:
        """The page with numbers for attributes and texts."""
        return "".join(self.pieces)

    def add_text(self, start: int, end: int) -> None:
        """A stretch of text. White space is named by white space: to a parser it matters that it is nothing else."""
        if start == end:
            return
        number = len(self.texts)
        self.texts.append((start, end))
        if self.source[start] in SPACES and not self.source[start:end].strip(SPACES):
            self.pieces.append(f"{number:0{self.width}b}".translate(_TO_SPACES))
        else:
            self.pieces.append(f"{number};")


def tokenize(source: str, *, scripts: bool = True) -> HtmlTokens:
    """Take a decoded page apart.

    Args:
        source: The page as characters.
        scripts: Read it as a browser with scripts does: what is in `<noscript>` is not shown.
    """
    made = HtmlTokens(source, (source.count("<") + 1).bit_length())
    tags, pieces, add_text = made.tags, made.pieces, made.add_text
    known: dict[tuple[str, str], int] = {}
    position = opened = deepest = formatting = most_formatting = 0
    for_markup, opening = _MARKUP.match, _OPENS.search
    text_from = 0
    while (found := opening(source, position)) is not None:
        start = found.start()
        match = for_markup(source, start)
        if match is None:
            # A tag or a comment without an end: what comes after it is never shown.
            add_text(text_from, start)
            text_from = len(source)
            break
        if start > text_from:
            add_text(text_from, start)
        position = text_from = match.end()
        written = match["name"]
        if written is None:
            # With a declaration of the document's type, and with some of them only, browsers follow the standard.
            if not tags and _DOCTYPE.match(match[0]):
                pieces.append(match[0])
            continue
        name = written.lower()
        if match["slash"]:
            pieces.append(f"</{name}>")
            opened -= 1
            if name in _FORMATTING:
                formatting -= 1
            continue
        attributes = match["attributes"]
        if name not in VOID:
            opened += 1
            if opened > deepest:
                deepest = opened
        if name in _FORMATTING:
            formatting = max(formatting, 0) + 1
            most_formatting = max(most_formatting, formatting)
            # The same tag has the same number, since the parser counts equal ones.
            number = known.setdefault((name, attributes), len(tags))
        else:
            number = len(tags)
        tags.append(Tag(name, attributes, start, position))
        kept = _parsed_attributes(name, attributes) if name in _PARSED else ""
        slash = "/" if attributes.endswith("/") else ""
        if name == "plaintext":
            pieces.append(f'<pre i="{number}">')
            add_text(position, len(source))
            text_from = len(source)
            break
        pieces.append(f'<{name} i="{number}"{kept}{slash}>')
        if name in RAW_TEXT and (scripts or name != "noscript"):
            low, high = _end_of_raw(source, name, position)
            if name in _UNSEEN:
                made.raw[number] = (position, low)
            else:
                add_text(position, low)
            pieces.append(f"</{name}>")
            opened -= 1
            position = text_from = high
    add_text(text_from, len(source))
    made.depth, made.formatting = deepest, most_formatting
    return made


def read_attributes(written: str) -> dict[str, str]:
    """Attributes by lower-case name, references resolved; of two of one name the first counts."""
    made: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(written):
        made.setdefault(name.lower(), unescape_attribute(double or single or bare))
    return made


def _end_of_raw(source: str, name: str, position: int) -> tuple[int, int]:
    """Where the end tag of raw text starts and ends; the end of the page where there is none.

    "</" is looked for as it is: a pattern that ignores case goes through a script ten times as slowly.
    """
    size = len(name) + 2
    while (at := source.find("</", position)) >= 0:
        position = at + 2
        if source[position : at + size].lower() == name and source[at + size : at + size + 1] in _AFTER_NAME:
            close = source.find(">", position)
            return at, close + 1 if close >= 0 else len(source)
    return len(source), len(source)


def _parsed_attributes(name: str, written: str) -> str:
    """The attributes that change how a parser builds the tree."""
    values = read_attributes(written)
    if name == "input":
        return ' type="hidden"' if values.get("type", "").lower() == "hidden" else ""
    if name == "annotation-xml":
        html = values.get("encoding", "").lower() in ("text/html", "application/xhtml+xml")
        return ' encoding="text/html"' if html else ""
    return "".join(f' {one}=""' for one in ("color", "face", "size") if one in values)
