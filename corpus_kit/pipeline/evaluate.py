"""`evaluate`: predictions against a release. `Corpus.evaluate` is the way in."""

from __future__ import annotations

from pathlib import Path

from corpus_kit.agreement.evaluation.evaluate import LayerScores, score_layer
from corpus_kit.agreement.measures.bootstrap import Resampling
from corpus_kit.core.workspace import Workspace
from corpus_kit.release.scoring.opened import OpenedRelease
from corpus_kit.release.scoring.predictions import read_predictions
from corpus_kit.release.scoring.sheet import sheet_of


def evaluate(
    workspace: Workspace, predictions: Path, layer: str | None, release: Path | None, split: str | None
) -> list[LayerScores]:
    """Score a file of predictions.

    Args:
        workspace: The corpus, whose release and settings of intervals are used; without one, the defaults.
        predictions: The file.
        layer: Of rows that do not name one.
        release: The folder of another release.
        split: By default `test`.

    Returns:
        One entry for each layer of the file, by name.

    Raises:
        UsageError: No release, no such split or layer, an unreadable file.
    """
    opened = OpenedRelease.of(release or workspace.data / "release", split)
    settings = workspace.config.agreement
    plan = Resampling(settings.resamples, settings.seed)
    found = read_predictions(predictions, opened, layer)
    return [score_layer(sheet_of(opened, name), one, plan) for name, one in found.items()]
