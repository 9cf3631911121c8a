"""Pages that are run as they stand: console blocks in order, in one folder, their output held against the page.

In a page:

    ```console                     lines that begin with `$ ` are run, what follows is what they print
    <!-- docs: in clone -->        the page begins in a copy of this repository's corpus, else in an empty folder
    <!-- docs: write PATH -->      the next fenced block is written to that file
    <!-- docs: instead COMMAND --> the next console block shows one command and runs this one
    <!-- docs: exit N -->          the last command of the next console block exits with N, not 0
    <!-- docs: until WORDS -->     the next console block's command runs in the background, and is ready when it prints WORDS
    <!-- docs: stop -->            Ctrl-C for the command in the background
    <!-- docs: do NAME -->         what a person does by hand: a function of docs/tools/people.py
    <!-- docs: not run: WHY -->    the next console block needs what a test must not touch

What differs from run to run is written the same way each time, see `NORMAL`. Progress lines are left out: on a terminal
they are bars that vanish.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.tools.shell import Shell

FENCE = re.compile(r"^(```+)(\w*)[^\n]*\n(.*?)^\1[ \t]*$", flags=re.MULTILINE | re.DOTALL)
DIRECTIVE = re.compile(r"^<!-- docs: (.*?) -->[ \t]*$", flags=re.MULTILINE)

NORMAL: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"127\.0\.0\.1:(?!18919)\d+"), "127.0.0.1:8080"),  # 18919 is written on a page
    (re.compile(r"[\w.-]+@localhost\b"), "you@localhost"),
    (re.compile(r"^(password +)\S+", flags=re.MULTILINE), r"\1…"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"), "2031-11-03 09:30 UTC"),
    (re.compile(r"\b(\d{6})-[0-9a-f]{12}\b"), r"\1-3f9c6e0b71d2"),
    (re.compile(r"^(?:[\w -]+: [\d,]+ of [\d,]+)\n", flags=re.MULTILINE), ""),
    (re.compile(r"[ \t]+$", flags=re.MULTILINE), ""),
)
HOME = "/home/you"


@dataclass(frozen=True, slots=True)
class Piece:
    """A directive (`kind` "docs", its words in `text`) or a fenced block (`kind` is its language).

    start, end: where `text` stands in the page.
    """

    kind: str
    text: str
    start: int
    end: int


def pieces(page: str) -> Iterator[Piece]:
    """Directives and fenced blocks of a page, in order."""
    fences = [Piece(m[2], m[3], m.start(3), m.end(3)) for m in FENCE.finditer(page)]
    inside = [(m.start(), m.end()) for m in FENCE.finditer(page)]
    directives = [
        Piece("docs", m[1], m.start(1), m.end(1))
        for m in DIRECTIVE.finditer(page)
        if not any(start <= m.start() < end for start, end in inside)
    ]
    yield from sorted([*fences, *directives], key=lambda piece: piece.start)


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a console block with the output shown below each."""
    found: list[tuple[str, str]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif not found:
            raise ValueError(f"a console block begins with a command, not with '{line}'")
        elif found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line}", "")
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]}{line}\n")
    return found


def normal(output: str, home: Path) -> str:
    """Output as a page shows it: the same from run to run."""
    output = output.replace(str(home.resolve()), HOME).replace(str(home), HOME)
    for pattern, written in NORMAL:
        output = pattern.sub(written, output)
    return output.strip("\n") + "\n" if output.strip() else ""


def run_page(page: str, shell: Shell, by_hand: Callable[[str, Shell], None]) -> str:
    """The page with what its commands print now. Raises AssertionError where a command fails."""
    made, done = [], 0
    waiting: list[str] = []
    for piece in pieces(page):
        if piece.kind == "docs":
            if piece.text == "stop":
                shell.stop()
            elif piece.text.startswith("do "):
                by_hand(piece.text[3:], shell)
            elif piece.text != "in clone":
                waiting.append(piece.text)
            continue
        words = dict(_directive(text) for text in waiting)
        waiting.clear()
        if "write" in words:
            shell.write(words["write"], piece.text)
        elif piece.kind == "console" and "not run" not in words:
            made += [page[done : piece.start], _run_block(piece.text, words, shell)]
            done = piece.end
    return "".join([*made, page[done:]])


def _directive(text: str) -> tuple[str, str]:
    for name in ("write", "instead", "exit", "until", "not run:"):
        if text.startswith(name):
            return name.rstrip(":"), text[len(name) :].strip()
    raise ValueError(f"no such directive: {text}")


def _run_block(block: str, words: dict[str, str], shell: Shell) -> str:
    written = []
    shown = commands(block)
    for number, (command, _) in enumerate(shown):
        last = number == len(shown) - 1
        if "until" in words and last:
            output = shell.start(command.rstrip("& "), words["until"])
        else:
            output = shell.run(words.get("instead", command), int(words.get("exit", "0")) if last else 0)
        written.append(f"$ {command}\n{normal(output, shell.home)}")
    return "".join(written)
