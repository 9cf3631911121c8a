"""What a release says about one layer, as marks: gold, what is in dispute, and what each person said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from corpus_kit.core.identity import publisher_of
from corpus_kit.core.labels import trimmed
from corpus_kit.core.scoring import ANSWERS, DOCUMENT, LINES, MARK, PLACE, SAID, SPANS, AnswerSheet
from corpus_kit.release.configs.training import CONTENT, DISPUTED
from corpus_kit.release.scoring.opened import GOLD, OpenedRelease

_ASKED = {"annotator": pl.String, **PLACE}
_ITEMS = ["doc_id", "target", "line", "start", "end", "label"]


def sheet_of(release: OpenedRelease, layer: str) -> AnswerSheet:
    """Gold and people's answers of one layer.

    Args:
        release: The opened release.
        layer: One of its layers.
    """
    config, kind = release.layers[layer]
    return _of_spans(release, layer) if kind == SPANS else _of_items(release, layer, config, kind)


def targets_of(release: OpenedRelease, layer: str) -> dict[str, int]:
    """Target → its number, over the whole release, so that it does not depend on the split."""
    whole = OpenedRelease(release.folder, release.manifest, "all", release.layers)
    found: set[str] = set()
    for config in (release.layers[layer][0], release.soft(layer)):
        if release.has(config):
            found |= set(whole.rows(config, ["target"])["target"].to_list())
    return {target: number for number, target in enumerate(sorted(found))}


def _of_spans(release: OpenedRelease, layer: str) -> AnswerSheet:
    column = f"{GOLD}{layer}"
    rows = release.rows("documents", ["doc_id", column, "open_spans"])
    settled = rows.filter(pl.col(column).is_not_null())
    gold = settled.select("doc_id", column).explode(column, empty_as_null=False).unnest(column)
    disputed = pl.DataFrame(schema=PLACE)
    if "open_spans" in rows.columns:
        places = settled.select("doc_id", "open_spans").drop_nulls().explode("open_spans", empty_as_null=False)
        own = places.unnest("open_spans").filter(pl.col("layer") == layer)
        disputed = own.select("doc_id", "start", "end").cast(PLACE).unique().sort(list(PLACE))  # type: ignore[arg-type]
    asked, said, ambiguous = _of_people(release, layer)
    names = release.names(release.layers[layer][0], "ner_tags")
    labels = tuple(dict.fromkeys(name[2:] for name in names if name.startswith("B-")))
    return AnswerSheet(
        layer,
        SPANS,
        labels,
        _documents(release, settled["doc_id"], asked["doc_id"]),
        settled.select("doc_id"),
        gold.select(list(MARK)).cast(MARK).unique().sort(list(MARK)),  # type: ignore[arg-type]
        disputed,
        asked,
        said,
        ambiguous,
    )


def _of_people(release: OpenedRelease, layer: str) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """(annotator, doc_id) of works that could be read whole, their spans, and how many works were left out."""
    empty = pl.DataFrame(schema={"annotator": pl.String, "doc_id": pl.String}), pl.DataFrame(schema=SAID), 0
    if not release.has("annotations"):
        return empty
    columns = ["doc_id", "layer", "annotator", "annotation_id", "kind", "start", "end", "value", "surface"]
    rows = release.rows("annotations", columns).filter((pl.col("layer") == layer) & pl.col("annotator").is_not_null())
    work = rows.group_by("annotator", "doc_id").agg(
        pl.col("annotation_id").n_unique().alias("works"), (pl.col("kind") == "unknown").any().alias("torn")
    )
    usable = work.filter((pl.col("works") == 1) & ~pl.col("torn"))
    asked = usable.select("annotator", "doc_id").sort(pl.all())
    spans = trimmed(rows.filter(pl.col("kind") == "span").rename({"value": "label"}))
    said = spans.join(asked, on=["annotator", "doc_id"], how="semi").select(list(SAID)).unique().sort(list(SAID))
    return asked, said, work.height - usable.height


def _of_items(release: OpenedRelease, layer: str, config: str, kind: str) -> AnswerSheet:
    """Lines or questions, one row each: of gold, and with everyone's answers."""
    names = release.names(config, "label")
    place = _placed(release, layer, kind)
    gold = place(release.rows(config, _ITEMS)).with_columns(_named("label", names))
    gold = gold.filter(pl.col("label") != DISPUTED) if kind == LINES else gold
    soft = release.soft(layer)
    asked, said = pl.DataFrame(schema=_ASKED), pl.DataFrame(schema=SAID)
    if release.has(soft):
        said_names = release.names(soft, "majority")
        rows = place(release.rows(soft, [*_ITEMS, "answers"])).explode("answers").drop_nulls("answers")
        rows = rows.unnest("answers").with_columns(_named("label", said_names))
        asked = rows.select(list(_ASKED)).unique().sort(list(_ASKED))
        said = rows.select(list(SAID)).unique().sort(list(SAID))
    labels = tuple(name for name in names if kind == ANSWERS or name not in (CONTENT, DISPUTED))
    if kind == LINES:
        said = said.filter(pl.col("label") != CONTENT)
    marks = gold.select(list(MARK)).filter(pl.col("label").is_in(list(labels))).unique().sort(list(MARK))
    return AnswerSheet(
        layer,
        kind,
        labels,
        _documents(release, gold["doc_id"], asked["doc_id"]),
        gold.select(list(PLACE)).unique().sort(list(PLACE)),
        marks,
        pl.DataFrame(schema=PLACE),
        asked,
        said,
    )


def _placed(release: OpenedRelease, layer: str, kind: str) -> Any:
    """A function that gives rows `start` and `end`."""
    if kind == LINES:
        return lambda rows: rows
    numbers = targets_of(release, layer)

    def of_target(rows: pl.DataFrame) -> pl.DataFrame:
        number = pl.col("target").replace_strict(numbers, return_dtype=pl.Int64)
        return rows.with_columns(number.alias("start"), (number + 1).alias("end"))

    return of_target


def _named(column: str, names: list[str]) -> pl.Expr:
    numbers: Mapping[int, str] = dict(enumerate(names))
    return pl.col(column).replace_strict(numbers, default=None, return_dtype=pl.String).alias(column)


def _documents(release: OpenedRelease, *doc_ids: pl.Series) -> pl.DataFrame:
    wanted = pl.concat([one.cast(pl.String) for one in doc_ids]).unique()
    rows = release.rows("documents", ["doc_id", "language", "outlet", "url", "duplicate_cluster"])
    rows = rows.filter(pl.col("doc_id").is_in(wanted.implode())).sort("doc_id")
    for name in ("outlet", "url", "duplicate_cluster"):
        if name not in rows.columns:
            rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(name))
    publishers = [publisher_of(*row) for row in rows.select("outlet", "url").iter_rows()]
    group = pl.col("duplicate_cluster").fill_null(pl.col("doc_id")).alias("group")
    return rows.with_columns(pl.Series("publisher", publishers, pl.String), group).select(list(DOCUMENT))
