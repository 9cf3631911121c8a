"""Which pages are run, and the command that writes their output again.

python -m docs.tools.pages [PAGE…]        run the pages and write what their commands print now
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from docs.tools.console import DIRECTIVE, pieces, run_page
from docs.tools.people import by_hand
from docs.tools.shell import ROOT, Shell


def run_pages() -> list[Path]:
    """Every page with a console block: the README, the tutorial, the guides."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in pages if "_build" not in page.parts and has_console(page)]


def has_console(page: Path) -> bool:
    return any(piece.kind == "console" for piece in pieces(page.read_text(encoding="utf-8")))


def rerun(page: Path, home: Path) -> str:
    """The page's text with the output of today. Raises AssertionError where one of its commands fails."""
    text = page.read_text(encoding="utf-8")
    in_clone = any(m[1] == "in clone" for m in DIRECTIVE.finditer(text))
    shell = Shell.at(home, in_clone=in_clone)
    try:
        return run_page(text, shell, by_hand)
    finally:
        shell.stop()


def main(args: list[str]) -> int:
    for page in [Path(arg).resolve() for arg in args] or run_pages():
        with tempfile.TemporaryDirectory() as folder:
            made = rerun(page, Path(folder) / "you")
        if made != page.read_text(encoding="utf-8"):
            page.write_text(made, encoding="utf-8", newline="\n")
            print(page.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
