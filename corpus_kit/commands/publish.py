"""Commands: the release: formats, publishing, checking, the card. Each is a method of `Corpus`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus_kit.core.config.template import CARD_FILE
from corpus_kit.core.errors import UsageError
from corpus_kit.core.progress import Progress, Silent
from corpus_kit.core.storage.folders import work_folder
from corpus_kit.core.workspace import Workspace
from corpus_kit.pipeline.results import ExportResult
from corpus_kit.release.card import refresh_card

if TYPE_CHECKING:
    from corpus_kit.pipeline.publish import PublishResult
    from corpus_kit.release.audit.verify import Verified
    from corpus_kit.release.freeze import FrozenSplits
    from corpus_kit.release.text_free.hydrate import Hydrated


class PublishCommands(Workspace):
    """See `Corpus`."""

    __slots__ = ()

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

    def card(self) -> bool:
        """Refresh the generated parts of DATASET_CARD.md; True when the file changed.

        Raises UsageError without a corpus or before the first build.
        """
        if self.root is None:
            raise UsageError("There is no corpus, so there is no card.", "Make one with `corpus-kit init DIR`.")
        return refresh_card(self.root / CARD_FILE, self.data / "release")
