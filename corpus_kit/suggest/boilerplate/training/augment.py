"""Other renderings of the pages we have: shorter articles, more clutter, other bullets, other alphabets.

The model is trained on English pages rendered by one tool and used on any language rendered by any. Each function takes a
page as a list of labelled lines and gives another; `vary` chains them at random from a seeded generator. Blank lines carry
the label -1.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Line = tuple[str, float]
Page = list[Line]

_BULLETS = ("•", "-", "*", "·", "»", "▪", "–", "o")
_GLUE = (" | ", " ", "  ", "\t", " · ", " / ", " - ", "\t\t")
_LEADING = re.compile(r"^(\s*)(?:[•◦▪‣·*»–-]\s+)?")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[\"“«A-Z0-9])")
_BLANK: Line = ("", -1.0)


def is_blank(line: Line) -> bool:
    return not line[0].strip()


def is_content(line: Line) -> bool:
    return line[1] >= 0.5


def edges(page: Page) -> tuple[int, int]:
    """First and past-the-last content line; both are the page's end when it has none."""
    rows = [i for i, line in enumerate(page) if is_content(line)]
    return (rows[0], rows[-1] + 1) if rows else (len(page), len(page))


class Stock:
    """Sentences and blocks of other pages to build clutter from."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.sentences: list[str] = []
        self.blocks: list[Page] = []
        for page in pages:
            low, high = edges(page)
            for text, label in page[low:high]:
                if label >= 0.5 and len(text) > 60:
                    self.sentences.extend(s.strip() for s in _SENTENCE.split(text)[:2] if 25 < len(s) < 300)
            for block in (page[:low], page[high:]):
                if sum(not is_blank(line) for line in block) >= 4:
                    self.blocks.append(block)

    def block(self, rng: random.Random, most: int = 60) -> Page:
        """A stretch of somebody's menu, list or footer."""
        block = rng.choice(self.blocks)
        size = min(len(block), rng.randint(4, most))
        at = rng.randint(0, len(block) - size)
        return [(text, min(label, 0.0)) for text, label in block[at : at + size]]

    def headline(self, rng: random.Random) -> str:
        words = rng.choice(self.sentences).rstrip(".!?…").split()[: rng.randint(4, 15)]
        style = rng.random()
        if style < 0.15:
            words = [w[:1].upper() + w[1:] for w in words]
        elif style < 0.2:
            words = [w.upper() for w in words]
        return " ".join(words).rstrip(",;:") + rng.choice(("", "", "", "", "...", "?", "!", "."))


def stamp(rng: random.Random) -> str:
    """A date, a time, a counter, as they stand beside links."""
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2003, 2026)
    clock = f"{rng.randint(0, 23)}:{rng.randint(0, 59):02}"
    forms = (
        f"{day:02}.{month:02}.{year}", f"{year}-{month:02}-{day:02}", clock, f"{day:02}/{month:02}",
        f"{day:02}.{month:02} {clock}", f"({rng.randint(0, 300)})", f"[{clock}]", f"{day:02}-{month:02}-{year}, {clock}",
        str(rng.randint(0, 4000)), f"{day} / {month} / {year}",
    )  # fmt: skip
    return rng.choice(forms)


def teasers(rng: random.Random, stock: Stock) -> Page:
    """A list of links to other articles, in one of the shapes such lists have."""
    mark = rng.choice(("", "", "", *_BULLETS))
    indent = " " * rng.choice((0, 0, 2, 4))
    dated = rng.choice(("no", "no", "before", "after", "line above", "line below"))
    summaries = rng.random() < 0.35
    spaced = rng.random() < 0.3
    out: Page = []
    if rng.random() < 0.6:
        words = rng.choice(stock.sentences).split()[: rng.randint(1, 3)]
        out.append((" ".join(words).strip(",.") + rng.choice(("", ":")), 0.0))
    for _ in range(rng.choice((3, 5, 8, 12, 20, 40))):
        text = stock.headline(rng)
        if dated == "before":
            text = f"{stamp(rng)} {text}"
        elif dated == "after":
            text = f"{text} {stamp(rng)}"
        if dated == "line above":
            out.append((indent + stamp(rng), 0.0))
        out.append((f"{indent}{mark} {text}" if mark else indent + text, 0.0))
        if dated == "line below":
            out.append((indent + stamp(rng), 0.0))
        if summaries:
            summary = rng.choice(stock.sentences)
            if rng.random() < 0.4:
                summary = " ".join(summary.split()[:18]).rstrip(".,") + rng.choice(("...", "…", " [...]"))
            out.append((indent + summary, 0.0))
        if spaced:
            out.append(_BLANK)
    return out


def shorten(page: Page, rng: random.Random) -> Page:
    """Keep the article's first lines only, and what is around it."""
    low, high = edges(page)
    content = [i for i in range(low, high) if is_content(page[i])]
    keep = rng.randint(2, 12)
    if len(content) <= keep:
        return page
    cut = content[keep]
    if sum(len(page[i][0].split()) for i in content[:keep]) < 40:
        return page
    return [*page[:cut], *page[high:]]


def splice(page: Page, rng: random.Random, stock: Stock) -> Page:
    """Menus and footers of other pages before and after the article."""
    low, high = edges(page)
    before: Page = []
    after: Page = []
    for _ in range(rng.randint(1, 3)):
        side = before if rng.random() < 0.4 else after
        side.extend([*(teasers(rng, stock) if rng.random() < 0.55 else stock.block(rng)), _BLANK])
    gap = [_BLANK] if rng.random() < 0.7 else []
    if rng.random() < 0.5:
        return [*before, *gap, *page[:high], *gap, *after, *page[high:]]
    return [*page[:low], *before, *gap, *page[low:high], *gap, *after, *page[high:]]


def flood(page: Page, rng: random.Random, stock: Stock) -> Page:
    """A short article in a sea of links: a few of its lines, and many lists of links and stretches of menus around."""
    low, high = edges(page)
    words, cut, want = 0, low, rng.randint(30, 260)
    while cut < high and words < want:
        words += len(page[cut][0].split()) if is_content(page[cut]) else 0
        cut += 1
    sides: tuple[Page, Page] = ([], [])
    size, lean = rng.randint(60, 260), rng.uniform(0.1, 0.6)
    while len(sides[0]) + len(sides[1]) < size:
        side = sides[0] if rng.random() < lean else sides[1]
        side.extend(teasers(rng, stock) if rng.random() < 0.5 else stock.block(rng))
        side.extend([_BLANK] if rng.random() < 0.6 else [])
    outer = rng.random()
    before = page[max(0, low - rng.randint(0, 12)) : low] if outer < 0.5 else []
    after = page[high : high + rng.randint(0, 12)] if outer < 0.5 else []
    gap = [_BLANK] if rng.random() < 0.6 else []
    return [*sides[0], *before, *page[low:cut], *gap, *after, *sides[1]]


def strip_clutter(page: Page, rng: random.Random) -> Page:
    """Drop most of what surrounds the article: some sources are nearly clean."""
    low, high = edges(page)
    return [*page[max(0, low - rng.randint(0, 6)) : high], *page[high : high + rng.randint(0, 8)]]


def rebullet(page: Page, rng: random.Random) -> Page:
    """Another renderer's bullets and indentation."""
    mark = rng.choice(("", *_BULLETS))
    flat = rng.random() < 0.6
    out: Page = []
    for text, label in page:
        found = _LEADING.match(text)
        lead = found.group(0) if found else ""
        body = text[len(lead) :]
        listed = bool(lead.strip())
        space = "" if flat else " " * (len(lead) - len(lead.lstrip()))
        out.append((space + (f"{mark} " if listed and mark else "") + body, label))
    return out


def respace(page: Page, rng: random.Random) -> Page:
    """Blank lines lost, doubled, or put between all lines."""
    how = rng.choice(("none", "none", "double", "all", "random"))
    out: Page = []
    for line in page:
        if is_blank(line):
            if how == "none" or (how == "random" and rng.random() < 0.5):
                continue
            out.extend([line, line] if how == "double" else [line])
        else:
            out.append(line)
            if how == "all" or (how == "random" and rng.random() < 0.15):
                out.append(_BLANK)
    return out


def glue(page: Page, rng: random.Random) -> Page:
    """Neighbouring short lines of clutter on one line, and now and then two paragraphs."""
    between = rng.choice(_GLUE)
    out: Page = []
    run = 0
    for line in page:
        last = out[-1] if out else _BLANK
        short = len(line[0]) < 40 and len(last[0]) < 160
        same = not is_blank(line) and not is_blank(last) and is_content(line) == is_content(last)
        if same and ((short and not is_content(line) and run < 9) or (is_content(line) and rng.random() < 0.1)):
            out[-1] = (last[0].rstrip() + (between if not is_content(line) else " ") + line[0].strip(), last[1])
            run += 1
        else:
            out.append(line)
            run = 0 if rng.random() < 0.6 else 9
    return out


def wrap(page: Page, rng: random.Random) -> Page:
    """Paragraphs broken at sentences or at a column."""
    width = rng.choice((0, 0, 72, 100))
    out: Page = []
    for text, label in page:
        if len(text) < 120:
            out.append((text, label))
        elif width == 0:
            out.extend((part, label) for part in _SENTENCE.split(text))
        else:
            words, row = text.split(), ""
            for word in words:
                if row and len(row) + len(word) >= width:
                    out.append((row, label))
                    row = word
                else:
                    row = f"{row} {word}".strip()
            out.append((row, label))
    return out


def torn(page: Page, rng: random.Random) -> Page:
    """Lines torn at links and emphasis, as renderers do that put every piece of a paragraph on a line of its own."""
    rate = rng.uniform(0.1, 0.4)
    out: Page = []
    for text, label in page:
        words = text.split()
        if not is_content((text, label)) or len(words) < 12 or rng.random() > rate:
            out.append((text, label))
            continue
        at = rng.randint(2, len(words) - 5)
        size = rng.randint(1, 3)
        out.extend((" ".join(part), label) for part in (words[:at], words[at : at + size], words[at + size :]))
    return out


def other_language(page: Page, rng: random.Random) -> Page:
    """Fewer and longer words, as in inflected languages, or more and shorter ones."""
    if rng.random() < 0.75:
        rate = rng.uniform(0.05, 0.3)
        return [(re.sub(r"(?<=\w) (?=[a-z])", lambda _: "" if rng.random() < rate else " ", t), y) for t, y in page]
    rate = rng.uniform(0.03, 0.12)
    return [(re.sub(r"(?<=[a-z]{3})(?=[a-z]{3})", lambda _: " " if rng.random() < rate else "", t), y) for t, y in page]


_LATIN = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC = dict(
    zip(map(ord, _LATIN + _LATIN.upper()), "абцдефгхийклмнопярстувщхызАБЦДЕФГХИЙКЛМНОПЯРСТУВЩХЫЗ", strict=True)
)
_ARABIC = dict(zip(map(ord, _LATIN), "ابجدهوزحطيكلمنسعفصقرشتثخذض", strict=True))
_ARABIC |= {ord(a.upper()): _ARABIC[ord(a)] for a in _LATIN} | {ord(","): "،", ord("?"): "؟"}
_HAN_STOPS = {ord("."): "。", ord(","): "，", ord("?"): "？", ord("!"): "！", ord(":"): "："}


def other_script(page: Page, rng: random.Random) -> Page:
    """The page in lower case, in letters without case, in ideographs, or with its clutter in another alphabet."""
    how = rng.choice(("clutter", "clutter", "around", "uncased", "han", "lower"))
    if how == "lower":
        return [(text.lower(), label) for text, label in page]
    if how == "uncased":
        return [(text.translate(_ARABIC), label) for text, label in page]
    if how == "han":
        return [(_to_han(text), label) for text, label in page]
    low, high = edges(page)
    if how == "around":
        return [(text if low <= i < high else text.translate(_CYRILLIC), label) for i, (text, label) in enumerate(page)]
    return [(text if is_content((text, y)) or rng.random() < 0.3 else text.translate(_CYRILLIC), y) for text, y in page]


def _to_han(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        word = found.group(0)
        return "".join(chr(0x4E00 + (hash_of(word) * (k + 3)) % 3000) for k in range(1 + len(word) // 4))

    spaceless = re.sub(r"[A-Za-z]+", one, text).translate(_HAN_STOPS)
    return re.sub(r"(?<=[\u4e00-\u9fff，。：]) (?=[\u4e00-\u9fff])", "", spaceless)


def hash_of(word: str) -> int:
    """A hash that does not change from run to run."""
    value = 7
    for char in word:
        value = (value * 131 + ord(char)) & 0xFFFFFFF
    return value


Step = Callable[[Page, random.Random], Page]
_STEPS: tuple[tuple[Step, float], ...] = (
    (strip_clutter, 0.06),
    (other_language, 0.35),
    (other_script, 0.12),
    (rebullet, 0.45),
    (glue, 0.15),
    (wrap, 0.06),
    (torn, 0.05),
    (respace, 0.4),
)
_FLOOD, _SHORTEN, _SPLICE = 0.15, 0.55, 0.55


def vary(page: Page, rng: random.Random, stock: Stock) -> Page:
    """One random variation of `page`, with labels kept on the lines they belong to."""
    if rng.random() < _FLOOD:
        page = flood(page, rng, stock)
    else:
        if rng.random() < _SHORTEN:
            page = shorten(page, rng)
        if rng.random() < _SPLICE:
            page = splice(page, rng, stock)
    for step, chance in _STEPS:
        if rng.random() < chance:
            page = step(page, rng)
    return page
