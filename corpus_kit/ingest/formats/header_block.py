"""Facts that stand before a text: front matter between `---` lines, `Title: …` lines, the head of a Nexis document."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from corpus_kit.ingest.known import COLUMNS, columns_meant

KINDS = ("front-matter", "lines", "nexis")
_LARGEST = 1 << 14
_FENCE = re.compile(r"---[ \t]*\n")
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_KEY = re.compile(r"([A-Za-z_][\w .-]{0,39}?)[ \t]*:(?:[ \t]+(.*)|[ \t]*)")
_LABEL = re.compile(r"([^\W\d_][\w '/-]{0,39}?)[ \t]*:[ \t]*(.*)")
_NEXIS_LABEL = re.compile(r"([A-Z][A-Z-]{3,20}):[ \t]*(.*)")
_NEXIS_NUMBER = re.compile(r"\s*(?:\d+ of \d+ DOCUMENTS|Dokument \d+ von \d+|Document \d+ de \d+)\s*\n")
_COPYRIGHT = re.compile(r"\s*Copyright \d{4} .*|\s*All Rights Reserved\s*", re.IGNORECASE)
_SAYS = frozenset("title author date url hostname sitename description categories tags source id license".split())


class Head(NamedTuple):
    """fields: name → value, as it is written. end: where the text begins."""

    fields: dict[str, Any]
    end: int


def front_matter(text: str, *, sure: bool = False) -> Head | None:
    """The block between `---` lines at the beginning of a text.

    Args:
        text: The text, with LF newlines.
        sure: The settings say that there is one; else it must look like one: keys that describe a document.
    """
    opening = _FENCE.match(text)
    if opening is None:
        return None
    closing = _END.search(text, opening.end(), opening.end() + _LARGEST)
    if closing is None:
        return None
    fields = _keys(text[opening.end() : closing.start()])
    if fields is None or not (sure or (fields and any(name.casefold() in _SAYS for name in fields))):
        return None
    return Head(fields, _text_begins(text, closing.end()))


def _keys(block: str) -> dict[str, Any] | None:
    """`key: value` lines; `- item` lines and indented ones belong to the key above. None where a line is neither."""
    fields: dict[str, Any] = {}
    last = ""
    for line in block.split("\n"):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _KEY.fullmatch(line)
        if match is not None:
            last = match[1]
            fields[last] = _unquoted(match[2] or "")
        elif last and (line[0] in " \t-"):
            item = line.strip()
            so_far = fields[last]
            if item.startswith("- "):
                fields[last] = [*(so_far if isinstance(so_far, list) else []), _unquoted(item[2:])]
            elif isinstance(so_far, str):
                fields[last] = f"{so_far} {item}".strip()
        else:
            return None
    return {name: value for name, value in fields.items() if value not in ("", [])}


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def label_lines(text: str) -> Head | None:
    """`Title: …` lines at the beginning, up to the first blank line or the first line that is none."""
    fields: dict[str, Any] = {}
    at = 0
    while at < min(len(text), _LARGEST):
        end = text.find("\n", at)
        line = text[at : end if end >= 0 else len(text)]
        if not line.strip():
            if fields:
                break
        elif (match := _LABEL.fullmatch(line.strip())) is not None:
            fields.setdefault(match[1], match[2].strip())
        else:
            break
        at = end + 1 if end >= 0 else len(text)
    return Head({k: v for k, v in fields.items() if v}, _text_begins(text, at)) if fields else None


def nexis(text: str) -> Head | None:
    """The head of a document of a plain Nexis export: number, publication, date, headline, and labels in capitals.

    The labels below the text (LOAD-DATE, LANGUAGE) are read too, and stay where they are.
    """
    number = _NEXIS_NUMBER.match(text)
    at = number.end() if number else 0
    fields: dict[str, Any] = {}
    blocks: list[tuple[int, str]] = []
    for match in re.finditer(r"\S.*(?:\n.*\S.*)*", text[at : at + _LARGEST]):
        blocks.append((at + match.start(), " ".join(match[0].split())))
        if len(blocks) == 12:
            break
    first_label = next((i for i, b in enumerate(blocks) if _NEXIS_LABEL.match(b[1])), len(blocks))
    plain = [b for b in blocks[:first_label] if not _COPYRIGHT.fullmatch(b[1])]
    for name, (_, value) in zip(("outlet", "published_on", "title"), plain, strict=False):
        if len(value) > 300:
            break
        fields[name] = value
    if number is None and "published_on" not in fields:
        return None
    for match in _NEXIS_LABEL.finditer(text, at):
        if text[match.start() - 1 : match.start()] in ("\n", ""):
            fields.setdefault(match[1].lower(), match[2].strip())
    if "headline" in fields:
        fields["title"] = fields.pop("headline")
    last = first_label
    while last < len(blocks) and _NEXIS_LABEL.match(blocks[last][1]):
        last += 1
    if first_label == len(blocks):  # no labels: the text follows the headline
        last = min(len(plain), 3)
    end = blocks[last][0] if last < len(blocks) else at
    return Head(fields, end)


def read_head(text: str, kind: str) -> Head | None:
    """What stands before a text. kind: one of `KINDS`, "" for front matter that is plain to see."""
    if kind == "lines":
        return label_lines(text)
    if kind == "nexis":
        return nexis(text)
    return front_matter(text, sure=kind == "front-matter")


def as_columns(fields: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The fields of a head under the names that the settings give the known columns.

    Where `date` or `sitename` says what a column holds and nothing else does, it gets the column's name.
    """
    made = dict(fields)
    for column in COLUMNS[2:]:
        wanted = names[column]
        if wanted in made or column in made:
            continue
        meant = [name for name in fields if name in made and column in columns_meant(name)]
        if meant:
            name = "sitename" if "sitename" in meant else meant[0]
            made[wanted] = made.pop(name)
    return made


def _text_begins(text: str, at: int) -> int:
    """Behind the blank lines that part the head from the text."""
    while at < len(text) and text[at] == "\n":
        at += 1
    return at
