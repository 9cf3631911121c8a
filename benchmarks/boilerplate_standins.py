"""Robustness of the boilerplate suggester, on stand-ins for pages we have none of.

    python -m corpus_kit.suggest.boilerplate.training boilerplate-dev/articles.jsonl.gz --out FILE --models FOLDER
    python benchmarks/boilerplate_standins.py boilerplate-dev/articles.jsonl.gz --models FOLDER

What they are: pages of the development set, each judged by the model of its fold, which saw no page of its host; cut
short, put among the menus and link lists of other pages of the same fold, rendered otherwise, and with their words made
to look like another language's: articles and small verbs left out, stems lengthened, letters of another alphabet. The
generator shares no code with the variations that training is made of (`training/augment.py`), so that a model cannot have
learned its habits. What is wanted is known line by line, from the lines' labels.

What they are not: pages in Russian, Greek or Polish. No one wrote them, their sites' habits are those of English-language
sites, and their clutter is drawn at random. They tell whether one model is more robust than another, not how good it is
on such pages. Nor is there a publisher with many pages in the set: which lines it would repeat is drawn at random, by
chances that are a guess.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from boilerplate_cv import THRESHOLD, f1, keep

from corpus_kit.suggest.boilerplate import BoilerplateModel
from corpus_kit.suggest.boilerplate.training.calibrate import calibration_error
from corpus_kit.suggest.boilerplate.training.dataset import precision_recall, read_examples

Line = tuple[str, float]  # a line, and the share of it that is content; -1 where it has no words
Page = list[Line]

_BLANK: Line = ("", -1.0)
_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[\"“«A-Z0-9])")
_TOKEN = re.compile(r"\w+(?:['’]\w+)?|\W+")
_MARKED = re.compile(r"^\s*(?:[•◦▪‣·*»–-]\s+)?")
_STAR = re.compile(r"^(\s*)[•◦▪‣·*»–-]\s+")
_BATCH = 64

# Words that inflected languages have no word for.
_SMALL = {
    "the", "a", "an", "of", "to", "is", "are", "was", "be", "been", "have", "has", "had", "will", "would", "do", "does",
    "did", "by", "it", "its", "for",
}  # fmt: skip
_ENDINGS = ("a", "em", "ow", "ie", "ami", "ego", "y", "ski")
_LATIN = "abcdefghijklmnopqrstuvwxyz"


def _alphabet(letters: str) -> dict[int, str]:
    return dict(zip(map(ord, _LATIN + _LATIN.upper()), letters + letters.upper(), strict=True))


_ALPHABETS = {
    "ru": _alphabet("абцдефгхиёклмнопкрстувзхйз"),
    "el": _alphabet("αβκδεφγηιξκλμνοπχρστυωψξηζ"),
}
_POLISH = dict(zip("aeoslzcn", "ąęóśłżćń", strict=True))


def in_language(text: str, language: str, rng: random.Random) -> str:
    """`text` with the look of another language: fewer small words, longer other ones, its letters."""
    out: list[str] = []
    for token in _TOKEN.findall(text):
        if not token[0].isalpha():
            out.append(token)
            continue
        if token.lower() in _SMALL and rng.random() < 0.8 and out and out[-1] == " ":
            continue
        number = sum(map(ord, token.lower()))
        word = token + _ENDINGS[number % 8] if len(token) > 3 and number % 10 < 6 else token
        if language in _ALPHABETS:
            word = word.replace("'", "").translate(_ALPHABETS[language])
        else:
            word = "".join(_POLISH.get(char, char) if (number + at) % 5 == 0 else char for at, char in enumerate(word))
        out.append(word)
    return re.sub(r"(?<=\S) +", " ", "".join(out))


def edges(page: Page) -> tuple[int, int]:
    """First and past-the-last line of content; both the page's end where there is none."""
    rows = [at for at, (_, share) in enumerate(page) if share >= 0.5]
    return (rows[0], rows[-1] + 1) if rows else (len(page), len(page))


class Stock:
    """What clutter is made of: menus and footers, headlines and first sentences of some pages."""

    def __init__(self, pages: list[Page]) -> None:
        self.clutter: list[Page] = []
        self.heads: list[str] = []
        self.sentences: list[str] = []
        for page in pages:
            low, high = edges(page)
            for side in (page[:low], page[high:]):
                block = [(text, 0.0 if share >= 0 else -1.0) for text, share in side]
                self.clutter += [block] if len(block) >= 4 else []
            told = [text.strip() for text, share in page[low:high] if share >= 0.5]
            if told and len(told[0].split()) < 18 and not told[0].endswith("."):
                self.heads.append(told[0])
            firsts = [_SENTENCE.split(text)[0] for text in told[1:4]]
            self.sentences += [one for one in firsts if 40 < len(one) < 260]

    def stretch(self, rng: random.Random, least: int, most: int) -> Page:
        """A piece of somebody's menu or footer."""
        block, size = rng.choice(self.clutter), rng.randint(least, most)
        at = rng.randint(0, max(0, len(block) - size))
        return block[at : at + size]

    def head(self, rng: random.Random) -> str:
        if self.heads and rng.random() < 0.5:
            return rng.choice(self.heads)
        return " ".join(rng.choice(self.sentences).split()[: rng.randint(5, 14)]).rstrip(".,;:")

    def links(self, rng: random.Random) -> Page:
        """A box of links to other articles, in one of the styles sites have."""
        style, mark = rng.random(), rng.choice(("", "", "* ", "- ", "• ", "» ", "  ", "    "))
        lines: list[str] = []
        if rng.random() < 0.7:
            lines.append(self.head(rng).split()[0].capitalize() + rng.choice(("", " news", ":")))
        for _ in range(rng.choice((3, 5, 8, 12, 20))):
            head = self.head(rng)
            if style < 0.35:
                lines.append(mark + head)
            elif style < 0.5:
                lines.append(f"{mark}{_when(rng)} {head}")
            elif style < 0.6:
                lines += [_when(rng), mark + head]
            elif style < 0.8:
                lines += [mark + head, rng.choice(self.sentences) + rng.choice(("", "", "..."))]
            else:
                lines.append(mark + " ".join(head.split()[: rng.randint(1, 3)]))
            lines += [""] if rng.random() < 0.2 else []
        return [(line, 0.0 if line else -1.0) for line in lines]


def _when(rng: random.Random) -> str:
    day, month = rng.randint(1, 28), rng.randint(1, 12)
    return rng.choice(
        (f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}", f"{day}.{month:02}.2011", f"{day:02}/{month:02}")
    )


def sea(page: Page, rng: random.Random, stock: Stock, lines: tuple[int, int]) -> Page | None:
    """The first 40 to 220 words of an article among `lines` lines of clutter; None for a page with too few words."""
    low, high = edges(page)
    article: Page = []
    words, want = 0, rng.randint(40, 220)
    for text, share in page[low:high]:
        article.append((text, share))
        words += len(text.split()) if share >= 0.5 else 0
        if words >= want:
            break
    if words < 30:
        return None
    size = rng.randint(*lines)
    above = int(size * rng.uniform(0.15, 0.6))
    gap = [_BLANK] if rng.random() < 0.6 else []
    return respaced([*clutter(above, rng, stock), *article, *gap, *clutter(size - above, rng, stock)], rng)


def clutter(size: int, rng: random.Random, stock: Stock) -> Page:
    """Boxes of links and pieces of menus, `size` lines or a few more."""
    made: Page = []
    while len(made) < size:
        made += stock.links(rng) if rng.random() < 0.5 else stock.stretch(rng, 3, 40)
        made += [_BLANK] if rng.random() < 0.6 else []
    return made


def respaced(page: Page, rng: random.Random) -> Page:
    """Blank lines lost, doubled, put everywhere, or as they were."""
    how, filled = rng.random(), [line for line in page if line[0].strip()]
    if how < 0.3:
        return filled
    if how < 0.5:
        return [copy for line in page for copy in ((line,) if line[0].strip() else (line, line))]
    return [copy for line in filled for copy in (line, _BLANK)] if how < 0.6 else page


def rendered(page: Page, rng: random.Random, stock: Stock) -> Page:
    """The whole page in another rendering: other bullets, indentation and blank lines; more clutter below the article."""
    _, high = edges(page)
    if rng.random() < 0.6:
        page = [*page[:high], _BLANK, *stock.stretch(rng, 5, 40), *page[high:]]
    page, how = respaced(page, rng), rng.random()
    if how < 0.35:
        return [(_MARKED.sub("", text), share) for text, share in page]
    if how < 0.55:
        return [(_STAR.sub(r"\1* ", text), share) for text, share in page]
    return [(text.strip(), share) for text, share in page] if how < 0.7 else page


def bare(page: Page, at: int, rng: random.Random) -> Page | None:
    """Nothing but the lines of an article, three times in four the first two to nine of them; most in another language."""
    story = [line for line in page if line[1] >= 0.5]
    if at % 8 < 6:
        story = story[: rng.randint(2, 9)]
    language = ("", "ru", "el", "pl")[at % 4]
    if language:
        story = [(in_language(text, language, rng), share) for text, share in story]
    return ([copy for line in story for copy in (line, _BLANK)] if at % 2 else story) or None


NAMES = {
    "ru": "short article, 100 to 300 lines of links, as in Russian",
    "el": "… as in Greek",
    "pl": "… as in Polish",
    "news": "short English article, 20 to 90 lines of clutter",
    "render": "whole pages in other renderings",
    "bare": "nothing but an article, most of them cut short",
    "plain": "whole pages as they are",
    "told": "… and it is told what their publisher repeats",
    "misled": "… with five times as many lines of the article among it",
}
# Chance to be repeated, of a line of clutter and of one of the article: (up to four words, longer).
_REPEATED = {"told": ((0.8, 0.4), (0.02, 0.002)), "misled": ((0.8, 0.4), (0.1, 0.01))}


def standins(pages: list[Page], folds: list[int], name: str) -> Iterator[tuple[Page, int]]:
    """Every stand-in of one kind with its fold. Each is drawn by a generator of its own, seeded by kind and number."""
    stock = {k: Stock([page for page, fold in zip(pages, folds, strict=True) if fold == k]) for k in set(folds)}
    for at, (page, fold) in enumerate(zip(pages, folds, strict=True)):
        rng = random.Random(f"{name}{at}")
        if name in ("plain", "told", "misled"):
            yield page, fold
        elif name == "render":
            yield rendered(page, rng, stock[fold]), fold
        elif name == "bare":
            if (story := bare(page, at, rng)) is not None:
                yield story, fold
        elif at % 2 == (name == "news"):  # half of the pages for short news, the other half for seas of links
            made = sea(page, rng, stock[fold], (20, 90) if name == "news" else (100, 300))
            if made is not None and name != "news":
                made = [(in_language(text, name, rng) if text.strip() else text, share) for text, share in made]
            if made is not None:
                yield made, fold


def repeated(page: Page, name: str) -> list[int]:
    """Where the lines stand that the page's publisher is said to repeat, drawn at random; the same for the same page."""
    if name not in _REPEATED:
        return []
    rng = random.Random("\n".join(text for text, _ in page))
    places, at = [], 0
    for text, share in page:
        words = len(text.split())
        if words and rng.random() < _REPEATED[name][share >= 0.5][words > 4]:
            places.append(at + len(text) - len(text.lstrip()))
        at += len(text) + 1
    return places


def judge(
    made: list[tuple[Page, int]], models: dict[int, BoilerplateModel], name: str
) -> tuple[float, float, float, float]:
    """Precision, recall and F1 of the kept text at the threshold, and the calibration error of the lines."""
    figures, chance, truth = [], [], []
    for fold, model in sorted(models.items()):
        mine = [page for page, own in made if own == fold]
        for low in range(0, len(mine), _BATCH):
            batch = mine[low : low + _BATCH]
            texts = ["\n".join(text for text, _ in page) for page in batch]
            known = [repeated(page, name) for page in batch]
            found = model.predict(texts, repeated=known), model.suggest(texts, THRESHOLD, repeated=known)
            told = zip(batch, texts, *found, strict=True)
            for page, text, scores, spans in told:
                wanted = "\n".join(line for line, share in page if share >= 0.5)
                gone = {at for span in spans for at in range(span.start, span.end)}
                kept = "\n".join(text[one.start : one.end] for one in scores if one.start not in gone)
                figures.append(precision_recall(kept, wanted))
                begins = np.cumsum([0, *(len(line) + 1 for line, _ in page)])
                for one, at in zip(scores, np.searchsorted(begins, [s.start for s in scores], "right"), strict=True):
                    if (share := page[at - 1][1]) >= 0:
                        chance.append(one.score)
                        truth.append(1.0 - share)
    return *f1(np.array(figures)), calibration_error(np.array(chance), np.array(truth))


def main() -> int:
    """Print the table, and with `--write` keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="JSON Lines (.gz) with id, url, text, reference")
    parser.add_argument("--models", type=Path, required=True, help="the folder that the training command filled")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/boilerplate_cv.md")
    options = parser.parse_args()
    examples = read_examples(options.dataset)
    pages, folds = [one.page() for one in examples], [one.fold for one in examples]
    models = {fold: BoilerplateModel.load(options.models / f"fold{fold}.npz") for fold in sorted(set(folds))}
    rows = ["| stand-in | pages | precision | recall | F1 | calibration error |", "|---|---|---|---|---|---|"]
    seas = []
    for name, told in NAMES.items():
        made = list(standins(pages, folds, name))
        p, r, f, error = judge(made, models, name)
        rows.append(f"| {told} | {len(made)} | {p:.3f} | {r:.3f} | {f:.3f} | {error:.3f} |")
        seas += [f] if name in ("ru", "el", "pl") else []
        if name == "pl":
            rows.append(f"| mean of the three | | | | {np.mean(seas):.3f} | |")
    table = "\n".join(rows)
    sys.stdout.write(table + "\n")
    if options.write:
        keep(table, "standins")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
