"""The formats that are read, a module each, and the kinds of files that are not, with the command that converts them.

A new format is a module with `SUFFIXES` and `read`, an entry in `FORMATS`, and what its bytes look like in `recognise`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from corpus_kit.ingest.formats import delimited, html, json_files, json_lines, parquet, text, warc
from corpus_kit.ingest.formats.base import Reader


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One format.

    Attributes:
        name: As settings name it.
        title: As people name it.
        suffixes: Of its files, in small letters.
        many: Whether a file usually holds many records.
        read: Its reader.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    many: bool
    read: Reader


FORMATS: dict[str, FileFormat] = {
    f.name: f
    for f in (
        FileFormat("text", "plain text", text.SUFFIXES, False, text.read),
        FileFormat("html", "HTML", html.SUFFIXES, False, html.read),
        FileFormat("csv", "delimited values", delimited.SUFFIXES, True, delimited.read),
        FileFormat("jsonl", "JSON Lines", json_lines.SUFFIXES, True, json_lines.read),
        FileFormat("json", "JSON", json_files.SUFFIXES, True, json_files.read),
        FileFormat("parquet", "Parquet", parquet.SUFFIXES, True, parquet.read),
        FileFormat("warc", "web archive", warc.SUFFIXES, True, warc.read),
    )
}
ARCHIVES = {".zip": "zip", ".tar": "tar"}
"""Files that are read as folders."""
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bzip2", ".xz": "xz"}
_SHORT = {".tgz": ".tar.gz", ".tbz2": ".tar.bz2", ".tbz": ".tar.bz2", ".txz": ".tar.xz", ".tzst": ".tar.zst"}
SUFFIXES = {suffix: f.name for f in FORMATS.values() for suffix in f.suffixes} | ARCHIVES
ONE_RECORD = frozenset(f.name for f in FORMATS.values() if not f.many)
"""Formats of which a file usually is one record."""

_PANDOC = "pandoc {} -t plain --wrap=none -o {}.txt"
_OFFICE = "libreoffice --headless --convert-to txt:Text {}"
_SHEET = 'libreoffice --headless --convert-to csv:"Text - txt - csv (StarCalc)":44,34,76 {}'
_XML = "xmllint --xpath 'string(/)' {} > {}.txt"
_ARROW = (
    "python -c \"import pyarrow.feather as f, pyarrow.parquet as p; p.write_table(f.read_table('{}'), '{}.parquet')\""
)
CONVERTED = {
    **dict.fromkeys((".docx", ".odt", ".rtf", ".epub", ".fb2", ".tex", ".docbook"), _PANDOC),
    **dict.fromkeys((".doc", ".ppt", ".pptx", ".odp", ".wpd", ".pages"), _OFFICE),
    **dict.fromkeys((".xls", ".xlsx", ".xlsm", ".ods"), _SHEET),
    ".pdf": "pdftotext -layout {} {}.txt",
    ".ps": "ps2ascii {} {}.txt",
    **dict.fromkeys((".arrow", ".feather", ".ipc"), _ARROW),
    **dict.fromkeys((".sqlite", ".sqlite3", ".db"), "sqlite3 -header -csv {} 'select * from TABLE' > {}.csv"),
    **dict.fromkeys((".xml", ".sgm", ".sgml", ".tei", ".rss", ".atom"), _XML),
    **dict.fromkeys((".rar", ".7z"), "7z x {} -o{}.d"),
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"), "tesseract {} {}"),
    **dict.fromkeys((".avro",), "python -c \"import polars as p; p.read_avro('{}').write_parquet('{}.parquet')\""),
    **dict.fromkeys((".dta",), "python -c \"import pandas as p; p.read_stata('{}').to_parquet('{}.parquet')\""),
    **dict.fromkeys((".sav",), "python -c \"import pandas as p; p.read_spss('{}').to_parquet('{}.parquet')\""),
    **dict.fromkeys((".rds", ".rdata", ".rda"), "Rscript -e \"write.csv(readRDS('{}'), '{}.csv')\""),
}
"""Suffix → the command that makes of such a file one that is read. {}: the file."""
JUNK = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})
"""Files that systems leave in folders, in small letters; they count as hidden."""
JUNK_FOLDERS = frozenset({"__MACOSX"})


def split_compression(path: str) -> tuple[str, str | None]:
    """A path without its compression suffix, and the compression that it names: `a.tgz` is `a.tar`, gzip."""
    stem, suffix = os.path.splitext(path)
    suffix = suffix.lower()
    if suffix in _SHORT:
        inner, outer = os.path.splitext(_SHORT[suffix])
        return stem + inner, COMPRESSIONS[outer]
    kind = COMPRESSIONS.get(suffix)
    return (stem, kind) if kind else (path, None)


def suffix_of(path: str) -> str:
    """The last suffix of a path in small letters, "" for none."""
    return os.path.splitext(path)[1].lower()


def conversion(name: str, suffix: str | None = None) -> str:
    """The command that makes of a file one that is read, "" where none is known."""
    command = CONVERTED.get(suffix_of(name) if suffix is None else suffix, "")
    file = name.rpartition("/")[2]
    return command.replace("{}", file if " " not in file else f"'{file}'")
