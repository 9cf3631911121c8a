"""`data/suggestions`: what is boilerplate on every page, as rows.

A shard of documents becomes a shard of suggestions by one pure function, in any process. What it made is kept in
`.work/suggestions/`, under a key of all it was made from, so an unchanged shard is not looked at again. Shards are looked
at before copies are searched for, so they have neither clusters nor splits yet, which a suggestion does not depend on.
It does depend on which lines the page's publisher repeats; where other pages change that, the pages concerned are looked at
again and no others.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.labelconfig import Control
from corpus_kit.core.layers import Layer
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.records import Rejected
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.schema.contracts import Contract, compile_gate
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import kept_facts, read_manifest, remove
from corpus_kit.core.storage.tables import array_of, read_table, table_of
from corpus_kit.core.version import __version__
from corpus_kit.core.vocabulary import BOILERPLATE
from corpus_kit.suggest.boilerplate import LABELS, BoilerplateModel
from corpus_kit.suggest.boilerplate.records import BoilerplateSpan
from corpus_kit.suggest.earlier import DIGESTS, Rows, digests_of, rows_of, save_earlier
from corpus_kit.suggest.folder import ROWS, TABLE, drop_layer, keep_shard, put_layer

LAYER = BOILERPLATE
MODEL = "corpus-kit-boilerplate"
_FACTS = "facts.json"
_SECONDS_PER_BYTE = 1 / 6e6  # what `suggest_shard` takes, roughly, per byte of a shard
_READ = ("doc_id", "source", "title", "title_start", "text", "text_sha256")


@dataclass(frozen=True, slots=True)
class SuggestRecipe:
    """How suggestions are made. Everything that can change a byte of the result is in here, and in `key`.

    control: that of the layer's config which marks spans. labels: those it has; None where it takes any.
    model: path of its file, empty for the packaged one.
    """

    threshold: float
    control: str
    labels: tuple[str, ...] | None
    model: str
    model_sha256: str
    contract: ContractFile
    gate: bytes
    versions: str

    @property
    def key(self) -> str:
        parts = [self.threshold, self.control, self.labels, self.model_sha256, self.contract.sha256, self.versions]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class DocumentShard:
    """What suggestions are made of. path: a Parquet file of documents. sha256: of it before it had clusters and splits.

    repeated: array of (document, start), row and code point of every line that the document's publisher repeats, sorted;
    None where there are none. repeated_sha256: of these, empty where there are none.
    """

    path: Path
    sha256: str
    rows: int
    repeated: Path | None = None
    repeated_sha256: str = ""


@dataclass(frozen=True, slots=True)
class SuggestTask:
    """One call of `suggest_shard`: paths and settings, no texts. folder: where the result goes, named by what it is of.

    repeated: as in `DocumentShard`, empty for none. earlier: what `save_earlier` wrote of results that are no more, empty
    where there are none.
    """

    shard: str
    folder: str
    recipe: SuggestRecipe
    repeated: str = ""
    earlier: str = ""


@dataclass(slots=True)
class Suggested:
    """What was made. documents: looked at, of which `marked` have suggestions. rows: by label.

    left_out: spans by label that the layer does not have. rejected: reason → rows that broke the contract.
    unchanged_shards, shards: how much was taken over from the last build.
    """

    documents: int = 0
    marked: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    shards: int = 0
    unchanged_shards: int = 0

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def suggestion_recipe(
    layer: Layer, threshold: float, contract: ContractFile, model: Path | None = None
) -> SuggestRecipe | None:
    """All that decides what is suggested; None where the layer has no control that marks spans of the text.

    model: by default the packaged one.
    Raises ConfigError when the contract or the model cannot be used.
    """
    control = marking_control(layer)
    if control is None:
        return None
    path = "" if model is None else str(model)
    versions = {"corpus-kit": __version__, "numpy": np.__version__, "polars": pl.__version__, "pyarrow": pa.__version__}
    return SuggestRecipe(
        threshold,
        control.name,
        None if control.dynamic else control.labels,
        path,
        BoilerplateModel.load(model).sha256,
        contract,
        compile_gate(contract),
        " ".join(f"{k}={v}" for k, v in versions.items()),
    )


def marking_control(layer: Layer) -> Control | None:
    """The control that marks spans of the document's text; of several the one that has most of the model's labels."""
    text = layer.text_object.name
    able = [c for c in layer.controls if c.kind == "labels" and text in c.to_name]
    return max(able, key=lambda c: len(set(c.labels) & set(LABELS)), default=None)


@dataclass(frozen=True, slots=True)
class SuggestedShard:
    """What `suggest_shard` made of one shard. folder: where its files are. facts: the content of its `facts.json`."""

    folder: Path
    facts: dict[str, Any]

    @property
    def path(self) -> Path:
        """The Parquet file of its rows."""
        return self.folder / ROWS

    @property
    def fingerprint(self) -> str:
        """Of its rows."""
        return str(self.facts["fingerprint"])


@dataclass(slots=True)
class Suggesting:
    """Suggestions under way. work: `data/.work`, held by this process. made: of each shard, once `suggest` has run.
    looked_at: how many of the shards were new."""

    layer: Layer
    recipe: SuggestRecipe
    work: Path
    workers: Workers
    progress: Progress
    made: list[SuggestedShard] = field(default_factory=list)
    looked_at: int = 0

    def suggest(self, shards: Sequence[DocumentShard]) -> list[SuggestedShard]:
        """Look at every shard that is new. Memory: one shard per worker."""
        kept = self.work / TABLE
        kept.mkdir(exist_ok=True)
        key = self.recipe.key
        tasks = []
        for shard in shards:
            name = hashlib.sha256(f"{key} {shard.sha256}".encode()).hexdigest()[:32]
            place = kept / name / (shard.repeated_sha256[:16] or "plain")
            tasks.append(SuggestTask(str(shard.path), str(place), self.recipe, str(shard.repeated or "")))
        made = [finished_shard(Path(task.folder)) for task in tasks]
        to_do = [index for index, facts in enumerate(made) if facts is None]
        self.looked_at = len(to_do)
        earlier = self._earlier(kept, {Path(task.folder) for task in tasks}) if to_do else ""
        new = [replace(tasks[index], earlier=earlier) for index in to_do]
        with counted(self.progress, "suggesting", sum(shards[i].rows for i in to_do)) as step:
            size = sum(shards[i].path.stat().st_size for i in to_do)
            for number, facts in self.workers.run(suggest_shard, new, size * _SECONDS_PER_BYTE):
                made[to_do[number]] = facts
                step.advance(facts["documents"])
        done = zip(tasks, made, strict=True)
        self.made = [SuggestedShard(Path(t.folder), facts) for t, facts in done if facts is not None]
        return self.made

    def _earlier(self, kept: Path, used: set[Path]) -> str:
        """What this recipe made of documents in other company or with other lines repeated.

        What is left out or refused is counted by shard: no one can tell of which documents it was.
        """
        gone = [(place, finished_shard(place)) for place in kept.glob("*/*") if place not in used]
        key = self.recipe.key
        whole = [
            place
            for place, facts in gone
            if facts and facts.get("recipe") == key and not facts["rejected"] and not facts["left_out"]
        ]
        return save_earlier(kept, whole)


def built_shards(out: Path) -> list[DocumentShard]:
    """The shards of `out/documents`; nothing is said of repeated lines."""
    files = (read_manifest(out / "documents") or {"files": []})["files"]
    return [DocumentShard(out / "documents" / f["name"], f.get("read_sha256", f["sha256"]), f["rows"]) for f in files]


def build_suggestions(out: Path, suggesting: Suggesting, refusals: Refusals) -> Suggested:
    """Make `out/suggestions`, a file for each of `out/documents`, and hand in what breaks the contract."""
    made = suggesting.made
    _put_together(out, suggesting)
    for one in made:
        if one.facts["rejected"]:
            refusals.add(read_table(one.folder / "rejected.parquet"))
    used = {one.folder for one in made} | {one.folder.parent for one in made}
    for folder in (suggesting.work / TABLE).iterdir():
        for place in (folder, *(folder.iterdir() if folder in used else ())):
            if place not in used:
                remove(place)
    return _counts([one.facts for one in made], suggesting.looked_at)


def remove_suggestions(out: Path, work: Path) -> None:
    """Take away what an earlier build made for this layer."""
    drop_layer(out, work, LAYER)


def suggest_shard(task: SuggestTask) -> dict[str, Any]:
    """Suggestions for one shard of documents, checked and written; returns the content of its `facts.json`."""
    recipe = task.recipe
    table = read_table(Path(task.shard), _READ)
    names = {name: table[name].to_pylist() for name in _READ if name != "text"}
    repeated = _repeated(task.repeated, table.num_rows)
    headlines = list(zip(names["title"], names["title_start"], strict=True))
    digests = digests_of(names["doc_id"], names["text_sha256"], headlines, repeated)
    known = rows_of(task.earlier, names["doc_id"], digests, ROWS)
    new = [place for place in range(table.num_rows) if place not in known]
    documents = table.take(array_of(new, pa.int64())) if known else table
    made, left_out = _suggested(documents.to_pylist(), [repeated[place] for place in new], recipe)
    known |= dict(zip(new, made, strict=True))
    rows = [row for place in range(table.num_rows) for row in known[place]]
    sources = [names["source"][place] for place in range(table.num_rows) for _ in known[place]]
    contract = contract_of(recipe.contract, recipe.gate)
    found = table_of({name: [row[name] for row in rows] for name in contract.columns}, contract.columns)
    found, rejected = checked_rows(found, sources, contract)
    about = {"documents": table.num_rows, "left_out": dict(sorted(left_out.items())), "recipe": recipe.key}
    return keep_shard(Path(task.folder), _FACTS, found, rejected, {DIGESTS: digests}, **about)


def _repeated(path: str, documents: int) -> list[list[int]]:
    """Of each document, where its repeated lines start."""
    if not path:
        return [[] for _ in range(documents)]
    repeated = np.load(path)
    bounds = np.searchsorted(repeated["document"], np.arange(documents + 1))
    starts = repeated["start"].tolist()
    return [starts[bounds[row] : bounds[row + 1]] for row in range(documents)]


def _suggested(
    documents: list[dict[str, Any]], repeated: list[list[int]], recipe: SuggestRecipe
) -> tuple[list[Rows], Counter[str]]:
    """The rows of each document, and how many spans have a label that the layer has not."""
    if not documents:
        return [], Counter()
    model = _model(recipe.model, recipe.model_sha256)
    texts, titles = [d["text"] for d in documents], [d["title"] for d in documents]
    found = model.suggest(texts, recipe.threshold, titles, repeated, [d["title_start"] for d in documents])
    left_out = Counter(span.label for spans in found for span in spans if not _fits(span, recipe))
    made = [
        [_row(document, span, recipe, model.version) for span in spans if _fits(span, recipe)]
        for document, spans in zip(documents, found, strict=True)
    ]
    return made, left_out


def _fits(span: BoilerplateSpan, recipe: SuggestRecipe) -> bool:
    return recipe.labels is None or span.label in recipe.labels


def _row(document: dict[str, Any], span: BoilerplateSpan, recipe: SuggestRecipe, version: str) -> dict[str, Any]:
    doc_id, text_sha256 = document["doc_id"], document["text_sha256"]
    place = (doc_id, text_sha256, LAYER, recipe.control, span.start, span.end, span.label, version)
    return {
        "suggestion_id": hashlib.sha256(json.dumps(place).encode()).hexdigest()[:32],
        "doc_id": doc_id,
        "layer": LAYER,
        "control": recipe.control,
        "start": span.start,
        "end": span.end,
        "label": span.label,
        "surface": document["text"][span.start : span.end],
        "score": span.score,
        "model": MODEL,
        "model_version": version,
        "text_sha256": text_sha256,
    }


def checked_rows(table: pa.Table, sources: list[str], contract: Contract) -> tuple[pa.Table, list[Rejected]]:
    """The rows that keep the contract, and the others as refusals. The user's contract may ask for more than ours."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    checked = contract.check(frame)
    if not checked.failed_rows:
        return table, []
    reasons: dict[int | None, list[str]] = {}
    for failure in checked.failures:
        reasons.setdefault(failure.row_index, []).append(str(failure))
    ids = frame["doc_id"]
    rejected = [
        Rejected("suggest", sources[i], "contract", "; ".join(reasons.get(i) or reasons.get(None, [])), ids[i])
        for i in checked.failed_rows
    ]
    bad = set(checked.failed_rows)
    return table.take(pa.array([i for i in range(table.num_rows) if i not in bad], pa.int64())), rejected


@lru_cache(maxsize=1)
def contract_of(file: ContractFile, gate: bytes) -> Contract:
    """One per process: its expression is read once."""
    return Contract(file, gate)


@lru_cache(maxsize=1)
def _model(path: str, sha256: str) -> BoilerplateModel:
    """One per process. Raises EnvironmentProblemError when the file is not the one that the recipe names."""
    model = BoilerplateModel.load(Path(path) if path else None)
    if model.sha256 != sha256:
        raise EnvironmentProblemError(f"{path or 'The packaged model'} changed during the build.", "Build again.")
    return model


def finished_shard(folder: Path) -> dict[str, Any] | None:
    """What the folder of a finished shard says; None where there is none, or its files were harmed since."""
    return kept_facts(folder / _FACTS)


def _put_together(out: Path, suggesting: Suggesting) -> None:
    layer, recipe = suggesting.layer, suggesting.recipe
    counts = _counts([one.facts for one in suggesting.made], 0)
    model = {
        "model": MODEL,
        "version": _model(recipe.model, recipe.model_sha256).version,
        "sha256": recipe.model_sha256,
        "layer": layer.name,
        "control": recipe.control,
        "threshold": recipe.threshold,
    }
    about = {
        "by_label": counts.rows,
        "left_out": counts.left_out,
        "config_sha256": layer.config_sha256,
        "models": [model],
        "contract": {"version": recipe.contract.version, "sha256": recipe.contract.sha256},
        "libraries": recipe.versions,
    }
    put_layer(out, suggesting.work, layer.name, [(one.path, one.facts) for one in suggesting.made], about)


def _counts(shards: list[dict[str, Any]], redone: int) -> Suggested:
    totals: dict[str, Counter[str]] = {name: Counter() for name in ("labels", "left_out", "rejected")}
    for facts in shards:
        for name, counter in totals.items():
            counter.update(facts[name])
    return Suggested(
        documents=sum(facts["documents"] for facts in shards),
        marked=sum(facts["marked"] for facts in shards),
        rows=dict(sorted(totals["labels"].items())),
        left_out=dict(sorted(totals["left_out"].items())),
        rejected=dict(sorted(totals["rejected"].items())),
        shards=len(shards),
        unchanged_shards=len(shards) - redone,
    )
