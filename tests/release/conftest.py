"""A release of the sample corpus, made once; tests that change something take a copy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sample_corpus import copy_of_sample

os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def sample_release(built_sample: Path) -> Path:
    """`data/release` of the sample corpus. Read only."""
    return built_sample / "data" / "release"


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
