"""Archives as folders: the files in a .zip or .tar, one after another, without unpacking them to the disk.

Nothing is written, so a member's name can lead nowhere; one that is absolute or goes up is refused all the same.
"""

from __future__ import annotations

import contextlib
import errno
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from corpus_kit.ingest.formats.base import Limits
from corpus_kit.ingest.formats.opened import ChunkStream, DecodedBytes, OpenedFile
from corpus_kit.ingest.json_values import RejectedValue

_CHUNK = 1 << 18
_END_OF_ZIP = (1 << 16) + 256  # a comment of 64 KiB and the records before it


class Member(NamedTuple):
    """One file of an archive. stream: its bytes; None where it cannot be read, and `refusal` says why."""

    name: str
    size: int
    stream: io.RawIOBase | None
    refusal: RejectedValue | None = None


def members(file: OpenedFile, kind: str, limits: Limits) -> Iterator[Member]:
    """The files of an archive in their order; folders are none.

    Raises Refusal(malformed_archive) where the archive itself is damaged.
    """
    yield from _zip(file, limits) if kind == "zip" else _tar(file, limits)


def _zip(file: OpenedFile, limits: Limits) -> Iterator[Member]:
    source: Any = file.location
    if file.compression or not file.location:
        from corpus_kit.ingest.expand import read_all

        source = io.BytesIO(read_all(ChunkStream(file.chunks()), None, limits.whole_file, "file_too_large"))
    _refuse_directory(source, limits)
    try:
        archive = zipfile.ZipFile(source)
    except _ODD as e:
        raise _malformed(e) from e
    with archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            name = info.filename.replace("\\", "/")
            if info.flag_bits & 1:
                yield Member(name, info.file_size, None, RejectedValue("malformed_archive", "the member is encrypted"))
                continue
            if (wrong := _bad_name(name)) is not None:
                yield Member(name, info.file_size, None, wrong)
                continue
            try:
                with archive.open(info) as stream:
                    chunks = _guarded_chunks(stream, info.compress_size, limits)
                    yield Member(name, info.file_size, ChunkStream(chunks))
            except _ODD as e:
                yield Member(name, info.file_size, None, _malformed(e))


def _guarded_chunks(stream: IO[bytes], packed: int, limits: Limits) -> Iterator[bytes]:
    given = 0
    try:
        while chunk := stream.read(_CHUNK):
            given += len(chunk)
            if limits.is_bomb(given, packed):
                raise RejectedValue("decompression_bomb", f"{packed} bytes expand to more than {given}")
            yield chunk
    except _ODD as e:
        raise _malformed(e) from e


_ODD = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError)


def _malformed(error: Exception) -> RejectedValue:
    """What is wrong with the archive, as far as the library tells; a fault of the disk stays an OSError."""
    if isinstance(error, OSError) and error.errno not in (
        None,
        errno.EINVAL,
    ):  # EINVAL: a place before the file's beginning
        raise error
    return RejectedValue("malformed_archive", str(error)[:200] or "the member ends too early")


def _refuse_directory(source: Any, limits: Limits) -> None:
    """Look at the size of a .zip's directory before it is read as a whole.

    Raises Refusal(metadata_too_large, malformed_archive) or OSError.
    """
    with open(source, "rb") if isinstance(source, str) else contextlib.nullcontext(source) as handle:
        size = handle.seek(0, io.SEEK_END)
        handle.seek(max(0, size - _END_OF_ZIP))
        tail = handle.read()
        handle.seek(0)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < 22:
        raise RejectedValue("malformed_archive", "the archive has no end")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    long = tail.rfind(b"PK\6\6", 0, at)
    if directory == 0xFFFFFFFF and long >= 0:
        directory = int.from_bytes(tail[long + 40 : long + 48], "little")
    if directory > limits.max_metadata_bytes:
        raise RejectedValue(
            "metadata_too_large", f"a directory of {directory} bytes, more than {limits.max_metadata_bytes}"
        )


class _BoundedHeader(tarfile.TarInfo):
    """A member whose long name and other facts are read into memory only where they are short."""

    most = 1 << 20

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _FACTS and self.size > self.most:
            raise tarfile.ReadError(f"the facts of a member have {self.size} bytes")
        found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return found


_FACTS = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)


def _tar(file: OpenedFile, limits: Limits) -> Iterator[Member]:
    chunks = DecodedBytes(file.size, limits).count(file.chunks())
    stream = io.BufferedReader(ChunkStream(chunks), _CHUNK)
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_BoundedHeader) as archive:
            for info in archive:
                archive.members = []  # type: ignore[attr-defined]  # it keeps all it has seen
                if info.isdir():
                    continue
                if (wrong := _bad_name(info.name)) is not None:
                    yield Member(info.name, info.size, None, wrong)
                elif info.issparse():
                    refusal = RejectedValue("malformed_archive", "a sparse file: pack it without --sparse")
                    yield Member(info.name, info.size, None, refusal)
                elif not info.isfile():
                    refusal = RejectedValue("not_a_file", "a link or a device in an archive")
                    yield Member(info.name, info.size, None, refusal)
                else:
                    inner = archive.extractfile(info)
                    assert inner is not None
                    yield Member(info.name.removeprefix("./"), info.size, ChunkStream(_tar_chunks(inner)))
    except (tarfile.TarError, EOFError, ValueError) as e:
        raise RejectedValue("malformed_archive", str(e)[:200] or "the archive ends too early") from e


def _tar_chunks(stream: IO[bytes]) -> Iterator[bytes]:
    try:
        while chunk := stream.read(_CHUNK):
            yield chunk
    except (tarfile.TarError, EOFError, ValueError) as e:
        raise RejectedValue("malformed_archive", str(e)[:200] or "the member ends too early") from e


def _bad_name(name: str) -> RejectedValue | None:
    if name.startswith("/") or ".." in name.split("/") or ":" in name[:2]:
        return RejectedValue("bad_file_name", "the name leads out of the archive")
    try:
        name.encode()
    except UnicodeEncodeError:
        return RejectedValue("bad_file_name", "the name's bytes are not UTF-8")
    return None
