"""From a model's labels to the layer's: as `corpus.toml` says, else by the same name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from corpus_kit.core.errors import ConfigError, did_you_mean


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
