"""The tokeniser's tables of characters: the same whether they are computed or kept, and kept for these rules only."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from corpus_kit.core.storage import cache as user_cache
from corpus_kit.dedup import alphabet
from corpus_kit.dedup.alphabet import DIGIT, IGNORED, SEPARATOR, UNSPACED, WORD, tables

Fresh = Callable[[], tuple[bytes, bytes]]


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """The tables as a process without any sees them, with an empty cache folder of the user: `tmp_path`."""
    monkeypatch.setattr(user_cache, "_users", lambda: tmp_path)

    def read() -> tuple[bytes, bytes]:
        kinds, values = tables.__wrapped__()
        return kinds.tobytes(), values.tobytes()

    return read


def test_kept_tables_are_the_computed_ones(fresh: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = fresh()
    monkeypatch.setattr(alphabet, "_made", lambda: pytest.fail("computed again"))
    assert fresh() == computed
    assert len(list((tmp_path / "unicode").iterdir())) == 1


@pytest.mark.parametrize("harm", [b"", b"x", b"short and foreign"])
def test_a_harmed_file_is_made_again(fresh: Fresh, tmp_path: Path, harm: bytes) -> None:
    computed = fresh()
    (kept,) = (tmp_path / "unicode").iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1] + b"\xff" if harm == b"x" else harm)
    assert fresh() == computed
    assert kept.read_bytes() == whole


def test_where_nothing_can_be_kept_they_are_computed(fresh: Fresh, tmp_path: Path) -> None:
    computed = fresh()
    for file in (tmp_path / "unicode").iterdir():
        file.unlink()
    (tmp_path / "unicode").rmdir()
    (tmp_path / "unicode").touch()
    assert fresh() == computed


def test_other_rules_and_another_unicode_find_no_tables_of_before(
    fresh: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh()
    monkeypatch.setattr(unicodedata, "unidata_version", "99.0")
    fresh()
    edited = tmp_path / "alphabet.py"
    edited.write_bytes(Path(alphabet.__file__).read_bytes() + b"\n")
    monkeypatch.setattr(alphabet, "__file__", str(edited))
    fresh()
    assert len(list((tmp_path / "unicode").iterdir())) == 3


def test_every_code_point_is_what_the_unicode_database_says() -> None:
    kinds, values = tables()
    assert len(kinds) == len(values) == 0x110000
    for char, kind in {
        "a": WORD,
        "Ж": WORD,
        "7": DIGIT,
        "漢": UNSPACED,
        "ไ": UNSPACED,
        " ": SEPARATOR,
        "́": IGNORED,
    }.items():
        assert kinds[ord(char)] == kind, char
    assert (kinds[0xE0000:0xE01F0] == IGNORED).all() and (kinds[0xFE00:0xFE10] == IGNORED).all()
    assert not kinds[0xE01F0:].any()
    letters = [c for c in range(0x32400, 0x110000) if unicodedata.category(chr(c))[0] in "LMN" and kinds[c] != IGNORED]
    assert letters == [], "no letter stands behind the part that is computed"
    assert not values[(kinds == SEPARATOR) | (kinds == IGNORED)].any()
    assert values[ord("É")] == values[ord("e")] != 0
    assert np.unique(values[[ord(c) for c in "abcdжω漢"]]).size == 7
