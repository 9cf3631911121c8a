"""One hostile corpus for the whole folder, and the browser that looks at its report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browsers import chromium_without_window, open_page
from counted_samples import counted_corpus
from page_tables import ReportPage
from report_samples import hostile_corpus

from corpus_kit import Corpus


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return hostile_corpus(tmp_path_factory.mktemp("hostile") / "corpus", tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def page(hostile: Corpus) -> str:
    return (hostile.data / "report" / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory) -> ReportPage:
    """The report of the corpus that is counted by hand."""
    corpus = counted_corpus(tmp_path_factory.mktemp("counted") / "corpus", tmp_path_factory.mktemp("exports"))
    return ReportPage(corpus.report().path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with chromium_without_window(1280, 1000) as made:
        yield made


@pytest.fixture
def opened(chromium: Any, hostile: Corpus) -> Any:
    """The browser with the report freshly opened from the disk, light and 1280 pixels wide."""
    return open_page(chromium, hostile.data / "report" / "report.html")
