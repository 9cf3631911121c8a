"""From one file to its records. A record that cannot be taken is yielded as a Refusal; the others go on.

A file of one record (.txt, .md) yields its bytes decoded; a file of many (.jsonl, .json, .csv, .parquet) yields fields.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from corpus_kit.ingest.decode import Decoded, decode, from_string
from corpus_kit.ingest.discover import RawFile
from corpus_kit.ingest.expand import ExpandedStream, expand, read_all
from corpus_kit.ingest.json_values import Refusal, canonical_json, parse_json, plain, refuse_surrogates


@dataclass(frozen=True, slots=True)
class Limits:
    """max_record_bytes: the largest record read. max_file_bytes: the largest file read, after decompression."""

    max_record_bytes: int
    max_file_bytes: int

    @property
    def whole_file(self) -> int:
        """The largest file that is read into memory as a whole."""
        return min(self.max_file_bytes, 16 * self.max_record_bytes)


@dataclass(slots=True)
class Record:
    """number: 1-based place in a file of many (its line in JSONL), None for a file of one record.

    decoded: the text with encoding and newline kind. fields: all input fields but the text.
    raw_sha256, raw_bytes: of the record's bytes; for CSV, JSON and Parquet of its fields as canonical JSON.
    """

    number: int | None
    decoded: Decoded
    fields: dict[str, Any]
    raw_sha256: str
    raw_bytes: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A record, or (number None) the rest of the file, that is not taken."""

    number: int | None
    refusal: Refusal


def read_file(
    file: RawFile, text_field: str, limits: Limits, content: bytes | None = None, digest: str | None = None
) -> Iterable[Record | Refused]:
    """All records of one file in their order.

    content, digest: the file's bytes as they lie on the disk and their sha256, where the caller has read them already.
    """
    if file.format != "text":
        return _read_many(file, text_field, limits)
    try:
        return (_read_text(file, limits, content, digest),)
    except Refusal as e:
        return (Refused(None, e),)
    except OSError as e:
        return (Refused(None, Refusal("unreadable", e.strerror or "cannot be read")),)


def _read_many(file: RawFile, text_field: str, limits: Limits) -> Iterator[Record | Refused]:
    try:
        yield from _READERS[file.format](file, text_field, limits)
    except Refusal as e:
        yield Refused(None, e)
    except OSError as e:
        yield Refused(None, Refusal("unreadable", e.strerror or "cannot be read"))


def _read_text(file: RawFile, limits: Limits, content: bytes | None, digest: str | None) -> Record:
    bound, reason = limits.max_record_bytes, "record_too_large"
    if limits.max_file_bytes < bound:
        bound, reason = limits.max_file_bytes, "file_too_large"
    if content is None or file.compression or len(content) > bound:
        with open(file.location, "rb", buffering=0) if content is None else io.BytesIO(content) as handle:
            content = read_all(handle, file.compression, bound, reason)
        digest = None
    digest = digest or hashlib.sha256(content).hexdigest()
    try:
        return Record(None, decode(content), {}, digest, len(content))
    except Refusal as e:
        e.raw_sha256 = digest
        raise


def _read_jsonl(file: RawFile, text_field: str, limits: Limits) -> Iterator[Record | Refused]:
    with open(file.location, "rb", buffering=0) as handle:
        chunks = _as_utf8(expand(handle, file.compression))
        for number, line in enumerate(_lines(chunks, limits), start=1):
            if isinstance(line, Refusal):
                yield Refused(number, line)
            elif line.strip():
                yield _guarded(_json_record, line, number, text_field)


def _json_record(line: bytes, number: int, text_field: str) -> Record:
    digest = hashlib.sha256(line).hexdigest()
    try:
        try:
            source = line.decode("utf-8")
        except UnicodeDecodeError as e:
            raise Refusal("undecodable", f"JSON is UTF-8; byte {e.start} of the line is not") from e
        decoded, fields = _split_text(parse_json(source), text_field)
        if "\\u" in source:
            refuse_surrogates(fields)
    except Refusal as e:
        e.raw_sha256 = digest
        raise
    encoding = Decoded(decoded.text, "utf-8", decoded.newline, same_bytes=False)
    return Record(number, encoding, fields, digest, len(line))


def _read_json(file: RawFile, text_field: str, limits: Limits) -> Iterator[Record | Refused]:
    """A JSON array of records, or one record."""
    with open(file.location, "rb", buffering=0) as handle:
        raw = _whole_json(expand(handle, file.compression), limits)
    source = b"".join(_as_utf8(iter([raw])))
    try:
        data = parse_json(source.decode("utf-8"))
    except UnicodeDecodeError as e:
        raise Refusal("undecodable", f"JSON is UTF-8; byte {e.start} is not") from e
    records = data if isinstance(data, list) else [data]
    for number, fields in enumerate(records, start=1):
        yield _guarded(_field_record, fields, number, text_field, limits)


def _whole_json(chunks: Iterator[bytes], limits: Limits) -> bytes:
    """JSON is parsed as a whole, hence a bound that is tighter than for the streamed formats: tightest for one object."""
    pieces: list[bytes] = []
    total, bound, reason = 0, limits.whole_file, "file_too_large"
    for chunk in chunks:
        if not pieces and chunk.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
            bound, reason = min(bound, limits.max_record_bytes), "record_too_large"
        pieces.append(chunk)
        total += len(chunk)
        if total > bound:
            raise Refusal(reason, f"more than {bound} bytes in one JSON value")
    return b"".join(pieces)


def _read_csv(file: RawFile, text_field: str, limits: Limits) -> Iterator[Record | Refused]:
    with open(file.location, "rb", buffering=0) as handle:
        stream = io.BufferedReader(ExpandedStream(handle, file.compression, limits.max_file_bytes), 1 << 16)
        encoding = _csv_encoding(stream.peek(1 << 16))
        csv.field_size_limit(limits.max_record_bytes)
        lines = _text_lines(io.TextIOWrapper(stream, encoding, errors="strict", newline=""), limits)
        rows = csv.reader(lines, strict=True)
        try:
            header = next((row for row in rows if row), None)
            if header is None:
                raise Refusal("empty_text", "no bytes")
            header[0] = header[0].removeprefix("\ufeff")
            if len(set(header)) != len(header):
                raise Refusal("malformed_csv", "two columns have the same name")
            for number, row in enumerate(rows, start=1):
                if not row:
                    continue
                if len(row) != len(header):
                    wrong = f"{len(row)} fields where the header has {len(header)}"
                    yield Refused(number, Refusal("malformed_csv", wrong))
                    continue
                fields = {k: v for k, v in zip(header, row, strict=True) if v != "" or k == text_field}
                record = _guarded(_field_record, fields, number, text_field, limits)
                if isinstance(record, Record):
                    d = record.decoded
                    record.decoded = Decoded(d.text, encoding, d.newline, same_bytes=False)
                yield record
        except UnicodeDecodeError as e:
            raise Refusal("undecodable", f"from line {rows.line_num} on it is not {encoding}") from e
        except csv.Error as e:
            reason = "record_too_large" if "field limit" in str(e) else "malformed_csv"
            raise Refusal(reason, f"line {rows.line_num}: {e}") from e


def _text_lines(stream: io.TextIOWrapper, limits: Limits) -> Iterator[str]:
    """Lines of a CSV file; one that is too long is refused before it is in memory, and with it what follows."""
    while line := stream.readline(limits.max_record_bytes + 1):
        if len(line) > limits.max_record_bytes:
            raise Refusal("record_too_large", f"a line of more than {limits.max_record_bytes} characters")
        yield line


def _read_parquet(file: RawFile, text_field: str, limits: Limits) -> Iterator[Record | Refused]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source: Any = file.location
        if file.compression:
            with open(file.location, "rb", buffering=0) as handle:
                source = pa.BufferReader(read_all(handle, file.compression, limits.whole_file, "file_too_large"))
        elif file.size > limits.max_file_bytes:
            raise Refusal("file_too_large", f"more than {limits.max_file_bytes} bytes")
        with pq.ParquetFile(source) as table:
            number = 0
            for batch in table.iter_batches(batch_size=256):
                for fields in batch.to_pylist():
                    number += 1
                    yield _guarded(_field_record, plain(fields), number, text_field, limits)
    except (pa.ArrowException, UnicodeDecodeError) as e:
        raise Refusal("malformed_parquet", str(e).splitlines()[0][:200]) from e


_READERS: dict[str, Callable[[RawFile, str, Limits], Iterator[Record | Refused]]] = {
    "jsonl": _read_jsonl,
    "json": _read_json,
    "csv": _read_csv,
    "parquet": _read_parquet,
}


def _guarded(make: Callable[..., Record], source: Any, number: int, *rest: Any) -> Record | Refused:
    """One record, or its refusal: the others of the file go on."""
    try:
        return make(source, number, *rest)
    except Refusal as e:
        return Refused(number, e)


def _field_record(fields: Any, number: int, text_field: str, limits: Limits) -> Record:
    text = canonical_json(fields)
    try:
        canonical, whole = text.encode(), True
    except UnicodeEncodeError:
        canonical, whole = text.encode("utf-8", "surrogatepass"), False
    digest = hashlib.sha256(canonical).hexdigest()
    try:
        if len(canonical) > limits.max_record_bytes:
            raise Refusal("record_too_large", f"{len(canonical)} bytes")
        decoded, rest = _split_text(fields, text_field)
        if not whole:
            refuse_surrogates(rest)
    except Refusal as e:
        e.raw_sha256 = digest
        raise
    return Record(number, Decoded(decoded.text, "utf-8", decoded.newline, False), rest, digest, len(canonical))


def _split_text(fields: Any, text_field: str) -> tuple[Decoded, dict[str, Any]]:
    if not isinstance(fields, dict):
        raise Refusal("malformed_json", f"a record is an object with fields, this is {_kind(fields)}")
    text = fields.get(text_field)
    if text_field not in fields:
        names = ", ".join(list(fields)[:8]).encode("utf-8", "backslashreplace").decode()[:160]
        raise Refusal("missing_text", f"no field '{text_field}'; the record has: {names or 'no fields'}")
    if not isinstance(text, str):
        raise Refusal("text_not_string", f"field '{text_field}' holds {_kind(text)}")
    return from_string(text), {k: v for k, v in fields.items() if k != text_field}


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    return {dict: "an object", list: "a list", str: "a string", int: "a number", float: "a number"}.get(
        type(value), "null" if value is None else f"a {type(value).__name__}"
    )


def _lines(chunks: Iterator[bytes], limits: Limits) -> Iterator[bytes | Refusal]:
    """Lines without their newline. One that is too long is skipped, hashed on the way, and yielded as a Refusal."""
    rest: list[bytes] = []
    size = total = 0
    skipping: Any = None
    for chunk in chunks:
        total += len(chunk)
        if total > limits.max_file_bytes:
            raise Refusal("file_too_large", f"more than {limits.max_file_bytes} bytes after decompression")
        *whole, tail = chunk.split(b"\n")
        for piece in whole:
            if skipping is not None:
                skipping.update(piece)
                yield _too_long(limits, skipping)
                skipping = None
            elif size + len(piece) > limits.max_record_bytes:
                yield _too_long(limits, hashlib.sha256(b"".join(rest) + piece))
            else:
                yield (b"".join(rest) + piece if rest else piece).removesuffix(b"\r")
            rest, size = [], 0
        if skipping is not None:
            skipping.update(tail)
        elif tail:
            rest.append(tail)
            size += len(tail)
            if size > limits.max_record_bytes:
                skipping = hashlib.sha256(b"".join(rest))
                rest, size = [], 0
    if skipping is not None:
        yield _too_long(limits, skipping)
    elif rest:
        yield b"".join(rest).removesuffix(b"\r")


def _too_long(limits: Limits, digest: Any) -> Refusal:
    return Refusal("record_too_large", f"more than {limits.max_record_bytes} bytes", raw_sha256=digest.hexdigest())


def _as_utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The stream as UTF-8 without BOM; UTF-16 and UTF-32 are recognised by their BOM."""
    first = next(chunks, b"")
    while 0 < len(first) < 4 and (more := next(chunks, b"")):
        first += more
    for bom, codec in (
        (codecs.BOM_UTF8, None),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if first.startswith(bom):
            first = first[len(bom) :]
            if codec:
                yield from _recoded(first, chunks, codec)
                return
            break
    yield first
    yield from chunks


def _recoded(first: bytes, chunks: Iterator[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)("strict")
    try:
        yield decoder.decode(first).encode()
        for chunk in chunks:
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError as e:
        raise Refusal("undecodable", f"has a BOM of {codec} but is not") from e


def _csv_encoding(sample: bytes) -> str:
    """The codec of a CSV file, from its beginning; a wrong one shows up later, as reading is strict."""
    if not sample:
        return "utf-8"
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(sample)
    except UnicodeDecodeError:
        # Whole lines only: a sample that ends inside a character would read as no encoding at all.
        whole = sample[: sample.rfind(b"\n") + 1]
        wide = sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return decode(sample[: len(sample) // 4 * 4] if wide or not whole else whole).encoding
    return "utf-8"
