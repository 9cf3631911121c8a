"""`Corpus`: the public face. One method per command; the command line is a thin layer over it.

>>> corpus = Corpus.open(".")
>>> result = corpus.build()
>>> result.documents, result.release.rows
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.core.contract_file import ContractFile, read_contract_file
from corpus_kit.core.errors import FindingsError, UsageError
from corpus_kit.core.executor import open_workers
from corpus_kit.core.folders import read_manifest, remove, work_folder
from corpus_kit.core.progress import Progress, Silent
from corpus_kit.core.project import CORPUS_FILE, ProjectConfig, find_corpus, load_config
from corpus_kit.core.template import CARD_FILE, Written, init_corpus, shipped
from corpus_kit.ingest.documents import Ingested, build_documents, make_recipe
from corpus_kit.release.build import Released, Source, build_release
from corpus_kit.release.card import refresh_card

if TYPE_CHECKING:
    from corpus_kit.core.doctor import Check
    from corpus_kit.core.validation import ValidationReport


@dataclass(slots=True)
class BuildResult:
    """What `build` made. out: the folder of the made folders. release: None when no document was accepted."""

    out: Path
    ingested: Ingested
    release: Released | None = None
    release_folder: Path | None = None

    @property
    def documents(self) -> int:
        return self.ingested.documents

    @property
    def rejected(self) -> dict[str, int]:
        return self.ingested.rejected


@dataclass(slots=True)
class ExportResult:
    """format: hf, arrow or jsonl. rows: config → split → count."""

    format: str
    folder: Path
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus on the disk, or the defaults where there is none.

    root: the folder of `corpus.toml`, None without a corpus. data: where the made folders are.
    """

    root: Path | None
    config: ProjectConfig
    data: Path

    @classmethod
    def open(cls, path: str | Path = ".") -> Corpus:
        """The corpus at `path` or in the nearest folder above it.

        Raises UsageError when there is none, ConfigError when its `corpus.toml` cannot be used.
        """
        root = find_corpus(Path(path))
        if root is None:
            raise UsageError(
                f"There is no {CORPUS_FILE} in {Path(path).resolve()} or above it.",
                "Make a corpus with `corpus-kit init DIR`, or build without one: `corpus-kit build RAW --out DIR`.",
            )
        return cls(root, load_config(root / CORPUS_FILE), root / "data")

    @classmethod
    def without(cls, out: str | Path) -> Corpus:
        """No corpus: built-in settings, contracts and layers; `out` stands for `data/`."""
        return cls(None, ProjectConfig(), Path(out).absolute())

    @staticmethod
    def init(folder: str | Path) -> Written:
        """Write the template of a new corpus; files that exist are left alone."""
        return init_corpus(Path(folder))

    def build(
        self,
        raw: Sequence[str | Path] = (),
        out: str | Path | None = None,
        *,
        workers: int | None = 1,
        metadata: str | Path | None = None,
        strict: bool = False,
        progress: Progress | None = None,
    ) -> BuildResult:
        """The main job: raw files → documents, rejected, release and card. Unchanged inputs are not redone.

        raw: folders, globs or files, by default the corpus's `data/raw`. out: the folder of the made folders, by default
        the corpus's `data`. workers: processes; None takes one per core where there is much to do. metadata: a sidecar
        besides those in the raw folders. strict: rejected records are an error.
        Raises the errors of `core.errors`, FindingsError with `strict`.
        """
        progress = progress or Silent()
        data = Path(out).absolute() if out is not None else self.data
        sources = list(raw) or [self._raw()]
        _refuse_nested(data, sources)
        sidecar = Path(metadata) if metadata else self._configured_metadata()
        splits = self.root / "splits.csv" if self.root and (self.root / "splits.csv").is_file() else None
        contract = self.contract("documents")
        with work_folder(data) as work, open_workers(workers) as pool:
            recipe = make_recipe(self.config.input, contract)
            ingested = build_documents(sources, data, work, recipe, pool, progress, metadata=sidecar, splits=splits)
            result = BuildResult(data, ingested)
            if ingested.documents:
                card_text, card_name = self._card()
                source = Source(data, work, self.config, contract, card_text, card_name)
                result.release = build_release(source, data / "release", pool, progress)
                result.release_folder = data / "release"
                if self.root and data == self.data and (self.root / CARD_FILE).is_file():
                    refresh_card(self.root / CARD_FILE, data / "release")
            elif read_manifest(data / "release") is not None:
                remove(data / "release")  # it would show documents that are no more
        rejected = sum(ingested.rejected.values())
        if strict and rejected:
            raise FindingsError(f"{rejected} records were rejected.", f"See {data / 'rejected'}.")
        return result

    def export(
        self,
        format: str = "hf",
        folder: str | Path | None = None,
        *,
        workers: int | None = 1,
        progress: Progress | None = None,
    ) -> ExportResult:
        """Write the release of the built documents as `hf` (Parquet), `arrow` (`save_to_disk`) or `jsonl`.

        folder: by default `data/release`, `data/release-arrow`, `data/release-jsonl`. Raises UsageError before the first
        build.
        """
        from corpus_kit.release.formats import FORMATS, write_format

        if format not in FORMATS:
            raise UsageError(f"'{format}' is no format.", f"Accepted: {', '.join(FORMATS)}.")
        progress = progress or Silent()
        name = "release" if format == "hf" else f"release-{format}"
        target = Path(folder).absolute() if folder is not None else self.data / name
        card_text, card_name = self._card()
        with work_folder(self.data) as work, open_workers(workers) as pool:
            source = Source(self.data, work, self.config, self.contract("documents"), card_text, card_name)
            if format == "hf":
                made = build_release(source, target, pool, progress)
                return ExportResult(format, target, made.rows, made.unchanged)
            release = self.data / "release"
            made = build_release(source, release, pool, progress)
            write_format(format, release, target, work)
        return ExportResult(format, target, made.rows)

    def validate(self) -> ValidationReport:
        """Check every made table against its contract, and keys and offsets across tables.

        Findings are returned, never raised. Raises UsageError where nothing has been built.
        """
        from corpus_kit.core.validation import validate_folder

        if read_manifest(self.data / "documents") is None:
            raise UsageError(f"There are no tables in {self.data}.", "Run `corpus-kit build` first.")
        return validate_folder(self.data, self._contracts_root())

    def card(self) -> bool:
        """Refresh the generated parts of DATASET_CARD.md; True when the file changed.

        Raises UsageError without a corpus or before the first build.
        """
        if self.root is None:
            raise UsageError("There is no corpus, so there is no card.", "Make one with `corpus-kit init DIR`.")
        return refresh_card(self.root / CARD_FILE, self.data / "release")

    @staticmethod
    def doctor(path: str | Path = ".") -> list[Check]:
        """What is wrong with this installation, machine and the corpus at `path`, each with the mending command."""
        from corpus_kit.core.doctor import examine

        return examine(path)

    def contract(self, table: str) -> ContractFile:
        """The contract of one table: the corpus's own, else the built-in one."""
        return read_contract_file(self._contracts_root() / f"{table}.yaml")

    def _contracts_root(self) -> Path:
        own = self.root / "schemas" if self.root else None
        return own if own is not None and own.is_dir() else shipped("schemas")

    def _raw(self) -> Path:
        if self.root is None:
            raise UsageError("No raw files are named.", "Write `corpus-kit build RAW --out DIR`.")
        return self.root / "data" / "raw"

    def _configured_metadata(self) -> Path | None:
        name = self.config.input.metadata
        return (self.root or Path()) / name if name else None

    def _card(self) -> tuple[str, str]:
        own = self.root / CARD_FILE if self.root else None
        path = own if own is not None and own.is_file() else shipped(CARD_FILE)
        return path.read_text(encoding="utf-8"), path.name


def _refuse_nested(data: Path, sources: Sequence[str | Path]) -> None:
    """What is made must not be read as raw in the next build."""
    for source in sources:
        path = Path(os.path.abspath(source))
        if path.is_dir() and (data == path or path in data.parents):
            raise UsageError(
                f"The out folder {data} lies in the raw folder {path}.", "Name an out folder beside the raw folder."
            )
