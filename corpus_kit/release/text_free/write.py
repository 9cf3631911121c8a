"""`export --text-free`: a release without texts, made from the full release beside it.

It keeps labels, offsets, hashes and everything that does not repeat a long run of any document's text, and the recipe that
puts the texts back. Before it gets its name, every file of it is compared with every text.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from corpus_kit.core.errors import FindingsError, UsageError
from corpus_kit.core.storage.folders import made_folder, read_manifest, write_json, write_manifest
from corpus_kit.core.storage.tables import Fingerprint, TableWriter, file_sha256
from corpus_kit.release.audit.root import SEAL, seal_of
from corpus_kit.release.text_free.columns import Rule, as_pieces, text_columns
from corpus_kit.release.text_free.recipe import DOCUMENT_COLUMNS, FULL, SHINGLES, TextFreeRecipe
from corpus_kit.release.text_free.runs import Repeated
from corpus_kit.release.text_free.shingles import sentences
from corpus_kit.release.text_free.store import StoredText, TextStore, batched

DEFAULT_LIMIT = 40
"""The longest run of a text, in code points, that stays."""
_SAME = ("losses.csv", "CITATION.cff")
_BESIDE = ("README.md", "croissant.json", *_SAME, "recipe.json", "shingles.parquet")
WITHHELD = "withheld"
_ROWS = 500
"""Rows that are Python objects at one time."""


@dataclass(slots=True)
class TextFree:
    """What `write_text_free` made. rows: configuration → split → count. dropped: configuration → columns without text.

    withheld: values that repeat another document's text and are left out.
    """

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    dropped: dict[str, list[str]] = field(default_factory=dict)
    withheld: int = 0


def write_text_free(release: Path, target: Path, work: Path, limit: int = DEFAULT_LIMIT) -> TextFree:
    """Write the release in `release` to `target` without its texts.

    Args:
        release: folder of a full release.
        target: folder to make; what was there is replaced.
        work: `data/.work`, for what is not finished.
        limit: the longest run of any document's text, in code points, that may stand in any file.

    Raises:
        UsageError: no release, or a limit below 10.
        FindingsError: the card or another file that people wrote quotes more than `limit` characters of a document.
    """
    manifest = read_manifest(release)
    if manifest is None:
        raise UsageError("There is no release to take the texts from.", "Run `corpus-kit build` first.")
    if limit < 10:
        raise UsageError(f"A run of {limit} characters is shorter than most names.", "Give at least 10.")
    with made_folder(target, work) as folder:
        writer = _TextFreeWriter(release, manifest, folder, limit)
        made = writer.write()
        _refuse_quotes(folder, release, manifest, limit)
    return made


class _TextFreeWriter:
    """One text-free release in the making."""

    def __init__(self, release: Path, manifest: Mapping[str, Any], folder: Path, limit: int) -> None:
        self._release, self._manifest, self._folder, self._limit = release, manifest, folder, limit
        self._salt = manifest["fingerprint"][:32]
        self._texts = _stored(release, manifest)
        self._pieces: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
        self._row_of: Counter[tuple[str, str]] = Counter()
        self._foreign = Repeated(limit)
        self._made = TextFree()

    def write(self) -> TextFree:
        configs = self._manifest["configs"]
        rules = {name: text_columns(facts["columns"]) for name, facts in configs.items()}
        self._foreign.publish(self._remaining(rules))
        self._foreign.compare(text for _, text in texts_of(self._release, self._manifest))
        schemas: dict[str, str] = {}
        written = {}
        for name, facts in configs.items():
            self._made.dropped[name] = sorted(rules[name])
            splits = {}
            for split, files in facts["splits"].items():
                splits[split] = [self._file(name, rules[name], file, schemas) for file in files]
                self._made.rows.setdefault(name, {})[split] = sum(file["rows"] for file in files)
            columns = [column for column in facts["columns"] if column not in rules[name]]
            written[name] = {"columns": columns, "splits": splits}
        self._shingles()
        documents = [dict(row) for row in self._documents()]
        TextFreeRecipe(self._limit, self._salt, schemas, documents, self._pieces).write(self._folder)
        self._beside(written)
        return self._made

    def _remaining(self, rules: Mapping[str, Mapping[str, Rule]]) -> Iterator[str]:
        """Every literal that would stay, of every cell of every configuration."""
        for name, facts in self._manifest["configs"].items():
            for files in facts["splits"].values():
                for file in files:
                    for _, table in row_groups(self._release / file["name"]):
                        for column in _strings(table, rules[name]):
                            for doc_id, value in zip(_doc_ids(table), table[column].to_pylist(), strict=True):
                                if value is not None and len(value) > self._limit:
                                    pieces = as_pieces(value, self._text(doc_id), self._limit)
                                    yield from (one for one in pieces if isinstance(one, str))

    def _file(
        self, config: str, rules: Mapping[str, Rule], file: Mapping[str, Any], schemas: dict[str, str]
    ) -> dict[str, Any]:
        path = self._folder / file["name"]
        path.parent.mkdir(exist_ok=True)
        fingerprint = Fingerprint()
        writer: TableWriter | None = None
        for schema, table in row_groups(self._release / file["name"]):
            schemas.setdefault(config, schema.serialize().to_pybytes().hex())
            self._check(config, rules, table)
            kept = self._without_runs(config, rules, table.drop_columns(list(rules)))
            if writer is None:
                writer = TableWriter(path, _schema(schema, rules))
            kept = kept.cast(_schema(schema, rules))
            writer.write(kept)
            fingerprint.add(kept)
        assert writer is not None
        writer.close()
        return {
            "name": file["name"],
            "rows": writer.rows,
            "bytes": path.stat().st_size,
            "data_bytes": path.stat().st_size,
            "sha256": file_sha256(path),
            "fingerprint": fingerprint.hexdigest(),
        }

    def _check(self, config: str, rules: Mapping[str, Rule], table: pa.Table) -> None:
        """What is left out can be made again, row by row."""
        for row in (row for batch in table.to_batches(_ROWS) for row in batch.to_pylist()) if rules else ():
            for column, rule in rules.items():
                if rule(self._texts[row["doc_id"]].text, row) != row[column]:
                    raise FindingsError(
                        f"{config}: `{column}` of {row['doc_id']} does not follow from its text and offsets.",
                        "Run `corpus-kit validate`.",
                    )

    def _without_runs(self, config: str, rules: Mapping[str, Rule], table: pa.Table) -> pa.Table:
        doc_ids = _doc_ids(table)
        rows = []
        for doc_id in doc_ids:
            rows.append(self._row_of[config, doc_id])
            self._row_of[config, doc_id] += 1
        for column in _strings(table, rules):
            values = table[column].to_pylist()
            for at, (doc_id, value) in enumerate(zip(doc_ids, values, strict=True)):
                if value is None or len(value) <= self._limit:
                    continue
                pieces = as_pieces(value, self._text(doc_id), self._limit)
                if any(self._foreign.repeats(one) for one in pieces if isinstance(one, str)):
                    values[at] = None
                    self._made.withheld += 1
                elif len(pieces) > 1 or not isinstance(pieces[0], str):
                    values[at] = None
                    here = self._pieces.setdefault(doc_id, {}).setdefault(config, {})
                    here.setdefault(str(rows[at]), {})[column] = pieces
            index = table.column_names.index(column)
            table = table.set_column(index, table.schema.field(index), pa.array(values, table.schema.field(index).type))
        return table

    def _text(self, doc_id: str) -> str:
        found = self._texts.get(doc_id)
        return "" if found is None else found.text

    def _shingles(self) -> None:
        numbers = pa.list_(pa.int64())
        columns = [("doc_id", pa.string()), ("starts", numbers), ("ends", numbers), ("shingles", pa.list_(pa.string()))]
        schema = pa.schema(columns)
        with TableWriter(self._folder / SHINGLES, schema) as writer:
            for own in batched(texts_of(self._release, self._manifest), _ROWS):
                writer.write(pa.Table.from_pylist([self._shingled(*one) for one in own], schema))

    def _shingled(self, doc_id: str, text: str) -> dict[str, Any]:
        made = sentences(text, self._salt)
        places = {"starts": [one.start for one in made], "ends": [one.end for one in made]}
        return {"doc_id": doc_id, **places, "shingles": [one.shingle for one in made]}

    def _documents(self) -> Iterator[Mapping[str, Any]]:
        for files in self._manifest["configs"]["documents"]["splits"].values():
            for file in files:
                for _, table in row_groups(self._release / file["name"], list(DOCUMENT_COLUMNS)):
                    yield from table.to_pylist()

    def _beside(self, written: Mapping[str, Any]) -> None:
        """Card, Croissant and manifest: those of the full release for later, and those of this one."""
        full = self._folder / FULL
        full.mkdir()
        for name in ("README.md", "croissant.json", "manifest.json"):
            shutil.copyfile(self._release / name, full / name)
        for name in _SAME:
            if (self._release / name).is_file():
                shutil.copyfile(self._release / name, self._folder / name)
        card = _card((full / "README.md").read_text(encoding="utf-8"), self._made.dropped, written, self._limit)
        (self._folder / "README.md").write_text(card, encoding="utf-8", newline="\n")
        write_json(self._folder / "croissant.json", _croissant(full, self._made.dropped, written))
        same = ("name", "release", "counts", "contract", "fingerprint", "dataset_version", "root", "labels")
        facts = {name: self._manifest[name] for name in same if name in self._manifest} | {"configs": written}
        facts |= {"text_free": {"limit": self._limit, "dropped": self._made.dropped, WITHHELD: self._made.withheld}}
        facts |= {"inputs": {"release": self._manifest["fingerprint"]}}
        facts["beside"] = {
            name: file_sha256(self._folder / name) for name in _BESIDE if (self._folder / name).is_file()
        }
        write_manifest(self._folder, **facts, **{SEAL: seal_of(facts)})


def texts_of(release: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(doc_id, text) of every document of a full release."""
    for files in manifest["configs"]["documents"]["splits"].values():
        for file in files:
            for _, table in row_groups(release / file["name"], ["doc_id", "text"]):
                for batch in table.to_batches(_ROWS):
                    yield from zip(batch["doc_id"].to_pylist(), batch["text"].to_pylist(), strict=True)


def _stored(release: Path, manifest: Mapping[str, Any]) -> dict[str, StoredText]:
    """doc_id → its text, which stays on the disk."""
    store = TextStore()
    files = [file for files in manifest["configs"]["documents"]["splits"].values() for file in files]
    return {row["doc_id"]: text for file in files for text, row in store.add(release / file["name"], ["doc_id"])}


def row_groups(path: Path, columns: Sequence[str] | None = None) -> Iterator[tuple[pa.Schema, pa.Table]]:
    """The file's schema with its metadata, and one row group after another."""
    with pq.ParquetFile(path) as file:
        schema = _as_written(file.schema_arrow)
        for number in range(file.num_row_groups):
            yield schema, file.read_row_group(number, columns=list(columns) if columns else None)


def _as_written(schema: pa.Schema) -> pa.Schema:
    """The schema a file was written with: Parquet calls the values of a list `element`, Arrow calls them `item`."""

    def plain(dtype: pa.DataType) -> pa.DataType:
        if pa.types.is_list(dtype):
            return pa.list_(plain(dtype.value_type))
        if pa.types.is_struct(dtype):
            return pa.struct([(part.name, plain(part.type)) for part in dtype])
        return dtype

    return pa.schema([(field.name, plain(field.type)) for field in schema], metadata=schema.metadata)


def _doc_ids(table: pa.Table) -> list[str]:
    made: list[str] = table["doc_id"].to_pylist()
    return made


def _strings(table: pa.Table, rules: Mapping[str, Rule]) -> list[str]:
    return [f.name for f in table.schema if pa.types.is_string(f.type) and f.name not in rules]


def _schema(schema: pa.Schema, rules: Mapping[str, Rule]) -> pa.Schema:
    """The schema without the columns of text, also in what `datasets` reads from the metadata."""
    kept = pa.schema([field for field in schema if field.name not in rules])
    told = json.loads((schema.metadata or {})[b"huggingface"])
    features = {name: one for name, one in told["info"]["features"].items() if name not in rules}
    told["info"]["features"] = features
    return kept.with_metadata({b"huggingface": json.dumps(told).encode()})


def _card(full: str, dropped: Mapping[str, Sequence[str]], written: Mapping[str, Any], limit: int) -> str:
    """The card of the full release with what is different here."""
    _, head, body = full.split("---\n", 2)
    front = yaml.safe_load(head)
    for info in front["dataset_info"]:
        name = info["config_name"]
        info["features"] = [one for one in info["features"] if one["name"] not in dropped[name]]
        info["download_size"] = sum(f["bytes"] for files in written[name]["splits"].values() for f in files)
    gone = ", ".join(f"`{name}.{column}`" for name, columns in dropped.items() for column in columns)
    note = (
        "> **This release holds no texts.** "
        f"No file repeats more than {limit} characters of a document in a row. Labels, offsets and hashes are complete. "
        f"Left out: {gone}. Who has the pages puts the texts back with `corpus-kit hydrate RELEASE --from PAGES`; "
        "`recipe.json` says what each document is and how it was read.\n\n"
    )
    lines = [line for line in body.split("\n") if not _describes_dropped(line, dropped)]
    header = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{header}---\n{note}{chr(10).join(lines).lstrip(chr(10))}"


def _describes_dropped(line: str, dropped: Mapping[str, Sequence[str]]) -> bool:
    names = {name for columns in dropped.values() for name in columns}
    return any(line.startswith(f"| `{name}` |") for name in names)


def _croissant(full: Path, dropped: Mapping[str, Sequence[str]], written: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((full / "croissant.json").read_text(encoding="utf-8"))
    for records in made["recordSet"]:
        gone = {f"{records['@id']}/{column}" for column in dropped.get(records["@id"], ())}
        records["field"] = [one for one in records["field"] if one["@id"] not in gone]
    facts = {f["name"]: f for config in written.values() for files in config["splits"].values() for f in files}
    for one in made["distribution"]:
        if one["@id"] in facts:
            one |= {"contentSize": f"{facts[one['@id']]['bytes']} B", "sha256": facts[one["@id"]]["sha256"]}
    return made


def _refuse_quotes(folder: Path, release: Path, manifest: Mapping[str, Any], limit: int) -> None:
    """Raise FindingsError where any file still repeats a run of any text: the files that people wrote can quote one."""
    seen = Repeated(limit)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in files:
        seen.publish(_content(path))
    seen.compare(text for _, text in texts_of(release, manifest))
    found = [path.relative_to(folder).as_posix() for path in files if any(seen.repeats(one) for one in _content(path))]
    if found:
        raise FindingsError(
            f"{', '.join(found)} would repeat more than {limit} characters of a document.",
            "Shorten the quotation in DATASET_CARD.md, or allow longer runs with --max-run.",
        )


def _content(path: Path) -> Iterator[str]:
    """Every string in a file: of Parquet its values, however deep, of other files all of it."""
    if path.suffix != ".parquet":
        yield path.read_text(encoding="utf-8")
        return
    for _, table in row_groups(path):
        for batch in table.to_batches(_ROWS):
            for column in batch.columns:
                yield from _flat(column.to_pylist())


def _flat(value: Any) -> Iterator[str]:
    """Strings alone, and strings of one list one after another: their order tells the text, too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _flat(one)
    elif isinstance(value, list):
        for one in value:
            yield from _flat(one)
