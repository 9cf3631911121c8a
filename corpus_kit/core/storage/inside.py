"""Nothing outside a corpus is read or written by way of a link that lies in it.

A corpus may come from a stranger, and a link in it may lead to any file of its reader: what is made would overwrite or
remove it, what is read would publish it. So links are found before anything is opened, and refused with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from corpus_kit.core.errors import UsageError

RAW, STUDIO = "raw", "studio"
_FILES = ("corpus.toml", "DATASET_CARD.md", "splits.csv", ".gitignore")
_FOLDERS = ("annotation", "schemas", "models")
_MADE_OUTSIDE = "To keep what is made on another disk, build there: `corpus-kit build --out DIR`."


def refuse_links_of_corpus(root: Path) -> None:
    """Check all that a corpus is read from, and all that is made in it.

    A link that stays in the corpus may stand for a file that people write; none may stand for what is made.

    Raises:
        UsageError: A link leads out of the corpus, or is in the place of something made.
    """
    for path in _written_by_people(root):
        if path.is_symlink() and not _stays(path, root):
            raise UsageError(
                f"{path} is a link out of the corpus, to {_target(path)}.",
                "Put the file or folder itself in its place.",
            )
    data = root / "data"
    if data.is_symlink():
        raise UsageError(f"{data} is a link, to {_target(data)}; nothing is made through a link.", _MADE_OUTSIDE)
    raw = data / RAW
    if raw.is_symlink() and not _stays(raw, root):
        raise UsageError(
            f"{raw} is a link out of the corpus, to {_target(raw)}.",
            "Name the folder itself: `corpus-kit build RAW`, with its path for RAW.",
        )
    refuse_links_of_data(data)


def refuse_links_of_data(data: Path) -> None:
    """Check the folder of the made folders: no link in it, but below `raw`, which has its own rules, and `studio`.

    Raises:
        UsageError: A link is in the place of something made.
    """
    for path in _made(data):
        raise UsageError(
            f"{path} is a link, to {_target(path)}; nothing is made or removed through a link.",
            f"Remove the link. {_MADE_OUTSIDE}",
        )


def _written_by_people(root: Path) -> Iterator[Path]:
    yield from (root / name for name in _FILES)
    for name in _FOLDERS:
        folder = root / name
        yield folder
        if folder.is_dir() and not folder.is_symlink():
            for below, folders, files in os.walk(folder):
                yield from (Path(below, name) for name in (*folders, *files))


def _made(data: Path) -> Iterator[Path]:
    """Links below `data`, outside of `raw`; of `studio` only itself and what lies directly in it."""
    if not data.is_dir():
        return
    todo = [str(data)]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    if entry.path != str(data / RAW):
                        yield Path(entry.path)
                elif entry.is_dir() and entry.path != str(data / RAW):
                    below = Path(entry.path).relative_to(data).parts
                    if below[0] != STUDIO or len(below) == 1:
                        todo.append(entry.path)


def _stays(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a link that leads to itself
        return False


def _target(path: Path) -> str:
    return str(path.readlink())
