"""Input that is far too large is refused, and costs neither the memory nor the time it asks for."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
import zstandard
from ingest_samples import environment, ingest, page, rows, write

MB = 10**6
MOST_MEMORY = 400 * 2**20
_CHILD = """
import json, re, sys
from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
code = run(cli, sys.argv[1:])
# Not ru_maxrss: that starts from what the parent had when it forked, and a test process may be large.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
print(json.dumps([code, peak]), file=sys.stderr)
"""


def build_measured(raw: Path, out: Path) -> tuple[int, int]:
    """(exit code, peak memory in bytes) of a build in a process of its own."""
    line = [sys.executable, "-c", _CHILD, "build", str(raw), "--out", str(out)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=400, check=True, env=environment())
    code, peak = json.loads(done.stderr.strip().splitlines()[-1])
    return code, peak


def long_file(path: Path, before: bytes, after: bytes) -> Path:
    """`before`, 200 MB without a newline, `after`: a sparse file, so that the test is quick."""
    with path.open("wb") as handle:
        handle.write(before)
        handle.seek(200 * MB, 1)
        handle.write(after)
    return path


GOOD = '{"text": "A short record beside the long one."}\n'
LONG = {
    "a.jsonl": ((GOOD + '{"text": "').encode(), ('"}\n' + GOOD).encode(), "a.jsonl#2"),
    "a.txt": (b"", b"\n", "a.txt"),
    "a.csv": (b"text\nA short record.\n", b"\n", "a.csv#2"),
    "a.json": (b'{"text": "', b'"}', "a.json"),
}


@pytest.mark.slow
def test_a_line_of_200_mb_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    for name, (before, after, _) in LONG.items():
        long_file(raw / name, before, after)
    code, peak = build_measured(raw, out)
    assert code == 0
    assert [d["source"].split("#")[0] for d in rows(out / "documents")] == ["a.csv", "a.jsonl", "a.jsonl"]
    wanted = {(source, "record_too_large") for _, _, source in LONG.values() if source != "a.json"}
    wanted.add(("a.json", "malformed_json"))  # a NUL in a string is no JSON, wherever it ends
    assert {(r["source"], r["reason"]) for r in rows(out / "rejected")} == wanted
    assert peak < MOST_MEMORY, f"{peak / MB:.0f} MB"


def bomb(compress: str, size: int, head: bytes = b"") -> bytes:
    """`head` and then zeros of a text, `size` bytes of them; no one gets as far as its end, so it has none."""
    if compress == "gz":
        engine = zlib.compressobj(9, wbits=31)
        begin = engine.compress(head) + engine.flush(zlib.Z_FULL_FLUSH)
        # Between two full flushes stands a block that can be repeated as it is.
        return begin + (engine.compress(b"0" * MB) + engine.flush(zlib.Z_FULL_FLUSH)) * (size // MB)
    writer = zstandard.ZstdCompressor(level=3).compressobj()
    pieces = [writer.compress(head)] + [writer.compress(b"0" * MB) for _ in range(size // MB)]
    return b"".join(pieces) + writer.flush()


@pytest.mark.slow
def test_decompression_bombs_are_refused_not_expanded(tmp_path: Path) -> None:
    names = [
        f"b.{format}.{suffix}" for format in ("txt", "jsonl", "json", "csv", "parquet") for suffix in ("gz", "zst")
    ]
    heads = {name: GOOD.encode() if name == "b.jsonl.gz" else b"" for name in names}
    raw = write(tmp_path / "raw", {n: bomb(n.rsplit(".", 1)[1], 1000 * MB, heads[n]) for n in names})
    code, peak = build_measured(raw, tmp_path / "out")
    assert code == 0 and peak < MOST_MEMORY, f"{peak / MB:.0f} MB"
    refused = {r["source"].split("#")[0]: r["reason"] for r in rows(tmp_path / "out" / "rejected")}
    # A single text meets the limit of a record first.
    too_large = {"b.txt.gz", "b.txt.zst"}
    assert refused == {n: "record_too_large" if n in too_large else "decompression_bomb" for n in names}
    assert {d["source"] for d in rows(tmp_path / "out" / "documents")} == {"b.jsonl.gz#1"}, (
        "what was read before is kept"
    )


def test_a_bomb_below_the_record_limit_is_still_a_bomb(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"b.txt.gz": bomb("gz", 60 * MB), "c.txt.zst": bomb("zst", 60 * MB)})
    made = ingest(raw, tmp_path / "out", max_record_bytes=10**9)
    assert made.reasons == [("b.txt.gz", "decompression_bomb"), ("c.txt.zst", "decompression_bomb")]


def test_many_members_of_one_file_do_not_hide_a_bomb(tmp_path: Path) -> None:
    member = gzip.compress(b"0" * 8 * MB)
    raw = write(tmp_path / "raw", {"b.jsonl.gz": member * 8})
    made = ingest(raw, tmp_path / "out", max_record_bytes=10**9)
    assert made.reasons == [("b.jsonl.gz", "decompression_bomb")]


def test_the_limits_of_corpus_toml_hold_for_every_format(tmp_path: Path) -> None:
    record = {"text": "word " * 300}
    lines = json.dumps(record) + "\n"
    raw = write(
        tmp_path / "raw",
        {
            "a.txt": record["text"],
            "b.txt.gz": gzip.compress(record["text"].encode()),
            "c.jsonl": lines,
            "d.json": json.dumps([record]),
            "e.csv": f"text\n{record['text']}\n",
        },
    )
    made = ingest(raw, tmp_path / "out", max_record_bytes=1000)
    assert {r for _, r in made.reasons} == {"record_too_large"} and len(made.reasons) == 5
    made = ingest(raw, tmp_path / "out", max_record_bytes=2000)
    assert made.result.documents == 5


@pytest.mark.parametrize("suffix", ["txt", "md", "txt.gz", "txt.zst"])
def test_a_text_beyond_max_file_bytes_is_refused(suffix: str, tmp_path: Path) -> None:
    content = page(1).encode()
    packers: dict[str, Any] = {"gz": gzip.compress, "zst": zstandard.compress}
    packed = packers.get(suffix.rpartition(".")[2], bytes)(content)
    raw = write(tmp_path / "raw", {f"a.{suffix}": packed})
    made = ingest(raw, tmp_path / "out", max_file_bytes=len(content) - 1)
    assert made.reasons == [(f"a.{suffix}", "file_too_large")]
    made = ingest(raw, tmp_path / "out", max_file_bytes=len(content))
    assert made.result.documents == 1


@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv", "parquet"])
def test_a_file_beyond_max_file_bytes_is_refused(suffix: str, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    records = [{"text": page(i)} for i in range(40)]
    raw = tmp_path / "raw"
    raw.mkdir()
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(records), raw / "a.parquet", compression="none", use_dictionary=False)
    else:
        import polars as pl

        frame = pl.DataFrame(records)
        writers: dict[str, Any] = {"jsonl": frame.write_ndjson, "json": frame.write_json, "csv": frame.write_csv}
        writers[suffix](raw / f"a.{suffix}")
    size = (raw / f"a.{suffix}").stat().st_size
    made = ingest(raw, tmp_path / "out", max_file_bytes=size - 1)
    assert made.reasons == [(f"a.{suffix}", "file_too_large")]
    made = ingest(raw, tmp_path / "out", max_file_bytes=size)
    assert made.result.documents == 40
