"""`export`: the release of the built documents in one of its formats. `Corpus.export` is the way in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.core.errors import UsageError
from corpus_kit.core.parallel.executor import open_workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.storage.folders import work_folder
from corpus_kit.pipeline.results import ExportResult
from corpus_kit.release.build import Source, build_release

if TYPE_CHECKING:
    from corpus_kit.corpus import Corpus


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What one call of `Corpus.export` asks for; its parameters are explained there. folder: None for the usual one."""

    format: str
    folder: Path | None
    workers: int | None
    tokenizer: str
    strict: bool


def export(corpus: Corpus, order: ExportOrder, progress: Progress) -> ExportResult:
    """Make the release, and from it the format. Raises UsageError, FindingsError."""
    from corpus_kit.release.export.formats import FORMATS, GOLD_FORMATS, write_format, write_gold_format

    name, data = order.format, corpus.data
    if name not in FORMATS:
        raise UsageError(f"'{name}' is no format.", f"Accepted: {', '.join(FORMATS)}.")
    target = order.folder or data / ("release" if name == "hf" else f"release-{name}")
    card_text, card_name = corpus.card_text()
    with work_folder(data) as work, open_workers(order.workers) as pool:
        layers = corpus.released_layers(data)
        source = Source(data, work, corpus.config, corpus.contract("documents"), card_text, card_name, layers)
        if name == "hf":
            made = build_release(source, target, pool, progress, strict=order.strict, opened=True)
            return ExportResult(name, target, made.rows, made.unchanged, made.losses)
        release = data / "release"
        if name in GOLD_FORMATS:
            made = build_release(source, release, pool, progress)
            lost = write_gold_format(name, release, target, work, tokenizer=order.tokenizer, strict=order.strict)
            return ExportResult(name, target, losses=lost)
        made = build_release(source, release, pool, progress, strict=order.strict)
        write_format(name, release, target, work)
    return ExportResult(name, target, made.rows, losses=made.losses)
