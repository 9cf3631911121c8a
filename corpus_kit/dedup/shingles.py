"""Texts as sets of shingles: hashes of runs of words, computed for many documents at once.

A token is a word (letters and digits, folded to lower case without accents) or, in scripts without spaces, one letter. A
shingle is a run of `words` tokens, or of `characters` letters where its first token is one. No Python loop runs over
characters, tokens or shingles: a prefix sum of value × base^position gives the polynomial hash (Karp and Rabin 1987) of
every run by one subtraction, and the base's inverse modulo 2^64 brings it back to position 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from corpus_kit.core.hashing import mixed
from corpus_kit.dedup.alphabet import DIGIT, IGNORED, SEPARATOR, UNSPACED, WORD, tables

U64: TypeAlias = NDArray[np.uint64]
I64: TypeAlias = NDArray[np.int64]

# Any odd number has an inverse modulo 2^64.
_LETTER_BASE, _TOKEN_BASE = 0xD6E8FEB86659FD93, 0xA0761D6478BD642F
_NUMBER = np.uint64(0x8BB84B93962EACC9)
_PIECE = 1 << 15  # code points whose arrays fit a processor's cache
_STEP = 1 << 10
_NEWLINE = 10


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of several documents in order.

    hashes: (n,) of each token. unspaced: (n,) whether it is a letter of a script without spaces. number: (n,) whether
    it begins with a digit. starts, ends: (n,) code points within all the texts joined by one newline. lines: (m,) index
    of the first token of every line that has tokens. bounds: (documents + 1,) index of each document's first token.
    """

    hashes: U64
    unspaced: NDArray[np.bool_]
    number: NDArray[np.bool_]
    starts: I64
    ends: I64
    lines: I64
    bounds: I64


def tokenise(texts: Sequence[str]) -> Tokens:
    """All tokens of all texts. Memory is some 30 bytes a token and 8 a character."""
    codes = np.frombuffer("\n".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    firsts = np.concatenate(([0], np.cumsum(lengths + 1)))[: len(texts)]
    pieces = [_tokens_of(codes[a:b], a) for a, b in _cuts(codes)]
    starts, ends, hashes, kinds, newlines = (np.concatenate(column) for column in zip(*pieces, strict=True))
    # Lines without tokens begin where the next one does, or behind the last token.
    lines = np.unique(np.concatenate(([0], np.searchsorted(starts, newlines))))
    return Tokens(
        hashes,
        kinds == UNSPACED,
        kinds == DIGIT,
        starts,
        ends,
        lines[lines < len(starts)],
        np.concatenate((np.searchsorted(starts, firsts), [len(starts)])).astype(np.int64),
    )


def _cuts(codes: NDArray[np.uint32]) -> list[tuple[int, int]]:
    """Pieces of bounded size; a cut stands at a separator, unless there is none for a whole piece."""
    kinds, _ = tables()
    cuts = [0]
    while len(codes) - cuts[-1] > 2 * _PIECE:
        begin = cuts[-1] + _PIECE
        cut = begin + _PIECE
        for step in range(begin, cut, _STEP):
            separators = np.flatnonzero(kinds.take(codes[step : step + _STEP]) == SEPARATOR)
            if separators.size:
                cut = step + int(separators[0])
                break
        cuts.append(cut)
    return list(zip(cuts, [*cuts[1:], len(codes)], strict=True))


def _tokens_of(text: NDArray[np.uint32], offset: int) -> tuple[I64, I64, U64, NDArray[np.uint8], I64]:
    """(start, end, hash, class of the first character) of every token of one piece, and where its newlines are."""
    kinds, values = tables()
    codes: I64 = text.astype(np.int64)  # what `take` wants
    kind = kinds.take(codes)
    newlines = np.flatnonzero(codes == _NEWLINE) + offset
    places: I64 | None = None
    highest = int(kind.max(initial=0))
    if highest == IGNORED:
        places = np.flatnonzero(kind != IGNORED)
        codes, kind = codes[places], kind[places]
    in_word = np.zeros(len(kind) + 2, np.bool_)
    in_word[1:-1] = (kind == WORD) | (kind == DIGIT)
    edges = np.flatnonzero(in_word[1:] != in_word[:-1])
    starts, ends = edges[0::2], edges[1::2]
    if highest >= UNSPACED:
        alone = np.flatnonzero(kind == UNSPACED)
        starts, ends = np.concatenate((starts, alone)), np.concatenate((ends, alone + 1))
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
    powers, inverses = _powers(_LETTER_BASE, _capacity(len(kind)))
    weighed = values.take(codes)
    weighed *= powers[: len(kind)]
    sums = np.zeros(len(kind) + 1, np.uint64)
    np.cumsum(weighed, out=sums[1:])
    hashes = mixed((sums[ends] - sums[starts]) * inverses[starts])
    kind = kind[starts]
    if places is not None:
        starts, ends = places[starts], places[ends - 1] + 1
    return starts + offset, ends + offset, hashes, kind, newlines


def line_hashes(tokens: Tokens) -> tuple[U64, I64]:
    """(hash, number of tokens) of every line of `tokens.lines`; any number in it counts as the same number."""
    ends = np.append(tokens.lines[1:], len(tokens.hashes))
    values = np.where(tokens.number, _NUMBER, tokens.hashes)
    return mixed(_run_hashes(values, tokens.lines, ends)), ends - tokens.lines


def shingle(tokens: Tokens, words: int, characters: int, left_out: NDArray[np.bool_] | None = None) -> tuple[U64, I64]:
    """(shingle hashes, bounds): those of document i are hashes[bounds[i]:bounds[i + 1]], repeated ones included.

    left_out: (n,) tokens that do not count, as if they were not in the text. A document that has fewer tokens than one
    shingle takes is one shingle; a document without tokens has none.
    """
    hashes, unspaced, bounds = tokens.hashes, tokens.unspaced, tokens.bounds
    if left_out is not None and left_out.any():
        kept = ~left_out
        before = np.concatenate(([0], np.cumsum(kept)))
        hashes, unspaced, bounds = hashes[kept], unspaced[kept], before[bounds]
    starts = np.arange(len(hashes), dtype=np.int64)
    # The document's end, for every token.
    limit = np.repeat(bounds[1:], np.diff(bounds))
    ends = starts + np.where(unspaced, characters, words)
    whole = ends <= limit
    short = bounds[:-1][np.diff(bounds) > 0]
    short = short[~whole[short]]
    whole[short] = True
    ends = np.minimum(ends, limit)
    made = np.concatenate(([0], np.cumsum(whole)))
    return mixed(_run_hashes(hashes, starts[whole], ends[whole])), made[bounds]


def _run_hashes(values: U64, starts: I64, ends: I64) -> U64:
    powers, inverses = _powers(_TOKEN_BASE, _capacity(len(values)))
    sums = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values * powers[: len(values)], out=sums[1:])
    result: U64 = (sums[ends] - sums[starts]) * inverses[starts]
    return result


def _capacity(size: int) -> int:
    """Sizes of power tables, so that few are ever made."""
    return max(1 << (size - 1).bit_length(), 1 << 16) if size > 1 else 1 << 16


@lru_cache(maxsize=4)
def _powers(base: int, size: int) -> tuple[U64, U64]:
    """(base^i, base^-i) modulo 2^64 for i below `size`."""
    made = []
    for factor in (base, pow(base, -1, 1 << 64)):
        row = np.full(size, factor, np.uint64)
        row[0] = 1
        made.append(np.cumprod(row))
    return made[0], made[1]
