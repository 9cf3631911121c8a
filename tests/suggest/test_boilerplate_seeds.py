"""Five real pages that lie beside the repository and never in it: what must stay and what must go, by line number."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus_kit.suggest.boilerplate import BoilerplateModel

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
THRESHOLD = 0.5

# file: lines of article text (from 1), and lines of link lists, comment widgets and language menus
PAGES: dict[str, tuple[list[range], list[range]]] = {
    "000_e284ebf731233686.txt": ([range(7, 24)], [range(30, 76)]),
    "001_cd31678b99444365.txt": ([range(12, 13), range(16, 77)], [range(84, 135)]),
    "002_faff4caeb2184804.txt": ([range(3, 10), range(14, 27), range(32, 49)], [range(58, 61)]),
    "003_952f5f0153c31d6f.txt": ([range(10, 61)], [range(1, 4), range(64, 71)]),
    "004_f7123ad2556d67b1.txt": (
        [range(10, 21), range(29, 36)],
        [range(1, 3), range(24, 25), range(27, 28), range(38, 39)],
    ),
}

pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="the five real pages are not beside this checkout")


def _lines(text: str, ranges: list[range]) -> list[tuple[int, int, int]]:
    """Number, start and end of the lines in `ranges` that hold anything."""
    found, at = [], 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and any(number in one for one in ranges):
            found.append((number, at, at + len(line)))
        at += len(line) + 1
    return found


def _marked(text: str) -> list[tuple[int, int]]:
    (spans,) = BoilerplateModel.load().suggest([text], THRESHOLD)
    return [(one.start, one.end) for one in spans]


@pytest.mark.parametrize("name", PAGES)
def test_no_line_of_article_text_is_marked(name: str) -> None:
    text = (SEEDS / name).read_text("utf-8")
    spans = _marked(text)
    lost = [n for n, low, high in _lines(text, PAGES[name][0]) if any(s < high and low < e for s, e in spans)]
    assert lost == []


def test_link_lists_comment_widgets_and_language_menus_are_marked() -> None:
    wanted, missed = 0, []
    for name, (_, clutter) in PAGES.items():
        text = (SEEDS / name).read_text("utf-8")
        spans = _marked(text)
        for number, low, high in _lines(text, clutter):
            wanted += 1
            middle = (low + high) // 2
            if not any(s <= middle < e for s, e in spans):
                missed.append((name, number))
    print(f"{wanted - len(missed)} of {wanted} lines marked")
    assert wanted > 100
    assert len(missed) <= 0.05 * wanted, missed
