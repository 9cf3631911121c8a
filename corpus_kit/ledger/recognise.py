"""`import`: a JSON export of Label Studio into the ledger, as it is, and which layer it belongs to.

The layer is recognised by the controls and labels that the results name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.layers import Layer
from corpus_kit.core.parallel.process import without_collector
from corpus_kit.ledger.export_json import Json, annotations_in, drafts_in, predictions_in, read_tasks, results_of
from corpus_kit.ledger.ledger import Ledger
from corpus_kit.ledger.results import LayerReader


class Recogniser:
    """Counts, while tasks pass, how many results each layer's config explains."""

    def __init__(self, readers: Mapping[str, LayerReader]) -> None:
        self._readers = readers
        self._fits: Counter[str] = Counter()

    def see(self, task: Json) -> None:
        for annotation in [*annotations_in(task), *drafts_in(task), *predictions_in(task)]:
            for result in results_of(annotation) if isinstance(annotation, dict) else []:
                for layer, reader in self._readers.items():
                    if reader.fits(result):
                        self._fits[layer] += 1

    def layer(self, name: str) -> str:
        """The layer that explains more results than any other.

        Raises UsageError naming the layers there are, when none or several do. name: of the file, for the message.
        """
        best = self._fits.most_common(2)
        layers = list(self._readers)
        if best and (len(best) == 1 or best[0][1] > best[1][1]):
            return best[0][0]
        if len(layers) == 1 and not best:
            return layers[0]
        why = "its results fit several" if best else "no result in it fits one of them"
        likely = best[0][0] if best else (layers or ["LAYER"])[0]
        raise UsageError(
            f"{name} does not tell which layer it belongs to: {why}. Layers: {', '.join(layers) or 'none'}.",
            f"Name it: corpus-kit import {name} --layer {likely}",
        )


def recognised_layer(tasks: Iterable[Json], readers: Mapping[str, LayerReader], name: str) -> str:
    """The layer of these tasks; see `Recogniser.layer`."""
    recogniser = Recogniser(readers)
    for task in tasks:
        recogniser.see(task)
    return recogniser.layer(name)


def known_layer(layer: str, readers: Collection[str]) -> str:
    """`layer`, if the corpus has it. Raises UsageError naming those there are."""
    if layer not in readers:
        near = did_you_mean(layer, list(readers))
        raise UsageError(f"There is no layer '{layer}'.{near}", f"Layers: {', '.join(readers) or 'none'}.")
    return layer


@dataclass(frozen=True, slots=True)
class Imported:
    """One file. new: False when the ledger had it. entry: its name in the ledger.

    documents: texts it brought that no document had, and that lie in `data/raw` now. made_layer: the corpus had no layer of
    that name; it was made with the labels of the files.
    """

    file: str
    layer: str
    entry: str
    new: bool
    tasks: int
    annotations: int
    documents: int = 0
    made_layer: bool = False


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
