"""`suggest boilerplate --train`: what the user's own pages teach, measured on pages that were not learned from.

A correction (see `retrain`) is made only of what people did on the current texts: gold where a document has it, else the
latest answers of those who worked on it. It is kept only where it helps, and that is told by cross-validation: the pages
of each part are judged by a correction that saw none of them and no copy of them. With few pages much of a difference is
chance, so the kept text must come out better by more than the standard error of the gain over the parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from corpus_kit.core.errors import UsageError
from corpus_kit.core.labels import Labels, current_spans, read_labels
from corpus_kit.core.lines.pages import F64
from corpus_kit.core.storage.folders import write_whole
from corpus_kit.core.storage.tables import fsync_path, scan
from corpus_kit.suggest.boilerplate.model import BoilerplateModel
from corpus_kit.suggest.boilerplate.records import LineScore
from corpus_kit.suggest.boilerplate.retrain import Spans, correct, gather

PARTS = 5
Verdict = tuple[float, float, float]  # of a page: precision, recall, squared error
FEWEST = 5  # pages that are no copies of each other: with fewer, no part could be judged by the others


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """One labelled document. spans: [start, end) of its boilerplate, in order. group: its cluster of copies."""

    doc_id: str
    text: str
    title: str | None
    group: str
    spans: Spans
    gold: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """How well the kept text matches what people kept: words, precision and recall averaged over pages."""

    precision: float
    recall: float
    f1: float
    brier: float
    """Mean squared difference between a line's score and the share of it people marked, averaged over pages."""


@dataclass(frozen=True, slots=True)
class Learned:
    """pages: learned from, of which `from_gold` have gold and the others single answers. open: documents left out, as
    people's disagreements about them are not settled. before: the packaged model; after: with the correction, on pages it
    had not seen. gain, gain_error: what F1 gains on average over the parts, and its standard error. installed: whether the
    correction was written. version, sha256: of the model now in use."""

    pages: int
    from_gold: int
    open: int
    groups: int
    threshold: float
    before: Figures
    after: Figures
    gain: float
    gain_error: float
    installed: bool
    version: str
    sha256: str


def learn(data: Path, layer: str, control: str, threshold: float, target: Path) -> Learned:
    """Correct the packaged model by what people labelled in `data`, and write it to `target` if that helps.

    layer, control: where boilerplate is marked. threshold: the one in use. Raises UsageError where too little is labelled.
    """
    pages, opened = labelled_pages(data, layer, control)
    groups = sorted({page.group for page in pages})
    if len(groups) < FEWEST:
        also = f" {opened} more have open disagreements." if opened else ""
        raise UsageError(
            f"{len(groups)} labelled pages of the layer '{layer}' are too few to learn from.{also}",
            f"Label at least {FEWEST} pages that are no copies of each other, then `corpus-kit build` and train again.",
        )
    base = BoilerplateModel.load()
    evidence = gather([(page.text, page.spans) for page in pages], base)
    part = {group: number % PARTS for number, group in enumerate(groups)}
    plain = judge(base, pages, threshold)
    pairs: list[tuple[list[Verdict], list[Verdict]]] = []
    for number in range(PARTS):
        held = [at for at, page in enumerate(pages) if part[page.group] == number]
        learned = judge(correct(evidence, base, held), [pages[at] for at in held], threshold)
        pairs.append(([plain[at] for at in held], learned))
    before, after = _figures(plain), _figures([one for _, learned in pairs for one in learned])
    gain, error = mean_and_error([_figures(learned).f1 - _figures(old).f1 for old, learned in pairs])
    better = after.f1 > before.f1 and gain > error
    if better:
        model = correct(evidence, base)
        _write(target, model.to_bytes())
    else:
        model = BoilerplateModel.load(target if target.exists() else None)
    told = len(pages), sum(page.gold for page in pages), opened, len(groups), threshold
    return Learned(*told, before, after, gain, error, better, model.version, model.sha256)


def labelled_pages(data: Path, layer: str, control: str) -> tuple[list[LabelledPage], int]:
    """What people say is boilerplate, by doc_id, and how many documents are left out for open disagreements.

    Only work on the text as it is now counts: gold of the last build, and answers whose spans all have a place in it.
    """
    documents = scan(data / "documents", "documents")
    if documents is None:
        return [], 0
    gold, people = (read_labels(data / name).of_layer(layer) for name in ("gold", "annotations"))
    settled = gold.annotations.filter(pl.col("status") == "submitted").select("doc_id", "annotation_id", "text_sha256")
    opened = gold.annotations.filter(pl.col("status") != "submitted")["doc_id"]
    single = _answers(data, people).filter(~pl.col("doc_id").is_in([*settled["doc_id"], *opened]))
    wanted = pl.concat([settled["doc_id"], single["doc_id"]]).unique().to_list()
    columns = ("doc_id", "text", "text_sha256", "title", "duplicate_cluster")
    found = documents.filter(pl.col("doc_id").is_in(wanted)).select(columns).collect().sort("doc_id")
    current = found.select("doc_id", pl.col("text_sha256").alias("now"))
    settled = settled.join(current, on="doc_id").filter(pl.col("text_sha256").fill_null(pl.col("now")) == pl.col("now"))
    marked = {True: _marked(settled, gold.spans, control), False: _marked(single, _here(data, people), control)}
    pages = []
    for doc_id, text, _, title, cluster in found.iter_rows():
        for is_gold, answers in marked.items():
            if doc_id in answers:
                pages.append(LabelledPage(doc_id, text, title, cluster or doc_id, majority(answers[doc_id]), is_gold))
    return pages, len(opened)


def majority(answers: Sequence[Spans]) -> list[tuple[int, int]]:
    """The stretches [start, end) that more than half of the answers cover, in order."""
    steps: Counter[int] = Counter()
    for spans in answers:
        for start, end in _merged(spans):
            steps[start] += 1
            steps[end] -= 1
    found, deep, begin = [], 0, -1
    for at in sorted(steps):
        was, deep = deep * 2 > len(answers), deep + steps[at]
        now = deep * 2 > len(answers)
        if now and not was:
            begin = at
        elif was and not now:
            found.append((begin, at))
    return found


def mean_and_error(gains: Sequence[float]) -> tuple[float, float]:
    """Mean of `gains` and its standard error. Were one part alone to gain, the two would be equal: a change on one page
    is never more than chance. Rounding must not decide that, so the error is taken a trifle larger."""
    return float(np.mean(gains)), float(np.std(gains, ddof=1) / np.sqrt(len(gains))) * (1.0 + 1e-9)


def judge(model: BoilerplateModel, pages: Sequence[LabelledPage], threshold: float) -> list[Verdict]:
    """Per page: precision and recall of the words `model` keeps against those people kept, and the mean squared error
    of its scores. A page of which nothing is kept and nothing was to be kept has 1.0."""
    told = []
    texts, titles = [page.text for page in pages], [page.title for page in pages]
    judged = zip(pages, model.predict(texts, titles), model.suggest(texts, threshold, titles), strict=True)
    for page, lines, suggested in judged:
        size = np.array([len(page.text[line.start : line.end].split()) for line in lines], np.float64)
        content = 1.0 - _covered(page.text, lines, page.spans)
        kept = 1.0 - _covered(page.text, lines, [(one.start, one.end) for one in suggested])
        hit, have, want = ((size * share).sum() for share in (np.minimum(content, kept), kept, content))
        score = np.array([line.score for line in lines])
        error = (size * (score - (1.0 - content)) ** 2).sum() / max(1.0, size.sum())
        told.append((hit / have if have else 1.0, hit / want if want else 1.0, float(error)))
    return told


def _answers(data: Path, people: Labels) -> pl.DataFrame:
    """The latest submitted answer of each person on each document, where none of its spans is stale."""
    who = ["doc_id", "annotator"]
    latest = (
        people.annotations.filter((pl.col("origin") == "human") & (pl.col("status") == "submitted"))
        .sort("updated_at", "created_at", "annotation_id", nulls_last=False)
        .unique(who, keep="last", maintain_order=True)
    )
    carried = scan(data / "annotations", "carried")
    if carried is not None:
        stale = carried.filter(pl.col("verdict") == "stale").select("annotation_id").unique().collect()
        latest = latest.join(stale, on="annotation_id", how="anti")
    return latest.select("doc_id", "annotation_id")


def _here(data: Path, people: Labels) -> pl.DataFrame:
    """People's spans where they stand in the current texts."""
    carried = scan(data / "annotations", "carried")
    return people.spans if carried is None else current_spans(people.spans, carried.collect())


def _marked(answers: pl.DataFrame, spans: pl.DataFrame, control: str) -> dict[str, list[list[tuple[int, int]]]]:
    """doc_id → the spans of each of its answers; an answer without spans says that all is content."""
    mine = spans.filter(pl.col("control") == control).select("annotation_id", "start", "end").unique()
    by_answer: dict[str, list[tuple[int, int]]] = {}
    for annotation_id, start, end in mine.sort("start", "end").iter_rows():
        by_answer.setdefault(annotation_id, []).append((start, end))
    made: dict[str, list[list[tuple[int, int]]]] = {}
    for doc_id, annotation_id in answers.select("doc_id", "annotation_id").sort("annotation_id").iter_rows():
        made.setdefault(doc_id, []).append(by_answer.get(annotation_id, []))
    return made


def _merged(spans: Spans) -> list[tuple[int, int]]:
    """Spans that touch or overlap as one."""
    made: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((start, end))
    return made


def _covered(text: str, lines: Sequence[LineScore], spans: Spans) -> F64:
    """Share of each line's characters that the spans cover."""
    edge = np.zeros(len(text) + 2)
    for start, end in _merged(spans):
        edge[start + 1] += 1
        edge[end + 1] -= 1
    before = np.concatenate([np.zeros(1), np.cumsum(np.cumsum(edge[1:]))])
    low, high = (np.array([getattr(line, name) for line in lines], np.int64) for name in ("start", "end"))
    share: F64 = (before[high] - before[low]) / np.maximum(high - low, 1)
    return share


def _figures(told: Sequence[Verdict]) -> Figures:
    precision, recall, brier = np.array(sorted(told)).mean(axis=0).tolist()
    return Figures(precision, recall, 2 * precision * recall / max(precision + recall, 1e-12), brier)


def _write(target: Path, data: bytes) -> None:
    """In its place in one rename, flushed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, data)
    fsync_path(target.parent)
