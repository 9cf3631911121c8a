"""Decisions have numbers without gaps, a title, a status and a date."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "decisions"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "index.md")
_STATUS = re.compile(r"^Status: (?:accepted|replaced by (\d{3})), (\d{4}-\d{2}-\d{2})\.$", re.MULTILINE)


def test_numbers_are_without_gaps_or_doubles() -> None:
    names = [re.fullmatch(r"(\d{3})-[a-z0-9.-]+\.md", page.name) for page in PAGES]
    assert all(names), [page.name for page, name in zip(PAGES, names, strict=True) if not name]
    assert [int(name[1]) for name in names if name] == list(range(1, len(PAGES) + 1))


def test_every_page_begins_with_its_number_and_a_title() -> None:
    wrong = [
        page.name for page in PAGES if not re.match(rf"# {page.name[:3]}: \S.+\n", page.read_text(encoding="utf-8"))
    ]
    assert not wrong


def test_every_page_has_one_status_with_a_date() -> None:
    wrong = {}
    for page in PAGES:
        told = _STATUS.findall(page.read_text(encoding="utf-8"))
        if len(told) != 1:
            wrong[page.name] = f"{len(told)} lines `Status: …, YYYY-MM-DD.`"
            continue
        by, day = told[0]
        date.fromisoformat(day)
        if by and not list(FOLDER.glob(f"{by}-*.md")):
            wrong[page.name] = f"there is no decision {by}"
    assert not wrong


def test_what_refers_to_a_decision_refers_to_one_that_is_there() -> None:
    there = {page.name for page in PAGES}
    for page in PAGES:
        for name in re.findall(r"\]\((\d{3}-[^)#]+\.md)", page.read_text(encoding="utf-8")):
            assert name in there, f"{page.name} refers to {name}"
