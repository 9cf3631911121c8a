"""An older contract brought up to this toolkit's version: the user's text as it is, new built-in columns added to it."""

from __future__ import annotations

import re
from pathlib import Path

from corpus_kit.core.errors import ConfigError
from corpus_kit.core.schema.columns import CONTRACT_VERSION, TABLES
from corpus_kit.core.schema.file import peek_version, read_contract_file
from corpus_kit.core.schema.yaml import read_strict_yaml

_VERSION = re.compile(r"(?m)^(contract:(?:[^\n#]*|\s*\n(?:[ \t]+[^\n]*\n)*?[ \t]+)\bversion:\s*)\d+")


def upgrade_contract(path: Path, shipped: Path) -> str:
    """Write the contract again in the current version; what it was stays beside it as `<table>.yaml.v<N>`.

    Own columns, checks and comments stay where they are. Columns that came since are copied from the contract in the folder
    `shipped`, and the result is read as any contract before it takes the old one's place. Returns what was done, in words.
    Raises ConfigError, with nothing changed, where the result would not hold.
    """
    table, version = peek_version(path)
    text = path.read_text(encoding="utf-8-sig")
    declared = read_strict_yaml(path).get("columns")
    missing = [name for name in TABLES[table].columns if isinstance(declared, dict) and name not in declared]
    made, count = _VERSION.subn(rf"\g<1>{CONTRACT_VERSION}", text, count=1)
    blocks = _column_blocks((shipped / f"{table}.yaml").read_text(encoding="utf-8"))
    made = _with_columns(made, [blocks[name] for name in missing])
    aside = path.parent / ".upgrade" / path.name  # a contract's file is named after its table
    aside.parent.mkdir(exist_ok=True)
    try:
        aside.write_text(made, encoding="utf-8", newline="\n")
        if not count:
            raise ConfigError("its `version` stands in a place that is not known", "")
        read_contract_file(aside)
        kept = path.with_name(f"{path.name}.v{version}")
        kept.write_text(text, encoding="utf-8", newline="\n")
        aside.replace(path)
    except ConfigError as e:
        raise ConfigError(
            f"{path} cannot be brought from version {version} to {CONTRACT_VERSION} by itself: {e.message}",
            f"Move your own columns and checks into the {table}.yaml that `corpus-kit init` writes; put that in its place.",
        ) from e
    finally:
        aside.unlink(missing_ok=True)
        aside.parent.rmdir()
    added = f", with {', '.join(missing)}" if missing else ""
    return f"{path.name}: version {version} to {CONTRACT_VERSION}{added}; the old one is {kept.name}"


def _column_blocks(text: str) -> dict[str, str]:
    """Column → its lines in a shipped contract, where columns stand two spaces in."""
    columns = re.search(r"(?m)^columns:\n((?:[ \t].*\n|\n)*)", text)
    assert columns is not None
    pieces = re.split(r"(?m)^  (?=\w+:)", columns[1])
    return {piece.partition(":")[0]: f"  {piece.rstrip()}\n" for piece in pieces[1:]}


def _with_columns(text: str, blocks: list[str]) -> str:
    """The text with blocks at the end of its `columns:`."""
    columns = re.search(r"(?m)^columns:[ \t]*(?:#.*)?\n(?:[ \t].*(?:\n|$)|\n|#.*\n)*", text)
    if not blocks or columns is None:
        return text
    end = columns.start() + len(columns[0].rstrip()) + 1
    return text[:end].rstrip("\n") + "\n" + "".join("\n" + block for block in blocks) + text[end - 1 :].lstrip(" ")
