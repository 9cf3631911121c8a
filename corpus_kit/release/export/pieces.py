"""Gold aligned to the pieces of a tokenizer: what a transformer trains on, without losing track of the characters.

A row per document: `input_ids`, where each piece begins and ends in the text, and `labels`, numbers of the BIO tags, with
-100 (what `torch` leaves out of the loss) where a piece stands for no character or an open disagreement could change its
tag. A label says B on the first piece of a span and I on the others. Documents are whole; cutting them to a model's length
is for the training code.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.core.storage.folders import write_json
from corpus_kit.core.storage.tables import TableWriter
from corpus_kit.release.export.gold_documents import read_gold
from corpus_kit.release.export.tokens import LabelledSpan, Tagged, known_tokens, tag
from corpus_kit.release.losses import LossRow

IGNORED = -100
PIECES = pa.schema(
    [
        ("doc_id", pa.string()),
        ("language", pa.string()),
        ("input_ids", pa.list_(pa.int64())),
        ("starts", pa.list_(pa.int64())),
        ("ends", pa.list_(pa.int64())),
        ("labels", pa.list_(pa.int64())),
    ]
)


def write_pieces(
    release: Path, manifest: dict[str, Any], names: dict[str, list[str]], tokenizer: str, folder: Path
) -> list[LossRow]:
    """`<folder>/<layer>/<split>.parquet` and `labels.json` (number → tag); returns what is not in them.

    names: layer → its BIO tags in order. tokenizer: a folder or file with a `tokenizer.json`, or a name on the Hub.
    """
    cut = load_tokenizer(tokenizer)
    losses: list[LossRow] = []
    for layer, tags in names.items():
        number = {name: i for i, name in enumerate(tags)}
        for split in manifest["configs"]["documents"]["splits"]:
            rows = []
            for document in read_gold(release, manifest, split):
                if layer not in document.spans:
                    continue
                encoded = cut.encode(document.text)
                own, open_ = document.spans[layer], document.open_places.get(layer, ())
                labels, tagged = aligned(document.text, encoded.offsets, own, open_)
                losses += [LossRow.of(layer, document.doc_id, loss) for loss in tagged.losses]
                row = {"doc_id": document.doc_id, "language": document.language, "input_ids": encoded.ids}
                row |= {"starts": [a for a, _ in encoded.offsets], "ends": [b for _, b in encoded.offsets]}
                rows.append(row | {"labels": [IGNORED if t is None else number[t] for t in labels]})
            if rows:
                (folder / layer).mkdir(parents=True, exist_ok=True)
                with TableWriter(folder / layer / f"{split}.parquet", PIECES) as writer:
                    writer.write(pa.Table.from_pylist(rows, PIECES))
        write_json(folder / f"{layer}.labels.json", {str(i): name for name, i in number.items()})
    return losses


def load_tokenizer(name: str) -> Any:
    """A fast tokenizer. Raises EnvironmentProblemError without the library, UsageError when there is no such tokenizer."""
    try:
        from tokenizers import Tokenizer
    except ImportError as e:
        raise EnvironmentProblemError(
            "The library `tokenizers` is not installed.", "Install it with `pip install 'corpus-kit[tokenizers]'`."
        ) from e
    path = Path(name)
    file = path / "tokenizer.json" if path.is_dir() else path
    if path.exists() and not file.is_file():
        raise UsageError(
            f"There is no tokenizer.json in {name}.", "Save a fast tokenizer there, or give another folder."
        )
    made = Tokenizer.from_file(str(file)) if file.is_file() else Tokenizer.from_pretrained(name)
    made.no_truncation()
    made.no_padding()
    return made


def aligned(
    text: str,
    offsets: Sequence[tuple[int, int]],
    marks: Sequence[LabelledSpan],
    open_places: Sequence[tuple[int, int]] = (),
) -> tuple[list[str | None], Tagged]:
    """A tag for every piece, None for those without characters or in dispute; and the tags' source with its losses.

    Pieces may begin with white space that is not theirs, and several may be bytes of one character: such pieces are
    tagged as one.
    """
    places: list[tuple[int, int]] = []
    place_of: list[int | None] = []
    for start, end in offsets:
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        if start == end:
            place_of.append(None)
            continue
        if places and start < places[-1][1]:
            places[-1] = (min(start, places[-1][0]), max(end, places[-1][1]))
        else:
            places.append((start, end))
        place_of.append(len(places) - 1)
    tagged = tag(text, marks, places)
    known = known_tokens(tagged, marks, open_places)
    labels: list[str | None] = []
    before: int | None = None
    for place in place_of:
        word = None if place is None or not known[place] else tagged.tags[place]
        labels.append(f"I-{word[2:]}" if word and place == before and word != "O" else word)
        before = before if place is None else place
    return labels, tagged
