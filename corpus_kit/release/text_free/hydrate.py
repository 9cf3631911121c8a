"""`hydrate`: the texts of a text-free release put back from pages somebody has.

A document whose text is the very one gives the rows of the full release again, byte for byte when all of them do. Of an
edited copy the sentences that did not change are found by their shingles, and the labels in them get their new places.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from corpus_kit.core.errors import UsageError
from corpus_kit.core.storage.folders import made_folder, read_manifest, write_manifest
from corpus_kit.core.storage.tables import TableWriter, array_of, file_sha256, iter_batches, write_table
from corpus_kit.release.text_free.columns import of_pieces, text_columns
from corpus_kit.release.text_free.recipe import FULL, SHINGLES, TextFreeRecipe, read_recipe
from corpus_kit.release.text_free.shingles import Moved, Sentence, sentences, unchanged
from corpus_kit.release.text_free.store import batched
from corpus_kit.release.text_free.write import row_groups

EXACT, CARRIED, GONE = "exact", "carried", "gone"
"""Verdicts on a document: its very text; an edited copy; no copy at all."""
SHIFTED, STALE = "shifted", "stale"
CARRIED_DOCUMENTS, CARRIED_LABELS = "carried/documents.parquet", "carried/labels.parquet"
_LABELS = pa.schema(
    [
        ("config", pa.string()),
        ("doc_id", pa.string()),
        ("what", pa.string()),
        ("label", pa.string()),
        ("from_start", pa.int64()),
        ("from_end", pa.int64()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("surface", pa.string()),
        ("verdict", pa.string()),
    ]
)


class HasText(Protocol):
    """What gives a text when asked, so that it can stay on the disk until then."""

    @property
    def text(self) -> str: ...


_COPIES = pa.schema([("doc_id", pa.string()), ("text", pa.string()), ("text_sha256", pa.string())])
_ROWS = 500
"""Rows that are Python objects at one time."""


@dataclass(frozen=True, slots=True)
class TextInMemory:
    """A text itself."""

    text: str


@dataclass(frozen=True, slots=True)
class FoundText:
    """A text that somebody has, with what is known of where it came from."""

    held: HasText
    text_sha256: str
    doc_id: str = ""
    url: str | None = None
    source: str = ""

    @property
    def text(self) -> str:
        return self.held.text


@dataclass(slots=True)
class Hydrated:
    """documents, labels: verdict → count. identical: every file has the bytes of the full release."""

    documents: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    identical: bool = False
    folder: Path | None = None


def hydrate_release(release: Path, texts: Iterable[FoundText], target: Path, work: Path) -> Hydrated:
    """Write the full release to `target` as far as the texts are there.

    Args:
        release: folder of a text-free release.
        texts: what somebody has; a text is recognised by its sha256, else an edited copy by doc_id, url or source.
        target: folder to make.
        work: a folder for what is not finished.

    Returns:
        Verdicts by document and by label. Rows of documents that are not exact are left out of the configurations;
        edited copies and the labels carried to them are in `carried/`.

    Raises:
        UsageError: no text-free release.
    """
    recipe, manifest = read_recipe(release), read_manifest(release / FULL)
    if manifest is None:
        raise UsageError(f"{release} has no {FULL}/manifest.json.", "Download the whole release again.")
    exact, copies = _match(recipe, texts)
    made = Hydrated(folder=target)
    made.documents.update({EXACT: len(exact), CARRIED: len(copies)})
    made.documents[GONE] = len(recipe.documents) - len(exact) - len(copies)
    with made_folder(target, work) as folder:
        same = [
            _restore(release, folder, config, file, recipe, manifest, exact)
            for config, facts in manifest["configs"].items()
            for files in facts["splits"].values()
            for file in files
        ]
        made.labels[EXACT] = sum(labels for _, labels in same)
        made.identical = all(identical for identical, _ in same)
        if copies:
            made.labels += _carry(release, folder, recipe, manifest, copies)
        made.labels[GONE] = _labels_in(release, manifest) - sum(made.labels.values())
        if made.identical:
            for name in ("README.md", "croissant.json", "manifest.json"):
                shutil.copyfile(release / FULL / name, folder / name)
            for name in ("losses.csv", "CITATION.cff"):
                if (release / name).is_file():
                    shutil.copyfile(release / name, folder / name)
        else:
            shutil.copyfile(release / "README.md", folder / "TEXT-FREE-README.md")
            facts = {"documents": dict(made.documents), "labels": dict(made.labels)}
            write_manifest(folder, inputs={"release": manifest["fingerprint"]}, hydrated=facts)
    return made


def _match(recipe: TextFreeRecipe, texts: Iterable[FoundText]) -> tuple[dict[str, FoundText], dict[str, FoundText]]:
    """doc_id → its very text, and doc_id → an edited copy."""
    by_hash: dict[str, FoundText] = {}
    by_name: dict[tuple[str, str], FoundText] = {}
    for one in texts:
        by_hash[one.text_sha256] = one
        for kind, name in (("doc_id", one.doc_id), ("url", one.url), ("source", one.source)):
            if name:
                by_name.setdefault((kind, name), one)
    exact, copies = {}, {}
    for document in recipe.documents:
        if document["text_sha256"] in by_hash:
            exact[document["doc_id"]] = by_hash[document["text_sha256"]]
            continue
        named = [by_name.get((kind, document[kind])) for kind in ("doc_id", "url", "source") if document[kind]]
        copy = next((one for one in named if one is not None), None)
        if copy is not None:
            copies[document["doc_id"]] = copy
    return exact, copies


def _restore(
    release: Path,
    folder: Path,
    config: str,
    file: Mapping[str, Any],
    recipe: TextFreeRecipe,
    manifest: Mapping[str, Any],
    exact: Mapping[str, FoundText],
) -> tuple[bool, int]:
    """Write one file with its texts; whether it has the bytes of the full release, and the labels in it."""
    columns = manifest["configs"][config]["columns"]
    schema = pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(recipe.schemas[config])))
    rules = text_columns(columns)
    path = folder / file["name"]
    path.parent.mkdir(exist_ok=True)
    labels, row_of = 0, Counter[str]()
    with TableWriter(path, schema) as writer:
        for _, table in row_groups(release / file["name"]):
            rows = []
            for row in table.to_pylist():
                doc_id = row["doc_id"]
                own = recipe.pieces.get(doc_id, {}).get(config, {}).get(str(row_of[doc_id]), {})
                row_of[doc_id] += 1
                if doc_id in exact:
                    text = exact[doc_id].text
                    row |= {column: of_pieces(pieces, text) for column, pieces in own.items()}
                    rows.append(row | {column: rule(text, row) for column, rule in rules.items()})
                    labels += sum(1 for _ in labels_in(row))
            arrays = [array_of([row[name] for row in rows], schema.field(name).type) for name in schema.names]
            writer.write(pa.Table.from_arrays(arrays, schema=schema))
    return file_sha256(path) == file["sha256"], labels


def _carry(
    release: Path, folder: Path, recipe: TextFreeRecipe, manifest: Mapping[str, Any], copies: Mapping[str, FoundText]
) -> Counter[str]:
    """Write the edited copies and where the labels stand in them."""
    moved = dict(_unchanged(release, recipe, copies))
    rows = []
    for config, facts in manifest["configs"].items():
        for files in facts["splits"].values():
            for file in files:
                for _, table in row_groups(release / file["name"]):
                    for row in table.to_pylist():
                        if row["doc_id"] in copies:
                            rows += [_carried(config, row["doc_id"], one, moved, copies) for one in labels_in(row)]
    (folder / CARRIED_LABELS).parent.mkdir()
    write_table(folder / CARRIED_LABELS, pa.Table.from_pylist(rows, _LABELS))
    with TableWriter(folder / CARRIED_DOCUMENTS, _COPIES) as writer:
        for part in batched(sorted(copies), _ROWS):
            texts = [{"doc_id": d, "text": copies[d].text, "text_sha256": copies[d].text_sha256} for d in part]
            writer.write(pa.Table.from_pylist(texts, _COPIES))
    return Counter(row["verdict"] for row in rows)


def _unchanged(
    release: Path, recipe: TextFreeRecipe, copies: Mapping[str, FoundText]
) -> Iterator[tuple[str, list[Moved]]]:
    for batch in iter_batches(release / SHINGLES, ["doc_id", "starts", "ends", "shingles"], _ROWS):
        for row in batch.to_pylist():
            if row["doc_id"] in copies:
                old = [Sentence(*one) for one in zip(row["starts"], row["ends"], row["shingles"], strict=True)]
                yield row["doc_id"], unchanged(old, sentences(copies[row["doc_id"]].text, recipe.salt))


def _carried(
    config: str,
    doc_id: str,
    label: tuple[str, str, int, int],
    moved: Mapping[str, Sequence[Moved]],
    copies: Mapping[str, FoundText],
) -> dict[str, Any]:
    """One label: where its sentence stands now, or stale."""
    what, name, start, end = label
    made = {"config": config, "doc_id": doc_id, "what": what, "label": name, "from_start": start, "from_end": end}
    pieces = [one for one in moved.get(doc_id, ()) if one.start < end and start < one.end]
    inside = bool(pieces) and pieces[0].start <= start and end <= pieces[-1].end
    if not inside or len({one.shift for one in pieces}) != 1 or not _touching(pieces, copies[doc_id].text):
        return made | {"start": None, "end": None, "surface": None, "verdict": STALE}
    shift = pieces[0].shift
    surface = copies[doc_id].text[start + shift : end + shift]
    verdict = SHIFTED if shift else EXACT
    return made | {"start": start + shift, "end": end + shift, "surface": surface, "verdict": verdict}


def _touching(pieces: Sequence[Moved], text: str) -> bool:
    """Whether nothing but white space is between the sentences that a label spans."""
    return all(not text[left.end + left.shift : right.start + right.shift].strip() for left, right in pairwise(pieces))


def labels_in(row: Mapping[str, Any]) -> Iterator[tuple[str, str, int, int]]:
    """(column, label, start, end) of every labelled place that a row of any configuration holds."""
    for column, value in row.items():
        if column.startswith("gold_") and isinstance(value, list):
            yield from ((column, one["label"], one["start"], one["end"]) for one in value if "start" in one)
    if row.get("kind") == "span" and row.get("start") is not None:
        yield "span", row["value"], row["start"], row["end"]


def _labels_in(release: Path, manifest: Mapping[str, Any]) -> int:
    return sum(
        1
        for facts in manifest["configs"].values()
        for files in facts["splits"].values()
        for file in files
        for _, table in row_groups(release / file["name"])
        for row in table.to_pylist()
        for _ in labels_in(row)
    )
