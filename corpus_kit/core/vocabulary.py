"""Words that several rooms use, each once: names of splits, policies, orders, layers and files.

The command line, the settings and the documentation take their choices from here. Nothing is imported, so that
`--help` stays instant.
"""

from __future__ import annotations

from typing import Literal, get_args

SPLITS = ("train", "validation", "test")
"""Sides of a split, in the order they are shown."""

BOILERPLATE = "boilerplate"
"""The layer that the packaged model suggests, and that makes the main text."""

AGREEMENT_FILE = "agreement.json"
"""The figures of agreement beside the gold, in `data/gold`."""

PolicyName = Literal["majority", "unanimous", "dawid-skene", "reviewer"]
POLICIES: tuple[PolicyName, ...] = get_args(PolicyName)
"""How answers become gold."""

BoundaryName = Literal["exact", "union", "intersection", "characters"]
BOUNDARIES: tuple[BoundaryName, ...] = get_args(BoundaryName)
"""Which characters of a span become gold."""

OrderName = Literal["as-is", "random", "uncertain", "diverse"]
ORDERS: tuple[OrderName, ...] = get_args(OrderName)
"""In which order `push` sends the documents that are not there yet."""

TRUSTED_MEASURES = ("alpha_nominal", "alpha_ordinal", "alpha_interval", "span_f1_exact", "relation_f1")
"""The measure by which a person is compared with the rest: the first of these that the layer has."""
LEFT_OUT = "their author answered the document before, or is not among `reviewers` in corpus.toml"
"""Why an answer in a review project settles nothing."""
