"""spaCy's DocBin: the entities of each Doc, its span groups, and its categories above one half as answers.

A group named as a layer with the same spans as `doc.ents` is one set of regions, as `export --spacy` writes it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.core.exchange import Attribute, Draft, Page, Region, SourceFile

MOST_BYTES = 1 << 30
"""Of one file when it is decompressed."""


def read(files: Sequence[SourceFile]) -> Iterator[Page]:
    """One page for each Doc. Raises UsageError for what is no DocBin, EnvironmentProblemError without spaCy."""
    try:
        from spacy.tokens import DocBin
        from spacy.vocab import Vocab
    except ImportError as e:
        raise EnvironmentProblemError(
            "spaCy is not installed.", "Install it with `pip install 'corpus-kit[spacy]'`."
        ) from e
    for file in files:
        unpacker = zlib.decompressobj()
        try:
            unpacker.decompress(file.content, MOST_BYTES)
            if unpacker.unconsumed_tail:
                raise UsageError(f"{file.path} expands to more than 1 GiB.", "Split it into several files.")
            binned = DocBin(store_user_data=True).from_bytes(file.content)
            documents = list(binned.get_docs(Vocab()))
        except UsageError:
            raise
        except Exception as e:  # spaCy and its serialiser raise whatever comes up
            raise UsageError(f"{file.path} is no DocBin of spaCy.", "Write it with `DocBin.to_disk`.") from e
        for number, doc in enumerate(documents, start=1):
            yield _page(doc, f"{file.stem}-{number}")


def _page(doc: Any, name: str) -> Page:
    draft, seen = Draft(), set()
    groups = [doc.ents, *(doc.spans[key] for key in sorted(doc.spans))]
    for group in groups:
        for span in group:
            key = (span.start_char, span.end_char, span.label_)
            if key not in seen:
                seen.add(key)
                own = span.id_ or f"s{len(draft.regions)}"
                draft.regions.append(Region(own, *key, doc.text[key[0] : key[1]]))
    for label, score in sorted(doc.cats.items()):
        if score > 0.5:
            target, mark, value = label.partition("=")
            draft.answers.append(Attribute(target, value) if mark else Attribute("", label))
    known = doc.user_data.get("doc_id") if isinstance(doc.user_data, dict) else None
    return Page(str(known or name), doc.text, (draft.done(),), known if isinstance(known, str) else "")
