"""Characters that act on a page instead of showing themselves, written so that a reader sees them and they do nothing.

A page may hold control characters and the marks that turn the direction of writing around (UAX #9): printed as they are,
they would hide, or would reorder what stands beside them.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

# Controls but tab and newline; the marks, embeddings, overrides and isolates of UAX #9; the separators; the BOM.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f\ud800-\udfff]"
)


def visible(text: str) -> str:
    """`text` with every acting character as its code in brackets: `[U+202E]`."""
    return _ACTING.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def shown(value: Any) -> Any:
    """What a template prints for a value: text made `visible`; markup and numbers as they are."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def cut(text: str, most: int) -> str:
    """At most `most` characters, with an ellipsis where some are left out."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def is_web_address(url: str | None) -> bool:
    """Whether a page may be linked: http and https, and nothing that a browser would run."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
