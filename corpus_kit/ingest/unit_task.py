"""What one process is told when it shall read a unit of raw files: which files, how, and where to."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from corpus_kit.core.contract_spec import ContractFile
from corpus_kit.ingest.discover import RawFile
from corpus_kit.ingest.json_values import canonical_json
from corpus_kit.ingest.readers import Limits
from corpus_kit.ingest.rows import Fields

SHARD_BYTES = 2 << 20
"""Small enough that a new file costs little, at every stage; large enough that Parquet's own bytes do not count."""
SECONDS_PER_BYTE = 1 / 40e6
"""What reading and writing a unit takes, roughly; languages included."""
UNIT_FILE = "unit.json"
IDS_FILE = "ids.npy"
"""doc_id, check and the beginning of text_sha256 of every document, as three columns of uint64."""
REJECTED_FILE = "rejected.parquet"
"""The unit's refusals; there is none where nothing was refused."""
_FORMAT = 2
"""Of a unit's folder. Counted up when what lies in there changes, so that no build takes over what it cannot read."""
FILES_OF_MANY = frozenset({"jsonl", "json", "csv", "parquet"})
"""Formats of which a file holds many records."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How files are read. Everything that can change a byte of the result is in here, and in `key`."""

    text_field: str
    id_field: str
    id_scope: str
    fields: Fields
    limits: Limits
    contract: ContractFile
    gate: bytes
    versions: str
    shard_bytes: int = SHARD_BYTES

    @property
    def key(self) -> str:
        parts: list[Any] = [self.text_field, self.id_field, self.id_scope, asdict(self.fields), asdict(self.limits)]
        parts += [self.contract.sha256, self.versions, self.shard_bytes, _FORMAT]
        return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Unit:
    """files: neighbours in source order. sidecar: their fields by source. repeated: ids that an earlier unit has
    already, doc_id → source of the one that is kept."""

    files: tuple[RawFile, ...]
    sidecar: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeated: dict[str, str] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        """Plain tuples on the way to another process: half the time of pickling every file by its class."""
        return _unpickled, ([tuple(f) for f in self.files], self.sidecar, self.repeated)

    def key(self, recipe_key: str) -> str:
        """Name of the unit's folder: the recipe, the files' places and their metadata, but not their content."""
        places = [[f.root, f.path, f.format, f.compression] for f in self.files]
        text = canonical_json([recipe_key, places, self.sidecar, self.repeated])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def _unpickled(files: list[Any], sidecar: dict[str, dict[str, Any]], repeated: dict[str, str]) -> Unit:
    return Unit(tuple(map(RawFile._make, files)), sidecar, repeated)


@dataclass(frozen=True, slots=True)
class UnitTask:
    """One call of `read_unit`: paths and settings, no texts."""

    unit: Unit
    recipe: Recipe
    folder: str

    def __reduce__(self) -> tuple[Any, ...]:
        """The recipe, the same for all, is pickled once, and unpickled once by every process."""
        return _task, (self.unit, _pickled(self.recipe), self.folder)


@lru_cache(maxsize=2)
def _pickled(recipe: Recipe) -> bytes:
    return pickle.dumps(recipe)


@lru_cache(maxsize=2)
def _recipe(pickled: bytes) -> Recipe:
    recipe: Recipe = pickle.loads(pickled)
    return recipe


def _task(unit: Unit, recipe: bytes, folder: str) -> UnitTask:
    return UnitTask(unit, _recipe(recipe), folder)
