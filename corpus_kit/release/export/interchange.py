"""Exports for other annotation tools: what people said and gold, a folder each, with a report of what a format lacks.

Below the export lies `<layer>/<who>/…`; `who` is `gold` or a pseudonym. Everything is read from the Parquet release, so
nothing is in an export that the release does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import Attribute, ExchangePage, Link, Region, Work
from corpus_kit.core.exports import EXPORTS
from corpus_kit.release.losses import LossRow

GOLD = "gold"
ONCE = ("TypeSystem.xml",)
"""Files that say the same for every page."""

DOCUMENT_ANSWER, REGION_ANSWER, UNDIRECTED = "document_answer", "region_answer", "undirected"
DISPUTED, UNREADABLE = "disputed", "not_known"
"""Reasons for what no format of another tool says: a place that people did not settle, an answer that could not be read."""
NO_LABELS = (DISPUTED, UNREADABLE)
EDGE_WHITE_SPACE, NO_TOKEN, NOT_XML, END_MISSING = "edge_white_space", "no_token", "not_xml", "end_missing"


@dataclass(frozen=True, slots=True)
class FormatLoss:
    """What a format cannot say of a page: where, of which label, and the reason."""

    start: int | None
    end: int | None
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class ToolFiles:
    """The part of one page: content by path below `<layer>/<who>/`, appended where several pages share a file."""

    files: Mapping[str, bytes]
    lost: tuple[FormatLoss, ...] = ()


Writer = Callable[[ExchangePage, Work], ToolFiles]


def writer_of(form: str) -> Writer:
    """The function that writes one person's work on a page."""
    module = import_module(f"corpus_kit.release.export.{EXPORTS[form].module}")
    writer: Writer = module.write
    return writer


def write_tool(form: str, release: Path, manifest: Mapping[str, Any], folder: Path) -> list[LossRow]:
    """`<folder>/<layer>/<who>/…`; returns what is not in them.

    Raises:
        UsageError: The release holds no labels.
        EnvironmentProblemError: A library is not installed.
    """
    write, losses, number = writer_of(form), [], 0
    for layer, page in labelled_pages(release, manifest):
        for work in page.works:
            written = write(replace(page, works=()), work)
            number += 1
            for name, content in written.files.items():
                path = folder / layer / work.annotator / name
                if name in ONCE and path.exists():
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("ab") as out:
                    out.write(content)
            losses += [LossRow(layer, page.doc_id, layer, work.annotator, *_row(lost)) for lost in written.lost]
    if not number:
        raise UsageError(
            "The release has no labels to export.", "Bring annotations with `pull` or `import`, then build."
        )
    return [*losses, *_unsaid(release, manifest)]


def _unsaid(release: Path, manifest: Mapping[str, Any]) -> Iterator[LossRow]:
    """Places in dispute, which gold does not mark and does not deny, and answers that could not be read."""
    if "open_spans" in manifest["configs"]["documents"]["columns"]:
        for files in manifest["configs"]["documents"]["splits"].values():
            for file in files:
                frame = pl.read_parquet(release / file["name"], columns=["doc_id", "open_spans"])
                for doc_id, places in frame.drop_nulls().iter_rows():
                    for one in places:
                        place = one["start"], one["end"], one["label"]
                        yield LossRow(one["layer"], doc_id, one["layer"], GOLD, *place, DISPUTED)
    rows = _rows(release, manifest, "annotations")
    if rows.height:
        torn = rows.filter(pl.col("kind") == UNKNOWN).select("layer", "doc_id", "annotator", "control")
        for layer, doc_id, who, control in torn.iter_rows():
            yield LossRow(layer, doc_id, layer, who, None, None, control, UNREADABLE)  # type: ignore[arg-type]


def _row(lost: FormatLoss) -> tuple[Any, Any, str, str]:
    return lost.start, lost.end, lost.label, lost.reason


def labelled_pages(release: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[str, ExchangePage]]:
    """(layer, page) of every document that anybody labelled or that has gold there, by document and layer."""
    works = _judgements(release, manifest)
    linked = _gold_relations(release, manifest)
    columns = manifest["configs"]["documents"]["columns"]
    golden = [name for name in columns if name.startswith("gold_")]
    for files in manifest["configs"]["documents"]["splits"].values():
        for file in files:
            frame = pl.scan_parquet(release / file["name"]).select("doc_id", "text", *golden)
            for rows in frame.collect().iter_slices(256):
                for row in rows.iter_rows(named=True):
                    yield from _pages(row, works.get(row["doc_id"], {}), linked.get(row["doc_id"], {}))


def _pages(row: Mapping[str, Any], works: Mapping[str, list[Work]], linked: Mapping[str, list[Any]]) -> Iterator[Any]:
    golden = {name.removeprefix("gold_"): value for name, value in row.items() if name.startswith("gold_")}
    for layer in sorted({*works, *(name for name, value in golden.items() if value is not None)}):
        made = list(works.get(layer, ()))
        if golden.get(layer) is not None:
            made.insert(0, _gold(golden[layer], linked.get(layer, ())))
        yield layer, ExchangePage(row["doc_id"], row["text"], tuple(made), row["doc_id"])


def _gold(values: Sequence[Mapping[str, Any]], linked: Sequence[Mapping[str, Any]]) -> Work:
    regions = tuple(
        Region(f"g{i}", v["start"], v["end"], v["label"]) for i, v in enumerate(v for v in values if "start" in v)
    )
    answers = tuple(Attribute(v["target"], v["label"]) for v in values if "target" in v)
    place: dict[tuple[int, int], str] = {}
    for region in regions:
        place.setdefault((region.start, region.end), region.id)
    links = []
    for one in linked:
        ends = [place.get((one[f"{end}_start"], one[f"{end}_end"])) for end in ("head", "tail")]
        if ends[0] and ends[1]:
            label = "" if one["label"] == "unlabelled" else one["label"]
            links.append(Link(ends[0], ends[1], label, one["direction"] != "bi"))
    return Work(GOLD, regions, tuple(links), answers, settled=True)


def _judgements(release: Path, manifest: Mapping[str, Any]) -> dict[str, dict[str, list[Work]]]:
    """doc_id → layer → what each person said."""
    rows = _rows(release, manifest, "annotations")
    made: dict[str, dict[str, list[Work]]] = {}
    for (doc_id, layer, annotation_id), frame in rows.group_by("doc_id", "layer", "annotation_id", maintain_order=True):
        if set(frame["kind"]) == {UNKNOWN}:  # an empty file would say that nothing was found
            continue
        of = {kind: list(frame.filter(pl.col("kind") == kind).iter_rows(named=True)) for kind in _KINDS}
        names = _names(of["span"])
        regions = tuple(
            Region(
                names[r["span_id"], r["value"], r["control"]],
                r["start"],
                r["end"],
                r["value"],
                r["surface"],
                r["control"],
            )
            for r in of["span"]
        )
        first: dict[str, str] = {}
        for (span_id, *_), own in names.items():
            first.setdefault(span_id, own)
        answers = tuple(
            Attribute(r["target"] or r["control"], r["value"], first.get(r["span_id"], r["span_id"]))
            for r in of["choice"]
        )
        links = tuple(
            Link(first.get(r["span_id"], r["span_id"]), first.get(r["to_span"], r["to_span"]), r["value"] or "")
            for r in of["relation"]
        )
        who = frame["annotator"][0]
        made.setdefault(str(doc_id), {}).setdefault(str(layer), []).append(Work(who, regions, links, answers))
        assert annotation_id
    return made


_KINDS = ("span", "choice", "relation")
UNKNOWN = "unknown"
"""The kind of a row that stands for an answer that could not be read."""


def _names(spans: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], str]:
    """An id for each row: that of the region, with a number behind it where it has several labels."""
    made: dict[tuple[str, str, str], str] = {}
    seen: dict[str, int] = {}
    for row in spans:
        number = seen[row["span_id"]] = seen.get(row["span_id"], 0) + 1
        own = row["span_id"] if number == 1 else f"{row['span_id']}.{number}"
        made[_key(row)] = own
    return made


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["span_id"], row["value"], row["control"]


def _gold_relations(release: Path, manifest: Mapping[str, Any]) -> dict[str, dict[str, list[Any]]]:
    made: dict[str, dict[str, list[Any]]] = {}
    if "relations" not in manifest["configs"]:
        return made
    names = _label_names(release, manifest, "relations", "label")
    for row in _rows(release, manifest, "relations").iter_rows(named=True):
        told = row | {"label": names[row["label"]]}
        made.setdefault(row["doc_id"], {}).setdefault(row["layer"], []).append(told)
    return made


def _rows(release: Path, manifest: Mapping[str, Any], config: str) -> pl.DataFrame:
    splits = manifest["configs"].get(config, {}).get("splits", {})
    files = [release / file["name"] for found in splits.values() for file in found]
    empty = {"doc_id": pl.String, "layer": pl.String, "annotation_id": pl.String}
    return pl.concat([pl.read_parquet(file) for file in files]) if files else pl.DataFrame(schema=empty)


def _label_names(release: Path, manifest: Mapping[str, Any], config: str, column: str) -> list[str]:
    import json

    import pyarrow.parquet as pq

    first = next(file for files in manifest["configs"][config]["splits"].values() for file in files)
    told = pq.read_schema(release / first["name"]).metadata[b"huggingface"]
    names: list[str] = json.loads(told)["info"]["features"][column]["names"]
    return names
