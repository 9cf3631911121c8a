"""The boilerplate suggester: packaged weights, scores per line, spans above a threshold."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from corpus_kit.core.errors import ConfigError
from corpus_kit.core.lines.hashing import U64
from corpus_kit.core.lines.pages import F64, Columns, LineRows, Pages, read_pages
from corpus_kit.core.lines.trees import TABLE_ROWS, Forest, Table
from corpus_kit.suggest.boilerplate.context import place, second_look
from corpus_kit.suggest.boilerplate.features import Line, describe
from corpus_kit.suggest.boilerplate.kinds import name_kinds
from corpus_kit.suggest.boilerplate.records import BoilerplateSpan, LineScore
from corpus_kit.suggest.boilerplate.spans import ScoredSpan, find_headlines

_BATCH = 400_000  # code points looked at together: enough to amortise calls, small enough to stay in the cache
_KNOWN_ODDS = -3.0  # what people marked on two pages or more and never kept is no better than this: their word counts
_REPEATED_ODDS = 3.0  # log-odds for a line that a publisher repeats from page to page
_FORMATS = (2, 3)  # 3 since there may be several pairs of passes

Repeated = Collection[int]
Passes = tuple[Forest, Forest]
Company = tuple[float, float]


@dataclass(frozen=True, slots=True)
class LineScores:
    """One batch after the model has seen it: what naming, spans and retraining need."""

    pages: Pages
    rows: LineRows
    columns: Columns
    line: Line
    odds: F64


@dataclass(frozen=True)
class BoilerplateModel:
    """Weights and what turns them into probabilities.

    passes: pairs of a first and a second pass, grown from different variations; their log-odds are averaged.
    knots, chances: calibrated probability of boilerplate at given log-odds of content.
    lean: correction learned from the user's own gold, one weight per column of `lean_columns`, zeros when there is none.
    known: sorted keys of lines the user's gold marks again and again.
    made_of: what the trees were grown from and how, as JSON: settings, sha256 and size of the data.
    company: a page with no line as probable as the first of these to be boilerplate, nor two as the second, has none, see
    `in_company`; zeros where models do not ask.
    """

    version: str
    passes: tuple[Passes, ...]
    knots: F64
    chances: F64
    lean: F64
    known: U64 = field(default_factory=lambda: np.zeros(0, np.uint64))
    made_of: str = "{}"
    company: Company = (0.0, 0.0)

    @classmethod
    def load(cls, path: Path | None = None) -> BoilerplateModel:
        """The model at `path`, or the packaged one.

        Raises ConfigError when the file is not a model this version can read.
        """
        return _packaged() if path is None else cls.from_bytes(path.read_bytes(), str(path))

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "model") -> BoilerplateModel:
        """Read what `to_bytes` wrote. No pickle is ever read."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                part = {key: stored[key] for key in stored.files}
            if int(part["format"]) not in _FORMATS:
                raise ConfigError(
                    f"{name} has model format {int(part['format'])}, this version reads {_FORMATS[0]} and {_FORMATS[1]}.",
                    "Remove it, and train it again with `corpus-kit suggest boilerplate --train`.",
                )
            return cls(
                str(part["version"]),
                tuple(
                    (Forest.of_parts(part, f"first{m}"), Forest.of_parts(part, f"second{m}")) for m in _members(part)
                ),
                part["knots"],
                part["chances"],
                part["lean"],
                part["known"],
                str(part["made_of"]),
                _company(part),
            )
        except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
            raise ConfigError(f"{name} is not a boilerplate model.", "Check the path, or train it again.") from error

    def to_bytes(self) -> bytes:
        """The model as an uncompressed .npz; the same model gives the same bytes."""
        out = io.BytesIO()
        parts = {
            "format": np.array(_FORMATS[len(self.passes) > 1 or any(self.company)]),
            "version": np.array(self.version),
            "knots": self.knots,
            "chances": self.chances,
            "lean": self.lean,
            "known": self.known,
            "made_of": np.array(self.made_of),
        }
        if any(self.company):  # models of before 1.2 have no such part, and keep their bytes
            parts["company"] = np.array(self.company)
        if len(self.passes) > 1:
            parts["members"] = np.array(len(self.passes))
        for name, forest in (
            (f"{name}{m}", forest)
            for m, pair in zip(_members(parts), self.passes, strict=True)
            for name, forest in zip(("first", "second"), pair, strict=True)
        ):
            parts |= forest.parts(name)
        np.savez(out, allow_pickle=False, **parts)
        return out.getvalue()

    @property
    def sha256(self) -> str:
        """Of `to_bytes()`, which for a loaded model is the file."""
        import hashlib  # loads OpenSSL, which suggesting does not need

        return hashlib.sha256(self.to_bytes()).hexdigest()

    def predict(
        self,
        texts: Sequence[str],
        headlines: Sequence[str | None] | None = None,
        repeated: Sequence[Repeated | None] | None = None,
        places: Sequence[int | None] | None = None,
    ) -> list[list[LineScore]]:
        """A score for every line that holds anything, per text, in order.

        headlines: the page's headline where known. Its first line keeps a score below any sensible threshold, later
        repetitions are named. repeated: of each text, a code point in every line that its publisher repeats from page to
        page. places: where each headline begins, where known: that line is the headline, whatever else reads like it.
        The answer for a text depends on nothing but the text, its own headline and its own repeated lines.
        """
        return [lines for batch in self._judged(texts, headlines, repeated, places) for lines in batch.lines()]

    def suggest(
        self,
        texts: Sequence[str],
        threshold: float,
        headlines: Sequence[str | None] | None = None,
        repeated: Sequence[Repeated | None] | None = None,
        places: Sequence[int | None] | None = None,
    ) -> list[list[BoilerplateSpan]]:
        """Spans whose lines all score `threshold` or more. A text that would lose every line keeps its best run."""
        return [spans for batch in self._judged(texts, headlines, repeated, places) for spans in batch.spans(threshold)]

    def score(self, texts: Sequence[str], repeated: Sequence[Repeated | None] | None = None) -> Iterator[LineScores]:
        """Log-odds of content for every row, batch by batch."""
        for low, high in _batches(texts):
            pages = read_pages(texts[low:high])
            rows = LineRows(pages)
            columns, line = describe(pages, rows)
            columns |= place(columns, line, rows)
            told = self._told(columns, line, rows)
            chance = np.interp(sum(told[1:], told[0]) / len(told), self.knots, self.chances)
            chance = in_company(chance, line.words, rows, self.company)
            odds = np.log((1.0 - chance) / chance)
            odds = odds + lean_columns(odds, columns, line) @ self.lean
            odds = np.where(np.isin(line.key, self.known), np.minimum(odds, _KNOWN_ODDS), odds)
            if repeated is not None:
                odds[repeated_rows(pages, repeated[low:high])] -= _REPEATED_ODDS
            yield LineScores(pages, rows, columns, line, wordless(odds, line, rows))

    def _told(self, columns: Columns, line: Line, rows: LineRows) -> list[F64]:
        """Log-odds of content by each pair of passes. `columns` gets those of the last pair's second look, too."""
        # All forests read one table; but of a text of many megabytes it would be too large.
        table = Table(self._names, rows.n) if rows.n <= TABLE_ROWS else None
        if table:
            table.put(columns)
        told = []
        for first, second in self.passes:
            looked = second_look(first.read(table) if table else first.log_odds(columns), line, rows)
            columns |= looked
            if table:
                table.put(looked)
            told.append(second.read(table) if table else second.log_odds(columns))
        return told

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for pair in self.passes for forest in pair for name in forest.names))

    def _judged(
        self,
        texts: Sequence[str],
        headlines: Sequence[str | None] | None,
        repeated: Sequence[Repeated | None] | None,
        places: Sequence[int | None] | None,
    ) -> Iterator[ScoredSpan]:
        at = 0
        for batch in self.score(texts, repeated):
            pages, words = batch.pages, batch.line.words
            n_docs = batch.rows.n_docs
            mine = headlines[at : at + n_docs] if headlines is not None else [None] * n_docs
            begins = places[at : at + n_docs] if places is not None else None
            is_headline, repeats = find_headlines(texts[at : at + n_docs], mine, pages, words, begins)
            chance = 1.0 / (1.0 + np.exp(batch.odds))
            chance[repeats] = np.maximum(chance[repeats], 0.9)
            chance[is_headline] = np.minimum(chance[is_headline], 0.01)
            chance = np.round(chance, 6)
            kinds = name_kinds(batch.columns, words, chance, repeats, pages, batch.rows)
            base = pages.offset[pages.doc]
            yield ScoredSpan(pages.start - base, pages.end - base, chance, kinds, words, pages.doc, pages.first)
            at += n_docs


LEAN_NAMES = (
    "constant", "odds", "log_words", "ends_sentence", "bullet", "date_marks", "same_lead", "before", "after", "foreign",
)  # fmt: skip


def lean_columns(odds: F64, columns: Columns, line: Line) -> F64:
    """(rows, len(LEAN_NAMES)): the few things a user's own pages may correct the model by."""
    return np.stack(
        [
            np.ones(len(odds)),
            np.clip(odds, -6.0, 6.0) / 3.0,
            np.log1p(line.words) / 2.0,
            columns["ends_sentence"],
            columns["bullet"],
            np.minimum(columns["date_marks"], 2.0) / 2.0,
            np.minimum(columns["same_lead"], 10.0) / 10.0,
            (columns["best_from_low"] < 0).astype(np.float64),
            (columns["best_from_high"] >= 0).astype(np.float64),
            columns["foreign"],
        ],
        axis=1,
    )


def in_company(chance: F64, words: F64, rows: LineRows, company: Company) -> F64:
    """`chance` of boilerplate per row, lowered on pages where it is nowhere plain: no line with words reaches the first of
    `company`, nor do two lines reach the second.

    Clutter comes in company. Where it does not, the page is nothing but an article, and what looks a little like clutter is
    its headline or a short last line. All odds of the page are divided by those of the first of `company`, so that its
    lines keep their order and none of them reaches one half.
    """
    one, two = company
    if not one:
        return chance
    told = np.where(words > 0, chance, 0.0)
    clean = (rows.peak(told) < one) & (rows.total((told >= two).astype(np.float64)) < 2)
    fewer = chance * (1.0 - one)
    return np.where(clean, fewer / (fewer + (1.0 - chance) * one), chance)


def repeated_rows(pages: Pages, repeated: Sequence[Repeated | None]) -> npt.NDArray[np.bool_]:
    """(rows,) whether a row holds one of its text's code points in `repeated`."""
    made = np.zeros(len(pages.start), np.bool_)
    for d, places in enumerate(repeated):
        first, last = pages.first[d], pages.first[d + 1]
        if places and first < last:
            at = np.fromiter(places, np.int64, len(places)) + pages.offset[d]
            row = np.searchsorted(pages.start[first:last], at, "right") - 1 + first
            row = row[(row >= first) & (at < pages.end[row])]
            made[row] = True
    return made


def wordless(odds: F64, line: Line, rows: LineRows) -> F64:
    """Rules and ornaments follow their neighbours, and stay when either neighbour does."""
    around = np.maximum(rows.shift(odds, -1, -9.0), rows.shift(odds, 1, -9.0))
    return np.where(line.words == 0, around, odds)


def _batches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    low, size = 0, 0
    for at, text in enumerate(texts):
        if size and size + len(text) > _BATCH:
            yield low, at
            low, size = at, 0
        size += len(text) + 1
    if texts:
        yield low, len(texts)


def _members(part: dict[str, npt.NDArray[Any]]) -> list[str]:
    """What stands after `first` and `second` in the names of each pair's parts: nothing for the first pair."""
    return ["", *(str(m) for m in range(1, int(part.get("members", np.array(1)))))]


def _company(part: dict[str, npt.NDArray[Any]]) -> Company:
    one, two = part.get("company", np.zeros(2)).tolist()
    return one, two


@lru_cache(maxsize=1)
def _packaged() -> BoilerplateModel:
    data = Path(__file__).with_name("weights.npz").read_bytes()
    return BoilerplateModel.from_bytes(data, "the packaged model")
