"""`recipe`: a training script from the template. `Corpus.recipe` is the way in."""

from __future__ import annotations

from pathlib import Path

from corpus_kit.core.config.template import shipped
from corpus_kit.core.errors import UsageError, did_you_mean

_OWN = {"ner": "spacy", "stance": "scikit-learn", "boilerplate": "scikit-learn", "soft": "scikit-learn"}
"""The library of each task's own script."""


def recipe(task: str, file: Path | None, framework: str | None = None) -> str:
    """The script for a task, written to `file` where one is named.

    Args:
        task: `ner`, `stance`, `boilerplate` or `soft`.
        file: Where to write it.
        framework: `transformers` where there is a script for it; by default the task's own library.

    Raises:
        UsageError: an unknown task, one without a script for the framework, or a file that exists.
    """
    folder = shipped("recipes")
    stems = sorted(path.stem for path in folder.glob("*.py"))
    tasks = [stem for stem in stems if "_" not in stem]
    if task not in tasks:
        raise UsageError(f"There is no recipe '{task}'.{did_you_mean(task, tasks)}", f"Recipes: {', '.join(tasks)}.")
    stem = task if framework in (None, _OWN[task]) else f"{task}_{framework}"
    if stem not in stems:
        others = [one.removeprefix(f"{task}_") for one in stems if one.startswith(f"{task}_")]
        hint = f"There is one for {' and '.join([_OWN[task], *others])}."
        raise UsageError(f"There is no recipe '{task}' for {framework}.", hint)
    script = (folder / f"{stem}.py").read_text(encoding="utf-8")
    if file is not None:
        if file.exists():
            raise UsageError(f"{file} exists.", "Name another file; nothing is overwritten.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script, encoding="utf-8", newline="\n")
    return script
