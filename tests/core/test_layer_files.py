"""`init --layers`, `layer add`, `target add`: what people will read is about their own corpus, and can be used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.config.corpus_toml import load_config
from corpus_kit.core.config.layer_files import add_targets, name_layer, target_name, template_text
from corpus_kit.core.config.template import shipped
from corpus_kit.core.errors import ConfigError, UsageError
from corpus_kit.core.layers import load_layer
from corpus_kit.corpus import Corpus

ANSWERS = ["favour", "against", "neutral", "not_mentioned", "unclear"]
INVENTED = ("Halvern", "Draskia", "Velmora", "Kestograd", "sample page", "Tessendry")


def questions(folder: Path) -> dict[str, list[str]]:
    """Name of each <Choices> → its answers, read by another parser than the toolkit's."""
    tree = ElementTree.parse(folder / "config.xml")
    return {c.attrib["name"]: [o.attrib["value"] for o in c.iter("Choice")] for c in tree.iter("Choices")}


def hotkeys(folder: Path) -> list[str]:
    return re.findall(r'hotkey="([^"]+)"', (folder / "config.xml").read_text("utf-8"))


def test_init_asks_about_the_targets_that_are_named(tmp_path: Path) -> None:
    root = tmp_path / "news"
    assert run(cli, ["init", str(root), "--layers", "entities", "--stance-target", "Nuclear power"]) == 0
    assert load_config(root / "corpus.toml").layers == ("entities", "stance")
    assert sorted(p.name for p in (root / "annotation").iterdir()) == ["entities", "stance"]
    assert questions(root / "annotation" / "stance") == {"stance_nuclear_power": ANSWERS}
    evidence = load_layer(root / "annotation" / "stance").control("evidence")
    assert evidence is not None and set(evidence.labels) == {"nuclear_power"}


@pytest.mark.parametrize("targets", [[], ["Tram line", "Harbour tax"]])
def test_nothing_of_the_sample_corpus_reaches_people(tmp_path: Path, targets: list[str]) -> None:
    Corpus.init(tmp_path / "c", stance_targets=targets)
    layers = Corpus.open(tmp_path / "c").layers()
    assert set(layers) == {"boilerplate", "entities", *(["stance"] if targets else [])}
    for layer in layers.values():
        read = layer.config_xml + (layer.guidelines or "")
        assert [word for word in INVENTED if word in read] == []
        assert "`" not in (layer.guidelines or ""), "nothing is quoted"
        assert template_text(layer, "c") == ""
        assert all(f"**{label}**" in (layer.guidelines or "") for label in layer.controls[0].labels)


def test_stance_without_a_target_and_an_unknown_layer_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for layers, said in ((["stance"], "about something"), (["entites"], "Did you mean 'entities'")):
        with pytest.raises(UsageError, match=said):
            Corpus.init(tmp_path / "c", layers)
    assert not (tmp_path / "c" / "corpus.toml").exists()


def test_targets_are_added_one_after_the_other_with_keys_of_their_own(tmp_path: Path) -> None:
    Corpus.init(tmp_path / "c", stance_targets=["Tram line"])
    corpus, folder = Corpus.open(tmp_path / "c"), tmp_path / "c" / "annotation" / "stance"
    assert corpus.target("Харкова «порт»", 'Tax & "rent"') == ["харкова_порт", "tax_rent"]
    assert corpus.target("tax rent", "A fourth one") == ["a_fourth_one"], "one that is there is not asked about twice"
    assert corpus.target("Tram line") == []
    names = ["stance_tram_line", "stance_харкова_порт", "stance_tax_rent", "stance_a_fourth_one"]
    assert questions(folder) == dict.fromkeys(names, ANSWERS)
    assert len(hotkeys(folder)) == len(set(hotkeys(folder))) == 3 * 5 + 4
    guidelines = (folder / "guidelines.md").read_text("utf-8")
    places = [guidelines.index(f"**{name.removeprefix('stance_')}**") for name in names]
    assert places == sorted(places) and places[-1] < guidelines.index("## The answers")


def test_a_target_comes_to_a_config_of_ones_own_too(tmp_path: Path) -> None:
    folder = tmp_path / "annotation" / "stance"
    folder.mkdir(parents=True)
    config = '<View><Choices name="stance_ferry" toName="text"><Choice value="yes"/><Choice value="no"/></Choices>'
    (folder / "config.xml").write_text(f'{config}<Text name="text" value="$text"/></View>', encoding="utf-8")
    assert add_targets(folder, ["Tram line"]) == ["tram_line"]
    assert questions(folder) == {"stance_ferry": ["yes", "no"], "stance_tram_line": ["yes", "no"]}
    (folder / "config.xml").write_text('<View><Text name="text" value="$text"/></View>', encoding="utf-8")
    with pytest.raises(ConfigError):
        add_targets(folder, ["Another"])


def test_a_sketch_of_ones_own_says_what_has_to_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "c"
    Corpus.init(root)
    arguments = ["layer", "add", "quotes", "--label", "SPEAKER", "--label", "QUOTE", "--choice", "yes & no", "--json"]
    assert run(cli, [*arguments, "--corpus", str(root)]) == 0
    made = json.loads(capsys.readouterr().out)["made"]
    assert made == ["annotation/quotes/config.xml", "annotation/quotes/guidelines.md", "corpus.toml"]
    layer = Corpus.open(root).layers()["quotes"]
    assert [sorted(c.labels) for c in layer.controls] == [["QUOTE", "SPEAKER"], ["yes & no"]]
    assert template_text(layer, "c").startswith("line 7 of annotation/quotes/guidelines.md")
    for wrong in (["quotes2"], ["quotes2", "--stance-target", "x"]):
        assert run(cli, ["layer", "add", *wrong, "--corpus", str(root)]) == 2


def test_a_layer_is_named_in_any_shape_of_corpus_toml(tmp_path: Path) -> None:
    toml = tmp_path / "corpus.toml"
    for text in (
        'name = "abc"\nlayers = ["entities"] # mine\n[agreement]\nresamples = 7\n',
        'name = "abc"\nlayers = [\n  "entities",\n]\n',
        'name = "abc"\n[agreement]\nresamples = 7\n',
        'name = "abc"\n',
    ):
        toml.write_text(text, encoding="utf-8")
        before = load_config(toml)
        assert name_layer(toml, "quotes")
        after = load_config(toml)
        assert after.layers == (*before.layers, "quotes")
        assert after.model_copy(update={"layers": before.layers}) == before
        assert not name_layer(toml, "quotes")


def test_the_names_of_targets() -> None:
    assert [target_name(t) for t in ("Teachers’ strike", " A-b ", "核能")] == ["teachers_strike", "a_b", "核能"]
    with pytest.raises(UsageError):
        target_name("…")


def test_the_samples_guidelines_are_for_the_sample_only() -> None:
    layer = load_layer(shipped("annotation") / "entities")
    assert template_text(layer, "mirrow-strait-news") == ""
    assert "quotes pages of the sample corpus" in template_text(layer, "harbour-news")
