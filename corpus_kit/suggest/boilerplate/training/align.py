"""Which lines of a page belong to its main text, when all we have is the main text as somebody else rendered it."""

from __future__ import annotations

import re

from rapidfuzz.distance import LCSseq

_WORD = re.compile(r"\w+")
_SHORTEST = 3


def keep_labels(text: str, reference: str) -> list[float]:
    """Share of each line's words that `reference` contains in the same order; -1.0 for lines without words.

    The longest common subsequence of words aligns the two. Matches of fewer than three words in a row count only where
    they make up a whole line, so that a menu's "the" is not mistaken for the article's.
    """
    number: dict[str, int] = {}
    page: list[int] = []
    line_of: list[int] = []
    for at, line in enumerate(text.split("\n")):
        for word in _WORD.findall(line.lower()):
            page.append(number.setdefault(word, len(number)))
            line_of.append(at)
    wanted = [number.setdefault(word, len(number)) for word in _WORD.findall(reference.lower())]
    n_lines = text.count("\n") + 1
    words, hits = [0] * n_lines, [0] * n_lines
    for at in line_of:
        words[at] += 1
    for step in LCSseq.opcodes(page, wanted):
        if step.tag != "equal":
            continue
        low, high = step.src_start, step.src_end
        opens = low == 0 or line_of[low - 1] != line_of[low]
        closes = high == len(page) or line_of[high] != line_of[high - 1]
        if high - low >= _SHORTEST or (opens and closes and line_of[low] == line_of[high - 1]):
            for at in range(low, high):
                hits[line_of[at]] += 1
    return [hit / total if total else -1.0 for hit, total in zip(hits, words, strict=True)]
