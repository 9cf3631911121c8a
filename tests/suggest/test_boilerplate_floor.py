"""Quality that must not sink unnoticed, on made-up pages in six languages and on other renderings of them.

The figures of the real benchmark stand in `benchmarks/boilerplate_cv.md`; its pages are not in the repository. Raise a
floor when the model gets better; lowering one needs a reason in `docs/decisions/`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from authored import Authored, authored_pages

from corpus_kit.suggest.boilerplate import BoilerplateModel, main_text

THRESHOLD = 0.5
EACH, MEAN = 0.92, 0.985
RENDERED_MEAN = 0.955  # 067 says why it is lower than it was
CLUTTER_KEPT = 0.01
SUBHEADING = 20  # characters: what is no longer is no paragraph

PAGES = authored_pages()
_BULLETS = ("•", "-")


def _headline(page: Authored) -> str:
    return next(line for line, kept in zip(page.text.split("\n"), page.content, strict=True) if kept)


def _f1(kept: str, wanted: str) -> float:
    """Of characters other than spaces, counted per line so that order and spacing play no part."""
    have, want = set(kept.split("\n")), set(wanted.split("\n"))
    size = {line: len("".join(line.split())) for line in have | want}
    hit = sum(size[line] for line in have & want)
    return 2 * hit / max(1, sum(size[line] for line in have) + sum(size[line] for line in want))


def _score(text: str, headline: str, wanted: list[str]) -> float:
    (spans,) = BoilerplateModel.load().suggest([text], THRESHOLD, [headline])
    kept = "\n".join(text[start:end] for start, end in main_text(text, spans))
    bare = "\n".join(line.strip() for line in kept.split("\n") if line.strip())
    return _f1(bare, "\n".join(line.strip() for line in wanted))


def _wanted(page: Authored) -> list[str]:
    return [line for line, kept in zip(page.text.split("\n"), page.content, strict=True) if kept]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_main_text_of_an_authored_page_is_found(page: Authored) -> None:
    assert _score(page.text, _headline(page), _wanted(page)) >= EACH


def test_no_paragraph_is_marked_and_nearly_all_clutter_is() -> None:
    """Pages in nine languages, several of them a short article in a sea of links."""
    lost: list[Any] = []
    subheadings: list[Any] = []
    missed: list[Any] = []
    clutter = 0
    for page in PAGES:
        (scores,) = BoilerplateModel.load().predict([page.text], [_headline(page)])
        at = 0
        chance = {line.start: line.score for line in scores}
        for line, kept in zip(page.text.split("\n"), page.content, strict=True):
            score = chance.get(at + len(line) - len(line.lstrip()), 0.0)
            at += len(line) + 1
            if kept and score >= THRESHOLD:
                (lost if len(line) > SUBHEADING else subheadings).append((page.name, line))
            if kept is False:
                clutter += 1
                missed += [(page.name, line)] if score < THRESHOLD else []
    assert lost == []
    assert len(subheadings) <= 1, subheadings
    assert clutter > 350
    assert len(missed) <= CLUTTER_KEPT * clutter, missed


def test_main_text_of_authored_pages_is_found_on_average() -> None:
    assert sum(_score(p.text, _headline(p), _wanted(p)) for p in PAGES) / len(PAGES) >= MEAN


def _without_blank_lines(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if line.strip())


def _blank_lines_everywhere(text: str) -> str:
    return "\n\n".join(line for line in text.split("\n") if line.strip())


def _flat_without_bullets(text: str) -> str:
    return "\n".join(line.strip().removeprefix("•").removeprefix("- ").strip() for line in text.split("\n"))


def _windows_spaces(text: str) -> str:
    rng = random.Random(3)
    return "\n".join(f"{' ' * rng.randint(0, 6)}{line}\u00a0" if line.strip() else line for line in text.split("\n"))


@pytest.mark.parametrize(
    "render", [_without_blank_lines, _blank_lines_everywhere, _flat_without_bullets, _windows_spaces]
)
def test_main_text_is_found_in_other_renderings(render: Callable[[str], str]) -> None:
    scores = [_score(render(page.text), _headline(page), _wanted(page)) for page in PAGES]
    assert sum(scores) / len(scores) >= RENDERED_MEAN


def test_a_page_without_clutter_loses_nothing() -> None:
    page = next(page for page in PAGES if page.name == "clean_letter")
    (spans,) = BoilerplateModel.load().suggest([page.text], THRESHOLD, [_headline(page)])
    assert spans == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.parametrize("between", ["\n", "\n\n"], ids=["lines", "paragraphs"])
def test_nothing_is_marked_where_there_is_nothing_but_an_article(page: Authored, between: str) -> None:
    """Whole and cut short, with its headline and without, and no one says which line the headline is. One paragraph under
    a headline is too little to tell it from a link."""
    story = [line.strip() for line in _wanted(page)]
    for part in (story, story[:3], story[1:], story[1:3], story[1:2]):
        text = between.join(part)
        (spans,) = BoilerplateModel.load().suggest([text], THRESHOLD)
        assert [text[span.start : span.end] for span in spans] == []
