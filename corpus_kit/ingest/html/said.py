"""What a page says of itself in its markup, before anyone judges it: `<meta>`, JSON-LD, marked elements, `<link>`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from corpus_kit.ingest.html.entities import unescape_text
from corpus_kit.ingest.html.page import HtmlPage

_SPACE = re.compile(r"\s+")
_JSON_COMMENT = re.compile(r"^\s*(?://\s*)?(?:<!--|<!\[CDATA\[)|(?://\s*)?(?:-->|\]\]>)\s*$")
_LINE_END_IN_STRING = re.compile(r"[\n\r\t]")
_INNER = frozenset({"@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "hasPart"})
_DEEPEST, _MOST_NODES = 12, 2000
_ARTICLES = re.compile(r"article|posting|report|review|recipe|howto|newsitem|creativework|analysis", re.IGNORECASE)
_PAGES = re.compile(r"webpage|itempage|faqpage|qapage|product|event|course|video", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Marked:
    """An element of the page and its text. names: what its `class`, `id`, `itemprop` and `rel` say, in small letters."""

    tag: str
    attributes: dict[str, str]
    start: int
    end: int
    text: str

    @property
    def names(self) -> str:
        """`class`, `id`, `itemprop` and `rel` in one, in small letters."""
        return " ".join(self.attributes.get(name, "") for name in ("class", "id", "itemprop", "rel")).lower()


@dataclass(slots=True)
class MarkupFacts:
    """Everything a page's markup says.

    meta: `name`, `property` or `itemprop` in small letters → contents in order. linked: `rel` → addresses.
    nodes: objects of JSON-LD, those of articles first. marked: headings, times and the like, in order.
    title: of `<title>`. language: of `<html>`. base: of `<base>`. scripts: what other scripts hold.
    """

    meta: dict[str, list[str]] = field(default_factory=dict)
    linked: dict[str, list[str]] = field(default_factory=dict)
    nodes: list[dict[str, Any]] = field(default_factory=list)
    marked: list[Marked] = field(default_factory=list)
    title: str = ""
    language: str = ""
    base: str = ""
    scripts: str = ""

    def first(self, *names: str) -> str:
        """The first content that is there under the names, in their order; "" for none."""
        for name in names:
            for value in self.meta.get(name, ()):
                if value:
                    return value
        return ""


def read_said(page: HtmlPage) -> MarkupFacts:
    """Collect what a page's markup says."""
    said = MarkupFacts(title=one_line(unescape_text(page.layout.title or "")))
    for number, tag in enumerate(page.tokens.tags):
        name = tag.name
        if name == "meta":
            _meta(said, tag.attribute_values())
        elif name == "link":
            values = tag.attribute_values()
            for rel in values.get("rel", "").lower().split():
                said.linked.setdefault(rel, []).append(values.get("href", "").strip())
            if "itemprop" in values and values.get("href"):
                said.meta.setdefault(values["itemprop"].lower(), []).append(values["href"].strip())
        elif name == "html":
            values = tag.attribute_values()
            said.language = said.language or values.get("lang") or values.get("xml:lang") or ""
        elif name == "base":
            said.base = said.base or tag.attribute_values().get("href", "").strip()
        elif name == "script" and "json" in tag.attributes and "ld+json" in tag.attributes.lower():
            low, high = page.tokens.raw.get(number, (0, 0))
            said.nodes.extend(_nodes(page.tokens.source[low:high]))
    said.scripts = "\n".join(
        page.tokens.source[low:high]
        for number, (low, high) in page.tokens.raw.items()
        if page.tokens.tags[number].name == "script" and "ubli" in page.tokens.source[low:high]
    )
    said.nodes.sort(key=_rank_of_node)
    for number, start, end in page.layout.marked:
        tag = page.tokens.tags[number]
        said.marked.append(Marked(tag.name, tag.attribute_values(), start, end, one_line(page.text[start:end])))
    said.marked.sort(key=lambda one: (one.start, -one.end))
    return said


def one_line(text: str) -> str:
    """Text with every stretch of white space as one space."""
    return _SPACE.sub(" ", text).strip()


def kinds_of(node: dict[str, Any]) -> str:
    """The types of a JSON-LD object."""
    kinds = node.get("@type") or ""
    return " ".join(map(str, kinds)) if isinstance(kinds, list) else str(kinds)


def is_article(node: dict[str, Any]) -> bool:
    """Whether a JSON-LD object is an article or something like it."""
    return _ARTICLES.search(kinds_of(node)) is not None


def name_of(value: Any) -> str:
    """The name of a person or an organisation in JSON-LD: a string, an object with a `name`, or a list of these."""
    if isinstance(value, str):
        return one_line(unescape_text(value))
    if isinstance(value, dict):
        return name_of(value.get("name"))
    if isinstance(value, list):
        return ", ".join(dict.fromkeys(name for one in value[:20] if (name := name_of(one))))
    return ""


def _meta(said: MarkupFacts, values: dict[str, str]) -> None:
    content = one_line(values.get("content", "") or values.get("value", ""))
    if not content:
        return
    for attribute in ("property", "name", "itemprop", "http-equiv"):
        for name in values.get(attribute, "").lower().split():
            said.meta.setdefault(name, []).append(content)


def _rank_of_node(node: dict[str, Any]) -> int:
    kinds = kinds_of(node)
    return 0 if _ARTICLES.search(kinds) else 1 if _PAGES.search(kinds) else 2


def _nodes(written: str) -> list[dict[str, Any]]:
    """All objects in a JSON-LD script, outer ones first; none where it is no JSON."""
    text = _JSON_COMMENT.sub("", written).strip().rstrip(";")
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        try:
            found = json.loads(_LINE_END_IN_STRING.sub(" ", text.replace(",]", "]").replace(",}", "}")), strict=False)
        except (ValueError, RecursionError):
            return []
    made: list[dict[str, Any]] = []
    for node in _walk(found, 0):
        made.append(node)
        if len(made) == _MOST_NODES:
            break
    return made


def _walk(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield value
        for name, one in value.items():
            if isinstance(one, dict | list) and name in _INNER:
                yield from _walk(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _walk(one, depth + 1)
