"""Raw files of every format, changed at random: each is read or refused with a reason, and nothing else happens.

`python tests/security/long.py fuzz_files --count 5000 --seed 1`
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from fuzzing import ODD, Findings, bounded, command, mutated, mutated_bytes
from ingest_samples import ingest, page

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import CorpusKitError

_TOGETHER = 25
_SECONDS = 60
_HTML = """<!doctype html><html lang="en">
<head><meta charset="utf-8"><title>The ferry</title>
<meta property="article:published_time" content="2031-05-03T10:00:00Z"><script type="application/ld+json">
{"@type": "NewsArticle", "headline": "The ferry", "datePublished": "2031-05-03"}</script></head>
<body><nav><a href="/">Home</a></nav>
<article><h1>The ferry</h1><p>The ferry from Port Sellane was late again
&amp; no one knew why&#8230;</p><table><tr><td>1</td></tr></table>
<pre>  as it
stands</pre></article></body></html>"""
_WARC = (
    "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://news.example/ferry\r\nWARC-Date: 2031-05-03T10:00:00Z\r\n"
    "WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-00000000000{n}>\r\nContent-Type: {mime}\r\n"
    "Content-Length: {size}\r\n\r\n{body}\r\n\r\n"
)
_SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {},
    {"id_scope": "file"},
    {"join": "\n\n"},
    {"max_record_bytes": 900},
    {"max_file_bytes": 1500},
    {"max_file_records": 3},
    {"language": True},
    {"date_format": ["%d/%m/%Y", "%c"]},
    {"files": [{"glob": "*.txt", "records": "^Report"}]},
    {"files": [{"glob": "*.txt", "records": "lines"}]},
    {"files": [{"glob": "*.json*", "records": "data.items"}]},
    {"files": [{"glob": "*.csv", "header": False, "columns": {"text": "2"}}]},
    {"files": [{"glob": "*", "encoding": "cp1252"}]},
    {"files": [{"glob": "*.csv", "delimiter": ";", "quote": "", "escape": "\\"}]},
    {"columns": {"text": "data.text|text", "id": "meta[].id"}},
    {"files": [{"glob": "*", "format": "jsonl"}]},
    {"files": [{"glob": "*", "format": "csv"}]},
    {"files": [{"glob": "*", "format": "html"}]},
    {"files": [{"glob": "*", "format": "warc"}]},
    {"files": [{"glob": "*", "format": "parquet"}]},
    {"files": [{"glob": "*", "format": "json"}]},
    {"files": [{"glob": "*.txt", "header_block": "nexis"}]},
    {"files": [{"glob": "*.txt", "header_block": "lines"}]},
    {"files": [{"glob": "*", "preset": "trafilatura"}]},
    {"files": [{"glob": "*", "preset": "twitter"}]},
)


def _records(chance: Random) -> list[dict[str, Any]]:
    made: list[Any] = [
        {
            "id": f"r{chance.randrange(10**9)}",
            "text": page(chance.randrange(10**6)),
            "title": "The ferry",
            "published_on": "2031-05-03",
            "url": "https://news.example/ferry",
            "language": "en",
            "outlet": "The Sellane Post",
            "meta": [{"id": n}],
            "data": {"items": []},
        }
        for n in range(chance.randrange(1, 5))
    ]
    for _ in range(chance.choice((0, 0, 1, 3))):
        made = mutated(made, chance)
    return made


def _dumps(value: Any, **options: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, **options).encode("utf-8", "surrogatepass")


def _jsonl(chance: Random) -> bytes:
    made = _records(chance)
    return b"\n".join(_dumps(one) for one in (made if isinstance(made, list) else [made]))


def _csv(chance: Random) -> bytes:
    d, q = chance.choice((",", ";", "\t", "|")), chance.choice(('"', "'", ""))
    lines = [d.join(("id", "text", "title", "date"))]
    for _ in range(chance.randrange(1, 8)):
        text = page(chance.randrange(10**6)).replace("\n", " " if not q else "\n")
        lines.append(d.join((str(chance.randrange(99)), f"{q}{text}{q}", "The ferry", "03.05.2031")))
    return (
        chance.choice(("\n", "\r\n", "\r"))
        .join(lines)
        .encode(chance.choice(("utf-8", "utf-8-sig", "cp1252", "utf-16")))
    )


def _parquet(chance: Random) -> bytes:
    rows = chance.randrange(1, 20)
    columns: dict[str, Any] = {"text": pa.array([page(chance.randrange(10**6)) for _ in range(rows)])}
    kinds: tuple[Any, ...] = (
        pa.int64(),
        pa.float32(),
        pa.bool_(),
        pa.date32(),
        pa.timestamp("ns", "UTC"),
        pa.timestamp("s"),
        pa.duration("us"),
        pa.binary(),
        pa.large_string(),
        pa.list_(pa.int32()),
        pa.struct([("a", pa.string()), ("b", pa.list_(pa.float64()))]),
        pa.decimal128(20, 4),
        pa.time64("ns"),
        pa.map_(pa.string(), pa.int64()),
        pa.dictionary(pa.int32(), pa.string()),
        pa.null(),
        pa.uint64(),
        pa.float16(),
    )
    for _ in range(chance.randrange(5)):
        name = chance.choice(("id", "title", "date", "published_on", "language", "x", "", "text", "a.b", "x\x00"))
        kind = chance.choice(kinds)
        columns[name] = _array(kind, rows, chance)
    made = io.BytesIO()
    options = {
        "compression": chance.choice(("none", "snappy", "zstd", "gzip")),
        "row_group_size": chance.choice((1, 3, 100)),
    }
    try:
        pq.write_table(pa.table(columns), made, **options, data_page_version=chance.choice(("1.0", "2.0")))
    except pa.ArrowException:  # bits that are no value of their type
        return _parquet(chance)
    return made.getvalue()


def _array(kind: pa.DataType, rows: int, chance: Random) -> pa.Array:
    """Values of a type: any bits where its values have a width."""
    if pa.types.is_primitive(kind) and kind.bit_width >= 16:
        return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(chance.randbytes(rows * kind.bit_width // 8))])
    for _ in range(20):
        values = [chance.choice((*ODD, b"\xff\x00", b"text")) for _ in range(rows)]
        try:
            return pa.array(values, kind, from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError, OverflowError, UnicodeError):
            continue
    return pa.nulls(rows, kind)


def _warc(chance: Random) -> bytes:
    made = ""
    for n in range(chance.randrange(1, 4)):
        wet = chance.random() < 0.4
        body = page(chance.randrange(10**6)) if wet else f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{_HTML}"
        kind, mime = ("conversion", "text/plain") if wet else ("response", "application/http; msgtype=response")
        made += _WARC.format(kind=kind, n=n, mime=mime, size=len(body.encode()), body=body)
    return made.encode()


def _zip(chance: Random) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for n in range(chance.randrange(1, 5)):
            name, content = _one(chance, PLAIN)
            archive.writestr(
                chance.choice((f"{n}{name}", f"in/{n}{name}", f"../{name}", f".{name}", "/etc/x")), content
            )
    return made.getvalue()


def _tar(chance: Random) -> bytes:
    made = io.BytesIO()
    form = chance.choice((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT))
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for n in range(chance.randrange(1, 5)):
            name, content = _one(chance, PLAIN)
            info = tarfile.TarInfo(f"{'long/' * chance.choice((0, 0, 15))}{n}{name}")
            info.size = len(content)
            info.type = chance.choice(
                (tarfile.REGTYPE, tarfile.REGTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE)
            )
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def _text(chance: Random) -> bytes:
    heads = (
        "",
        "",
        "---\ntitle: The ferry\ndate: 2031-05-03\n---\n",
        "Title: The ferry\nDate: May 3, 2031\n\n",
        "1 of 2 DOCUMENTS\n\nThe Post\n\n",
    )
    text = chance.choice(heads) + page(chance.randrange(10**6), chance.randrange(5))
    return text.encode(
        chance.choice(("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "cp1251", "koi8-r", "shift_jis")),
        "replace",
    )


PLAIN: dict[str, Callable[[Random], bytes]] = {
    ".txt": _text,
    ".md": _text,
    "": _text,
    ".html": lambda _: _HTML.encode(),
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _jsonl,
    ".json": lambda chance: _dumps(_records(chance), indent=chance.choice((None, 1))),
    ".wrapped.json": lambda chance: _dumps({"data": {"items": _records(chance)}, "count": 3}),
    ".parquet": _parquet,
    ".warc": _warc,
    ".wet": _warc,
}
ARCHIVES: dict[str, Callable[[Random], bytes]] = {".zip": _zip, ".tar": _tar}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".zst": zstandard.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def _one(chance: Random, makers: dict[str, Callable[[Random], bytes]]) -> tuple[str, bytes]:
    """(suffix, content) of a file that is changed at random, before or after it is compressed."""
    suffix = chance.choice(sorted(makers))
    content = makers[suffix](chance)
    if chance.random() < 0.6:
        content = mutated_bytes(content, chance)
    if chance.random() < 0.2:
        pack = chance.choice(sorted(PACKERS))
        suffix, content = suffix + pack, PACKERS[pack](content)
        if chance.random() < 0.4:
            content = mutated_bytes(content, chance)
    if chance.random() < 0.1:
        suffix = chance.choice([*makers, *PACKERS, ".pdf", ".tgz", ".TXT"])
    return suffix, content


def fuzz_files(folder: Path, count: int, seed: int) -> Findings:
    """Raw files over all formats, changed at random."""
    found, chance, raw = Findings(), Random(seed), folder / "raw"
    os.environ["CORPUS_KIT_DEBUG"] = "1"  # a reader that stumbles is what is looked for, not a refusal
    for batch in range(-(-count // _TOGETHER)):
        shutil.rmtree(raw, ignore_errors=True)
        raw.mkdir(parents=True)
        for number in range(_TOGETHER):
            suffix, content = _one(chance, PLAIN | ARCHIVES)
            (raw / f"f{number:03d}{suffix}").write_bytes(content)
        if chance.random() < 0.1:
            lines = "file,title,published_on,sha256\n" + "".join(
                f"{p.name},A title,2031-05-03,\n" for p in sorted(raw.iterdir())
            )
            (raw / "metadata.csv").write_bytes(mutated_bytes(lines.encode(), chance))
        settings = chance.choice(_SETTINGS)
        found.cases += _TOGETHER
        _read(raw, folder, settings, found, f"seed {seed}, batch {batch}, {settings}")
        if batch % 10 == 0:
            for words in (("inspect", raw), ("build", raw, "--out", folder / "whole")):
                _run(words, found, f"seed {seed}, batch {batch}")
            shutil.rmtree(folder / "whole", ignore_errors=True)
    return found


def _read(raw: Path, folder: Path, settings: dict[str, Any], found: Findings, case: str) -> None:
    """Read all files; where that fails, each alone."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    try:
        with bounded(_SECONDS):
            made = ingest(raw, out, **settings)
        told = [row["source"] for row in (*made.documents, *made.rejected) if row["source"]]
        for path in raw.iterdir():
            if path.name != "metadata.csv":
                assert any(source.startswith(path.name) for source in told), f"nothing is told of {path.name}"
        assert "unreadable" not in made.result.rejected, "what is in a file is told as a fault of the disk"
        found.outcomes["documents"] += made.result.documents
        found.outcomes.update(reason for _, reason in made.reasons)
    except CorpusKitError as e:
        found.outcomes[type(e).__name__] += 1
    except Exception as e:  # noqa: BLE001 - whatever it is, it is what is looked for
        files = sorted(raw.iterdir())
        if len(files) == 1:
            found.fail(e, f"{case}\n{files[0].name}: {files[0].read_bytes()[:600]!r}")
            return
        before = len(found.failures)
        for path in files:
            alone = folder / "alone"
            shutil.rmtree(alone, ignore_errors=True)
            alone.mkdir()
            shutil.copy(path, alone)
            _read(alone, folder, settings, found, case)
        if len(found.failures) == before:
            found.fail(e, f"{case}, together only")


def _run(words: tuple[Any, ...], found: Findings, case: str) -> None:
    said = io.StringIO()
    try:
        with bounded(2 * _SECONDS), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = run(cli, list(map(str, words)))
        assert code in (0, 2), said.getvalue()[-3000:]
        assert "bug in corpus-kit" not in said.getvalue(), said.getvalue()[-3000:]
        found.outcomes[f"{words[0]}: exit {code}"] += 1
    except Exception as e:  # noqa: BLE001
        found.fail(e, f"{case}, {words[0]}")


if __name__ == "__main__":
    command(fuzz_files)
