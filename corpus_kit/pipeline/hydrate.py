"""`hydrate`: texts for a text-free release, read from pages as `build` reads them. `Corpus.hydrate` is the way in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from corpus_kit.core.progress import Progress
from corpus_kit.core.workspace import Workspace
from corpus_kit.release.text_free.hydrate import FoundText, Hydrated, hydrate_release
from corpus_kit.release.text_free.recipe import read_recipe
from corpus_kit.release.text_free.store import TextStore

_COLUMNS = ("text_sha256", "doc_id", "url", "source")


def hydrate(
    workspace: Workspace,
    release: Path,
    sources: Sequence[Path],
    folder: str | Path | None,
    workers: int | None,
    progress: Progress,
) -> Hydrated:
    """Put texts back into a text-free release.

    Args:
        workspace: The corpus whose settings say how raw files are read.
        release: The text-free release.
        sources: Raw files or folders, or folders with `documents` that a build made.
        folder: Where to write; by default `<release>-hydrated`.
        workers: Processes that read raw files.
        progress: Of the reading.

    Returns:
        Verdicts per document (exact, carried, gone) and per label (exact, shifted, stale, gone).

    Raises:
        UsageError: No text-free release, or nothing to read.
    """
    release = release.absolute()
    target = Path(folder).absolute() if folder else release.with_name(f"{release.name}-hydrated")
    read_recipe(release)  # before anything is read
    raw = [source.absolute() for source in sources if not _made(source)]
    store = TextStore()
    texts = [one for source in sources if _made(source) for one in _texts(_documents(source), store)]
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the finished folder is renamed and not copied.
    with tempfile.TemporaryDirectory(prefix=".hydrate-", dir=target.parent) as scratch:
        if raw:
            folder_read = _read(workspace, raw, Path(scratch) / "read", workers, progress)
            texts += _texts(folder_read, store)
        return hydrate_release(release, texts, target, Path(scratch))


def _read(workspace: Workspace, raw: Sequence[Path], scratch: Path, workers: int | None, progress: Progress) -> Path:
    """Documents of raw files, read with the settings of the corpus and nothing else done to them."""
    from corpus_kit.pipeline.build import BuildOptions, build

    suggest = workspace.config.suggest.model_copy(update={"boilerplate": False})
    plain = Workspace(None, workspace.config.model_copy(update={"suggest": suggest}), scratch)
    build(plain, BuildOptions(raw=tuple(raw), workers=workers, report=False), progress)
    return scratch / "documents"


def _texts(folder: Path, store: TextStore) -> Iterator[FoundText]:
    for file in sorted(folder.glob("documents-*.parquet")):
        for held, row in store.add(file, _COLUMNS):
            yield FoundText(held, *(row[name] for name in _COLUMNS))


def _documents(source: Path) -> Path:
    return source / "documents" if (source / "documents").is_dir() else source


def _made(source: Path) -> bool:
    return source.is_dir() and any(_documents(source).glob("documents-*.parquet"))
