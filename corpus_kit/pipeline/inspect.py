"""What is there and how it would be read, before anything is built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corpus_kit.core.config.corpus_toml import CORPUS_FILE, add_lines
from corpus_kit.core.errors import UsageError
from corpus_kit.core.workspace import Workspace
from corpus_kit.ingest.inspect import Inspected, inspect_files


def inspect(workspace: Workspace, paths: Sequence[str | Path], *, write: bool) -> Inspected:
    """Look at raw files.

    Args:
        workspace: Whose settings are used.
        paths: Folders, globs or files, by default the corpus's `data/raw`.
        write: Put the lines that are found into `corpus.toml`.

    Returns:
        Groups of files that are alike, what is not read, and the lines for `corpus.toml`.

    Raises:
        UsageError: A path that does not exist, or no corpus to write to.
    """
    if workspace.root is None and (write or not paths):
        raise UsageError("There is no corpus here.", "Name the files, or make a corpus with `corpus-kit init DIR`.")
    found = inspect_files(paths or [workspace.data / "raw"], workspace.config.input)
    if write and found.lines and workspace.root is not None:
        add_lines(workspace.root / CORPUS_FILE, found.lines)
    return found
