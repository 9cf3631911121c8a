"""Reads one contract file strictly, before pandera sees anything of it.

pandera's own YAML reader fails open: a misspelt `nullable`, `columns`, `unique` or check is dropped without a word, a
missing path is read as YAML text, and YAML 1.1 turns `no` into False. Here every key on every level is on a list, and
everything a built-in column demands is held against `core/schema/columns.py`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NoReturn

import polars as pl

from corpus_kit.core.errors import ConfigError, did_you_mean
from corpus_kit.core.schema.checks import ALIASES, COLUMN_CHECKS, FRAME_CHECKS, parse_column_check, parse_frame_check
from corpus_kit.core.schema.columns import CONTRACT_VERSION, TABLES, UTC, BuiltinColumn, BuiltinTable, CheckSpec, Nulls
from corpus_kit.core.schema.spec import SCHEMA_TYPE, ColumnSpec, ContractFile, canonical
from corpus_kit.core.schema.yaml import LOOK, LinedDict, read_strict_yaml

DATETIME_NAME = "Datetime(time_unit='us', time_zone='UTC')"
DTYPES: dict[str, pl.DataType] = {
    "string": pl.String(),
    "str": pl.String(),
    "int64": pl.Int64(),
    "float64": pl.Float64(),
    "bool": pl.Boolean(),
    "date": pl.Date(),
    DATETIME_NAME: UTC,
}
_EXTRA_DTYPES = ("string", "int64", "float64", "bool", "date")

_TOP_KEYS = ("contract", "schema_type", "title", "description", "columns", "checks", "unique")
_CONTRACT_KEYS = ("table", "version")
_COLUMN_KEYS = ("title", "description", "dtype", "nullable", "unique", "checks")
_COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def read_contract_file(path: Path) -> ContractFile:
    """Read and judge one contract. Raises ConfigError that names file, line, key and the next step."""
    top = read_strict_yaml(path)
    reader = _ContractReader(path)
    reader.keys(top, _TOP_KEYS, ("contract", "schema_type", "columns"), "the contract")
    builtin, version = reader.header(top)
    reader.version(builtin.name, version)
    columns = reader.columns(top, builtin)
    dtypes = {column.name: column.dtype for column in columns}
    checks = reader.checks(top, "", lambda name, raw: parse_frame_check(dtypes, name, raw))
    unique = (builtin.unique_together, reader.unique(top, dtypes))
    return ContractFile(
        builtin.name,
        version,
        columns,
        _merged(builtin.frame_checks, checks),
        tuple(dict.fromkeys(group for group in unique if group)),
    )


def peek_version(path: Path) -> tuple[str, int]:
    """Table and version of a contract of any version. Raises ConfigError when the file does not tell them."""
    builtin, version = _ContractReader(path).header(read_strict_yaml(path))
    return builtin.name, version


def _merged(fixed: tuple[CheckSpec, ...], declared: tuple[CheckSpec, ...]) -> tuple[CheckSpec, ...]:
    known = {canonical(check) for check in fixed}
    return fixed + tuple(check for check in declared if canonical(check) not in known)


class _ContractReader:
    """The judgements about one file; every failure goes through `fail`, which names the place."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, mapping: dict[str, Any], key: str, sentence: str, hint: str = LOOK) -> NoReturn:
        line = mapping.lines.get(key, mapping.line) if isinstance(mapping, LinedDict) else 1
        raise ConfigError(f"{self.path}, line {line}: {sentence}.", hint)

    def mapping(self, parent: dict[str, Any], key: str, what: str) -> dict[str, Any]:
        value = parent[key]
        if not isinstance(value, dict) or not value:
            self.fail(parent, key, f"{what} must be a mapping that is not empty")
        return value

    def keys(self, mapping: dict[str, Any], accepted: tuple[str, ...], required: tuple[str, ...], what: str) -> None:
        for key in mapping:
            if key in accepted:
                continue
            if "checks" in accepted and (key in COLUMN_CHECKS or key in ALIASES or key in FRAME_CHECKS):
                self.fail(mapping, key, f"the check '{key}' of {what} must stand below `checks:`, else it does nothing")
            near = did_you_mean(key, list(accepted))
            self.fail(mapping, key, f"unknown key '{key}' in {what}.{near} Accepted: {', '.join(accepted)}")
        for key in required:
            if key not in mapping:
                self.fail(mapping, "", f"{what} lacks the key '{key}'")

    def header(self, top: dict[str, Any]) -> tuple[BuiltinTable, int]:
        if "contract" not in top:
            self.fail(top, "", f"the file has no `contract: {{table: …, version: {CONTRACT_VERSION}}}`")
        header = self.mapping(top, "contract", "`contract`")
        self.keys(header, _CONTRACT_KEYS, _CONTRACT_KEYS, "`contract`")
        table, version = header["table"], header["version"]
        if table not in TABLES:
            near = did_you_mean(str(table), list(TABLES))
            self.fail(header, "table", f"there is no table '{table}'.{near} Tables: {', '.join(TABLES)}")
        if self.path.stem != table:
            self.fail(header, "table", f"the file is named after '{self.path.stem}' but is the contract of '{table}'")
        if not isinstance(version, int) or isinstance(version, bool):
            self.fail(header, "version", f"`version` must be a whole number, not {version!r}")
        if top.get("schema_type", SCHEMA_TYPE) != SCHEMA_TYPE:
            self.fail(top, "schema_type", f"`schema_type` must be {SCHEMA_TYPE}")
        return TABLES[table], version

    def version(self, table: str, version: int) -> None:
        if version > CONTRACT_VERSION:
            raise ConfigError(
                f"{self.path}: this contract of '{table}' has version {version}, "
                f"but this corpus-kit knows contracts up to version {CONTRACT_VERSION}.",
                "Upgrade the toolkit: `pip install --upgrade corpus-kit`.",
            )
        if version < CONTRACT_VERSION:
            raise ConfigError(
                f"{self.path}: this contract of '{table}' has version {version}, older than {CONTRACT_VERSION}.",
                "Run `corpus-kit doctor --upgrade`; it keeps your own columns and checks, and the old file.",
            )

    def columns(self, top: dict[str, Any], builtin: BuiltinTable) -> tuple[ColumnSpec, ...]:
        declared = self.mapping(top, "columns", "`columns`")
        for name in builtin.columns:
            if name not in declared:
                near = next((k for k in declared if k not in builtin.columns and did_you_mean(k, [name])), "")
                self.fail(
                    top,
                    "columns",
                    f"the built-in column '{name}' of '{builtin.name}' is missing{f'; is {near!r} meant' * bool(near)}",
                    "Put it back: a contract may add columns and checks, not remove built-in columns.",
                )
        extra = [name for name in declared if name not in builtin.columns]
        if extra and not builtin.extra_columns:
            self.fail(
                declared,
                extra[0],
                f"'{builtin.name}' has no column '{extra[0]}'.{did_you_mean(extra[0], list(builtin.columns))}",
                "Columns of your own go into documents.yaml, where they are filled from the input.",
            )
        for name in extra:
            if not _COLUMN_NAME.fullmatch(name):
                self.fail(declared, name, f"'{name}' is no column name: use a-z, 0-9 and _, from a letter on")
        return tuple(self.column(declared, name, builtin.columns.get(name)) for name in [*builtin.columns, *extra])

    def column(self, declared: dict[str, Any], name: str, builtin: BuiltinColumn | None) -> ColumnSpec:
        body = self.mapping(declared, name, f"the column '{name}'")
        self.keys(body, _COLUMN_KEYS, ("dtype", "nullable"), f"the column '{name}'")
        dtype = self.dtype(body, name, builtin)
        nullable, unique = self.flag(body, "nullable", False), self.flag(body, "unique", False)
        checks = self.checks(body, name, lambda check, raw: parse_column_check(name, dtype, check, raw))
        description = str(body.get("description") or body.get("title") or "").strip()
        if builtin is None:
            return ColumnSpec(name, dtype, nullable, unique, checks, description)
        if nullable and builtin.nulls is Nulls.NEVER:
            self.fail(body, "nullable", f"the built-in column '{name}' is never null", "Set `nullable: false`.")
        if not nullable and builtin.nulls is Nulls.MEANING:
            hint = "Set `nullable: true`; every row without it would be rejected."
            self.fail(body, "nullable", f"a null in '{name}' has a meaning and cannot be forbidden", hint)
        if builtin.unique and body.get("unique") is False:
            self.fail(body, "unique", f"'{name}' is the table's key and always unique", "Set `unique: true`.")
        fixed = tuple(CheckSpec(name, check, ((argument, value),)) for check, argument, value in builtin.checks)
        self.no_wider_list(body, fixed, checks)
        return ColumnSpec(name, dtype, nullable, unique or builtin.unique, _merged(fixed, checks), description)

    def no_wider_list(
        self, body: dict[str, Any], fixed: tuple[CheckSpec, ...], declared: tuple[CheckSpec, ...]
    ) -> None:
        for always in (check for check in fixed if check.name == "isin"):
            allowed = always.arguments[0][1]
            for check in (check for check in declared if check.name == "isin"):
                foreign = [value for value in check.arguments[0][1] if value not in allowed]
                if foreign:
                    near = did_you_mean(foreign[0], list(allowed))
                    sentence = f"'{foreign[0]}' is no value of '{check.column}'.{near} Values: {', '.join(allowed)}"
                    self.fail(body["checks"], "isin", sentence, "A contract may shorten this list, not lengthen it.")

    def dtype(self, body: dict[str, Any], name: str, builtin: BuiltinColumn | None) -> pl.DataType:
        word = body["dtype"]
        if not isinstance(word, str) or word not in DTYPES:
            near = did_you_mean(str(word), list(_EXTRA_DTYPES))
            self.fail(body, "dtype", f"unknown dtype '{word}' of '{name}'.{near} Known: {', '.join(_EXTRA_DTYPES)}")
        dtype = DTYPES[word]
        if builtin is not None and dtype != builtin.dtype:
            must = next(known for known, value in DTYPES.items() if value == builtin.dtype)
            self.fail(body, "dtype", f"the built-in column '{name}' is {must}, not {word}", f"Set `dtype: {must}`.")
        if builtin is None and word == DATETIME_NAME:
            self.fail(body, "dtype", f"a column of your own is one of {', '.join(_EXTRA_DTYPES)}, not {word}")
        return dtype

    def flag(self, body: dict[str, Any], key: str, default: bool) -> bool:
        value = body.get(key, default)
        if not isinstance(value, bool):
            self.fail(body, key, f"`{key}` must be true or false, not {value!r}")
        return value

    def checks(self, body: dict[str, Any], column: str, parse: Any) -> tuple[CheckSpec, ...]:
        if "checks" not in body:
            return ()
        place = f"`checks` of '{column}'" if column else "`checks`"
        found = []
        for name, arguments, entry in self.check_entries(body, column, place):
            try:
                found.append(parse(name, arguments))
            except ValueError as e:
                self.fail(entry, name, f"{place}: {e}")
        names = [canonical(check) for check in found]
        if len(set(names)) != len(names) or (column and len({check.name for check in found}) != len(found)):
            self.fail(body, "checks", f"{place} name one check twice")
        return tuple(found)

    def check_entries(self, body: dict[str, Any], column: str, place: str) -> list[tuple[str, Any, dict[str, Any]]]:
        """Name, arguments and place of each check: from `name: arguments`, or for the table's own checks also from
        pandera's list form, since one check can hold for several groups of columns."""
        raw = body["checks"]
        if column or not isinstance(raw, list):
            written = self.mapping(body, "checks", place)
            return [(name, arguments, written) for name, arguments in written.items()]
        entries: list[tuple[str, Any, dict[str, Any]]] = []
        for entry in raw:
            options = entry.get("options") if isinstance(entry, dict) else None
            if not isinstance(options, dict) or list(options) != ["check_name"]:
                self.fail(body, "checks", "every entry of `checks` must be `{options: {check_name: …}, argument: …}`")
            arguments = LinedDict({key: value for key, value in entry.items() if key != "options"})
            entries.append((str(options["check_name"]), arguments, entry))
        return entries

    def unique(self, top: dict[str, Any], dtypes: dict[str, pl.DataType]) -> tuple[str, ...]:
        group = top.get("unique", [])
        if not isinstance(group, list) or ("unique" in top and len(group) < 2):
            self.fail(top, "unique", "`unique` must be a list of two or more columns; for one, set it on the column")
        for name in group:
            if name not in dtypes:
                near = did_you_mean(str(name), list(dtypes))
                self.fail(top, "unique", f"`unique` names a column '{name}' that the contract lacks.{near}")
        return tuple(group)
