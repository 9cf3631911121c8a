"""`Corpus`: the public face. One method per command; the command line is a thin layer over it.

>>> corpus = Corpus.open(".")
>>> result = corpus.build()
>>> result.documents, result.release.rows
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus_kit.core.config.layer_files import LayerRequest, add_layer, add_targets
from corpus_kit.core.config.new_corpus import init_corpus
from corpus_kit.core.config.template import CARD_FILE, Written
from corpus_kit.core.errors import FindingsError, UsageError
from corpus_kit.core.progress import Progress, Silent
from corpus_kit.core.storage.folders import read_manifest, settle, work_folder
from corpus_kit.core.workspace import Workspace
from corpus_kit.core.world import AS_IT_IS, World
from corpus_kit.pipeline.results import BuildResult, ExportResult
from corpus_kit.release.card import refresh_card

if TYPE_CHECKING:
    from corpus_kit.agreement.evaluation.evaluate import LayerScores
    from corpus_kit.agreement.gold.build import Gold
    from corpus_kit.agreement.measures.breakdown import Needed, Part
    from corpus_kit.agreement.measures.measured import AgreementReport
    from corpus_kit.agreement.multiverse import Multiverse
    from corpus_kit.agreement.review import Suspect
    from corpus_kit.agreement.why import Why
    from corpus_kit.core.records import Budget
    from corpus_kit.core.vocabulary import OrderName
    from corpus_kit.doctor import Check
    from corpus_kit.ingest.inspect import Inspected
    from corpus_kit.labelstudio.server.studio import Studio
    from corpus_kit.labelstudio.sync.adopt import AdoptPlan
    from corpus_kit.labelstudio.sync.pull import Pulled
    from corpus_kit.labelstudio.sync.push import Pushed
    from corpus_kit.labelstudio.sync.restore import Restored
    from corpus_kit.labelstudio.sync.status import Status
    from corpus_kit.ledger.recognise import Imported
    from corpus_kit.pipeline.locate import Location
    from corpus_kit.pipeline.publish import PublishResult
    from corpus_kit.pipeline.suggest import SuggestResult
    from corpus_kit.pipeline.trust import Confirm, Trust
    from corpus_kit.release.audit.verify import Verified
    from corpus_kit.release.freeze import FrozenSplits
    from corpus_kit.release.text_free.hydrate import Hydrated
    from corpus_kit.report.records import Reported
    from corpus_kit.validate.tables import ValidationReport

__all__ = ["BuildResult", "Corpus", "ExportResult"]


@dataclass(frozen=True, slots=True)
class Corpus(Workspace):
    """A corpus on the disk, or the defaults where there is none, with a method for every command.

    Attributes:
        root: The folder of `corpus.toml`, None without a corpus.
        config: Its settings.
        data: Where the made folders are.
    """

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

    def import_(
        self, files: Sequence[str | Path], layer: str | None = None, *, source: str | None = None
    ) -> list[Imported]:
        """Bring exports of Label Studio or another tool into the ledger, as they are; `build` makes tables of them.

        layer: the layer they belong to; by default each file's results tell. A file the ledger has adds nothing.
        source: the format of another tool (`brat`, `webanno`, `xmi`, `conll`, `doccano`, `prodigy`, `spacy`, `w3c`,
        `inception`); its files and folders become one entry, and texts that no document has come to `data/raw`. A layer that
        the corpus does not have is made with the labels of the files.
        Raises UsageError: no corpus, no such file or layer, another format, a layer that cannot be told.
        """
        from corpus_kit.pipeline.sync import import_files

        return import_files(self, list(files), layer, source)

    def adopt(
        self,
        project: int | None = None,
        *,
        files: Sequence[str | Path] = (),
        config: str | Path | None = None,
        layer: str | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> AdoptPlan:
        """Continue a labeling project that was made without corpus-kit, from the server or from its exports.

        The layer is made, texts that no document has become documents, all work comes into the ledger, and the tasks of
        the project are linked to their documents: the next `push` makes no second task.

        project: its number on the server. files, config: exports and their labeling config instead. layer: the name it
        gets, by default after the project or file. dry_run: only the plan. Raises UsageError, ConfigError, ServiceError.
        """
        from corpus_kit.pipeline.adopt import AdoptRequest, adopt

        paths = tuple(map(Path, files))
        request = AdoptRequest(project, paths, Path(config) if config else None, layer, dry_run)
        return adopt(self, request, progress or Silent())

    def export(
        self,
        format: str = "hf",
        folder: str | Path | None = None,
        *,
        workers: int | None = 1,
        tokenizer: str = "",
        max_run: int = 40,
        strict: bool = False,
        progress: Progress | None = None,
    ) -> ExportResult:
        """Write the release of the built documents as `hf` (Parquet), `arrow` (`save_to_disk`) or `jsonl`, or its gold as
        `conll`, `spacy` or `pieces` (those of `tokenizer`: a folder, a file or a name on the Hub), or what each person
        said and the gold for another tool: `brat`, `webanno`, `xmi`, `doccano`, `prodigy`, `w3c`, `label-studio`.
        `text-free` is the release without texts: no file holds more than `max_run` characters of a document in a row.

        folder: by default `data/release`, `data/release-arrow`, `data/release-jsonl`. strict: labels that a format cannot
        carry are an error, and nothing is written. Raises UsageError before the first build, FindingsError with `strict`.
        """
        from corpus_kit.pipeline.export import export

        own: dict[str, Any] = {"tokenizer": tokenizer, "max_run": max_run}
        return export(self, format, folder, workers=workers, strict=strict, progress=progress or Silent(), **own)

    def publish(self, place: str, name: str = "", *, progress: Progress | None = None, **options: Any) -> PublishResult:
        """Publish the release to the `hub`, a `folder`, `zenodo` or `s3://BUCKET/PREFIX`, so that exactly it is there.

        options: those of `PublishOptions`: dry_run, tag, text_free, release, private, gated, create_pr, draft.
        """
        from corpus_kit.pipeline.publish import PublishOptions, publish

        return publish(self, place, name, PublishOptions(**options), progress or Silent())

    def hydrate(
        self,
        release: str | Path,
        sources: Sequence[str | Path],
        folder: str | Path | None = None,
        *,
        workers: int | None = 1,
        progress: Progress | None = None,
    ) -> Hydrated:
        """Put the texts back into a text-free release, from pages read with this corpus's settings."""
        from corpus_kit.pipeline.hydrate import hydrate

        return hydrate(self, Path(release), [Path(one) for one in sources], folder, workers, progress or Silent())

    def evaluate(
        self,
        predictions: str | Path,
        layer: str | None = None,
        *,
        release: str | Path | None = None,
        split: str | None = None,
    ) -> list[LayerScores]:
        """F1 of predictions against gold and each person, with what people reach: one entry for each layer of the file.

        layer: of rows that do not name one. release: a folder, by default the corpus's own. split: by default `test`.
        Raises UsageError for a file that cannot be read, no release, no such split or layer.
        """
        from corpus_kit.pipeline.evaluate import evaluate

        return evaluate(self, Path(predictions), layer, Path(release) if release else None, split)

    @staticmethod
    def verify(release: str | Path) -> Verified:
        """Check a release from its folder alone. Findings are returned, never raised."""
        from corpus_kit.release.audit.verify import verify_release

        return verify_release(Path(release).absolute())

    @staticmethod
    def recipe(task: str, file: str | Path | None = None, framework: str | None = None) -> str:
        """A script that trains on a release (ner, stance, boilerplate, soft), written to `file` where one is named.

        framework: `transformers` for the other script of `ner`.
        """
        from corpus_kit.pipeline.recipe import recipe

        return recipe(task, Path(file) if file else None, framework)

    def freeze_splits(self) -> FrozenSplits:
        """Write `splits.csv` at the corpus's root: later builds keep every document it lists on its side.

        Raises UsageError without a corpus, before the first build, and where no document has a split.
        """
        from corpus_kit.release.freeze import freeze_splits

        if self.root is None:
            raise UsageError("There is no corpus whose splits could be frozen.", "Make one with `corpus-kit init DIR`.")
        with work_folder(self.data):
            return freeze_splits(self.data / "documents", self.root / "splits.csv")

    def validate(self) -> ValidationReport:
        """Check every made table against its contract, keys and offsets across tables, the files of the release, and the
        examples in the guidelines against gold.

        Findings are returned, never raised. Raises UsageError where nothing has been built.
        """
        from corpus_kit.validate.tables import validate_folder

        settle(self.data)
        if read_manifest(self.data / "documents") is None:
            raise UsageError(f"There are no tables in {self.data}.", "Run `corpus-kit build` first.")
        return validate_folder(self.data, self.contracts_root, self.layers() if self.root else {})

    def studio(self, *, port: int | None = None, progress: Progress | None = None) -> Studio:
        """A private Label Studio on this machine with a project for every layer; its data lie in `data/studio`.

        Use it in a `with` block, or call `wait`. port: by default a free one. Raises EnvironmentProblemError,
        ServiceError and ConfigError.
        """
        from corpus_kit.pipeline.sync import studio

        return studio(self, port=port, progress=progress or Silent())

    def push(
        self,
        layer: str | None = None,
        *,
        order: OrderName = "as-is",
        seed: int = 0,
        limit: int | None = None,
        dry_run: bool = False,
        reassign: bool = False,
        progress: Progress | None = None,
    ) -> list[Pushed]:
        """Documents and suggestions to Label Studio, one project per layer, with `[assign]` one per person too.

        A second push writes nothing. reassign: pages of people who left or are idle go to the others.

        order: of the tasks that are not there yet, and so of labeling: `as-is` (`label_studio.order` in corpus.toml),
        `random`, `uncertain` (least certain suggestions first), `diverse` (a few of everything first). seed: of the last
        three. limit: only so many more tasks per layer; the next push brings the next ones. What was sent, in which order,
        is a line of `data/pushes.jsonl`.
        The server: LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY, else the private one that runs. layer: by default all.
        dry_run: only the plan. Raises UsageError before the first build, ConfigError for a config that would orphan
        labels, ServiceError.
        """
        from corpus_kit.labelstudio.sync.batch_log import Turn
        from corpus_kit.pipeline.sync import push

        turn = Turn(order, seed, limit)
        return push(self, layer, turn=turn, dry_run=dry_run, reassign=reassign, progress=progress or Silent())

    def pull(self, layer: str | None = None, *, full: bool = False, progress: Progress | None = None) -> list[Pulled]:
        """What people did since the last pull, into the ledger; `build` makes tables of it.

        The server: see `push`. full: everything anew. Raises ServiceError; a layer is appended whole or not at all.
        """
        from corpus_kit.pipeline.sync import pull

        return pull(self, layer, full=full, progress=progress or Silent())

    def restore(self, layer: str | None = None, *, progress: Progress | None = None) -> list[Restored]:
        """The ledger's annotations back into a server that lost them. A second restore writes nothing.

        The server: see `push`. Raises UsageError before the first build, ServiceError.
        """
        from corpus_kit.pipeline.sync import restore

        return restore(self, layer, progress=progress or Silent())

    def status(self) -> Status:
        """How far labeling is, per layer and annotator: from the tables, and from the server where it can be reached."""
        from corpus_kit.pipeline.sync import status

        return status(self)

    def agreement(self, layer: str | None = None) -> AgreementReport:
        """How far people agree, per layer, control, label and pair, with intervals; and where they differ most.

        Measured on the ledger and the documents of the last build, without the reviewers that `corpus.toml` names, who saw
        others' answers. layer: by default all. Raises UsageError before there are annotations.
        """
        from corpus_kit.pipeline.adjudicate import agreement

        return agreement(self, layer)

    def agreement_by(self, by: str, layer: str | None = None) -> list[Part]:
        """The same by `guidelines`, `config`, `month`, `language`, `publisher` or `suggested`: what people did under each.

        Raises UsageError before there are annotations, and for another word.
        """
        from corpus_kit.pipeline.adjudicate import agreement_by

        return agreement_by(self, by, layer)

    def agreement_plan(self, width: float, layer: str | None = None) -> list[Needed]:
        """How many more documents several people are to label for intervals of this width, such as 0.05, per figure."""
        from corpus_kit.pipeline.adjudicate import agreement_plan

        return agreement_plan(self, width, layer)

    def adjudicate(
        self,
        policy: str | None = None,
        boundary: str | None = None,
        reviewers: Sequence[str] = (),
        *,
        progress: Progress | None = None,
    ) -> Gold:
        """Write `data/gold` from the ledger, pulls since the last build included: what people settled, every decision.

        policy, boundary, reviewers: instead of those of `corpus.toml`, for this run; the next build keeps to the file.
        Raises UsageError before there are annotations and for names that do not exist, FindingsError.
        """
        from corpus_kit.pipeline.adjudicate import adjudicate

        return adjudicate(
            self, policy=policy, boundary=boundary, reviewers=tuple(reviewers), progress=progress or Silent()
        )

    def review(self, layer: str | None = None, *, gold: bool = True) -> list[Suspect]:
        """Labels that the rest of the corpus contradicts, most suspicious first, each with its evidence.

        gold: of the adjudicated labels, else of every person's. Raises UsageError before there are any.
        """
        from corpus_kit.pipeline.review import review

        return review(self, layer, gold=gold)

    def why(self, document: str, start: int | None = None, end: int | None = None, *, layer: str | None = None) -> Why:
        """How the labels of a document, or of a place in it, came about, and in which worlds they would not be gold.

        document: doc_id or source. start, end: code points. Raises UsageError where there is no such document, or no label.
        """
        from corpus_kit.pipeline.multiverse import why

        return why(self, document, start, end, layer)

    def multiverse(self, layer: str | None = None, *, progress: Progress | None = None) -> Multiverse:
        """Which gold labels, shares of labels and figures of agreement hold in every world that `[multiverse]` names.

        layer: by default all. Raises UsageError before there are annotations, and for more worlds than are taken.
        """
        from corpus_kit.pipeline.multiverse import multiverse

        return multiverse(self, layer, progress or Silent())

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
        """Make `data/suggestions` of one layer anew from the built documents; `build` does so too.

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

    def send_disagreements(
        self, layer: str | None = None, *, dry_run: bool = False, progress: Progress | None = None
    ) -> list[Pushed]:
        """What is open in `data/gold` to a review project of each layer, where a reviewer settles it.

        The next `pull` and `build` (or `adjudicate`) take the answers in; they win under every policy. A second time
        writes nothing. dry_run: only the plans. Raises UsageError before there is gold, and the errors of `push`.
        """
        from corpus_kit.pipeline.review import send_disagreements

        return send_disagreements(self, layer, dry_run=dry_run, progress=progress or Silent())

    def send_suspects(
        self,
        layer: str | None = None,
        *,
        gold: bool = True,
        limit: int = 25,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> list[Pushed]:
        """The documents of the most suspicious labels (see `review`) to a project of each layer, for a second look.

        limit: labels, of documents that no reviewer has settled. Else as `send_disagreements`.
        """
        from corpus_kit.pipeline.review import send_suspects

        return send_suspects(self, layer, gold=gold, limit=limit, dry_run=dry_run, progress=progress or Silent())

    def trust(
        self, *, server: bool = False, plain_http: bool = False, forget: bool = False, confirm: Confirm | None = None
    ) -> Trust:
        """Allow the code that models in `corpus.toml` run, or the server that gets the key; kept outside the corpus.

        server: the server instead of code. plain_http: its key may go to another machine unencrypted. forget: take the
        trust back. confirm: is shown what would be kept, and says whether to. Raises UsageError, EnvironmentProblemError.
        """
        from corpus_kit.pipeline.trust import trust

        return trust(self, server=server, plain_http=plain_http, forget=forget, confirm=confirm)

    def card(self) -> bool:
        """Refresh the generated parts of DATASET_CARD.md; True when the file changed.

        Raises UsageError without a corpus or before the first build.
        """
        if self.root is None:
            raise UsageError("There is no corpus, so there is no card.", "Make one with `corpus-kit init DIR`.")
        return refresh_card(self.root / CARD_FILE, self.data / "release")

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

    @staticmethod
    def doctor(path: str | Path = ".", *, upgrade: bool = False) -> list[Check]:
        """What is wrong with this installation, machine and the corpus at `path`, each with the mending command.

        upgrade: bring contracts of an older version up to date first; each old file stays as `<table>.yaml.v<N>`.
        """
        from corpus_kit.doctor import examine, upgrade_contracts

        if upgrade:
            upgrade_contracts(path)
        return examine(path)
