"""`recipe`: a training script from the template. `Corpus.recipe` is the way in."""

from __future__ import annotations

from pathlib import Path

from corpus_kit.core.config.template import shipped
from corpus_kit.core.errors import UsageError, did_you_mean


def recipe(task: str, file: Path | None) -> str:
    """The script for a task, written to `file` where one is named.

    Raises:
        UsageError: an unknown task, or a file that exists.
    """
    folder = shipped("recipes")
    tasks = sorted(path.stem for path in folder.glob("*.py"))
    if task not in tasks:
        raise UsageError(f"There is no recipe '{task}'.{did_you_mean(task, tasks)}", f"Recipes: {', '.join(tasks)}.")
    script = (folder / f"{task}.py").read_text(encoding="utf-8")
    if file is not None:
        if file.exists():
            raise UsageError(f"{file} exists.", "Name another file; nothing is overwritten.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script, encoding="utf-8", newline="\n")
    return script
