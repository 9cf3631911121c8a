"""A layer's guidelines, Markdown by CommonMark with tables, as the HTML that Label Studio shows before labeling.

The server drops what could run, and its page collapses line breaks and hides list marks. So list items become lines of a
paragraph with their mark as text, lines of code are kept apart, and so are blocks, by `<br>`. HTML in the guidelines is
shown as text. What is written here is what the server gives back, letter for letter: push compares the two.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_LINKED = ("http://", "https://", "mailto:")
_INDENT = "\N{EM SPACE}"  # a common space at the beginning of a line would not be seen
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")

ADVICE = """## How to open pages

Work from **Label All Tasks**, the button above the list: it gives you the pages that are yours to do, each as a fresh page.
A page that you open from the list may hold an answer of somebody else, and Update there would change it.
"""


def instruction(guidelines: str | None) -> str:
    """HTML for a project's instruction; "" without guidelines."""
    return _blocks(SyntaxTreeNode(_MARKDOWN.parse(guidelines or "")).children)


def _blocks(nodes: Iterable[SyntaxTreeNode]) -> str:
    return "<br>".join(filter(None, (_block(node) for node in nodes)))


def _block(node: SyntaxTreeNode) -> str:
    make = _BLOCKS.get(node.type)
    return make(node) if make else f"<p>{_inlines(node)}</p>"


def _heading(node: SyntaxTreeNode) -> str:
    tag = "h1" if node.tag == "h1" else "h2"
    return f"<{tag}>{_inlines(node)}</{tag}>"


def _code(node: SyntaxTreeNode) -> str:
    lines = node.content.rstrip("\n").split("\n")
    indented = (line[: len(line) - len(line.lstrip(" "))].replace(" ", "\xa0") + line.lstrip(" ") for line in lines)
    return f"<p><code>{'<br>'.join(map(_escaped, indented))}</code></p>"


def _quote(node: SyntaxTreeNode) -> str:
    return f"<blockquote>{_blocks(node.children)}</blockquote>"


def _list(node: SyntaxTreeNode) -> str:
    return f"<p>{'<br>'.join(_items(node, 0))}</p>"


def _items(node: SyntaxTreeNode, depth: int) -> Iterator[str]:
    """The lines of a list: of each item its first one with the mark, what else is in it below."""
    first = int(str(node.attrs.get("start", 1)))
    for number, item in enumerate(node.children, first):
        mark = f"{number}{item.markup}" if node.type == "ordered_list" else "•"
        lead = f"{_INDENT * depth}{mark} "
        for block in item.children:
            if block.type in ("bullet_list", "ordered_list"):
                yield from _items(block, depth + 1)
                continue
            inner = _inlines(block) if block.type == "paragraph" else _bare(_block(block))
            yield lead + inner
            lead = _INDENT * (depth + 1)


def _bare(block: str) -> str:
    """A block within a line of a list: without the paragraph around it."""
    return block.removeprefix("<p>").removesuffix("</p>")


def _table(node: SyntaxTreeNode) -> str:
    parts = []
    for part in node.children:  # thead, tbody
        rows = (
            "<tr>" + "".join(f"<{cell.tag}>{_inlines(cell)}</{cell.tag}>" for cell in row.children) + "</tr>"
            for row in part.children
        )
        parts.append(f"<{part.type}>{''.join(rows)}</{part.type}>")
    return f"<table>{''.join(parts)}</table>"


_BLOCKS: dict[str, Callable[[SyntaxTreeNode], str]] = {
    "heading": _heading,
    "fence": _code,
    "code_block": _code,
    "blockquote": _quote,
    "bullet_list": _list,
    "ordered_list": _list,
    "table": _table,
    "hr": lambda _: "<hr>",
}


def _inlines(node: SyntaxTreeNode) -> str:
    return "".join(map(_inline, node.children))


def _inline(node: SyntaxTreeNode) -> str:
    if node.type == "text":
        return _escaped(node.content)
    if node.type == "code_inline":
        return f"<code>{_escaped(node.content)}</code>"
    if node.type in ("strong", "em"):
        return f"<{node.type}>{_inlines(node)}</{node.type}>"
    if node.type == "link" and str(node.attrs.get("href", "")).startswith(_LINKED):
        return f'<a href="{html.escape(str(node.attrs["href"]))}">{_inlines(node)}</a>'
    if node.type == "image":
        return _escaped(node.content)  # its words: what is loaded from elsewhere would tell who labels
    return {"softbreak": " ", "hardbreak": "<br>"}.get(node.type) or _inlines(node)


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def advice() -> str:
    """How to work so that no one's answer is changed by somebody else, as the end of what is shown before labeling."""
    return "<br>" + instruction(ADVICE)
