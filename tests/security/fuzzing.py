"""What the fuzzers share: mutations, a bound of time for a case, and what is told at the end.

A fuzzer is a function (folder, count, seed) → `Findings`; `python tests/security/long.py fuzz_files --count 5000` runs it.
The same seed gives the same cases.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

MOST_MEMORY = 1000 * 10**6
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    -1,
    0,
    1,
    2**31,
    2**63,
    2**64,
    10**30,
    -(10**400),
    1.5,
    -0.0,
    1e308,
    "",
    " ",
    "x" * 3000,
    "\ud800",
    "a\udfffb",
    "\x00",
    "\x1b[2J",
    "=1+1",
    [],
    {},
    [[]],
    [None],
    {"a": None},
    {"": ""},
    "NaN",
    "null",
    "true",
    "0",
    "2031-13-45",
    "2031-02-29T25:61:61Z",
    "9999-12-31T23:59:59.999999+14:00",
    "0001-01-01T00:00:00-23:59",
    [1, "1"],
    "zoe@mail.example",
    "../../x",
    "\u202e\u0301",
    "😀" * 9,
    "\r\n",
)
_INTERESTING = (
    b"\x00",
    b"\xff" * 4,
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\r",
    b"\n\n",
    b'"',
    b"\\",
    b"{",
    b"[",
    b"<",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"\xed\xa0\x80",
)


class HangError(Exception):
    """A case took longer than it may."""


@contextmanager
def bounded(seconds: int) -> Iterator[None]:
    """Raises HangError in what takes longer."""

    def late(*_: object) -> None:
        raise HangError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def peak_memory() -> int:
    """The largest memory of this process so far, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


@dataclass
class Findings:
    """What a run came to.

    Attributes:
        cases: How many were tried.
        outcomes: How they ended.
        failures: Kind of a failure → the first case of it, with its traceback.
    """

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)

    def fail(self, error: BaseException, case: str) -> None:
        """Note a failure; failures that come from one line are one kind."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if "corpus_kit" in f.filename] or list(frames)
        place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
        kind = f"{type(error).__name__} {place}"
        self.outcomes[f"failed: {kind}"] += 1
        self.failures.setdefault(kind, f"{case}\n{''.join(traceback.format_exception(error))[-3000:]}")


def mutated(value: Any, chance: Random) -> Any:
    """JSON with one place of it replaced, removed, repeated or given another name."""
    if isinstance(value, dict) and value and chance.random() < 0.96:
        key = chance.choice(sorted(value))
        way = chance.random()
        if way < 0.15:
            return {k: v for k, v in value.items() if k != key}
        if way < 0.2:
            return {**value, chance.choice(("", "id", "text", "\ud800", key.upper(), "zoe@mail.example")): value[key]}
        return {**value, key: mutated(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.92:
        place = chance.randrange(len(value))
        return [*value[:place], mutated(value[place], chance), *value[place + chance.randint(0, 1) :]]
    if isinstance(value, int) and not isinstance(value, bool) and chance.random() < 0.5:
        return value + chance.choice((-1, 1, -1000, 1000))
    if isinstance(value, str) and value and chance.random() < 0.3:
        at = chance.randrange(len(value))
        return value[:at] + chance.choice(("\ud83d", "\x00", "é", " ", "")) + value[at + chance.randint(0, 1) :]
    return chance.choice(ODD)


def mutated_bytes(content: bytes, chance: Random) -> bytes:
    """Bytes with something flipped, cut out, put in, repeated or cut off."""
    made = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        at = chance.randrange(len(made) + 1)
        end = min(len(made), at + chance.choice((1, 1, 2, 8, 60, 400)))
        way = chance.randrange(7)
        if way == 0 and made:
            made[min(at, len(made) - 1)] ^= 1 << chance.randrange(8)
        elif way == 1:
            del made[at:end]
        elif way == 2:
            made[at:at] = chance.choice(_INTERESTING)
        elif way == 3:
            made[at:at] = made[at:end] * chance.choice((1, 2, 30))
        elif way == 4:
            made[at:end] = chance.randbytes(end - at)
        elif way == 5 and chance.random() < 0.5:
            del made[at:]
        else:
            other = chance.randrange(len(made) + 1)
            made[at:end] = made[other : other + end - at]
    return bytes(made)


def command(fuzz: Callable[[Path, int, int], Findings]) -> None:
    """Run a fuzzer from the command line; exit 1 where something was found."""
    parser = argparse.ArgumentParser(description=fuzz.__doc__)
    parser.add_argument("--count", type=int, default=5000, help="how many cases")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other cases")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        found = fuzz(Path(folder), given.count, given.seed)
    for case in found.failures.values():
        print(case, "\n")
    print(f"{found.cases} cases, seed {given.seed}, {peak_memory() / 10**6:.0f} MB at most")
    for outcome, count in found.outcomes.most_common():
        print(f"{count:8} {outcome}")
    sys.exit(bool(found.failures) or peak_memory() > MOST_MEMORY)
