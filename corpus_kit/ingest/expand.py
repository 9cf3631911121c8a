"""Reading bytes, decompressed when need be, with limits: a bomb is refused long before it is expanded."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import zstandard

from corpus_kit.ingest.json_values import RejectedValue

CHUNK = 1 << 18
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
"""How a compressed file begins. A skippable frame of Zstandard begins otherwise; then its suffix says what it is."""
WINDOW = 1 << 31
"""The longest window of Zstandard: what `zstd --long=31` writes. Only what a file fills of it takes memory."""
_XZ_MEMORY = 1 << 28
# Text compresses 3 to 10 times, logs some 50 times; a bomb 1,000 times and more.
EXPANSION = 200
_SUSPECT_BYTES = 32 << 20


def read_all(
    file: BinaryIO | io.RawIOBase,
    compression: str | None,
    limit: int,
    reason: str = "record_too_large",
    expansion: int = EXPANSION,
) -> bytes:
    """The whole content of a file, decompressed.

    Raises Refusal (`reason` beyond `limit` bytes, truncated, malformed_compression, decompression_bomb) or OSError.
    """
    pieces, total = [], 0
    for piece in expand(file, compression, expansion):
        pieces.append(piece)
        total += len(piece)
        if total > limit:
            raise RejectedValue(reason, f"more than {limit} bytes")
    return b"".join(pieces)


def expand(file: BinaryIO | io.RawIOBase, compression: str | None, expansion: int = EXPANSION) -> Iterator[bytes]:
    """Chunks of the decompressed content. Members, frames and streams may follow each other.

    expansion: how many times its size the file may expand to.

    Raises Refusal when the data ends too early, is damaged, or expands beyond reason.
    """
    if compression is None:
        while chunk := file.read(CHUNK):
            yield chunk
        return
    taken = given = 0
    member: _Member | None = None
    while chunk := file.read(CHUNK):
        taken += len(chunk)
        while chunk:
            if member is None or member.ended:
                if member is not None and not chunk.strip(b"\0"):
                    return  # padding after the last member
                member = _Member(compression)
            try:
                for piece in member.feed(chunk):
                    given += len(piece)
                    if given > _SUSPECT_BYTES and given > expansion * taken:
                        raise RejectedValue("decompression_bomb", f"{taken} bytes expand to more than {given}")
                    if piece:
                        yield piece
            except (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError, ValueError) as e:
                raise RejectedValue("malformed_compression", str(e)) from e
            chunk = member.rest
    if member is None or not member.ended:
        raise RejectedValue("truncated", f"the {compression} stream has no end")


def compression_of(head: bytes) -> str | None:
    """The compression that a file's first bytes speak of, None for none."""
    if head[:1] in (b"\x1f", b"\x28", b"B", b"\xfd"):
        for magic, name in MAGIC.items():
            if head.startswith(magic) and (name != "bzip2" or (head[3:4].isdigit() and head[4:10] in _BZIP2_BLOCKS)):
                return name
    return None


_BZIP2_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")


class _Member:
    """One gzip member, Zstandard frame, bzip2 or xz stream, decompressed piecewise: no call may turn a few bytes into
    gigabytes."""

    def __init__(self, compression: str) -> None:
        self._kind = compression
        self._decoder: Any
        if compression == "gzip":
            self._decoder = zlib.decompressobj(wbits=31)
        elif compression == "zstd":
            self._decoder = zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj()
        elif compression == "bzip2":
            self._decoder = bz2.BZ2Decompressor()
        else:
            self._decoder = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
        self.rest = b""  # what follows the member in the chunk that ended it

    @property
    def ended(self) -> bool:
        return bool(self._decoder.eof)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        self.rest = b""
        if self._kind == "gzip":
            while chunk and not self.ended:
                yield self._decoder.decompress(chunk, CHUNK)
                chunk = self._decoder.unconsumed_tail
            self.rest = self._decoder.unused_data
        elif self._kind == "zstd":
            # Zstandard's decoder takes no output bound: 1 KiB of input gives 32 MiB at the very most.
            for start in range(0, len(chunk), 1024):
                yield self._decoder.decompress(chunk[start : start + 1024])
                if self.ended:
                    self.rest = self._decoder.unused_data + chunk[start + 1024 :]
                    return
        else:
            yield self._decoder.decompress(chunk, CHUNK)
            while not self.ended and not self._decoder.needs_input:
                yield self._decoder.decompress(b"", CHUNK)
            if self.ended:
                self.rest = self._decoder.unused_data


class ExpandedStream(io.RawIOBase):
    """A file's decompressed content as a readable stream; `limit` bounds how much may come out of it."""

    def __init__(self, file: io.FileIO, compression: str | None, limit: int) -> None:
        self._chunks = expand(file, compression)
        self._limit, self._given, self._rest = limit, 0, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            chunk = next(self._chunks, b"")
            self._given += len(chunk)
            if self._given > self._limit:
                raise RejectedValue("file_too_large", f"more than {self._limit} bytes after decompression")
            self._rest = memoryview(chunk)
        n = min(len(buffer), len(self._rest))
        buffer[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n
