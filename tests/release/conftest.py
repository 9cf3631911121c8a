"""A release of the sample corpus, made once; tests that change something take a copy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")

REPOSITORY = Path(__file__).resolve().parents[2]


def copy_of_sample(target: Path) -> Path:
    """The repository's corpus without what was made in it."""
    target.mkdir()
    for name in ("corpus.toml", "DATASET_CARD.md"):
        shutil.copyfile(REPOSITORY / name, target / name)
    for name in ("schemas", "annotation", "data/raw", "data/imports"):
        shutil.copytree(REPOSITORY / name, target / name)
    return target


@pytest.fixture(scope="session")
def sample_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data/release` of the sample corpus. Read only."""
    from corpus_kit import Corpus

    corpus = Corpus.open(copy_of_sample(tmp_path_factory.mktemp("sample") / "corpus"))
    corpus.build()
    return corpus.data / "release"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A corpus folder of one's own with the sample's raw files."""
    return copy_of_sample(tmp_path / "corpus")


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder for `datasets` that stays the same within a test, as a user's does."""
    import datasets

    cache = tmp_path / "datasets-cache"
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(cache))
    return cache
