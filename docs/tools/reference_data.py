"""The pages about data: keys of corpus.toml (pydantic), tables and columns (contracts), reason and finding codes."""

from __future__ import annotations

import json
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from corpus_kit.core import errors
from corpus_kit.core.config.corpus_toml import ProjectConfig
from corpus_kit.core.findings import FINDING_GROUPS
from corpus_kit.core.reasons import REASONS
from corpus_kit.core.schema.columns import TABLES, Nulls
from docs.tools.marked import table

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


def settings() -> str:
    """Every key of corpus.toml, one table per section."""
    return "\n\n".join(_section((), ProjectConfig))


def _section(path: tuple[str, ...], model: type[BaseModel]) -> list[str]:
    rows, inner = [], []
    for name, field in model.model_fields.items():
        section, by_name = _model(field.annotation)
        if section is not None:
            inner += _section((*path, name, *(["<name>"] if by_name else [])), section)
        else:
            rows.append((f"`{name}`", _type(field), _default(field), _sentence(field.description or "")))
    title = f"## `[{'.'.join(path)}]`" if path else "## Top level"
    words = (model.__doc__ or "").strip()
    parts = [title, words]
    if rows:
        parts.append(table(("key", "takes", "default", "meaning"), rows))
    return [*parts, *inner]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "…")) else ".")


def _model(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The section an annotation stands for, and whether it comes once per name of the user's own."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    if get_origin(annotation) is dict:
        return _model(get_args(annotation)[1])[0], True
    for one in get_args(annotation) if get_origin(annotation) in (Union, types.UnionType, tuple) else ():
        if (found := _model(one))[0] is not None:
            return found
    return None, False


def _type(field: FieldInfo) -> str:
    return _type_name(field.annotation)


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{json.dumps(value)}`" for value in get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(_type_name(one) for one in get_args(annotation) if one is not type(None))
    if get_origin(annotation) is Annotated:
        return _type_name(get_args(annotation)[0])
    if get_origin(annotation) is tuple:
        return "list of strings"
    if get_origin(annotation) is dict:
        return f"table: name → {_type_name(get_args(annotation)[1])}"
    names = {str: "string", int: "whole number", float: "number", bool: "`true` or `false`"}
    return names.get(annotation, str(annotation))


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or field.is_required():
        return "–"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1 << 20 and value % (1 << 20) == 0:
        unit = ("GiB", 1 << 30) if value % (1 << 30) == 0 else ("MiB", 1 << 20)
        return f'`"{value // unit[1]} {unit[0]}"`'
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)}`"


_NULLS = {
    Nulls.NEVER: "never",
    Nulls.UNKNOWN: "where the input does not say",
    Nulls.MEANING: "means something: see the description",
}


def tables() -> str:
    """Every table and column, from the contracts and the built-in columns."""
    return "\n\n".join(_table(name) for name in TABLES)


def contract_comment(name: str) -> str:
    """The first paragraph of the contract's own comment: what one row is."""
    lines = []
    for line in (SCHEMAS / f"{name}.yaml").read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            break
        lines.append(line[2:])
    return " ".join(lines)


def _table(name: str) -> str:
    contract = yaml.safe_load((SCHEMAS / f"{name}.yaml").read_text(encoding="utf-8"))
    key = ", ".join(f"`{column}`" for column in TABLES[name].key)
    rows = []
    for column, builtin in TABLES[name].columns.items():
        described = contract["columns"][column]["description"]
        allowed = contract["columns"][column].get("checks", {}).get("isin")
        if allowed:
            described += f" One of {', '.join(f'`{value}`' for value in allowed)}."
        rows.append((f"`{column}`", f"{contract['columns'][column]['dtype']}", _NULLS[builtin.nulls], described))
    words = contract_comment(name)
    parts = [f"## {name}", words]
    if key:
        parts.append(f"Key: {key}." + ("" if TABLES[name].unique_key else " Not unique: see the contract."))
    if TABLES[name].extra_columns:
        parts.append("Columns of your own may be added in the contract.")
    parts.append(table(("column", "type", "null", "meaning"), rows))
    parts.append(f"The contract: [`schemas/{name}.yaml`](../../schemas/{name}.yaml).")
    return "\n\n".join(parts)


def reasons() -> str:
    """Every reason code with its sentence and its next step."""
    rows = [(f"`{r.code}`", r.meaning, r.hint) for r in REASONS.values()]
    return table(("code", "what happened", "what to do"), rows)


def findings() -> str:
    """Every finding code with its sentence and its next step, a table for each kind of thing that is checked."""
    parts = []
    for title, group in FINDING_GROUPS.items():
        rows = [(f"`{one.code}`", one.meaning, one.hint) for one in group]
        parts.append(f"## {title}\n\n" + table(("code", "what is wrong", "what to do"), rows))
    return "\n\n".join(parts)


_EXITS = {
    "EXIT_DONE": "Done. Rejected records are counted and named, and no error without `--strict`.",
    "EXIT_FINDINGS": "Findings: `validate` found rows that break a contract, or `--strict` met something it does not allow.",
    "EXIT_USAGE": "A wrong command, option or path, or a `corpus.toml`, contract or layer that cannot be used.",
    "EXIT_ENVIRONMENT": "The machine or a service: a full disk, a permission, a server that does not answer, a bug.",
    "EXIT_INTERRUPTED": "Ctrl-C. Nothing is half-written; the same command goes on where it stopped.",
}


def exit_codes() -> str:
    """Every exit code and the exceptions that lead to it."""
    codes = {name: value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    rows = []
    for name, value in codes.items():
        kinds = [
            f"`{kind.__name__}`"
            for kind in vars(errors).values()
            if isinstance(kind, type) and issubclass(kind, Exception) and kind.__dict__.get("exit_code") == value
        ]
        kinds += [
            f"`{kind.__name__}`"
            for kind in errors.CorpusKitError.__subclasses__()
            if "exit_code" not in kind.__dict__ and kind.exit_code == value
        ]
        rows.append((f"`{value}`", _EXITS[name], ", ".join(dict.fromkeys(kinds))))
    return table(("code", "what happened", "in Python"), rows)


def formats() -> str:
    """Which format of an annotation tool keeps what."""
    from corpus_kit.core.exchange import FEATURES, FORMATS, LOSES
    from corpus_kit.ledger.formats import BY_NAME

    names = {
        "choice": "choice on the document",
        "attribute": "attribute of a span",
        "undirected": "relation without direction",
    }
    head = ["format", "import", *(names.get(feature, feature) for feature in FEATURES)]
    rows = [head, ["---"] * len(head)]
    for name in dict.fromkeys([*LOSES, *FORMATS]):
        read = BY_NAME[name].what if name in BY_NAME else "`corpus-kit import`"
        told = []
        for feature in FEATURES:
            if name not in LOSES:
                told.append("")
            elif feature == "discontinuous":
                told.append("a span a piece")
            else:
                told.append("lost, listed" if feature in LOSES[name] else "kept")
        rows.append([f"`{name}`", read, *told])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
