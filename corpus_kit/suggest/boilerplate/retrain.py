"""Learning from the user's own gold: a small correction of the packaged model, not a model of its own.

A few dozen labelled pages cannot support new trees, but they show how this corpus differs: more bullets that are content,
a footer every page ends with. So the trees stay, and two things are learned: a logistic correction over ten columns, held
near zero by a prior, and the lines people mark again and again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from corpus_kit.core.errors import UsageError
from corpus_kit.core.lines.hashing import U64
from corpus_kit.core.lines.pages import F64, I64
from corpus_kit.suggest.boilerplate.model import BoilerplateModel, LineScores, lean_columns

_PRIOR = 20.0  # lines' worth of evidence against any correction
_PAGE_LINES = 40.0  # a page counts as at most this many lines, so that long ones do not rule
_MOST_KNOWN = 20_000
_STEPS = 25

Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class LineEvidence:
    """What gold pages say about their lines that hold words, in order; one entry per line.

    design: `lean_columns`. odds: log-odds of content by the trees alone. content: share of the line people kept.
    page: number of the line's page. key: hash of its words.
    """

    design: F64
    odds: F64
    content: F64
    page: I64
    key: U64


def retrain(pages: Iterable[tuple[str, Spans]], base_model: BoilerplateModel) -> BoilerplateModel:
    """`base_model` corrected by `pages`: texts with the boilerplate spans [start, end) people agreed on.

    Deterministic, and without any library the package does not need anyway. Raises UsageError without pages.
    """
    known_pages = list(pages)
    if not known_pages:
        raise UsageError(
            "There is no gold to learn boilerplate from.", "Label some pages in the boilerplate layer first."
        )
    return correct(gather(known_pages, base_model), base_model)


def gather(pages: Sequence[tuple[str, Spans]], base_model: BoilerplateModel) -> LineEvidence:
    """The evidence of `pages`. An earlier correction of `base_model` plays no part."""
    plain = _uncorrected(base_model)
    parts: list[tuple[F64, F64, F64, I64, U64]] = []
    at = 0
    for batch in plain.score([text for text, _ in pages]):
        share = _marked_share(batch, [spans for _, spans in pages[at : at + batch.rows.n_docs]])
        wordy = batch.line.words > 0
        design = lean_columns(batch.odds, batch.columns, batch.line)
        rows = (design, batch.odds, 1.0 - share, batch.pages.doc + at, batch.line.key)
        parts.append(tuple(values[wordy] for values in rows))  # type: ignore[arg-type]  # five of five
        at += batch.rows.n_docs
    design, odds, content, page, key = (np.concatenate(column) for column in zip(*parts, strict=True))
    return LineEvidence(design, odds, content, page, key)


def correct(evidence: LineEvidence, base_model: BoilerplateModel, left_out: Collection[int] = ()) -> BoilerplateModel:
    """`base_model` corrected by the evidence of all pages but those `left_out`."""
    used = ~np.isin(evidence.page, list(left_out))
    page, key, content = evidence.page[used], evidence.key[used], evidence.content[used]
    _, of_page, lines = np.unique(page, return_inverse=True, return_counts=True)
    weight = np.minimum(1.0, _PAGE_LINES / lines[of_page])
    lean = _correction(evidence.design[used], content, weight, evidence.odds[used])
    marked, kept = (_pages_by_key(page[chosen], key[chosen]) for chosen in (content <= 0.5, content > 0.5))
    known = _known(marked, kept)
    import hashlib  # loads OpenSSL, which suggesting does not need

    digest = hashlib.sha256(lean.tobytes() + known.tobytes()).hexdigest()[:12]
    version = f"{base_model.version.partition('+')[0]}+{digest}"
    return replace(base_model, version=version, lean=lean, known=known)


def _uncorrected(model: BoilerplateModel) -> BoilerplateModel:
    return replace(model, lean=np.zeros_like(model.lean), known=np.zeros(0, np.uint64))


def _pages_by_key(page: I64, key: U64) -> Counter[int]:
    """On how many pages each line stands."""
    return Counter(line for _, line in set(zip(page.tolist(), key.tolist(), strict=True)))


def _marked_share(batch: LineScores, spans: Sequence[Spans]) -> F64:
    """Share of each row's code points that lie in the spans of its text."""
    pages = batch.pages
    edge = np.zeros(len(pages.codes) + 1, np.int64)
    for base, own in zip(pages.offset.tolist(), spans, strict=False):
        for start, end in own:
            edge[base + start] += 1
            edge[base + end] -= 1
    covered = np.concatenate([[0], np.cumsum(np.cumsum(edge[:-1]) > 0)])
    share: F64 = (covered[pages.end] - covered[pages.start]) / np.maximum(pages.end - pages.start, 1)
    return share


def _correction(design: F64, target: F64, weight: F64, odds: F64) -> F64:
    """Weights that, added to the model's log-odds, fit `target` best: penalised logistic regression by Newton's method."""
    lean = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(odds + design @ lean, -30.0, 30.0)))
        slope = design.T @ (weight * (target - p)) - _PRIOR * lean
        curve = (design * (weight * p * (1.0 - p))[:, None]).T @ design + _PRIOR * np.eye(len(lean))
        step = np.linalg.solve(curve, slope)
        lean = lean + step
        if np.abs(step).max() < 1e-9:
            break
    return np.round(lean, 9)


def _known(marked: Counter[int], kept: Counter[int]) -> U64:
    often = sorted((-count, key) for key, count in marked.items() if count >= 2 and not kept[key])
    return np.array(sorted(key for _, key in often[:_MOST_KNOWN]), np.uint64)
