"""A shard's share of the work as pure functions: `scan_shard` reads it once, `sign_shard` fixes what the scan guessed.

The scan counts lines and signs the documents in one pass over the text, leaving out the lines that are known to be
repeated by then: those of the last build and those of its own shard. When all shards are counted, `sign_shard` signs those
documents again whose set of repeated lines turned out to be another. What a signature is follows from the text and the
final set alone. Files of signatures are named by that set, so a straggler of an earlier run writes over no one's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.core.hashing import mixed
from corpus_kit.core.storage.tables import array_of, read_table
from corpus_kit.dedup.counting import READ, LineCount, PageLines, publishers_of, read_lines
from corpus_kit.dedup.lines import (
    LINES,
    PAGES,
    contains,
    count_publishers,
    lines_of,
    load_repeated,
    mask_keys,
    repeated_lines,
)
from corpus_kit.dedup.settings import DedupRecipe
from corpus_kit.dedup.shingles import I64, U64
from corpus_kit.dedup.signatures import band_hashes, batches, counted_shingles
from corpus_kit.dedup.state import link_array, open_array, readable, save_array

SPANS = "spans.npy"
SCANNED = "signed-scan.npy"
_SET_BITS = 40
_COLUMNS = ["doc_id", *READ]


@dataclass(frozen=True, slots=True)
class ScanTask:
    """One call of `scan_shard` or `sign_shard`.

    shard: a Parquet file of documents. folder: where its arrays are, one's own for shard and spans. repeated: the known
    repeated lines, sorted keys; empty when none are known. masked: as in `find.Shard`, empty for none. signed: name of the
    file that `sign_shard` makes. counted: the folder that `count_shard` filled, empty where lines are counted here.
    """

    shard: str
    folder: str
    recipe: DedupRecipe
    repeated: str = ""
    masked: str = ""
    signed: str = SCANNED
    counted: str = ""


def scanned(task: ScanTask) -> bool:
    """Whether an earlier call of `scan_shard` was finished."""
    folder = Path(task.folder)
    wanted = (LINES, PAGES, SPANS) if task.masked else (LINES, PAGES)
    return all(readable(folder / name) for name in wanted) and bool(_signed(folder))


def scan_shard(task: ScanTask) -> int:
    """Write the shard's lines, its pages' marks and its signatures so far; returns the number of lines.

    Signatures have the shape (1 + bands, documents): the key of the left-out lines and spans, then the bands.
    """
    folder = Path(task.folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = read_table(Path(task.shard), _COLUMNS)
    publishers = publishers_of(table)
    texts: list[str] = table["text"].to_pylist()
    # Of the last build, a good guess at this one's; a damaged one is no guess.
    known = load_repeated(task.repeated if readable(task.repeated) else "")
    spans = _Spans(task.masked, table["doc_id"])
    count, signed = LineCount(), []
    for begin, end in batches(texts):
        page = read_lines(texts[begin:end], publishers[begin:end])
        left_out = known
        if not task.counted:
            lines, pages = count.take(page, publishers[begin:end], begin)
            here = repeated_lines(
                [(lines, pages.__getitem__)], count_publishers([pages]), task.recipe.settings.repeated_lines
            )
            left_out = np.union1d(known, here)
        signed.append(_sign(page, spans.of(begin, end, texts), left_out, task.recipe))
    if task.counted:
        for name in (LINES, PAGES):
            link_array(Path(task.counted, name), folder / name)
    else:
        count.save(folder)
    if task.masked:
        save_array(folder / SPANS, spans.keys)
    save_array(folder / SCANNED, np.concatenate(signed, axis=1))
    return len(open_array(folder / LINES))


def sign_shard(task: ScanTask) -> int:
    """Make `task.signed` from the signatures there are; returns how many documents were signed again."""
    folder = Path(task.folder)
    if readable(folder / task.signed):
        return 0
    earlier = _signed(folder)[-1]
    repeated = load_repeated(task.repeated)
    lines = open_array(folder / LINES)
    signed = open_array(earlier)
    hit = contains(repeated, np.array(lines["key"]))
    masks = mask_keys(np.array(lines["key"][hit]), np.array(lines["document"][hit]), signed.shape[1])
    if task.masked:
        masks += open_array(folder / SPANS)
    changed = np.flatnonzero(masks != signed[0])
    if changed.size == 0:
        link_array(earlier, folder / task.signed)
        return 0
    made = np.array(signed)
    table = read_table(Path(task.shard), _COLUMNS).take(array_of(changed, pa.int64()))
    publishers = publishers_of(table)
    texts: list[str] = table["text"].to_pylist()
    spans = _Spans(task.masked, table["doc_id"])
    for begin, end in batches(texts):
        page = read_lines(texts[begin:end], publishers[begin:end])
        made[:, changed[begin:end]] = _sign(page, spans.of(begin, end, texts), repeated, task.recipe)
    save_array(folder / task.signed, made)
    return int(changed.size)


def _signed(folder: Path) -> list[Path]:
    """The files of signatures that an earlier run left; any of them will do, the one made by a scan least of all."""
    return sorted((p for p in folder.glob("signed-*.npy") if readable(p)), key=lambda p: (p.name != SCANNED, p.name))


def shingles_of(task: ScanTask, rows: I64) -> tuple[U64, I64]:
    """The sets of shingles of some rows of a shard, as their signatures saw them: the upper 40 bits of each hash, sorted
    within its document, and each document's bounds. 40 bits tell a pair's few thousand shingles apart."""
    table = read_table(Path(task.shard), _COLUMNS).take(array_of(rows, pa.int64()))
    repeated, publishers = load_repeated(task.repeated), publishers_of(table)
    texts: list[str] = table["text"].to_pylist()
    spans = _Spans(task.masked, table["doc_id"])
    made: list[U64] = [np.empty(0, np.uint64)]
    sizes: list[I64] = [np.zeros(1, np.int64)]
    for begin, end in batches(texts):
        page = read_lines(texts[begin:end], publishers[begin:end])
        left_out = _left_out(page, spans.of(begin, end, texts)[0], repeated)
        hashes, bounds = counted_shingles(page.tokens, task.recipe, left_out)
        # One sort for all documents of the batch: the number of each stands in front of its hashes.
        owner = np.repeat(np.arange(end - begin, dtype=np.uint64), np.diff(bounds))
        keys = np.sort((owner << np.uint64(_SET_BITS)) | (hashes >> np.uint64(64 - _SET_BITS)))
        keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if keys.size else keys
        made.append(keys & np.uint64((1 << _SET_BITS) - 1))
        sizes.append(np.bincount((keys >> np.uint64(_SET_BITS)).astype(np.int64), minlength=end - begin))
    return np.concatenate(made), np.cumsum(np.concatenate(sizes))


def _sign(page: PageLines, spans: tuple[I64, U64], repeated: U64, recipe: DedupRecipe) -> U64:
    """(1 + bands, documents)."""
    places, span_keys = spans
    hashes, bounds = counted_shingles(page.tokens, recipe, _left_out(page, places, repeated))
    hit = contains(repeated, page.keys)
    lines = lines_of(page.keys[hit], page.documents[hit])
    masks = mask_keys(lines["key"], lines["document"], len(bounds) - 1) + span_keys
    return np.concatenate((masks[None], band_hashes(hashes, bounds, recipe)))


def _left_out(page: PageLines, spans: I64, repeated: U64) -> NDArray[np.bool_]:
    """(tokens,) those of repeated lines and masked spans."""
    tokens = page.tokens
    sizes = np.diff(np.append(tokens.lines, len(tokens.hashes)))
    made: NDArray[np.bool_] = np.repeat(contains(repeated, page.keys), sizes)
    if spans.size:
        begins, ends = np.sort(spans[:, 0]), np.sort(spans[:, 1])
        # A token overlaps a span when more spans have begun before its end than have ended by its start.
        made |= np.searchsorted(begins, tokens.ends, "left") > np.searchsorted(ends, tokens.starts, "right")
    return made


class _Spans:
    """Masked spans of some documents. keys: (documents,) one number for the spans of each, 0 for none."""

    def __init__(self, path: str, doc_ids: pa.ChunkedArray) -> None:
        self.documents: I64 = np.empty(0, np.int64)
        self.places: I64 = np.empty((0, 2), np.int64)
        self.keys: U64 = np.zeros(len(doc_ids), np.uint64)
        if path:
            import pyarrow.compute as pc  # here: for the process that searches, which masks nothing itself

            table = read_table(Path(path), ["doc_id", "start", "end"])
            found = pc.index_in(table["doc_id"], value_set=doc_ids.combine_chunks())
            rows = pl.Series(found).fill_null(-1).to_numpy()  # `pyarrow` would import pandas to take the number
            order = np.argsort(rows, kind="stable")
            order = order[rows[order] >= 0]
            places = np.stack([pl.Series(table[c]).to_numpy().astype(np.int64) for c in ("start", "end")], axis=1)
            self.documents, self.places = rows[order].astype(np.int64), places[order]
            starts, ends = self.places.astype(np.uint64).T
            np.add.at(self.keys, self.documents, mixed(mixed(starts) ^ ends))

    def of(self, begin: int, end: int, texts: list[str]) -> tuple[I64, U64]:
        """The spans of documents `begin` to `end` within their joined texts, and their keys."""
        first, last = np.searchsorted(self.documents, (begin, end))
        lengths = [len(t) + 1 for t in texts[begin:end]]
        firsts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        places = self.places[first:last] + firsts[self.documents[first:last] - begin][:, None]
        return places, self.keys[begin:end]
