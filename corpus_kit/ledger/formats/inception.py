"""An exported project of INCEpTION or WebAnno: `annotation/<document>/<user>.zip` (or `.xmi`, `.tsv`), `curation/…`.

Archives in archives are opened. The annotator is the file's name; what was curated counts as settled.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import ExchangePage, SourceFile
from corpus_kit.ledger.formats import webanno, xmi

MOST_BYTES = 1 << 30
_ORIGINAL = ("INITIAL_CAS",)
_FOLDERS = ("annotation", "annotation_ser", "curation", "curation_ser", "annotations", "curations")


def read(files: Sequence[SourceFile]) -> Iterator[ExchangePage]:
    """One page for each document and annotator. Raises UsageError where there is no annotation in it."""
    found = [file for one in files for file in _opened(one, [MOST_BYTES])]
    systems = [f for f in found if f.path.lower().endswith(".xml")]
    read_any = False
    for file in found:
        if not file.path.endswith((".xmi", ".tsv")) or _of_user(file).stem in _ORIGINAL:
            continue
        own = _of_user(file)
        if file.path.endswith(".tsv"):
            read_any = True
            yield webanno.page_of(file.content.decode("utf-8-sig", "replace").replace("\r\n", "\n"), own, by_user=True)
        else:
            folder = file.path.rpartition("/")[0]
            near = next((s for s in systems if s.path.rpartition("/")[0] == folder), systems[0] if systems else None)
            if near is None:
                raise UsageError(f"{file.path} has no type system beside it.", "Export the project again, as XMI.")
            read_any = True
            yield xmi.page_of(own, near, by_user=True)
    if not read_any:
        raise UsageError(
            "No annotated document in XMI or WebAnno TSV is in the export.",
            "Export the project with the secondary format UIMA CAS XMI or WebAnno TSV 3.",
        )


def _of_user(file: SourceFile) -> SourceFile:
    """The file as `<document>/<user>.<suffix>`: what lies in an archive of its own is named after that archive."""
    *folders, name = file.path.split("/")
    if len(folders) > 1 and folders[-1].endswith(".zip"):
        name = folders.pop().removesuffix(".zip") + name[name.rfind(".") :]
    return SourceFile("/".join([*(p for p in folders if not p.endswith(".zip")), name]), file.content)


def _opened(file: SourceFile, left: list[int]) -> Iterator[SourceFile]:
    """The file itself, or what is in it where it is an archive. left: bytes that may still come, a list of one."""
    if file.content[:4] != b"PK\x03\x04":
        yield file
        return
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            for info in archive.infolist():
                inside = f"{file.path}/{info.filename}"
                parts = inside.lower().split("/")
                if info.is_dir() or not inside.lower().endswith((".zip", ".xmi", ".tsv", ".xml")):
                    continue
                if inside.lower().endswith(".zip") and not any(p in _FOLDERS for p in parts):
                    continue
                left[0] -= info.file_size
                if left[0] < 0:
                    raise UsageError(f"{file.path} expands to more than 1 GiB.", "Export fewer documents at a time.")
                yield from _opened(SourceFile(inside, archive.read(info)), left)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as e:
        raise UsageError(f"{file.path} is a damaged archive.", "Export the project again.") from e
