"""What a reader gets and what it gives, the same for every format.

A reader is a generator: `RawRecord` for what is taken, `RejectedRecord` for what is not. A bad record costs itself only:
a reader goes on where the next record begins, and says in `RejectedRecord` how many rows and bytes were passed over.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from corpus_kit.ingest.decode import Decoded, from_string
from corpus_kit.ingest.fields import (
    FieldPath,
    NameOf,
    choose,
    is_null_word,
    is_studio_task,
    lookup,
    nested_names,
    take_text,
)
from corpus_kit.ingest.json_values import RejectedValue, canonical_json, refuse_surrogates
from corpus_kit.ingest.known import propose_all

if TYPE_CHECKING:
    from corpus_kit.ingest.html import HtmlFacts


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may come to: see the keys of `[input]` with these names.

    Attributes:
        max_record_bytes: The largest record read.
        max_file_bytes: The largest file read, after decompression.
        max_file_records: The most records of one file.
        max_columns: The most columns of a table.
        max_metadata_bytes: The largest footer of a Parquet file, and directory of an archive.
        max_archive_members: The most files in one archive.
        max_expansion: How many times its size a file may expand to.
    """

    max_record_bytes: int
    max_file_bytes: int
    max_file_records: int = 10_000_000
    max_columns: int = 10_000
    max_metadata_bytes: int = 32 << 20
    max_archive_members: int = 1_000_000
    max_expansion: int = 200

    @property
    def whole_file(self) -> int:
        """The largest file that is read into memory as a whole."""
        return min(self.max_file_bytes, 16 * self.max_record_bytes)

    def is_bomb(self, given: int, taken: int) -> bool:
        """Whether `taken` bytes have expanded beyond reason to `given`. A small file may well be all repetition."""
        return given > _SUSPECT_BYTES and given > self.max_expansion * max(taken, 1)

    def refuse_size(self, given: int, taken: int) -> None:
        """Raises Refusal(decompression_bomb, file_too_large) where `taken` bytes of a file come to more than they may."""
        if self.is_bomb(given, taken):
            raise RejectedValue("decompression_bomb", f"{taken} bytes expand to more than {given}")
        if given > self.max_file_bytes:
            raise RejectedValue("file_too_large", f"more than {self.max_file_bytes} bytes")


# Text compresses 3 to 10 times, logs some 50 times; a bomb 1,000 times and more.
_SUSPECT_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """How a file is read: the settings of `[input]` and of the entry of `[[input.files]]` that matches it.

    What is "" or None is left to the file's bytes.

    Attributes:
        columns: Known column (`text`, `id`, `title` …) to the field that fills it.
        limits: The largest record and the largest file.
        format: Name of the format.
        encoding: Codec of the text.
        delimiter, quote, escape: The dialect of a file of delimited values; "" for no quote and no escape.
        header: Whether the first row holds the names of the columns.
        records: Path to the list of records, "lines", or a regular expression that begins a record.
        header_block: `front-matter`, `lines` or `nexis`: facts that stand before the text.
        date_format: Forms of the dates, as `strptime` reads them.
        join: What stands between the paragraphs of a text that is a list of strings.
    """

    columns: dict[str, str]
    limits: Limits
    format: str = ""
    encoding: str = ""
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header: bool | None = None
    records: str = ""
    header_block: str = ""
    date_format: tuple[str, ...] = ()
    join: str | None = None

    @property
    def text(self) -> str:
        """The field that holds the text."""
        return self.columns["text"]


@dataclass(slots=True)
class RawRecord:
    """One record that can become a document.

    Attributes:
        number: 1-based place in a file of many (its line in JSONL), None for the only record of a file.
        decoded: The text with encoding and kind of newline.
        fields: All input fields but the text.
        raw_sha256, raw_bytes: Of the record's bytes; for CSV, JSON and Parquet of its fields as canonical JSON.
        member: Path inside an archive, "" elsewhere.
        page: What an HTML page says of itself, None elsewhere.
    """

    number: int | None
    decoded: Decoded
    fields: dict[str, Any]
    raw_sha256: str
    raw_bytes: int
    member: str = ""
    page: HtmlFacts | None = None


@dataclass(slots=True)
class RejectedRecord:
    """A record, or (number None) the file or the rest of it, that is not taken.

    Attributes:
        number: As in `RawRecord`.
        refusal: Why.
        rows: How many records that are, None where it cannot be known.
        bytes: How many bytes of the file were passed over.
        member: Path inside an archive, "" elsewhere.
    """

    number: int | None
    refusal: RejectedValue
    rows: int | None = 1
    bytes: int = 0
    member: str = ""


class FileFacts(NamedTuple):
    """What was found out about a file: the same for many files, so that they can be counted.

    Attributes:
        named: The format that its name says, "" where the name says nothing.
        format, compression, encoding: What its bytes say.
        delimiter, quote, escape: The dialect, None where the format has none.
        header: Whether the first row names the columns, None where the format has no such row.
        records: Where the records are, "" where that needs no words.
    """

    named: str = ""
    format: str = ""
    compression: str = ""
    encoding: str = ""
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header: bool | None = None
    records: str = ""


_NOTHING = FileFacts()


@dataclass(slots=True)
class ReadingNotes:
    """What reading a file brings to light beside its records.

    Attributes:
        settled: Format, encoding and dialect.
        fields: Names of the fields of the first records.
        odd: Sentences about what looks strange, for people.
        values: (column, what was done) → how many values became null or were changed.
        unused: (column, field) → in how many records a field that nothing uses holds what that column would.
        examples: (column, what was done) → the first such value.
    """

    settled: FileFacts = _NOTHING
    fields: dict[str, None] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)
    values: Counter[tuple[str, str]] = field(default_factory=Counter)
    unused: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)

    def settle(self, **facts: Any) -> None:
        """Add facts to what is settled."""
        self.settled = self.settled._replace(**facts)

    def value(self, column: str, what: str, example: object, count: int = 1) -> None:
        """Count a value that was not taken as it is."""
        self.values[column, what] += count
        if (column, what) not in self.examples:
            shown = str(example).encode("utf-8", "replace").decode()
            self.examples[column, what] = shown if len(shown) <= 40 else shown[:40] + "…"


Reader = Callable[..., Iterator[RawRecord | RejectedRecord]]


def guarded(make: Callable[..., RawRecord], source: Any, number: int, *rest: Any) -> RawRecord | RejectedRecord:
    """One record, or its refusal: the others of the file go on."""
    try:
        return make(source, number, *rest)
    except RejectedValue as e:
        return RejectedRecord(number, e)


def field_record(
    fields: Any, number: int, reading: ReadSettings, notes: ReadingNotes, encoding: str = "utf-8"
) -> RawRecord:
    """A record that has no bytes of its own: a row, an object of an array.

    Raises Refusal: record_too_large, missing_text, text_not_string, empty_text, nul_character, lone_surrogate.
    """
    text = canonical_json(fields)
    try:
        canonical, whole = text.encode(), True
    except UnicodeEncodeError:
        canonical, whole = text.encode("utf-8", "surrogatepass"), False
    digest = hashlib.sha256(canonical).hexdigest()
    try:
        if len(canonical) > reading.limits.max_record_bytes:
            raise RejectedValue("record_too_large", f"{len(canonical)} bytes")
        decoded, rest = split_text(fields, reading, notes, encoding)
        if not whole:
            refuse_surrogates(rest)
    except RejectedValue as e:
        e.raw_sha256 = digest
        raise
    return RawRecord(number, decoded, rest, digest, len(canonical))


def split_text(
    fields: Any, reading: ReadSettings, notes: ReadingNotes, encoding: str
) -> tuple[Decoded, dict[str, Any]]:
    """A record's text and its other fields. The record itself is not to be used after that.

    Args:
        fields: The record.
        reading: Where its text is.
        notes: Filled with what comes to light.
        encoding: Codec that it was written in.

    Raises Refusal: malformed_json, missing_text, text_not_string, empty_text, nul_character, lone_surrogate.
    """
    if not isinstance(fields, dict):
        raise RejectedValue("malformed_json", f"a record is an object with fields, this is {kind_of(fields)}")
    wanted = reading.columns["text"]
    name = wanted if wanted in fields else choose(fields, wanted)
    if not notes.fields:
        notes.fields.update(dict.fromkeys(list(fields)[:100]))
    if name in fields:
        text, rest = fields.pop(name), fields
    else:
        text, rest = take_text(fields, FieldPath.of(name), reading.join)
    if isinstance(text, NameOf):  # there is no such field
        if is_studio_task(fields):
            raise RejectedValue("label_studio_export", "the record has a task's data and annotations")
        if (meant := text_meant(fields)) is not None:
            notes.unused["text", meant] += 1
        names = ", ".join(list(fields)[:8]).encode("utf-8", "backslashreplace").decode()[:160]
        raise RejectedValue("missing_text", f"no field '{name}'; the record has: {names or 'no fields'}")
    if isinstance(text, list) and reading.join is not None and all(isinstance(part, str) for part in text):
        text = reading.join.join(text)
    if not isinstance(text, str):
        how = "; join = '\\n\\n' joins them" if isinstance(text, list) else ""
        raise RejectedValue("text_not_string", f"field '{name}' holds {kind_of(text)}{how}")
    if len(text) < 8 and is_null_word(text):
        notes.value("text", "null", text)
        raise RejectedValue("empty_text", f"the text says '{text}', which is null")
    return from_string(text, encoding, same_bytes=False), rest


def text_meant(fields: dict[str, Any]) -> str | None:
    """The field that is most likely meant to be the text of a record that has none, None for none."""
    for name in propose_all("text", tuple(nested_names(fields))):
        value = lookup(fields, name)
        if isinstance(value, str) or (isinstance(value, list) and value and isinstance(value[0], str)):
            return name
    return None


class NotText(int):
    """Bytes that are no UTF-8, by their number: JSON can hold it, and it is no string."""


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    if isinstance(value, NotText):
        return "bytes that are no UTF-8"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return "a list of strings"
    return {dict: "an object", list: "a list", str: "a string", int: "a number", float: "a number"}.get(
        type(value), "null" if value is None else f"a {type(value).__name__}"
    )
