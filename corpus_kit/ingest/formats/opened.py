"""A file that is being read: its bytes, from the disk or from memory, with its compression taken off."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from corpus_kit.ingest.expand import EXPANSION, expand
from corpus_kit.ingest.formats.base import Limits

_SMALL = 1 << 16


class DecodedBytes:
    """What all members of one archive have come to, decompressed: each alone may be small."""

    __slots__ = ("_given", "_limits", "_packed")

    def __init__(self, packed: int, limits: Limits) -> None:
        """packed: bytes of the archive as it lies on the disk. limits: what it may come to."""
        self._packed, self._limits, self._given = packed, limits, 0

    def count(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The same chunks. Raises Refusal(decompression_bomb, file_too_large); small members beside a bomb are taken."""
        own = 0
        for chunk in chunks:
            own += len(chunk)
            self._given += len(chunk)
            if own > _SMALL or self._given > self._limits.max_file_bytes:
                self._limits.refuse_size(self._given, self._packed)
            yield chunk


class OpenedFile:
    """One file, or one member of an archive.

    Attributes:
        name: Its name without compression suffix.
        suffix: The suffix of that, in small letters.
        handle: Where its bytes come from, at their beginning.
        compression: `gzip`, `zstd`, `bzip2`, `xz`, None for none.
        location: Path on the disk, "" for a member of an archive.
        size: Bytes on the disk.
        expansion: How many times its size it may expand to.
        spent: Of a member, what its archive has come to so far.
    """

    __slots__ = ("_head", "_rest", "compression", "expansion", "handle", "location", "name", "size", "spent", "suffix")

    def __init__(
        self,
        name: str,
        handle: BinaryIO | io.RawIOBase,
        compression: str | None,
        location: str = "",
        size: int = 0,
        expansion: int = EXPANSION,
        spent: DecodedBytes | None = None,
    ) -> None:
        self.expansion, self.spent = expansion, spent
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
            self._rest = expand(self.handle, self.compression, self.expansion)
            if self.spent is not None:
                self._rest = self.spent.count(self._rest)
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
