"""How much work a regular expression asks for. Patterns come with a corpus, so perhaps from a stranger.

Rust's engine, which checks contracts, takes time in proportion to the text and to the pattern's size once its counts are
written out: `(.{0,300}){20}` has 6,000 parts, and a text of a megabyte takes it minutes. Others do not even compile such.
"""

from __future__ import annotations

import re

MOST_PARTS = 1000
"""With so many parts, a megabyte of text takes a few seconds at the worst."""
_COUNT = re.compile(r"\{\s*(\d*)\s*(?:,\s*(\d*)\s*)?\}")
_TOKEN = re.compile(r"\\(?:[pPxuUN]\{[^}]*\}|.)|\[(?:\^?\]?)(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\(|\)|.", re.DOTALL)


def parts(pattern: str) -> int:
    """How many parts a pattern has with its counts written out: `(ab{2,5}){10}` has 60."""
    open_: list[int] = []  # of the groups around the place
    total = last = at = 0
    while at < len(pattern):
        count = _COUNT.match(pattern, at)
        if count and last:
            times = max(int(digits) for digits in (count[1], count[2], "1") if digits)
            total, last = total + last * (times - 1), last * times
            at = count.end()
            continue
        token = _TOKEN.match(pattern, at)
        assert token is not None, "any character is a token"
        at = token.end()
        if token[0] == "(":
            open_.append(total)
            total = last = 0
        elif token[0] == ")" and open_:
            last = max(total, 1)
            total = open_.pop() + last
        elif token[0] not in "*+?|":
            total, last = total + 1, 1
        if total > MOST_PARTS * MOST_PARTS:
            return total  # counts in counts would make a number of thousands of digits
    return total + sum(open_)


def refuse_pattern(pattern: str) -> None:
    """Raises ValueError, with a clause that says so, for a pattern that asks for too much work."""
    if len(pattern) > MOST_PARTS or (found := parts(pattern)) > MOST_PARTS:
        size = f"{len(pattern)} characters" if len(pattern) > MOST_PARTS else f"{found} parts, its counts written out"
        raise ValueError(f"a pattern has at most {MOST_PARTS}; this one has {size}")
