"""Who published a document: its `outlet`, else the host of its `url`."""

from __future__ import annotations

from urllib.parse import urlsplit


def publisher_of(outlet: str | None, url: str | None) -> str | None:
    """The publisher, None where neither field tells."""
    if outlet and outlet.strip():
        return outlet.strip()
    try:
        return urlsplit(url).hostname or None if url else None
    except ValueError:  # an address like http://[broken is no address
        return None
