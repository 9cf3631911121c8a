"""Agreement by month as a chart, and what holds under other rules, on the page of a corpus whose figures are by hand."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from labelled_corpus import EELS, FERRY, STRIKE, entity, new_corpus, read

from corpus_kit import Corpus
from corpus_kit.ledger.ledger import Ledger

pytestmark = pytest.mark.slow

TEXTS = {"ferry.txt": FERRY, "eels.txt": EELS, "strike.txt": STRIKE}


def _answers(page: str, month: str, marks: dict[str, list[str]]) -> list[dict[str, Any]]:
    made = []
    for number, (name, words) in enumerate(marks.items(), 1):
        made.append(
            {
                "id": number,
                "unique_id": f"{abs(hash(page)) % 10**8:08d}-0000-5000-8000-{number:012d}",
                "completed_by": {"id": number, "email": f"{name}@people.example"},
                "created_at": f"{month}-10T08:00:00Z",
                "updated_at": f"{month}-10T09:00:00Z",
                "result": [entity(TEXTS[page], word, "PERSON") for word in words],
            }
        )
    return made


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """January under one text of the guidelines: Ada marks two names, Ben one of them. March under another: both the same."""
    root = tmp_path_factory.mktemp("drift") / "corpus"
    made = new_corpus(root, settings="[suggest]\nboilerplate = false\n[agreement]\nresamples = 0\n")
    documents = {row["source"]: row for row in read(made, "documents", "documents").iter_rows(named=True)}
    work = {
        ("ferry.txt", "2031-01", "1" * 64): {"ada": ["Ola Brandt", "Port Sellane"], "ben": ["Ola Brandt"]},
        ("eels.txt", "2031-03", "2" * 64): {"ada": ["Lake Vesk"], "ben": ["Lake Vesk"]},
    }
    for number, ((page, month, rules), marks) in enumerate(work.items(), 1):
        data = {name: documents[page][name] for name in ("doc_id", "text", "text_sha256")}
        task = {
            "id": number,
            "data": data,
            "annotations": _answers(page, month, marks),
            "predictions": [],
            "drafts": [],
        }
        Ledger(made.data / "imports").append(
            "entities", [task], server="http://one.example", project=1, guidelines_sha256=rules
        )
    made.adjudicate()
    made.multiverse()
    return made


def _page(corpus: Corpus) -> str:
    return corpus.report().path.read_text(encoding="utf-8")


def _charts(page: str) -> dict[str, ET.Element]:
    found = re.findall(r'<svg[^>]*class="chart lines".*?</svg>', page, re.DOTALL)
    return {str(chart.findtext("title")): chart for chart in map(ET.fromstring, found)}


def test_lines_go_through_the_figures_of_each_month(corpus: Corpus) -> None:
    """F1 of two spans and one, of which one is in common: 2 of 3. Then all in common."""
    (chart,) = [c for title, c in _charts(_page(corpus)).items() if "span F1, exact" in title]
    everybody, *people = chart.findall("g")
    assert (everybody.get("class"), len(people)) == ("all", 2)
    line = everybody.find("polyline")
    assert line is not None
    (_, first), (_, second) = (tuple(map(float, point.split(","))) for point in str(line.get("points")).split())
    heights = {
        text.text: float(str(text.get("y"))) - 4 for text in chart.findall("text") if text.get("text-anchor") == "end"
    }
    assert second == pytest.approx(heights["1.00"], abs=0.2)
    assert first == pytest.approx(heights["0.00"] + (heights["1.00"] - heights["0.00"]) * 2 / 3, abs=0.2)
    assert chart.findtext("desc") == (
        "Everybody together: 0.67 in 2031-01, 1.00 in 2031-03. "
        "Guidelines first used in 2031-01: 11111111; 2031-03: 22222222."
    )
    rules = [line for line in chart.findall("line") if line.get("class") == "rule"]
    assert [line.findtext("title") for line in rules] == [
        "Guidelines first used: 11111111",
        "Guidelines first used: 22222222",
    ]


def test_what_turns_is_on_the_page_until_labels_change(corpus: Corpus) -> None:
    """Ben did not mark Port Sellane: a tie, so it is gold only without him."""
    page = _page(corpus)
    section = page[page.index('id="worlds"') : page.index('id="people"')]
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr>(.*?)</tr>", section, re.DOTALL)]
    assert ["entities", "2", "2", "0", "1"] in rows
    assert "Steegen" in section and "have changed since" not in section
    row = read(corpus, "documents", "documents").filter(source="strike.txt").row(0, named=True)
    data = {name: row[name] for name in ("doc_id", "text", "text_sha256")}
    task = {"id": 3, "data": data, "annotations": _answers("strike.txt", "2031-04", {"ada": ["Velmora"]})}
    Ledger(corpus.data / "imports").append("entities", [task], server="http://one.example", project=1)
    corpus.adjudicate()
    assert "Documents or labels have changed since" in _page(corpus)


def test_one_month_is_no_line(tmp_path: Path) -> None:
    from corpus_kit.report.drift import drift_charts

    figure = {"control": "c", "target": None, "label": None, "pair": False, "measure": "alpha_nominal", "value": 0.5}
    month = {"value": "2031-01", "guidelines": [], "figures": [figure], "people": []}
    assert list(drift_charts([month], {"alpha_nominal": "alpha"})) == []
    (chart,) = drift_charts([month, month | {"value": "2031-02"}], {"alpha_nominal": "alpha"})
    assert chart.rows == (("2031-01", "0.50", ""), ("2031-02", "0.50", ""))
