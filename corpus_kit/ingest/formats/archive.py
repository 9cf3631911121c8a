"""Archives as folders: the files in a .zip or .tar, one after another, without unpacking them to the disk.

Nothing is written, so a member's name can lead nowhere; one that is absolute or goes up is refused all the same.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from corpus_kit.ingest.formats.base import Limits
from corpus_kit.ingest.formats.opened import ChunkStream, OpenedFile
from corpus_kit.ingest.json_values import Refusal

_CHUNK = 1 << 18
_SUSPECT_RATIO, _SUSPECT_BYTES = 200, 32 << 20


class Member(NamedTuple):
    """One file of an archive. stream: its bytes; None where it cannot be read, and `refusal` says why."""

    name: str
    size: int
    stream: io.RawIOBase | None
    refusal: Refusal | None = None


def members(file: OpenedFile, kind: str, limits: Limits) -> Iterator[Member]:
    """The files of an archive in their order; folders are none.

    Raises Refusal(malformed_archive) where the archive itself is damaged.
    """
    yield from _zip(file, limits) if kind == "zip" else _tar(file)


def _zip(file: OpenedFile, limits: Limits) -> Iterator[Member]:
    source: Any = file.location
    if file.compression or not file.location:
        from corpus_kit.ingest.expand import read_all

        source = io.BytesIO(read_all(ChunkStream(file.chunks()), None, limits.whole_file, "file_too_large"))
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as e:
        if isinstance(e, OSError) and e.errno is not None:
            raise
        raise Refusal("malformed_archive", str(e)[:200]) from e
    with archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            name = info.filename.replace("\\", "/")
            if info.flag_bits & 1:
                yield Member(name, info.file_size, None, Refusal("malformed_archive", "the member is encrypted"))
                continue
            if (wrong := _bad_name(name)) is not None:
                yield Member(name, info.file_size, None, wrong)
                continue
            try:
                with archive.open(info) as stream:
                    chunks = _guarded_chunks(stream, max(info.compress_size, 1))
                    yield Member(name, info.file_size, ChunkStream(chunks))
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as e:
                yield Member(name, info.file_size, None, Refusal("malformed_archive", str(e)[:200]))


def _guarded_chunks(stream: IO[bytes], packed: int) -> Iterator[bytes]:
    given = 0
    try:
        while chunk := stream.read(_CHUNK):
            given += len(chunk)
            if given > _SUSPECT_BYTES and given > _SUSPECT_RATIO * packed:
                raise Refusal("decompression_bomb", f"{packed} bytes expand to more than {given}")
            yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError) as e:
        raise Refusal("malformed_archive", str(e)[:200] or "the member ends too early") from e


def _tar(file: OpenedFile) -> Iterator[Member]:
    stream = io.BufferedReader(ChunkStream(file.chunks()), _CHUNK)
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for info in archive:
                archive.members = []  # type: ignore[attr-defined]  # it keeps all it has seen
                if info.isdir():
                    continue
                if (wrong := _bad_name(info.name)) is not None:
                    yield Member(info.name, info.size, None, wrong)
                elif not info.isfile():
                    refusal = Refusal("not_a_file", "a link or a device in an archive")
                    yield Member(info.name, info.size, None, refusal)
                else:
                    inner = archive.extractfile(info)
                    assert inner is not None
                    yield Member(info.name.removeprefix("./"), info.size, ChunkStream(_tar_chunks(inner)))
    except (tarfile.TarError, EOFError, ValueError) as e:
        raise Refusal("malformed_archive", str(e)[:200] or "the archive ends too early") from e


def _tar_chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _bad_name(name: str) -> Refusal | None:
    if name.startswith("/") or ".." in name.split("/") or ":" in name[:2]:
        return Refusal("bad_file_name", "the name leads out of the archive")
    try:
        name.encode()
    except UnicodeEncodeError:
        return Refusal("bad_file_name", "the name's bytes are not UTF-8")
    return None
