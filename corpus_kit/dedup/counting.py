"""A shard's lines: read, counted, and where they stand.

`scan` counts while it signs. Where it must be known what a publisher repeats before there is anything to sign, because
suggestions of boilerplate go by it, `count_shard` counts first (see `repetition`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.core.identity import publisher_of
from corpus_kit.core.storage.tables import read_table
from corpus_kit.dedup.lines import LINES, PAGES, PLACE, PLACES, line_keys, lines_of, pages_of
from corpus_kit.dedup.shingles import I64, U64, Tokens, tokenise
from corpus_kit.dedup.signatures import batches
from corpus_kit.dedup.state import readable, save_array

READ = ("text", "outlet", "url")


@dataclass(frozen=True, slots=True)
class PageLines:
    """Some documents of a shard. keys, documents, sizes: of each line of `tokens.lines`; sizes in tokens."""

    tokens: Tokens
    keys: U64
    documents: I64
    sizes: I64


def read_lines(texts: Sequence[str], publishers: U64) -> PageLines:
    """Lines of some documents with keys of line and publisher."""
    tokens = tokenise(texts)
    return PageLines(tokens, *line_keys(tokens, publishers))


def publishers_of(table: pa.Table) -> U64:
    """(documents,) a hash of each one's publisher; those without one count as one publisher."""
    return np.fromiter(
        map(_publisher, table["outlet"].to_pylist(), table["url"].to_pylist()), np.uint64, table.num_rows
    )


def _publisher(outlet: str | None, url: str | None) -> int:
    return _hash(publisher_of(outlet, url) or "")


@lru_cache(maxsize=1 << 16)
def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


class LineCount:
    """The `LINE`s and `PAGE`s of a shard, batch by batch."""

    def __init__(self) -> None:
        self._lines: list[NDArray[np.void]] = []
        self._pages: list[NDArray[np.void]] = []

    def take(self, page: PageLines, publishers: U64, first: int) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Returns the batch's own. first: the shard's row of the batch's first document."""
        lines = lines_of(page.keys, page.documents)
        pages = pages_of(page.keys, page.documents, page.sizes, publishers)
        self._lines.append(lines.copy())
        self._lines[-1]["document"] += first
        self._pages.append(pages)
        return lines, pages

    def save(self, folder: Path) -> int:
        """Returns the number of lines."""
        lines = np.concatenate(self._lines)
        save_array(folder / LINES, lines[np.argsort(lines["key"], kind="stable")])
        save_array(folder / PAGES, np.concatenate(self._pages))
        return len(lines)


@dataclass(frozen=True, slots=True)
class CountTask:
    """One call of `count_shard`. shard: a Parquet file of documents. folder: where its arrays are."""

    shard: str
    folder: str


def count_shard(task: CountTask) -> int:
    """Write the shard's lines, where they stand, and its pages' marks; returns the number of lines."""
    folder = Path(task.folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = read_table(Path(task.shard), READ)
    publishers = publishers_of(table)
    texts: list[str] = table["text"].to_pylist()
    count = LineCount()
    places: list[NDArray[np.void]] = []
    for begin, end in batches(texts):
        page = read_lines(texts[begin:end], publishers[begin:end])
        count.take(page, publishers[begin:end], begin)
        places.append(_places(page, publishers[begin:end], texts[begin:end], begin))
    save_array(folder / PLACES, np.concatenate(places))
    return count.save(folder)


def is_counted(task: CountTask) -> bool:
    """Whether an earlier call of `count_shard` was finished."""
    return all(readable(Path(task.folder, name)) for name in (PLACES, LINES, PAGES))


def _places(page: PageLines, publishers: U64, texts: Sequence[str], first: int) -> NDArray[np.void]:
    """`PLACE`s in the texts' order, of documents whose publisher is known: strangers share no menu."""
    begins = np.cumsum([0, *(len(text) + 1 for text in texts)])
    told = publishers[page.documents] != _publisher(None, None)
    documents = page.documents[told]
    made = np.empty(len(documents), PLACE)
    made["key"], made["document"] = page.keys[told], documents + first
    made["start"] = page.tokens.starts[page.tokens.lines[told]] - begins[documents]
    return made
