"""Which date of a page is that of its publication: candidates with the numbers that tell them apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from corpus_kit.core.lines.pages import Columns
from corpus_kit.ingest.dates import FoundDate, find_dates

_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_CLOCK = re.compile(r"\d[:.h]\d\d(?!\d|[.:/-]\d)")
_WORD = re.compile(r"[^\W\d_]+")
_SHAPE = re.compile(r"\d+|[^\W\d_]+")
# "Updated" as pages write it before a date: no date of publication. Beginnings of words, in small letters.
_CHANGED = re.compile(
    r"updat|modifi|revis|edited|last changed|aktuali[sz]|geändert|mis à jour|mise à jour|actualiz|aggiornat|atualiz|"
    r"bijgewerkt|gewijzigd|zaktualiz|обновл|измен[её]н|оновл|змінен|ενημερ|τελευταία|güncelle|oppdatert|uppdaterad|opdateret|"
    r"reviewed|تحديث|更新|修改|수정|업데이트"
)
_PUBLISHED = re.compile(
    r"publi|posted|published|released|written|issued|veröffentlicht|erschienen|stand|paru|posté|pubblicat|publicad|geplaatst|"
    r"gepubliceerd|opublikow|dodano|опубл|размещ|добавл|розміщ|додано|δημοσ|yayın|publicerad|publisert|udgivet|نشر|发布|發布|发表|公開|掲載|게시|입력"
)
# "Founded  28 February 1998", "Place: the old harbour": a label, and what it says.
_LABEL = re.compile(r"\s*[^\W\d][^:：\n]{0,24}?(?:[:：]|[^\S\n]{2,})[^\S\n]*\S")
_SENTENCE_END = (".", "!", "?", "。", "…")
_LONGEST = 200  # a line that is longer is running text: its dates belong to the story
_MOST = 40
_PARAGRAPH = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A date of a short line.

    line: where the line begins and ends. others: how many dates are in it besides. place: its number among those that count.
    label: where that begins which may say what date it is. changed: whether it says that it is the day of a change.
    """

    date: FoundDate
    line: tuple[int, int]
    others: int
    place: int
    label: int
    changed: bool


@dataclass(frozen=True, slots=True)
class HeadlineGuess:
    """The likeliest headline of a text, whether it is given or not. odds: log-odds that it is one."""

    start: int
    end: int
    odds: float


def find_candidates(text: str) -> list[Candidate]:
    """The unambiguous dates of the text's short lines, in order."""
    found: list[Candidate] = []
    high = -1
    for at in _years(text):
        if at < high:
            continue
        low = text.rfind("\n", 0, at) + 1
        high = text.find("\n", at)
        high = len(text) if high < 0 else high
        if high - low > _LONGEST:
            continue
        dates = find_dates(text, low, high)
        if dates and (_is_sentence(text, low, high, dates) or _is_property(text, low, high, dates[0].start)):
            continue
        known = len(found)
        for place, one in enumerate(dates):
            label_at = dates[place - 1].end if place else _line_above(text, low)
            label = text[max(label_at, low) : one.start].lower()
            # "Published 18 October 2031, updated 20 October 2031": the second is out of the question.
            if not (len(dates) > 1 and _CHANGED.search(label)):
                said = text[label_at : one.start].lower()
                changed = _CHANGED.search(said) is not None and _PUBLISHED.search(said) is None
                found.append(Candidate(one, (low, high), len(dates) - 1, len(found) - known, label_at, changed))
        if len(found) >= _MOST:
            break
    return found


def _years(text: str) -> Iterator[int]:
    """Where 1900 to 2099 stand in the text, in order. Two searches for two digits are many times as fast as a pattern."""
    early, late = text.find("19"), text.find("20")
    while early >= 0 or late >= 0:
        if late < 0 or 0 <= early < late:
            at, early = early, text.find("19", early + 1)
        else:
            at, late = late, text.find("20", late + 1)
        if text[at + 2 : at + 4].isdecimal() and len(text) >= at + 4:
            yield at


def describe(text: str, candidates: Sequence[Candidate], headline: HeadlineGuess | None) -> list[dict[str, float]]:
    """Numbers of each candidate."""
    head = headline or HeadlineGuess(0, 0, -9.0)
    values = [one.date.value.toordinal() for one in candidates]
    distinct = sorted(set(values))
    lines = [one.line[0] for one in candidates]
    story = _next_paragraph(text, head.end)
    shapes = [_SHAPE.sub("0", text[slice(*one.line)].strip()) for one in candidates]
    named = text[head.start : head.end]
    years = set(_YEAR.findall(named))
    clocks = sum(_CLOCK.search(text, *one.line) is not None for one in candidates)
    rows: list[dict[str, float]] = []
    below = 0
    for at, one in enumerate(candidates):
        low, high = one.line
        date = one.date
        line = text[low:high].strip()
        before, after = text[low : date.start].strip(), text[date.end : high].strip()
        words = _WORD.findall(before + " " + after)
        form = text[date.start : date.end]
        is_below = date.start >= head.end
        gap = text[head.end : low] if is_below else text[high : head.start]
        far = len(gap)
        near = gap[:3000] if is_below else gap[-3000:]
        prose = sum(min(len(part), 400) for part in near.split("\n") if len(part) >= _PARAGRAPH) if far else 0
        below += is_below
        next_end = text.find("\n", high + 1)
        rows.append(
            {
                "line": len(line),
                "before": len(before),
                "after": len(after),
                "words": len(words),
                "caps": sum(word[:1].isupper() for word in words) / max(len(words), 1),
                "changed": float(one.changed),
                "year_named": float(str(date.value.year) in named) - float(bool(years - {str(date.value.year)})),
                "older_below": sum(value < values[at] for value in values[at + 1 :]),
                "clocks": clocks,
                "alike": shapes.count(shapes[at]) - 1,
                "indent": min(len(text[low:high]) - len(text[low:high].lstrip()), 12),
                "letters": float(any(char.isalpha() for char in form)),
                "others": one.others,
                "place": one.place,
                "clock": float(
                    _CLOCK.search(text[max(low, date.start - 15) : date.start] + " " + after[:20]) is not None
                ),
                "sentence": float(line.endswith(_SENTENCE_END)),
                "colon": float(before.endswith((":", "："))),
                "bracket": float(before[-1:] in ("(", "[", "（")),
                "signed": float("©" in line or "(c)" in line.lower()),
                "number": at,
                "n": len(candidates),
                "n_distinct": len(distinct),
                "same": values.count(values[at]),
                "rank": distinct.index(values[at]),
                "rank_down": len(distinct) - 1 - distinct.index(values[at]),
                "to_newest": min(distinct[-1] - values[at], 4000),
                "to_oldest": min(values[at] - distinct[0], 4000),
                "near_dates": sum(abs(other - low) < 500 for other in lines) - 1,
                "below": float(is_below),
                "number_below": below if is_below else 0,
                "far": min(far, 5000) * (1 if is_below else -1),
                "rows": min(near.count("\n"), 60) * (1 if is_below else -1),
                "prose": min(prose, 2000),
                "in_headline": float(head.start <= date.start < head.end),
                "to_story": max(min(story - high, 3000), -3000),
                "share": date.start / max(len(text), 1),
                "left": min(len(text) - date.end, 5000),
                "next": min((next_end if next_end >= 0 else len(text)) - high, 400),
                "odds": max(min(head.odds, 6.0), -6.0),
            }
        )
    return rows


def _is_sentence(text: str, low: int, high: int, dates: Sequence[FoundDate]) -> bool:
    rest = high - low - sum(one.end - one.start for one in dates)
    return rest > 25 and text[low:high].rstrip().endswith(_SENTENCE_END)


def _is_property(text: str, low: int, high: int, date: int) -> bool:
    """Whether a date is one of several properties of a thing: its line begins with a label that speaks of no publication,
    and so does one of the next lines or the last ones."""
    label = _LABEL.match(text, low, high)
    before = text[low:date].lower()
    if label is None or label.end() > date + 1 or _PUBLISHED.search(before) or _CHANGED.search(before):
        return False
    around = [line for line in text[max(0, low - 150) : low].split("\n")[1:] if line.strip()][-2:]
    around += [line for line in text[high : high + 150].split("\n") if line.strip()][:2]
    return any(_LABEL.match(line) and not line.rstrip().endswith(_SENTENCE_END) for line in around)


def _line_above(text: str, low: int) -> int:
    """Where the short line above a line begins, or the line itself where what is above is no label."""
    above = text.rfind("\n", 0, max(low - 1, 0)) + 1
    return above if low - above <= 30 else low


def _next_paragraph(text: str, at: int) -> int:
    """Where the first long line after `at` begins."""
    for _ in range(80):
        end = text.find("\n", at)
        if end < 0:
            return len(text) if len(text) - at < _PARAGRAPH else at
        if end - at >= _PARAGRAPH:
            return at
        at = end + 1
    return at


def columns_of(rows: Sequence[dict[str, float]]) -> Columns:
    """The numbers of all candidates as columns."""
    return {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]} if rows else {}
