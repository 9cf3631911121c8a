"""What changed between two releases, document by document.

Rows are compared by their hashes, so memory is some forty bytes a document and a few a label, never a text. A document whose
text changed is not also listed for the labels that had to follow it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.core.errors import UsageError
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.storage.tables import iter_batches
from corpus_kit.core.visible import shown_cells
from corpus_kit.core.vocabulary import SPLITS
from corpus_kit.report.charts import Chart, bars
from corpus_kit.report.records import CHANGES_FILE

CHANGES = ("added", "removed", "text", "split", "metadata", "labels")
LISTED = 500
_DOCUMENTS = "documents"
_METADATA = ("source", "title", "published_on", "outlet", "url", "language", "duplicate_cluster", "meta")
_SCHEMA = {"doc_id": pl.String, "change": pl.String, "where": pl.String, "detail": pl.String}


@dataclass(frozen=True, slots=True)
class ComparedRelease:
    """One release folder. label: name, version and the beginning of its fingerprint, as the page calls it."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def label(self) -> str:
        m = self.manifest
        return f"{m['name']} {m['release']} ({m['fingerprint'][:12]})"

    def files(self, config: str) -> list[tuple[str, Path]]:
        """(split, file) of one configuration."""
        splits = self.manifest["configs"].get(config, {}).get("splits", {})
        return [(split, self.folder / file["name"]) for split, files in splits.items() for file in files]


@dataclass(frozen=True, slots=True)
class Row:
    """One listed change; source: where the document came from."""

    doc_id: str
    change: str
    where: str
    detail: str
    source: str


@dataclass(frozen=True, slots=True)
class Compared:
    """before, after: the releases' labels. counts: kind of change → how often. sizes, labels: what, before, after.

    rows: the first `LISTED` changes; table: all of them as CSV, in a file named `file` beside the page.
    """

    before: str
    after: str
    counts: dict[str, int]
    sizes: tuple[tuple[str, int, int], ...]
    labels: tuple[tuple[str, str, int, int], ...]
    charts: tuple[Chart, ...]
    rows: tuple[Row, ...]
    total: int
    table: str
    file: str


def open_release(folder: Path) -> ComparedRelease:
    """Raises UsageError where the folder holds no release."""
    manifest = read_manifest(folder)
    if manifest is None or _DOCUMENTS not in manifest.get("configs", {}):
        raise UsageError(
            f"{folder} is no release of corpus-kit.", "Name a folder that `corpus-kit build` or `export --hf` made."
        )
    return ComparedRelease(folder, manifest)


def compare(before: ComparedRelease, after: ComparedRelease, file: str = CHANGES_FILE) -> Compared:
    """Every change from `before` to `after`, for a page beside which `file` lists all. Raises EnvironmentProblemError for a
    damaged file."""
    columns = [c for c in _METADATA if all(c in _columns(release, _DOCUMENTS) for release in (before, after))]
    old, new = (_documents(release, columns) for release in (before, after))
    both = old.join(new, on="doc_id", suffix="_now")
    retold = both.filter(pl.col("text") != pl.col("text_now"))
    same = both.join(retold, on="doc_id", how="anti")
    moved = both.filter(pl.col("split") != pl.col("split_now"))
    parts = [
        _rows(new.join(old, on="doc_id", how="anti"), "added", _DOCUMENTS, pl.lit("")),
        _rows(old.join(new, on="doc_id", how="anti"), "removed", _DOCUMENTS, pl.lit("")),
        _rows(retold, "text", _DOCUMENTS, pl.lit("")),
        _rows(moved, "split", _DOCUMENTS, pl.concat_str("split", pl.lit(" → "), "split_now")),
        *(
            _rows(both.filter(pl.col(name) != pl.col(f"{name}_now")), "metadata", _DOCUMENTS, pl.lit(name))
            for name in columns
        ),
    ]
    configs = [name for name in _configs(before, after) if name != _DOCUMENTS]
    parts += [_label_changes(before, after, name, same.select("doc_id")) for name in configs]
    order = pl.Enum(CHANGES)
    changes = pl.concat(parts).sort(pl.col("change").cast(order), "doc_id", "where", "detail")
    counts = dict(changes.group_by("change").len().iter_rows())
    labels = tuple(_labels(before, after))
    counted = {kind: counts[kind] for kind in CHANGES if kind in counts}
    return Compared(
        before.label,
        after.label,
        counted,
        tuple(_sizes(before, after)),
        labels,
        (
            bars("Changes by kind", ("kind", "changes"), list(counted.items())),
            *(
                bars(
                    f"{name}: labels gained and lost",
                    ("label", "difference"),
                    [(label, n - o) for _, label, o, n in some],
                )
                for name in dict.fromkeys(row[0] for row in labels)
                if (some := [row for row in labels if row[0] == name and row[2] != row[3]])
            ),
        ),
        tuple(_listed(changes.head(LISTED), before, after)),
        changes.height,
        _csv(changes),
        file,
    )


def _columns(release: ComparedRelease, config: str) -> list[str]:
    return list(release.manifest["configs"].get(config, {}).get("columns", ()))


def _configs(*releases: ComparedRelease) -> list[str]:
    return sorted({name for release in releases for name in release.manifest["configs"]})


def _documents(release: ComparedRelease, columns: Sequence[str]) -> pl.DataFrame:
    """doc_id, split, and a hash of the text and of every other column."""
    parts = [
        pl.DataFrame(schema={"doc_id": pl.String, "split": pl.String, **dict.fromkeys(["text", *columns], pl.UInt64)})
    ]
    for split, path in release.files(_DOCUMENTS):
        for batch in iter_batches(path, ["doc_id", "text_sha256", *columns], rows=65536):
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            hashes = [pl.col("text_sha256").hash().alias("text"), *(pl.col(name).hash() for name in columns)]
            parts.append(frame.select("doc_id", pl.lit(split).alias("split"), *hashes))
    return pl.concat(parts)


def _label_changes(before: ComparedRelease, after: ComparedRelease, config: str, same: pl.DataFrame) -> pl.DataFrame:
    """Documents of `same` whose rows in one configuration differ, with how many came and went."""
    shared = [c for c in _columns(after, config) or _columns(before, config) if c != "doc_id"]
    if _columns(before, config) and _columns(after, config):
        shared = [c for c in shared if c in _columns(before, config)]
    old, new = (_hashed(release, config, shared).join(same, on="doc_id", how="semi") for release in (before, after))
    key = ["doc_id", "row", "copy"]
    came = new.join(old, on=key, how="anti").group_by("doc_id").agg(pl.len().alias("came"))
    went = old.join(new, on=key, how="anti").group_by("doc_id").agg(pl.len().alias("went"))
    both = came.join(went, on="doc_id", how="full", coalesce=True).with_columns(pl.col("came", "went").fill_null(0))
    return _rows(both, "labels", config, pl.format("{} rows came, {} went", "came", "went"))


def _hashed(release: ComparedRelease, config: str, columns: Sequence[str]) -> pl.DataFrame:
    """doc_id, a hash of every row, and a number that tells equal rows of a document apart."""
    parts = [pl.DataFrame(schema={"doc_id": pl.String, "row": pl.UInt64})]
    for _, path in release.files(config):
        for batch in iter_batches(path, ["doc_id", *columns], rows=8192):
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            # As JSON, since lists have no hash.
            parts.append(frame.select("doc_id", pl.struct(columns).struct.json_encode().hash().alias("row")))
    return pl.concat(parts).with_columns(pl.int_range(pl.len()).over("doc_id", "row").alias("copy"))


def _rows(frame: pl.DataFrame, change: str, where: str, detail: pl.Expr) -> pl.DataFrame:
    return frame.select(
        "doc_id",
        pl.lit(change).alias("change"),
        pl.lit(where).alias("where"),
        detail.cast(pl.String).alias("detail"),
    ).cast(_SCHEMA)  # type: ignore[arg-type]  # a dict of classes is taken, its key type is invariant


def _sizes(before: ComparedRelease, after: ComparedRelease) -> Iterator[tuple[str, int, int]]:
    """Rows of every configuration and split."""
    for config in sorted(_configs(before, after), key=lambda name: (name != _DOCUMENTS, name)):
        splits = [release.manifest["configs"].get(config, {}).get("splits", {}) for release in (before, after)]
        for split in SPLITS:
            old, new = (sum(file["rows"] for file in found.get(split, ())) for found in splits)
            if old or new:
                yield f"{config}, {split}", old, new


def _labels(before: ComparedRelease, after: ComparedRelease) -> Iterator[tuple[str, str, int, int]]:
    """Label counts of every configuration, as the releases' manifests give them."""
    old, new = (release.manifest.get("labels", {}) for release in (before, after))
    for config in sorted(old.keys() | new.keys()):
        counts = [found.get(config, {}) for found in (old, new)]
        for label in sorted(counts[0].keys() | counts[1].keys()):
            yield config, label, int(counts[0].get(label, 0)), int(counts[1].get(label, 0))


def _listed(changes: pl.DataFrame, before: ComparedRelease, after: ComparedRelease) -> Iterator[Row]:
    wanted = changes["doc_id"].unique()
    sources: dict[str, str] = {}
    for release in (before, after):
        for _, path in release.files(_DOCUMENTS):
            for batch in iter_batches(path, ["doc_id", "source"], rows=65536):
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                sources.update(frame.filter(pl.col("doc_id").is_in(wanted.implode())).iter_rows())
    for doc_id, change, where, detail in changes.iter_rows():
        yield Row(doc_id, change, where, detail, sources.get(doc_id, ""))


def _csv(changes: pl.DataFrame) -> str:
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(_SCHEMA)
    writer.writerows(map(shown_cells, changes.iter_rows()))
    return made.getvalue()
