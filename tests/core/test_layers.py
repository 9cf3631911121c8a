"""Layers: configs are read as Label Studio means them, complaints name file and line, nothing is lost on the way."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_kit.core.errors import ConfigError, EnvironmentProblemError
from corpus_kit.core.labelconfig import MAX_DEPTH
from corpus_kit.core.layers import (
    MAX_BYTES,
    TASK_FIELDS,
    Layer,
    compatible_change,
    label_sets,
    load_layer,
    load_layers,
    path_label,
)

REPO = Path(__file__).resolve().parents[2]
SHIPPED = ("boilerplate", "entities", "stance")
TEXT = '<Text name="text" value="$text"/>'
LABELS = '<Labels name="l" toName="text"><Label value="A"/><Label value="B"/></Labels>'

Write = Callable[..., Layer]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a layer's folder and load it."""

    def write_and_load(xml: str | bytes, name: str = "demo", guidelines: bytes | None = None) -> Layer:
        folder = tmp_path / "annotation" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.xml").write_bytes(xml if isinstance(xml, bytes) else xml.encode())
        if guidelines is not None:
            (folder / "guidelines.md").write_bytes(guidelines)
        return load_layer(folder)

    return write_and_load


def view(*inside: str) -> str:
    return "<View>\n" + "\n".join(inside) + "\n</View>"


def codes(layer: Layer) -> list[str]:
    return [finding.code for finding in layer.findings]


# What is read


def test_controls_and_objects_come_in_document_order(write: Write) -> None:
    layer = write(view(LABELS, TEXT, '<Choices name="c" toName="text"><Choice value="x"/></Choices>'))
    assert [c.name for c in layer.controls] == ["l", "c"]
    assert [(o.name, o.tag, o.field) for o in layer.objects] == [("text", "Text", "text")]
    assert layer.text_object.name == "text"
    assert label_sets(layer) == {"l": ("A", "B"), "c": ("x",)}
    assert layer.findings == ()
    assert layer.control("c") is layer.controls[1]
    assert layer.control("gone") is None


@pytest.mark.parametrize(
    ("xml", "kind", "result_type", "value_key", "per_region"),
    [
        (LABELS, "labels", "labels", "labels", True),
        (
            '<HyperTextLabels name="l" toName="text"><Label value="A"/></HyperTextLabels>',
            "labels",
            "hypertextlabels",
            "hypertextlabels",
            True,
        ),
        (
            '<ParagraphLabels name="l" toName="text"><Label value="A"/></ParagraphLabels>',
            "labels",
            "paragraphlabels",
            "paragraphlabels",
            True,
        ),
        (
            '<Choices name="l" toName="text"><Choice value="A"/></Choices>',
            "choices",
            "choices",
            "choices",
            False,
        ),
        (
            '<Choices name="l" toName="text" perRegion="true"><Choice value="A"/></Choices>',
            "choices",
            "choices",
            "choices",
            True,
        ),
        (
            '<Taxonomy name="l" toName="text"><Choice value="A"/></Taxonomy>',
            "taxonomy",
            "taxonomy",
            "taxonomy",
            False,
        ),
        (
            '<Taxonomy name="l" toName="text" labeling="true"><Choice value="A"/></Taxonomy>',
            "taxonomy",
            "taxonomy",
            "taxonomy",
            True,
        ),
        ('<Rating name="l" toName="text"/>', "rating", "rating", "rating", False),
        ('<Number name="l" toName="text"/>', "number", "number", "number", False),
        ('<TextArea name="l" toName="text"/>', "textarea", "textarea", "text", False),
        (
            '<Relations name="l"><Relation value="A"/></Relations>',
            "relations",
            "relation",
            "labels",
            False,
        ),
    ],
)
def test_every_control_with_a_column_is_known(
    write: Write, xml: str, kind: str, result_type: str, value_key: str, per_region: bool
) -> None:
    layer = write(view(LABELS.replace('"l"', '"first"'), xml, TEXT))
    control = layer.control("l")
    assert control is not None
    assert (control.kind, control.result_type, control.value_key) == (kind, result_type, value_key)
    assert control.per_region is per_region
    assert not control.payload_only
    assert layer.findings == ()


def test_attributes_of_a_control_are_kept(write: Write) -> None:
    layer = write(
        view(
            LABELS.replace("<Labels", '<Labels choice="multiple"'),
            TEXT,
            '<Choices name="c" toName="text" required="true" perRegion="true" visibleWhen="region-selected" '
            'whenTagName="l" whenLabelValue="A" whenChoiceValue="z"><Choice value="x"/></Choices>',
        )
    )
    labels, choices = layer.controls
    assert labels.multiple
    assert not labels.required
    assert choices.required
    assert not choices.multiple
    assert (choices.visible_when, choices.when_tag_name) == ("region-selected", "l")
    assert (choices.when_label_value, choices.when_choice_value) == ("A", "z")
    assert labels.when_tag_name is None


def test_alias_is_the_stored_label(write: Write) -> None:
    layer = write(
        view(
            TEXT,
            '<Labels name="l" toName="text"><Label alias="P" value="Person"/><Label alias="" value="B"/></Labels>',
            '<Choices name="c" toName="text"><Choice alias="ok" value="Fine, thanks"/></Choices>',
        )
    )
    assert label_sets(layer) == {"l": ("P", "B"), "c": ("ok",)}


def test_tag_and_attribute_names_are_compared_without_case(write: Write) -> None:
    layer = write(
        '<view><text name="text" value="$text"/><labels name="l" toname="text"><label value="A"/></labels></view>'
    )
    assert label_sets(layer) == {"l": ("A",)}
    assert layer.controls[0].result_type == "labels"


def test_labels_inside_views_belong_to_the_control_around_them(write: Write) -> None:
    layer = write(
        view(TEXT, '<Choices name="c" toName="text"><View><Header value="h"/><Choice value="x"/></View></Choices>')
    )
    assert label_sets(layer) == {"c": ("x",)}


def test_taxonomy_labels_are_full_paths(write: Write) -> None:
    tree = (
        '<Choice value="Online"><Choice value="Free"/><Choice value="Paid"/></Choice>'
        '<Choice value="Print"><Choice value="Free"/></Choice>'
    )
    layer = write(
        view(
            TEXT,
            f'<Taxonomy name="t" toName="text">{tree}</Taxonomy>',
            f'<Taxonomy name="leaves" toName="text" leafsOnly="true" maxUsages="1">{tree}</Taxonomy>',
            f'<Choices name="nested" toName="text" allowNested="true">{tree}</Choices>',
            f'<Choices name="flat" toName="text">{tree}</Choices>',
        )
    )
    leaves = ("Online / Free", "Online / Paid", "Print / Free")
    everything = ("Online", leaves[0], leaves[1], "Print", leaves[2])
    assert label_sets(layer) == {"t": everything, "leaves": leaves, "nested": everything, "flat": ("Online", "Print")}
    assert path_label(("Online", "Free")) == "Online / Free"
    assert [c.multiple for c in layer.controls] == [True, False, False, False]


def test_labels_that_come_with_the_task_are_dynamic(write: Write) -> None:
    layer = write(
        view(
            TEXT,
            '<Choices name="c" toName="text" value="$title"/>',
            '<Taxonomy name="t" toName="text" apiUrl="https://labels.example/tree"/>',
        )
    )
    assert all(c.dynamic for c in layer.controls)
    assert label_sets(layer) == {}


def test_relations_need_neither_name_nor_object(write: Write) -> None:
    layer = write(view(LABELS, TEXT, '<Relations><Relation value="cause"/></Relations>', "<!-- none -->"))
    control = layer.control("relations")
    assert control is not None
    assert control.labels == ("cause",)
    assert control.to_name == ()
    assert layer.findings == ()


def test_choices_named_after_the_layer_have_a_target(write: Write) -> None:
    choice = '<Choices name="{}" toName="text"><Choice value="x"/></Choices>'
    names = ("stance_the_strike", "stance", "stance_", "mood")
    layer = write(view(TEXT, *(choice.format(n) for n in names)), name="stance")
    assert [c.target for c in layer.controls] == ["the_strike", None, None, None]
    assert layer.targets == ("the_strike",)


def test_several_objects_may_be_labelled_together(write: Write) -> None:
    layer = write(
        view(TEXT, '<Text name="other" value="$title"/>', '<Pairwise name="p" toName="text, other"/>', LABELS)
    )
    assert layer.controls[0].to_name == ("text", "other")
    assert layer.text_object.name == "text"


# Odd, but accepted


def test_an_unknown_control_is_payload_only_and_reported(write: Write) -> None:
    layer = write(view(TEXT, LABELS, '<Lables name="x" toName="text"><Label value="A"/></Lables>'))
    control = layer.control("x")
    assert control is not None
    assert control.payload_only
    assert codes(layer) == ["unknown_control"]
    assert layer.findings[0].row == "control=x"
    assert "Did you mean 'labels'?" in layer.findings[0].hint
    assert layer.findings[0].table == "annotation/demo/config.xml"


def test_known_controls_without_a_column_are_payload_only_and_reported(write: Write) -> None:
    layer = write(view(TEXT, '<DateTime name="d" toName="text"/>', '<RectangleLabels name="r" toName="text"/>', LABELS))
    assert [c.payload_only for c in layer.controls] == [True, True, False]
    assert [c.kind for c in layer.controls] == ["datetime", "rectanglelabels", "labels"]
    assert codes(layer) == ["payload_only_control"] * 2


@pytest.mark.parametrize(
    ("xml", "code", "says"),
    [
        ("<Veiw/>", "unknown_tag", "Did you mean 'view'?"),
        ('<Label value="lost"/>', "stray_label", "outside every control"),
        ('<Repeater on="$items"/>', "repeater", "one block per item"),
        ('<Rating name="r" toName="text" whenTagName="k"/>', "condition_names_nothing", "'k'"),
        ('<Header value="$headline"/>', "unknown_task_field", "$headline"),
    ],
)
def test_what_will_not_work_as_meant_is_a_finding_with_its_line(write: Write, xml: str, code: str, says: str) -> None:
    layer = write(view(TEXT, LABELS, xml))
    assert codes(layer) == [code]
    assert layer.findings[0].hint.startswith("Line 4: ")
    assert says in layer.findings[0].hint


def test_furniture_is_no_finding_and_no_control(write: Write) -> None:
    fields = " ".join(f"${f}" for f in TASK_FIELDS)
    layer = write(
        view(
            "<Style>.a { color: red }</Style>",
            f'<Header value="{fields}"/>',
            '<Filter name="f" toName="l"/>',
            LABELS,
            TEXT,
            '<Text value="Read carefully"/>',
            '<Collapse><Panel value="More"><View/></Panel></Collapse>',
        )
    )
    assert layer.findings == ()
    assert [c.name for c in layer.controls] == ["l"]
    assert [o.name for o in layer.objects] == ["text"]


# What cannot be used


@pytest.mark.parametrize(
    ("xml", "line", "says", "next_step"),
    [
        (view(TEXT, "<Labels>"), 4, "malformed XML", "Close every tag"),
        (view(TEXT, '<Header value="a & b"/>'), 3, "malformed XML", "&amp;"),
        ("", 1, "malformed XML", "Close every tag"),
        (view(TEXT, LABELS, '<Rating name="l" toName="text"/>'), 4, "same name as <Labels> on line 3", "Rename"),
        (view(TEXT, '<Rating name="text" toName="text"/>'), 3, "same name as <Text> on line 2", "Rename"),
        (view(TEXT, LABELS.replace("toName", "to")), 3, "has no toName", "one of: text"),
        (view(TEXT, LABELS.replace('"text"', '"texts"')), 3, "labels 'texts'", "Did you mean 'text'?"),
        (view(TEXT, '<Rating name="r" toName="text,b"/>'), 3, "labels 'b'", "one of: text"),
        (view(TEXT, LABELS.replace('name="l" ', "")), 3, "has no name", 'name="…"'),
        (view(TEXT, LABELS.replace('"B"', '"A"')), 3, "repeats 'A', which is on line 3", "Remove one"),
        (view(TEXT, LABELS.replace('value="B"', 'value="B" alias="A"')), 3, "repeats 'A'", "alias"),
        (view(TEXT, '<Labels name="l" toName="text"/>'), 3, "has no labels", "<Label value="),
        (view(TEXT, '<Taxonomy name="l" toName="text"/>'), 3, "has no labels", "<Choice value="),
        (view(TEXT, LABELS.replace('"B"', '""')), 3, "<Label> has no value", 'value="…"'),
        (view('<Text name="text"/>', LABELS), 2, "has no value", 'value="$text"'),
        (
            view(
                TEXT,
                '<Taxonomy name="t" toName="text"><Choice value="a / b"/>',
                '<Choice value="a"><Choice value="b"/></Choice></Taxonomy>',
            ),
            4,
            "repeats 'a / b', which is on line 3",
            "Remove one",
        ),
    ],
)
def test_an_unusable_config_is_refused_with_file_line_and_next_step(
    write: Write, xml: str, line: int, says: str, next_step: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        write(xml)
    assert caught.value.message.startswith(f"annotation/demo/config.xml, line {line}: ")
    assert says in caught.value.message
    assert next_step in caught.value.hint


@pytest.mark.parametrize("text", ["", '<Image name="text" value="$text"/>'])
def test_a_config_that_does_not_show_the_document_is_refused(write: Write, text: str) -> None:
    with pytest.raises(ConfigError, match="no object that shows the document's text") as caught:
        write(view(text, "<Style>x</Style>"))
    assert 'value="$text"' in caught.value.hint


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE View>",
        '<!DOCTYPE View [<!ENTITY a "b">]>',
        '<!DOCTYPE View SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE View [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_document_types_and_entities_are_not_read(write: Write, doctype: str) -> None:
    with pytest.raises(ConfigError, match="which is not read") as caught:
        write(doctype + view(TEXT, LABELS))
    assert "Remove it" in caught.value.hint


def test_a_config_that_is_too_deep_or_too_large_is_refused(write: Write) -> None:
    deep = MAX_DEPTH + 1
    with pytest.raises(ConfigError, match="tags deep"):
        write("<View>" * deep + TEXT + "</View>" * deep)
    with pytest.raises(ConfigError, match="larger than"):
        write(view(TEXT, LABELS) + " " * MAX_BYTES)


def test_files_that_are_not_utf8_are_refused_with_the_line(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"config\.xml, line 2: not UTF-8"):
        write(view('<Header value="é"/>').encode("latin-1"))
    with pytest.raises(ConfigError, match=r"guidelines\.md, line 3: not UTF-8"):
        write(view(TEXT, LABELS), guidelines=b"a\nb\n\xff")
    with pytest.raises(ConfigError, match="declares the encoding 'windows-1251'"):
        write('<?xml version="1.0" encoding="windows-1251"?>' + view(TEXT, LABELS))


def test_a_missing_config_is_refused(tmp_path: Path) -> None:
    (tmp_path / "entities").mkdir()
    with pytest.raises(ConfigError, match=r"entities/config\.xml does not exist") as caught:
        load_layer(tmp_path / "entities")
    assert "corpus.toml" in caught.value.hint


def test_a_config_that_cannot_be_read_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "entities" / "config.xml").mkdir(parents=True)
    with pytest.raises(EnvironmentProblemError, match=r"entities/config\.xml cannot be read"):
        load_layer(tmp_path / "entities")


# Layers of a corpus


def test_layers_are_loaded_in_the_order_asked_for() -> None:
    assert list(load_layers(REPO / "annotation", ["stance", "entities"])) == ["stance", "entities"]


def test_a_misspelt_layer_is_answered_with_the_right_one() -> None:
    with pytest.raises(ConfigError, match=r"no layer .entites. in annotation/\. Did you mean .entities.\?") as caught:
        load_layers(REPO / "annotation", ["entites"])
    assert "annotation/entites/config.xml" in caught.value.hint


@pytest.mark.parametrize("name", ["..", "a/b", "", "/etc", ".git"])
def test_a_layer_name_cannot_leave_the_folder(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the name of a layer"):
        load_layers(REPO / "annotation", [name])


def test_a_corpus_without_an_annotation_folder_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no layer 'entities'"):
        load_layers(tmp_path / "annotation", ["entities"])


# Hashes, text, version


def test_line_ends_and_bom_do_not_make_another_layer_text(write: Write) -> None:
    xml, guidelines = view(TEXT, LABELS), "Version: 2.1\n\nText.\n"
    unix = write(xml, guidelines=guidelines.encode())
    windows = write(xml.replace("\n", "\r\n"), guidelines=guidelines.replace("\n", "\r\n").encode())
    assert windows == unix
    assert unix.config_sha256 == hashlib.sha256(xml.encode()).hexdigest()
    assert unix.guidelines_sha256 == hashlib.sha256(guidelines.encode()).hexdigest()
    with_bom = write(b"\xef\xbb\xbf" + xml.encode())
    assert with_bom.config_xml == unix.config_xml
    assert with_bom.config_sha256 != unix.config_sha256


def test_a_comment_in_the_config_is_another_config(write: Write) -> None:
    before, after = write(view(TEXT, LABELS)), write(view(TEXT, LABELS, "<!-- new -->"))
    assert before.config_sha256 != after.config_sha256
    assert before.controls == after.controls


def test_servers_get_the_config_as_they_will_keep_it(write: Write) -> None:
    layer = write('<?xml version="1.0" encoding="UTF-8"?>\n' + view(TEXT, LABELS) + "\n")
    assert layer.config_xml == view(TEXT, LABELS)


def test_lines_in_errors_are_those_of_the_file(write: Write) -> None:
    with pytest.raises(ConfigError, match="line 4: <Labels> 'l' has no toName"):
        write('<?xml version="1.0"?>\n' + view(TEXT, LABELS.replace("toName", "to")))


@pytest.mark.parametrize(
    ("guidelines", "version"),
    [
        ("Version: 1.0\n", "1.0"),
        ("# Title\n\n**Version:** 2.3-beta \n", "2.3-beta"),
        ("version: 4", "4"),
        ("No version here\n", None),
        ("a\n" * 10 + "Version: 9\n", None),
        ("The Version: 1\n", None),
    ],
)
def test_the_version_is_read_from_the_top_of_the_guidelines(write: Write, guidelines: str, version: str | None) -> None:
    assert write(view(TEXT, LABELS), guidelines=guidelines.encode()).guidelines_version == version


def test_a_layer_without_guidelines_is_a_layer(write: Write) -> None:
    layer = write(view(TEXT, LABELS))
    assert (layer.guidelines, layer.guidelines_sha256, layer.guidelines_version) == (None, None, None)


# Changes of a config


def change(write: Write, old: str, new: str) -> list[tuple[str, str, str]]:
    return [(f.code, f.row, f.column) for f in compatible_change(write(view(TEXT, old)), write(view(TEXT, new)))]


def test_additions_and_rearrangements_are_compatible(write: Write) -> None:
    swapped = '<Labels name="l" toName="text"><Label value="C"/><Label value="B"/><Label value="A"/></Labels>'
    assert change(write, LABELS, swapped + '<Rating name="r" toName="text"/>') == []
    assert change(write, LABELS, LABELS) == []


CHOICES = '<Choices name="c" toName="text" choice="multiple"><Choice value="x"/></Choices>'


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (LABELS, "", [("control_removed", "control=l", "")]),
        (LABELS, LABELS.replace('value="B"', 'value="b"'), [("label_removed", "control=l", "B")]),
        (LABELS, LABELS.replace('value="A"', 'value="A" alias="a"'), [("label_removed", "control=l", "A")]),
        (LABELS, LABELS.replace("Labels", "HyperTextLabels"), [("control_type_changed", "control=l", "")]),
        (CHOICES, CHOICES.replace(' choice="multiple"', ""), [("control_narrowed", "control=c", "")]),
        (
            CHOICES,
            CHOICES.replace("<Choices", '<Choices perRegion="true"'),
            [("control_scope_changed", "control=c", "")],
        ),
        (
            CHOICES + '<Text name="b" value="$title"/>',
            CHOICES.replace('toName="text"', 'toName="b"') + '<Text name="b" value="$title"/>',
            [("control_object_changed", "control=c", "")],
        ),
        (
            CHOICES + '<Text name="b" value="$title"/>',
            CHOICES + '<Text name="b" value="$outlet"/>',
            [("object_changed", "object=b", "")],
        ),
        (CHOICES + '<Text name="b" value="$title"/>', CHOICES, [("object_changed", "object=b", "")]),
        (CHOICES, '<Choices name="c" toName="text" choice="multiple" value="$title"/>', []),
    ],
)
def test_whatever_would_orphan_answers_is_named(
    write: Write, old: str, new: str, found: list[tuple[str, str, str]]
) -> None:
    assert change(write, old, new) == found


# Any label survives

xml_text = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("<>&\"'\t\n\r$/")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(xml_text.filter(bool), min_size=1, max_size=6, unique=True), st.booleans())
def test_labels_of_any_characters_survive(write: Write, labels: list[str], crlf: bool) -> None:
    escaped = "\n".join(f"<Label value={quoteattr(label)}/>" for label in labels)
    xml = view(TEXT, f'<Labels name="l" toName="text">\n{escaped}\n</Labels>')
    layer = write((xml.replace("\n", "\r\n") if crlf else xml).encode())
    assert label_sets(layer) == {"l": tuple(labels)}
    assert layer.findings == ()


# The three layers that are shipped


@pytest.fixture(scope="module")
def shipped() -> dict[str, Layer]:
    return load_layers(REPO / "annotation", SHIPPED)


@pytest.fixture(scope="module")
def pages() -> list[str]:
    """The texts of the sample corpus, decoded without the toolkit."""
    texts = []
    for path in sorted(p for p in (REPO / "data" / "raw").rglob("*") if p.is_file() and p.stem != "metadata"):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            text = raw.decode("cp1251")
        text = text.replace("\r\n", "\n")
        texts += [json.loads(line)["text"] for line in text.splitlines()] if ".jsonl" in path.name else [text]
    return texts


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_configs_pass_label_studios_own_validation(shipped: dict[str, Layer], name: str) -> None:
    from label_studio_sdk.label_interface import LabelInterface

    layer = shipped[name]
    interface = LabelInterface(layer.config_xml)
    interface.validate()
    assert {c.name: tuple(c.labels) for c in interface.controls} == label_sets(layer)
    assert {c.name: tuple(c.to_name) for c in interface.controls} == {c.name: c.to_name for c in layer.controls}
    assert {o.name for o in interface.objects} == {o.name for o in layer.objects}
    assert layer.findings == ()


def test_reading_layers_does_not_load_the_sdk() -> None:
    code = "import sys, corpus_kit.core.layers; sys.exit('label_studio_sdk' in sys.modules or 'lxml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPO, check=False).returncode == 0


def test_shipped_controls_have_the_names_others_rely_on(shipped: dict[str, Layer]) -> None:
    assert [c.name for c in shipped["boilerplate"].controls] == ["boilerplate"]
    assert [c.name for c in shipped["entities"].controls] == ["entities"]
    stance = shipped["stance"]
    assert [c.name for c in stance.controls] == [*(f"stance_{t}" for t in stance.targets), "evidence"]
    evidence = stance.control("evidence")
    assert evidence is not None
    assert evidence.labels == stance.targets  # spans join choices on the target's name
    for control in stance.controls[:-1]:
        assert control.labels == ("favour", "against", "neutral", "not_mentioned", "unclear")
        assert control.required
        assert not control.multiple
    assert {layer.text_object.name for layer in shipped.values()} == {"text"}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_configs_keep_to_the_rules_for_long_pages(shipped: dict[str, Layer], name: str) -> None:
    xml = shipped[name].config_xml
    assert "<Repeater" not in re.sub(r"<!--.*?-->", "", xml, flags=re.DOTALL)
    assert 'saveTextResult="no"' in xml
    assert "position: sticky" in xml
    assert "white-space: pre-wrap" in xml
    assert "alias=" not in xml
    hotkeys = re.findall(r'hotkey="([^"]+)"', xml)
    buttons = re.findall(r"<(?:Label|Choice) ", xml)
    assert len(set(hotkeys)) == len(hotkeys) >= len(buttons)
    assert not {"u", "h", "l"} & set(hotkeys)  # Label Studio's own keys while a region is selected


def seen_by(colour: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """CIELAB (D65) of an sRGB colour as seen through a linear-RGB matrix."""
    srgb = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in srgb]
    seen = [min(1.0, max(0.0, sum(m * c for m, c in zip(row, linear, strict=True)))) for row in matrix]
    white = (0.9505, 1.0, 1.089)
    to_xyz = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(m * c for m, c in zip(row, seen, strict=True)) / w for row, w in zip(to_xyz, white, strict=True)]
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# IEEE TVCG 15(6), 2009: severity 1.0.
EYES = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("name", SHIPPED)
def test_label_colours_are_far_apart_for_all_eyes_and_readable_on_white(
    shipped: dict[str, Layer], name: str, eyes: str
) -> None:
    colours = re.findall(r'background="(#[0-9A-F]{6})"', shipped[name].config_xml)
    assert len(colours) == len(re.findall(r"<Label ", shipped[name].config_xml))
    labs = [seen_by(c, EYES[eyes]) for c in colours]
    for (a, first), (b, second) in combinations(zip(labs, colours, strict=True), 2):
        distance = sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) ** 0.5
        assert distance >= 20, (first, second, distance)
    for lightness, _, _ in (seen_by(c, EYES["normal"]) for c in colours):
        luminance = ((lightness + 16) / 116) ** 3
        assert 1.05 / (luminance + 0.05) >= 2.99  # WCAG contrast 3:1 for large text and graphics, rounded


@pytest.mark.parametrize("name", SHIPPED)
def test_guidelines_define_every_label_with_its_key(shipped: dict[str, Layer], name: str) -> None:
    layer = shipped[name]
    assert layer.guidelines is not None
    assert layer.guidelines_version == "1.0"
    for tag, value, hotkey in re.findall(r'<(Label|Choice) value="(\w+)" hotkey="(.)"', layer.config_xml):
        definition = re.search(rf"^\*\*{value}\*\*(?: \((?:keys? )?([^)]*)\))?:", layer.guidelines, re.MULTILINE)
        assert definition, f"{value} is not defined"
        if tag == "Choice" or name != "stance":
            assert hotkey in (definition[1] or ""), f"{value}: key {hotkey}"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_quoted_example_is_in_the_sample_corpus(shipped: dict[str, Layer], pages: list[str], name: str) -> None:
    quotes = re.findall(r"`([^`\n]+)`", shipped[name].guidelines or "")
    assert len(quotes) >= 20
    assert [quote for quote in quotes if not any(quote in page for page in pages)] == []


@pytest.mark.parametrize("name", SHIPPED)
def test_guidelines_are_one_and_a_half_to_three_pages(shipped: dict[str, Layer], name: str) -> None:
    assert 600 <= len((shipped[name].guidelines or "").split()) <= 1500
