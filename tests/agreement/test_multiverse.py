"""`multiverse`: what holds in every world. Each world is also made the long way, as a corpus of its own, and counted."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner
from labelled_corpus import FERRY, PSEUDONYM, entities_of_three, label, new_corpus, read, stance, write_settings
from replayed import copied, only

from corpus_kit import Corpus
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import UsageError

SETTINGS = "[suggest]\nboilerplate = false\n[agreement]\nresamples = 0\n"
NARROW = """[multiverse]
policies = ["majority", "unanimous"]
boundaries = ["exact", "union"]
without = ["annotator-01", "annotator-02"]
tolerance = 0.1
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    root = tmp_path_factory.mktemp("multiverse") / "corpus"
    made = new_corpus(root, settings=SETTINGS)
    label(made, "entities", entities_of_three(), root.parent)
    said = {"ada": [stance("draskia_accession", "favour")], "ben": [stance("draskia_accession", "against")]}
    calm = {name: [stance("draskia_accession", "neutral")] for name in ("ada", "ben", "cyd")}
    cross = {**said, "cyd": [stance("draskia_accession", "favour")]}
    label(made, "stance", {"ferry.txt": cross, "eels.txt": calm}, root.parent)
    made.adjudicate()
    return made


def _with(corpus: Corpus, to: Path, settings: str) -> Corpus:
    other = copied(corpus.data.parent, to)
    write_settings(to, settings)
    return Corpus.open(other.data.parent)


def test_labels_of_the_sample_by_hand(corpus: Corpus, tmp_path: Path) -> None:
    """Ola Brandt: two of three, so neither all of them nor, without one of the two, more than half. Port Sellane and Lake
    Vesk: everybody who was there. Ben against Ada and Cyd on the ferry's stance."""
    found = _with(corpus, tmp_path / "c", NARROW).multiverse()
    assert len(found.worlds) == 2 * 2 * 3
    by_layer = {one.layer: (one.base, one.hold, one.other) for one in found.layers}
    assert by_layer["entities"] == (3, 2, 2)  # the Vesk Board, as what Ada or Ben alone says it is
    assert by_layer["stance"] == (2, 1, 0)
    turning = {(one.value, one.turns_on, one.in_base) for one in found.turning if one.layer == "entities"}
    board = {("GPE", ("without",), False), ("ORG", ("without",), False)}
    assert turning == {("PERSON", ("without", "policy"), True), *board}
    (ferry,) = [one for one in found.turning if one.layer == "stance"]
    assert (ferry.source, ferry.value, ferry.turns_on) == ("ferry.txt", "favour", ("without", "policy"))


@pytest.mark.slow
def test_every_world_is_what_a_corpus_of_its_own_would_be(corpus: Corpus, tmp_path: Path) -> None:
    found = _with(corpus, tmp_path / "c", NARROW).multiverse()
    gold: list[set[tuple[str, ...]]] = []
    figures: list[dict[tuple[str, ...], float | None]] = []
    for person in ("", "ada", "ben"):
        name = f"without-{person}"
        address = f"{person}@people.example"
        own = only(corpus, tmp_path / name, lambda a, out=address: a["completed_by"]["email"] != out)  # type: ignore[misc]
        measured: dict[tuple[str, ...], float | None] = {
            (f.layer, f.control or "", f.measure): f.value
            for f in own.agreement().figures
            if f.label is None and not f.pair and not f.target
        }
        for policy, boundary in product(("majority", "unanimous"), ("exact", "union")):
            own.adjudicate(policy, boundary)
            rows = read(own, "gold", "decisions").filter(outcome="gold")
            gold.append(set(rows.select("layer", "control", "doc_id", "item", "value").iter_rows()))
            figures.append(measured)
    assert len(gold) == len(found.worlds)
    everywhere, anywhere = set.intersection(*gold), set.union(*gold)
    assert sum(one.hold for one in found.layers) == len(everywhere)
    assert sum(one.base for one in found.layers) == len(gold[0])
    listed = {(t.layer, t.control, t.doc_id, t.item, t.value): (t.worlds, t.in_base) for t in found.turning}
    counted = {key: (sum(key in world for world in gold), key in gold[0]) for key in anywhere - everywhere}
    assert listed == counted
    for one in found.figures:
        values = [of[one.layer, one.control or "", one.what] for of in figures]
        known = [value for value in values if value is not None]
        assert (one.base, one.least, one.most) == (values[0], min(known), max(known))
        assert one.undefined == len(values) - len(known)
    assert {one.what for one in found.figures} >= {"alpha_nominal", "span_f1_exact"}


def test_shares_are_counted_in_every_world(corpus: Corpus, tmp_path: Path) -> None:
    """Stance gold: the ferry's favour and the eels' neutral; where all must agree the eels' alone, so half or all."""
    found = _with(corpus, tmp_path / "c", NARROW).multiverse("stance")
    (share,) = [one for one in found.shares if one.label == "neutral"]
    assert (share.base, share.least, share.most, share.holds) == (0.5, 0.5, 1.0, False)
    assert share.turns_on == ("without", "policy")
    assert not (tmp_path / "c" / "data" / "multiverse").exists(), "of one layer nothing is kept"


def test_a_day_and_a_version_are_choices_too(corpus: Corpus, tmp_path: Path) -> None:
    """On 1 January only Ada had answered, so all she said was gold."""
    settings = "[multiverse]\npolicies = []\nboundaries = []\nwithout = []\nas_of = [2031-01-01]\n"
    other = _with(corpus, tmp_path / "c", settings)
    found = other.multiverse()
    assert found.worlds == ("as it is", "as of 2031-01-01")
    (entities,) = [one for one in found.layers if one.layer == "entities"]
    assert entities.most == 5, "Ola Brandt, Brandt, Port Sellane, Lake Vesk, Vesk Board"
    assert {one.turns_on for one in found.turning} == {("as_of",)}
    brandt = FERRY.index("Ola Brandt")
    (decided,) = [d for d in other.why("ferry.txt", brandt, brandt + 3).decided if d.outcome == "gold"]
    assert decided.lost_in == ()
    (ferry,) = [d for d in other.why("ferry.txt", layer="stance").decided if d.value]
    assert (ferry.value, ferry.lost_in) == ("favour", ())


def test_the_command_prints_what_turns_and_keeps_it(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(corpus, tmp_path / "c", NARROW)
    monkeypatch.chdir(tmp_path / "c")
    found = CliRunner().invoke(cli, ["multiverse"])
    assert found.exit_code == 0, found.output
    assert "12 worlds" in found.output and "Ola Brandt" not in found.output
    kept = json.loads((tmp_path / "c" / "data" / "multiverse" / "multiverse.json").read_text(encoding="utf-8"))
    printed = CliRunner().invoke(cli, ["multiverse", "--json"])
    assert json.loads(printed.stdout) == kept
    assert (kept["choices"]["without"], kept["tolerance"]) == (["", "annotator-01", "annotator-02"], 0.1)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ('without = ["annotator-07"]', "there is no such annotator"),
        (f"as_of = {[f'20{n:02d}-01-01' for n in range(10, 99)]}", "worlds; 512 are the most"),
        ('guidelines = ["9.9"]', "No layer had guidelines of version '9.9'"),
    ],
)
def test_what_cannot_be_is_said(corpus: Corpus, tmp_path: Path, settings: str, told: str) -> None:
    other = _with(corpus, tmp_path / "c", f"[multiverse]\n{settings}\n")
    with pytest.raises(UsageError, match=told):
        other.multiverse()
    assert PSEUDONYM["ada"] == "annotator-01"
