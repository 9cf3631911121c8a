"""A stranger checks a release from its folder alone: every planted change is found, and the finding names its place."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus_kit.core.errors import UsageError
from corpus_kit.core.storage.tables import Fingerprint, TableWriter
from corpus_kit.release.audit.root import SEAL, label_root, seal_of
from corpus_kit.release.audit.verify import Verified, verify_release
from corpus_kit.release.text_free.write import write_text_free


@pytest.fixture
def release(sample_release: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_release, tmp_path / "release"))


def _codes(made: Verified) -> set[tuple[str, str]]:
    return {(one.code, one.table) for one in made.findings}


def _manifest(release: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    return made


def _reseal(release: Path, manifest: dict[str, Any]) -> None:
    """As somebody would who knows how the manifest is made: hashes of all files and the seal are right again."""
    for facts in manifest["configs"].values():
        for files in facts["splits"].values():
            for file in files:
                path = release / file["name"]
                file |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
    for name in manifest["beside"]:
        manifest["beside"][name] = hashlib.sha256((release / name).read_bytes()).hexdigest()
    manifest[SEAL] = seal_of(manifest)
    (release / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _rewrite(release: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change the rows of one file and make every hash fit, the content's fingerprint included."""
    table = pq.ParquetFile(release / name).read()
    made = change(table).cast(table.schema)
    with TableWriter(release / name, table.schema) as writer:
        writer.write(made)
    manifest = _manifest(release)
    fingerprint = Fingerprint()
    for batch in pq.ParquetFile(release / name).iter_batches():
        fingerprint.add(batch)
    for facts in manifest["configs"].values():
        for files in facts["splits"].values():
            for file in files:
                if file["name"] == name:
                    file |= {"fingerprint": fingerprint.hexdigest()}
    _reseal(release, manifest)


def _column(name: str, value: Callable[[Any], Any], row: int = 0) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        index, values = table.column_names.index(name), table[name].to_pylist()
        values[row] = value(values[row])
        return table.set_column(index, table.schema.field(index), pa.array(values, table.schema.field(index).type))

    return change


def test_a_release_as_it_was_made_has_no_findings(sample_release: Path) -> None:
    made = verify_release(sample_release)
    assert made.findings == []
    assert made.documents == 20
    assert made.rows == sum(pl.read_parquet(file).height for file in sample_release.glob("*/*.parquet"))


def test_a_text_free_release_verifies_and_has_the_root_of_the_full_one(sample_release: Path, tmp_path: Path) -> None:
    write_text_free(sample_release, tmp_path / "free", tmp_path)
    made = verify_release(tmp_path / "free")
    assert made.findings == []
    assert made.root == verify_release(sample_release).root
    assert made.root in (sample_release / "README.md").read_text(encoding="utf-8")


def test_the_root_follows_from_documents_and_labels_by_its_definition() -> None:
    rows: list[dict[str, Any]] = [
        {"doc_id": "b", "text_sha256": "2", "gold_x": None},
        {"doc_id": "a", "text_sha256": "1", "gold_x": [{"start": 0, "end": 1, "label": "é"}]},
    ]
    first = hashlib.sha256('["a", "1", {"gold_x": [{"end": 1, "label": "é", "start": 0}]}]'.encode()).digest()
    second = hashlib.sha256(b'["b", "2", {}]').digest()
    assert label_root(rows) == hashlib.sha256(first + second).hexdigest() == label_root(reversed(rows))


@pytest.mark.parametrize("part", range(3))
def test_a_single_changed_byte_in_any_file_is_found_and_the_file_named(release: Path, part: int) -> None:
    files = sorted(path for path in release.rglob("*") if path.is_file() and path.name != "manifest.json")
    rng = random.Random(part)
    chosen = files[part::3]
    assert len(chosen) >= 8
    originals = {path: path.read_bytes() for path in chosen}
    for path, content in originals.items():
        at = rng.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :])
    found = verify_release(release)
    for path in chosen:
        name = path.relative_to(release).as_posix()
        assert ("file_changed", name) in _codes(found), name


def test_a_changed_manifest_is_found_wherever_it_was_changed(sample_release: Path, tmp_path: Path) -> None:
    text = (sample_release / "manifest.json").read_text(encoding="utf-8")
    release = Path(shutil.copytree(sample_release, tmp_path / "release"))
    digits = [at for at, sign in enumerate(text) if sign.isdigit() and '"toolkit"' not in text[max(0, at - 80) : at]]
    for at in random.Random(1).sample(digits, 12):
        changed = text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]
        (release / "manifest.json").write_text(changed, encoding="utf-8")
        assert any(one.table == "manifest.json" for one in verify_release(release).findings), text[at - 40 : at + 10]


def test_files_that_are_missing_or_left_from_another_release_are_named(release: Path) -> None:
    (release / "stance" / "test-00000-of-00001.parquet").unlink()
    shutil.copyfile(
        release / "stance" / "train-00000-of-00001.parquet", release / "stance" / "train-00000-of-00002.parquet"
    )
    found = _codes(verify_release(release))
    assert ("file_missing", "stance/test-00000-of-00001.parquet") in found
    assert ("file_unknown", "stance/train-00000-of-00002.parquet") in found


TRAIN = "train-00000-of-00001.parquet"


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        (f"annotations/{TRAIN}", _column("start", lambda at: at + 1), "offset_wrong"),
        (f"annotations/{TRAIN}", _column("surface", lambda text: text + "x"), "offset_wrong"),
        (f"entities/{TRAIN}", _column("token_starts", lambda at: [at[0] + 1, *at[1:]]), "offset_wrong"),
        (f"entities/{TRAIN}", _column("tokens", lambda words: ["Other", *words[1:]]), "offset_wrong"),
        (f"boilerplate/{TRAIN}", _column("end", lambda at: at + 1), "offset_wrong"),
        (f"boilerplate/{TRAIN}", _column("end", lambda at: at + 10**7), "offset_wrong"),
        (f"stance/{TRAIN}", _column("text", lambda text: text[1:]), "offset_wrong"),
        (f"stance/{TRAIN}", _column("evidence", lambda _: [{"start": 5, "end": 2}]), "offset_wrong"),
        (f"documents/{TRAIN}", _column("text", lambda text: text + " "), "text_changed"),
        (f"documents/{TRAIN}", _column("main_text", lambda text: text[:-1]), "offset_wrong"),
        (f"documents/{TRAIN}", _column("gold_entities", lambda spans: spans[1:]), "root_differs"),
        (f"documents/{TRAIN}", _column("gold_stance", lambda answers: answers[1:]), "root_differs"),
        (f"documents/{TRAIN}", _column("text_sha256", lambda sha: sha[::-1]), "text_changed"),
        (f"documents/{TRAIN}", _column("language", lambda code: "pl" if code != "pl" else "en"), "figure_wrong"),
        (f"documents/{TRAIN}", _column("n_chars", lambda n: n + 1), "figure_wrong"),
        (f"documents/{TRAIN}", lambda table: table.slice(1), "figure_wrong"),
        (f"annotations/{TRAIN}", lambda table: table.slice(1), "rows_differ"),
        (f"entities/{TRAIN}", lambda table: pa.concat_tables([table, table.slice(0, 1)]), "rows_differ"),
        (f"stance_soft/{TRAIN}", _column("doc_id", lambda _: "0" * 16), "split_differs"),
    ],
)
def test_a_changed_row_is_found_even_where_every_hash_was_made_to_fit(
    release: Path, name: str, change: Callable[[pa.Table], pa.Table], code: str
) -> None:
    _rewrite(release, name, change)
    found = verify_release(release).findings
    assert code in {one.code for one in found}, found
    assert any(one.table in (name, "manifest.json", "README.md") for one in found)


def test_the_same_text_in_two_splits_is_a_leak(release: Path) -> None:
    documents = pq.ParquetFile(release / "documents" / TRAIN).read()
    leaked = documents.slice(0, 1)

    def add(table: pa.Table) -> pa.Table:
        twin = _column("doc_id", lambda _: "f" * 16)(leaked)
        return pa.concat_tables([table, twin.cast(table.schema)])

    _rewrite(release, "documents/test-00000-of-00001.parquet", add)
    assert "split_leak" in {one.code for one in verify_release(release).findings}


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("| documents | train | 13 |", "| documents | train | 14 |", "splits"),
        ("| en | 7 |", "| en | 8 |", "languages"),
        ("| `navigation` | 68 |", "| `navigation` | 86 |", "labels"),
    ],
)
def test_a_figure_of_the_card_is_compared_with_the_rows(release: Path, old: str, new: str, column: str) -> None:
    card = release / "README.md"
    text = card.read_text(encoding="utf-8")
    assert old in text
    card.write_text(text.replace(old, new), encoding="utf-8")
    _reseal(release, _manifest(release))
    found = [one for one in verify_release(release).findings if one.code == "figure_wrong"]
    assert [(one.table, one.column) for one in found] == [("README.md", column)]


def test_a_folder_without_a_release_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"manifest\.json"):
        verify_release(tmp_path)
    (tmp_path / "manifest.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match=r"manifest\.json"):
        verify_release(tmp_path)
