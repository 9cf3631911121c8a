"""A file that is being read: its bytes, from the disk or from memory, with its compression taken off."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from corpus_kit.ingest.expand import expand


class OpenedFile:
    """One file, or one member of an archive.

    Attributes:
        name: Its name without compression suffix.
        suffix: The suffix of that, in small letters.
        handle: Where its bytes come from, at their beginning.
        compression: `gzip`, `zstd`, `bzip2`, `xz`, None for none.
        location: Path on the disk, "" for a member of an archive.
        size: Bytes on the disk.
    """

    __slots__ = ("_head", "_rest", "compression", "handle", "location", "name", "size", "suffix")

    def __init__(
        self, name: str, handle: BinaryIO | io.RawIOBase, compression: str | None, location: str = "", size: int = 0
    ) -> None:
        self.name, self.handle, self.compression, self.location, self.size = name, handle, compression, location, size
        stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
        self.suffix = (dot + suffix).lower() if stem else ""
        self._head = b""
        self._rest: Iterator[bytes] | None = None

    def peek(self) -> bytes:
        """The first chunk of the decompressed content; `chunks` gives it again."""
        if not self._head:
            self._head = next(self._expanded(), b"")
        return self._head

    def chunks(self) -> Iterator[bytes]:
        """The decompressed content from its beginning, what was looked at included."""
        head, self._head = self._head, b""
        if head:
            yield head
        yield from self._expanded()

    def _expanded(self) -> Iterator[bytes]:
        if self._rest is None:
            self._rest = expand(self.handle, self.compression)
        return self._rest


class ChunkStream(io.RawIOBase):
    """Chunks as a stream to read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer)  # type: ignore[arg-type]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        n = min(len(target), len(self._rest))
        target[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n
