"""A release as it lies in a folder: its splits, its layers, and the rows of one configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from corpus_kit.core.errors import EnvironmentProblemError, UsageError, did_you_mean
from corpus_kit.core.scoring import ANSWERS, LINES, SPANS
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.storage.tables import read_table

ALL = "all"
GOLD = "gold_"
_KINDS = {"tokens": SPANS, "line": LINES, "target": ANSWERS}
"""Column that only one kind of configuration has → kind. Of a release without texts `token_starts` tells."""
_SOFT = "_soft"


@dataclass(frozen=True, slots=True)
class OpenedRelease:
    """A release and the split that is scored. layers: layer → (its configuration, kind)."""

    folder: Path
    manifest: Mapping[str, Any]
    split: str
    layers: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, folder: Path, split: str | None) -> OpenedRelease:
        """Open a release.

        Args:
            folder: The release, with texts or without.
            split: Its name, or `all`; by default `test`, and everything where there is no such split.

        Raises:
            UsageError: No release, or no such split.
        """
        manifest = read_manifest(folder)
        if manifest is None or "configs" not in manifest:
            raise UsageError(
                f"There is no release in {folder}.", "Make one with `corpus-kit build`, or name its folder."
            )
        splits = list(manifest["configs"]["documents"]["splits"])
        chosen = split or ("test" if "test" in splits else ALL)
        if chosen != ALL and chosen not in splits:
            raise UsageError(
                f"The release has no split '{chosen}'.{did_you_mean(chosen, splits)}",
                f"Use {', '.join(splits)} or all.",
            )
        return cls(folder, manifest, chosen, _layers(manifest))

    def has(self, config: str) -> bool:
        return config in self.manifest["configs"]

    def rows(self, config: str, columns: Sequence[str]) -> pl.DataFrame:
        """Some columns of a configuration, of the split; those it does not have are left out."""
        having = [name for name in columns if name in self.manifest["configs"][config]["columns"]]
        tables = [read_table(path, having) for path in self.files(config)]
        if not tables:
            return pl.DataFrame(schema=dict.fromkeys(having, pl.String))
        return pl.DataFrame(pl.from_arrow(pa.concat_tables(tables)))

    def files(self, config: str) -> list[Path]:
        """Those of the split."""
        splits = self.manifest["configs"][config]["splits"]
        chosen = [files for name, files in splits.items() if self.split in (ALL, name)]
        return [self.folder / one["name"] for files in chosen for one in files]

    def soft(self, layer: str) -> str:
        """The configuration with everyone's answers."""
        return f"{layer}{_SOFT}"

    def names(self, config: str, column: str) -> list[str]:
        """Names of the ClassLabel of a column."""
        found = [file["name"] for files in self.manifest["configs"][config]["splits"].values() for file in files]
        for name in found[:1]:
            try:
                metadata = pq.read_schema(self.folder / name).metadata or {}
                feature = json.loads(metadata[b"huggingface"])["info"]["features"][column]
            except (OSError, ValueError, KeyError, pa.ArrowException) as e:
                raise EnvironmentProblemError(
                    f"{name} does not say what its labels are called.",
                    "Get the release again from where it was published.",
                ) from e
            return list(feature.get("names") or feature["feature"]["names"])
        return []


def _layers(manifest: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    configs = manifest["configs"]
    found = {}
    for column in configs["documents"]["columns"]:
        layer = column.removeprefix(GOLD)
        config = next((name for name in (f"{layer}_gold", layer) if name in configs), None)
        if column.startswith(GOLD) and config is not None:
            columns = set(configs[config]["columns"])
            kind = next((kind for name, kind in _KINDS.items() if name in columns), SPANS)
            found[layer] = (config, kind)
    return found
