"""Shell completion: commands, options, layers and files, in a real bash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def completed(words: str, cwd: Path) -> list[str]:
    """What bash offers behind `words`, with the script that `corpus-kit --completion bash` prints."""
    folder = Path(sys.executable).parent
    program = (
        'eval "$(corpus-kit --completion bash)"; complete -p corpus-kit >/dev/null; '
        'IFS=" " read -ra COMP_WORDS <<< "$1"; [ "${1% }" = "$1" ] || COMP_WORDS+=("")\n'
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _corpus_kit_completion corpus-kit; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", program, "bash", words],
        cwd=cwd,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "corpus.toml").write_text('name = "news"\nlayers = ["entities", "stance"]\n', encoding="utf-8")
    (tmp_path / "below").mkdir()
    return tmp_path


def test_commands_options_and_layers_are_completed(corpus: Path) -> None:
    assert completed("corpus-kit ag", corpus) == ["agreement"]
    assert "--dry-run" in completed("corpus-kit push --", corpus)
    assert completed("corpus-kit push --layer ", corpus / "below") == ["entities", "stance"]
    assert completed("corpus-kit push --layer st", corpus) == ["stance"]
    assert completed("corpus-kit adjudicate --policy un", corpus) == ["unanimous"]


def test_where_there_is_no_corpus_or_a_broken_one_nothing_is_offered_and_nothing_fails(tmp_path: Path) -> None:
    assert completed("corpus-kit push --layer ", tmp_path) == []
    (tmp_path / "corpus.toml").write_text("layers = [", encoding="utf-8")
    assert completed("corpus-kit push --layer ", tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "corpus_kit", "--completion", shell], capture_output=True, text=True, check=True
    )
    assert "_CORPUS_KIT_COMPLETE" in done.stdout
