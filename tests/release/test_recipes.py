"""Each recipe trains on the release as it stands, and leaves out what people did not settle."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from corpus_kit import Corpus
from corpus_kit.core.errors import UsageError


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "options", "result"),
    [
        ("ner", ["--epochs", "2"], r"F1 (\d\.\d{3}) \((\d+) names\)"),
        ("stance", [], r"F1 of favour and against: (\d\.\d{3})"),
        ("boilerplate", [], r"F1 of content lines: (\d\.\d{3}) \((\d+) lines\)"),
        ("soft", [], r"cross-entropy, model: (\d\.\d{3}) \((\d+) questions\)"),
    ],
)
def test_a_recipe_trains_on_the_sample(
    sample_release: Path, tmp_path: Path, task: str, options: list[str], result: str
) -> None:
    script = tmp_path / f"{task}.py"
    Corpus.recipe(task, script)
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, str(script), str(sample_release), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = re.search(result, done.stdout)
    assert found, done.stdout
    assert all(float(number) > 0 or task in ("ner", "stance") for number in found.groups())


@pytest.mark.slow
def test_soft_labels_teach_more_than_knowing_nothing(sample_release: Path, tmp_path: Path) -> None:
    script = tmp_path / "soft.py"
    Corpus.recipe("soft", script)
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, str(script), str(sample_release)]
    out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    model, nothing = (float(value) for value in re.findall(r": (\d\.\d{3})", out))
    assert model < nothing


def test_a_recipe_never_overwrites_a_file_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "ner.py").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists"):
        Corpus.recipe("ner", tmp_path / "ner.py")
    with pytest.raises(UsageError, match="Did you mean 'stance'"):
        Corpus.recipe("stanc")
