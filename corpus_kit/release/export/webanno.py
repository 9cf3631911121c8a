"""WebAnno TSV 3.3, as WebAnno and INCEpTION import it: a custom span layer, a relation layer, tokens and UTF-16 offsets.

A span is what its tokens are: white space at its edges cannot be said. A sentence is a line, or several where the white
space between them is more than line breaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from corpus_kit.core.exchange import ExchangePage, Region, Work
from corpus_kit.core.offsets import OffsetMap, utf16_map
from corpus_kit.release.export.interchange import (
    DOCUMENT_ANSWER,
    EDGE_WHITE_SPACE,
    END_MISSING,
    NO_TOKEN,
    UNDIRECTED,
    FormatLoss,
    ToolFiles,
)
from corpus_kit.release.export.tokens import tokenize

SPAN, RELATION = "webanno.custom.Label", "webanno.custom.LabelRelation"
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES |= {c: f"\\{c}" for c in "[]|_;*"}
_SPECIAL = re.compile(r"->|[\\\n\r\t\[\]|_;*]")

Unit = tuple[str, int, int]
"""Name in the file, start, end in code points."""


def write(page: ExchangePage, work: Work) -> ToolFiles:
    """One document; every annotation has a number, so that stacked and longer ones are told apart."""
    lost: list[FormatLoss] = []
    tokens = tokenize(page.text)
    sentences = _sentences(page.text, tokens)
    names = [(f"{s}-{t}", *place) for s, group in enumerate(sentences, 1) for t, place in enumerate(group, 1)]
    numbers: dict[str, int] = {}
    cells: dict[str, list[tuple[int, Region]]] = {}
    units: dict[str, Unit] = {name: (name, start, end) for name, start, end in names}
    first: dict[str, str] = {}
    for region in work.regions:
        found = _units(region, names, units)
        if not found:
            lost.append(FormatLoss(region.start, region.end, region.label, NO_TOKEN))
            continue
        words = page.text[region.start : region.end]
        if words.strip() != words:
            lost.append(FormatLoss(region.start, region.end, region.label, EDGE_WHITE_SPACE))
        numbers[region.id] = len(numbers) + 1
        first[region.id] = found[0]
        for name in found:
            cells.setdefault(name, []).append((numbers[region.id], region))
    told = _answers(work, numbers, lost)
    links = _links(work, numbers, first, lost)
    features = sorted({name for answers in told.values() for name in answers})
    lines = ["#FORMAT=WebAnno TSV 3.3", "|".join([f"#T_SP={SPAN}", "label", *features])]
    if links:
        lines.append(f"#T_RL={RELATION}|label|BT_{SPAN}")
    sheet = _Sheet(page.text, cells, told, features, links, utf16_map(page.text))
    by_sentence: dict[int, list[Unit]] = {}
    for unit in units.values():
        by_sentence.setdefault(int(unit[0].partition("-")[0]), []).append(unit)
    for number, group in enumerate(sentences, start=1):
        begin, end = group[0][0], sentences[number][0][0] if number < len(sentences) else len(page.text)
        text = page.text[begin:end] if number == len(sentences) else page.text[begin:end].rstrip("\n")
        lines += ["", "", f"#Text={_escaped(text)}"]
        lines += [sheet.line(unit) for unit in sorted(by_sentence[number], key=lambda u: (u[1], -u[2]))]
    content = "".join(f"{line}\n" for line in lines)
    return ToolFiles({f"{page.name}.tsv": content.encode()}, tuple(lost))


def _sentences(text: str, tokens: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Tokens by sentence; between two sentences lie line breaks and nothing else."""
    groups: list[list[tuple[int, int]]] = []
    for before, token in pairwise([(0, 0), *tokens]):
        gap = text[before[1] : token[0]]
        if not groups or ("\n" in gap and not gap.strip("\n")):
            groups.append([])
        groups[-1].append(token)
    return groups


def _units(region: Region, names: Iterable[tuple[str, int, int]], units: dict[str, Unit]) -> list[str]:
    """Names of the tokens and parts of tokens that a region covers; new parts are added to `units`."""
    found = []
    for name, start, end in names:
        begin, last = max(start, region.start), min(end, region.end)
        if begin >= last:
            continue
        if (begin, last) == (start, end):
            found.append(name)
            continue
        parts = [key for key, (_, a, b) in units.items() if key.startswith(f"{name}.") and (a, b) == (begin, last)]
        if not parts:
            parts = [f"{name}.{sum(key.startswith(f'{name}.') for key in units) + 1}"]
            units[parts[0]] = (parts[0], begin, last)
        found.append(parts[0])
    return found


def _answers(work: Work, numbers: dict[str, int], lost: list[FormatLoss]) -> dict[int, dict[str, str]]:
    told: dict[int, dict[str, str]] = {}
    for answer in work.answers:
        own = numbers.get(answer.of or "")
        if own is None or not answer.name:
            lost.append(FormatLoss(None, None, f"{answer.name}={answer.value}", DOCUMENT_ANSWER))
        elif answer.name in told.setdefault(own, {}):
            lost.append(FormatLoss(None, None, f"{answer.name}={answer.value}", "several_answers"))
        else:
            told[own][answer.name] = answer.value
    lost += [FormatLoss(None, None, "note", DOCUMENT_ANSWER) for _ in work.notes]
    return told


def _links(
    work: Work, numbers: dict[str, int], first: dict[str, str], lost: list[FormatLoss]
) -> dict[str, list[tuple[str, str]]]:
    """First token of the tail → (label, head) as they are written."""
    links: dict[str, list[tuple[str, str]]] = {}
    for link in work.links:
        if link.head not in numbers or link.tail not in numbers:
            lost.append(FormatLoss(None, None, link.label, END_MISSING))
            continue
        if not link.directed:
            lost.append(FormatLoss(None, None, link.label, UNDIRECTED))
        head = f"{first[link.head]}[{numbers[link.head]}_{numbers[link.tail]}]"
        links.setdefault(first[link.tail], []).append((_escaped(link.label) or "*", head))
    return links


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What stands in the columns. cells: unit → (number, region). told: number → answers. links: see `_links`."""

    text: str
    cells: dict[str, list[tuple[int, Region]]]
    told: dict[int, dict[str, str]]
    features: list[str]
    links: dict[str, list[tuple[str, str]]]
    units: OffsetMap

    def line(self, unit: Unit) -> str:
        name, start, end = unit
        here = self.cells.get(name, [])
        columns = ["|".join(f"{_escaped(r.label)}[{n}]" for n, r in here) or "_"]
        for feature in self.features:
            values = ((self.told.get(n, {}).get(feature, ""), n) for n, _ in here)
            columns.append("|".join(f"{_escaped(value) or '*'}[{n}]" for value, n in values) or "_")
        if self.links:
            own = self.links.get(name, [])
            columns += ["|".join(label for label, _ in own) or "_", "|".join(head for _, head in own) or "_"]
        place = f"{self.units.to_target(start)}-{self.units.to_target(end)}"
        return "\t".join([name, place, self.text[start:end].replace("\\", "\\\\"), *columns, ""])


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda m: "\\->" if m[0] == "->" else _ESCAPES[m[0]], text)
