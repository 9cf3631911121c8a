"""A made-up news corpus with planted near-copies at known similarity, and with syndication. Seed and count fix every byte.

    python benchmarks/syndication.py 50000 /tmp/wire

`pages/<publisher>.jsonl` holds the pages, `truth.jsonl` says of every page which story it is a copy of and how alike the two
articles are: the Jaccard similarity of their runs of five words, counted here by plain Python sets and not by corpus-kit.
Articles are alike from 0.8 upwards, or, as a trap, related at 0.3 to 0.6; a wire story goes to 5 to 15 publishers. Around
the article stands what scrapes have: a menu, a date, teasers that change from page to page, and a footer.

`menus`: "own", one menu and footer per publisher; "same", one heavy menu and footer on every page of all publishers;
"unknown", the same, and no page says who published it.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from corpus import STOCKS, Stock

PUBLISHERS = 60
ALIKE = (0.82, 0.85, 0.9, 0.95, 1.0)
RELATED = (0.3, 0.4, 0.5, 0.6)
MENUS = ("own", "same", "unknown")
_RUN = 5  # words


@dataclass(frozen=True, slots=True)
class Publisher:
    """name, stock: who writes in which words. menu, footer: lines around every page."""

    name: str
    stock: Stock
    menu: list[str]
    footer: list[str]


@dataclass(slots=True)
class Page:
    """One page to be. story: the number of the article it is a copy of or its own. jaccard: to that article."""

    story: int
    paragraphs: list[list[str]]
    headline: str
    copy: bool = False
    jaccard: float = 1.0
    publisher: int = 0


@dataclass(slots=True)
class _Desk:
    """Where articles are written and rewritten."""

    rng: random.Random
    fresh: int = 0
    vocabularies: dict[str, list[str]] = field(default_factory=dict)

    def article(self, stock: Stock, words: int) -> list[list[str]]:
        if stock.outlet not in self.vocabularies:
            self.vocabularies[stock.outlet] = [*stock.common, *stock.common, *stock.words]
        drawn = self.rng.choices(self.vocabularies[stock.outlet], k=words)
        cuts = list(range(0, words, self.rng.randint(35, 70)))
        return [drawn[a:b] for a, b in zip(cuts, [*cuts[1:], words], strict=True)]

    def rewritten(self, paragraphs: list[list[str]], jaccard: float) -> list[list[str]]:
        """A copy in which single words are replaced, so many that about this share of all runs of five is left.

        A replaced word that stands alone takes five runs away on either side: J = (n - 5e) / (n + 5e).
        """
        flat = [w for p in paragraphs for w in p]
        runs = max(len(flat) - _RUN + 1, 1)
        edits = round(runs * (1 - jaccard) / (_RUN * (1 + jaccard)))
        places = self.rng.sample(range(_RUN, len(flat) - _RUN, _RUN + 1), k=min(edits, (len(flat) - 2 * _RUN) // 6))
        for place in places:
            self.fresh += 1
            flat[place] = f"{flat[place]}{'aeiou'[self.fresh % 5]}x{self.fresh}"
        made, at = [], 0
        for paragraph in paragraphs:
            made.append(flat[at : at + len(paragraph)])
            at += len(paragraph)
        return made


def runs_of(paragraphs: list[list[str]]) -> set[tuple[str, ...]]:
    flat = [w.lower() for p in paragraphs for w in p]
    return {tuple(flat[i : i + _RUN]) for i in range(len(flat) - _RUN + 1)}


def _publishers(rng: random.Random, menus: str) -> list[Publisher]:
    stocks = list(STOCKS.values())
    made = []
    common: tuple[list[str], list[str]] | None = None
    for number in range(PUBLISHERS):
        stock = stocks[number % len(stocks)]
        lines = 12 if menus == "own" else 30
        menu = [" ".join(rng.choices(stock.words, k=rng.randint(1, 5))).title() for _ in range(lines)]
        footer = [f"© {2030 + number % 4} {' '.join(rng.choices(stock.words, k=18))}", "Terms | Privacy | Contact"]
        if menus != "own":
            common = common or (menu, [*footer, " ".join(rng.choices(stock.words, k=60))])
            menu, footer = common
        made.append(Publisher(f"{stock.outlet} {number}", stock, menu, footer))
    return made


def pages(count: int, seed: int = 0, menus: str = "own") -> Iterator[tuple[dict[str, str], dict[str, object]]]:
    """(record, truth) of every page."""
    desk = _Desk(random.Random(seed))
    rng = desk.rng
    publishers = _publishers(random.Random(f"{seed} {menus}"), menus)
    made, story = 0, 0
    while made < count:
        home = rng.randrange(PUBLISHERS)
        stock = publishers[home].stock
        base = desk.article(stock, int(rng.triangular(180, 900, 350)))
        kind = rng.random()
        if kind < 0.06:
            levels = [(j, True) for j in rng.choices(ALIKE, k=rng.randint(1, 3))]
        elif kind < 0.12:
            levels = [(j, False) for j in rng.choices(RELATED, k=1)]
        elif kind < 0.125:
            levels = [(j, True) for j in rng.choices(ALIKE[1:], k=rng.randint(5, 15))]
        else:
            levels = []
        headline = " ".join(rng.choices(stock.words, k=8)).capitalize()
        own = runs_of(base) if levels else set()
        batch = [Page(story, base, headline, publisher=home)]
        for wanted, alike in levels:
            text = desk.rewritten(base, wanted)
            there = runs_of(text)
            jaccard = len(own & there) / len(own | there)
            story += not alike
            batch.append(Page(story, text, headline, alike, jaccard, rng.randrange(PUBLISHERS)))
        for page in batch[: count - made]:
            publisher = publishers[page.publisher]
            record = {"id": f"p{made:08d}", "text": _text(rng, page, publisher, stock)}
            if menus != "unknown":
                record["outlet"] = publisher.name
            truth = {"id": record["id"], "story": page.story, "copy": page.copy, "jaccard": round(page.jaccard, 4)}
            yield record | {"file": f"{page.publisher:03d}"}, truth
            made += 1
        story += 1


def _text(rng: random.Random, page: Page, publisher: Publisher, stock: Stock) -> str:
    day = f"{rng.randint(1, 28)} {rng.choice(stock.months)} {rng.randint(2029, 2034)}"
    body = [f"{' '.join(p).capitalize()}." for p in page.paragraphs]
    teasers = [f"• {' '.join(rng.choices(stock.words, k=6))}" for _ in range(2)]
    lines = [*publisher.menu, "", page.headline, day, "", *body, "", stock.read_also, *teasers, *publisher.footer, ""]
    return "\n".join(lines)


def write_corpus(count: int, folder: Path, seed: int = 0, menus: str = "own", first: int = 0) -> None:
    """Write pages `first` to `count` - 1 below `folder`; a page does not depend on how many follow it."""
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    files = {}
    with (folder / "truth.jsonl").open("w", encoding="utf-8") as truths:
        for number, (record, truth) in enumerate(pages(count, seed, menus)):
            if number < first:
                continue
            name = record.pop("file")
            if name not in files:
                files[name] = (folder / "pages" / f"{name}.jsonl").open("w", encoding="utf-8")
            files[name].write(json.dumps(record, ensure_ascii=False) + "\n")
            truths.write(json.dumps(truth) + "\n")
    for file in files.values():
        file.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a made-up news corpus with planted near-copies.")
    parser.add_argument("count", type=int, help="number of pages")
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--menus", choices=MENUS, default="own")
    given = parser.parse_args()
    write_corpus(given.count, given.folder, given.seed, given.menus)


if __name__ == "__main__":
    main()
