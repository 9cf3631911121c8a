"""The command line: instant help, every command with an example, errors that teach, exit codes as promised."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import COMMANDS, GROUPS, cli, python_name

HEAVY = ("polars", "pyarrow", "pandera", "pandas", "numpy", "datasets", "label_studio_sdk", "rich", "pydantic")


def test_help_imports_nothing_heavy() -> None:
    program = "import sys; from corpus_kit.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    program += "print('MODULES', ' '.join(sorted(m for m in sys.modules if '.' not in m)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.rsplit("MODULES", 1)[1].split()
    assert [m for m in HEAVY if m in loaded] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, [name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"corpus-kit {name}" in shown
    assert "Example" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_of_help_is_wider_than_a_terminal(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for line in ([name, "--help"], ["--help"]):
        assert run(cli, line) == 0
        assert [row for row in capsys.readouterr().out.splitlines() if len(row) > 80] == []


def test_every_command_is_listed_once_below_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["--help"]) == 0
    listed = [
        line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:2] == "  " and line[2:3].strip()
    ]
    assert sorted(name for name in listed if name in COMMANDS) == sorted(COMMANDS)
    assert set(COMMANDS) <= {name for names in GROUPS.values() for name in names.split()}


def test_the_list_of_commands_names_every_format_of_export(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["export", "--help"]) == 0
    shown = capsys.readouterr().out
    formats = [f for f in ("--hf", "--arrow", "--jsonl", "--conll", "--spacy", "--tokenizer") if f in shown]
    assert len(formats) == 6 and [f for f in formats if f not in COMMANDS["export"]] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained_and_every_command_speaks_json(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert all(o.help for o in options)
    assert any("--json" in o.opts for o in options)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_python_equal(name: str) -> None:
    from corpus_kit import Corpus

    assert callable(getattr(Corpus, python_name(name)))
    assert getattr(Corpus, python_name(name)).__doc__


def test_a_mistyped_command_is_answered_with_the_likely_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["biuld"]) == 2
    assert "Did you mean 'build'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["build", "--worker", "2"], "Did you mean '--workers'?"),
        (["report", "--compar", "x"], "Did you mean '--compare'?"),
        (["card", "--chek"], "No such option '--chek'.\n"),
    ],
)
def test_a_mistyped_option_is_answered_with_the_likely_one_or_none(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cli, args) == 2
    assert said in capsys.readouterr().err


def test_outside_a_corpus_the_error_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(cli, ["build"]) == 2
    shown = capsys.readouterr().err
    assert "corpus-kit init" in shown
    assert "Traceback" not in shown


def test_a_traceback_is_shown_only_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORPUS_KIT_DEBUG", "1")
    assert run(cli, ["build"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_init_build_validate_export_in_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first hour of a user, with data on stdout and words on stderr."""
    monkeypatch.chdir(tmp_path)
    assert run(cli, ["init", "harbour-news"]) == 0
    assert run(cli, ["init", "harbour-news"]) == 2, "init never overwrites"
    capsys.readouterr()
    monkeypatch.chdir(tmp_path / "harbour-news")
    assert run(cli, ["build"]) == 2, "an empty raw folder"
    assert "Put raw texts there" in capsys.readouterr().err
    Path("data/raw/page.txt").write_text("The ferry to Port Sellane is late again today.\n", encoding="utf-8")
    Path("data/raw/empty.txt").write_text("", encoding="utf-8")
    assert run(cli, ["build", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["documents"] == 1
    assert result["rejected"] == {"empty_text": 1}
    assert result["release"]["rows"] == {"documents": {"train": 1}}
    assert run(cli, ["build", "--strict"]) == 1
    capsys.readouterr()
    assert run(cli, ["validate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    assert run(cli, ["export", "--jsonl"]) == 0
    assert Path("data/release-jsonl/documents/train.jsonl").is_file()
    assert run(cli, ["card"]) == 0
    assert run(cli, ["doctor"]) == 0


def test_the_printed_line_loads_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pages").mkdir()
    Path("pages/a.txt").write_text("One page about the Vesk.\n", encoding="utf-8")
    assert run(cli, ["build", "pages", "--out", "built"]) == 0
    line = capsys.readouterr().out.strip().splitlines()[-1]
    done = subprocess.run(
        [sys.executable, "-c", f"{line}; print(ds['train'].num_rows)"],
        capture_output=True,
        text=True,
        check=False,
        env={"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"},
    )
    assert done.stdout.strip() == "1", done.stderr
