"""`Workspace`: where a corpus is, its settings, and what follows from both without any work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from corpus_kit.core.config import input_with
from corpus_kit.core.config.corpus_toml import CORPUS_FILE, ProjectConfig, find_corpus, load_config
from corpus_kit.core.config.template import CARD_FILE, shipped
from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.layers import Layer, check_names, load_layers
from corpus_kit.core.schema.contracts import contract_path
from corpus_kit.core.schema.file import read_contract_file
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import read_manifest, settle

MODELS = "models"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A corpus on the disk, or the defaults where there is none.

    Attributes:
        root: The folder of `corpus.toml`, None without a corpus.
        config: Its settings.
        data: Where the made folders are.
    """

    root: Path | None
    config: ProjectConfig
    data: Path

    @classmethod
    def open(cls, path: str | Path = ".") -> Self:
        """The corpus at `path` or in the nearest folder above it.

        Raises:
            UsageError: There is none.
            ConfigError: Its `corpus.toml` cannot be used.
        """
        root = find_corpus(Path(path))
        if root is None:
            raise UsageError(
                f"There is no {CORPUS_FILE} in {Path(path).resolve()} or above it.",
                "Make a corpus with `corpus-kit init DIR`, or build without one: `corpus-kit build RAW --out DIR`.",
            )
        config = load_config(root / CORPUS_FILE)
        settle(root / "data")
        return cls(root, config, root / "data")

    @staticmethod
    def near(path: str | Path = ".") -> Path | None:
        """The `corpus.toml` at `path` or in the nearest folder above it, None where there is none."""
        root = find_corpus(Path(path))
        return root / CORPUS_FILE if root else None

    def read_as(self, columns: Mapping[str, str], settings: Mapping[str, str]) -> Self:
        """This corpus, its raw files read with other settings; nothing is written.

        Args:
            columns: Known column to the field that fills it, as `[input.columns]`.
            settings: Keys of `[input]`, or of an entry of `[[input.files]]` for all files, and their values as words.

        Raises:
            UsageError: An unknown key, or a value that it does not take.
        """
        return replace(
            self, config=self.config.model_copy(update={"input": input_with(self.config.input, columns, settings)})
        )

    @classmethod
    def without(cls, out: str | Path) -> Self:
        """No corpus: built-in settings, contracts and layers; `out` stands for `data/`."""
        return cls(None, ProjectConfig(), Path(out).absolute())

    @classmethod
    def nearest(cls) -> Self:
        """The corpus of the working folder; the defaults where there is none."""
        root = find_corpus(Path())
        return cls.open(root) if root else cls.without(Path())

    @property
    def own_root(self) -> Path:
        """The corpus's folder.

        Raises:
            UsageError: There is no corpus.
        """
        if self.root is None:
            raise UsageError("There is no corpus here.", "Make one with `corpus-kit init DIR`.")
        return self.root

    @property
    def contracts_root(self) -> Path:
        """The folder of the contracts: the corpus's own, else the built-in one."""
        own = self.root / "schemas" if self.root else None
        return own if own is not None and own.is_dir() else shipped("schemas")

    def contract(self, table: str) -> ContractFile:
        """The contract of one table: the corpus's own, else the built-in one."""
        return read_contract_file(contract_path(self.contracts_root, table))

    def layers(self) -> dict[str, Layer]:
        """The layers of `corpus.toml` by name: the corpus's own, else the built-in ones."""
        own = self.root / "annotation" if self.root else None
        root = own if own is not None and own.is_dir() else shipped("annotation")
        layers = load_layers(root, self.config.layers)
        check_names(layers, self.config.adjudication.layers, self.config.agreement.orders)
        return layers

    def layers_named(self, name: str | None) -> dict[str, Layer]:
        """All layers, or the one of that name.

        Raises:
            UsageError: There is no such layer.
        """
        layers = self.layers()
        if name is not None and name not in layers:
            raise UsageError(f"There is no layer '{name}'.{did_you_mean(name, list(layers))}", "See corpus.toml.")
        return layers if name is None else {name: layers[name]}

    def released_layers(self, data: Path) -> dict[str, Layer]:
        """The layers whose labels a release carries; none are read where nothing is labelled or suggested."""
        made = ("annotations", "gold", "suggestions")
        return self.layers() if any(read_manifest(data / name) is not None for name in made) else {}

    def card_text(self) -> tuple[str, str]:
        """Text and file name of the card: the corpus's own, else the template's."""
        own = self.root / CARD_FILE if self.root else None
        path = own if own is not None and own.is_file() else shipped(CARD_FILE)
        return path.read_text(encoding="utf-8"), path.name

    def own_model(self, layer: str) -> Path | None:
        """Where a model trained on this corpus is: `models/<layer>.npz`; None without a corpus."""
        return self.root / MODELS / f"{layer}.npz" if self.root else None

    def model_in_use(self, layer: str) -> Path | None:
        """The corpus's own model where there is one; None means the packaged one."""
        own = self.own_model(layer)
        return own if own is not None and own.is_file() else None

    def metadata_file(self) -> Path | None:
        """The sidecar that `corpus.toml` names. Raises UsageError for one outside the corpus."""
        name = self.config.input.metadata
        if not name or self.root is None:
            return None
        path = self.root / name
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise UsageError(
                f"corpus.toml names metadata outside the corpus: {name}.",
                "Put the file into the corpus, or name it yourself: `corpus-kit build --metadata FILE`.",
            )
        return path

    def splits_file(self) -> Path | None:
        """`splits.csv` of the corpus, where there is one."""
        path = self.root / "splits.csv" if self.root else None
        return path if path is not None and path.is_file() else None

    def raw_folder(self) -> Path:
        """The corpus's `data/raw`.

        Raises:
            UsageError: There is no corpus.
        """
        if self.root is None:
            raise UsageError("No raw files are named.", "Write `corpus-kit build RAW --out DIR`.")
        return self.root / "data" / "raw"
