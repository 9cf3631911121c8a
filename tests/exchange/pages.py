"""Generated pages with everything a person can say, and how two of them are compared."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import strategies as st

from corpus_kit.core.exchange import Attribute, ExchangePage, Link, Region, Work

LABELS = ("PERSON", "ORG unit", "Ort/Stadt", "a|b[1]", "日本*_;->")
NAMES = ("tone", "certain too", "Größe")
VALUES = ("plain", "very loud", "x=y|z", "[2]\\n")
CHARACTERS = st.sampled_from("aбçא ع王\u0301\u200d\n  .-_|[]\\*;>🚀👩𝒩🇺🇦")
TEXTS = st.text(CHARACTERS, min_size=1, max_size=60).filter(lambda text: any(c.isalnum() for c in text))


@st.composite
def pages(draw: st.DrawFn) -> ExchangePage:
    """A page with one person's work: nested, overlapping and stacked spans, relations, answers about spans and the page."""
    text = draw(TEXTS)
    regions = []
    for number in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        regions.append(Region(f"r{number}", start, end, draw(st.sampled_from(LABELS)), text[start:end]))
    ids = [region.id for region in regions]
    links: list[Link] = []
    answers: list[Attribute] = []
    if ids:
        for _ in range(draw(st.integers(0, 3))):
            ends = draw(st.sampled_from(ids)), draw(st.sampled_from(ids))
            links.append(Link(*ends, draw(st.sampled_from(["", "works for", "a|b"])), draw(st.booleans())))
    for _ in range(draw(st.integers(0, 3))):
        of = draw(st.sampled_from([None, *ids]))
        answer = Attribute(draw(st.sampled_from(NAMES)), draw(st.sampled_from(VALUES)), of)
        if (answer.name, of) not in [(a.name, a.of) for a in answers]:
            answers.append(answer)
    work = Work("ada", tuple(regions), tuple(links), tuple(answers))
    return ExchangePage("0123456789abcdef", text, (work,), "0123456789abcdef")


def spans(work: Work) -> Counter[Any]:
    return Counter((r.start, r.end, r.label) for r in work.regions)


def _place(work: Work, own: str) -> Any:
    return next(((r.start, r.end, r.label) for r in work.regions if r.id == own), None)


def links(work: Work) -> Counter[Any]:
    """Relations by the places of their ends; the ends of undirected ones have no order."""
    made: Counter[Any] = Counter()
    for link in work.links:
        ends = (_place(work, link.head), _place(work, link.tail))
        made[ends if link.directed else tuple(sorted(ends)), link.label, link.directed] += 1
    return made


def answers(work: Work) -> Counter[Any]:
    return Counter((a.name, a.value, _place(work, a.of) if a.of else None) for a in work.answers)
