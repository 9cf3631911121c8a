"""What the sections of `corpus.toml` have in common: strictness, and TOML's values as ours."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(B|kB|KiB|MB|MiB|GB|GiB)?\s*$")
_UNITS = {"B": 1, "kB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def iso_date(value: Any) -> Any:
    if isinstance(value, datetime):
        raise ValueError(f"'{value}' is no date of the form YYYY-MM-DD")
    if isinstance(value, date):  # TOML has dates of its own: date = 2031-10-18
        return value.isoformat()
    if isinstance(value, str) and value:
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError as e:
            raise ValueError(f"'{value}' is no date of the form YYYY-MM-DD") from e
    return value


def size_in_bytes(value: Any) -> Any:
    """A size as bytes where it is written with a unit; anything else is left to the type check."""
    if not isinstance(value, str):
        return value
    match = _SIZE.match(value)
    if not match:
        raise ValueError(f"'{value}' is not a size; write bytes or a unit such as '16 MiB'")
    return int(float(match[1]) * _UNITS[match[2] or "B"])


def whole_number(value: Any) -> Any:
    """A number that comes as a word, as from the command line."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def as_float(value: Any) -> Any:
    """`1` where a number with a fraction is wanted."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def as_tuple(value: Any) -> Any:
    """TOML's lists: settings are frozen."""
    return tuple(value) if isinstance(value, list) else value


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is no share; 0 to 1")
    return value


def _probability(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is no probability; 0 to 1")
    return value


Number = Annotated[float, BeforeValidator(as_float)]
Share = Annotated[Number, AfterValidator(_share)]
Probability = Annotated[Number, AfterValidator(_probability)]
Size = Annotated[int, BeforeValidator(size_in_bytes)]
Count = Annotated[int, BeforeValidator(whole_number), Field(ge=1)]
Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
Day = Annotated[str, BeforeValidator(iso_date)]
