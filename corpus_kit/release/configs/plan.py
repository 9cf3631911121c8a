"""What labels add to a release: planned from the manifests of the made folders, before any row is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.core.layers import Layer
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.storage.tables import read_table
from corpus_kit.core.vocabulary import AGREEMENT_FILE, BOILERPLATE
from corpus_kit.release.card_labels import CardLabels
from corpus_kit.release.configs.labels import keep_slice, read_labels_of
from corpus_kit.release.configs.nested import Nested
from corpus_kit.release.configs.spec import DOCUMENTS, ConfigSpec, plan_configs
from corpus_kit.release.shards import LabelTask

_FOLDERS = ("annotations", "gold", "suggestions")


@dataclass(frozen=True, slots=True)
class Labelling:
    """configs: those beside `documents` that labels call for. nested: the columns they add to it. False: no labels.

    manifests: of `annotations`, `gold` and `suggestions` where they are made. agreement: the figures beside gold.
    """

    configs: tuple[ConfigSpec, ...]
    nested: Nested
    manifests: Mapping[str, Mapping[str, Any]]
    agreement: Mapping[str, Any]

    def __bool__(self) -> bool:
        return bool(self.configs or self.nested.fields())

    def inputs(self) -> dict[str, Any]:
        """What of a release's inputs comes from labels; empty without them, so that such releases stay as they are."""
        if not self:
            return {}
        made = {name: manifest.get("fingerprint") for name, manifest in self.manifests.items()}
        gold = self.manifests.get("gold", {}).get("inputs", {})
        shape = repr((self.configs, self.nested))
        return {"labels": made | {"shape": shape, "layers": gold.get("layers"), "agreement": gold.get("agreement")}}

    def tasks(
        self, out: Path, kept: Path, groups: Sequence[Sequence[Path]], schemas: Mapping[str, bytes]
    ) -> list[LabelTask | None]:
        """The labels of every group of document shards, kept in the folder `kept` by their content."""
        if not self:
            return [None] * len(groups)
        every, suggested = read_labels_of(out), self._suggestion_files(out)
        made: list[LabelTask | None] = []
        nothing = keep_slice(every, kept) if every.is_empty() else None
        for shards in groups:
            folder = str(kept / (nothing or keep_slice(every.of(_doc_ids(shards)), kept)))
            own = tuple(schemas[config.name] for config in self.configs)
            files = tuple(suggested[shard.name] for shard in shards) if suggested else ()
            made.append(LabelTask(folder, self.nested, self.configs, own, files))
        return made

    def _suggestion_files(self, out: Path) -> dict[str, tuple[str, str]]:
        """File of documents → path and sha256 of the file of boilerplate for it, which are made in the same order."""
        manifest = self.manifests.get("suggestions")
        if manifest is None:
            return {}
        files = [f for f in manifest["files"] if f["layer"] == BOILERPLATE]
        pairs = zip((read_manifest(out / "documents") or {})["files"], files, strict=bool(files))
        return {d["name"]: (str(out / "suggestions" / s["name"]), s["sha256"]) for d, s in pairs}

    def descriptions(self, contract: ContractFile) -> dict[str, dict[str, str]]:
        """config → column → what it holds."""
        documents = {c.name: c.description for c in contract.columns} | self.nested.descriptions()
        return {DOCUMENTS: documents, **{spec.name: spec.descriptions for spec in self.configs}}

    def models(self) -> list[str]:
        """What made suggestions: layer, model and version."""
        found = self.manifests.get("suggestions", {}).get("models", [])
        return [f"{one['layer']}: {one['model']} {one['version']}, threshold {one['threshold']}" for one in found]

    def told(self) -> CardLabels | None:
        """What the card says of labels; None without gold."""
        gold = self.manifests.get("gold")
        return None if not self or gold is None else CardLabels(gold["layers"], self.agreement)


def plan_release(out: Path, layers: Mapping[str, Layer]) -> Labelling:
    """Look at the made folders below `out`. layers: by name; without any, labels are left out."""
    manifests = {name: made for name in _FOLDERS if layers and (made := read_manifest(out / name)) is not None}
    if not _of_these_documents(manifests.get("suggestions"), read_manifest(out / "documents")):
        manifests.pop("suggestions", None)
    configs, nested = plan_configs(
        layers,
        manifests.get("gold"),
        manifests.get("annotations"),
        BOILERPLATE in manifests.get("suggestions", {}).get("parts", {}),
    )
    agreement: dict[str, Any] = {}
    if "gold" in manifests:
        agreement = json.loads((out / "gold" / AGREEMENT_FILE).read_text(encoding="utf-8"))
    return Labelling(tuple(configs), nested, manifests, agreement)


def _doc_ids(shards: Sequence[Path]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(read_table(shard, ["doc_id"])) for shard in shards])


def _of_these_documents(suggestions: Mapping[str, Any] | None, documents: Mapping[str, Any] | None) -> bool:
    """Whether suggestions were made for these documents and not for those of an earlier build."""
    if suggestions is None or documents is None:
        return False
    seen = suggestions.get("inputs", {}).get("documents", {})
    return {name: about["sha256"] for name, about in seen.items()} == {
        file["name"]: file["sha256"] for file in documents["files"]
    }
