"""`validate`: every made table against its contract, and what no single row can tell: keys, offsets, counts, hashes; and
the files of the release.

Nothing is raised and nothing is changed; what is wrong comes back as findings. Tables are read file by file.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from corpus_kit.core.errors import CorpusKitError
from corpus_kit.core.layers import Layer
from corpus_kit.core.leaks import find_leaks
from corpus_kit.core.reasons import REASONS
from corpus_kit.core.records import Finding
from corpus_kit.core.schema.contracts import Contract, contract_path
from corpus_kit.core.schema.file import read_contract_file
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.storage.tables import file_sha256, part_name, parts, read_table
from corpus_kit.validate.codebook import check_codebooks
from corpus_kit.validate.release import CHANGED, check_release

LISTED_PER_CODE = 100
# folder → (table, file prefix); a folder that is not there has not been made yet and is no finding.
_MADE = {
    "documents": (("documents", "documents"),),
    "suggestions": (("suggestions", "suggestions"), ("suggested_choices", "suggested_choices")),
    "annotations": tuple((t, t) for t in ("annotations", "spans", "choices", "relations", "texts", "carried")),
    "gold": tuple((t, t) for t in ("annotations", "spans", "choices", "relations", "decisions")),
}


@dataclass(frozen=True, slots=True)
class TableReport:
    """table: `folder/table`, or `release/configuration`. rows: read. findings: counted, also those that are not listed."""

    table: str
    rows: int
    findings: int


@dataclass(slots=True)
class ValidationReport:
    """findings: at most 100 of each code and table. left_out: how many more there are."""

    tables: list[TableReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    left_out: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "tables": [{"table": t.table, "rows": t.rows, "findings": t.findings} for t in self.tables],
            "findings": [f.as_dict() for f in self.findings],
            "left_out": self.left_out,
        }


def validate_folder(
    data: Path, contracts: Path, layers: Mapping[str, Layer] = MappingProxyType({})
) -> ValidationReport:
    """Check all made folders below `data` (a corpus's `data/`, or what `build --out` named).

    layers: those whose guidelines are held against gold.

    Raises ConfigError when a contract itself cannot be read.
    """
    report = ValidationReport()
    seen: Counter[tuple[str, str]] = Counter()

    def take(name: str, rows: int, findings: Iterator[Finding]) -> None:
        count = 0
        for finding in findings:
            count += 1
            seen[name, finding.code] += 1
            if seen[name, finding.code] <= LISTED_PER_CODE:
                report.findings.append(finding)
            else:
                report.left_out += 1
        report.tables.append(TableReport(name, rows, count))

    for folder, tables in _MADE.items():
        for table, prefix in tables:
            files = parts(data / folder, prefix)
            if files or (table == folder and (data / folder).is_dir()):
                check = _Check(f"{folder}/{table}", Contract(read_contract_file(contract_path(contracts, table))), data)
                findings = list(check.files(data / folder, files))
                if table == "documents":
                    findings += find_leaks(data / folder, read_manifest(data / folder) or {})
                take(check.name, check.rows, iter(findings))
    rejected = data / "rejected"
    if rejected.is_dir():
        files = sorted(rejected.glob("*.parquet"))
        check = _Check("rejected", Contract(read_contract_file(contracts / "rejected.yaml")), data)
        findings = list(check.files(rejected, files))
        take("rejected", check.rows, iter(findings))
    if (data / "release").is_dir():
        for part in check_release(data / "release", read_manifest(data / "documents") or {}):
            take(part.name, part.rows, iter(part.findings))
    for file, examples, findings in check_codebooks(data, layers):
        take(file, examples, iter(findings))
    return report


def _listed(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The files of a folder, of all its tables."""
    return [*manifest.get("files", []), *manifest.get("choice_files", [])]


class _Check:
    """The checks of one table over all its files."""

    def __init__(self, name: str, contract: Contract, data: Path) -> None:
        self.name, self.contract, self.data = name, contract, data
        self.rows = 0
        self.keys: set[str] = set()
        self.clusters_of: dict[str, str] = {}  # a cluster's name → one of its documents, where the two differ
        self._texts: dict[tuple[str, str], str] | None = None
        self._of: dict[str, dict[str, str]] = {}

    def files(self, folder: Path, files: list[Path]) -> Iterator[Finding]:
        manifest = read_manifest(folder)
        if manifest is None:
            yield Finding(
                "no_manifest", self.name, hint=f"{folder.name}/manifest.json is missing or damaged. Build again."
            )
        own = f"{self.name.split('/')[-1]}-"  # one manifest lists the files of all tables of its folder
        listed = {f["name"]: f for f in _listed(manifest or {}) if f["name"].startswith(own)}
        for name in listed.keys() - {f.name for f in files}:
            yield Finding("missing_file", self.name, row=name, hint="The manifest lists it. Build again.")
        for path in files:
            if listed and path.name not in listed:
                yield Finding(
                    "unlisted_file", self.name, row=path.name, hint="The manifest does not list it. Remove it."
                )
            yield from self._file(path, listed.get(path.name))
        for cluster in sorted(self.clusters_of.keys() - self.keys):
            hint = f"There is no document {cluster} that its cluster is named after."
            yield Finding("wrong_cluster", self.name, f"doc_id={self.clusters_of[cluster]}", "duplicate_cluster", hint)

    def _file(self, path: Path, listed: dict[str, Any] | None) -> Iterator[Finding]:
        if listed and file_sha256(path) != listed["sha256"]:
            yield Finding("changed_file", self.name, row=path.name, hint=CHANGED)
        try:
            frame = pl.from_arrow(read_table(path))
        except CorpusKitError as e:
            yield Finding("unreadable_file", self.name, row=path.name, hint=f"{e.message} {e.hint}")
            return
        assert isinstance(frame, pl.DataFrame)
        self.rows += frame.height
        checked = self.contract.check(frame)
        key = self.contract.file.columns[0].name
        for failure in checked.failures:
            row = "" if failure.row_index is None else f"{key}={frame[key][failure.row_index]}"
            yield Finding("contract", self.name, row, failure.column, f"check {failure.check}, value {failure.value}")
        if checked.failed_rows and any(f.row_index is None for f in checked.failures):
            return  # columns are missing: what follows would only repeat it
        rules = {
            "documents": self._documents,
            "suggestions": lambda rows: self._suggestions(rows, path),
            "suggested_choices": lambda rows: self._suggestions(rows, path),
            "texts": self._texts_rows,
            "annotations": self._annotations,
            "spans": self._spans,
            "choices": self._of_annotation,
            "relations": self._of_annotation,
            "carried": self._carried,
            "rejected": self._rejected,
        }
        rule = rules.get(self.contract.table)
        if rule:
            yield from rule(frame)

    def _repeated(self, frame: pl.DataFrame, column: str) -> Iterator[Finding]:
        for value in frame[column].to_list():
            if value in self.keys:
                yield Finding("repeated_key", self.name, f"{column}={value}", column, "The key stands in two files.")
            self.keys.add(value)

    def _documents(self, frame: pl.DataFrame) -> Iterator[Finding]:
        yield from self._repeated(frame, "doc_id")
        for row in frame.iter_rows(named=True):
            key, text = f"doc_id={row['doc_id']}", row["text"]
            if hashlib.sha256(text.encode()).hexdigest() != row["text_sha256"]:
                yield Finding("wrong_hash", self.name, key, "text_sha256", "It is not the sha256 of the text.")
            if len(text) != row["n_chars"]:
                yield Finding("wrong_count", self.name, key, "n_chars", f"The text has {len(text)} characters.")
            if row["title_start"] is not None and text[row["title_start"] : row["title_end"]] != row["title"]:
                yield Finding("wrong_offsets", self.name, key, "title_start", "The text there is not the title.")
            if row["published_end"] is not None and row["published_end"] > len(text):
                yield Finding("wrong_offsets", self.name, key, "published_end", "It lies behind the text's end.")
            elif row["published_start"] is not None and not _shows(row["published_on"], text, row):
                hint = "The text there does not show that day."
                yield Finding("wrong_offsets", self.name, key, "published_start", hint)
        named = frame.filter(pl.col("duplicate_cluster") != pl.col("doc_id"))
        self.clusters_of |= dict(named.select("duplicate_cluster", "doc_id").iter_rows())
        clusters = frame.filter(pl.col("duplicate_cluster") > pl.col("doc_id"))
        for row in clusters.iter_rows(named=True):
            hint = "A cluster is named after its smallest doc_id."
            yield Finding("wrong_cluster", self.name, f"doc_id={row['doc_id']}", "duplicate_cluster", hint)

    def _suggestions(self, frame: pl.DataFrame, path: Path) -> Iterator[Finding]:
        yield from self._repeated(frame, "suggestion_id")
        of = self.data / "documents" / self._documents_of(path)
        columns = ["doc_id", "text_sha256", "text"]
        texts = {row["doc_id"]: row for row in read_table(of, columns).to_pylist()} if of.is_file() else {}
        for row in frame.iter_rows(named=True):
            key, document = f"suggestion_id={row['suggestion_id']}", texts.get(row["doc_id"])
            if document is None:
                hint = f"{of.name} holds no such document. Build again."
                yield Finding("unknown_document", self.name, key, "doc_id", hint)
            elif document["text_sha256"] != row["text_sha256"]:
                hint = "It is not the document's current text. Build again."
                yield Finding("unknown_text", self.name, key, "text_sha256", hint)
            elif row["start"] is not None and document["text"][row["start"] : row["end"]] != row["surface"]:
                yield Finding("wrong_offsets", self.name, key, "start", "The text there is not the surface.")

    def _documents_of(self, path: Path) -> str:
        """The file of documents that a file of suggestions was made from: each layer's are made file for file, so one file
        of texts is in memory at a time."""
        own = path.name.rpartition("-")[0]
        files = [f for f in _listed(read_manifest(path.parent) or {}) if f["name"].rpartition("-")[0] == own]
        layers = {file["name"]: file.get("layer") for file in files}
        of_layer = [name for name, layer in layers.items() if layer == layers.get(path.name)]
        number = of_layer.index(path.name) if path.name in of_layer else len(of_layer)
        return part_name("documents", number)

    def _texts_rows(self, frame: pl.DataFrame) -> Iterator[Finding]:
        for row in frame.iter_rows(named=True):
            if hashlib.sha256(row["text"].encode()).hexdigest() != row["text_sha256"]:
                key = f"doc_id={row['doc_id']}"
                yield Finding("wrong_hash", self.name, key, "text_sha256", "It is not the sha256 of the text.")

    def _annotations(self, frame: pl.DataFrame) -> Iterator[Finding]:
        yield from self._repeated(frame, "annotation_id")
        texts = self._known_texts()
        for annotation, doc, sha in frame.select("annotation_id", "doc_id", "text_sha256").iter_rows():
            if (doc, sha) not in texts:
                hint = "Neither documents nor texts hold the text that the annotation was made on."
                yield Finding("unknown_text", self.name, f"annotation_id={annotation}", "text_sha256", hint)

    def _spans(self, frame: pl.DataFrame) -> Iterator[Finding]:
        yield from self._of_annotation(frame)
        texts = self._known_texts()
        made_on = self._texts_of_annotations()
        for row in frame.iter_rows(named=True):
            text = texts.get((row["doc_id"], made_on.get(row["annotation_id"], "")))
            if text is not None and text[row["start"] : row["end"]] != row["surface"]:
                key = f"annotation_id={row['annotation_id']} span_id={row['span_id']}"
                yield Finding("wrong_offsets", self.name, key, "start", "The text there is not the surface.")

    def _carried(self, frame: pl.DataFrame) -> Iterator[Finding]:
        yield from self._of_annotation(frame)
        texts, made_on = self._known_texts(), self._texts_of_annotations()
        for row in frame.iter_rows(named=True):
            key = f"annotation_id={row['annotation_id']} span_id={row['span_id']}"
            if made_on.get(row["annotation_id"], row["from_text_sha256"]) != row["from_text_sha256"]:
                hint = "It is not the text that the annotation was made on."
                yield Finding("wrong_hash", self.name, key, "from_text_sha256", hint)
            text = texts.get((row["doc_id"], row["text_sha256"]))
            if text is None:
                hint = "It is not the document's current text. Build again."
                yield Finding("unknown_text", self.name, key, "text_sha256", hint)
            elif row["start"] is not None and text[row["start"] : row["end"]] != row["surface"]:
                yield Finding("wrong_offsets", self.name, key, "start", "The text there is not the surface.")

    def _of_annotation(self, frame: pl.DataFrame) -> Iterator[Finding]:
        known = self._texts_of_annotations()
        for annotation in frame["annotation_id"].unique(maintain_order=True).to_list():
            if annotation not in known:
                hint = "There is no such annotation."
                yield Finding("unknown_annotation", self.name, f"annotation_id={annotation}", "annotation_id", hint)

    def _rejected(self, frame: pl.DataFrame) -> Iterator[Finding]:
        for source, reason in frame.select("source", "reason").unique(maintain_order=True).iter_rows():
            if reason not in REASONS:
                hint = f"'{reason}' is no reason code."
                yield Finding("unknown_reason", self.name, f"source={source}", "reason", hint)

    def _known_texts(self) -> dict[tuple[str, str], str]:
        """Texts that annotations may name, only those of annotated documents: memory follows the labels."""
        if self._texts is None:
            wanted = set(self._texts_of_annotations(docs=True).values())
            self._texts = {}
            for table in ("documents", "texts"):
                for path in parts(self.data / "documents", table) + parts(self.data / "annotations", table):
                    frame = read_table(path, ["doc_id", "text_sha256", "text"])
                    for row in frame.to_pylist():
                        if row["doc_id"] in wanted:
                            self._texts[row["doc_id"], row["text_sha256"]] = row["text"]
        return self._texts

    def _texts_of_annotations(self, docs: bool = False) -> dict[str, str]:
        column = "doc_id" if docs else "text_sha256"
        if column in self._of:
            return self._of[column]
        made = self._of[column] = {}
        folder = self.data / self.name.split("/")[0]
        for path in parts(folder, "annotations"):
            for row in read_table(path, ["annotation_id", column]).to_pylist():
                made[row["annotation_id"]] = row[column]
        return made


def _shows(day: date, text: str, row: dict[str, Any]) -> bool:
    """Whether the words a date was read from hold its year and day; which language names the month is not asked."""
    numbers = {int(n) for n in re.findall(r"\d+", text[row["published_start"] : row["published_end"]])}
    return {day.year, day.day} <= numbers
