"""spaCy's DocBin: the entities of each Doc, its span groups, and its categories above one half as answers.

A group named as a layer with the same spans as `doc.ents` is one set of regions, as `export --spacy` writes it.

JSON is read too, without spaCy: training data (`[text, {"entities": [[start, end, label]]}]`, a list of these or one a
line, also wrapped in `annotations`) and `Doc.to_json` (`{"text": ..., "ents": [...]}`).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.core.exchange import Attribute, Draft, ExchangePage, Region, SourceFile
from corpus_kit.ledger.formats.texts import as_line, json_of, text_of, whole

MOST_BYTES = 1 << 30
"""Of one file when it is decompressed."""


def read(files: Sequence[SourceFile]) -> Iterator[ExchangePage]:
    """One page for each Doc.

    Raises:
        UsageError: A file is neither a DocBin nor JSON of spaCy.
        EnvironmentProblemError: A DocBin is to be read and spaCy is not installed.
    """
    binned = [file for file in files if file.path.lower().endswith(".spacy")]
    for file in files:
        if file not in binned:
            yield from _json_pages(file)
    if binned:
        yield from _binned_pages(binned)


def _json_pages(file: SourceFile) -> Iterator[ExchangePage]:
    for number, record in enumerate(_json_records(file), start=1):
        if record is None:  # editors write null for a text that no one has looked at
            continue
        text, said = _text_and_said(record)
        if text is None:
            raise UsageError(
                f"{file.path}, record {number}: neither `[text, {{...}}]` nor an object with `text`.",
                'Write one `["the text", {"entities": [[0, 3, "LABEL"]]}]` a line, or a DocBin.',
            )
        yield ExchangePage(f"{file.stem}-{number}", text, (_from_json(said, text).done(),))


def _json_records(file: SourceFile) -> list[Any]:
    content = text_of(file).strip()
    if file.path.lower().endswith(".jsonl"):
        lines = (line for line in content.split("\n") if line.strip())
        return [json_of(SourceFile(file.path, line.encode())) for line in lines]
    value = json_of(file)
    if isinstance(value, dict) and isinstance(value.get("annotations"), list):
        value = value["annotations"]
    if isinstance(value, list) and not (len(value) == 2 and isinstance(value[0], str)):
        return value
    return [value]


def _text_and_said(record: Any) -> tuple[str | None, dict[str, Any]]:
    if isinstance(record, list) and len(record) == 2 and isinstance(record[0], str) and isinstance(record[1], dict):
        return record[0], record[1]
    if isinstance(record, dict) and isinstance(record.get("text"), str):
        return record["text"], {key: value for key, value in record.items() if key not in ("text", "tokens", "sents")}
    return None, {}


def _from_json(said: dict[str, Any], text: str) -> Draft:
    draft = Draft()
    spans = [*_listed(said.get("entities")), *_listed(said.get("ents"))]
    groups = said.get("spans")
    for group in groups.values() if isinstance(groups, dict) else (groups,):
        spans += _listed(group)
    for index, span in enumerate(spans):
        start, end, label = _edges(span)
        if start is None or end is None or not isinstance(label, str):
            draft.unread.append(as_line(span))
        else:
            draft.regions.append(Region(f"s{index}", start, end, label, text[start:end] if 0 <= start <= end else ""))
    categories = said.get("cats")
    for label, score in sorted(categories.items()) if isinstance(categories, dict) else ():
        if isinstance(score, int | float) and score > 0.5:
            target, mark, value = label.partition("=")
            draft.answers.append(Attribute(target, value) if mark else Attribute("", label))
    draft.unread += [as_line({key: said[key]}) for key in ("links", "relations", "rels") if said.get(key)]
    return draft


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _edges(span: Any) -> tuple[int | None, int | None, Any]:
    if isinstance(span, list) and len(span) >= 3:
        return whole(span[0]), whole(span[1]), span[2]
    if isinstance(span, dict):
        label = span.get("label", span.get("label_"))
        return whole(span.get("start", span.get("start_char"))), whole(span.get("end", span.get("end_char"))), label
    return None, None, None


def _binned_pages(files: Sequence[SourceFile]) -> Iterator[ExchangePage]:
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


def _page(doc: Any, name: str) -> ExchangePage:
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
    return ExchangePage(str(known or name), doc.text, (draft.done(),), known if isinstance(known, str) else "")
