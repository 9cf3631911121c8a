"""`export`: the release of the built documents in one of its formats. `Corpus.export` is the way in."""

from __future__ import annotations

from pathlib import Path

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exports import EXPORTS
from corpus_kit.core.parallel.executor import open_workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.storage.folders import work_folder
from corpus_kit.core.storage.step import one_step
from corpus_kit.core.workspace import Workspace
from corpus_kit.pipeline.results import ExportResult
from corpus_kit.release.build import ReleaseInput, build_release


def export(
    workspace: Workspace,
    format: str,
    folder: str | Path | None,
    *,
    workers: int | None,
    tokenizer: str,
    max_run: int,
    strict: bool,
    progress: Progress,
) -> ExportResult:
    """Make the release, and from it the format. Raises UsageError, FindingsError."""
    from corpus_kit.release.export.formats import write_format, write_gold_format, write_tool_format

    name, data = format, workspace.data
    if name not in EXPORTS:
        raise UsageError(f"'{name}' is no format.", f"Accepted: {', '.join(EXPORTS)}.")
    target = (
        Path(folder).absolute() if folder is not None else data / ("release" if name == "hf" else f"release-{name}")
    )
    card_text, card_name = workspace.card_text()
    with work_folder(data) as work, open_workers(workers) as pool, one_step(data, work):
        layers = workspace.released_layers(data)
        about, meta = workspace.config.about, workspace.config.release.meta
        source = ReleaseInput(data, work, about, meta, workspace.contract("documents"), card_text, card_name, layers)
        if name == "hf":
            made = build_release(source, target, pool, progress, strict=strict, opened=True)
            return ExportResult(name, target, made.rows, made.unchanged, made.losses)
        release = data / "release"
        if name == "text-free":
            from corpus_kit.release.text_free.write import write_text_free

            made = build_release(source, release, pool, progress, strict=strict)
            freed = write_text_free(release, target, work, max_run)
            return ExportResult(name, target, freed.rows, losses=made.losses)
        if EXPORTS[name].kind == "gold":
            made = build_release(source, release, pool, progress)
            lost = write_gold_format(name, release, target, work, tokenizer=tokenizer, strict=strict)
            return ExportResult(name, target, losses=lost)
        if EXPORTS[name].kind == "tool":
            made = build_release(source, release, pool, progress)
            lost = write_tool_format(name, release, target, work, strict=strict)
            return ExportResult(name, target, losses=lost)
        made = build_release(source, release, pool, progress, strict=strict)
        write_format(name, release, target, work)
    return ExportResult(name, target, made.rows, losses=made.losses)
