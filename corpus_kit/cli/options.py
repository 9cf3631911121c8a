"""Options that several commands share, declared once."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])


class Place(click.ParamType[str]):
    """A path as it was typed, which the shell completes. Whether it is there is for the command to say, and how."""

    def __init__(self, kind: str) -> None:
        self.name = self.kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type=self.kind)]


class SuggestedWords(click.ParamType[str]):
    """A word that the shell completes. What else is typed comes through: the command knows better what is meant."""

    name = "name"

    def __init__(self, *words: str) -> None:
        self.words = words

    def known(self, ctx: click.Context) -> Iterable[str]:
        return self.words

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in self.known(ctx) if word.startswith(incomplete)]


class LayerName(SuggestedWords):
    """A layer of the corpus that the command line means: completed from its corpus.toml, without loading anything."""

    def known(self, ctx: click.Context) -> Iterable[str]:
        start = Path(ctx.params.get("corpus_dir") or ".").resolve()
        for folder in (start, *start.parents):
            if (folder / "corpus.toml").is_file():
                try:
                    found = tomllib.loads((folder / "corpus.toml").read_text(encoding="utf-8")).get("layers", ())
                except (OSError, ValueError):
                    return ()
                return [name for name in found if isinstance(name, str) and name.isprintable()]
        return ()


PATH, FOLDER, LAYER = Place("file"), Place("dir"), LayerName()


def corpus_option(function: F) -> F:
    return click.option(
        "--corpus",
        "corpus_dir",
        type=FOLDER,
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


def trust_option(function: F) -> F:
    return click.option(
        "--trust", is_flag=True, help="For scripts: run the code of the corpus's models without asking; see `trust`."
    )(function)


def layer_option(function: F) -> F:
    return click.option("--layer", type=LAYER, metavar="L", help="One layer; by default all of the corpus.")(function)
