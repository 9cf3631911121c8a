"""What a contract demands, as plain data. `contract_file` reads it from YAML; other processes get it as it is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import polars as pl

from corpus_kit.core.schema.columns import CheckSpec

SCHEMA_TYPE = "polars_dataframe"


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column of a contract. `checks` holds the file's and the fixed ones, each once; `description` is for readers."""

    name: str
    dtype: pl.DataType
    nullable: bool
    unique: bool
    checks: tuple[CheckSpec, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class ContractFile:
    """What one file demands together with what always holds: plain data that can be sent to another process.

    columns: the built-in ones in the table's order, then the user's own in the file's order.
    unique: groups of columns whose values together occur once.
    """

    table: str
    version: int
    columns: tuple[ColumnSpec, ...]
    checks: tuple[CheckSpec, ...]
    unique: tuple[tuple[str, ...], ...]

    @property
    def sha256(self) -> str:
        """Hash of what the contract demands; comments, titles, the order of keys and built-in columns do not count."""
        content = {
            "table": self.table,
            "version": self.version,
            "columns": [
                [c.name, str(c.dtype), c.nullable, c.unique, sorted(map(canonical, c.checks))] for c in self.columns
            ],
            "checks": sorted(map(canonical, self.checks)),
            "unique": sorted(self.unique),
        }
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def canonical(check: CheckSpec) -> str:
    """A check as text: two that demand the same are equal."""
    return json.dumps([check.name, dict(check.arguments)], default=str, ensure_ascii=False, sort_keys=True)
