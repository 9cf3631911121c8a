"""The README, the tutorial and the guides, run as they stand: what a page shows is what its commands print."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import click
import pytest

from corpus_kit.cli.main import COMMANDS, cli
from corpus_kit.core.errors import EnvironmentProblemError
from docs.tools.console import commands, normal, pieces
from docs.tools.pages import rerun, run_pages
from docs.tools.shell import ROOT

PAGES = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts)]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def run_page_parameters() -> list[object]:
    """The tutorial, which starts a server, is among the long tests."""
    return [
        pytest.param(page, id=name_of(page), marks=[pytest.mark.slow, pytest.mark.studio] if needs_server(page) else [])
        for page in run_pages()
    ]


def needs_server(page: Path) -> bool:
    parts = pieces(page.read_text(encoding="utf-8"))
    return any(piece.kind == "docs" and piece.text.startswith("until") for piece in parts)


@pytest.mark.parametrize("page", run_page_parameters())
def test_what_a_page_shows_is_what_its_commands_print(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if needs_server(page):
        from corpus_kit.labelstudio.server.environment import studio_environment

        try:
            studio_environment(print)
        except EnvironmentProblemError as e:
            reason = f"Label Studio's environment can't be installed: {e.message}"
            pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    assert rerun(page, tmp_path / "you") == text, "make docs-refresh writes the output again; look at the difference"


def shown_commands() -> list[tuple[str, str]]:
    """Every `corpus-kit …` of every console and shell block, with its page."""
    found = []
    for page in PAGES:
        for piece in pieces(page.read_text(encoding="utf-8")):
            lines = []
            if piece.kind == "console":
                lines = [command for command, _ in commands(piece.text)]
            elif piece.kind in ("sh", "bash"):
                lines = piece.text.replace("\\\n", " ").splitlines()
            for line in lines:
                parts = [part.strip() for part in re.split(r"&&|\|\||[|;]", re.sub(r"\s#.*", "", line))]
                called = [part for part in parts if part.startswith("corpus-kit ")]
                found += [(name_of(page), re.sub(r"\s*(&|>.*|2>.*)$", "", part)) for part in called]
    return found


@pytest.mark.parametrize(("page", "line"), shown_commands())
def test_every_command_that_a_page_shows_exists_with_its_options(page: str, line: str) -> None:
    """Also where the page is not run: a guide about a cluster or the Hub must not show an option that is gone."""
    name, *args = shlex.split(line)[1:]
    if name.startswith("-"):
        return
    assert name in COMMANDS, f"{page}: {line}"
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    args = ["x" if re.search(r"[<…]", arg) else arg for arg in args if arg != "…"]
    if "--help" not in args:
        command.make_context(name, args, resilient_parsing=False)


def examples() -> list[tuple[str, str]]:
    return [
        (name_of(page), piece.text)
        for page in PAGES
        for piece in pieces(page.read_text(encoding="utf-8"))
        if piece.kind == "pycon" and "corpus = Corpus.open" not in piece.text
    ]


@pytest.mark.parametrize(("page", "example"), examples())
def test_every_python_example_answers_what_the_page_says(page: str, example: str) -> None:
    import doctest

    test = doctest.DocTestParser().get_doctest(example, {}, page, page, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(test).failed == 0


def test_what_differs_from_run_to_run_is_written_the_same_way(tmp_path: Path) -> None:
    home = tmp_path / "you"
    home.mkdir()
    told = f"ledger: 3 of 3\naddress  http://127.0.0.1:40123\ndata  {home}/x/000007-0123456789ab.json \n"
    assert normal(told, home) == "address  http://127.0.0.1:8080\ndata  /home/you/x/000007-3f9c6e0b71d2.json\n"


def test_a_page_whose_output_is_wrong_or_whose_command_fails_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo ferry\nbridge\n```\n", encoding="utf-8")
    assert rerun(page, tmp_path / "one") == "```console\n$ echo ferry\nferry\n```\n"
    page.write_text("```console\n$ corpus-kit build\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"There is no corpus\.toml"):
        rerun(page, tmp_path / "two")
