"""CoNLL columns: a token per line, a blank line between sentences, BIO tags in the last column (or in MISC).

The scheme (IOB1, BIO, BIOES, BILOU) is told by the tags. Where a line holds offsets, as those of `export --conll`, they
are taken; otherwise the text is made of the tokens: a blank between two, a line break between sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import Draft, ExchangePage, Region, SourceFile
from corpus_kit.ledger.formats.texts import text_of

_TAG = re.compile(r"(?:[BIESLU]-.+|O|_|-)")
_DOC_ID = re.compile(r"[0-9a-f]{16}")
_BEGINS, _ENDS = ("B", "S", "U"), ("E", "S", "L", "U")


@dataclass(slots=True)
class _ConllRow:
    word: str
    tag: str
    place: tuple[int, int] | None
    space: bool = True


@dataclass(slots=True)
class _Document:
    name: str
    doc_id: str = ""
    text: str | None = None
    sentences: list[list[_ConllRow]] = field(default_factory=list)


def read(files: Sequence[SourceFile]) -> Iterator[ExchangePage]:
    """One page for each document of the files. Raises UsageError for a file without tags."""
    for file in files:
        documents = [d for d in _documents(file) if d.sentences]
        if not documents or not any(_TAG.fullmatch(t.tag) for d in documents for s in d.sentences for t in s):
            raise UsageError(
                f"{file.path} holds no column of BIO tags.", "CoNLL files have a token and a tag per line."
            )
        for document in documents:
            yield _page(document, bare=all(t.tag[1:2] != "-" for d in documents for s in d.sentences for t in s))


def _documents(file: SourceFile) -> Iterator[_Document]:
    current = _Document(file.stem)
    number, open_ = 1, False
    conllu = file.path.endswith(".conllu")
    for line in text_of(file).replace("\r\n", "\n").split("\n"):
        if line.startswith(("-DOCSTART-", "# newdoc")):
            if current.sentences:
                yield current
            number += bool(current.sentences)
            known = next((w for w in line.split() if _DOC_ID.fullmatch(w)), "")
            named = line.partition("=")[2].strip() if line.startswith("#") else ""
            current, open_ = _Document(known or named or f"{file.stem}-{number}", known), False
        elif not line.strip():
            open_ = False
        elif conllu and line.startswith("#"):
            continue
        else:
            token = _conllu(line) if conllu else _columns(line)
            if token is None:
                continue
            if not open_:
                current.sentences.append([])
                open_ = True
            current.sentences[-1].append(token)
    yield current


def _columns(line: str) -> _ConllRow:
    parts = line.split("\t") if "\t" in line else line.split(" ")
    parts = [p for p in parts if p != ""] or [line]
    place = None
    if len(parts) == 4 and parts[1].isdecimal() and parts[2].isdecimal():
        place = (int(parts[1]), int(parts[2]))
    return _ConllRow(parts[0], parts[-1] if len(parts) > 1 else "O", place)


def _conllu(line: str) -> _ConllRow | None:
    parts = line.split("\t")
    if len(parts) != 10 or not parts[0].isdecimal():
        return None  # a multiword token or an empty node
    misc = dict(p.partition("=")[::2] for p in parts[9].split("|"))
    tag = next((misc[key] for key in ("NER", "Entity", "BIO") if key in misc), "O")
    return _ConllRow(parts[1], tag, None, misc.get("SpaceAfter") != "No")


def _page(document: _Document, *, bare: bool) -> ExchangePage:
    draft, pieces, at = Draft(), [], 0
    placed = all(t.place for s in document.sentences for t in s)
    for sentence in document.sentences:
        for token in sentence:
            if not placed:
                token.place = (at, at + len(token.word))
            pieces.append(token.word)
            at += len(token.word)
            if token is not sentence[-1] and token.space:
                pieces.append(" ")
                at += 1
        pieces.append("\n")
        at += 1
        draft.regions += _regions(sentence, len(draft.regions), bare)
    text = "" if placed else "".join(pieces)
    return ExchangePage(document.name, text, (draft.done(),), document.doc_id)


def _regions(sentence: Sequence[_ConllRow], number: int, bare: bool) -> Iterator[Region]:
    """bare: the tags are labels without a prefix, so neighbours of one label are one region."""
    start, end, label = 0, 0, ""
    for token in sentence:
        assert token.place is not None
        prefix, _, name = token.tag.partition("-") if not bare else ("I", "", token.tag)
        outside = token.tag in ("O", "_", "-") or not name
        if label and (outside or prefix in _BEGINS or name != label):
            yield Region(f"c{number}", start, end, label)
            number, label = number + 1, ""
        if outside:
            continue
        if not label:
            start, label = token.place[0], name
        end = token.place[1]
        if prefix in _ENDS:
            yield Region(f"c{number}", start, end, label)
            number, label = number + 1, ""
    if label:
        yield Region(f"c{number}", start, end, label)
