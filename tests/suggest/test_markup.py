"""What markup says of a line: links, elements and the part of the page that holds most of the prose."""

from __future__ import annotations

import numpy as np

from corpus_kit.core.lines.pages import LineRows, read_pages
from corpus_kit.ingest.html import read_html
from corpus_kit.suggest.boilerplate.markup import BlockRow, markup_columns

STORY = (
    "The ferry between the two islands runs again after three years, as the harbour office of the town said on Monday."
)
PAGE = f"""<nav><ul><li><a href="/">Home</a></li><li><a href="/more">More news</a></li></ul></nav>
<article class="post-content"><h1>Ferry runs again</h1><p>{STORY}</p><p>{STORY}</p></article><footer>Imprint</footer>"""


def columns_of(markup: str) -> tuple[list[str], dict[str, np.ndarray]]:
    page = read_html(markup.encode())
    blocks = [BlockRow(b.start, b.end, b.path, b.element.hints, b.link_chars, b.links) for b in page.blocks]
    pages = read_pages([page.text, "a text\nwithout blocks"])
    columns = markup_columns(pages, LineRows(pages), [blocks, []])
    return [line for line in page.text.split("\n") if line.strip()], columns


def test_a_menu_is_links_and_an_article_is_prose_in_one_place() -> None:
    lines, columns = columns_of(PAGE)
    assert lines == ["Home", "More news", "Ferry runs again", STORY, STORY, "Imprint"]
    assert columns["m_links"][:6].round(1).tolist() == [1.0, 0.9, 0.0, 0.0, 0.0, 0.0]
    assert columns["m_in_best"][:6].tolist() == [0, 0, 1, 1, 1, 0]
    assert columns["m_list_depth"][:6].tolist() == [1, 1, 0, 0, 0, 0]


def test_a_text_without_blocks_has_nothing_but_zeros() -> None:
    _, columns = columns_of(PAGE)
    assert not any(columns[name][6:].any() for name in columns if "+" not in name and "-" not in name)


def test_class_names_do_not_change_with_the_language_of_the_text() -> None:
    russian = PAGE.replace(
        STORY, "Паром между двумя островами снова ходит, впервые за три года, сообщили в порту в понедельник утром."
    )
    _, english = columns_of(PAGE)
    _, other = columns_of(russian)
    hints = [name for name in english if name.startswith(("m_hint", "m_kind"))]
    assert all((english[name] == other[name]).all() for name in hints)
