"""The order of the main job: raw files → documents and suggestions → annotations → gold → release → card, report.

Each stage is a room's own; this module hands one stage's folder to the next. `Corpus.build` is the way in. Suggestions are
made in the middle of the documents' stage: what is suggested to be boilerplate makes nobody a copy.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.core.config.template import CARD_FILE
from corpus_kit.core.errors import UsageError
from corpus_kit.core.parallel.executor import SECONDS_WORTH_A_POOL, Workers, open_workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.storage.folders import read_manifest, remove, work_folder
from corpus_kit.dedup.repetition import Places, find_repetition
from corpus_kit.dedup.settings import Recipe as CopyRecipe
from corpus_kit.dedup.settings import Shard
from corpus_kit.ingest.batch import SECONDS_PER_BYTE
from corpus_kit.ingest.discover import is_much
from corpus_kit.ingest.documents import LINES_FOLDER, Ingested, Masks, build_documents, make_recipe
from corpus_kit.pipeline.results import BuildResult
from corpus_kit.release.aside import DatasetsAside
from corpus_kit.release.build import Source, build_release
from corpus_kit.release.card import refresh_card
from corpus_kit.release.recheck import Opened

if TYPE_CHECKING:
    from corpus_kit.agreement.gold.build import Gold
    from corpus_kit.corpus import Corpus
    from corpus_kit.ledger.annotations import Annotated
    from corpus_kit.suggest.build import Suggested, Suggesting
    from corpus_kit.suggest.entities.stage import EntitiesMade
    from corpus_kit.suggest.entities.wish import Wish


@dataclass(frozen=True, slots=True)
class Order:
    """What one call of `Corpus.build` asks for; its parameters are explained there."""

    raw: tuple[str | Path, ...]
    out: str | Path | None
    workers: int | None
    metadata: str | Path | None
    cluster: str | None = None
    report: bool = True
    trust: bool = False


def build(corpus: Corpus, order: Order, progress: Progress) -> BuildResult:
    """Run every stage. Raises the errors of `core.errors`."""
    data = Path(order.out).absolute() if order.out is not None else corpus.data
    sources = list(order.raw) or [_raw(corpus)]
    _refuse_nested(data, sources)
    wish = replace(Stages.wish_of(corpus), trusted=order.trust)
    wish.check_trust()  # before any work
    roots = [Path(os.path.abspath(source)) for source in sources]
    with (
        work_folder(data) as work,
        open_workers(order.workers, order.cluster, work, roots) as pool,
        DatasetsAside() as aside,
    ):
        if not (work / "documents").is_dir() and is_much(sources, SECONDS_WORTH_A_POOL / SECONDS_PER_BYTE):
            # A first build: the processes load what they need while files are listed.
            pool.start("corpus_kit.ingest.batch")
        stages = Stages(corpus, data, work, pool, progress, aside)
        with Refusals(data, work) as refusals:
            suggesting = stages.suggesting()
            metadata = Path(order.metadata) if order.metadata else None
            ingested = stages.documents(sources, metadata, refusals, suggesting)
            suggested = stages.suggestions(suggesting, refusals)
            annotated = build_tables_of_the_ledger(corpus, data, work, refusals, progress)
            gold = stages.gold()
            entities = stages.entities(wish, refusals)
            refusals.finish()
        result = BuildResult(data, ingested, annotated, gold, suggested=suggested, entities=entities)
        if ingested.documents:
            stages.release(result)
        elif read_manifest(data / "release") is not None:
            remove(data / "release")  # it would show documents that are no more
        stages.report(result, order.report)
    return result


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of one build. work: `data/.work`, held by this process. aside: opens what is written with `datasets`."""

    corpus: Corpus
    data: Path
    work: Path
    pool: Workers
    progress: Progress
    aside: DatasetsAside = field(default_factory=DatasetsAside)

    def documents(
        self,
        sources: Sequence[str | Path],
        metadata: Path | None,
        refusals: Refusals,
        suggesting: Suggesting | None,
    ) -> Ingested:
        """`data/documents` from the raw files; copies are looked for in what is not suggested to be boilerplate."""
        corpus, config = self.corpus, self.corpus.config
        splits = corpus.root / "splits.csv" if corpus.root else None
        return build_documents(
            sources,
            self.data,
            self.work,
            make_recipe(config.input, corpus.contract("documents")),
            self.pool,
            self.progress,
            refusals=refusals,
            metadata=metadata or _configured_metadata(corpus),
            splits=splits if splits and splits.is_file() else None,
            duplicates=config.duplicates,
            split=config.split,
            masks=_masks(suggesting) if suggesting else None,
            # What is read anew is released anew: where `datasets` will be needed, it is imported meanwhile.
            on_new=self.aside.start if not Opened(self.work) else lambda: None,
        )

    def suggesting(self) -> Suggesting | None:
        """What makes suggestions; None where they are off."""
        from corpus_kit.suggest.build import LAYER, Suggesting, suggestion_recipe

        corpus, settings = self.corpus, self.corpus.config.suggest
        if settings.boilerplate and LAYER in corpus.config.layers:
            layer = corpus.layers()[LAYER]
            contract = corpus.contract("suggestions")
            recipe = suggestion_recipe(layer, settings.threshold, contract, corpus.model_in_use(LAYER))
            if recipe is not None:
                return Suggesting(layer, recipe, self.work, self.pool, self.progress)
            self.progress.remark(
                f"The layer '{LAYER}' has no control that marks spans, so nothing is suggested for it."
            )
        return None

    def suggestions(self, suggesting: Suggesting | None, refusals: Refusals) -> Suggested | None:
        """`data/suggestions`, a file for each of the documents; None where they are off, and then an older folder goes."""
        from corpus_kit.suggest.build import build_suggestions, remove_suggestions

        if suggesting is None:
            remove_suggestions(self.data, self.work)
            return None
        return build_suggestions(self.data, suggesting, refusals)

    def suggest_again(self, suggesting: Suggesting) -> None:
        """Look at the documents that are built already, without the rest of the build."""
        from corpus_kit.suggest.build import built_shards

        built = built_shards(self.data)
        shards = [Shard(one.path, one.sha256, rows=one.rows) for one in built]
        recipe = CopyRecipe(self.corpus.config.duplicates)
        repetition = find_repetition(shards, self.work / LINES_FOLDER, recipe, self.pool, self.progress)
        _masks(suggesting)(shards, repetition.places)

    @staticmethod
    def wish_of(corpus: Corpus) -> Wish:
        """What `corpus.toml` asks for in the layer of names."""
        from corpus_kit.suggest.entities.wish import Wish

        settings = corpus.config.suggest.entities
        return Wish(settings.names, settings.threshold, settings.models, corpus.root)

    def entities(self, wish: Wish, refusals: Refusals) -> EntitiesMade | None:
        """The names' layer in `data/suggestions`, after people's labels, from which it learns; None where it is not wanted,
        and then older rows go."""
        from corpus_kit.suggest.folder import drop_layer

        name = self.corpus.config.suggest.entities.layer
        if wish and name in self.corpus.config.layers:
            from corpus_kit.suggest.entities.stage import build_entities, marking

            layer = self.corpus.layers()[name]
            control = marking(layer)
            if control is not None:
                contract = self.corpus.contract("suggestions")
                own = self.data, self.work, layer, control, contract, wish
                return build_entities(*own, self.pool, self.progress, refusals)
            self.progress.remark(f"The layer '{name}' has no control that marks spans, so no names are suggested.")
        drop_layer(self.data, self.work, name)
        return None

    def gold(self) -> Gold | None:
        """`data/gold` from `data/annotations`; None where there are none."""
        if read_manifest(self.data / "annotations") is None and read_manifest(self.data / "gold") is None:
            return None
        from corpus_kit.agreement.gold.build import build_gold

        return build_gold(self.corpus.gold_sources(self.data, self.work), self.progress)

    def release(self, result: BuildResult) -> None:
        """`data/release`, and what it says on the corpus's own card."""
        corpus, target = self.corpus, self.data / "release"
        layers = corpus.released_layers(self.data)
        contract = corpus.contract("documents")
        source = Source(self.data, self.work, corpus.config, contract, *corpus.card_text(), layers)
        result.release = build_release(source, target, self.pool, self.progress, aside=self.aside)
        result.release_folder = target
        if corpus.root and self.data == corpus.data and (corpus.root / CARD_FILE).is_file():
            refresh_card(corpus.root / CARD_FILE, target)

    def report(self, result: BuildResult, wanted: bool) -> None:
        """`data/report`, also where no document was accepted: it says why. Not wanted, an older one goes."""
        from corpus_kit.pipeline.report import report_on
        from corpus_kit.report.build import remove_report

        if not wanted:
            remove_report(self.data, self.work)
            return
        result.report = report_on(self.corpus, self.data, self.work, self.pool, self.progress).path


def build_tables_of_the_ledger(
    corpus: Corpus, data: Path, work: Path, refusals: Refusals, progress: Progress
) -> Annotated | None:
    """`data/annotations` from the ledger; None where the corpus has none."""
    imports = corpus.data / "imports"
    if corpus.root is None or not (any(imports.glob("*.json")) or read_manifest(data / "annotations")):
        return None
    from corpus_kit.ledger.annotations import Sources, build_annotations
    from corpus_kit.ledger.shards import TABLES

    contracts = {table: corpus.contract(table) for table in TABLES}
    sources = Sources(imports, corpus.data, data, work, corpus.layers(), contracts)
    return build_annotations(sources, refusals, progress)


def _masks(suggesting: Suggesting) -> Masks:
    """Suggestions for the documents, as spans that make nobody a copy."""
    from corpus_kit.suggest.build import DocumentShard

    def masks(shards: Sequence[Shard], places: Sequence[Places]) -> list[Shard]:
        pairs = zip(shards, places, strict=True)
        made = suggesting.suggest([DocumentShard(s.path, s.sha256, s.rows, p.path, p.sha256) for s, p in pairs])
        return [
            replace(shard, masked=one.path, masked_sha256=one.fingerprint)
            for shard, one in zip(shards, made, strict=True)
        ]

    return masks


def _raw(corpus: Corpus) -> Path:
    if corpus.root is None:
        raise UsageError("No raw files are named.", "Write `corpus-kit build RAW --out DIR`.")
    return corpus.root / "data" / "raw"


def _configured_metadata(corpus: Corpus) -> Path | None:
    name = corpus.config.input.metadata
    return (corpus.root or Path()) / name if name else None


def _refuse_nested(data: Path, sources: Sequence[str | Path]) -> None:
    """What is made must not be read as raw in the next build."""
    for source in sources:
        path = Path(os.path.abspath(source))
        if path.is_dir() and (data == path or path in data.parents):
            raise UsageError(
                f"The out folder {data} lies in the raw folder {path}.", "Name an out folder beside the raw folder."
            )
