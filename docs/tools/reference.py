"""The reference pages, made from what the code itself reads: click, pydantic, the contracts, the lists of codes.

python -m docs.tools.reference            write docs/reference/*.md between their markers
python -m docs.tools.reference --check    exit 1 when a page is not what the code says
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from docs.tools.marked import replace_part
from docs.tools.reference_api import api
from docs.tools.reference_commands import commands
from docs.tools.reference_data import exit_codes, findings, formats, reasons, settings, tables

FOLDER = Path(__file__).resolve().parents[1] / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "tables": tables,
    "reasons": reasons,
    "findings": findings,
    "formats": formats,
    "exit-codes": exit_codes,
    "python": api,
}


def made(name: str) -> str:
    """A page as it should be: its prose as it is, its generated part again."""
    return replace_part((FOLDER / f"{name}.md").read_text(encoding="utf-8"), name, PAGES[name]())


def stale() -> list[str]:
    """The pages whose generated part is not what the code says now."""
    return [name for name in PAGES if made(name) != (FOLDER / f"{name}.md").read_text(encoding="utf-8")]


def main(args: list[str]) -> int:
    old = stale()
    if "--check" in args:
        print("\n".join(f"docs/reference/{name}.md is out of date: make docs-refresh" for name in old))
        return 1 if old else 0
    for name in old:
        (FOLDER / f"{name}.md").write_text(made(name), encoding="utf-8", newline="\n")
        print(f"docs/reference/{name}.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
