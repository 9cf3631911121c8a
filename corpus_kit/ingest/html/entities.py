"""Character references of HTML: what `&amp;`, `&#8217;` and `&copy` stand for, and how much of the source they take.

The rules are those of the HTML standard (13.2.5.72 and after): names without a semicolon by the longest one that fits,
numbers of the C1 block as Windows-1252, numbers that are no characters as U+FFFD.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html.entities import html5

REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]*;?)")
_IN_ATTRIBUTE = re.compile(REFERENCE.pattern + r"=?")
_LONGEST = max(map(len, html5))
_SHORTEST = 2
# Numbers of the C1 block that stand for the character Windows-1252 has there.
_WINDOWS = {
    number: text for number in range(0x80, 0xA0) if (text := bytes([number]).decode("cp1252", "replace")) != "\ufffd"
}
_REPLACEMENT = "\ufffd"


@lru_cache(maxsize=4096)
def resolve(reference: str) -> tuple[str, int]:
    """What a match of `REFERENCE` stands for.

    Returns:
        The characters and how many characters of `reference` they replace; ("", 0) where it is no reference but text.
    """
    if reference[1] == "#":
        return _numeric(reference), len(reference)
    name = reference[1:]
    if name in html5:
        return html5[name], len(reference)
    for length in range(min(len(name), _LONGEST), _SHORTEST - 1, -1):
        if (text := html5.get(name[:length])) is not None:
            return text, length + 1
    return "", 0


def unescape_attribute(value: str) -> str:
    """An attribute's value with its references resolved; `?a=1&copy=2` is an address, not a copyright sign."""
    return _IN_ATTRIBUTE.sub(_attribute_reference, value) if "&" in value else value


def unescape_text(value: str) -> str:
    """Text with its references resolved, where no one asks for their places."""

    def put(match: re.Match[str]) -> str:
        text, taken = resolve(match[0])
        return text + match[0][taken:]

    return REFERENCE.sub(put, value) if "&" in value else value


def _attribute_reference(match: re.Match[str]) -> str:
    found = match[0]
    bare = found.removesuffix("=")
    text, taken = resolve(bare)
    if bare[1] != "#" and not bare[:taken].endswith(";") and taken and (taken < len(bare) or bare != found):
        return found
    return text + bare[taken:] + found[len(bare) :]


def _numeric(reference: str) -> str:
    digits = reference.rstrip(";")
    hexadecimal = digits[2] in "xX"
    # A number of many digits is beyond Unicode whatever they are; Python refuses to convert thousands of them.
    number = (int(digits[3:], 16) if hexadecimal else int(digits[2:])) if len(digits.lstrip("&#xX0")) <= 9 else 0x110000
    if number in _WINDOWS:
        return _WINDOWS[number]
    if number == 0 or number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return _REPLACEMENT
    return chr(number)
