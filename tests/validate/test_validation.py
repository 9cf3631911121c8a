"""`validate` finds every planted fault, names its row and changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus_kit.core.config.template import shipped
from corpus_kit.core.errors import UsageError
from corpus_kit.core.records import Finding
from corpus_kit.core.storage.folders import write_manifest
from corpus_kit.core.storage.tables import arrow_schema, write_table
from corpus_kit.corpus import Corpus
from corpus_kit.validate import tables as validation
from corpus_kit.validate.tables import validate_folder

PAGE = """Home   News   Ferries
Harbour council of Sennet Bay meets again, round {0}
18 October 2031

Report {0}: the harbour council of Sennet Bay met behind closed doors for the third time this month. Fishermen from both
shores said the new tolls would cost every boat two hundred coras a year, and the council did not answer them at all.
"""
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    (folder / "raw").mkdir()
    for i in range(4):
        text = PAGE.format(i).replace(
            "for the third time this month. Fishermen from both\n", "for the third time. Fishermen "
        )
        (folder / "raw" / f"{i}.txt").write_text(text, encoding="utf-8")
    (folder / "raw" / "5.txt").write_text("", encoding="utf-8")
    made = Corpus.without(folder / "out").build([folder / "raw"])
    assert made.documents == 4 and made.rejected == {"empty_text": 1}
    return folder / "out"


@pytest.fixture
def data(sound: Path, tmp_path: Path) -> Path:
    """A copy to plant faults in: the made files themselves are hard links."""
    import shutil

    for name in ("documents", "rejected"):
        shutil.copytree(sound / name, tmp_path / name)
    return tmp_path


def findings(data: Path) -> list[Finding]:
    return validate_folder(data, shipped("schemas")).findings


def codes(data: Path) -> list[tuple[str, str, str]]:
    return [(f.code, f.row, f.column) for f in findings(data)]


def alter(path: Path, change: Callable[[Rows], object]) -> None:
    """Change rows of a made file and its hash in the manifest, so that only the fault itself is found."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    change(rows)
    write_table(path, pa.Table.from_pylist(rows, schema=table.schema))
    manifest = path.parent / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    for file in content.get("files", []):
        if file["name"] == path.name:
            file["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(content), encoding="utf-8")


def test_a_sound_folder_has_no_findings(data: Path) -> None:
    report = validate_folder(data, shipped("schemas"))
    assert report.findings == [] and report.left_out == 0
    assert {t.table: t.rows for t in report.tables} == {"documents/documents": 4, "rejected": 1}
    assert report.as_dict()["tables"][0] == {"table": "documents/documents", "rows": 4, "findings": 0}


@pytest.mark.parametrize(
    ("fault", "code", "column"),
    [
        ({"text_sha256": "0" * 64}, "wrong_hash", "text_sha256"),
        ({"n_chars": 7}, "wrong_count", "n_chars"),
        ({"title_start": 1, "title_end": None}, "contract", "in_order"),
        ({"published_end": 10**6}, "wrong_offsets", "published_end"),
        ({"duplicate_cluster": "f" * 16}, "wrong_cluster", "duplicate_cluster"),
        ({"split": "dev"}, "contract", "split"),
        ({"language": None}, "contract", "language"),
    ],
)
def test_a_planted_fault_is_found_in_its_row(fault: dict[str, Any], code: str, column: str, data: Path) -> None:
    path = data / "documents" / "documents-00000.parquet"
    doc_id = pq.read_table(path)["doc_id"][1].as_py()
    alter(path, lambda rows: rows[1].update(fault))
    found = findings(data)
    assert (code, f"doc_id={doc_id}") in {(f.code, f.row) for f in found}
    # A side that is none also tears the page from its copies, which is found once, where the cluster is.
    beside = [f.code for f in found if f.row != f"doc_id={doc_id}"]
    assert beside == (["leak_cluster"] if "split" in fault else [])
    assert column in " ".join(map(str, found))
    assert all(f.hint and len(f.hint) < 300 for f in found)


@pytest.mark.parametrize("day", ["2031-10-17", "2031-10-08", "2030-10-18"])
def test_a_date_that_its_words_do_not_show_is_found(day: str, data: Path) -> None:
    path = data / "documents" / "documents-00000.parquet"
    doc_id = pq.read_table(path)["doc_id"][0].as_py()
    alter(path, lambda rows: rows[0].update(published_on=date.fromisoformat(day)))
    assert codes(data) == [("wrong_offsets", f"doc_id={doc_id}", "published_start")]


def test_a_shifted_title_is_found(data: Path) -> None:
    path = data / "documents" / "documents-00000.parquet"
    assert all(t is not None for t in pq.read_table(path)["title_start"].to_pylist())

    def shift(rows: Rows) -> None:
        rows[0]["title_start"] += 1
        rows[0]["title_end"] += 1

    alter(path, shift)
    assert [(c, col) for c, _, col in codes(data)] == [("wrong_offsets", "title_start")]


def test_a_date_that_its_offsets_do_not_show_is_found(data: Path) -> None:
    def shift(rows: Rows) -> None:
        rows[0]["published_start"] -= 10
        rows[0]["published_end"] -= 10

    alter(data / "documents" / "documents-00000.parquet", shift)
    assert [(c, col) for c, _, col in codes(data)] == [("wrong_offsets", "published_start")]


def test_a_cluster_without_its_smallest_document_is_found(data: Path) -> None:
    alter(data / "documents" / "documents-00000.parquet", lambda rows: rows[0].update(duplicate_cluster="0" * 16))
    assert [(c, col) for c, _, col in codes(data)] == [("wrong_cluster", "duplicate_cluster")]


def test_a_repeated_doc_id_is_found_within_and_across_files(data: Path) -> None:
    path = data / "documents" / "documents-00000.parquet"
    write_table(data / "documents" / "documents-00001.parquet", pq.read_table(path).slice(0, 1))
    assert "repeated_key" in {c for c, _, _ in codes(data)}
    (data / "documents" / "documents-00001.parquet").unlink()
    alter(path, lambda rows: rows.append(rows[0]))
    assert findings(data), "twice in one file"


def test_a_missing_a_changed_and_a_damaged_file_are_found(data: Path) -> None:
    path = data / "documents" / "documents-00000.parquet"
    content = path.read_bytes()
    path.write_bytes(content + b"\0")
    assert {c for c, _, _ in codes(data)} == {"changed_file", "unreadable_file"}
    path.unlink()
    assert codes(data) == [("missing_file", path.name, "")]
    path.write_bytes(content)
    (data / "documents" / "manifest.json").write_text("{", encoding="utf-8")
    assert [c for c, _, _ in codes(data)] == ["no_manifest"]


def test_a_file_that_the_manifest_does_not_list_is_found(data: Path) -> None:
    path = data / "documents" / "documents-00000.parquet"
    write_table(data / "documents" / "documents-00001.parquet", pq.read_table(path).slice(0, 0))
    assert ("unlisted_file", "documents-00001.parquet", "") in codes(data)


def test_a_missing_column_is_one_finding_of_the_contract(data: Path) -> None:
    path = data / "documents" / "documents-00000.parquet"
    write_table(path, pq.read_table(path).drop_columns(["language"]))
    found = findings(data)
    assert {f.code for f in found} == {"changed_file", "contract"} and "language" in str(found)


def test_an_unknown_reason_is_found(data: Path) -> None:
    alter(data / "rejected" / "read-00000.parquet", lambda rows: rows[0].update(reason="because"))
    assert [(c, col) for c, _, col in codes(data)] == [("unknown_reason", "reason")]


def test_long_lists_are_cut_and_counted(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "LISTED_PER_CODE", 2)
    alter(data / "documents" / "documents-00000.parquet", lambda rows: [r.update(n_chars=1) for r in rows])
    report = validate_folder(data, shipped("schemas"))
    assert (len(report.findings), report.left_out, report.tables[0].findings) == (2, 2, 4)


def annotated(data: Path, sha: str, doc_id: str, **span: Any) -> None:
    """One annotation with a span, a choice and a relation in `data/annotations`."""
    from datetime import UTC, datetime

    from corpus_kit.core.schema.columns import columns_of

    base = {"annotation_id": "a1", "doc_id": doc_id, "layer": "entities"}
    now = datetime(2031, 10, 18, tzinfo=UTC)
    tables = {
        "annotations": base
        | {"origin": "human", "annotator": "annotator-01", "status": "submitted", "ground_truth": False}
        | {"created_at": now, "updated_at": now, "text_sha256": sha, "config_sha256": "0" * 64}
        | {"guidelines_sha256": "0" * 64, "payload": "{}", "complete": True},
        "spans": base | {"control": "label", "span_id": "s1", "label": "ORG", "origin": "manual"} | span,
        "choices": base | {"control": "c", "target": "text", "kind": "choice", "value": "yes"},
        "relations": base | {"annotation_id": "gone", "from_span": "s1", "to_span": "s1", "direction": "right"},
    }
    folder = data / "annotations"
    folder.mkdir()
    for table, row in tables.items():
        schema = arrow_schema(columns_of(table))
        made = pa.Table.from_pylist([dict.fromkeys(schema.names) | row], schema=schema)
        write_table(folder / f"{table}-00000.parquet", made)
    write_manifest(folder)


def test_spans_texts_and_relations_are_checked_across_tables(data: Path) -> None:
    document = pq.read_table(data / "documents" / "documents-00000.parquet").to_pylist()[0]
    annotated(data, document["text_sha256"], document["doc_id"], start=0, end=4, surface="Home")
    assert codes(data) == [("unknown_annotation", "annotation_id=gone", "annotation_id")]


def test_a_shifted_span_and_an_unknown_text_are_found(data: Path) -> None:
    import shutil

    document = pq.read_table(data / "documents" / "documents-00000.parquet").to_pylist()[0]
    annotated(data, document["text_sha256"], document["doc_id"], start=1, end=5, surface="Home")
    assert ("wrong_offsets", "annotation_id=a1 span_id=s1", "start") in codes(data)
    shutil.rmtree(data / "annotations")
    annotated(data, "1" * 64, document["doc_id"], start=0, end=4, surface="Home")
    assert ("unknown_text", "annotation_id=a1", "text_sha256") in codes(data)
    texts = pa.table({"doc_id": [document["doc_id"]], "text_sha256": ["1" * 64], "text": ["Home, of old"]})
    write_table(data / "annotations" / "texts-00000.parquet", texts)
    found = codes(data)
    assert ("unknown_text", "annotation_id=a1", "text_sha256") not in found
    assert ("wrong_hash", f"doc_id={document['doc_id']}", "text_sha256") in found


@pytest.mark.parametrize(
    ("fault", "code", "column"),
    [
        ({"start": 1}, "wrong_offsets", "start"),
        ({"doc_id": "0" * 16}, "unknown_document", "doc_id"),
        ({"text_sha256": "0" * 64}, "unknown_text", "text_sha256"),
    ],
)
def test_a_suggestion_that_its_document_does_not_hold_is_found(
    fault: dict[str, Any], code: str, column: str, sound: Path, data: Path
) -> None:
    """Every suggestion is looked up in the text it names; the planted one is the only finding."""
    import shutil

    shutil.copytree(sound / "suggestions", data / "suggestions")
    assert codes(data) == []
    path = data / "suggestions" / "suggestions-00000.parquet"
    (row,) = pq.read_table(path).slice(0, 1).to_pylist()
    if "start" in fault:  # shifted, and as long as before, or the contract alone would find it
        fault = {"start": row["start"] + 1, "end": row["end"] + 1}
    alter(path, lambda rows: rows[0].update(fault))
    assert codes(data) == [(code, f"suggestion_id={row['suggestion_id']}", column)]


def test_nothing_built_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There are no tables"):
        Corpus.without(tmp_path).validate()
