"""`import`: a JSON export of Label Studio into the ledger, as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus_kit.core.collector import without_collector
from corpus_kit.core.errors import UsageError
from corpus_kit.core.layers import Layer
from corpus_kit.labelstudio.export_json import annotations_in, read_tasks
from corpus_kit.labelstudio.ledger import Ledger
from corpus_kit.labelstudio.recognise import Recogniser, known_layer
from corpus_kit.labelstudio.results import LayerReader


@dataclass(frozen=True, slots=True)
class Imported:
    """One file. new: False when the ledger had it. entry: its name in the ledger."""

    file: str
    layer: str
    entry: str
    new: bool
    tasks: int
    annotations: int


def import_files(
    files: Sequence[str | Path], ledger: Ledger, layers: Mapping[str, Layer], layer: str | None = None
) -> list[Imported]:
    """Bring exports into the ledger; all of them, or none where one cannot be read.

    layer: theirs; by default each file's results tell. Raises UsageError: no file, no Label Studio export, a layer that
    does not exist or cannot be told.
    """
    if not files:
        raise UsageError("No file is named.", "corpus-kit import export.json")
    readers = {name: LayerReader(one) for name, one in layers.items()}
    with without_collector():
        read = [(path, *_examined(path, readers, layer)) for path in map(Path, files)]
    found = []
    for path, name, tasks, work in read:
        entry, new = ledger.add_file(path, name)
        found.append(Imported(str(path), entry.layer or name, entry.path.name, new, tasks, work))
    return found


def _examined(path: Path, readers: Mapping[str, LayerReader], layer: str | None) -> tuple[str, int, int]:
    """(layer, tasks, annotations) of one export, read to its end."""
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Name a JSON export of Label Studio.")
    recogniser = Recogniser(readers if layer is None else {})
    tasks = annotations = 0
    for task in read_tasks(path):
        tasks += 1
        annotations += len(annotations_in(task))
        recogniser.see(task)
    name = recogniser.layer(path.name) if layer is None else known_layer(layer, readers)
    return name, tasks, annotations
