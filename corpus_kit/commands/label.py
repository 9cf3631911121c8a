"""Commands: to people and back: servers, exports of other tools, reviews. Each is a method of `Corpus`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.core.progress import Progress, Silent
from corpus_kit.core.workspace import Workspace

if TYPE_CHECKING:
    from corpus_kit.core.vocabulary import OrderName
    from corpus_kit.labelstudio.server.studio import Studio
    from corpus_kit.labelstudio.sync.adopt import AdoptPlan
    from corpus_kit.labelstudio.sync.plan import Pushed
    from corpus_kit.labelstudio.sync.pull import Pulled
    from corpus_kit.labelstudio.sync.restore import Restored
    from corpus_kit.labelstudio.sync.status import Status
    from corpus_kit.ledger.recognise import Imported


class LabelCommands(Workspace):
    """See `Corpus`."""

    __slots__ = ()

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
        from corpus_kit.labelstudio.sync.batch_log import PushBatch
        from corpus_kit.pipeline.sync import push

        turn = PushBatch(order, seed, limit)
        return push(self, layer, turn=turn, dry_run=dry_run, reassign=reassign, progress=progress or Silent())

    def pull(self, layer: str | None = None, *, full: bool = False, progress: Progress | None = None) -> list[Pulled]:
        """What people did since the last pull, into the ledger; `build` makes tables of it.

        The server: see `push`. full: everything again. Raises ServiceError; a layer is appended whole or not at all.
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
