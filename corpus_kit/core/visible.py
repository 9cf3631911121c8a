"""Text from outside on its way to people: characters that act are shown, cells of a table do not compute.

Labels, file names, server answers and pages may hold control characters and the marks that turn the direction of writing
around (UAX #9): printed as they are, they would hide, move the cursor, or reorder what is beside them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

# Controls but tab and newline; the marks, embeddings, overrides and isolates of UAX #9; the separators; the BOM.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f\ud800-\udfff]"
)
FORMULA = r"^[=+\-@\t\r]"
"""How a cell begins that a spreadsheet computes instead of showing it."""
_FORMULA = re.compile(FORMULA)


def visible(text: str) -> str:
    """`text` with every acting character as its code in brackets: `[U+202E]`."""
    return text if text.isascii() and text.isprintable() else _ACTING.sub(lambda m: f"[U+{ord(m[0]):04X}]", text)


def harmless_json(text: str) -> str:
    """A JSON document with acting characters as `\\uXXXX`, which means the same."""
    return _ACTING.sub(lambda found: json.dumps(found[0])[1:-1], text)


def shown_cells(row: Iterable[Any]) -> list[Any]:
    """The cells of a CSV row that people open: text that a spreadsheet would compute gets an apostrophe before it."""
    return [_cell(visible(cell)) if isinstance(cell, str) else cell for cell in row]


def _cell(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text
