"""What a page of the report prints for a value: acting characters are shown, and only web addresses are linked."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from corpus_kit.core.visible import visible

__all__ = ["cut", "is_web_address", "shown", "visible"]


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
