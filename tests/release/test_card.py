"""The card: human prose is kept byte for byte, facts are generated between markers, front matter is checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit import Corpus
from corpus_kit.core.config.corpus_toml import ProjectConfig
from corpus_kit.core.errors import ConfigError
from corpus_kit.release.card import PARTS, fill_parts, parse_card, size_class

ABOUT = ProjectConfig(licence="cc0-1.0").about


def _card(front: str = "license: cc0-1.0\n", body: str = "# Card\n") -> str:
    return f"---\n{front}---\n{body}"


@given(before=st.text(), after=st.text(), generated=st.text())
def test_outside_the_markers_no_byte_changes(before: str, after: str, generated: str) -> None:
    begin, end = "<!-- corpus-kit:begin summary -->\n", "<!-- corpus-kit:end summary -->"
    if "corpus-kit:" in before + after + generated:
        return
    text = f"{before}{begin}old facts\n{end}{after}"
    assert fill_parts(text, {"summary": generated}) == f"{before}{begin}{generated}{end}{after}"


def test_a_card_whose_lines_end_as_windows_ends_them_is_filled_in_and_keeps_them(tmp_path: Path) -> None:
    Corpus.init(tmp_path)
    raw, card = tmp_path / "data" / "raw", tmp_path / "DATASET_CARD.md"
    (raw / "a.txt").write_text("The ferry to Sennet Bay is late again.\n")
    card.write_bytes(card.read_bytes().replace(b"\n", b"\r\n") + b"Words of mine \t\r\n")
    for number in (1, 2):
        Corpus.open(tmp_path).build()
        content = card.read_bytes()
        assert f"{number} document".encode() in content and content.endswith(b"Words of mine \t\r\n")
        assert content.count(b"\r\n") == content.count(b"\n")
        (raw / "b.txt").write_text("The lamp of the lighthouse is out.\n")


@pytest.mark.parametrize(
    ("documents", "size"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (9_999, "1K<n<10K"),
        (10_000, "10K<n<100K"),
        (99_999, "10K<n<100K"),
        (100_000, "100K<n<1M"),
        (1_000_000, "1M<n<10M"),
        (10_000_000, "10M<n<100M"),
        (100_000_000, "100M<n<1B"),
        (1_000_000_000, "n>1B"),
    ],
)
def test_the_size_on_the_card_is_the_hubs_own_class(documents: int, size: str) -> None:
    assert size_class(documents) == size


def test_building_twice_leaves_the_card_as_it_is(sample: Path) -> None:
    corpus = Corpus.open(sample)
    corpus.build()
    once = (sample / "DATASET_CARD.md").read_bytes()
    assert not corpus.card()
    corpus.build()
    assert (sample / "DATASET_CARD.md").read_bytes() == once
    assert b"20 documents" in once


def test_the_committed_card_is_up_to_date(sample: Path) -> None:
    """The repository's own card shows the figures that a build gives; a build leaves `git status` clean."""
    committed = (sample / "DATASET_CARD.md").read_bytes()
    Corpus.open(sample).build()
    assert (sample / "DATASET_CARD.md").read_bytes() == committed, "run `corpus-kit build` and commit DATASET_CARD.md"


def test_every_generated_part_has_content(sample_release: Path) -> None:
    readme = (sample_release / "README.md").read_text(encoding="utf-8")
    for part in PARTS:
        begin = f"<!-- corpus-kit:begin {part} -->\n"
        assert begin in readme, part
        body = readme.split(begin)[1].split("<!-- corpus-kit:end")[0]
        assert body.strip(), part


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("license: cc-zero\n", "no licence id"),
        ("license: mit\n", "corpus.toml says"),
        ("language:\n- no\n", "no language code"),
        ("language: english\n", "no language code"),
        ("language: 5\n", "no language code"),
        ("language:\n- xx\n", "'xx' is no language code"),
        ("configs: []\n", "is generated"),
        ("license: [unclosed\n", "not YAML"),
        ("- a list\n", "not a list of"),
    ],
)
def test_front_matter_that_the_hub_would_refuse_is_an_error(front: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse_card(_card(front), "DATASET_CARD.md", ABOUT)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<!-- corpus-kit:begin sumary -->\n<!-- corpus-kit:end sumary -->", "Did you mean 'summary'"),
        ("<!-- corpus-kit:begin summary -->\n", "no end marker"),
        ("<!-- corpus-kit:begin fields -->\n<!-- corpus-kit:end fields -->\n" * 2, "begins twice"),
        ("<!-- corpus-kit:begin summary ->\nold\n<!-- corpus-kit:end summary -->", "ends but does not begin"),
        ("<!--corpus-kit:begin summary-->\nold\n<!--corpus-kit:end summary-->", "is no marker"),
    ],
)
def test_markers_that_would_swallow_prose_are_an_error(body: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_card(_card(body=body), "DATASET_CARD.md", ABOUT)
