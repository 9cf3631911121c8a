"""The columns that describe a line mean what the packaged weights learned: each is held against a slow reading of its
definition, and the scores of three invented pages are pinned.

A column that drifts moves scores by a little everywhere; no test of whole pages notices that.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from corpus_kit.core.lines.chars import Kind
from corpus_kit.core.lines.pages import LineRows, read_pages
from corpus_kit.suggest.boilerplate import BoilerplateModel, BoilerplateSpan, main_text
from corpus_kit.suggest.boilerplate.features import describe
from corpus_kit.suggest.boilerplate.spans import find_headlines

NEWS = """\
Mirrow Strait News | Home | Sport | Weather | Log in

  The lighthouse of Sennet Bay is dark again, for the third time since 1987
18.10.2031 07:45 | By OLA BRANDT, ferries@strait.example

The lighthouse keeper said: "The lamp, an old lamp of 1899, is to be replaced in 2032 or 2033." Nobody was asked!
In the year 3000 the harbour council (12 members) will still be waiting… The harbour is patient.

Photo:  N. Velm   /   Strait Archive
12 Replies
3 replies
Read also: Eels of Lake Vesk, лодка and ferries
Read also: The harbour toll in 2031, and in 1931...
https://strait.example/harbour/2031/lamp
© 2031 Mirrow Strait News. ALL RIGHTS RESERVED?
"""
LIST = """\
• Ferries
• Tolls, 250 coras
- Eels
1. Timetable of the north shore
2) Timetable of the south shore
* * *
> back to top <
Read also:
Share! Share! Share!



Subscribe to the harbour letter; the harbour letter comes on Mondays and the harbour is in it
[x] (close)
"""
RUSSIAN = """\
Главная / Новости / Паром

Паром из Кестограда снова опоздал, сообщает 20 октября 2031 года пресс-служба ПОРТА.
«Паром стоит», — сказал капитан; в 2019 и 1976 годах было так же.
Паром | Порт | Расписание
Читайте также: Harbour News о пароме
Паром | Порт | Расписание
"""
PAGES = {"news": NEWS, "list": LIST, "russian": RUSSIAN}

TERMINAL, COMMA, SEPARATOR, BULLET = (
    ".!?…",
    ",;",
    "|/\\>→»",
    "•*·",
)  # » parts the steps of a path more often than it quotes
QUOTE, DASH, BRACKET, COLON = "\"'«“”", "-—–", "()[]<", ":"
MARKS = {
    **dict.fromkeys(TERMINAL, Kind.TERMINAL),
    **dict.fromkeys(COMMA, Kind.COMMA),
    **dict.fromkeys(QUOTE, Kind.QUOTE),
    **dict.fromkeys(SEPARATOR, Kind.SEPARATOR),
    **dict.fromkeys(BULLET, Kind.BULLET),
    **dict.fromkeys(DASH, Kind.DASH),
    **dict.fromkeys(BRACKET, Kind.BRACKET),
    **dict.fromkeys(COLON, Kind.COLON),
}


def kind(character: str) -> Kind:
    if character in MARKS:
        return MARKS[character]
    category = unicodedata.category(character)
    kinds = {"Ll": Kind.LOWER, "Lu": Kind.UPPER, "Nd": Kind.DIGIT}
    return Kind.SPACE if character.isspace() else kinds.get(category, Kind.SYMBOL)


class Slow:
    """One page read line by line, as the definitions say and as slowly as that is."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        filled = [number for number, line in enumerate(lines) if line.strip()]
        self.lines = [lines[number] for number in filled]
        self.rows = [line.strip() for line in self.lines]
        self.words = [re.findall(r"\w+", row) for row in self.rows]
        before = [-1, *filled]
        self.gap = [number - previous - 1 for number, previous in zip(filled, before, strict=False)]
        self.keys = [tuple("#" if word[0].isdigit() else word.lower() for word in words) for words in self.words]
        seen: dict[str, list[int]] = {}
        self.long: list[list[tuple[str, int]]] = []  # of each row: long words, and which occurrence of it each one is
        for row, words in enumerate(self.words):
            self.long.append([])
            for word in words:
                if len(word) >= 4 and not word[0].isdigit():
                    seen.setdefault(word.lower(), []).append(row)
                    self.long[-1].append((word.lower(), len(seen[word.lower()]) - 1))
        self.seen = seen

    def share(self, row: int, wanted: Callable[[str], bool]) -> float:
        return sum(map(wanted, self.words[row])) / max(len(self.words[row]), 1)

    def told(self, row: int, step: int, most: float) -> float:
        """Share of the row's long words that stand at most `most` rows before (step −1) or after (+1) too."""
        near = 0
        for word, occurrence in self.long[row]:
            other = occurrence + step
            rows = self.seen[word]
            if 0 <= other < len(rows) and rows[other] != row:
                near += abs(rows[other] - row) <= most
        return near / max(len(self.long[row]), 1)

    def shape(self, row: int) -> tuple[Kind, ...]:
        line = f" {self.rows[row]}"
        bends = [
            kind(c)
            for p, c in pairwise(line)
            if (kind(c) != kind(p) and kind(c) > Kind.UPPER) or kind(c) == Kind.BULLET
        ]
        return tuple(bends[:24])

    def since(self, values: list[object], row: int, most: float) -> float:
        earlier = [r for r in range(row) if values[r] == values[row]]
        return min(row - earlier[-1], most) if earlier else most

    def columns(self) -> dict[str, list[float]]:
        made: dict[str, list[float]] = {}

        def put(name: str, value: float) -> None:
            made.setdefault(name, []).append(float(value))

        shapes: list[object] = [self.shape(row) for row in range(len(self.rows))]
        keys: list[object] = list(self.keys)
        leads = [words[0] if words else None for words in self.keys]
        lasts = [words[-1] if words else None for words in self.keys]
        scripts = Counter(_script(word) for words in self.words for word in words if _script(word))
        ((main, _),) = scripts.most_common(1)
        for row, line in enumerate(self.rows):
            words, n = self.words[row], len(self.words[row])
            letters = sum(map(len, words))
            around = list(zip(f"\n{line[:-1]}", line, f"{line[1:]}\n", strict=True))
            lead = words[0][0] if words else ""
            lead_at = line.index(words[0]) if words else 0
            behind = line[lead_at + len(words[0]) :] + "\n\n" if words else ""
            bullet = line[0] in BULLET or (line[0] in DASH + SEPARATOR and f"{line}\n"[1].isspace())
            lettered = [_script(word) for word in words if _script(word)]
            longs, frequency = self.long[row], {word: len(rows) for word, rows in self.seen.items()}
            caps = sum(word[0].isupper() for word in words)
            clock = sum(c == ":" and p.isdigit() and x.isdigit() for p, c, x in around)
            put("chars", len(line))
            put("words", n)
            put("word_length", letters / max(n, 1))
            put("longest_share", len(longs) / max(n, 1))
            put("caps_share", caps / max(n, 1))
            put("caps_later", (caps - lead.isupper()) / max(n - 1, 1))
            put("shout_share", self.share(row, lambda w: len(w) > 1 and w[0].isupper() and w[1].isupper()))
            put("number_share", self.share(row, lambda w: w[0].isdigit()))
            put("digits", sum(c.isdigit() for c in line))
            put("digit_share", sum(c.isdigit() for c in line) / len(line))
            put("years", sum(re.fullmatch(r"(19|20)\w\w", word) is not None for word in words))
            put("clock", clock)
            put("date_marks", clock + sum(c in "./-" and p.isdigit() and x.isdigit() for p, c, x in around))
            sentences = sum(c in TERMINAL and (x.isspace() or x in QUOTE + BRACKET) for _, c, x in around)
            commas = sum(c in COMMA and x.isspace() for _, c, x in around)
            put("sentences", sentences)
            put("sentence_length", n / (1 + sentences))
            put("commas", commas)
            put("comma_share", commas / max(n, 1))
            put("quotes", sum(c in QUOTE for c in line))
            put("brackets", sum(c in BRACKET for c in line))
            put("piped", sum(c in SEPARATOR and p.isspace() and x.isspace() for p, c, x in around))
            put("symbols", sum(kind(c) == Kind.SYMBOL for c in line))
            put("addresses", sum(c == "@" or (c == "/" and p in SEPARATOR) for p, c, _ in around))
            put("wide_spaces", sum(c.isspace() and p.isspace() for p, c, _ in around))
            put("punctuation_share", sum(kind(c) >= Kind.TERMINAL for c in line) / len(line))
            put("colon_end", line[-1] in COLON)
            put("ends_sentence", line.rstrip(QUOTE + BRACKET)[-1:] in TERMINAL and line.rstrip(QUOTE + BRACKET) != "")
            put("ends_question", line[-1] in "?!")
            put("ends_dots", line.endswith(("…", "..")))
            put("closing", kind(line[-1]) if kind(line[-1]) >= Kind.TERMINAL else 0)
            put("opening", kind(line[0]) if kind(line[0]) >= Kind.TERMINAL else 0)
            put("lead_lower", lead.islower())
            put("lead_offset", min(lead_at, 20))
            put("bullet", bullet)
            put("numbered", lead.isdigit() and not bullet and behind[0] in ".)" and behind[1].isspace())
            put("indent", len(self.lines[row]) - len(self.lines[row].lstrip()))
            put("gap", min(self.gap[row], 3))
            put("twins", keys.count(keys[row]))
            put("earlier_twins", keys[:row].count(keys[row]))
            put("since_twin", self.since(keys, row, 200))
            put("shapes", shapes.count(shapes[row]))
            put("since_shape", self.since(shapes, row, 60))
            put("same_lead", leads.count(leads[row]))
            put("same_last", lasts.count(lasts[row]))
            put("shared_words", sum(frequency[word] > 1 for word, _ in longs) / max(len(longs), 1))
            put("common_words", sum(math.log(frequency[word]) for word, _ in longs) / max(len(longs), 1))
            put("told_before", self.told(row, -1, 12))
            put("told_after", self.told(row, 1, 12))
            put("ever_before", self.told(row, -1, math.inf))
            put("ever_after", self.told(row, 1, math.inf))
            put("small_words", self.share(row, lambda w: w[0].islower() and len(w) <= 3))
            put("foreign", 1 - lettered.count(main) / len(lettered) if lettered else 0)
            put("uncased", 0)
        return made


def _script(word: str) -> str:
    return unicodedata.name(word[0]).split()[0] if word[0].isalpha() else ""


@pytest.mark.parametrize("name", PAGES)
def test_every_column_is_what_its_definition_says(name: str) -> None:
    pages = read_pages([PAGES[name]])
    found, _ = describe(pages, LineRows(pages))
    slow = Slow(PAGES[name])
    wanted = slow.columns()
    assert sorted(found) == sorted(wanted)
    wrong = {
        (column, slow.rows[row]): (found[column][row], value)
        for column, values in wanted.items()
        for row, value in enumerate(values)
        if found[column][row] != pytest.approx(value, abs=1e-12)
    }
    assert wrong == {}


def test_the_three_pages_try_every_column() -> None:
    """A column that says the same of all lines would be held by nothing; `uncased` is of other scripts."""
    told: dict[str, set[float]] = {}
    for text in PAGES.values():
        for column, values in Slow(text).columns().items():
            told.setdefault(column, set()).update(values)
    assert [column for column, values in told.items() if len(values) < 2] == ["uncased"]


PINNED = Path(__file__).parent / "data" / "scores.json"


def test_the_packaged_model_gives_every_line_the_score_it_had() -> None:
    """Pinned, not reckoned: another way of counting trees is all there is to compare with. New weights are pinned anew."""
    model = BoilerplateModel.load()
    pinned = json.loads(PINNED.read_text(encoding="utf-8"))
    assert model.version == pinned["version"], (
        "the weights are others: look at the scores, then write them to scores.json"
    )
    assert set(pinned["pages"]) == set(PAGES)
    for name, lines in pinned["pages"].items():
        (found,) = model.predict([PAGES[name]])
        assert [one.label for one in found] == [label for _, label in lines]
        assert [one.score for one in found] == pytest.approx([score for score, _ in lines], abs=2e-6)


def headlines(text: str, headline: str) -> tuple[list[str], list[str]]:
    """The line that is taken for the headline, and those that are taken for its repetitions."""
    pages = read_pages([text])
    _, line = describe(pages, LineRows(pages))
    first, again = find_headlines([text], [headline], pages, line.words)
    rows = [text[s:e] for s, e in zip(pages.start.tolist(), pages.end.tolist(), strict=True)]
    assert first.sum() <= 1
    return [rows[n] for n in np.flatnonzero(first)], [rows[n] for n in np.flatnonzero(again)]


def test_a_line_that_shares_only_half_the_headlines_words_is_not_the_headline() -> None:
    headline = "Ferry of Port Sellane late again"
    near = "Ferry of Port Velmora early today"  # three of nine different words
    half = "Ferry of Port Sellane early today"  # four of eight
    text = f"{half}\n{near}\n{headline}\nA sentence about boats.\n{headline}!\n"
    assert headlines(text, headline) == ([headline], [f"{headline}!"])


def test_a_headline_with_one_word_more_is_still_the_headline() -> None:
    assert headlines("Ferry of Port Sellane late again today\nMore.\n", "Ferry of Port Sellane late again") == (
        ["Ferry of Port Sellane late again today"],
        [],
    )


def test_main_text_leaves_out_what_any_suggestion_covers_even_where_they_nest() -> None:
    text = "Menu and a link in it. The story. The end."
    outer, inner = BoilerplateSpan(0, 22, "navigation", 0.9), BoilerplateSpan(5, 8, "related_links", 0.9)
    lapping = BoilerplateSpan(18, 33, "other", 0.9)
    assert [text[s:e] for s, e in main_text(text, [outer, inner])] == ["The story. The end."]
    assert [text[s:e] for s, e in main_text(text, [inner, outer])] == ["The story. The end."]
    assert [text[s:e] for s, e in main_text(text, [lapping, inner, outer])] == ["The end."]
    assert [text[s:e] for s, e in main_text(text, [inner])] == ["Menu", "a link in it. The story. The end."]


def test_a_line_becomes_as_many_numbers_as_the_explanation_says() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "explanations" / "boilerplate.md"
    asked = {name for pair in BoilerplateModel.load().passes for forest in pair for name in forest.names}
    assert f"A line becomes {len(asked)} numbers" in page.read_text(encoding="utf-8")
