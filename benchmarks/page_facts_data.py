"""Pages with known titles and dates as lines with labels, in several renderings and variations, for `page_facts.py`."""

from __future__ import annotations

import gzip
import html as entities
import json
import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from lxml import html as lxml_html

from corpus_kit.suggest.boilerplate.training import augment
from corpus_kit.suggest.boilerplate.training.align import keep_labels
from corpus_kit.suggest.boilerplate.training.augment import Page, Stock
from corpus_kit.suggest.boilerplate.training.fit import fold_of

HEADLINE = 2.0
"""The label of a line that is the headline. Other labels are shares of main text, as in the boilerplate suggester."""
_BLOCKS = frozenset(
    "address article aside blockquote body br button center dd details dialog div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html label li main nav ol option p pre section select summary table tbody "
    "thead tfoot tr ul".split()
)
_SPACED = frozenset("p h1 h2 h3 h4 h5 h6 blockquote ul ol table figure pre".split())
_UNSEEN = frozenset("script style noscript template head svg iframe textarea object canvas".split())
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")
_WORD = re.compile(r"\w+")
_SEPARATOR = re.compile(r"\s+[|\-–—:•·»/]\s+|\s*\|\s*")
HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.IGNORECASE | re.DOTALL)
WINDOW = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
SHARED = re.compile(r"<meta[^>]+og:title[^>]*>", re.IGNORECASE)
CONTENT = re.compile(r"content=([\"'])(.*?)\1", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Source:
    """A page: its texts by rendering, what is known of it, and what else its HTML calls it (headings, window title)."""

    page_id: str
    fold: int
    texts: dict[str, str]
    reference: str
    title: str
    date: str | None
    also: tuple[str, ...]
    heading: str | None


def read_sources(pages: Path, rendered: Path) -> list[Source]:
    """pages: `id`, `url`, `title`, `publish_date`, `html`; rendered: `id`, `text`, `reference`. JSON Lines with gzip.

    Pages whose id is not theirs alone are left out. Renderings: A as `rendered` has it, B blocks on lines of their own with
    dashes for lists, C every piece of text on a line of its own.
    """
    texts = {row["id"]: row for row in _rows(rendered)}
    rows = _rows(pages)
    ids = [row["id"] for row in rows]
    made = []
    for row in rows:
        if ids.count(row["id"]) > 1 or row["id"] not in texts or not row["title"]:
            continue
        source = row["html"]
        headings = [plain_words(found) for found in HEADING.findall(source)]
        window = [plain_words(found) for found in WINDOW.findall(source)[:1]]
        shared = [content[2] for meta in SHARED.findall(source)[:1] if (content := CONTENT.search(meta))]
        telling = [one for one in headings if len(normal(one).split()) >= 3]
        known = texts[row["id"]]
        each = {"A": known["text"], "B": render(source), "C": render(source, pieces=True)}
        also = tuple(window + shared + headings[:3])
        heading = telling[0] if len(telling) == 1 else None
        fold = fold_of(urlparse(row["url"]).netloc)
        made.append(Source(row["id"], fold, each, known["reference"], row["title"], row["publish_date"], also, heading))
    return made


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode("utf-8").split("\n") if line]


def plain_words(markup: str) -> str:
    return entities.unescape(_SPACE.sub(" ", re.sub(r"<[^>]+>", " ", markup))).strip()


def render(source: str, pieces: bool = False) -> str:
    """HTML as plain text. pieces: every piece of text between two tags on a line of its own, hidden ones too."""
    parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=True)
    root = lxml_html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    out: list[str] = []

    def put(text: str | None) -> None:
        text = _SPACE.sub(" ", text or "")
        if pieces and text.strip():
            out.append("\n" + text.strip())
        elif not pieces:
            out.append(text)

    stack = [(root, False)]
    while stack:
        element, done = stack.pop()
        tag = element.tag
        block = tag in _BLOCKS and not pieces
        if done or not isinstance(tag, str) or tag in _UNSEEN or (_is_hidden(element) and not pieces):
            if done and block:
                out.append("\n\n" if tag in _SPACED else "\n")
            if element is not root:
                put(element.tail)
            continue
        if block:
            out.append("\n\n" if tag in _SPACED else "\n")
        if tag == "li" and not pieces:
            out.append("- ")
        if tag in ("td", "th") and not pieces:
            out.append("\t")
        put(element.text)
        stack.append((element, True))
        stack.extend((child, False) for child in reversed(element))
    return _tidy("".join(out), spaced=not pieces)


def _is_hidden(element: lxml_html.HtmlElement) -> bool:
    return element.get("hidden") is not None or "display:none" in (element.get("style") or "").replace(" ", "")


def _tidy(text: str, spaced: bool) -> str:
    kept: list[str] = []
    blank = 0
    for line in text.split("\n"):
        line = _SPACE.sub(" ", line).strip()
        if line in ("", "-"):
            blank += 1
            continue
        if kept and blank > 1 and spaced:
            kept.append("")
        kept.append(line)
        blank = 0
    return "\n".join(kept) + "\n"


def normal(text: str) -> str:
    """Words without case, marks and entities."""
    text = unicodedata.normalize("NFKC", entities.unescape(text)).casefold()
    return " ".join(_WORD.findall(text.replace("’", "'").replace("'", "")))


def is_same(given: str, title: str) -> bool:
    """Whether two titles are the same but for marks, a site's name before or behind, or a fifth of their words."""
    mine, other = normal(given), normal(title)
    if not mine or not other:
        return False
    if mine == other or mine in _cuts(title) or other in _cuts(given):
        return True
    a, b = set(mine.split()), set(other.split())
    return len(a & b) >= 0.8 * len(a | b)


def _cuts(title: str) -> set[str]:
    """The title without what stands before or behind one of its separators, where three words or more are left."""
    cuts = set()
    for found in _SEPARATOR.finditer(title):
        for part in (title[: found.start()], title[found.end() :]):
            if len(normal(part).split()) >= 3:
                cuts.add(normal(part))
    return cuts


@dataclass(frozen=True, slots=True)
class Example:
    """A page in one rendering, or a variation of it. known: whether its headline is, or its having none."""

    source: int
    rendering: str
    fold: int
    page: Page
    known: bool
    varied: bool


def labelled(source: Source, rendering: str) -> tuple[Page, bool]:
    """The lines of a rendering with their labels, and whether the headline is among them."""
    text = source.texts[rendering]
    lines = text.split("\n")
    title = normal(source.title)
    found = [at for at, line in enumerate(lines) if normal(line) == title]
    found = found or [at for at, line in enumerate(lines) if is_same(line, source.title)]
    heading = set(normal(source.heading or "").split())
    known = set(normal(" ".join([source.title, *source.also[:1]])).split())
    if not found and heading and len(heading & known) >= 0.5 * len(heading):
        # The heading that people see, where the known title is that of the window and speaks of the same.
        found = [at for at, line in enumerate(lines) if normal(line) == normal(source.heading or "")]
    mine = set(found)
    shares = keep_labels(text, source.reference)
    page = [
        (line, HEADLINE if at in mine else share) for at, (line, share) in enumerate(zip(lines, shares, strict=True))
    ]
    return page, bool(found)


def _is_headline(line: augment.Line) -> bool:
    return line[1] >= HEADLINE - 0.5


def _menus(rng: random.Random, stock: Stock) -> Page:
    """Long menus of other pages."""
    out: Page = []
    size = rng.choice((10, 20, 40, 80, 150))
    while len(out) < size:
        out.extend((text, 0.0 if text.strip() else -1.0) for text, _ in stock.block(rng))
        if rng.random() < 0.4:
            out.append(("", -1.0))
    return out[:size]


def _from_headline(page: Page, rng: random.Random) -> Page:
    """Drop what stands above the headline, or all of it but a few lines."""
    at = [row for row, line in enumerate(page) if _is_headline(line)]
    return page[max(0, rng.choice(at) - rng.choice((0, 0, 1, 3, 8))) :] if at else page


def _without_byline(page: Page) -> Page:
    """Drop the short lines between the headline and the first paragraph."""
    at = [row for row, line in enumerate(page) if _is_headline(line)]
    if not at:
        return page
    first = at[-1] + 1
    end = next((row for row in range(first, min(first + 12, len(page))) if len(page[row][0]) >= 100), None)
    return page if end is None else page[:first] + page[end:]


def _shorter(page: Page, rng: random.Random) -> Page:
    """A headline of a few words, with a full stop or a question mark now and then."""
    size, end = rng.randint(2, 6), rng.choice(("", "", "", ".", "?", "!"))
    return [
        (" ".join(text.split()[:size]).rstrip(",:;-–—|") + end, label)
        if label >= HEADLINE and len(text.split()) > size
        else (text, label)
        for text, label in page
    ]


_STEPS: tuple[tuple[Callable[[Page, random.Random], Page], float], ...] = (
    (augment.other_language, 0.3),
    (augment.other_script, 0.25),
    (augment.rebullet, 0.4),
    (augment.respace, 0.35),
)


def vary(page: Page, rng: random.Random, stock: Stock) -> Page:
    """One random variation of a page: other surroundings, another headline or none, other alphabets and renderings."""
    if rng.random() < 0.12:
        page = augment.flood(page, rng, stock)
    else:
        if rng.random() < 0.3:
            page = augment.shorten(page, rng)
        if rng.random() < 0.3:
            page = augment.splice(page, rng, stock)
        elif rng.random() < 0.25:
            page = _from_headline(page, rng)
        if rng.random() < 0.3:
            page = [*_menus(rng, stock), *page]
        if rng.random() < 0.12:
            page = augment.strip_clutter(page, rng)
    if rng.random() < 0.25:
        page = _without_byline(page)
    if rng.random() < 0.2:
        page = _shorter(page, rng)
    if rng.random() < 0.2:
        page = [line for line in page if not _is_headline(line)]
    for step, chance in _STEPS:
        if rng.random() < chance:
            page = step(page, rng)
    return page
