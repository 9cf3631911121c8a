"""The tables of a report, read from the page as a person would: by their title, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class Table:
    """title: the caption above it. rows: the words of every cell, the header first. classes: those of every cell."""

    title: str
    rows: list[list[str]] = field(default_factory=list)
    classes: list[list[str]] = field(default_factory=list)

    @property
    def body(self) -> list[list[str]]:
        return self.rows[1:]

    @property
    def pairs(self) -> dict[str, str]:
        """Of a table of two columns: name → number."""
        assert all(len(row) == 2 for row in self.rows), self.rows
        return {row[0]: row[1] for row in self.body}


@dataclass(slots=True)
class Drawing:
    """A chart: its title, its description, and the (x, y, width, height) of every bar, in the order drawn."""

    title: str = ""
    description: str = ""
    bars: list[tuple[float, float, float, float]] = field(default_factory=list)


class ReportPage(HTMLParser):
    """words: all text outside scripts and styles, single spaces between. tables: by title, the second of one title as
    "title (2)". drawings: by title. figures: the key figures."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: dict[str, Table] = {}
        self.drawings: dict[str, Drawing] = {}
        self.figures: dict[str, tuple[str, str]] = {}
        self._words: list[str] = []
        self._within: list[str] = []
        self._title = ""
        self._table: Table | None = None
        self._drawing: Drawing | None = None
        self._figure = ["", "", ""]
        self.feed(page)
        self.words = " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag in ("meta", "input", "br", "link"):
            return
        self._within.append(tag)
        if tag in ("h4", "figcaption", "h2"):
            self._title = ""
        elif tag == "div" and told.get("role") == "region":
            self._title = told["aria-label"]
        elif tag == "table":
            self._table = Table(" ".join(self._title.split()))
            same = sum(one.title == self._table.title for one in self.tables.values())
            name = f"{self._table.title} ({same + 1})" if same else self._table.title
            self.tables[name] = self._table
        elif tag == "tr" and self._table:
            self._table.rows.append([])
            self._table.classes.append([])
        elif tag in ("td", "th") and self._table:
            self._table.rows[-1].append("")
            self._table.classes[-1].append(told.get("class", ""))
        elif tag == "svg":
            self._drawing = Drawing()
        elif tag == "rect" and self._drawing:
            x, y, width, height = (float(told.get(name, "0")) for name in ("x", "y", "width", "height"))
            self._drawing.bars.append((x, y, width, height))
        elif tag == "dt":
            self._figure = ["", "", ""]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._within:
            while self._within.pop() != tag:
                pass
        if tag == "table" and self._table:
            self._table.rows = [[" ".join(cell.split()) for cell in row] for row in self._table.rows]
            self._table = None
        elif tag == "svg" and self._drawing:
            self.drawings[self._drawing.title] = self._drawing
            self._drawing = None
        elif tag == "dd":
            self.figures[self._figure[0]] = (self._figure[1], self._figure[2])

    def handle_data(self, data: str) -> None:
        within = self._within[-1] if self._within else ""
        if within in ("script", "style"):
            return
        self._words.append(data)
        if self._drawing is not None:
            if within == "title":
                self._drawing.title += data
            elif within == "desc":
                self._drawing.description += data
        elif self._table is not None and self._table.rows and self._table.rows[-1]:
            self._table.rows[-1][-1] += data
        elif "h4" in self._within or "figcaption" in self._within or "h2" in self._within:
            self._title += data
        elif within in ("dt", "dd", "small") and "dl" in self._within:
            self._figure[("dt", "dd", "small").index(within)] += data
