"""Gold as CoNLL: a token per line with its offsets and tag, for each layer that marks spans.

Four columns with one space between them: token, start, end, tag. A document begins with `-DOCSTART- <doc_id> -X- O`; a
blank line stands wherever the text has a line break outside a span. Since offsets are there, the file can be put back onto
the text without guessing. A token whose tag an open disagreement could change has the tag `-`, which spaCy reads as
missing: it is not `O`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from corpus_kit.release.export.gold_documents import GoldDocument, read_gold
from corpus_kit.release.export.tokens import Tagged, known_tokens, tag
from corpus_kit.release.losses import LossRow

DOCSTART = "-DOCSTART-"
MISSING = "-"
"""The tag of a token that is in dispute."""


def write_conll(release: Path, manifest: dict[str, Any], layers: list[str], folder: Path) -> list[LossRow]:
    """`<folder>/<layer>/<split>.conll`; returns what is not in them."""
    losses: list[LossRow] = []
    for split in manifest["configs"]["documents"]["splits"]:
        for document in read_gold(release, manifest, split):
            for layer in layers:
                if layer in document.spans:
                    tagged = tag(document.text, document.spans[layer])
                    path = folder / layer / f"{split}.conll"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with path.open("a", encoding="utf-8", newline="\n") as out:
                        out.writelines(conll_lines(document, tagged, _known(document, layer, tagged)))
                    losses += [LossRow.of(layer, document.doc_id, loss) for loss in tagged.losses]
    return losses


def _known(document: GoldDocument, layer: str, tagged: Tagged) -> list[bool]:
    return known_tokens(tagged, document.spans[layer], document.open_places.get(layer, ()))


def conll_lines(document: GoldDocument, tagged: Tagged, known: Sequence[bool]) -> Iterator[str]:
    """The lines of one document, each with its line feed. known: one value per token."""
    yield f"{DOCSTART} {document.doc_id} -X- O\n\n"
    last = 0
    for (start, end), tagged_as, certain in zip(tagged.tokens, tagged.tags, known, strict=True):
        word = tagged_as if certain else MISSING
        if last and "\n" in document.text[last:start] and not word.startswith("I-"):
            yield "\n"
        yield f"{document.text[start:end]} {start} {end} {word}\n"
        last = end
    yield "\n"
