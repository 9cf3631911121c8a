"""`build` suggests boilerplate: exact places, the same bytes whoever builds, nothing done twice, and off where it is off."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from authored import authored_pages
from labelled_corpus import write_settings

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.config.template import shipped
from corpus_kit.core.layers import load_layer
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.corpus import BuildResult, Corpus
from corpus_kit.ingest import documents
from corpus_kit.pipeline.suggest import SuggestResult
from corpus_kit.suggest import build as stage
from corpus_kit.suggest.boilerplate import LABELS, BoilerplateModel

# Menus and nothing else, and characters that are two UTF-16 units and up to four bytes.
ODD = {
    "menu.txt": "Home\nNews\nSport\nWeather\nSubscribe\nLog in\nCookies\n© 2031 The Sennet Post\n",
    "astral.txt": (
        "🏠 Home\r\n📰 News\r\n\r\n𝔅ay council meets 🎣\r\n\r\nThe harbour council of Sennet Bay met for the third time 🐟"
        " this month, and said that the new tolls would cost every boat two hundred coras a year.\r\n\r\n"
        "Read also:\r\n🚢 Ferries late again\r\n🧊 Ice on the lake\r\n💬 12 comments\r\n"
    ),
}


STORIES = {
    "council": (
        "The harbour council of Sennet Bay met for the third time this month, and said that the new tolls would cost "
        "every boat two hundred coras a year. Fishermen who had waited outside since dawn answered that they would "
        "rather sell their catch in the next town than pay for a pier that the winter will carry away."
    ),
    "school": (
        "Teachers in the hill villages began their second week without lessons on Monday. Their union asks for heated "
        "classrooms and for a bus that runs before eight, while the ministry says that money for both was promised "
        "years ago and has long been spent on roads that no one outside the capital has ever driven along."
    ),
}
NOUNS = "ferry harbour market council library bridge museum station".split()
VERBS = "reopens closes expands delays celebrates".split()


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SHARD_BYTES", 6000)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The shards that were handed to the model."""
    seen: list[str] = []
    real = stage.suggest_shard

    def watched(task: stage.SuggestTask) -> dict[str, Any]:
        seen.append(Path(task.shard).name)
        return real(task)

    monkeypatch.setattr(stage, "suggest_shard", watched)
    return seen


def pages(folder: Path, copies: int = 2) -> Path:
    """The authored pages several times, each time with other numbers on them, and the odd ones."""
    folder.mkdir(parents=True)
    digits = "0123456789"
    for page in authored_pages():
        for number in range(copies):
            text = page.text.translate(str.maketrans(digits, digits[number:] + digits[:number]))
            (folder / f"{page.name}-{number}.txt").write_text(text, encoding="utf-8")
    for name, text in ODD.items():
        (folder / name).write_bytes(text.encode())
    return folder


def corpus(folder: Path, settings: str = "", copies: int = 1) -> Corpus:
    """A new corpus with the pages; settings: added to its corpus.toml."""
    Corpus.init(folder)
    (folder / "data" / "raw").rmdir()
    pages(folder / "data" / "raw", copies)
    return configured(folder, settings)


def configured(folder: Path, settings: str) -> Corpus:
    write_settings(folder, settings)
    return Corpus.open(folder)


def rows(out: Path, table: str = "suggestions") -> list[dict[str, Any]]:
    return [row for path in sorted((out / table).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def made(out: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((out / "suggestions").iterdir())}


def suggested(result: BuildResult | SuggestResult) -> stage.Suggested:
    assert result.suggested is not None
    return result.suggested


def uncovered(text: str, spans: list[dict[str, Any]]) -> str:
    marked = {i for span in spans for i in range(span["start"], span["end"])}
    return "".join(c for i, c in enumerate(text) if i not in marked)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once in one process, without a corpus."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "SHARD_BYTES", 6000)
        Corpus.without(folder / "out").build([pages(folder / "raw")])
    return folder / "out"


def test_every_surface_is_the_slice_of_the_text_it_names(built: Path) -> None:
    texts = {(d["doc_id"], d["text_sha256"]): d["text"] for d in rows(built, "documents")}
    found = rows(built)
    assert len({row["doc_id"] for row in found}) > len(texts) // 2, "too few pages are marked to show anything"
    for row in found:
        assert texts[row["doc_id"], row["text_sha256"]][row["start"] : row["end"]] == row["surface"] != ""
    astral = next(d for d in rows(built, "documents") if d["source"] == "astral.txt")
    assert any("🚢 Ferries late again" in row["surface"] for row in found if row["doc_id"] == astral["doc_id"])


def test_rows_name_layer_control_model_and_version(built: Path) -> None:
    found = rows(built)
    told = {(r["layer"], r["control"], r["model"], r["model_version"]) for r in found}
    assert told == {("boilerplate", "boilerplate", "corpus-kit-boilerplate", BoilerplateModel.load().version)}
    assert {row["label"] for row in found} <= set(LABELS)
    assert len({row["suggestion_id"] for row in found}) == len(found)


def test_the_manifest_tells_inputs_files_and_counts(built: Path) -> None:
    manifest, of_documents = read_manifest(built / "suggestions"), read_manifest(built / "documents")
    assert manifest and of_documents
    assert manifest["rows"] == len(rows(built)) == sum(f["rows"] for f in manifest["files"])
    assert len(manifest["files"]) == len(of_documents["files"]) >= 4
    for file in manifest["files"]:
        assert made(built)[file["name"]] == file["sha256"]
    inputs = {name: facts["sha256"] for name, facts in manifest["inputs"]["documents"].items()}
    assert inputs == {f["name"]: f["sha256"] for f in of_documents["files"]}


def test_two_workers_in_another_folder_give_the_same_bytes(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus_kit.core.parallel.executor.SECONDS_WORTH_A_POOL", 0)
    Corpus.without(tmp_path / "elsewhere").build([pages(tmp_path / "raw")], workers=2)
    assert made(tmp_path / "elsewhere") == made(built)


def test_unchanged_shards_are_not_looked_at_again(tmp_path: Path, looked_at: list[str]) -> None:
    raw, out = pages(tmp_path / "raw"), tmp_path / "out"
    first = suggested(Corpus.without(out).build([raw]))
    assert len(looked_at) == first.shards >= 4 and first.unchanged_shards == 0
    before = made(out)
    looked_at.clear()
    second = suggested(Corpus.without(out).build([raw]))
    assert looked_at == [] and second.unchanged_shards == second.shards == first.shards
    assert (second.rows, second.marked, made(out)) == (first.rows, first.marked, before)

    with (raw / "menu.txt").open("a", encoding="utf-8") as page:
        page.write("Log out\n")
    third = suggested(Corpus.without(out).build([raw]))
    assert len(looked_at) == 1 == third.shards - third.unchanged_shards
    Corpus.without(tmp_path / "again").build([raw])
    assert made(tmp_path / "again") == made(out)


def test_what_is_suggested_makes_nobody_a_copy(tmp_path: Path) -> None:
    """Two short stories over one long list of links. There is one page of each paper, so no line is a repeated one."""
    own = corpus(tmp_path / "own")
    raw = own.data / "raw"
    for page in raw.iterdir():
        page.unlink()
    words, drawn = [*NOUNS, *VERBS], random.Random(7)
    links = [f"Read also: {' '.join(drawn.choices(words, k=6))}" for _ in range(80)]
    for name, story in STORIES.items():
        text = "\n".join(["Home", "News", "Sport", "Log in", "", story, "", *links, "© 2031 All rights reserved", ""])
        (raw / f"{name}.txt").write_text(text, encoding="utf-8")
    result = own.build()
    assert result.ingested.clusters == 0
    assert {row["duplicate_cluster"] for row in rows(own.data, "documents")} == {
        row["doc_id"] for row in rows(own.data, "documents")
    }
    assert own.validate().findings == []
    own = configured(tmp_path / "own", "[suggest]\nboilerplate = false\n")
    assert own.build().ingested.clusters == 1, "the links are too few to show anything"


def test_a_new_cluster_does_not_have_a_shard_looked_at_again(tmp_path: Path, looked_at: list[str]) -> None:
    own = corpus(tmp_path / "own")
    raw = own.data / "raw"
    own.build()
    looked_at.clear()
    old = next(p for p in sorted(raw.iterdir()) if p.stem.startswith("english_news"))
    (raw / "zz-copy.txt").write_bytes(old.read_bytes())
    assert own.build().ingested.clusters == 1 and len(looked_at) == 1
    clusters = {r["source"]: r["duplicate_cluster"] for r in rows(own.data, "documents")}
    assert clusters[old.name] == clusters["zz-copy.txt"]
    before = made(own.data)
    assert suggested(own.suggest("boilerplate")).total > 0 and len(looked_at) == 1 and made(own.data) == before
    Corpus.without(tmp_path / "again").build([raw])
    assert made(tmp_path / "again") == before


def test_a_harmed_file_is_made_again(tmp_path: Path, looked_at: list[str]) -> None:
    raw, out = pages(tmp_path / "raw", 1), tmp_path / "out"
    Corpus.without(out).build([raw])
    before = made(out)
    target = out / "suggestions" / "suggestions-00000.parquet"
    target.write_bytes(target.read_bytes()[:-1] + b"?")
    os.utime(target, (1, 1))
    looked_at.clear()
    Corpus.without(out).build([raw])
    assert len(looked_at) == 1 and made(out) == before


def test_only_what_passes_the_threshold_becomes_a_row(tmp_path: Path) -> None:
    own = corpus(tmp_path / "own", "[suggest]\nthreshold = 0.5\n")
    counts = {}
    for threshold in (0.2, 0.5, 0.95, 1):
        own = configured(tmp_path / "own", f"[suggest]\nthreshold = {threshold}\n")
        own.build()
        found = rows(own.data)
        assert all(threshold <= row["score"] <= 1 for row in found)
        counts[threshold] = sum(row["end"] - row["start"] for row in found)
    assert counts[0.2] > counts[0.5] > counts[0.95] > counts[1]


def test_no_document_is_suggested_away(tmp_path: Path) -> None:
    own = corpus(tmp_path / "own", "[suggest]\nthreshold = 0\n")
    assert suggested(own.build()).total > 0
    by_document: dict[str, list[dict[str, Any]]] = {}
    for row in rows(own.data):
        by_document.setdefault(row["doc_id"], []).append(row)
    for document in rows(own.data, "documents"):
        rest = uncovered(document["text"], by_document.get(document["doc_id"], []))
        assert re.search(r"\w", rest), document["source"]


@pytest.mark.parametrize("off", ["[suggest]\nboilerplate = false\n", "no such layer"])
def test_switched_off_what_an_earlier_build_suggested_is_gone(tmp_path: Path, off: str) -> None:
    own = corpus(tmp_path / "own")
    assert suggested(own.build()).total > 0
    if off.startswith("["):
        own = configured(tmp_path / "own", off)
    else:
        file = tmp_path / "own" / "corpus.toml"
        file.write_text(file.read_text("utf-8").replace('"boilerplate", ', ""), encoding="utf-8")
        own = Corpus.open(tmp_path / "own")
    result = own.build()
    assert result.suggested is None and result.release is not None
    assert not (own.data / "suggestions").exists()
    assert own.validate().findings == []


def test_a_label_the_layer_does_not_have_is_left_out_and_counted(tmp_path: Path) -> None:
    own = corpus(tmp_path / "own")
    full = suggested(own.build())
    config = tmp_path / "own" / "annotation" / "boilerplate" / "config.xml"
    without = re.sub(r'\s*<Label value="related_links"[^>]*/>', "", config.read_text("utf-8"))
    config.write_text(without, encoding="utf-8")
    less = suggested(own.build())
    assert less.left_out == {"related_links": full.rows["related_links"]}
    assert less.rows == {label: n for label, n in full.rows.items() if label != "related_links"}
    assert Counter(row["label"] for row in rows(own.data)) == less.rows


def test_a_layer_that_marks_no_spans_gets_none(tmp_path: Path) -> None:
    own = corpus(tmp_path / "own")
    config = tmp_path / "own" / "annotation" / "boilerplate" / "config.xml"
    config.write_text(
        '<View><Text name="text" value="$text"/>'
        '<Choices name="junk" toName="text"><Choice value="yes"/><Choice value="no"/></Choices></View>',
        encoding="utf-8",
    )
    assert own.build().suggested is None
    assert not (own.data / "suggestions").exists()


def test_rows_that_break_a_tightened_contract_are_rejected_with_the_reason(tmp_path: Path) -> None:
    own = corpus(tmp_path / "own")
    full = suggested(own.build())
    schema = tmp_path / "own" / "schemas" / "suggestions.yaml"
    head, score, rest = schema.read_text("utf-8").partition("    dtype: float64\n    nullable: false\n")
    assert score
    tight = score + "    checks:\n      greater_than_or_equal_to: 0.9\n"
    schema.write_text(head + tight + rest, encoding="utf-8")
    result = own.build()
    kept = rows(own.data)
    assert 0 < len(kept) < full.total and min(row["score"] for row in kept) >= 0.9
    refused = [row for row in rows(own.data, "rejected") if row["stage"] == "suggest"]
    assert len(kept) + len(refused) == full.total
    assert result.rejected == {"contract": len(refused)}
    for row in refused:
        assert row["source"] and row["doc_id"] and "suggestions, column score" in row["detail"]


def test_another_model_is_a_new_version_and_new_ids(built: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    other.write_bytes(dataclasses.replace(BoilerplateModel.load(), version="of-ours-2").to_bytes())
    layer = load_layer(shipped("annotation") / "boilerplate")
    contract = Corpus.without(tmp_path).contract("suggestions")
    packaged = stage.suggestion_recipe(layer, 0.5, contract)
    own = stage.suggestion_recipe(layer, 0.5, contract, model=other)
    assert packaged and own and packaged.key != own.key
    task = stage.SuggestTask(str(built / "documents" / "documents-00000.parquet"), str(tmp_path / "made"), own)
    facts = stage.suggest_shard(task)
    found = pq.read_table(tmp_path / "made" / "suggestions.parquet").to_pylist()
    assert len(found) == facts["rows"] > 0
    assert {row["model_version"] for row in found} == {"of-ours-2"}
    assert not {row["suggestion_id"] for row in found} & {row["suggestion_id"] for row in rows(built)}


def test_what_was_suggested_validates(tmp_path: Path) -> None:
    own = corpus(tmp_path / "own")
    own.build()
    report = own.validate()
    assert report.findings == []
    assert {t.table: t.rows for t in report.tables}["suggestions/suggestions"] == len(rows(own.data)) > 0


def test_the_command_tells_how_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, out = str(pages(tmp_path / "raw", 1)), str(tmp_path / "out")
    assert run(cli, ["build", raw, "--out", out]) == 0
    count = len(rows(tmp_path / "out"))
    assert re.search(rf"suggestions\s+{count}\s+\S*/suggestions", capsys.readouterr().out)
    assert run(cli, ["build", raw, "--out", out, "--json"]) == 0
    assert sum(json.loads(capsys.readouterr().out)["suggestions"]["rows"].values()) == count


def test_the_real_pages_keep_text_and_lose_links(seeds: Path, tmp_path: Path) -> None:
    own = Corpus.without(tmp_path / "out")
    result = suggested(own.build([seeds]))
    assert result.documents == result.marked == 5
    texts = {d["doc_id"]: d["text"] for d in rows(own.data, "documents")}
    for doc_id, text in texts.items():
        spans = [row for row in rows(own.data) if row["doc_id"] == doc_id]
        assert all(text[row["start"] : row["end"]] == row["surface"] for row in spans)
        assert len(uncovered(text, spans).split()) > 100
    assert own.validate().findings == []
