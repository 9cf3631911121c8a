"""Rows of delimited values from lines of text. A row that is broken costs itself only.

Python's `csv` reads strictly. Where it gives up, or a row has the wrong number of cells, the row's first line is set
aside, and reading goes on at the next line that begins a row. What begins a row is learned from the good ones.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from corpus_kit.ingest.json_values import RejectedValue


class Dialect(NamedTuple):
    """How cells are told apart. quote, escape: "" for none. skip_space: blanks after a delimiter are no part of a cell."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    skip_space: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of `csv.reader`."""
        quoting = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote or None,
            "escapechar": self.escape or None,
            "quoting": quoting,
            "skipinitialspace": self.skip_space,
            "strict": True,
        }


class CellRow(NamedTuple):
    """One row. line: its first line in the file, from 1."""

    line: int
    cells: list[str]


class BadRow(NamedTuple):
    """One row that cannot be read. line, lines: where it is and how many lines it takes. size: its bytes."""

    line: int
    lines: int
    size: int
    refusal: RejectedValue


class BadLine(NamedTuple):
    """A line that is not text in the file's codec, or too long. shown: what is known of it."""

    size: int
    refusal: RejectedValue


_KINDS = tuple(
    map(
        re.compile,
        (
            r"-?\d+",
            r"[0-9a-fA-F]{16,64}",
            r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}",
            r"\d{4}-\d\d-\d\d(?:[T ].*)?",
            r"https?://\S+",
            r"\w{1,40}\d",
        ),
    )
)
_TOGETHER, _FEW = 8, 32
"""Fewer lines are not worth a reader of their own; after fewer that it could read, another waits for as many."""
_LEARN = 200
"""Rows from which the kind of the first column is learned."""


@dataclass(slots=True)
class _Shape:
    """What rows look like: how many cells, and what the first is."""

    columns: int
    dialect: Dialect
    kinds: tuple[re.Pattern[str], ...] = _KINDS
    seen: int = 0
    last: int | None = None
    in_sequence: bool = True

    def learn(self, cells: list[str]) -> None:
        if self.seen < _LEARN:
            self.seen += 1
            self.kinds = tuple(kind for kind in self.kinds if kind.fullmatch(cells[0]))
        if self.in_sequence and self.seen > 1:
            number = int(cells[0]) if cells[0].isascii() and cells[0].isdigit() and len(cells[0]) < 18 else None
            self.in_sequence = number is not None and (self.last is None or number == self.last + 1)
            self.last = number

    @property
    def typed(self) -> bool:
        return self.seen > 2 and bool(self.kinds)

    def begins(self, line: str) -> bool:
        """Whether a row can begin with this line."""
        if self.columns == 1:
            return True
        cells = self._cells(line)
        if self.typed:
            first = cells[0] if cells else line.partition(self.dialect.delimiter)[0].strip(self.dialect.quote or None)
            return any(kind.fullmatch(first) for kind in self.kinds) and self.dialect.delimiter in line
        if cells is not None:
            return len(cells) == self.columns
        opened = self._cells(line.rstrip("\r\n") + self.dialect.quote)  # a text of several lines, which goes on
        return opened is not None and 1 < len(opened) <= self.columns

    def _cells(self, line: str) -> list[str] | None:
        try:
            return next(csv.reader([line], **self.dialect.options), None)
        except csv.Error:
            return None

    def swallows(self, lines: list[str]) -> bool:
        """Whether a row of several lines is rather many rows, joined by a quote that is never closed."""
        inner = lines[1:]
        if self.columns == 1 or not self.typed:
            return False
        whole = [c for c in map(self._cells, inner) if c is not None and len(c) == self.columns]
        whole = [c for c in whole if any(kind.fullmatch(c[0]) for kind in self.kinds)]
        if self.in_sequence and self.last is not None:
            following = {str(self.last + 2), str(self.last + 3)}
            return any(c[0] in following for c in whole)
        own = self._cells(lines[0] + self.dialect.quote) or [""]
        whole = [c for c in whole if len(c[0]) == len(own[0])]
        return len(whole) >= 5 and len(whole) >= 0.6 * len(inner)


class _Feed:
    """The lines for `csv.reader`, which remembers those of the row it is in."""

    def __init__(
        self, source: Iterable[str | list[str] | BadLine], dialect: Dialect, limit: int, encoding: str
    ) -> None:
        self._source, self._pending = iter(source), deque[str]()
        self._limit, self._size, self._encoding = limit, 0, encoding
        self._patient = 0  # up to which line rows are read one by one
        self.taken: list[str] = []
        self.number = 0  # of the last line that was given
        self.bad: BadLine | None = None
        escape = re.escape(dialect.escape)
        others = re.escape(dialect.escape + (dialect.quote or "") + dialect.delimiter)
        # An escape before any other character is itself, as in `C:\new`.
        self._lone = re.compile(f"{escape}([{others}\r\n])|{escape}") if escape else None
        self._escape = dialect.escape

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self.next_line()
        self._size += len(line)
        if self._size > self._limit and len(self.taken) > 1:
            raise _TooLarge
        if self._lone is not None and self._escape in line:
            return self._lone.sub(lambda m: m[0] if m[1] else self._escape * 2, line)
        return line

    def next_line(self) -> str:
        """The next line as it is; raises _Bad at one that is no text."""
        while not self._pending:
            found = next(self._source)
            if isinstance(found, BadLine):
                self.number += 1
                self.bad = found
                raise _Bad
            if isinstance(found, list):
                self._pending.extend(found)
            else:
                self._pending.append(found)
        line = self._pending.popleft()
        self.number += 1
        self.taken.append(line)
        return line

    def at_hand(self) -> list[str]:
        """Take the lines that are there already; none where they are few, or are changed before they are read."""
        if len(self._pending) < _TOGETHER or self._lone is not None or self.number < self._patient:
            return []
        lines = list(self._pending)
        if sum(map(len, lines)) > self._limit:
            self._patient = self.number + len(lines)
            return []
        self._pending.clear()
        self.number += len(lines)
        return lines

    def leave(self, lines: list[str], read: int) -> None:
        """Take back what could not be read together; where `read` lines could, and these are few, lines go one by one."""
        self.give_back(lines)
        if read < _FEW:
            self._patient = self.number + _FEW

    def begin(self) -> None:
        """A new row begins."""
        self.taken, self._size, self.bad = [], 0, None

    def give_back(self, lines: list[str]) -> None:
        self._pending.extendleft(reversed(lines))
        self.number -= len(lines)

    def size_of(self, lines: list[str]) -> int:
        """Bytes of some lines in the file."""
        return sum(len(line.encode(self._encoding, "surrogatepass")) for line in lines)


class _Bad(Exception):
    """A line that is no text."""


class _TooLarge(Exception):
    """A row that is larger than a record may be."""


def read_rows(
    source: Iterable[str | list[str] | BadLine],
    dialect: Dialect,
    columns: int | None,
    limit: int,
    encoding: str = "utf-8",
) -> Iterator[CellRow | BadRow]:
    """The rows of some lines, empty ones left out.

    Args:
        source: Lines with their ends, one by one or many together: those are read faster, to the same rows.
        dialect: How cells are told apart.
        columns: How many cells a row has; None where the first row says it.
        limit: The most characters of a row.
        encoding: Codec in which bytes are counted.
    """
    csv.field_size_limit(max(limit, 1))
    feed = _Feed(source, dialect, limit, encoding)
    shape = _Shape(columns or 0, dialect)
    reader = csv.reader(feed, **dialect.options)
    while True:
        yield from _whole_rows(feed, shape)
        feed.begin()
        try:
            cells = next(reader, None)
        except csv.Error as e:
            large = "field limit" in str(e)
            refusal = RejectedValue("record_too_large" if large else "malformed_csv", _plain(str(e)))
        except _TooLarge:
            refusal = RejectedValue("malformed_csv", f"a quote opens here and is not closed within {limit} characters")
        except _Bad:
            assert feed.bad is not None
            refusal = feed.bad.refusal
        else:
            if cells is None:
                return
            if not cells:
                continue
            if not shape.columns:
                shape.columns = len(cells)
                yield CellRow(feed.number - len(feed.taken) + 1, cells)
                continue
            extra = len(cells) - shape.columns
            if extra > 0 and not any(cells[shape.columns :]):  # a delimiter at the end of the row
                del cells[shape.columns :]
                extra = 0
            swallows = extra == 0 and len(feed.taken) > 1 and shape.swallows(feed.taken)
            if extra == 0 and not swallows:
                shape.learn(cells)
                yield CellRow(feed.number - len(feed.taken) + 1, cells)
                continue
            refusal = RejectedValue(
                "malformed_csv",
                "a quote opens here and other rows follow before it is closed"
                if swallows
                else f"{shape.columns + extra} fields where the header has {shape.columns}",
            )
        yield _recover(feed, shape, refusal)
        if shape.in_sequence and shape.last is not None:
            shape.last += 1
        reader = csv.reader(feed, **dialect.options)


def _whole_rows(feed: _Feed, shape: _Shape) -> Iterator[CellRow]:
    """The rows at the beginning of the lines at hand, up to the first that is not whole, or not as the others are.

    What is left goes back to the feed, for the reader that looks at every line.
    """
    if not shape.columns or not (lines := feed.at_hand()):
        return
    reader = csv.reader(lines, **shape.dialect.options)
    first = feed.number - len(lines) + 1
    columns, learning, end = shape.columns, True, 0
    try:
        for cells in reader:
            begin, line = end, reader.line_num
            if cells:
                if len(cells) > columns and not any(cells[columns:]):  # a delimiter at the end of the row
                    del cells[columns:]
                if len(cells) != columns or (line - begin > 1 and shape.swallows(lines[begin:line])):
                    break
                if learning:
                    shape.learn(cells)
                    learning = shape.seen < _LEARN or shape.in_sequence
                yield CellRow(first + begin, cells)
            end = line
    except csv.Error:
        pass
    if end < len(lines):
        feed.leave(lines[end:], end)


def _recover(feed: _Feed, shape: _Shape, refusal: RejectedValue) -> BadRow:
    """Set the broken row aside, up to the next line that begins a row."""
    lines, damaged = feed.taken, feed.bad
    first = feed.number - len(lines) + (damaged is None)
    size = damaged.size if damaged else 0
    end = next((i for i in range(1, len(lines)) if shape.begins(lines[i])), len(lines))
    if end < len(lines) and damaged is None:
        feed.give_back(lines[end:])
        lines = lines[:end]
    elif _is_open(lines, shape.dialect):
        feed.begin()
        try:
            while not shape.begins(feed.next_line()):
                pass
            feed.give_back([feed.taken.pop()])
        except StopIteration:
            pass
        except _Bad:
            size += feed.bad.size if feed.bad else 0
        lines = lines + feed.taken
    count = len(lines) + (damaged is not None)
    refusal.detail = (
        f"line {first}: {refusal.detail}" if count < 2 else f"lines {first}-{first + count - 1}: " + (refusal.detail)
    )
    return BadRow(first, count, size + feed.size_of(lines), refusal)


def _is_open(lines: list[str], dialect: Dialect) -> bool:
    """Whether a quote of these lines is not closed, by their number."""
    return bool(dialect.quote) and sum(line.count(dialect.quote) for line in lines) % 2 == 1


def _plain(error: str) -> str:
    """What `csv` says, for people."""
    if "expected after" in error:
        return "a quote within a quoted field is neither doubled nor escaped"
    if "end of data" in error:
        return "a quote opens here and is never closed"
    return error
