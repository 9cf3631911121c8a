"""How one label came about: who said what, on which text and rules, what was decided, and in which worlds it would not be.

The worlds are those of `[multiverse]`, one choice at a time: another policy or boundary rule, one person less, an earlier
day, one version of the guidelines. Each is settled again from the same annotations of
this one document; `dawid-skene` learns from the whole corpus and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.agreement.gold.adjudicate import adjudicate
from corpus_kit.agreement.gold.build import GoldSources, labels_on_current_texts, policy_of
from corpus_kit.agreement.gold.fair import fair
from corpus_kit.agreement.gold.policy import GOLD, Policy
from corpus_kit.agreement.worlds import WorldSources, in_world
from corpus_kit.core.config import MultiverseSettings
from corpus_kit.core.config.worlds import EACH
from corpus_kit.core.errors import UsageError
from corpus_kit.core.labels import Labels, read_labels, trimmed
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.tables import scan
from corpus_kit.core.world import World


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The worlds beside the corpus: `[multiverse]`, and where their rows are."""

    settings: MultiverseSettings
    rows: WorldSources


@dataclass(frozen=True, slots=True)
class PersonsAnswer:
    """What one person said here. items: `start-end:label “words”` of spans, `question: value` of answers.

    current_guidelines: whether they worked under today's text of the guidelines; None where that is not known.
    """

    layer: str
    annotator: str
    annotation_id: str
    origin: str
    created_at: str
    on_current_text: bool
    current_guidelines: bool | None
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision. lost_in: the worlds in which this gold would not be, by name."""

    layer: str
    control: str
    table: str
    item: str
    outcome: str
    value: str | None
    policy: str
    why: str
    lost_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """worlds: the names of all that were tried."""

    doc_id: str
    source: str
    start: int | None
    end: int | None
    said: tuple[PersonsAnswer, ...]
    decided: tuple[Decided, ...]
    worlds: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def explain(sources: GoldSources, document: str, start: int | None, end: int | None, elsewhere: Elsewhere) -> Why:
    """Everything people said of a document, or of a place in it, and what became of it.

    Args:
        document: doc_id or source. start, end: code points; only spans that share a character with them, and no
            answers on the whole document.
        elsewhere: The worlds that are tried.

    Raises:
        UsageError: there is no such document, or no one has labelled it.
    """
    doc_id, source, text = _document(sources, document)
    folders = elsewhere.rows.folders
    current = pl.DataFrame({"doc_id": [doc_id], "text_sha256": [text]})
    days = {day: _of_document(sources, folder, current) for day, folder in folders.items()}
    labels = days.pop("")
    if labels.annotations.is_empty():
        raise UsageError(f"No one has labelled {source} yet.", "Bring labels with `corpus-kit pull` or `import`.")
    said: list[PersonsAnswer] = []
    decided: list[Decided] = []
    worlds: dict[str, None] = {}
    for name in sources.layers:
        own = labels.of_layer(name)
        if own.annotations.is_empty():
            continue
        said.extend(_said(sources, own, name, text, start, end))
        policy = policy_of(sources.adjudication, name)
        base = _decisions(own, policy)
        others = {world: _decisions(*changed) for world, changed in _worlds(own, policy, elsewhere)}
        others |= {World(as_of=day).name: _decisions(then.of_layer(name), policy) for day, then in days.items()}
        worlds |= dict.fromkeys(others)
        for key, row in base.items():
            if start is not None and not _meets(row, start, end or start + 1):
                continue
            lost = (
                () if row["outcome"] != GOLD else tuple(w for w, found in others.items() if not _holds(found, key, row))
            )
            told = {column: row[column] for column in Decided.__slots__ if column in row}
            decided.append(Decided(**told, lost_in=lost))
    return Why(doc_id, source, start, end, tuple(said), tuple(decided), tuple(worlds))


Key = tuple[str, str, str]


def _of_document(sources: GoldSources, folder: Path, current: pl.DataFrame) -> Labels:
    """The labels of one document in a folder of tables, where they stand in its current text."""
    every, of_document = read_labels(folder), pl.col("doc_id") == current["doc_id"][0]
    annotated = Labels(*(getattr(every, name).filter(of_document) for name in Labels.__slots__))
    labels, _ = fair(labels_on_current_texts(folder, annotated, current), sources.adjudication)
    if sources.adjudication.edge_white_space == "ignored":
        labels = replace(labels, spans=trimmed(labels.spans))
    return labels


def _decisions(labels: Labels, policy: Policy) -> dict[Key, dict[str, Any]]:
    found = adjudicate(labels.annotations, labels.spans, labels.choices, labels.relations, policy).decisions
    return {(row["control"], row["table"], row["item"]): row for row in found.iter_rows(named=True)}


def _holds(world: dict[Key, dict[str, Any]], key: Key, row: dict[str, Any]) -> bool:
    there = world.get(key)
    return there is not None and there["outcome"] == GOLD and there["value"] == row["value"]


def _worlds(labels: Labels, policy: Policy, elsewhere: Elsewhere) -> Iterator[tuple[str, tuple[Labels, Policy]]]:
    """Every other policy and boundary rule, everybody left out once, and every version of the guidelines, one at a time."""
    settings = elsewhere.settings
    for name in settings.policies:
        if name not in (policy.name, "dawid-skene"):
            yield World(policy=name).name, (labels, replace(policy, name=name))
    for boundary in settings.boundaries:
        if boundary != policy.boundary and labels.spans.height:
            yield World(boundary=boundary).name, (labels, replace(policy, boundary=boundary))
    people = labels.annotations["annotator"].drop_nulls().unique().sort().to_list()
    for person in people if len(people) > 1 else ():
        if person in settings.without or EACH in settings.without:
            world = World(without=person)
            yield world.name, (in_world(labels, world, elsewhere.rows), policy)
    for version in settings.guidelines:
        world = World(guidelines=version)
        yield world.name, (in_world(labels, world, elsewhere.rows), policy)


def _said(
    sources: GoldSources, labels: Labels, layer: str, text: str, start: int | None, end: int | None
) -> Iterator[PersonsAnswer]:
    guidelines = sources.layers[layer].guidelines_sha256
    submitted = labels.annotations.filter((pl.col("status") == "submitted") & pl.col("annotator").is_not_null())
    for row in submitted.sort("created_at", "annotation_id", nulls_last=False).iter_rows(named=True):
        mine = pl.col("annotation_id") == row["annotation_id"]
        spans = labels.spans.filter(mine).sort("start", "end", "label")
        if start is not None:
            spans = spans.filter((pl.col("start") < (end or start + 1)) & (pl.col("end") > start))
        items = [f"{s['start']}-{s['end']}:{s['label']} “{s['surface'] or ''}”" for s in spans.iter_rows(named=True)]
        if start is None:
            given = labels.choices.filter(mine).sort("control", "target", "value", nulls_last=False)
            items += [f"{c['target'] or c['control']}: {c['value']}" for c in given.iter_rows(named=True)]
        made = row["guidelines_sha256"]
        yield PersonsAnswer(
            layer,
            row["annotator"],
            row["annotation_id"],
            row["origin"],
            "" if row["created_at"] is None else f"{row['created_at']:%Y-%m-%d}",
            row["text_sha256"] == text,
            None if made is None else made == guidelines,
            tuple(items),
        )


def _meets(row: dict[str, Any], start: int, end: int) -> bool:
    place, _, _ = row["item"].partition(":")
    first, _, behind = place.partition("-")
    spans = row["table"] == "spans" and first.isdecimal() and behind.isdecimal()
    return spans and int(first) < end and start < int(behind)


def _document(sources: GoldSources, document: str) -> tuple[str, str, str]:
    found = scan(sources.out / "documents", "documents")
    rows = pl.DataFrame(schema={name: columns_of("documents")[name] for name in ("doc_id", "source", "text_sha256")})
    if found is not None:
        named = (pl.col("doc_id") == document) | (pl.col("source") == document)
        rows = found.filter(named).select("doc_id", "source", "text_sha256").collect()
    if rows.is_empty():
        raise UsageError(
            f"There is no document {document!r}.", "Name its doc_id or its source, as the tables have them."
        )
    doc_id, source, text = rows.row(0)
    return str(doc_id), str(source), str(text)
