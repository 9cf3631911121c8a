"""A key of corpus.toml remakes what it is about, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from labelled_corpus import new_corpus

from corpus_kit.corpus import Corpus

MADE = ("documents", "suggestions", "release", "report")


def manifests(root: Path) -> dict[str, bytes]:
    return {name: (root / "data" / name / "manifest.json").read_bytes() for name in MADE}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("keys") / "corpus"
    new_corpus(root).build()
    return root


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[label_studio]", "[label_studio]\noverlap = 2"),
        ("[label_studio]", '[label_studio]\norder = "newest"'),
        ('policy = "majority"', 'policy = "unanimous"'),
        ("resamples = 1000", "resamples = 50"),
    ],
    ids=["overlap", "order", "policy", "resamples"],
)
def test_a_setting_of_people_s_work_remakes_neither_release_nor_report(built: Path, before: str, after: str) -> None:
    toml = built / "corpus.toml"
    old, text = manifests(built), toml.read_text(encoding="utf-8")
    assert before in text
    toml.write_text(text.replace(before, after, 1), encoding="utf-8")
    try:
        made = Corpus.open(built).build()
    finally:
        toml.write_text(text, encoding="utf-8")
    assert made.release is not None and made.release.unchanged
    assert manifests(built) == old


@pytest.mark.parametrize("line", ['pretty_name = "Another title"', 'date = "2031-01-02"'])
def test_what_is_on_the_card_remakes_release_and_report_only(built: Path, line: str) -> None:
    toml = built / "corpus.toml"
    old, text = manifests(built), toml.read_text(encoding="utf-8")
    key = line.split(" ")[0]
    kept = "".join(one for one in text.splitlines(keepends=True) if not one.startswith(f"{key} "))
    toml.write_text(f"{line}\n{kept}", encoding="utf-8")
    try:
        made = Corpus.open(built).build()
    finally:
        toml.write_text(text, encoding="utf-8")
    new = manifests(built)
    assert made.release is not None and not made.release.unchanged
    assert {name for name in MADE if new[name] != old[name]} == {"release", "report"}
