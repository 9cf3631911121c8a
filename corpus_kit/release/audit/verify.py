"""`verify`: every promise a release makes that can be checked from its folder, and the place of every one that is broken."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from corpus_kit.core.errors import UsageError
from corpus_kit.core.records import Finding
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.storage.tables import Fingerprint, file_sha256
from corpus_kit.release.audit.root import SEAL, documents_of, label_root, seal_of
from corpus_kit.release.text_free.columns import Rule, text_columns

_SPLITS_PART = re.compile(r"<!-- corpus-kit:begin splits -->\n(.*?)<!-- corpus-kit:end splits -->", re.DOTALL)
_LANGUAGES_PART = re.compile(r"<!-- corpus-kit:begin languages -->\n(.*?)<!-- corpus-kit:end languages -->", re.DOTALL)
_LABELS_PART = re.compile(r"<!-- corpus-kit:begin labels -->\n(.*?)<!-- corpus-kit:end labels -->", re.DOTALL)
_FIGURES_PART = re.compile(r"<!-- corpus-kit:begin provenance -->\n(.*?)<!-- corpus-kit:end provenance -->", re.DOTALL)


@dataclass(slots=True)
class Verified:
    """What was checked. findings: what is wrong, empty where all holds. root: over all documents and labels."""

    files: int = 0
    rows: int = 0
    documents: int = 0
    root: str = ""
    findings: list[Finding] = field(default_factory=list)


def verify_release(folder: Path) -> Verified:
    """Check a release: files, hashes, schemas, offsets, splits, counts, the card's figures, the root.

    Args:
        folder: a release, with texts or without.

    Raises:
        UsageError: there is no release in the folder.
    """
    try:
        manifest = read_manifest(folder)
    except ValueError:
        manifest = None
    if manifest is None or "configs" not in manifest:
        raise UsageError(f"There is no readable manifest.json of a release in {folder}.", "Name the release's folder.")
    made = Verified(files=len(_data_files(manifest)) + len(manifest.get("beside", {})))
    made.findings += _manifest(manifest)
    made.findings += _files(folder, manifest)
    changed = {one.table for one in made.findings if one.code == "file_changed"}  # what is in it may crash a reader
    whole = [one for one in _data_files(manifest) if one[2]["name"] not in changed]
    readable = [one for one in whole if not _broken(folder, one[2]["name"], made.findings)]
    state = _Rows(folder, manifest, made)
    for config, split, file in readable:
        state.read(config, split, file)
    if len(readable) == len(_data_files(manifest)):
        state.finish()
        made.findings += _card(folder, manifest)
        made.root = label_root(documents_of(folder, manifest))
        if made.root != manifest.get("root"):
            made.findings.append(Finding("root_differs", "manifest.json", column="root", hint=_CHANGED))
    made.findings = list(dict.fromkeys(made.findings))
    return made


_CHANGED = "It is not what the release was made with. Get the release again."


def _data_files(manifest: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """(configuration, split, facts) of every data file; those of `documents` first, since the others refer to them."""
    configs = sorted(manifest["configs"].items(), key=lambda item: item[0] != "documents")
    return [
        (config, split, file) for config, facts in configs for split, files in facts["splits"].items() for file in files
    ]


def _manifest(manifest: Mapping[str, Any]) -> Iterator[Finding]:
    if manifest.get(SEAL) != seal_of(manifest):
        yield Finding("seal_broken", "manifest.json", column=SEAL, hint=_CHANGED)


def _files(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Every file is there with its hash, and no other."""
    expected = {file["name"]: file["sha256"] for _, _, file in _data_files(manifest)} | manifest.get("beside", {})
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() or p.is_symlink()}
    for name, sha256 in expected.items():
        if name not in found:
            yield Finding("file_missing", name, hint="The manifest names it. Get the release again.")
        elif file_sha256(folder / name) != sha256:
            yield Finding("file_changed", name, column="sha256", hint=_CHANGED)
    for name in sorted(found - set(expected) - {"manifest.json"}):
        if not name.startswith(("full/", ".git")):
            yield Finding("file_unknown", name, hint="The manifest does not name it: it is of another release.")


def _broken(folder: Path, name: str, findings: list[Finding]) -> bool:
    try:
        with pq.ParquetFile(folder / name):
            return False
    except FileNotFoundError:
        return True
    except (pa.ArrowException, OSError):
        findings.append(Finding("file_unreadable", name, hint="It is not Parquet any more. Get the release again."))
        return True


class _Rows:
    """What is checked row by row, and added up over the files."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any], made: Verified) -> None:
        self._folder, self._manifest, self._made = folder, manifest, made
        self._texts: dict[str, str] = {}
        self._lengths: dict[str, int] = {}
        self._split_of: dict[str, str] = {}
        self._hash_split: dict[str, tuple[str, str]] = {}
        self._cluster_split: dict[str, tuple[str, str]] = {}
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in ("language", "encoding", "newline")}
        self._characters = 0
        self._front = {one["config_name"]: one for one in self._declared() if "config_name" in one}

    def _declared(self) -> list[dict[str, Any]]:
        try:
            text = (self._folder / "README.md").read_text(encoding="utf-8")
            declared: list[dict[str, Any]] = yaml.safe_load(text.split("---\n", 2)[1])["dataset_info"]
            return declared
        except (OSError, ValueError, KeyError, IndexError, TypeError, yaml.YAMLError):
            self._say("card_unreadable", "README.md", hint="Its head is no YAML that declares configurations.")
            return []

    def _say(self, code: str, table: str, row: str = "", column: str = "", hint: str = _CHANGED) -> None:
        self._made.findings.append(Finding(code, table, row, column, hint))

    def read(self, config: str, split: str, file: Mapping[str, Any]) -> None:
        """One file: its rows, their hashes, and what each row says."""
        name = file["name"]
        fingerprint, rows = Fingerprint(), 0
        columns = list(self._manifest["configs"][config]["columns"])
        rules = text_columns(columns)
        try:
            with pq.ParquetFile(self._folder / name) as opened:
                if opened.schema_arrow.names != columns:
                    self._say("columns_differ", name)
                    return
                for batch in opened.iter_batches(batch_size=500):
                    table = pa.Table.from_batches([batch])
                    fingerprint.add(table)
                    rows += table.num_rows
                    for row in table.to_pylist():
                        self._row(config, split, name, row, rules)
        except (pa.ArrowException, OSError, ValueError):
            self._say("file_unreadable", name, hint="Its pages cannot be read. Get the release again.")
            return
        self._made.rows += rows
        if rows != file["rows"]:
            self._say("rows_differ", name, hint=f"{rows} rows, the manifest says {file['rows']}.")
        if fingerprint.hexdigest() != file["fingerprint"]:
            self._say("content_differs", name)

    def _row(self, config: str, split: str, name: str, row: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
        doc_id = row["doc_id"]
        key = f"doc_id={doc_id}"
        if config == "documents":
            self._document(split, name, row)
        elif self._split_of.get(doc_id) != split:
            self._say("split_differs", name, key, hint="Its document is in another split, or not there.")
        text = self._texts.get(doc_id)
        for column, rule in rules.items():
            if text is not None and row[column] is not None and not _holds(rule, text, row, column):
                self._say("offset_wrong", name, key, column, "The characters at its offsets are others.")
        length = self._lengths.get(doc_id)
        for column, start, end in _places(row):
            if start < 0 or end < start or (length is not None and end > length):
                self._say("offset_wrong", name, key, column, f"{start}-{end} is no place in the text.")

    def _document(self, split: str, name: str, row: Mapping[str, Any]) -> None:
        doc_id, sha256 = row["doc_id"], row["text_sha256"]
        key = f"doc_id={doc_id}"
        if doc_id in self._split_of:
            self._say("doc_id_twice", name, key, "doc_id")
        self._split_of[doc_id], self._lengths[doc_id] = split, row["n_chars"]
        if "text" in row:
            self._texts[doc_id] = row["text"]
            if hashlib.sha256(row["text"].encode("utf-8", "surrogatepass")).hexdigest() != sha256:
                self._say("text_changed", name, key, "text_sha256")
            if len(row["text"]) != row["n_chars"]:
                self._say("figure_wrong", name, key, "n_chars")
            start, end = row["title_start"], row["title_end"]
            if start is not None and row["text"][start:end] != row["title"]:
                self._say("offset_wrong", name, key, "title")
        for column, seen in (("text_sha256", self._hash_split), ("duplicate_cluster", self._cluster_split)):
            value = row.get(column)
            if value is not None and seen.setdefault(value, (split, doc_id))[0] != split:
                self._say("split_leak", name, key, column, f"Its like, {seen[value][1]}, is in {seen[value][0]}.")
        for column, counter in self._counts.items():
            counter[row[column]] += 1
        self._characters += row["n_chars"]
        self._made.documents += 1

    def finish(self) -> None:
        """What only all rows together tell."""
        told = self._manifest["counts"]
        for column, counter in self._counts.items():
            if dict(sorted(counter.items())) != told[column]:
                self._say("figure_wrong", "manifest.json", column=f"counts.{column}")
        for column, value in (("documents", self._made.documents), ("characters", self._characters)):
            if told["totals"][column] != value:
                self._say("figure_wrong", "manifest.json", column=f"counts.totals.{column}")
        for config, facts in self._manifest["configs"].items():
            expected = {split: sum(f["rows"] for f in files) for split, files in facts["splits"].items()}
            declared = self._front.get(config)
            if declared is None:
                self._say("config_missing", "README.md", column=config)
            elif {one["name"]: one["num_examples"] for one in declared["splits"]} != expected:
                self._say("figure_wrong", "README.md", column=f"dataset_info.{config}")


def _holds(rule: Rule, text: str, row: Mapping[str, Any], column: str) -> bool:
    try:
        return bool(rule(text, row) == row[column])
    except (TypeError, ValueError):
        return False


def _places(row: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Every pair of offsets in a row with the column it is in."""
    for name, value in row.items():
        if name.endswith("start") and value is not None:
            end = row.get(f"{name[:-5]}end")
            yield name, value, -1 if end is None else int(end)
        elif isinstance(value, list) and value and isinstance(value[0], dict) and "start" in value[0]:
            yield from ((name, one["start"], one["end"]) for one in value)


def _card(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """The figures that the card prints, against the manifest's, which were compared with the rows."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8").replace("\r\n", "\n")
    except (OSError, ValueError):
        return
    rows = {
        (config, split): sum(f["rows"] for f in files)
        for config, facts in manifest["configs"].items()
        for split, files in facts["splits"].items()
    }
    checks: list[tuple[re.Pattern[str], str, Callable[[list[str]], bool]]] = [
        (_SPLITS_PART, "splits", lambda cells: rows.get((cells[0], cells[1])) == _number(cells[2])),
        (_LANGUAGES_PART, "languages", lambda cells: manifest["counts"]["language"].get(cells[0]) == _number(cells[1])),
    ]
    for pattern, part, right in checks:
        match = pattern.search(text)
        for cells in _table(match[1]) if match else ():
            if not right(cells):
                yield Finding("figure_wrong", "README.md", " | ".join(cells), part, "The rows say something else.")
    labels = {(name, n) for values in manifest.get("labels", {}).values() for name, n in values.items()}
    match = _LABELS_PART.search(text)
    for cells in _table(match[1]) if match else ():
        if len(cells) == 3 and cells[2].endswith("%") and (cells[0].strip("`"), _number(cells[1])) not in labels:
            yield Finding("figure_wrong", "README.md", " | ".join(cells), "labels", "The rows say something else.")
    match = _FIGURES_PART.search(text)
    if match and manifest["fingerprint"] not in match[1]:
        yield Finding("figure_wrong", "README.md", column="fingerprint", hint="The manifest names another content.")


def _table(part: str) -> Iterator[list[str]]:
    """The cells of every row of the Markdown tables in a part, without heads."""
    lines = [line for line in part.split("\n") if line.startswith("|")]
    for number, line in enumerate(lines):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        is_rule = set(line) <= set("|-: ")
        is_head = number + 1 < len(lines) and set(lines[number + 1]) <= set("|-: ")
        if not is_rule and not is_head:
            yield cells


def _number(cell: str) -> int:
    digits = cell.replace(",", "")
    return int(digits) if digits.isdigit() else -1


def as_json(made: Verified) -> str:
    """The result for machines."""
    told = {"files": made.files, "rows": made.rows, "documents": made.documents, "root": made.root}
    return json.dumps(told | {"findings": [one.as_dict() for one in made.findings]}, ensure_ascii=False)
