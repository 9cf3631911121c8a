"""The formats that `export` writes, each once: name, help, what it is made of, and the module that writes it.

A new format of a tool is one entry here and one module with `write` in `release/export`. Nothing heavy is imported, so that
`--help` stays instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FormatKind = Literal["release", "gold", "tool"]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One format.

    Attributes:
        name: As `export` and the manifest name it; the folder is `release-<name>`.
        kind: `release` holds all of the release, `gold` what became gold, `tool` what each person said and the gold.
        help: The words of its option, "" where an option of its own asks for it.
        module: In `release/export`, with the function that writes it; "" for the release itself.
        load: How a Python user opens the folder.
        loses: What a format of a tool cannot say, of `core.exchange.FEATURES`; each case is listed in its `losses.csv`.
    """

    name: str
    kind: FormatKind
    help: str
    module: str = ""
    load: str = ""
    loses: frozenset[str] = frozenset()

    @property
    def needs_gold(self) -> bool:
        """Whether there is nothing to write before people have labelled."""
        return self.kind == "gold"


def _tool(name: str, help: str, *loses: str) -> ExportFormat:
    return ExportFormat(name, "tool", help, name.replace("-", "_"), loses=frozenset(loses))


EXPORTS: dict[str, ExportFormat] = {
    one.name: one
    for one in (
        ExportFormat("hf", "release", "Parquet and README.md for `load_dataset`. (default)", load="load_dataset({!r})"),
        ExportFormat("arrow", "release", "Arrow files for `load_from_disk`.", load="load_from_disk({!r})"),
        ExportFormat("jsonl", "release", "JSON lines, one file per split."),
        ExportFormat("conll", "gold", "Gold as tokens and BIO tags, one per line.", "conll"),
        ExportFormat("spacy", "gold", "Gold as spaCy's DocBin, with span groups.", "spacy_docs"),
        ExportFormat("pieces", "gold", "", "pieces"),
        ExportFormat("text-free", "release", "Labels, offsets and hashes without the texts."),
        _tool("brat", "brat standoff, a folder for each person.", "choice"),
        _tool("webanno", "WebAnno TSV 3, also for INCEpTION.", "undirected", "choice", "note"),
        _tool("xmi", "UIMA CAS XMI with its type system."),
        _tool("doccano", "doccano JSONL.", "undirected", "attribute"),
        _tool("prodigy", "Prodigy JSONL.", "undirected", "attribute"),
        _tool("w3c", "W3C Web Annotations (JSON-LD)."),
        _tool("label-studio", "Tasks of Label Studio.", "note"),
    )
}


def names_of(kind: FormatKind) -> tuple[str, ...]:
    """The formats of a kind, in their order."""
    return tuple(one.name for one in EXPORTS.values() if one.kind == kind)
