"""Which layer an export belongs to, by the controls and labels its results name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.labelstudio.export_json import Json, annotations_in, drafts_in, predictions_in, results_of
from corpus_kit.labelstudio.results import LayerReader


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


def known_layer(layer: str, readers: Mapping[str, LayerReader]) -> str:
    """`layer`, if the corpus has it. Raises UsageError naming those there are."""
    if layer not in readers:
        near = did_you_mean(layer, list(readers))
        raise UsageError(f"There is no layer '{layer}'.{near}", f"Layers: {', '.join(readers) or 'none'}.")
    return layer
