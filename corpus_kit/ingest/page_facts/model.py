"""The headline and the date of publication of many pages: packaged weights, and the best candidate where it is good."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from corpus_kit.core.lines.pages import F64, Bool, Columns
from corpus_kit.core.lines.trees import Forest
from corpus_kit.ingest.dates import FoundDate, find_dates
from corpus_kit.ingest.page_facts import features, published
from corpus_kit.ingest.page_facts.head import Heads, read_heads
from corpus_kit.ingest.page_facts.published import Candidate, HeadlineGuess
from corpus_kit.ingest.page_facts.second import ends_as, is_set_off, plain, rivals, second_look

_FORMAT = 1
_BATCH = 300_000
_SHORTEST, _LONGEST = 6, 250  # characters of a headline
# Cut by dots, a menu on one line, with bars or without, an address: no headline.
_CUT = re.compile(r"(?:\.\.|…)$|(?:[^|]*\s\|\s){3}|\S(?:\s{3,}|\t)\S|\S@\S|://")
_GLUED = re.compile(r"([^\W\d_]{4,20})(?<=[^\W\d_A-ZА-ЯЁІЇЄҐ])(?=[A-ZА-ЯЁІЇЄҐ«“„])")
_TELLING = 4  # words of four letters or more
_DATED = 0.35  # chance from which a date below a line speaks for it
_WORD = re.compile(r"\w{4,}")
_NONE = -9.0  # of lines that were not looked at twice
_RIVAL = 5.0  # how much less likely a line may be than the best to count as its rival
_INSIDE = 5.0  # how much less likely a line may be that another one ends or begins with, to be taken instead


@dataclass(frozen=True, slots=True)
class Scale:
    """Chance of being right at given scores, for linear interpolation, and the chance below which nothing is given."""

    knots: F64
    chances: F64
    least: float

    def chance(self, score: F64) -> F64:
        return np.interp(score, self.knots, self.chances)


@dataclass(frozen=True, slots=True)
class Title:
    """A text's likeliest headline, where it stands, its log-odds against its rivals and the chance that it is right."""

    text: str
    start: int
    end: int
    odds: float
    score: float
    chance: float


@dataclass(frozen=True)
class PageFactsModel:
    """first, second: looks at the lines of a head. dating: looks at the dates of short lines."""

    version: str
    first: Forest
    second: Forest
    dating: Forest
    title_scale: Scale
    date_scale: Scale
    made_of: str = "{}"

    @classmethod
    def from_bytes(cls, data: bytes) -> PageFactsModel:
        """Read what `to_bytes` wrote. No pickle is ever read."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            part = {key: stored[key] for key in stored.files}
        scales = [Scale(part[f"{n}_knots"], part[f"{n}_chances"], float(part[f"{n}_least"])) for n in ("title", "on")]
        forests = [Forest.of_parts(part, name) for name in ("first", "second", "date")]
        return cls(str(part["version"]), forests[0], forests[1], forests[2], scales[0], scales[1], str(part["made_of"]))

    def to_bytes(self) -> bytes:
        """The model as an uncompressed .npz; the same model gives the same bytes."""
        out = io.BytesIO()
        parts = {"format": np.array(_FORMAT), "version": np.array(self.version), "made_of": np.array(self.made_of)}
        for name, forest in (("first", self.first), ("second", self.second), ("date", self.dating)):
            parts |= forest.parts(name)
        for name, scale in (("title", self.title_scale), ("on", self.date_scale)):
            parts |= {
                f"{name}_knots": scale.knots,
                f"{name}_chances": scale.chances,
                f"{name}_least": np.array(scale.least),
            }
        np.savez(out, allow_pickle=False, **parts)
        return out.getvalue()

    def titles(self, texts: Sequence[str]) -> list[Title | None]:
        """The likeliest headline of each text with its chance; None where no line could be one."""
        found: list[Title | None] = []
        for low, high in _batches(texts):
            found += self._titles(texts[low:high])
        return found

    def _titles(self, texts: Sequence[str]) -> list[Title | None]:
        heads = read_heads(texts)
        columns = features.describe(heads)
        fit = may_be(heads, columns)
        odds: F64 = np.full(heads.rows.n, _NONE)
        if heads.rows.n:
            odds = np.where(fit, self.first.log_odds(columns), _NONE)
        at = rivals(odds)
        again = np.full(heads.rows.n, _NONE)
        if len(at):
            again[at] = self.second.log_odds(second_look(heads, columns, odds, at))
        picked = [choose(heads, again, d) for d in range(len(texts))]
        chances = self.title_scale.chance(np.array([one[1] if one else 0.0 for one in picked]))
        out: list[Title | None] = []
        for d, one in enumerate(picked):
            if one is None:
                out.append(None)
                continue
            row, score = one
            start, end = heads.place(row)
            out.append(Title(texts[d][start:end], start, end, float(again[row]), score, float(chances[d])))
        return out

    def dates(
        self,
        texts: Sequence[str],
        headlines: Sequence[HeadlineGuess | None],
        known: Sequence[date | None] | None = None,
    ) -> list[tuple[FoundDate, float] | None]:
        """The likeliest date of publication of each text and the chance that it is right.

        known: of each text, the date that it is, where that is known: then its likeliest place is told.
        """
        each = [published.find_candidates(text) for text in texts]
        told = map(published.describe, texts, each, headlines)
        rows = [row for some in told for row in some]
        if not rows:
            return [None] * len(texts)
        odds = self.dating.log_odds(published.columns_of(rows))
        edges = np.cumsum([0, *map(len, each)]).tolist()
        picked = [
            choose_date(some, odds[a:b], day)
            for some, day, (a, b) in zip(each, known or [None] * len(texts), pairwise(edges), strict=True)
        ]
        chances = self.date_scale.chance(np.array([one[1] if one else 0.0 for one in picked])).tolist()
        return [(one[0], chance) if one else None for one, chance in zip(picked, chances, strict=True)]


def is_dated_headline(text: str, title: Title) -> bool:
    """Whether a line that is likely the headline, not surely, has a date within the next three lines and a third of its
    words in the text below: pages of few lines look like this. Of 35 such lines of the development set 27 are headlines."""
    if title.chance < _DATED:
        return False
    below = text[title.end :]
    near = [line for line in below[:400].split("\n") if line.strip()][:3]
    if not any(len(line) <= 100 and find_dates(line) for line in near):
        return False
    words = [word[:5].casefold() for word in _WORD.findall(title.text)]
    story = below.casefold()
    return len(words) >= 2 and sum(word in story for word in words) >= len(words) / 3


def may_be(heads: Heads, columns: Columns) -> Bool:
    """Whether each row is of a headline's length, stands in the head itself, and has a word that running text takes up.

    Of 698 headlines two have several words and none of them in the story; slogans are of that kind.
    """
    size = heads.pages.end - heads.pages.start
    fit: Bool = heads.candidate & (size >= _SHORTEST) & (size <= _LONGEST) & (columns["words"] > 0)
    fit &= (columns["known"] > 0) | (columns["tellers"] < _TELLING)
    return fit


def choose(heads: Heads, odds: F64, d: int) -> tuple[int, float] | None:
    """The row of text `d` that is most likely its headline, and its share among all rivals and "none".

    Lines that say the same are one. Where the best line has another likely one at its end, as a breadcrumb does, or at its
    beginning before the name of a site, that one is taken: the headline is what the two have in common.
    """
    low, high = int(heads.pages.first[d]), int(heads.pages.first[d + 1])
    mine = odds[low:high]
    if not len(mine) or (top := float(mine.max())) <= _NONE:
        return None
    best: dict[str, tuple[float, int]] = {}
    for row in (low + np.flatnonzero(mine > max(top - _RIVAL, _NONE))).tolist():
        line = heads.line(row)
        words = "" if _is_no_headline(line, heads.texts[d]) else plain(line)
        if words and (words not in best or odds[row] > best[words][0]):
            best[words] = (float(odds[row]), row)
    if not best:
        return None
    ranked = sorted(best.items(), key=lambda item: (-item[1][0], item[1][1]))
    weights = {words: float(np.exp(min(value, 30.0))) for words, (value, _) in ranked}
    words, (value, row) = ranked[0]
    own = weights[words]
    for other, (less, its_row) in ranked[1:]:
        inside = ends_as(words, other) or words.startswith(other + " ")
        apart = inside and is_set_off(heads.line(row), heads.line(its_row))
        if apart and less > value - _INSIDE and len(other) >= 10 and " " in other:
            row, own = its_row, own + weights[other]
            break
    return row, own / (1.0 + sum(weights.values()))


def _is_no_headline(line: str, text: str) -> bool:
    """Whether a line is cut, an address, a date, or glued to the name of a section that the page has elsewhere."""
    if _CUT.search(line) or (len(line) < 40 and find_dates(line)):
        return True
    glued = _GLUED.match(line)
    if glued is None:
        return False
    if not glued[1].isascii():  # names with capitals inside are Latin
        return True
    at = text.find(glued[1])
    while at >= 0:
        if not text[at + len(glued[1]) : at + len(glued[1]) + 1].isalpha():
            return True
        at = text.find(glued[1], at + 1)
    return False


def choose_date(
    candidates: Sequence[Candidate], odds: F64, known: date | None = None
) -> tuple[FoundDate, float] | None:
    """The likeliest date and its share among all and "none". Dates of one value are one, and stand where the best does.

    The day of a change is not that of publication: it counts only where it is known to be the one.
    """
    best: dict[object, tuple[float, int]] = {}
    for at, one in enumerate(candidates):
        if one.changed if known is None else one.date.value != known:
            continue
        value = float(odds[at])
        if one.date.value not in best or value > best[one.date.value][0]:
            best[one.date.value] = (value, at)
    if not best:
        return None
    value, at = max(best.values(), key=lambda pair: (pair[0], -pair[1]))
    total = 1.0 + sum(float(np.exp(min(each, 30.0))) for each, _ in best.values())
    return candidates[at].date, float(np.exp(min(value, 30.0))) / total


def _batches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    low, size = 0, 0
    for at, text in enumerate(texts):
        if size and size + len(text) > _BATCH:
            yield low, at
            low, size = at, 0
        size += len(text) + 1
    if texts:
        yield low, len(texts)


@lru_cache(maxsize=1)
def packaged() -> PageFactsModel:
    """The model that comes with the package."""
    return PageFactsModel.from_bytes(Path(__file__).with_name("weights.npz").read_bytes())
