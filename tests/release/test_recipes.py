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


def _tiny_model(folder: Path, words: list[str]) -> Path:
    """A BERT of two small layers and a vocabulary of words, made on the spot."""
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    folder.mkdir()
    signs = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (folder / "vocab.txt").write_text("\n".join([*signs, *words]), encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False)
    config = BertConfig(
        vocab_size=len(signs) + len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertForTokenClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_the_recipe_for_transformers_trains_and_its_predictions_are_scored(
    sample_release: Path, built_sample: Path, tmp_path: Path
) -> None:
    pytest.importorskip("transformers", reason="the extra corpus-kit[transformers] is not installed")
    import polars as pl

    rows = pl.read_parquet(sample_release / "entities" / "*.parquet")
    words = sorted({word for tokens in rows["tokens"].to_list() for word in tokens if word.isalpha()})
    model = _tiny_model(tmp_path / "tiny", words)
    script, predictions = tmp_path / "ner.py", tmp_path / "predictions.jsonl"
    Corpus.recipe("ner", script, "transformers")
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    options = ["--model", str(model), "--epochs", "5", "--rate", "3e-3", "--predictions", str(predictions)]
    command = [sys.executable, str(script), str(sample_release), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    losses = [float(value) for value in re.findall(r"loss (\d+\.\d+)", done.stdout)]
    assert losses[-1] < 0.9 * losses[0], "it learns"
    found = re.search(r"F1 (\d\.\d{3}) \((\d+) names\)", done.stdout)
    assert found, done.stdout
    (made,) = Corpus.open(built_sample).evaluate(predictions)
    assert made.not_named == 0
    # Tags cannot say nested names, which `evaluate` counts; there are few of them.
    assert made.scores[0].value == pytest.approx(float(found[1]), abs=0.05)


def test_a_task_without_a_script_for_a_framework_says_which_there_are() -> None:
    with pytest.raises(UsageError, match="no recipe 'stance' for transformers") as caught:
        Corpus.recipe("stance", framework="transformers")
    assert caught.value.hint == "There is one for scikit-learn."
    assert "spacy" in Corpus.recipe("ner", framework="spacy")
