"""Readers of other tools' formats, one module each: the bytes of files → `core.exchange.Page`s.

A reader is a function of files; it never touches the disk. What it cannot read of a page it hands on as it is (`unread`),
what is no file of its format it refuses with a UsageError. `docs/contributing/adding.md` has the recipe of a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.exchange import FORMATS, ExchangePage, SourceFile

Reader = Callable[[Sequence[SourceFile]], Iterator[ExchangePage]]


_ODD = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class ExchangeFormat:
    """suffixes: of the files that are read; others beside them are left alone. what: of the format, for messages."""

    name: str
    what: str
    suffixes: tuple[str, ...]

    def pages(self, files: Iterable[SourceFile]) -> Iterator[ExchangePage]:
        """The pages of the files, in order of their paths.

        Raises:
            UsageError: A file is not of this format.
        """
        reader: Reader = import_module(f"corpus_kit.ledger.formats.{self.name}").read
        try:
            yield from reader(sorted(files, key=lambda file: file.path))
        except _ODD as e:  # somebody's file: whatever is odd in it is no fault of ours
            fault = f"{type(e).__name__}: {str(e)[:100]}"
            raise UsageError(f"The files cannot be read as {self.what} ({fault}).", "Export them again.") from e


_ALL = (
    ExchangeFormat("brat", "brat standoff (.txt with .ann)", (".ann", ".txt")),
    ExchangeFormat("webanno", "WebAnno TSV 3", (".tsv",)),
    ExchangeFormat("xmi", "UIMA CAS XMI with its type system", (".xmi", ".xml")),
    ExchangeFormat(
        "conll", "CoNLL columns", (".conll", ".conll2003", ".iob", ".iob2", ".bio", ".conllu", ".txt", ".tsv")
    ),
    ExchangeFormat("doccano", "doccano JSONL", (".jsonl", ".json")),
    ExchangeFormat("prodigy", "Prodigy JSONL", (".jsonl",)),
    ExchangeFormat("spacy", "spaCy DocBin or JSON", (".spacy", ".json", ".jsonl")),
    ExchangeFormat("w3c", "W3C Web Annotations (JSON-LD)", (".jsonld", ".json")),
    ExchangeFormat("inception", "INCEpTION project export", (".zip", ".xmi", ".tsv", ".xml")),
)
BY_NAME = {form.name: form for form in _ALL}
assert tuple(BY_NAME) == FORMATS


def format_named(name: str) -> ExchangeFormat:
    """The format of that name. Raises UsageError naming those there are."""
    if name not in BY_NAME:
        raise UsageError(
            f"'{name}' is no format that can be imported.{did_you_mean(name, list(BY_NAME))}",
            f"Formats: {', '.join(BY_NAME)}; without --from, exports of Label Studio.",
        )
    return BY_NAME[name]
