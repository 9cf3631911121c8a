"""HTML pages: text as a browser shows it, the place of every character in the file, blocks, facts."""

from __future__ import annotations

from corpus_kit.ingest.html.facts import HtmlFacts, html_facts
from corpus_kit.ingest.html.page import HtmlPage, read_html

__all__ = ["HtmlFacts", "HtmlPage", "html_facts", "read_html"]
