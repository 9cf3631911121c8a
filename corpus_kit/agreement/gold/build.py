"""`data/gold` from `data/annotations`: what people settled, with every decision, and how far they agreed.

A pure function of the annotations, the documents' current texts, the layers and the settings; made again only when one
of them changed. Everything people labelled is held at once, without payloads: memory follows the labels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.agreement.gold.adjudicate import adjudicate, current_spans, with_reviewers
from corpus_kit.agreement.gold.fair import fair
from corpus_kit.agreement.gold.policy import GOLD, NONE, OPEN, Policy
from corpus_kit.agreement.gold.tables import GOLD_TABLES, GoldTables, gold_annotations, write_gold
from corpus_kit.agreement.judgements import latest_submissions
from corpus_kit.agreement.measures.breakdown import LayerPart, agreement_by, drift
from corpus_kit.agreement.measures.measured import AgreementReport, measure_corpus
from corpus_kit.core.config import AdjudicationSettings, AgreementSettings
from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.labels import Labels, read_label_table, read_labels, trimmed
from corpus_kit.core.layers import Layer
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.records import REVIEW
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.cache import keep_bytes, read_kept
from corpus_kit.core.storage.folders import drop_folder, made_folder, read_manifest, remove, write_json, write_manifest
from corpus_kit.core.storage.tables import scan
from corpus_kit.core.version import __version__
from corpus_kit.core.vocabulary import AGREEMENT_FILE

_MOST_KEPT = 16
"""Reports of `agreement`, of all layers or one, until they are thrown away."""
_LAYOUT = 2  # of the tables and figures: another number makes them again
_TORN = (pl.col("status") == "submitted") & pl.col("origin").is_in(["human", REVIEW]) & ~pl.col("complete")


@dataclass(frozen=True, slots=True)
class GoldSources:
    """out, work: of the build; `out/documents` and `out/annotations` are made. contracts: by table, those of gold."""

    out: Path
    work: Path
    layers: Mapping[str, Layer]
    contracts: Mapping[str, ContractFile]
    adjudication: AdjudicationSettings
    agreement: AgreementSettings


@dataclass(frozen=True, slots=True)
class LayerGold:
    """One layer. documents: with gold, of which `complete` have no open disagreement. gold, open, none: decisions.
    reviewed: documents that a reviewer settled, by name, in a review project or by a star. relations: those that are gold.
    unknown: answers of people that could not be read whole, and so are no votes. left_out: answers of review projects that
    settle nothing, see `fair`."""

    layer: str
    policy: str
    boundary: str
    documents: int
    complete: int
    gold: int
    open: int
    none: int
    reviewed: int = 0
    relations: int = 0
    unknown: int = 0
    left_out: int = 0


@dataclass(slots=True)
class Gold:
    """rows: by table. unchanged: nothing had to be made."""

    layers: list[LayerGold] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    unchanged: bool = False

    @property
    def open(self) -> int:
        """Disagreements people still have to settle."""
        return sum(layer.open for layer in self.layers)


def policy_of(settings: AdjudicationSettings, layer: str) -> Policy:
    """The policy of one layer: its own entry in `corpus.toml`, else the corpus's."""
    own = settings.layers.get(layer)
    return Policy(
        (own and own.policy) or settings.policy,
        (own and own.boundary) or settings.boundary,
        settings.reviewers,
        (own and own.min_votes) or settings.min_votes,
        settings.stars == "settle",
    )


def chosen_rules(
    settings: AdjudicationSettings, policy: str | None, boundary: str | None, reviewers: tuple[str, ...] = ()
) -> AdjudicationSettings:
    """The settings with what is named here, for every layer; the same where nothing is."""
    named = {"policy": policy, "boundary": boundary, "reviewers": reviewers or None}
    given = {key: value for key, value in named.items() if value}
    if not given:
        return settings
    layers = {
        name: own.model_copy(update={key: None for key in given if key != "reviewers"})
        for name, own in settings.layers.items()
    }
    return settings.model_copy(update=given | {"layers": layers})


def override(
    sources: GoldSources, policy: str | None, boundary: str | None, reviewers: tuple[str, ...]
) -> AdjudicationSettings:
    """The settings of one run: what is named here holds for every layer.

    Raises UsageError for names that do not exist (policies, boundaries, pseudonyms), and for the policy `reviewer` where
    no one reviews.
    """
    changed = chosen_rules(sources.adjudication, policy, boundary, reviewers)
    if changed is sources.adjudication:
        return changed
    for layer in ["", *changed.layers]:
        policy_of(changed, layer)  # complains
    people = read_label_table(sources.out / "annotations", "annotations")
    if policy == "reviewer" and not changed.reviewers and REVIEW not in people["origin"]:
        raise UsageError(
            "The policy reviewer needs a reviewer, and no one has settled anything in a review project.",
            "Name the pseudonym whose answers win (--reviewer), or send what is open with `corpus-kit adjudicate --push`.",
        )
    known = people["annotator"].drop_nulls().unique().sort().to_list()
    for name in reviewers if known else ():
        if name not in known:
            raise UsageError(
                f"There is no annotator '{name}'.{did_you_mean(name, known)}", f"The annotators: {', '.join(known)}."
            )
    return changed


def build_gold(sources: GoldSources, progress: Progress) -> Gold | None:
    """Make `out/gold`; None where there are no annotations, and then an older folder goes.

    Raises FindingsError when gold breaks a contract that the user has tightened.
    """
    target = sources.out / "gold"
    annotations = read_manifest(sources.out / "annotations")
    if annotations is None:
        if read_manifest(target) is not None:
            drop_folder(target, sources.work)
        return None
    inputs = _inputs(sources, annotations)
    existing = read_manifest(target)
    if existing and existing.get("inputs") == inputs and _complete(target, existing):
        return _summary(existing, unchanged=True)
    with counted(progress, "gold", len(sources.layers) + 1) as step, made_folder(target, sources.work) as folder:
        labels = read_labels(sources.out / "annotations")
        current = current_texts(sources.out, labels.annotations)
        here = labels_on_current_texts(sources.out / "annotations", labels, current)
        labels, unfair = fair(here, sources.adjudication)
        if sources.adjudication.edge_white_space == "ignored":
            labels = replace(labels, spans=trimmed(labels.spans))
        made: list[GoldTables] = []
        layers: list[LayerGold] = []
        for name, layer in sources.layers.items():
            policy = policy_of(sources.adjudication, name)
            tables = _settled(labels.of_layer(name), layer, policy, current)
            made.append(tables)
            torn = labels.of_layer(name).annotations.filter(_TORN).height
            left_out = unfair.filter(pl.col("layer") == name).height
            layers.append(replace(_counted(name, policy, tables, torn), left_out=left_out))
            step.advance()
        tables = GoldTables.joined(made)
        files = write_gold(folder, tables, sources.contracts)
        months = drift(
            sources.out, list(sources.layers.values()), sources.agreement, without=sources.adjudication.reviewers
        )
        write_json(folder / AGREEMENT_FILE, measure(sources).as_dict() | {"drift": months})
        step.advance()
        manifest = {
            "inputs": inputs,
            "files": files,
            "tables": {name: getattr(tables, name).height for name in GOLD_TABLES},
            "layers": [asdict(layer) for layer in layers],
            "fingerprint": tables.fingerprint(),
        }
        write_manifest(folder, **manifest)
    return _summary(manifest, unchanged=False)


def measure(sources: GoldSources) -> AgreementReport:
    """Every figure of `out/annotations`, from what was measured last where nothing they depend on has changed.

    Raises UsageError before there are annotations.
    """
    annotations = read_manifest(sources.out / "annotations")
    if annotations is None:
        raise UsageError(
            "There are no annotations yet.", "Bring them with `corpus-kit pull` or `import`, then `corpus-kit build`."
        )
    kept, made_from = (
        sources.work / "agreement",
        json.dumps([__version__, list(sources.layers), _inputs(sources, annotations)], sort_keys=True),
    )
    known = read_kept(kept, made_from, ".json")
    if known is not None:
        return AgreementReport.from_dict(json.loads(known))
    report = _measured(sources)
    if kept.is_dir() and sum(1 for _ in kept.iterdir()) >= _MOST_KEPT:
        remove(kept)
    keep_bytes(kept, made_from, ".json", json.dumps(report.as_dict()).encode())
    return report


def _measured(sources: GoldSources) -> AgreementReport:
    reviewers = sources.adjudication.reviewers
    trim = sources.adjudication.edge_white_space == "ignored"
    layers = list(sources.layers.values())
    return measure_corpus(sources.out, layers, sources.agreement, without=reviewers, trim=trim)


def measured_before(sources: GoldSources) -> AgreementReport | None:
    """The figures that `out/gold` holds, where nothing they depend on has changed since; sources: of all layers."""
    annotations, existing = read_manifest(sources.out / "annotations"), read_manifest(sources.out / "gold")
    if not annotations or not existing or existing.get("inputs") != _inputs(sources, annotations):
        return None
    if not _complete(sources.out / "gold", existing):
        return None
    try:
        return AgreementReport.from_dict(
            json.loads((sources.out / "gold" / AGREEMENT_FILE).read_text(encoding="utf-8"))
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None  # harmed: measured again


def measure_by(sources: GoldSources, by: str) -> list[LayerPart]:
    """The figures of each part of the work; see `breakdown.agreement_by`. Raises UsageError before there are annotations."""
    if read_manifest(sources.out / "annotations") is None:
        raise UsageError(
            "There are no annotations yet.", "Bring them with `corpus-kit pull` or `import`, then `corpus-kit build`."
        )
    reviewers = sources.adjudication.reviewers
    return agreement_by(sources.out, list(sources.layers.values()), sources.agreement, by, without=reviewers)


def _inputs(sources: GoldSources, annotations: Mapping[str, Any]) -> dict[str, Any]:
    documents = read_manifest(sources.out / "documents") or {}
    return {
        "layout": _LAYOUT,
        "annotations": annotations["fingerprint"],
        "documents": documents.get("fingerprint"),
        "layers": {n: [layer.config_sha256, layer.guidelines_sha256] for n, layer in sorted(sources.layers.items())},
        "contracts": {name: sources.contracts[name].sha256 for name in GOLD_TABLES},
        "adjudication": json.loads(sources.adjudication.model_dump_json()),
        "agreement": json.loads(sources.agreement.model_dump_json()),
    }


def _complete(target: Path, manifest: Mapping[str, Any]) -> bool:
    if manifest.get("toolkit", {}).get("version") != __version__ or not (target / AGREEMENT_FILE).is_file():
        return False
    try:
        return all((target / f["name"]).stat().st_size == f["bytes"] for f in manifest["files"])
    except OSError:
        return False


def _summary(manifest: Mapping[str, Any], *, unchanged: bool) -> Gold:
    return Gold([LayerGold(**layer) for layer in manifest["layers"]], dict(manifest["tables"]), unchanged)


def current_texts(out: Path, annotations: pl.DataFrame) -> pl.DataFrame:
    """doc_id and current text_sha256 of the annotated documents that are still there."""
    columns = ["doc_id", "text_sha256"]
    found = scan(out / "documents", "documents")
    if found is None:
        return pl.DataFrame(schema={name: columns_of("documents")[name] for name in columns})
    annotated = annotations.select("doc_id").unique().lazy()
    return found.select(columns).join(annotated, on="doc_id", how="semi").collect()


def labels_on_current_texts(annotations_folder: Path, labels: Labels, current: pl.DataFrame) -> Labels:
    """Labels of documents that are there, spans where they stand in the current text.

    What was settled in a review project is a whole answer: where one of its spans has no certain place any more, the
    text has changed under it, and it settles nothing.
    """
    carried = read_label_table(annotations_folder, "carried")
    stale = carried.filter(pl.col("verdict") == "stale").select("annotation_id").unique()
    reviews = pl.col("origin") == REVIEW
    outdated = labels.annotations.filter(reviews).join(stale, on="annotation_id", how="semi").select("annotation_id")
    annotations = labels.annotations.join(outdated, on="annotation_id", how="anti")
    frames = (annotations, current_spans(labels.spans, carried), labels.choices, labels.relations)
    return Labels(*(frame.join(current, on="doc_id", how="semi") for frame in frames))


def _settled(labels: Labels, layer: Layer, policy: Policy, current: pl.DataFrame) -> GoldTables:
    settled = adjudicate(labels.annotations, labels.spans, labels.choices, labels.relations, policy, layer)
    decisions = settled.decisions.with_columns(
        pl.Series(name, [json.dumps(ids) for ids in settled.decisions[name].to_list()], pl.String)
        for name in ("inputs", "who")
    )
    people = latest_submissions(labels.annotations, reviews=True, stars=policy.stars)
    annotations = gold_annotations(people, decisions, layer, with_reviewers(policy, people), current)
    return GoldTables(annotations, settled.spans, settled.choices, settled.relations, decisions)


def _counted(layer: str, policy: Policy, tables: GoldTables, torn: int) -> LayerGold:
    outcomes: dict[str, int] = dict(tables.decisions["outcome"].value_counts().iter_rows())
    return LayerGold(
        layer,
        policy.name,
        policy.boundary,
        tables.annotations.height,
        tables.annotations.filter(pl.col("status") == "submitted").height,
        outcomes.get(GOLD, 0),
        outcomes.get(OPEN, 0),
        outcomes.get(NONE, 0),
        tables.decisions.filter(pl.col("policy") == "reviewer", pl.col("outcome") != OPEN)["doc_id"].n_unique(),
        tables.relations.height,
        torn,
    )
