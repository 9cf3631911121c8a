"""The configurations of a labelled release: gold and every judgement, by split, with ClassLabels and a loss report."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pyarrow as pa
import pytest
from labelled_corpus import EELS, FERRY, PSEUDONYM, STRIKE, entity, junk, label, mark, new_corpus, read, stance

from corpus_kit import Corpus
from corpus_kit.core.errors import FindingsError
from corpus_kit.release.export.tokens import LabelledSpan, untag

TEXTS = {"ferry.txt": FERRY, "eels.txt": EELS, "strike.txt": STRIKE}


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Read only. The strike is in `test`; spans nest, and one cuts a word."""
    scratch = tmp_path_factory.mktemp("labelled")
    corpus = new_corpus(scratch / "corpus", settings="[suggest]\nboilerplate = false\n")
    ids = dict(read(corpus, "documents", "documents").select("source", "doc_id").iter_rows())
    (scratch / "corpus" / "splits.csv").write_text(f"doc_id,split\n{ids['strike.txt']},test\n")
    names = [
        entity(FERRY, "Ola Brandt of Port Sellane", "PERSON"),
        entity(FERRY, "Port Sellane", "GPE"),
        entity(FERRY, "Bra", "ORG", nth=1),
    ]
    work: Any = {
        "ferry.txt": {"ada": names, "ben": names},
        "eels.txt": {"ada": [entity(EELS, "Lake Vesk", "LOC")], "ben": [entity(EELS, "Lake Vesk", "GPE")]},
        "strike.txt": {"ada": [entity(STRIKE, "Velmora", "GPE"), entity(STRIKE, "Monday", "DATE")]},
    }
    label(corpus, "entities", work, scratch)
    menus = [junk(FERRY, "Home | News | Sport", "navigation"), junk(FERRY, "Read also: Eels", "related_links")]
    part = junk(EELS, "Home", "navigation")
    label(corpus, "boilerplate", {"ferry.txt": {"ada": menus, "cyd": menus}, "eels.txt": {"ada": [part]}}, scratch)
    proof = mark("evidence", STRIKE, "go back to work", "teachers_strike")
    sides = [stance("teachers_strike", "favour"), stance("halvern_pipeline", "not_mentioned")]
    label(corpus, "stance", {"strike.txt": {"ada": [*sides, proof], "ben": [*sides, proof]}}, scratch)
    corpus.build()
    return corpus


@pytest.fixture
def own(labelled: Corpus, tmp_path: Path) -> Corpus:
    """A copy to change."""
    assert labelled.root
    return Corpus.open(shutil.copytree(labelled.root, tmp_path / "corpus"))


def _load(corpus: Corpus, config: str, cache: Path) -> Any:
    return datasets.load_dataset(str(corpus.data / "release"), config, cache_dir=str(cache))


def test_gold_of_a_label_that_left_the_config_is_listed_as_lost(own: Corpus) -> None:
    assert own.root is not None
    config = own.root / "annotation" / "entities" / "config.xml"
    lines = config.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if '<Label value="PERSON"' not in line]
    assert len(kept) == len(lines) - 1
    config.write_text("".join(kept), encoding="utf-8")
    Corpus.open(own.root).export("hf")  # of the gold that is there; the next build rejects the results themselves
    lost = [row for row in _losses(own.data / "release") if row["config"] == "entities" and row["label"] == "PERSON"]
    assert [(FERRY[int(row["start"]) : int(row["end"])], row["reason"]) for row in lost] == [
        ("Ola Brandt of Port Sellane", "label_not_in_config")
    ]


def _sources(corpus: Corpus) -> dict[str, str]:
    return dict(read(corpus, "documents", "documents").select("doc_id", "source").iter_rows())


def _losses(release: Path) -> list[dict[str, str]]:
    with (release / "losses.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_configuration_loads_with_one_line_in_the_split_of_its_document(
    labelled: Corpus, hub_cache: Path
) -> None:
    found = {
        config: {split: rows.num_rows for split, rows in _load(labelled, config, hub_cache).items()}
        for config in ("documents", "entities", "boilerplate", "stance", "annotations")
    }
    assert found["documents"] == {"train": 2, "test": 1}
    assert found["entities"] == {"train": 2, "test": 1}
    assert found["boilerplate"] == {"train": 8}, "empty splits are left out"
    assert found["stance"] == {"test": 2}
    assert found["annotations"].keys() == {"train", "test"}
    default = datasets.load_dataset(str(labelled.data / "release"), cache_dir=str(hub_cache))
    assert "text" in default["train"].column_names, "`documents` is the default"


def test_tags_say_the_gold_spans_and_the_loss_report_names_the_rest(labelled: Corpus, hub_cache: Path) -> None:
    rows = _load(labelled, "entities", hub_cache)
    names = rows["train"].features["ner_tags"].feature.names
    assert names[:5] == ["O", "B-PERSON", "I-PERSON", "B-ORG", "I-ORG"], "in the order of config.xml"
    gold = read(labelled, "gold", "spans").filter(pl.col("layer") == "entities")
    wanted = {(d, LabelledSpan(s, e, n)) for d, s, e, n in gold.select("doc_id", "start", "end", "label").iter_rows()}
    lost = {
        (row["doc_id"], LabelledSpan(int(row["start"]), int(row["end"]), row["label"]))
        for row in _losses(labelled.data / "release")
        if row["config"] == "entities"
    }
    told = set()
    for row in [*rows["train"], *rows["test"]]:
        tokens = list(zip(row["token_starts"], row["token_ends"], strict=True))
        told |= {(row["doc_id"], m) for m in untag(tokens, [names[tag] for tag in row["ner_tags"]])}
        text = TEXTS[_sources(labelled)[row["doc_id"]]]
        assert [text[a:b] for a, b in tokens] == row["tokens"]
    assert told | lost == wanted and not told & lost
    assert {reason["reason"] for reason in _losses(labelled.data / "release")} >= {"nested", "cuts_token"}


def test_a_document_with_open_disagreements_says_how_many(labelled: Corpus, hub_cache: Path) -> None:
    opened = {
        _sources(labelled)[r["doc_id"]]: r["open_disagreements"]
        for r in _load(labelled, "entities", hub_cache)["train"]
    }
    assert opened == {"ferry.txt": 0, "eels.txt": 2}
    documents = {r["source"]: r for r in _load(labelled, "documents", hub_cache)["train"]}
    assert documents["eels.txt"]["open_disagreements"] == 2
    assert documents["eels.txt"]["gold_entities"] == []


def test_documents_carry_all_gold_nested_also_what_tags_cannot(labelled: Corpus, hub_cache: Path) -> None:
    loaded = _load(labelled, "documents", hub_cache)
    rows = {row["source"]: row for split in loaded.values() for row in split}
    assert [(FERRY[g["start"] : g["end"]], g["label"]) for g in rows["ferry.txt"]["gold_entities"]] == [
        ("Ola Brandt of Port Sellane", "PERSON"),
        ("Port Sellane", "GPE"),
        ("Bra", "ORG"),
    ]
    assert rows["strike.txt"]["gold_stance"] == [
        {"target": "halvern_pipeline", "label": "not_mentioned", "support": 1.0},
        {"target": "teachers_strike", "label": "favour", "support": 1.0},
    ]
    assert rows["ferry.txt"]["gold_stance"] is None, "no one answered; that is not the same as no stance"


def test_the_main_text_is_what_gold_leaves_and_says_where_it_came_from(labelled: Corpus, hub_cache: Path) -> None:
    loaded = _load(labelled, "documents", hub_cache)
    rows = {row["source"]: row for split in loaded.values() for row in split}
    ferry = rows["ferry.txt"]
    assert ferry["main_text"] == "Ferry late\n\nOla Brandt of Port Sellane waits. Brandt is cross."
    assert (ferry["main_from"], rows["strike.txt"]["main_from"]) == ("gold", "whole")
    assert rows["strike.txt"]["main_text"] == STRIKE
    for row in rows.values():
        assert "".join(row["text"][s["start"] : s["end"]] for s in row["main_spans"]) == row["main_text"]


def test_suggested_boilerplate_stands_in_where_there_is_no_gold(tmp_path: Path, hub_cache: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus")
    menus = [junk(FERRY, "Home | News | Sport", "navigation")]
    label(corpus, "boilerplate", {"ferry.txt": {"ada": menus}}, tmp_path)
    corpus.build()
    rows = {r["source"]: r for r in _load(corpus, "documents", hub_cache)["train"]}
    assert {source: row["main_from"] for source, row in rows.items()} == {
        "ferry.txt": "gold", "eels.txt": "suggested", "strike.txt": "suggested",
    }  # fmt: skip
    assert "Read also: Eels" in rows["ferry.txt"]["main_text"], "gold does not mark it, whatever a model says"
    suggested = read(corpus, "suggestions", "suggestions").rows_by_key("doc_id", named=True)
    assert suggested
    for row in rows.values():
        kept = {i for span in row["main_spans"] for i in range(span["start"], span["end"])}
        removed = {i for s in suggested.get(row["doc_id"], []) for i in range(s["start"], s["end"])}
        if row["main_from"] == "suggested":
            assert not kept & removed
            assert all(row["text"][i].isspace() for i in set(range(len(row["text"]))) - kept - removed)


def test_suggestions_for_the_documents_of_an_earlier_build_do_not_count(tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus")
    assert corpus.export("hf").unchanged
    manifest = corpus.data / "suggestions" / "manifest.json"
    facts = json.loads(manifest.read_text())
    facts["inputs"]["documents"]["documents-00000.parquet"]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(facts))
    corpus.export("hf")
    released = json.loads((corpus.data / "release" / "manifest.json").read_text())
    assert "main_text" not in released["configs"]["documents"]["columns"]


def test_stance_rows_hold_text_target_label_and_evidence(labelled: Corpus, hub_cache: Path) -> None:
    rows = _load(labelled, "stance", hub_cache)["test"]
    assert rows.features["label"].names == ["favour", "against", "neutral", "not_mentioned", "unclear"]
    found = {row["target"]: row for row in rows}
    strike = found["teachers_strike"]
    assert (strike["text"], rows.features["label"].int2str(strike["label"])) == (STRIKE, "favour")
    assert [STRIKE[e["start"] : e["end"]] for e in strike["evidence"]] == ["go back to work"]
    assert found["halvern_pipeline"]["evidence"] == []


def test_lines_take_the_label_that_covers_most_and_the_rest_is_a_loss(labelled: Corpus, hub_cache: Path) -> None:
    rows = _load(labelled, "boilerplate", hub_cache)["train"]
    name = rows.features["label"].int2str
    assert rows.features["label"].names[:2] == ["content", "navigation"]
    ferry = [(r["text"], name(r["label"])) for r in rows if _sources(labelled)[r["doc_id"]] == "ferry.txt"]
    assert ferry == [
        ("Home | News | Sport", "navigation"),
        ("Ferry late", "content"),
        ("Ola Brandt of Port Sellane waits. Brandt is cross.", "content"),
        ("Read also: Eels", "related_links"),
    ]
    lost = [row for row in _losses(labelled.data / "release") if row["config"] == "boilerplate"]
    assert [(row["start"], row["end"], row["reason"]) for row in lost] == [("0", "4", "part_of_line")]


def test_every_single_judgement_is_released_with_its_pseudonym(labelled: Corpus, hub_cache: Path) -> None:
    loaded = _load(labelled, "annotations", hub_cache)
    rows = [row for split in loaded.values() for row in split]
    spans = read(labelled, "annotations", "spans")
    choices = read(labelled, "annotations", "choices")
    assert len([r for r in rows if r["kind"] == "span"]) == spans.height
    assert len([r for r in rows if r["kind"] == "choice"]) == choices.height
    assert {row["annotator"] for row in rows} == set(PSEUDONYM.values())
    texts = {d: TEXTS[s] for d, s in _sources(labelled).items()}
    assert all(texts[r["doc_id"]][r["start"] : r["end"]] == r["surface"] for r in rows if r["kind"] == "span")


def test_a_judgement_on_an_older_text_stands_where_it_is_now_or_is_a_loss(own: Corpus, hub_cache: Path) -> None:
    assert own.root
    changed = "A new first line\n" + FERRY.replace("Port Sellane", "the harbour")
    (own.root / "data" / "raw" / "ferry.txt").write_text(changed, encoding="utf-8")
    own.build()
    ferry = {s: d for d, s in _sources(own).items()}["ferry.txt"]
    rows = [r for r in _load(own, "annotations", hub_cache)["train"] if r["doc_id"] == ferry and r["kind"] == "span"]
    assert rows and all(changed[r["start"] : r["end"]] == r["surface"] for r in rows)
    stale = [r for r in _losses(own.data / "release") if r["reason"] == "stale" and r["doc_id"] == ferry]
    made = read(own, "annotations", "spans").filter(pl.col("doc_id") == ferry).height
    assert len(rows) + len(stale) == made and stale


def test_strict_refuses_losses_and_writes_nothing(own: Corpus, tmp_path: Path) -> None:
    with pytest.raises(FindingsError, match=r"entities: 1 cuts_token, 1 nested"):
        own.export("hf", tmp_path / "out", strict=True)
    assert not (tmp_path / "out").exists()
    before = (own.data / "release" / "manifest.json").read_bytes()
    with pytest.raises(FindingsError):
        own.export("hf", strict=True)
    assert (own.data / "release" / "manifest.json").read_bytes() == before


def test_no_address_time_payload_or_note_stands_in_a_release(labelled: Corpus) -> None:
    """Read from the bytes and from every cell, since Parquet packs its pages."""
    release = labelled.data / "release"
    tables = release.rglob("*.parquet")
    cells: list[str] = [pl.read_parquet(path, hive_partitioning=False).write_ndjson() for path in tables]
    cells += [p.read_text(encoding="utf-8") for p in release.iterdir() if p.is_file()]
    everything = "\n".join(cells)
    assert PSEUDONYM["ada"] in everything
    for word in ("people.example", "2031-01-0", "lead_time", "payload", "created_at", "updated_at"):
        assert word not in everything, word


def test_free_text_of_an_annotator_stays_at_home(own: Corpus, tmp_path: Path, hub_cache: Path) -> None:
    assert own.root
    config = own.root / "annotation" / "stance" / "config.xml"
    xml = config.read_text(encoding="utf-8")
    at = xml.rindex("</View>")
    config.write_text(xml[:at] + '<TextArea name="note" toName="text"/>\n' + xml[at:], encoding="utf-8")
    note = {"id": "n", "from_name": "note", "to_name": "text", "type": "textarea", "value": {"text": ["Ask my aunt"]}}
    label(own, "stance", {"eels.txt": {"ben": [note, stance("teachers_strike", "neutral")]}}, tmp_path)
    own.build()
    assert "Ask my aunt" in read(own, "annotations", "choices")["value"].to_list()
    assert "Ask my aunt" not in _load(own, "annotations", hub_cache)["train"]["value"]
    tables = [
        pl.read_parquet(p, hive_partitioning=False).write_ndjson() for p in (own.data / "release").rglob("*.parquet")
    ]
    assert not any("Ask my aunt" in table for table in tables)


def test_the_same_labels_give_the_same_release_and_nothing_is_redone(
    own: Corpus, labelled: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus_kit.core.parallel.executor.SECONDS_WORTH_A_POOL", 0)
    assert own.build().release and own.export("hf").unchanged
    shutil.rmtree(own.data / "release")
    shutil.rmtree(own.data / ".work")
    own.export("hf", workers=2)
    assert _bytes(own.data / "release") == _bytes(labelled.data / "release")


def _bytes(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_corpus_without_labels_and_suggestions_has_todays_columns_and_no_loss_report(tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus", settings="[suggest]\nboilerplate = false\n")
    manifest = json.loads((corpus.data / "release" / "manifest.json").read_text())
    assert list(manifest["configs"]) == ["documents"]
    columns = manifest["configs"]["documents"]["columns"]
    assert columns == [c.name for c in corpus.contract("documents").columns if c.name != "split"]
    assert "losses" not in manifest and not (corpus.data / "release" / "losses.csv").exists()


def test_a_corpus_without_gold_has_no_gold_columns_and_no_other_configuration(tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus")
    manifest = json.loads((corpus.data / "release" / "manifest.json").read_text())
    assert list(manifest["configs"]) == ["documents"]
    columns = manifest["configs"]["documents"]["columns"]
    assert "main_text" in columns
    assert not [name for name in columns if name.startswith("gold_") or name == "open_disagreements"]


def test_the_sample_with_its_annotations_loads_and_names_nobody(sample_release: Path, hub_cache: Path) -> None:
    """Three people labelled the sample; not one of their addresses stands in anything made but the pseudonym file."""
    rows = {
        config: datasets.load_dataset(str(sample_release), config, split="all", cache_dir=str(hub_cache)).num_rows
        for config in ("documents", "boilerplate", "entities", "stance", "annotations")
    }
    assert rows["documents"] == rows["entities"] == 20 and all(rows.values())
    brought = "".join(p.read_text(encoding="utf-8") for p in (sample_release.parent / "imports").iterdir())
    addresses = set(re.findall(r'"email": *"([^"]+@[^"]+)"', brought))
    assert len(addresses) == 3
    made = [sample_release.parent / name for name in ("release", "gold", "annotations")]
    for path in (p for folder in made for p in folder.rglob("*") if p.is_file()):
        parquet = path.suffix == ".parquet"
        text = pl.read_parquet(path, hive_partitioning=False).write_ndjson() if parquet else path.read_text()
        assert not [a for a in addresses if a.lower() in text.lower()], path


def test_the_card_tells_who_labelled_by_which_guidelines_and_how_far_they_agree(labelled: Corpus) -> None:
    readme = (labelled.data / "release" / "README.md").read_text(encoding="utf-8")
    for line in (
        "| `entities` | 2 | 5 | 3 | 2 | 1.0 | majority | 3 | 2 |",
        "| `GPE` | 1 | 33.3% |",
        "| `entities` | `nested` | 1 |",
        "| `entities` | `entities` | span F1, exact | 0.75 |",
        "| `boilerplate` | `boilerplate` | alpha by character | 1.00 | – | 1 | 2 |",
        "- `stance` `teachers_strike`, Krippendorff's alpha: Every answer compared is 'favour'",
    ):
        assert line in readme, line


def test_croissant_describes_every_configuration(labelled: Corpus) -> None:
    import mlcroissant

    release = labelled.data / "release"
    described = mlcroissant.Dataset(jsonld=release / "croissant.json")
    assert {r.name for r in described.metadata.record_sets} == {
        "documents", "entities", "boilerplate", "stance", "annotations",
        "entities_soft", "boilerplate_soft", "stance_soft",
    }  # fmt: skip


def test_a_layer_of_ones_own_becomes_tokens(tmp_path: Path, hub_cache: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus", {"a.txt": "The barge sank at noon.\n"})
    assert corpus.root
    folder = corpus.root / "annotation" / "events"
    folder.mkdir()
    (folder / "config.xml").write_text(
        '<View><Labels name="what" toName="text"><Label value="LOSS"/></Labels><Text name="text" value="$text"/></View>'
    )
    toml = corpus.root / "corpus.toml"
    settings = toml.read_text(encoding="utf-8")
    toml.write_text(settings.replace('"stance"]', '"stance", "events"]'), encoding="utf-8")
    corpus = Corpus.open(corpus.root)
    assert "events" in corpus.config.layers
    label(corpus, "events", {"a.txt": {"ada": [mark("what", "The barge sank at noon.\n", "sank", "LOSS")]}}, tmp_path)
    corpus.build()
    rows = _load(corpus, "events", hub_cache)["train"]
    assert rows.features["ner_tags"].feature.names == ["O", "B-LOSS", "I-LOSS"]
    assert rows[0]["ner_tags"] == [0, 0, 1, 0, 0, 0]


def test_the_schema_of_every_file_carries_the_class_labels(labelled: Corpus) -> None:
    path = next((labelled.data / "release" / "entities").glob("train-*.parquet"))
    schema = pa.parquet.read_schema(path)
    assert b"B-PERSON" in schema.metadata[b"huggingface"]
