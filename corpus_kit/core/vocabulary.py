"""Words that several rooms use, each once: names of splits, policies, orders, layers and files.

The command line, the settings and the documentation take their choices from here. Nothing heavy is imported, so that
`--help` stays instant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

SPLITS = ("train", "validation", "test")
"""Sides of a split, in the order they are shown."""

BOILERPLATE = "boilerplate"
"""The layer that the packaged model suggests, and that makes the main text."""

AGREEMENT_FILE = "agreement.json"
"""The figures of agreement beside the gold, in `data/gold`."""

MULTIVERSE_FOLDER, MULTIVERSE_FILE = "multiverse", "multiverse.json"
"""What holds in every world, in `data/multiverse`."""

PolicyName = Literal["majority", "unanimous", "dawid-skene", "reviewer"]
POLICY_HELP: dict[PolicyName, str] = {
    "majority": "more than half of those who answered",
    "unanimous": "all of them",
    "dawid-skene": "the likelier answer, given how each person errs",
    "reviewer": "only what a reviewer settled",
}
POLICIES = tuple(POLICY_HELP)
"""How answers become gold. The rule of each: `agreement/gold/policy.py`."""

BoundaryName = Literal["exact", "union", "intersection", "characters"]
BOUNDARY_HELP: dict[BoundaryName, str] = {
    "exact": "only spans that enough people drew alike",
    "union": "all characters of the spans that meet",
    "intersection": "the characters that they share",
    "characters": "the characters that enough people marked",
}
BOUNDARIES = tuple(BOUNDARY_HELP)
"""Which characters of a span become gold."""

OrderName = Literal["as-is", "random", "uncertain", "diverse"]
ORDER_HELP: dict[OrderName, str] = {
    "as-is": "`label_studio.order` in corpus.toml",
    "random": "shuffled by the seed",
    "uncertain": "the least certain suggestions first",
    "diverse": "each next page is the one least like those before it",
}
ORDERS = tuple(ORDER_HELP)
"""In which order `push` sends the documents that are not there yet."""

LEFT_OUT = "their author answered the document before, or is not among `reviewers` in corpus.toml"
"""Why an answer in a review project settles nothing."""


def one_of(words: Mapping[Any, str]) -> str:
    """`a: what it does; b: what it does`: the words of a table with what each means, for help texts and settings."""
    return "; ".join(f"{word}: {meaning}" for word, meaning in words.items())
