"""The first hour: what `init` makes, and that the likeliest mistakes are answered with the next step."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import COMMANDS, cli

ROOT = Path(__file__).resolve().parents[2]
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> Path:
    """A corpus fresh from `init`, which is the working directory; no server is known."""
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    assert run(cli, ["init", "harbour-news", "--stance-target", "Halvern pipeline"]) == 0
    told = capsys.readouterr()
    assert "harbour-news/corpus.toml" in told.out
    assert "Next: put texts into harbour-news/data/raw" in told.err
    monkeypatch.chdir(tmp_path / "harbour-news")
    return tmp_path / "harbour-news"


def test_a_new_corpus_keeps_the_ledger_and_the_pseudonyms_out_of_git_and_the_pages_in(corpus: Path) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=corpus, check=True)
    private = ["data/imports/000001-0123456789ab.json", "data/pseudonyms.json", "data/studio/login.json"]
    for name in [*private, "data/raw/page.txt"]:
        (corpus / name).parent.mkdir(parents=True, exist_ok=True)
        (corpus / name).write_text("{}", encoding="utf-8")
    seen = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=corpus, check=True, capture_output=True, text=True
    ).stdout
    assert "data/raw/page.txt" in seen
    assert not [name for name in private if name in seen]


def test_a_second_init_changes_nothing_and_says_what_to_do(corpus: Path, capsys: Printed) -> None:
    (corpus / "corpus.toml").write_text('name = "mine"\n', encoding="utf-8")
    assert run(cli, ["init", "."]) == 2
    assert "run `corpus-kit build`" in capsys.readouterr().err
    assert (corpus / "corpus.toml").read_text(encoding="utf-8") == 'name = "mine"\n'


def page(corpus: Path) -> None:
    (corpus / "data/raw/ferry.txt").write_text("The ferry to Port Sellane is late again.\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "code", "step"),
    [
        (["build"], 2, "Put raw texts there"),
        (["build", "nosuch", "--out", "x"], 2, "Name an existing folder, file or glob"),
        (["validate"], 2, "corpus-kit build"),
        (["push"], 2, "corpus-kit"),
        (["pull"], 2, "corpus-kit studio"),
        (["status"], 2, "corpus-kit build"),
        (["agreement"], 2, "corpus-kit pull"),
        (["adjudicate"], 2, "corpus-kit pull"),
        (["review"], 2, "corpus-kit build"),
        (["export"], 2, "corpus-kit build"),
        (["card"], 2, "corpus-kit build"),
        (["import", "nosuch.json"], 2, "Name a JSON export of Label Studio"),
        (["agreement", "--layer", "stanze"], 2, "Did you mean 'stance'?"),
    ],
)
def test_a_command_that_comes_too_early_says_which_comes_first(
    command: list[str], code: int, step: str, corpus: Path, capsys: Printed
) -> None:
    assert run(cli, command) == code
    told = capsys.readouterr().err
    assert step in told
    assert "  → " in told
    assert "Traceback" not in told


def test_a_typing_error_in_corpus_toml_names_the_key_that_was_meant(corpus: Path, capsys: Printed) -> None:
    text = (corpus / "corpus.toml").read_text(encoding="utf-8")
    (corpus / "corpus.toml").write_text(text.replace("licence =", "license ="), encoding="utf-8")
    page(corpus)
    for command in (["build"], ["status"], ["push"]):
        assert run(cli, command) == 2
        assert "unknown key 'license'. Did you mean 'licence'?" in capsys.readouterr().err
    assert run(cli, ["doctor"]) == 1
    assert "license" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "meant"),
    [
        ('[adjudication.layers.stanze]\npolicy = "unanimous"', "stance"),
        ('[agreement.orders]\nstance_halvern_pipline = ["against", "favour"]', "stance_halvern_pipeline"),
        ('[agreement.orders]\nstance_halvern_pipeline = ["against", "neutral", "favor"]', "favour"),
    ],
)
def test_a_misspelled_layer_control_or_label_in_corpus_toml_is_no_silence(
    lines: str, meant: str, corpus: Path, capsys: Printed
) -> None:
    settings = 'name = "harbour-news"\nlayers = ["boilerplate", "entities", "stance"]\n'
    (corpus / "corpus.toml").write_text(settings + lines + "\n", encoding="utf-8")
    page(corpus)
    assert run(cli, ["build"]) == 2
    assert f"Did you mean '{meant}'?" in capsys.readouterr().err
    assert run(cli, ["doctor"]) == 1
    assert f"Did you mean '{meant}'?" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environ", "code", "step"),
    [
        ({}, 2, "`corpus-kit studio` starts a private Label Studio"),
        ({"LABEL_STUDIO_URL": "http://127.0.0.1:9"}, 2, "Copy a token from Account & Settings"),
        ({"LABEL_STUDIO_URL": "http://127.0.0.1:9", "LABEL_STUDIO_API_KEY": "x" * 40}, 3, "that the server runs"),
    ],
)
def test_a_missing_server_or_key_is_answered_with_what_to_set(
    environ: dict[str, str], code: int, step: str, corpus: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(corpus)
    assert run(cli, ["build", "--json"]) == 0
    json.loads(capsys.readouterr().out)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert run(cli, ["push"]) == code
    assert step in capsys.readouterr().err


def test_without_a_command_the_help_says_where_to_start(capsys: Printed) -> None:
    assert run(cli, []) == 2
    shown = capsys.readouterr()
    assert "corpus-kit init my-corpus" in shown.out + shown.err
    assert all(name in shown.out + shown.err for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_the_help_parse(name: str) -> None:
    """An example with an option that is gone would be worse than none."""
    import shlex

    import click

    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    lines = [line.strip() for line in (command.help or "").splitlines() if line.strip().startswith("corpus-kit ")]
    assert lines
    for line in lines:
        for part in re.split(r"&&|[|>]", re.split(r"\s{3,}", line)[0]):
            words = shlex.split(part)
            if words[:1] == ["corpus-kit"]:
                called = cli.get_command(click.Context(cli), words[1])
                assert called is not None, line
                called.make_context(words[1], words[2:])


def test_make_demo_is_the_build_that_the_readme_shows() -> None:
    """The README shows `make demo` and its test runs `corpus-kit build`: they are the same."""
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\ndemo:")[1].split("\n\n")[0]
    assert recipe.splitlines()[1:] == ["\t@$(BIN)/corpus-kit build"]


def test_an_unfit_python_is_named_before_anything_is_installed(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    old = tmp_path / "python-old"
    old.write_text(
        "#!/bin/sh\nexec python3 -c \"import sys; sys.version_info = (3, 9, 2); sys.version = '3.9.2'; $2\"\n"
    )
    old.chmod(0o755)
    done = subprocess.run(["make", "demo", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "needs Python 3.11, 3.12 or 3.13, this is 3.9.2" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_what_was_refused_is_named_with_one_of_its_files(corpus: Path, capsys: Printed) -> None:
    page(corpus)
    for name in ("b.txt", "a\u202e\x1b[31m.txt"):
        (corpus / "data/raw" / name).write_text(" \n", encoding="utf-8")
    (corpus / "data/raw/picture.txt").write_bytes(b"\x00\x01\x02" * 100)
    assert run(cli, ["build", "--no-report"]) == 0
    told = capsys.readouterr().err
    assert "binary (picture.txt): " in told
    assert "empty_text (a\ufffd\ufffd[31m.txt and 1 more): " in told, "and a name does nothing to the terminal"


def test_the_next_step_after_an_export_is_about_what_was_exported(corpus: Path, capsys: Printed) -> None:
    page(corpus)
    assert run(cli, ["build", "--no-report"]) == 0
    capsys.readouterr()
    assert run(cli, ["export", "--hf"]) == 0
    assert (corpus / re.findall(r"read (\S+README.md)", capsys.readouterr().err)[0]).is_file()
    assert run(cli, ["export", "--arrow", "--jsonl"]) == 0
    told = capsys.readouterr().err
    assert "README" not in told and "Next: " in told
    assert "examples/s" not in told, "no bars of a library in a log"


@pytest.mark.parametrize("command", ["push", "pull", "restore"])
def test_a_misspelled_layer_is_told_before_a_server_is_missed(command: str, corpus: Path, capsys: Printed) -> None:
    page(corpus)
    assert run(cli, ["build", "--no-report"]) == 0
    assert run(cli, [command, "--layer", "stanze"]) == 2
    assert "Did you mean 'stance'?" in capsys.readouterr().err
