"""A release like the one that `datasets` opened last is read without it, and a wrong one passes neither way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.storage.folders import read_checked_json, read_manifest
from corpus_kit.core.storage.tables import read_table
from corpus_kit.corpus import Corpus
from corpus_kit.ingest import documents as documents_module
from corpus_kit.release import build as build_module
from corpus_kit.release import recheck as recheck_module
from corpus_kit.release.datasets_subprocess import DatasetsSubprocess
from corpus_kit.release.recheck import KEPT, files_of, recheck_release

FERRY, LAMP, ROOF = (
    "The ferry to Sennet Bay is late again.\n",
    "The lamp of the lighthouse is out.\n",
    "The market hall has a new roof.\n",
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Every call of `datasets`: what for, and which files are to be read in full."""
    calls: list[tuple[str, Any]] = []
    real = DatasetsSubprocess.begin

    def begin(self: DatasetsSubprocess, module: str, function: str, *arguments: Any) -> Any:
        calls.append((function, arguments[2] if function == "verify_release" else None))
        return real(self, module, function, *arguments)

    monkeypatch.setattr(DatasetsSubprocess, "begin", begin)
    return calls


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """A corpus of one page, built."""
    Corpus.init(tmp_path / "corpus")
    made = Corpus.open(tmp_path / "corpus")
    _page(made, "a", FERRY)
    made.build()
    return made


def _page(corpus: Corpus, name: str, text: str) -> None:
    raw = corpus.data / "raw"
    raw.mkdir(exist_ok=True)
    (raw / f"{name}.txt").write_text(text * 9)


def test_a_rebuild_of_the_same_shape_asks_datasets_nothing(corpus: Corpus, asked: list[tuple[str, Any]]) -> None:
    _page(corpus, "b", LAMP)
    assert corpus.build().release.rows["documents"] == {"train": 2}  # type: ignore[union-attr]
    assert asked == []


def test_a_release_built_in_two_steps_has_the_same_bytes_as_one_built_at_once(corpus: Corpus, tmp_path: Path) -> None:
    _page(corpus, "b", LAMP)
    corpus.build()
    Corpus.init(tmp_path / "again" / "corpus")
    another = Corpus.open(tmp_path / "again" / "corpus")
    _page(another, "a", FERRY)
    _page(another, "b", LAMP)
    another.build()
    for name in ("README.md", "manifest.json", "documents/train-00000-of-00001.parquet"):
        assert (corpus.data / "release" / name).read_bytes() == (another.data / "release" / name).read_bytes(), name


def test_another_front_matter_is_opened_with_datasets(corpus: Corpus, asked: list[tuple[str, Any]]) -> None:
    card = corpus.data.parent / "DATASET_CARD.md"
    text = card.read_text(encoding="utf-8")
    assert text.startswith("---\n")
    card.write_text(text.replace("tags: []\n", "tags: [ferries]\n", 1), encoding="utf-8")
    corpus.build()
    assert [what for what, _ in asked] == ["verify_release"]


def test_an_export_opens_this_very_release_once(corpus: Corpus, asked: list[tuple[str, Any]]) -> None:
    _page(corpus, "b", LAMP)
    corpus.build()
    corpus.export("hf")
    corpus.export("hf")
    manifest = read_manifest(corpus.data / "release")
    assert manifest is not None
    assert asked == [("verify_release", [f["name"] for f in files_of(manifest)])]


@pytest.mark.parametrize("quietly", [False, True])
def test_an_export_of_a_harmed_release_makes_it_anew_or_refuses(corpus: Corpus, quietly: bool) -> None:
    """Planted: the rows of a rebuilt release are exchanged under a file of the same size, and of the same times."""
    _page(corpus, "b", LAMP)
    corpus.build()
    file = next((corpus.data / "release" / "documents").glob("*.parquet"))
    raw, before = file.read_bytes(), file.stat()
    file.unlink()
    file.write_bytes(raw[:4] + bytes(64) + raw[68:])
    if not quietly:
        corpus.export("hf")
        assert file.read_bytes() == raw
        return
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(Exception, match=r"reads back differently|Corrupt|ZSTD|Parquet|deserialize|thrift"):
        corpus.export("hf")


def test_what_an_interrupted_build_wrote_is_read_by_the_next(
    corpus: Corpus, asked: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the build ends after the data files are made and before they are read."""
    _page(corpus, "b", LAMP)
    read: list[list[str]] = []

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    def noted(folder: Path, manifest: Any, schemas: Any, new_files: Any, workers: Any) -> None:
        read.append(list(new_files))
        recheck_release(folder, manifest, schemas, new_files, workers)

    monkeypatch.setattr(build_module, "recheck_release", stopped)
    with pytest.raises(KeyboardInterrupt):
        corpus.build()
    monkeypatch.setattr(build_module, "recheck_release", noted)
    corpus.build()
    assert read == [["documents/train-00000-of-00001.parquet"]] and asked == []


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"shape": 7}'])
def test_a_damaged_note_of_what_was_opened_counts_for_nothing(
    kept: str, corpus: Corpus, asked: list[tuple[str, Any]]
) -> None:
    (corpus.data / ".work" / KEPT).write_text(kept)
    _page(corpus, "b", LAMP)
    corpus.build()
    assert asked == [("verify_release", ["documents/train-00000-of-00001.parquet"])]


def test_workers_read_what_datasets_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a first build `datasets` reads the first file of every split, the workers all others; none is left unread.

    Planted: one of the others is harmed after it was noted.
    """
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(40):
        (raw / f"{number}.txt").write_text(f"The ferry number {number} to Sennet Bay is late again.\n" * 9)
    monkeypatch.setattr(build_module, "_groups", lambda files: [[file] for file in files])
    monkeypatch.setattr(documents_module, "SHARD_BYTES", 2000)
    read: list[str] = []
    real = recheck_module.recheck_file

    def harmed(task: recheck_module.FileTask) -> None:
        read.append(task.facts["name"])
        real(replace(task, facts=task.facts | {"fingerprint": "f" * 64}) if len(read) == 2 else task)

    def noted(task: recheck_module.FileTask) -> None:
        read.append(task.facts["name"])
        real(task)

    monkeypatch.setattr(recheck_module, "recheck_file", harmed)
    with pytest.raises(EnvironmentProblemError, match="reads back differently"):
        Corpus.without(tmp_path / "out").build([raw])
    assert not (tmp_path / "out" / "release").exists()
    read.clear()
    monkeypatch.setattr(recheck_module, "recheck_file", noted)
    Corpus.without(tmp_path / "out").build([raw])
    manifest = read_manifest(tmp_path / "out" / "release")
    assert manifest is not None
    names = [f["name"] for f in files_of(manifest)]
    assert len(names) > 3 and read == names[1:]


def _rows(release: Path, file: Path) -> None:
    table = pq.ParquetFile(file).read()
    pq.write_table(table.slice(1), file)


def _text(release: Path, file: Path) -> None:
    _exchange(file, "text", lambda texts: [texts[0][:-1], *texts[1:]])


def _value(release: Path, file: Path) -> None:
    _exchange(file, "language", lambda values: ["xx"] * len(values))


def _exchange(file: Path, column: str, change: Callable[[list[str]], list[str]]) -> None:
    table = pq.ParquetFile(file).read()
    place = table.column_names.index(column)
    values = pa.array(change(table[column].to_pylist()), pa.string())
    pq.write_table(table.set_column(place, table.schema.field(place), values), file)


def _schema(release: Path, file: Path) -> None:
    table = pq.ParquetFile(file).read()
    pq.write_table(table.replace_schema_metadata(None), file)


def _torn(release: Path, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def _another(release: Path, file: Path) -> None:
    (file.parent / "train-00007-of-00001.parquet").write_bytes(file.read_bytes())


def _declared(release: Path, file: Path) -> None:
    readme = release / "README.md"
    readme.write_text(readme.read_text().replace("num_examples: 2", "num_examples: 3"))


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (_rows, "rows: 1 instead of 2"),
        (_text, "does not have its text_sha256"),
        (_value, "content: "),
        (_schema, "another schema"),
        (_torn, "documents/train-00000-of-00001.parquet: "),
        (_another, "documents/train: files"),
        (_declared, "rows that README.md declares"),
    ],
)
def test_every_kind_of_wrong_release_is_refused(harm: Callable[[Path, Path], None], told: str, corpus: Corpus) -> None:
    from corpus_kit.release.described import Described

    _page(corpus, "b", LAMP)
    corpus.build()
    release = corpus.data / "release"
    manifest = read_manifest(release)
    assert manifest is not None
    (facts,) = files_of(manifest)
    file = release / facts["name"]
    content = file.read_bytes()
    file.unlink()  # the build's own copy is a hard link to it
    file.write_bytes(content)
    kept = read_checked_json(corpus.data / ".work" / "features.json")
    schemas = {name: Described(one["schema"], []).arrow_schema for name, one in kept["configs"]}
    recheck_release(release, manifest, schemas, [facts["name"]], Workers(1))
    harm(release, file)
    facts["bytes"] = file.stat().st_size  # so that not even the size tells
    with pytest.raises(EnvironmentProblemError, match="reads back differently") as caught:
        recheck_release(release, manifest, schemas, [facts["name"]], Workers(1))
    assert told in str(caught.value)


# Pandas, pandera and `datasets` each take about as long to import as all the rest of a rebuild, and `pyarrow` imports pandas
# wherever it takes a Python value. The others are code for what this rebuild does not do.
NOT_NEEDED = (
    "pandas",
    "pandera",
    "datasets",
    "chardet",
    "rapidfuzz",
    "multiprocessing",
    "distributed",
    "label_studio_sdk",
    "corpus_kit.agreement",
    "corpus_kit.core.parallel.dask",
    "corpus_kit.core.schema.pandera",
    "corpus_kit.labelstudio",
    "corpus_kit.report.compare",
    "corpus_kit.suggest.entities.stage",
)


def test_a_rebuild_imports_nothing_that_it_does_not_need(corpus: Corpus) -> None:
    _page(corpus, "b", LAMP)
    _page(corpus, "c", ROOF)
    code = (
        "import sys\nfrom corpus_kit import Corpus\n"
        "from corpus_kit.release.datasets_subprocess import DatasetsSubprocess\n"
        "made = []\nDatasetsSubprocess.start = lambda self: made.append(1)\n"
        "Corpus.open(sys.argv[1]).build(workers=2)\n"
        f"print(made, *[m for m in {NOT_NEEDED} if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(corpus.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]"]
    assert read_table(corpus.data / "release" / "documents" / "train-00000-of-00001.parquet").num_rows == 3
