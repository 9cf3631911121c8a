"""Guidelines as the HTML that people see: CommonMark, and nothing that runs or loads."""

from __future__ import annotations

import pytest

from corpus_kit.labelstudio.sync.instruction import instruction


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("Mark *people*.", "<p>Mark <em>people</em>.</p>"),
        ("[the guide](https://example.org/?a&b)", '<p><a href="https://example.org/?a&amp;b">the guide</a></p>'),
        ("[run](javascript:alert(1))", "<p>[run](javascript:alert(1))</p>"),
        ("[up](../other.md)", "<p>up</p>"),
        ("![a harbour](https://example.org/x.png)", "<p>a harbour</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("a <b onclick=x>b</b>", "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>"),
        (
            "| a | b |\n|---|---|\n| 1 | *2* |",
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td><em>2</em></td></tr></tbody></table>",
        ),
        ("```\ncode\n  # not a heading\n```", "<p><code>code<br>\xa0\xa0# not a heading</code></p>"),
        ("> quote\n> goes on", "<blockquote><p>quote goes on</p></blockquote>"),
        ("- a\n  - b\n- c", "<p>• a<br>\u2003• b<br>• c</p>"),
        ("3. a\n4. b", "<p>3. a<br>4. b</p>"),
        ("a  \nb\n\n---", "<p>a<br>b</p><br><hr>"),
        ("2 \\* 3 \\_ 4 &amp; 5", "<p>2 * 3 _ 4 &amp; 5</p>"),
        ("Title\n=====", "<h1>Title</h1>"),
    ],
)
def test_guidelines_are_read_as_commonmark(markdown: str, html: str) -> None:
    assert instruction(markdown) == html
