"""A layer's guidelines as the HTML that Label Studio shows before labeling.

The server keeps a few tags and drops the rest, and its page collapses line breaks and hides list marks. So blocks become
headings and paragraphs, list items lines of a paragraph with their mark as text, and blocks are kept apart by `<br>`.
What is written here is what the server gives back, letter for letter: push compares the two.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_ITEM = re.compile(r"([-*+]|\d+[.)])\s+(.*)$")
_CODE = re.compile(r"(`+)(.+?)\1")
_STRONG = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*|__(?=\S)(.+?)(?<=\S)__")


def instruction(guidelines: str | None) -> str:
    """HTML for a project's instruction; "" without guidelines."""
    return "<br>".join(_block(lines) for lines in _blocks(guidelines or ""))


def _blocks(text: str) -> Iterator[list[str]]:
    block: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        heading = _HEADING.match(line)
        if block and (heading or not line.strip()):
            yield block
            block = []
        if heading:
            yield [line]
        elif line.strip():
            block.append(line)
    if block:
        yield block


def _block(lines: list[str]) -> str:
    heading = _HEADING.match(lines[0])
    if heading:
        level = 1 if len(heading[1]) == 1 else 2
        return f"<h{level}>{_inline(heading[2])}</h{level}>"
    told: list[str] = []
    for line in lines:
        item = _ITEM.match(line.strip())
        if item or not told:
            mark = f"{'•' if item[1] in '-*+' else item[1]} " if item else ""
            told.append(mark + (item[2] if item else line.strip()))
        else:
            told[-1] += " " + line.strip()
    return "<p>" + "<br>".join(_inline(line) for line in told) + "</p>"


def _inline(text: str) -> str:
    """Code as it stands; strong outside of it."""
    parts, at = [], 0
    for code in _CODE.finditer(text):
        parts += [_strong(text[at : code.start()]), f"<code>{_escaped(code[2].strip())}</code>"]
        at = code.end()
    return "".join([*parts, _strong(text[at:])])


def _strong(text: str) -> str:
    return _STRONG.sub(lambda m: f"<strong>{m[1] or m[2]}</strong>", _escaped(text))


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)
