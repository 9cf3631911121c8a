"""JSON as it is defined, in and out: what is read is refused where it is ambiguous, what is written is canonical.

`RejectedValue` is how all readers say that they cannot take something.
"""

from __future__ import annotations

import json
import json.encoder
import math
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any


class RejectedValue(Exception):
    """A reason code of `core.reasons` and where exactly, without whole texts. Never leaves this room."""

    def __init__(self, reason: str, detail: str, *, raw_sha256: str | None = None) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail, self.raw_sha256 = reason, detail, raw_sha256


class Constants:
    """Takes NaN and Infinity, which Python writes and JSON does not have, as null.

    Attributes:
        seen: How many there were.
        decoder: Reads JSON so.
    """

    def __init__(self) -> None:
        self.seen = 0
        self.decoder = json_decoder(self)

    def __call__(self, word: str) -> None:
        self.seen += 1

    def refuse_in(self, record: Any, name: str) -> Any:
        """The record, unless such a word is all that its text says."""
        if self.seen and isinstance(record, dict) and name in record and record[name] is None:
            raise RejectedValue("malformed_json", f"not valid JSON: field '{name}' is no text")
        return record


def parse_json(source: str, constants: Constants | None = None) -> Any:
    """JSON as it is defined: no repeated keys (Python's own parser would keep the last and lose the rest).

    Args:
        source: The text.
        constants: What takes NaN and Infinity; by default they are refused.

    Raises:
        Refusal: malformed_json.
    """
    try:
        if source.startswith("\ufeff"):
            raise json.JSONDecodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", source, 0)
        return (constants.decoder if constants is not None else _STRICT).decode(source)
    except RecursionError as e:
        raise RejectedValue("malformed_json", "objects or lists are nested too deeply") from e
    except json.JSONDecodeError as e:
        raise RejectedValue("malformed_json", f"not valid JSON: {e.msg} at character {e.pos}") from e
    except ValueError as e:
        # Python's own words about a number of thousands of digits speak of Python's settings.
        what = "a number has too many digits" if "digits" in str(e) else e
        raise RejectedValue("malformed_json", f"not valid JSON: {what}") from e


def json_decoder(constants: Callable[[str], Any] | None = None) -> json.JSONDecoder:
    """The same rules for one value at a time."""
    return json.JSONDecoder(
        object_pairs_hook=_unique_keys, parse_constant=constants or _no_constant, parse_float=_finite_float
    )


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object has the same key twice")
    return made


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


_STRICT = json_decoder()


def canonical_json(value: Any) -> str:
    """Sorted keys, no spaces, characters as they are: the same value gives the same string."""
    return "".join(_ENCODE(value, 0))


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_MADE_IN_C: Any = getattr(json.encoder, "c_make_encoder", None)
# `JSONEncoder.encode` makes one of these for every value: for a record of a table as much work as the encoding itself.
_ENCODE: Callable[[Any, int], Iterable[str]] = (
    _MADE_IN_C(None, _ENCODER.default, json.encoder.encode_basestring, None, ":", ",", True, False, True)
    if _MADE_IN_C is not None
    else lambda value, _: (_ENCODER.encode(value),)
)


def refuse_surrogates(fields: Any) -> None:
    """JSON can spell half of a surrogate pair in any key or value; no column could hold it.

    Raises Refusal(lone_surrogate).
    """
    try:
        canonical_json(fields).encode()
    except UnicodeEncodeError as e:
        raise RejectedValue("lone_surrogate", f"U+{ord(e.object[e.start]):04X} in a field beside the text") from e


def plain(value: Any) -> Any:
    """A Parquet value as JSON can hold it."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value) if not isinstance(value, Decimal) else format(value, "f")
