"""Status: how far labeling is, per layer and per annotator, from the made tables; the server adds its task counts.

An annotator is a pseudonym. Times are what Label Studio measured per task; a page left open over lunch is no work, so
times above Tukey's upper fence (third quartile + 1.5 interquartile ranges; Exploratory Data Analysis, 1977) of that
person in that layer are left out of the median.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import polars as pl

from corpus_kit.core.errors import ServiceError, UsageError
from corpus_kit.core.progress import Silent
from corpus_kit.core.records import CheckScore, SuggesterOutcomes
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.storage.tables import iter_batches, parts, scan
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.server.connect import connect, limits_of
from corpus_kit.labelstudio.sync.assignments import Assignments
from corpus_kit.labelstudio.sync.outdated import OutdatedLabels, outdated_labels
from corpus_kit.labelstudio.sync.own_work import PersonStatus, SharedPages, people_status
from corpus_kit.labelstudio.sync.plan import LISTED, read_task
from corpus_kit.labelstudio.sync.projects import find_project
from corpus_kit.labelstudio.sync.pull_state import last_pull
from corpus_kit.labelstudio.sync.review_tasks import KINDS
from corpus_kit.labelstudio.sync.server_context import ServerContext
from corpus_kit.ledger.ledger import Entry, Ledger
from corpus_kit.ledger.outcomes import effects
from corpus_kit.ledger.people import FILE, look_alike, read_people
from corpus_kit.ledger.states import author_of
from corpus_kit.ledger.steering import Steering, steering

FENCE = 1.5


@dataclass(frozen=True, slots=True)
class Annotator:
    """One person's work in one layer.

    tasks: documents they opened and answered, skipped or left as a draft. done, skipped, drafts: documents.
    overlap_reached: of those done, documents with as many answers as `overlap` wants. median_s: seconds per document, idle
    time trimmed; None without times. accepted: share of the suggestions on the documents done that were left as they
    were; None without suggestions. stale: spans of theirs without a certain place in the current text. rejected: rows.
    agrees: with the rest, by the figure `measure`, as `corpus-kit agreement` has it; None where they are not compared.
    """

    layer: str
    annotator: str
    tasks: int
    done: int
    skipped: int
    drafts: int
    overlap_reached: int
    median_s: float | None
    accepted: float | None
    stale: int
    rejected: int
    agrees: float | None = None
    measure: str = ""


@dataclass(frozen=True, slots=True)
class LayerStatus:
    """One layer.

    documents: of the corpus. tasks: on the server, None where it cannot be asked. labelled: documents with a submitted
    annotation. overlap_reached: documents with as many as `overlap` wants. disagreements: documents on which people
    gave different answers. carried, stale: spans of older texts that have a place in the current one, or none that is
    certain. rejected: rows; some belong to no one (a task of no document). last_pull: a moment in UTC, None before the
    first.
    """

    layer: str
    documents: int
    tasks: int | None
    labelled: int
    annotations: int
    skipped: int
    drafts: int
    overlap: int
    overlap_reached: int
    disagreements: int
    accepted: float | None
    median_s: float | None
    carried: int
    stale: int
    rejected: int
    last_pull: datetime | None


@dataclass(frozen=True, slots=True)
class ReviewProject:
    """A review project, as the server has it. tasks: of them, waiting: for a reviewer; begun: with a draft; settled;
    skipped. Tasks that are out of the queue are none."""

    layer: str
    kind: str
    tasks: int
    waiting: int
    begun: int
    settled: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Status:
    """suggesters: what became of their suggestions. checks: how people did on documents with a known answer. remarks: what
    the figures do not know yet. steering: what people did with suggestions and, on documents that were held out, without.
    outdated: labels made under an older text of the guidelines that concerns them. people, pairs: with `[assign]`, how far
    everybody is and what pairs of people share."""

    layers: list[LayerStatus]
    annotators: list[Annotator]
    suggesters: list[SuggesterOutcomes] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    checks: list[CheckScore] = field(default_factory=list)
    steering: list[Steering] = field(default_factory=list)
    outdated: list[OutdatedLabels] = field(default_factory=list)
    people: list[PersonStatus] = field(default_factory=list)
    pairs: list[SharedPages] = field(default_factory=list)
    reviews: list[ReviewProject] = field(default_factory=list)


def status(
    site: ServerContext,
    configured_url: str,
    checks: Sequence[CheckScore] = (),
    agrees: Mapping[tuple[str, str], tuple[float, str]] = MappingProxyType({}),
) -> Status:
    """The figures of every layer. agrees: (layer, annotator) → figure and measure.

    Raises UsageError before the first build; a server that is away is a remark.
    """
    documents = scan(site.data / "documents", "documents")
    if documents is None:
        raise UsageError(f"There are no documents in {site.data}.", "Run `corpus-kit build` first.")
    count = documents.select(pl.len()).collect().item()
    entries = Ledger(site.data / "imports").entries()
    remarks: list[str] = []
    _tell_age(site.data, entries, remarks)
    reviews: list[ReviewProject] = []
    tasks = _tasks(site, configured_url, remarks, reviews)
    tables = _Tables(site.data)
    overlap = site.settings.overlap
    remarks += tables.not_known(list(site.layers))
    for one, two, why in look_alike(read_people(site.data / FILE)):
        remarks.append(
            f"{one} and {two} may be one person ({why}): where they are, write them into `same`,"
            " under [people] in corpus.toml."
        )
    rejected = {name: _rejected(site.data, entries, name) for name in site.layers}
    layers = [
        tables.layer(name, count, tasks.get(name), overlap, rejected[name].height, pulled)
        for name in site.layers
        for pulled in [last_pull(site.data / "imports", name)]
    ]
    people = [
        replace(one, agrees=figure, measure=measure)
        for name in site.layers
        for one in tables.annotators(name, overlap, rejected[name])
        for figure, measure in [agrees.get((name, one.annotator), (None, ""))]
    ]
    assigned, pairs = people_status(site)
    return Status(
        layers,
        people,
        effects(site.data),
        remarks,
        list(checks),
        steering(site.data, site.layers),
        outdated_labels(site.data, site.layers, entries),
        assigned,
        pairs,
        reviews,
    )


class _Tables:
    """Figures from `data/annotations` and `data/suggestions`; empty tables where they are not made."""

    def __init__(self, data: Path) -> None:
        people = _table(data / "annotations", "annotations").filter(pl.col("origin") == "human")
        columns = "annotation_id doc_id layer annotator edited_by complete status lead_time_s text_sha256".split()
        self.people = people.select(columns).collect()
        self.spans = _table(data / "annotations", "spans")
        self.choices = _table(data / "annotations", "choices")
        self.carried = _table(data / "annotations", "carried")
        self.suggestions = _table(data / "suggestions", "suggestions")

    def not_known(self, layers: Sequence[str]) -> list[str]:
        """A remark for each layer with answers that could not be read whole, and with those that somebody else changed."""
        submitted = self.people.filter(pl.col("status") == "submitted")
        said = []
        for name in layers:
            own = submitted.filter(pl.col("layer") == name)
            torn, edited = own.filter(~pl.col("complete")).height, own.filter(pl.col("edited_by").is_not_null()).height
            if torn:
                said.append(
                    f"{name}: {torn:,} answers could not be read whole. They are neither yes nor no; see rejected."
                )
            if edited:
                said.append(f"{name}: {edited:,} annotations were changed by somebody else; agreement leaves them out.")
        return said

    def layer(
        self, layer: str, documents: int, tasks: int | None, overlap: int, rejected: int, pulled: datetime | None
    ) -> LayerStatus:
        mine = self.people.filter(pl.col("layer") == layer)
        done = mine.filter(pl.col("status") == "submitted")
        per_document = done.group_by("doc_id").len()
        verdicts = self.carried.filter(pl.col("layer") == layer).group_by("verdict").len().collect()
        spans = dict(verdicts.iter_rows())
        return LayerStatus(
            layer=layer,
            documents=documents,
            tasks=tasks,
            labelled=per_document.height,
            annotations=done.height,
            skipped=mine.filter(pl.col("status") == "skipped").height,
            drafts=mine.filter(pl.col("status") == "draft").height,
            overlap=overlap,
            overlap_reached=per_document.filter(pl.col("len") >= overlap).height,
            disagreements=self._disagreements(done.filter("complete")),
            accepted=self._accepted(done),
            median_s=_median(done),
            carried=sum(n for verdict, n in spans.items() if verdict != "stale"),
            stale=spans.get("stale", 0),
            rejected=rejected,
            last_pull=pulled,
        )

    def annotators(self, layer: str, overlap: int, rejected: pl.DataFrame) -> list[Annotator]:
        """Everybody with work in the layer, and who has nothing but rejected rows there."""
        mine = self.people.filter(pl.col("layer") == layer)
        per_document = mine.filter(pl.col("status") == "submitted").group_by("doc_id").len()
        reached = per_document.filter(pl.col("len") >= overlap)["doc_id"]
        stale, refused = self._stale(mine), self._refused(rejected)
        found = []
        for name in sorted({*mine["annotator"], *refused}):
            work = mine.filter(pl.col("annotator") == name)
            done, skipped, drafts = (work.filter(pl.col("status") == s) for s in ("submitted", "skipped", "draft"))
            found.append(
                Annotator(
                    layer=layer,
                    annotator=name,
                    tasks=work.filter(pl.col("status") != "deleted")["doc_id"].n_unique(),
                    done=done["doc_id"].n_unique(),
                    skipped=skipped["doc_id"].n_unique(),
                    drafts=drafts["doc_id"].n_unique(),
                    overlap_reached=done.filter(pl.col("doc_id").is_in(reached.implode()))["doc_id"].n_unique(),
                    median_s=_median(done),
                    accepted=self._accepted(done),
                    stale=stale.get(name, 0),
                    rejected=refused.get(name, 0),
                )
            )
        return found

    def _stale(self, mine: pl.DataFrame) -> dict[str, int]:
        """Spans without a certain place in the current text, by whose they are."""
        stale = self.carried.filter(pl.col("verdict") == "stale").select("annotation_id").collect()
        return dict(mine.join(stale, on="annotation_id").group_by("annotator").len().iter_rows())

    def _refused(self, rejected: pl.DataFrame) -> dict[str, int]:
        """Rejected rows by whose they are: a refused annotation says it itself, a refused result is part of one."""
        authors = self.people.select("annotation_id", pl.col("annotator").alias("known"))
        told = rejected.filter(~pl.col("review")).join(authors, on="annotation_id", how="left")
        whose = told.select(pl.coalesce("author", "known").alias("whose")).drop_nulls()
        return dict(whose.group_by("whose").len().iter_rows())

    def _accepted(self, done: pl.DataFrame) -> float | None:
        """Suggestions that were left as they were ÷ suggestions on these annotations' texts."""
        if done.is_empty():
            return None
        layer = done["layer"][0]
        shown = self.suggestions.filter(pl.col("layer") == layer).select("doc_id", "text_sha256").collect()
        suggested = done.join(shown, on=["doc_id", "text_sha256"]).height
        kept = self.spans.filter(pl.col("origin") == "accepted").select("annotation_id").collect()
        accepted = done.join(kept, on="annotation_id").height
        # Suggestions made by another version since are counted as they are now: never more than all.
        return min(accepted / suggested, 1.0) if suggested else None

    def _disagreements(self, done: pl.DataFrame) -> int:
        """Documents with several annotations whose spans and choices are not the same."""
        shared = done.filter(pl.len().over("doc_id", "text_sha256") > 1)
        if shared.is_empty():
            return 0
        ids = shared.select("annotation_id").lazy()
        place = pl.concat_str(["control", "start", "end", "label"], separator="\x1f")
        answer = pl.concat_str(["control", "kind", "value"], separator="\x1f")
        told = pl.concat(
            [
                self.spans.join(ids, on="annotation_id").select("annotation_id", place.alias("told")),
                self.choices.join(ids, on="annotation_id").select("annotation_id", answer.alias("told")),
            ]
        )
        each = told.group_by("annotation_id").agg(pl.col("told").unique().sort().str.join("\x1e")).collect()
        joined = shared.join(each, on="annotation_id", how="left").with_columns(pl.col("told").fill_null(""))
        return joined.group_by("doc_id", "text_sha256").agg(pl.col("told").n_unique()).filter(pl.col("told") > 1).height


def _median(done: pl.DataFrame) -> float | None:
    """Median seconds per annotation, each person's times above the fence left out."""
    time = pl.col("lead_time_s")
    low, high = time.quantile(0.25).over("annotator"), time.quantile(0.75).over("annotator")
    kept = done.filter(time.is_not_null()).filter(time <= high + FENCE * (high - low))
    found = kept["lead_time_s"].median()
    return float(found) if isinstance(found, int | float) else None


def _table(folder: Path, table: str) -> pl.LazyFrame:
    found = scan(folder, table)
    return pl.LazyFrame(schema=dict(columns_of(table))) if found is None else found


def _tell_age(data: Path, entries: list[Entry], remarks: list[str]) -> None:
    manifest = read_manifest(data / "annotations")
    made = {i["sha256"] for i in manifest["inputs"]["imports"]} if manifest else set()
    waiting = sum(e.sha256 not in made for e in entries)
    if waiting:
        remarks.append(f"{waiting} pulls or imports are not in the tables yet: run `corpus-kit build`.")


def _rejected(data: Path, entries: list[Entry], layer: str) -> pl.DataFrame:
    """Rows of `rejected` that came from the ledger's entries of this layer, or would have been rows of its tables.

    annotation_id; author: the pseudonym in what was refused, where it names somebody; review: from a review project.
    Memory: one batch of payloads.
    """
    manifest = read_manifest(data / "annotations")
    inputs = manifest["inputs"]["imports"] if manifest else []
    found = {i["sha256"] for i in inputs if i["layer"] == layer}  # samples do not say it
    purposes = {e.place: e.purpose for e in entries if e.sha256 in found and e.layer in (layer, None)}
    rows = []
    for path in parts(data / "rejected", "pull") if manifest else ():
        for batch in iter_batches(path, ("source", "annotation_id", "reason", "payload"), 256):
            for source, annotation_id, reason, payload in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                place, refused = source.split("#")[0], json.loads(payload or "null")
                refused = refused if isinstance(refused, dict) else {}
                if place in purposes or (reason == "contract" and refused.get("layer") == layer):
                    # By now a pseudonym; a row of our tables that broke its contract has a column for it.
                    author = author_of(refused) or refused.get("annotator")
                    rows.append((annotation_id, author if isinstance(author, str) else None, bool(purposes.get(place))))
    columns = {"annotation_id": pl.String, "author": pl.String, "review": pl.Boolean}
    return pl.DataFrame(rows, columns, orient="row")


def _review_projects(client: LabelStudioClient, site: ServerContext, layer: str) -> Iterator[ReviewProject]:
    start = f"{site.title(layer)} "
    titles = client.titles_with(start)
    for kind in KINDS:
        project = find_project(client, start + kind, Silent()) if start + kind in titles else None
        if project is None:
            continue
        drafted = {int(t["id"]) for t in client.tasks_with_drafts(project.id)}
        every = [task for _, task in map(read_task, client.tasks(project.id, LISTED))]
        tasks = [task for task in every if task.work or not task.out]
        settled = sum(task.done > 0 for task in tasks)
        skipped = sum(task.work > 0 and not task.done for task in tasks)
        begun = sum(not task.work and task.id in drafted for task in tasks)
        waiting = len(tasks) - settled - skipped - begun
        yield ReviewProject(layer, kind, len(tasks), waiting, begun, settled, skipped)


def _tasks(
    site: ServerContext, configured_url: str, remarks: list[str], reviews: list[ReviewProject]
) -> dict[str, int]:
    """How many tasks the server has, by layer; empty where it cannot be asked. reviews: its review projects come here."""
    try:
        with connect(site.data, configured_url, limits=limits_of(site.settings)) as client:
            found: dict[str, int] = {}
            for name in site.layers:
                reviews += _review_projects(client, site, name)
                for person in ("", *Assignments.read(site.data).everybody(site.assign.people)):
                    project = find_project(client, site.of(person).title(name), Silent())
                    if project:
                        found[name] = found.get(name, 0) + int(client.counts(project.id)["task_number"] or 0)
            return found
    except (ServiceError, UsageError) as e:
        remarks.append(f"The server's task counts are missing: {e.message}")
        return {}
