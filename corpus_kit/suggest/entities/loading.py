"""A suggester by the way it is written: `spacy:NAME`, `transformers:NAME_OR_PATH`, `python:MODULE:CLASS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from corpus_kit.core.errors import ConfigError, EnvironmentProblemError, UsageError, did_you_mean
from corpus_kit.core.trust import Code, require_trust
from corpus_kit.suggest.entities.code import code_of, errors_of, import_module_of
from corpus_kit.suggest.entities.interface import Loaded, Suggester


def label_mapping(
    spec: str, labels: Sequence[str], wanted: Mapping[str, str], layer: str, known: Sequence[str] | None
) -> dict[str, str]:
    """Model label → label of the layer, "" for one that is left out on purpose. What is no key has no counterpart.

    labels: the model's, empty where it does not tell. wanted: from `corpus.toml`. known: the layer's labels, None where
    its control takes any. Raises ConfigError for a label that the model or the layer does not have.
    """
    for theirs, ours in wanted.items():
        if labels and theirs not in labels:
            near = did_you_mean(theirs, list(labels))
            raise ConfigError(
                f"corpus.toml maps the label '{theirs}', which {spec} does not have.{near}",
                f"It has: {', '.join(sorted(labels))}.",
            )
        if ours and known is not None and ours not in known:
            near = did_you_mean(ours, list(known))
            raise ConfigError(
                f"corpus.toml maps '{theirs}' of {spec} to '{ours}', which is no label of the layer '{layer}'.{near}",
                f'It has: {", ".join(known)}. Write "" to leave a label out.',
            )
    same = {label: label for label in labels if known is None or label in known}
    return same | dict(wanted)


def load_suggester(spec: str, root: Path | None, *, trusted: bool = False) -> Loaded:
    """Load a model, if its code was trusted as it is now.

    Args:
        spec: How it is written in `corpus.toml`.
        root: The corpus: relative paths and modules of one's own are looked for there first.
        trusted: The code runs whether or not `corpus-kit trust` allowed it.

    Raises:
        UsageError: A spelling or a model that does not exist, or code that was not trusted.
        EnvironmentProblemError: A missing package.
        ModelError: The model's own code failed.
    """
    kind, _, name = spec.partition(":")
    if kind not in KINDS or not name:
        near = did_you_mean(kind, list(KINDS))
        raise UsageError(
            f"'{spec}' names no model.{near}", "Write spacy:NAME, transformers:NAME_OR_PATH or python:MODULE:CLASS."
        )
    code = code_of(spec, root)
    if code is not None and not trusted:
        require_trust([code])
    with errors_of(spec, code):
        made = KINDS[kind](name, root, code)
        return Loaded(spec, made, str(getattr(made, "device", "cpu")), code)


def _spacy(name: str, _root: Path | None, code: Code | None) -> Suggester:
    from corpus_kit.suggest.entities.spacy_adapter import SpacySuggester

    return SpacySuggester(str(code.place) if code else name)


def _transformers(name: str, _root: Path | None, code: Code | None) -> Suggester:
    from corpus_kit.suggest.entities.transformers_adapter import TransformersSuggester

    return TransformersSuggester(str(code.place) if code else name)


def _python(name: str, root: Path | None, code: Code | None) -> Suggester:
    """A class, or a function that makes a suggester, in a module that Python finds or that lies in the corpus."""
    module_name, _, attribute = name.partition(":")
    if not attribute:
        raise UsageError(f"'python:{name}' names no class.", "Write python:MODULE:CLASS.")
    hint = f"Put {module_name}.py beside corpus.toml, or install the package it is in."
    if code is None:
        raise UsageError(f"There is no Python module '{module_name}'.", hint)
    try:
        module = import_module_of(code, module_name, root)
    except ModuleNotFoundError as e:
        raise EnvironmentProblemError(f"{module_name} needs '{e.name}', which is not installed.", hint) from e
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


KINDS: dict[str, Callable[[str, Path | None, Code | None], Suggester]] = {
    "spacy": _spacy,
    "transformers": _transformers,
    "python": _python,
}
