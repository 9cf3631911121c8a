"""One HTML page, read: text, blocks, links, and the place of every character in the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from corpus_kit.core.offsets import OffsetMap
from corpus_kit.ingest.html.charmap import byte_starts, text_to_bytes
from corpus_kit.ingest.html.encoding import decode_page
from corpus_kit.ingest.html.layout import Block, Layout, lay_out
from corpus_kit.ingest.html.tokens import HtmlTokens, tokenize
from corpus_kit.ingest.html.tree import Event, events
from corpus_kit.ingest.json_values import RejectedValue

_LITTLE, _MUCH = 100, 5  # characters shown; how many times as many would be without `hidden` and `style`


@dataclass(frozen=True)
class HtmlPage:
    """A page as it was read.

    text: as a browser shows it. encoding: Python's codec. newline: which newlines the page had. raw_bytes: its length.
    tokens: its tags, with their places in the decoded page. layout: blocks, links and runs.
    """

    text: str
    encoding: str
    newline: str
    raw_bytes: int
    skipped: int
    tokens: HtmlTokens
    layout: Layout

    @property
    def blocks(self) -> list[Block]:
        """Stretches of the text that stand in one block of the page, in order."""
        return self.layout.blocks

    @cached_property
    def offsets(self) -> OffsetMap:
        """Code points of `text` → bytes of the page."""
        starts = byte_starts(self.tokens.source, self.encoding)
        return text_to_bytes(len(self.text), self.raw_bytes, self.layout.runs, starts, self.skipped)

    def links(self) -> list[tuple[int, int, str]]:
        """Start and end in the text, and address as it is written, of every link with a text."""
        tags = self.tokens.tags
        return [(start, end, tags[n].attribute_values().get("href", "").strip()) for n, start, end in self.layout.links]


def read_html(raw: bytes, header: str | None = None) -> HtmlPage:
    """Read a page.

    Args:
        raw: The bytes of the page.
        header: The value of the `Content-Type` it came with, where there is one.

    Raises:
        Refusal: empty_text, binary, undecodable.
    """
    decoded = decode_page(raw, header)
    tokens = tokenize(decoded.source)
    found = events(tokens)
    layout = lay_out(tokens, found)
    if len(layout.text) < _LITTLE:
        tokens, layout = _without_scripts(tokens, layout, found)
    if not layout.text or layout.text.isspace():
        raise RejectedValue("empty_text", "the page shows no text")
    return HtmlPage(layout.text, decoded.encoding, decoded.newline, len(raw), decoded.skipped, tokens, layout)


def _without_scripts(tokens: HtmlTokens, layout: Layout, found: list[Event]) -> tuple[HtmlTokens, Layout]:
    """A page that a script fills or makes visible: what it hides, or what it has for browsers without scripts."""
    best = tokens, layout
    least = _MUCH * max(len(layout.text), _LITTLE) if layout.text.strip() else 0
    shown = lay_out(tokens, found, unhide=True)
    if len(shown.text) > least:
        best, least = (tokens, shown), len(shown.text)
    if "<noscript" in tokens.source:
        plain = tokenize(tokens.source, scripts=False)
        shown = lay_out(plain, events(plain), unhide=True)
        if len(shown.text) > least:
            best = plain, shown
    return best
