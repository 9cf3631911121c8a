"""A suggester by the way it is written: `spacy:NAME`, `transformers:NAME_OR_PATH`, `python:MODULE:CLASS`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

from corpus_kit.core.errors import EnvironmentProblemError, UsageError, did_you_mean
from corpus_kit.suggest.entities.interface import Loaded, Suggester


def load_suggester(spec: str, root: Path | None) -> Loaded:
    """Load a model. root: of the corpus: relative paths and modules of one's own are looked for there first.

    Raises UsageError for a spelling or a model that does not exist, EnvironmentProblemError for a missing package.
    """
    kind, _, name = spec.partition(":")
    if kind not in KINDS or not name:
        near = did_you_mean(kind, list(KINDS))
        raise UsageError(
            f"'{spec}' names no model.{near}", "Write spacy:NAME, transformers:NAME_OR_PATH or python:MODULE:CLASS."
        )
    made = KINDS[kind](name, root)
    return Loaded(spec, made, str(getattr(made, "device", "cpu")))


def _spacy(name: str, root: Path | None) -> Suggester:
    from corpus_kit.suggest.entities.spacy_adapter import SpacySuggester

    return SpacySuggester(_local(name, root))


def _transformers(name: str, root: Path | None) -> Suggester:
    from corpus_kit.suggest.entities.transformers_adapter import TransformersSuggester

    return TransformersSuggester(_local(name, root))


def _python(name: str, root: Path | None) -> Suggester:
    """A class, or a function that makes a suggester, in a module that Python finds or that lies in the corpus."""
    module_name, _, attribute = name.partition(":")
    if not attribute:
        raise UsageError(f"'python:{name}' names no class.", "Write python:MODULE:CLASS.")
    if root is not None:
        sys.path.insert(0, str(root))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as e:
        missing = e.name or module_name
        hint = f"Put {module_name}.py beside corpus.toml, or install the package it is in."
        if missing.split(".")[0] != module_name.split(".")[0]:
            raise EnvironmentProblemError(f"{module_name} needs '{missing}', which is not installed.", hint) from e
        raise UsageError(f"There is no Python module '{module_name}'.", hint) from e
    finally:
        if root is not None:
            sys.path.remove(str(root))
    made = getattr(module, attribute, None)
    if made is None:
        near = did_you_mean(attribute, [n for n in vars(module) if not n.startswith("_")])
        raise UsageError(f"The module '{module_name}' has no '{attribute}'.{near}", "Write python:MODULE:CLASS.")
    suggester = made()
    if not isinstance(suggester, Suggester):
        hint = "It needs name, version, labels, and suggest(texts) with (start, end, label, score) of every span."
        lacking = [n for n in ("name", "version", "labels", "suggest") if not hasattr(suggester, n)]
        raise UsageError(f"'{name}' is no suggester: it has no {', '.join(lacking)}.", hint)
    return suggester


def _local(name: str, root: Path | None) -> str:
    """The path of a folder in the corpus, or the name as it is."""
    if root is not None and (root / name).is_dir():
        return str(root / name)
    return name


KINDS: dict[str, Callable[[str, Path | None], Suggester]] = {
    "spacy": _spacy,
    "transformers": _transformers,
    "python": _python,
}
