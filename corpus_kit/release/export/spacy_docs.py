"""Gold as spaCy documents: one DocBin per split, every layer a span group, nested spans and all.

The text of a `Doc` is the document's, to the character. `doc.spans[layer]` holds the layer's gold; `doc.ents` the spans of
the first tagged layer that do not overlap, which is what spaCy's entity recogniser trains on; `doc.cats` the answers as
`target=label`; `doc.user_data["doc_id"]` where it came from. Tokens in dispute are missing in `doc.ents` (not outside), and
the places in dispute are the span group `<layer>:open`. spaCy is imported when it is asked for, never before.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.release.export.gold_documents import GoldDocument, read_gold
from corpus_kit.release.export.tokens import CUTS_TOKEN, EMPTY, LabelledSpan, Loss, tokenize
from corpus_kit.release.losses import LossRow


def write_spacy(
    release: Path, manifest: dict[str, Any], layers: list[str], entities: str | None, folder: Path
) -> list[LossRow]:
    """`<folder>/<split>.spacy`; returns what is not in them.

    entities: the layer that also becomes `doc.ents`. Raises EnvironmentProblemError when spaCy is not installed.
    """
    try:
        from spacy.tokens import Doc, DocBin
        from spacy.vocab import Vocab
    except ImportError as e:
        raise EnvironmentProblemError(
            "spaCy is not installed.", "Install it with `pip install 'corpus-kit[spacy]'`."
        ) from e
    losses: list[LossRow] = []
    for split in manifest["configs"]["documents"]["splits"]:
        binned = DocBin(store_user_data=True)
        vocab = Vocab()
        for document in read_gold(release, manifest, split):
            places = whole_tokens(document.text)
            words, spaces = spelled(document.text, places)
            doc = Doc(vocab, words=words, spaces=spaces)
            losses += _mark(doc, document, places, layers, entities)
            binned.add(doc)
        if len(binned):
            folder.mkdir(parents=True, exist_ok=True)
            binned.to_disk(folder / f"{split}.spacy")
    return losses


OPEN_SUFFIX = ":open"
"""Ends the name of the span group that holds the places in dispute of a layer."""


def whole_tokens(text: str) -> list[tuple[int, int]]:
    """The tokens of `tokenize` and, between them, white space that is more than one blank: together all of the text.

    A single blank behind a token belongs to the token in spaCy, and so has no token of its own.
    """
    made: list[tuple[int, int]] = []
    for (_, last), (start, end) in pairwise([(0, 0), *tokenize(text), (len(text), len(text))]):
        begin = last + 1 if made and text[last:start].startswith(" ") else last
        if begin < start:
            made.append((begin, start))
        if start < end:
            made.append((start, end))
    return made


def spelled(text: str, places: list[tuple[int, int]]) -> tuple[list[str], list[bool]]:
    """Words, and whether a blank follows each."""
    following = [*(start for start, _ in places[1:]), len(text)][: len(places)]
    return [text[a:b] for a, b in places], [b < after for (_, b), after in zip(places, following, strict=True)]


def _mark(
    doc: Any, document: GoldDocument, places: list[tuple[int, int]], layers: list[str], entities: str | None
) -> list[LossRow]:
    from spacy.tokens import Span
    from spacy.util import filter_spans

    first_at = {start: i for i, (start, _) in enumerate(places)}
    last_at = {end: i for i, (_, end) in enumerate(places)}
    losses: list[LossRow] = []

    def span(layer: str, mark: LabelledSpan) -> Any:
        if mark.start in first_at and mark.end in last_at:
            return Span(doc, first_at[mark.start], last_at[mark.end] + 1, label=mark.label)
        reason = EMPTY if mark.start >= mark.end else CUTS_TOKEN
        losses.append(LossRow.of(layer, document.doc_id, Loss(mark, reason)))
        return None

    for layer in layers:
        if layer in document.spans:
            found = [made for mark in document.spans[layer] if (made := span(layer, mark)) is not None]
            doc.spans[layer] = found
            open_ = _open_spans(doc, places, document.open_places.get(layer, ()))
            if open_:
                doc.spans[f"{layer}{OPEN_SUFFIX}"] = open_
            if layer == entities:
                ents = filter_spans(found)
                settled = {token.i for one in ents for token in one}
                missing = [doc[t.i : t.i + 1] for one in open_ for t in one if t.i not in settled]
                doc.set_ents(ents, missing=filter_spans(missing))
    doc.cats = {f"{target}={label}": 1.0 for answers in document.answers.values() for target, label, _ in answers}
    doc.user_data["doc_id"] = document.doc_id
    doc.user_data["language"] = document.language
    return losses


def _open_spans(doc: Any, places: list[tuple[int, int]], open_places: Sequence[tuple[int, int]]) -> list[Any]:
    """The tokens that each place in dispute touches, as spans without a label."""
    made = []
    for start, end in sorted(open_places):
        inside = [i for i, (a, b) in enumerate(places) if a < end and start < b]
        if inside:
            made.append(doc[inside[0] : inside[-1] + 1])
    return made
