"""What `datasets` makes of a release's columns, kept from one build to the next so that it need not be imported for it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import read_checked_json, write_checked_json
from corpus_kit.release.configs.plan import Labelling
from corpus_kit.release.datasets_subprocess import DatasetsSubprocess

_LAYOUT = "3"
FEATURES = "features.json"
"""The file in `data/.work`."""


@dataclass(frozen=True, slots=True)
class Described:
    """One configuration.

    schema: its Arrow schema with the `huggingface` key, serialised, in hex: workers need no `datasets`. declared: the
    features as `dataset_info` in a README's YAML writes them.
    """

    schema: str
    declared: list[dict[str, Any]]

    @property
    def schema_bytes(self) -> bytes:
        return bytes.fromhex(self.schema)

    @property
    def arrow_schema(self) -> pa.Schema:
        return pa.ipc.read_schema(pa.py_buffer(self.schema_bytes))


def described(
    contract: ContractFile, labelling: Labelling, kept: Path, aside: DatasetsSubprocess
) -> dict[str, Described]:
    """Every configuration that the release may have, `documents` first. kept: the file for the next build."""
    versions = [metadata.version(name) for name in ("corpus-kit", "datasets", "pyarrow")]
    shape = [_LAYOUT, contract.sha256, repr((labelling.configs, labelling.nested)), *versions]
    key = hashlib.sha256("\n".join(shape).encode()).hexdigest()
    found = read_checked_json(kept)
    if found.get("key") != key:
        made: dict[str, Described] = aside.call("features", "describe", contract, labelling)
        # The card writes what is declared in the order of its keys.
        write_checked_json(
            kept, {"key": key, "configs": [[name, asdict(one)] for name, one in made.items()]}, in_order=True
        )
        return made
    return {name: Described(**one) for name, one in found["configs"]}
