"""Texts that stay on the disk: where each is, and the few row groups that are being read.

Rows of all configurations come in the order of the documents, so a handful of row groups in memory is enough; memory does
not follow the number of texts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

_GROUPS = 3
_Place = tuple[int, int, int]
"""Number of the file, of the row group, of the row in it."""


T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


class TextStore:
    """The column `text` of several Parquet files."""

    def __init__(self) -> None:
        self._files: list[Path] = []
        self._groups: OrderedDict[tuple[int, int], pa.ChunkedArray] = OrderedDict()

    def add(self, path: Path, columns: Sequence[str]) -> Iterator[tuple[StoredText, dict[str, Any]]]:
        """Every text of a file, with other columns of its row. The texts themselves are not read."""
        number = len(self._files)
        self._files.append(path)
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                for row, told in enumerate(file.read_row_group(group, columns=list(columns)).to_pylist()):
                    yield StoredText(self, (number, group, row)), told

    def read(self, place: _Place) -> str:
        """One text."""
        file, group, row = place
        found = self._groups.get((file, group))
        if found is None:
            with pq.ParquetFile(self._files[file]) as opened:
                found = opened.read_row_group(group, columns=["text"])["text"]
            self._groups[file, group] = found
            if len(self._groups) > _GROUPS:
                self._groups.popitem(last=False)
        else:
            self._groups.move_to_end((file, group))
        text: str = found[row].as_py()
        return text


class StoredText:
    """A text on the disk. `text` reads it."""

    __slots__ = ("_place", "_store")

    def __init__(self, store: TextStore, place: _Place) -> None:
        self._store, self._place = store, place

    @property
    def text(self) -> str:
        return self._store.read(self._place)
