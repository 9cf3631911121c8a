"""The reference: generated, current, and complete. Every command, option, key, column, code and exit code is in it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from corpus_kit.cli.main import COMMANDS, cli
from corpus_kit.core import errors
from corpus_kit.core.config.corpus_toml import ProjectConfig
from corpus_kit.core.findings import FINDINGS
from corpus_kit.core.reasons import REASONS
from corpus_kit.core.schema.columns import TABLES
from corpus_kit.corpus import Corpus
from docs.tools import reference
from docs.tools.marked import replace_part


def page(name: str) -> str:
    return (reference.FOLDER / f"{name}.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """One section of a page, from its heading to the next of the same rank."""
    found = re.search(rf"^(#+) {re.escape(title)}$(.*?)(?=^\1 |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert found, f"no heading '{title}'"
    return found[2]


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_generated_part_is_what_the_code_says_now(name: str) -> None:
    assert reference.made(name) == page(name), "make docs-refresh writes it again"


def all_commands() -> list[tuple[str, click.Command]]:
    found = []
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        found.append((name, command))
        found += [(f"{name} {sub}", inner) for sub, inner in getattr(command, "commands", {}).items()]
    return found


@pytest.mark.parametrize(("name", "command"), all_commands())
def test_every_command_and_option_is_in_the_reference(name: str, command: click.Command) -> None:
    told = section(page("commands"), f"`corpus-kit {name}`")
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert all(name in told for name in option.opts), option
        elif isinstance(option, click.Argument):
            assert option.make_metavar(click.Context(command)) in told


def keys_of(model: type[BaseModel], seen: set[type[BaseModel]]) -> list[tuple[str, str]]:
    """Every key below a model with its description, without the help of the generator."""
    found = []
    for name, field in model.model_fields.items():
        found.append((name, field.description or ""))
        for inner in sections(field.annotation):
            if inner not in seen:
                seen.add(inner)
                found += keys_of(inner, seen)
    return found


def sections(annotation: object) -> list[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in getattr(annotation, "__args__", ()) for found in sections(inner)]


def test_every_key_of_corpus_toml_is_in_the_reference_with_its_description() -> None:
    told = page("settings")
    keys = keys_of(ProjectConfig, set())
    assert len(keys) > 30
    for key, description in keys:
        assert description, f"{key} has no description"
        assert f"`{key}`" in told or f"`[{key}" in told or f".{key}" in told, key


@pytest.mark.parametrize("name", TABLES)
def test_every_table_and_column_is_in_the_reference(name: str) -> None:
    told = section(page("tables"), name)
    rows = {row.split("`")[1]: row for row in told.splitlines() if row.startswith("| `")}
    assert list(rows) == list(TABLES[name].columns)
    assert all(row.rsplit("|", 2)[1].strip() for row in rows.values()), "every column is explained"


def test_every_reason_code_is_in_the_reference_with_its_next_step() -> None:
    told = page("reasons")
    for reason in REASONS.values():
        row = next(row for row in told.splitlines() if row.startswith(f"| `{reason.code}` |"))
        assert reason.hint.replace("|", "\\|") in row


def test_every_finding_code_is_in_the_reference_with_its_next_step() -> None:
    rows = [row for row in page("findings").splitlines() if row.startswith("| `")]
    assert len(rows) == len(FINDINGS), "each is there once"
    for finding in FINDINGS.values():
        row = next(row for row in rows if row.startswith(f"| `{finding.code}` |"))
        assert finding.hint.replace("|", "\\|") in row


def test_every_exit_code_and_error_is_in_the_reference() -> None:
    told = page("exit-codes")
    for name, value in vars(errors).items():
        if name.startswith("EXIT_"):
            assert f"| `{value}` |" in told
        elif inspect.isclass(value) and issubclass(value, errors.CorpusKitError):
            assert f"`{name}`" in told


def test_every_method_of_corpus_is_in_the_reference() -> None:
    told = page("python")
    methods = [name for name, _ in inspect.getmembers(Corpus, callable) if not name.startswith("_")]
    assert {"build", "import_", "agreement"} <= set(methods)
    for name in methods:
        assert f"### `Corpus.{name}`" in told


def test_a_generated_part_replaces_nothing_outside_its_markers() -> None:
    before = "head\n<!-- generated:begin x -->\nold\n<!-- generated:end x -->\ntail \n"
    after = replace_part(before, "x", "new")
    assert after == "head\n<!-- generated:begin x -->\n\nnew\n\n<!-- generated:end x -->\ntail \n"
    for broken in ("no markers", before + before):
        with pytest.raises(ValueError, match="one pair of markers"):
            replace_part(broken, "x", "new")


def test_the_folder_of_the_reference_holds_no_page_that_nothing_makes() -> None:
    there = {path.stem for path in Path(reference.FOLDER).glob("*.md")} - {"index"}
    assert there == set(reference.PAGES)
