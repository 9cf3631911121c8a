"""Options that several commands share, declared once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def corpus_option(function: F) -> F:
    return click.option(
        "--corpus",
        "corpus_dir",
        metavar="DIR",
        help="The corpus; by default the nearest folder with a corpus.toml.",
    )(function)


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, unrounded.")(function)


def workers_option(function: F) -> F:
    return click.option(
        "--workers",
        type=click.IntRange(min=1),
        metavar="N",
        help="Processes to use; by default one, or one per core where there is much to do. The result is the same.",
    )(function)


def cluster_option(function: F) -> F:
    return click.option(
        "--cluster",
        metavar="ADDRESS",
        help="A Dask scheduler, tcp://host:8786; its workers share the folders of RAW and of what is made. "
        "Needs the extra corpus-kit[cluster]. The result is the same.",
    )(function)


def strict_option(function: F) -> F:
    return click.option("--strict", is_flag=True, help="Exit with 1 when anything was rejected.")(function)


def layer_option(function: F) -> F:
    return click.option("--layer", metavar="L", help="One layer; by default all of the corpus.")(function)
