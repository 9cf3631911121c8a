"""WebAnno TSV 3 (also of INCEpTION): span layers, relations, chains, slots, stacked and sub-token annotations.

Offsets count UTF-16 units, as Java does; they become code points here. The text is put together from `#Text=` and the
offsets; between sentences stands a line break, as the tool itself reads it. The annotator is the file's name where its
folder is named as a document (`<document>/<user>.tsv`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import Attribute, Draft, ExchangePage, Link, Region, SourceFile
from corpus_kit.core.offsets import utf16_map
from corpus_kit.ledger.formats.texts import text_of

HEADER = "#FORMAT=WebAnno TSV 3"
CURATORS = ("CURATION_USER", "curation")
_ESCAPED = re.compile(r"\\(->|.)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "b": "\b"}
_ID = re.compile(r"^(.*?)(?:\[(\d+)\])?$", re.DOTALL)
_LINK = re.compile(r"^(\d+-\d+(?:\.\d+)?)(?:\[(\d+)_(\d+)\]|\[(\d+)\])?$")


@dataclass(slots=True)
class _Layer:
    """kind: SP, RL or CH. columns: of its features, in the file."""

    kind: str
    name: str
    features: list[str]
    first: int


@dataclass(slots=True)
class _Token:
    unit: str
    begin: int
    end: int
    values: list[str]


@dataclass(slots=True)
class _File:
    layers: list[_Layer] = field(default_factory=list)
    tokens: list[_Token] = field(default_factory=list)
    texts: list[tuple[str, int]] = field(default_factory=list)  # of a sentence, and the index of its first token


def read(files: Sequence[SourceFile]) -> Iterator[ExchangePage]:
    """One page for each file. Raises UsageError for what is no WebAnno TSV 3."""
    for file in files:
        content = text_of(file).replace("\r\n", "\n")
        if not content.startswith(HEADER):
            raise UsageError(f"{file.path} is no WebAnno TSV 3.", f"Such a file begins with `{HEADER}.x`.")
        yield page_of(content, file, by_user=len({f.folder for f in files}) > 1)


def page_of(content: str, file: SourceFile, *, by_user: bool) -> ExchangePage:
    """The page of one file. by_user: it lies in a folder of its document and is named after its annotator."""
    parsed = _parsed(content)
    text = _text(parsed)
    draft = Draft(file.stem if by_user else "", settled=by_user and file.stem in CURATORS)
    maker = _Maker(parsed, utf16_map(text).to_sources, text, draft)
    for layer in parsed.layers:
        maker.take(layer)
    return ExchangePage(file.folder if by_user else file.stem, text, (draft.done(),))


def _parsed(content: str) -> _File:
    parsed, column = _File(), 0
    for line in content.split("\n"):
        if line.startswith("#T_"):
            kind, _, rest = line[3:].partition("=")
            name, *features = rest.split("|")
            parsed.layers.append(_Layer(kind, name, features, column))
            column += max(len(features), 1)
        elif line.startswith("#Text="):
            sentence = _plain(line.removeprefix("#Text="))
            if parsed.texts and parsed.texts[-1][1] == len(parsed.tokens):  # a sentence over several lines (TSV 3.1)
                before, _ = parsed.texts.pop()
                sentence = f"{before}\n{sentence}"
            parsed.texts.append((sentence, len(parsed.tokens)))
        elif line and not line.startswith("#"):
            unit, place, _, *values = line.split("\t")
            begin, _, end = place.partition("-")
            parsed.tokens.append(_Token(unit, int(begin), int(end), values))
    return parsed


def _text(parsed: _File) -> str:
    """The text whose UTF-16 units the tokens count."""
    made, units = "", 0
    for sentence, first in parsed.texts:
        begin = parsed.tokens[first].begin if first < len(parsed.tokens) else units
        if begin > units:
            made += "\n" * (begin - units)
            units = begin
        made += sentence
        units += utf16_map(sentence).to_target(len(sentence))
    return made


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda m: _LETTERS.get(m[1], m[1]), text)


class _Maker:
    """Makes regions and links of the columns of one file."""

    def __init__(self, parsed: _File, to_points: Any, text: str, draft: Draft) -> None:
        self.parsed, self.text, self.draft = parsed, text, draft
        points, _ = to_points([x for t in parsed.tokens for x in (t.begin, t.end)])
        self.places = {t.unit: (int(points[2 * i]), int(points[2 * i + 1])) for i, t in enumerate(parsed.tokens)}
        self.regions: dict[tuple[str, str], list[str]] = {}  # (unit, disambiguation) → regions that begin or lie there

    def take(self, layer: _Layer) -> None:
        if layer.kind == "RL":
            self._relations(layer)
        elif layer.kind == "CH":
            self._chain(layer)
        else:
            self._spans(layer)

    def _columns(self, token: _Token, layer: _Layer) -> list[list[str]]:
        """For each stacked annotation its feature values, as they are written."""
        own = token.values[layer.first : layer.first + max(len(layer.features), 1)]
        if not own or all(value in ("_", "") for value in own):
            return []
        stacks = [_split(value, "|") for value in own]
        height = max(map(len, stacks))
        return [[s[i] if i < len(s) else "_" for s in stacks] for i in range(height)]

    def _spans(self, layer: _Layer) -> None:
        open_: dict[str, tuple[int, int, list[str], list[str]]] = {}
        order: list[str] = []
        slots = [i for i, f in enumerate(layer.features) if f.startswith("ROLE_")]
        plain = [i for i, f in enumerate(layer.features) if not f.startswith("ROLE_") and "uima.cas" not in f]
        for token in self.parsed.tokens:
            for number, values in enumerate(self._columns(token, layer)):
                mark = next((m[2] for v in values if (m := _ID.match(v)) and m[2]), None)
                key = mark or f"{token.unit}#{number}"
                start, end = self.places[token.unit]
                if key in open_:
                    begin, _, first, units = open_[key]
                    open_[key] = (begin, end, first, [*units, token.unit])
                else:
                    open_[key] = (start, end, values, [token.unit])
                    order.append(key)
        short = layer.name.rpartition(".")[2]
        for key in order:
            start, end, values, units = open_[key]
            own = f"{short}-{key}"
            told = {layer.features[i]: _value(values[i]) for i in plain if i < len(values)}
            label_of = _label_feature(told)
            label = told.pop(label_of, None) if label_of else None
            self.draft.regions.append(Region(own, start, end, label or short, self.text[start:end], layer.name))
            self.draft.answers += [Attribute(name, value, own) for name, value in told.items() if value]
            for unit in units:
                self.regions.setdefault((unit, key if "#" not in key else ""), []).append(own)
            for slot in slots:
                self._slot(layer, own, values, slot)

    def _slot(self, layer: _Layer, own: str, values: list[str], slot: int) -> None:
        """Roles with their targets in the column behind: `agent;patient` and `1-1;1-3[2]`."""
        roles = _split(values[slot], ";") if slot < len(values) else []
        targets = _split(values[slot + 1], ";") if slot + 1 < len(values) else []
        for role, target in zip(roles, targets, strict=False):
            if target not in ("_", "*", ""):
                later = self._end(target)
                self.draft.links.append(Link(own, later, _value(role) or layer.features[slot].rpartition("_")[2]))

    def _end(self, target: str) -> str:
        found = _LINK.match(target)
        if found is None:
            return target
        unit, mark = found[1], found[4] or found[3] or ""
        here = self.regions.get((unit, mark if mark != "0" else "")) or self._at(unit)
        return here[0] if here else target

    def _at(self, unit: str) -> list[str]:
        return [own for (there, _), regions in self.regions.items() if there == unit for own in regions]

    def _relations(self, layer: _Layer) -> None:
        base = next((i for i, f in enumerate(layer.features) if f.startswith("BT_")), len(layer.features) - 1)
        for token in self.parsed.tokens:
            for values in self._columns(token, layer):
                found = _LINK.match(values[base]) if base < len(values) else None
                if found is None:
                    self.draft.unread.append("\t".join(values))
                    continue
                source, target = found[2] or "0", found[3] or "0"
                head = self.regions.get((found[1], "" if source == "0" else source)) or self._at(found[1])
                tail = self.regions.get((token.unit, "" if target == "0" else target)) or self._at(token.unit)
                told = [v for i, f in enumerate(layer.features) if i != base and (v := _value(values[i]))]
                short = layer.name.rpartition(".")[2]
                ends = (head[0] if head else found[1], tail[0] if tail else token.unit)
                self.draft.links.append(Link(*ends, told[0] if told else short))

    def _chain(self, layer: _Layer) -> None:
        """`label[3]` and `relation->3-1`: element 1 of chain 3. Elements follow each other by number."""
        chains: dict[str, dict[int, tuple[str, str]]] = {}
        short = layer.name.rpartition(".")[2]
        for token in self.parsed.tokens:
            for values in self._columns(token, layer):
                arrow = values[-1].rpartition("->")
                chain, _, element = arrow[2].partition("-")
                if not element.split("[")[0].isdecimal():
                    self.draft.unread.append("\t".join(values))
                    continue
                number = int(element.split("[")[0])
                start, end = self.places[token.unit]
                own = f"{short}-{chain}-{number}"
                known = chains.setdefault(chain, {})
                if number in known:  # a further token of the same element
                    at = next(i for i, r in enumerate(self.draft.regions) if r.id == own)
                    was = self.draft.regions[at]
                    text = self.text[was.start : end]
                    self.draft.regions[at] = Region(own, was.start, end, was.label, text, layer.name)
                    continue
                known[number] = (own, _value(arrow[0]) or "")
                label = _value(values[0]) or short
                self.draft.regions.append(Region(own, start, end, label, self.text[start:end], layer.name))
        for elements in chains.values():
            numbers = sorted(elements)
            for a, b in pairwise(numbers):
                self.draft.links.append(Link(elements[a][0], elements[b][0], elements[a][1] or short))


def _label_feature(told: dict[str, str | None]) -> str | None:
    """The feature that names the kind of a span: `value`, `label` or the first that is filled."""
    for name in ("value", "label", "PosValue"):
        if told.get(name):
            return name
    return next((name for name, value in told.items() if value and name != "identifier"), None)


def _value(written: str) -> str | None:
    """A feature's value without its disambiguation, None where it has none."""
    found = _ID.match(written)
    plain = found[1] if found else written
    return None if plain in ("_", "*", "") else _plain(plain)


def _split(value: str, mark: str) -> list[str]:
    """Split at a mark that no backslash stands before."""
    return re.split(rf"(?<!\\){re.escape(mark)}", value)
