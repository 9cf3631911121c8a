"""Commands: from raw files to tables and suggestions, and what they look like. Each is a method of `Corpus`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.core.config.layer_files import LayerRequest, add_layer, add_targets
from corpus_kit.core.config.new_corpus import init_corpus
from corpus_kit.core.config.template import Written
from corpus_kit.core.errors import FindingsError
from corpus_kit.core.progress import Progress, Silent
from corpus_kit.core.workspace import Workspace
from corpus_kit.core.world import AS_IT_IS, World
from corpus_kit.pipeline.results import BuildResult

if TYPE_CHECKING:
    from corpus_kit.core.records import Budget
    from corpus_kit.ingest.inspect import Inspected
    from corpus_kit.pipeline.locate import Location
    from corpus_kit.pipeline.suggest import SuggestResult
    from corpus_kit.report.records import Reported


class BuildCommands(Workspace):
    """See `Corpus`."""

    __slots__ = ()

    @staticmethod
    def init(folder: str | Path, layers: Sequence[str] = (), stance_targets: Sequence[str] = ()) -> Written:
        """Write the template of a new corpus; files that exist are left alone. layers: what is to be labelled."""
        return init_corpus(Path(folder), layers, stance_targets)

    def layer(
        self, name: str, *, targets: Sequence[str] = (), labels: Sequence[str] = (), choices: Sequence[str] = ()
    ) -> Written:
        """Add a layer: a shipped one, `stance` about targets, or a sketch of your own with labels or choices."""
        return add_layer(self.own_root, LayerRequest(name, tuple(targets), tuple(labels), tuple(choices)))

    def target(self, *titles: str, layer: str = "stance") -> list[str]:
        """Ask about more targets; the names of those that are new."""
        return add_targets(self.own_root / "annotation" / layer, titles)

    def build(
        self,
        raw: Sequence[str | Path] = (),
        out: str | Path | None = None,
        *,
        workers: int | None = 1,
        metadata: str | Path | None = None,
        strict: bool = False,
        cluster: str | None = None,
        report: bool = True,
        trust: bool = False,
        world: World | None = None,
        progress: Progress | None = None,
    ) -> BuildResult:
        """The main job: raw files → documents, suggestions, annotations, gold, rejected, release, card, report.

        Unchanged inputs are not redone.

        raw: folders, globs or files, by default the corpus's `data/raw`. out: the folder of the made folders, by default
        the corpus's `data`. workers: processes; None takes one per core where there is much to do. metadata: a sidecar
        besides those in the raw folders. strict: rejected records are an error. cluster: `tcp://host:port` of a Dask
        scheduler, whose workers are used instead; they share the folders of `raw` and `out`. report: without it an older
        one goes. trust: code of models in `corpus.toml` runs without having been trusted before (see `trust`). world: the
        corpus as it would be under other rules, replayed from the ledger into `out`; the corpus's own folders stay.
        Raises the errors of `core.errors`, FindingsError with `strict`.
        """
        from corpus_kit.pipeline.build import BuildOptions, build

        options = BuildOptions(tuple(raw), out, workers, metadata, cluster, report, trust, world or AS_IT_IS)
        result = build(self, options, progress or Silent())
        rejected = sum(result.rejected.values())
        if strict and rejected:
            raise FindingsError(f"{rejected} records and results were rejected.", f"See {result.out / 'rejected'}.")
        return result

    def inspect(self, paths: Sequence[str | Path] = (), *, write: bool = False) -> Inspected:
        """What is there, by default in `data/raw`, and how it would be read; `write` puts the lines into `corpus.toml`."""
        from corpus_kit.pipeline.inspect import inspect

        return inspect(self, paths, write=write)

    def report(
        self,
        out: str | Path | None = None,
        *,
        compare: str | Path | None = None,
        workers: int | None = 1,
        progress: Progress | None = None,
    ) -> Reported:
        """The report on the made tables, one page that opens from the disk: `data/report/report.html`.

        out: another file for the page. compare: the folder of another release; the page then says what changed since, and
        `data/report/changes.csv` lists it row by row. workers: processes. Raises UsageError for what is not there.
        """
        from corpus_kit.pipeline.report import report

        return report(self, out=out, compare=compare, workers=workers, progress=progress or Silent())

    def suggest(
        self,
        layer: str,
        *,
        models: Sequence[str] = (),
        train: bool = False,
        workers: int | None = 1,
        trust: bool = False,
        budget: Budget | None = None,
        progress: Progress | None = None,
    ) -> SuggestResult:
        """Make `data/suggestions` of one layer again from the built documents; `build` does so too.

        models: instead of those in `corpus.toml`: `spacy:NAME`, `transformers:NAME_OR_PATH`, `python:MODULE:CLASS`;
        for other layers than names also `llm:…` and `learned`. budget: the most that servers may be asked. train: for
        boilerplate, first learn from what people labelled, and keep that where it helps pages it has not seen. workers,
        trust: as for `build`. Raises UsageError before the first build, for a layer without a suggester, and for too little
        to learn from; EnvironmentProblemError where a model's package is missing.
        """
        from corpus_kit.pipeline.suggest import suggest

        return suggest(
            self,
            layer,
            models=tuple(models),
            train=train,
            workers=workers,
            trust=trust,
            progress=progress or Silent(),
            budget=budget,
        )

    def locate(self, document: str, start: int, end: int, *, raw: Sequence[str | Path] = ()) -> Location:
        """The bytes of the raw file that a span of a document was read from; for HTML the XPath of its blocks, too.

        Args:
            document: The document's doc_id or source.
            start, end: Code points of its text, end-exclusive.
            raw: Where the raw files are; by default the corpus's `data/raw`.

        Returns:
            The place; where the bytes are not known, the reason.

        Raises:
            UsageError: No documents, no such document, or a span outside of its text.
        """
        from corpus_kit.pipeline.locate import locate

        return locate(self, document, start, end, tuple(raw) or (self.data / "raw",))
