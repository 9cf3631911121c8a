"""A stream of bytes as lines, in a codec that is settled as it goes; a line that cannot be read costs itself only.

UTF-16 and UTF-32 are written again as UTF-8 first, so that a line ends at a byte. A file is UTF-8 until a line is not.
When all before was ASCII, the file is in another codec, which the detector names; else it is UTF-8 and that line is bad.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from corpus_kit.ingest.decode import bom_of, codec_without_bom
from corpus_kit.ingest.formats.base import Limits
from corpus_kit.ingest.json_values import RejectedValue

_ENOUGH = 1 << 18
"""Bytes in which a codec is looked for."""
_SPACED = bytes.maketrans(b',;"', b"   ")
_ODD, _MANY = 0.1, 12
_SIGNS = "–—…€£•·“”‘’„«»\xa0°§©®™"
_RUN = re.compile(r"[A-Za-z]?[^\x00-\x7f]+[A-Za-z]?")


class LineBlock(NamedTuple):
    """Whole lines, with their ends. text: None where they are not all in the codec."""

    raw: bytes
    text: str | None


class TooLong(NamedTuple):
    """A line that is larger than a record may be: how many bytes, and their sha256."""

    size: int
    sha256: str


class Lines:
    """The lines of a stream, in blocks.

    Attributes:
        encoding: The codec of the file, as far as it has been read.
        newline: The byte that ends a line: LF, or CR where the file has no LF.
    """

    def __init__(self, chunks: Iterator[bytes], limits: Limits, encoding: str = "") -> None:
        self._limits, self._total = limits, 0
        chunks = self._counted(chunks)
        self.fixed = bool(encoding)
        self.encoding = _plain_name(encoding) if encoding else "utf-8"
        self._codec = self.encoding  # of the bytes that are looked at, which UTF-16 is no longer
        self._settled = self.fixed
        self._chunks = self._as_bytes_of_lines(chunks)
        self.newline = b"\n"
        self._whole = self._whole_lines()
        self._ahead = deque[bytes | TooLong]()

    def blocks(self) -> Iterator[LineBlock | TooLong]:
        """Runs of whole lines, the last one perhaps without an end.

        Raises Refusal: file_too_large, truncated and what else stops a stream.
        """
        first = True
        while (raw := self._next()) is not None:
            if isinstance(raw, TooLong):
                yield raw
                continue
            if first:
                first = False
                raw = self._without_bom(raw)
                if not raw:
                    continue
            yield LineBlock(raw, self._text(raw))

    def _next(self) -> bytes | TooLong | None:
        return self._ahead.popleft() if self._ahead else next(self._whole, None)

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._total += len(chunk)
            if self._total > self._limits.max_file_bytes:
                raise RejectedValue(
                    "file_too_large", f"more than {self._limits.max_file_bytes} bytes after decompression"
                )
            yield chunk

    def _as_bytes_of_lines(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The stream with one byte a newline: UTF-16 and UTF-32 as UTF-8."""
        first = next(chunks, b"")
        while 0 < len(first) < 4 and (more := next(chunks, b"")):
            first += more
        bom, codec = bom_of(first)
        if self.fixed:
            codec = self.encoding if self.encoding.startswith(("utf-16", "utf-32")) else ""
            bom = bom if codec else b""
            if codec in (
                "utf-16",
                "utf-32",
            ):  # without a word on its byte order the mark decides, else this machine's kin
                codec = bom_of(first)[1] or codec + "-le"
        elif codec == "utf-8" or not codec:
            codec = (codec_without_bom(first) or "") if not codec else ""
            bom = b""
        if codec:
            self.encoding, self._codec, self._settled = codec, "utf-8", True
            yield from _recoded(first[len(bom) :], chunks, codec)
            return
        yield first
        yield from chunks

    def _without_bom(self, raw: bytes) -> bytes:
        if raw.startswith(codecs.BOM_UTF8) and self._codec in ("utf-8", "utf-8-sig"):
            self._settled = True
            return raw[len(codecs.BOM_UTF8) :]
        return raw

    def _whole_lines(self) -> Iterator[bytes | TooLong]:
        """The chunks, cut where a line ends."""
        rest: list[bytes] = []
        size, bound, skipping, passed = 0, self._limits.max_record_bytes, None, 0
        known = False
        for chunk in self._chunks:
            if not known and (b"\n" in chunk or b"\r" in chunk[:-1]):
                known, self.newline = True, b"\n" if b"\n" in chunk else b"\r"
            if skipping is not None:
                end = chunk.find(self.newline) + 1
                part = chunk[:end] if end else chunk
                skipping.update(part[:-1] if end else part)
                passed += len(part)
                if not end:
                    continue
                yield TooLong(passed, skipping.hexdigest())
                skipping, chunk = None, chunk[end:]
            end = chunk.rfind(self.newline) + 1
            if end:
                yield from self._bounded(b"".join(rest) + chunk[:end] if rest else chunk[:end])
                rest, size = [], 0
            if tail := chunk[end:]:
                rest.append(tail)
                size += len(tail)
                if size > bound:
                    skipping, passed = hashlib.sha256(b"".join(rest)), size
                    rest, size = [], 0
        if skipping is not None:
            yield TooLong(passed, skipping.hexdigest())
        elif rest:
            yield b"".join(rest)

    def _bounded(self, block: bytes) -> Iterator[bytes | TooLong]:
        """A block, its first line taken out where it is too long: all others lie within one chunk."""
        end = block.find(self.newline) + 1
        if end > self._limits.max_record_bytes + 2:
            yield TooLong(end, hashlib.sha256(block[: end - 1]).hexdigest())
            block = block[end:]
        if len(block) > self._limits.max_record_bytes:  # tiny limits only
            for line in block.splitlines(keepends=True) if self.newline == b"\n" else [block]:
                long = len(line) > self._limits.max_record_bytes + 2
                yield TooLong(len(line), hashlib.sha256(line.removesuffix(b"\n")).hexdigest()) if long else line
        elif block:
            yield block

    def _text(self, raw: bytes) -> str | None:
        try:
            text = raw.decode(self._codec)
        except UnicodeDecodeError as e:
            if self._settled:
                return None
            self._settled = True
            codec = legacy_codec(raw + self._more(raw[e.start :]), e.start)
            if codec is None:
                return None
            self.encoding = self._codec = codec
            try:
                return raw.decode(codec)
            except UnicodeDecodeError:
                return None
        if not self._settled and not raw.isascii():
            self._settled = True
        return text

    def _more(self, seen: bytes) -> bytes:
        """Some more of the file, where there is little to tell a codec by."""
        size = len(seen)
        while size < _ENOUGH and (raw := next(self._whole, None)) is not None:
            self._ahead.append(raw)
            size += len(raw) if isinstance(raw, bytes) else _ENOUGH
        return b"".join(raw for raw in self._ahead if isinstance(raw, bytes))

    def decode(self, line: bytes) -> str:
        """One line of a block that is not all in the codec.

        Raises Refusal(undecodable).
        """
        try:
            return line.decode(self._codec)
        except UnicodeDecodeError as e:
            raise RejectedValue("undecodable", f"byte {e.start} of the line is not {self.encoding}") from e


def _plain_name(encoding: str) -> str:
    return codecs.lookup(encoding).name


def _recoded(first: bytes, chunks: Iterator[bytes], codec: str) -> Iterator[bytes]:
    decoder: Any = codecs.getincrementaldecoder(codec)("surrogatepass")
    try:
        yield decoder.decode(first).encode("utf-8", "surrogatepass")
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as e:
        raise RejectedValue("undecodable", f"is {codec} at its beginning and not at its end") from e


def legacy_codec(raw: bytes, first_bad: int) -> str | None:
    """The codec of lines that are no UTF-8, None where that is not clear."""
    from corpus_kit.ingest.encoding import is_damaged_utf8, oddity, read_legacy

    sample = raw[max(0, raw.rfind(b"\n", 0, first_bad)) :][:_ENOUGH]
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    bad = first_bad - max(0, raw.rfind(b"\n", 0, first_bad))
    if is_damaged_utf8(sample, bad):
        return None
    # A capital behind a comma is odd in prose, and not in a table. None of these is part of a character in any codec.
    text, codec = read_legacy(sample.translate(_SPACED), bad)
    if text is None or oddity(text) > _ODD or not _speaks(text):
        return None
    return codec


def _speaks(text: str) -> bool:
    """Whether the non-ASCII characters say enough to name a codec: many, or each a sign or by an ASCII letter (`café`)."""
    runs = [run for run in _RUN.findall(text) if run.strip(_SIGNS)]
    return sum(map(len, runs)) >= _MANY or all(run[:1].isascii() or run[-1:].isascii() for run in runs)
