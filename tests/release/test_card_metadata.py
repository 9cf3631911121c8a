"""What the Hub and Croissant say of a release: complete, valid, and equal to the figures of the corpus."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from labelled_corpus import new_corpus

from corpus_kit import Corpus
from corpus_kit.release.responsible import prose_of


def front_of(release: Path) -> dict[str, Any]:
    text = (release / "README.md").read_text(encoding="utf-8")
    made: dict[str, Any] = yaml.safe_load(text.split("---\n", 2)[1])
    return made


def test_the_hub_gets_every_line_of_metadata(sample_release: Path) -> None:
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(sample_release / "README.md").data.to_dict()
    assert card["annotations_creators"] == ["expert-generated"]
    assert card["language_creators"] == ["found"]
    assert card["multilinguality"] == ["multilingual"]
    assert card["source_datasets"] == ["original"]
    assert set(card["task_ids"]) == {
        "named-entity-recognition",
        "multi-input-text-classification",
        "multi-class-classification",
    }
    assert card["task_categories"] == ["token-classification", "text-classification"]
    assert not any(key.startswith("extra_gated") for key in card)


def test_a_corpus_without_labels_says_so_and_its_own_lines_win(tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus", {"a.txt": "The ferry of Velmora sails again every day.\n" * 9})
    release = corpus.data / "release"
    assert front_of(release)["annotations_creators"] == ["no-annotation"]
    assert front_of(release)["multilinguality"] == ["monolingual"]
    card = tmp_path / "corpus" / "DATASET_CARD.md"
    text = card.read_text(encoding="utf-8")
    own = "tags: []\nlanguage_creators: [crowdsourced]\ntask_ids: [language-modeling]\n"
    card.write_text(text.replace("tags: []\n", own), encoding="utf-8")
    corpus.build()
    assert front_of(release)["language_creators"] == ["crowdsourced"]
    assert front_of(release)["task_ids"] == ["language-modeling"]


def test_a_gated_corpus_asks_its_readers(tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus", {"a.txt": "The ferry sails.\n"}, "[release]\ngated = true\n")
    front = front_of(corpus.data / "release")
    assert front["extra_gated_fields"]["Purpose"] == "text"
    assert {"extra_gated_heading", "extra_gated_prompt", "extra_gated_button_content"} <= set(front)


def test_croissant_names_people_agreement_and_what_the_card_says(sample_release: Path, built_sample: Path) -> None:
    import mlcroissant

    text = (sample_release / "croissant.json").read_text(encoding="utf-8")
    described = mlcroissant.Dataset(jsonld=json.loads(text))
    metadata = described.metadata
    assert not metadata.ctx.issues.errors
    assert not metadata.ctx.issues.warnings
    assert metadata.conforms_to == ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
    work = json.loads((built_sample / "data" / "gold" / "agreement.json").read_text(encoding="utf-8"))
    told = " ".join(metadata.data_annotation_analysis)
    alphas = [f for f in work["figures"] if f["measure"] == "alpha_nominal" and not f["pair"] and f["label"] is None]
    shown = [f for f in alphas if f["target"]]
    assert shown
    for figure in shown:
        assert f"{figure['target']}: Krippendorff's alpha {figure['value']:.3f} (95 % {figure['low']:.3f}" in told
    layers = {one["layer"]: one for one in work["work"]}
    for name, one in layers.items():
        assert any(
            line.startswith(f"{name}: 3 annotators") and one["guidelines_sha256"] in line
            for line in metadata.data_annotation_protocol
        )
    assert "boilerplate: 8 documents by 2, 12 documents by 3." in metadata.annotations_per_item
    assert any("corpus-kit-boilerplate" in tool for tool in metadata.machine_annotation_tools)
    assert "2 have no headline, 3 have no date, 5 have no outlet" in metadata.data_collection_missing_data
    card = (built_sample / "DATASET_CARD.md").read_text(encoding="utf-8")
    for heading, words in (
        ("Discussion of Biases", metadata.data_biases),
        ("Personal and Sensitive Information", metadata.personal_sensitive_information),
        ("Who Are the Annotators", metadata.annotator_demographics),
    ):
        section = card.split(f" {heading}\n")[1].split("\n#")[0]
        assert words and words[0] == " ".join(section.split()), heading
    assert "annotator-0" not in text


def test_every_file_and_column_of_the_release_is_described(sample_release: Path) -> None:
    import pyarrow.parquet as pq

    told = json.loads((sample_release / "croissant.json").read_text(encoding="utf-8"))
    files = {one["@id"] for one in told["distribution"] if one["@type"] == "cr:FileObject"}
    assert files == {path.relative_to(sample_release).as_posix() for path in sample_release.rglob("*.parquet")}
    for records in told["recordSet"]:
        path = next(sample_release.glob(f"{records['@id']}/*.parquet"))
        assert [field["name"] for field in records["field"]] == pq.read_schema(path).names


def test_a_new_card_asks_for_every_section_of_a_datasheet(tmp_path: Path) -> None:
    Corpus.init(tmp_path)
    text = (tmp_path / "DATASET_CARD.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    # Motivation, composition, collection, preprocessing and labelling, uses, distribution, maintenance (Gebru et al. 2021).
    assert {"Motivation", "Source Data", "Collection Process", "Preprocessing", "Annotations", "Uses"} <= set(headings)
    assert {"Licensing Information", "Maintenance", "Biases", "Annotators"} <= set(headings)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("## Biases\nToo many\nports.\n", "Too many ports."),
        ("## Biases\n*Name whose views prevail.*\n", ""),
        ("## Biases\n<!-- corpus-kit:begin labels -->\n| a |\n<!-- corpus-kit:end labels -->\nFew.\n", "Few."),
        ("## Biases\n```\n# code\n```\nNone known.\n### More\nOther.\n", "None known."),
    ],
)
def test_the_words_of_a_section_are_those_of_its_author(body: str, words: str) -> None:
    assert prose_of(body).get("biases", "") == words
