"""What the toolkit ships for a new corpus: contracts, layers, a card and a corpus.toml.

In an installed wheel all of it lies in `corpus_kit/template`. In the repository contracts and layers stand once, at its
root.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from corpus_kit.core.config.corpus_toml import CORPUS_FILE
from corpus_kit.core.errors import EnvironmentProblemError, UsageError

_PACKAGE = Path(__file__).resolve().parents[2]
CARD_FILE = "DATASET_CARD.md"


def shipped(name: str) -> Path:
    """A file or folder of the template: `schemas`, `annotation`, `corpus.toml`, `DATASET_CARD.md`, `gitignore`.

    Raises EnvironmentProblemError when the installation lacks it.
    """
    for place in (_PACKAGE / "template" / name, _PACKAGE.parent / name):
        if place.exists():
            return place
    raise EnvironmentProblemError(f"This installation lacks its template '{name}'.", "Install corpus-kit again.")


@dataclass(slots=True)
class Written:
    """made: files written, kept: files that were there already and were left alone; both relative to the corpus."""

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def init_corpus(folder: Path) -> Written:
    """Write the template into `folder`; a file that is there already is never touched.

    Raises UsageError when it is a corpus already or is no folder.
    """
    if (folder / CORPUS_FILE).exists():
        raise UsageError(
            f"{folder} is a corpus already.", f"Put texts into {folder / 'data' / 'raw'} and run `corpus-kit build`."
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file.", "Name a folder.")
    written = Written()
    (folder / "data" / "raw").mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("-._")
    settings = shipped(CORPUS_FILE).read_text(encoding="utf-8")
    if len(name) < 3:
        name = f"corpus-{name}".rstrip("-")
    _write(folder, CORPUS_FILE, settings.replace("{name}", name[:96]), written)
    _write(folder, CARD_FILE, shipped(CARD_FILE).read_text(encoding="utf-8"), written)
    _write(folder, ".gitignore", shipped("gitignore").read_text(encoding="utf-8"), written)
    for tree in ("schemas", "annotation"):
        root = shipped(tree)
        for source in sorted(p for p in root.rglob("*") if p.is_file() and not p.name.startswith(".")):
            _copy(source, folder, f"{tree}/{source.relative_to(root).as_posix()}", written)
    return written


def _write(folder: Path, name: str, text: str, written: Written) -> None:
    target = folder / name
    if target.exists():
        written.kept.append(name)
        return
    target.write_text(text, encoding="utf-8", newline="\n")
    written.made.append(name)


def _copy(source: Path, folder: Path, name: str, written: Written) -> None:
    target = folder / name
    if target.exists():
        written.kept.append(name)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    written.made.append(name)
