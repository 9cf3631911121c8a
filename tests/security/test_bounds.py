"""Input that asks for far more than it holds: each bound of `[input]`, its reason, and the memory it takes."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import re
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from ingest_samples import environment, ingest, page, rows, write

MB = 10**6
MOST_MEMORY = 1000 * MB
_CHILD = """
import json, re, sys
from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
code = run(cli, sys.argv[1:])
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
print(json.dumps([code, peak]), file=sys.stderr)
"""


def measured(raw: Path, out: Path) -> tuple[int, int]:
    """(exit code, peak memory in bytes) of a build in a process of its own."""
    line = [sys.executable, "-P", "-c", _CHILD, "build", str(raw), "--out", str(out), "--no-report", "--workers", "1"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True, env=environment())
    assert "bug" not in done.stderr
    code, peak = json.loads(done.stderr.strip().splitlines()[-1])
    return code, peak


def parquet(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, compression="zstd", write_statistics=False)
    return path


def nested(depth: int) -> pa.Array:
    made = pa.array([1])
    for _ in range(depth):
        made = pa.StructArray.from_arrays([made], names=["x"])
    return made


def one_row(values: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)


def zeros(count: int, kind: pa.DataType) -> pa.Array:
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(bytes(count * kind.bit_width // 8))])


def of_dictionary(path: Path) -> None:
    """A megabyte that stands in the file once, and 100,000 rows that name it."""
    long = pa.array(["a page of words " * 60_000])
    parquet(path, text=pa.DictionaryArray.from_arrays(zeros(100_000, pa.int32()), long))


def of_deltas(path: Path) -> None:
    """Values of which each is nearly the one before: a megabyte each, a few bytes in the file."""
    long = "".join(chr(97 + (i * i + i // 7) % 25) for i in range(900_000))
    table = pa.table({"text": [f"{long}{i}" for i in range(400)]})
    pq.write_table(table, path, use_dictionary=False, column_encoding={"text": "DELTA_BYTE_ARRAY"}, compression="zstd")


BOMBS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "one-value": (lambda p: parquet(p, text=pa.array(["a " * (60 << 20)], pa.large_string())), "decompression_bomb"),
    "rows": (lambda p: parquet(p, text=pa.array(["a"]).take(zeros(9_000_000, pa.int32()))), "decompression_bomb"),
    "more-rows": (lambda p: parquet(p, text=pa.nulls(11_000_000, pa.string())), "too_many_records"),
    "list": (lambda p: parquet(p, text=["a"], l=one_row(zeros(90_000_000, pa.int8()))), "decompression_bomb"),
    "nulls": (lambda p: parquet(p, text=["a"], l=one_row(pa.nulls(90_000_000))), "decompression_bomb"),
    "deep": (lambda p: parquet(p, text=["a"], d=nested(80)), "malformed_parquet"),
    "dictionary": (of_dictionary, "decompression_bomb"),
    "deltas": (of_deltas, "decompression_bomb"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_parquet_bomb_is_refused_in_bounded_memory(name: str, tmp_path: Path) -> None:
    make, reason = BOMBS[name]
    raw = write(tmp_path / "raw", {"good.txt": page(1)})
    make(raw / "bomb.parquet")
    code, peak = measured(raw, tmp_path / "out")
    assert code == 0
    assert {r["reason"] for r in rows(tmp_path / "out" / "rejected")} == {reason}
    assert "good.txt" in {d["source"] for d in rows(tmp_path / "out" / "documents")}
    assert peak < MOST_MEMORY, f"{peak / MB:.0f} MB"


def test_pages_are_measured_by_their_headers_not_by_what_the_footer_says(tmp_path: Path) -> None:
    """The footer tells of a page of 3 bytes; the page says that it has 60 MB."""
    path = parquet(tmp_path / "raw" / "a.parquet", text=pa.array(["a " * (30 << 20)], pa.large_string()))
    content = path.read_bytes()
    told = pq.ParquetFile(path).metadata.row_group(0).column(0).total_uncompressed_size

    def varint(value: int, size: int) -> bytes:
        value <<= 1  # zigzag
        return bytes((value >> 7 * i & 0x7F) | (0x80 if i < size - 1 else 0) for i in range(size))

    size = next(n for n in range(1, 10) if told << 1 < 1 << 7 * n)
    footer = len(content) - 8 - struct.unpack("<I", content[-8:-4])[0]
    assert varint(told, size) in content[footer:]
    path.write_bytes(content[:footer] + content[footer:].replace(varint(told, size), varint(3, size)))
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).total_uncompressed_size == 3
    made = ingest(path.parent, tmp_path / "out")
    assert made.reasons == [("a.parquet", "decompression_bomb")]


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"max_file_records": 39}, "too_many_records"),
        ({"max_columns": 1}, "too_many_columns"),
        ({"max_metadata_bytes": 200}, "metadata_too_large"),
        ({"max_file_bytes": 20_000}, "file_too_large"),
    ],
)
def test_each_bound_of_parquet_has_its_reason(limit: dict[str, Any], reason: str, tmp_path: Path) -> None:
    path = tmp_path / "raw" / "a.parquet"
    parquet(path, text=[page(i) for i in range(40)], other=[str(i) for i in range(40)])
    assert ingest(path.parent, tmp_path / "whole").result.documents == 40
    made = ingest(path.parent, tmp_path / "out", **limit)
    assert (made.reasons, made.result.documents) == ([("a.parquet", reason)], 0)
    assert made.result.records == 1


def test_records_beyond_the_bound_are_told_and_those_before_are_taken(tmp_path: Path) -> None:
    lines = [json.dumps({"text": page(i)}) for i in range(10)]
    raw = write(tmp_path / "raw", {"a.jsonl": "\n".join(lines), "b.jsonl": "\n".join(lines[:4])})
    made = ingest(raw, tmp_path / "out", max_file_records=4, id_scope="file")
    assert made.reasons == [("a.jsonl", "too_many_records")]
    assert made.result.documents == 8
    assert made.result.records == made.result.documents + len(made.rejected)


def test_a_row_with_far_too_many_columns_is_no_header(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.csv": "text," + ",".join(f"c{i}" for i in range(30)) + "\nA page of words\n"})
    assert ingest(raw, tmp_path / "out", max_columns=30).reasons == [("a.csv", "too_many_columns")]


def test_a_header_of_equal_names_takes_no_time_of_its_square(tmp_path: Path) -> None:
    from corpus_kit.ingest.formats.delimited import named

    assert len(set(named(["a"] * 10 + [f"b{i}" for i in range(200_000)]))) == 200_010


def packed(kind: str, members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(fileobj=made, mode="w:gz" if kind == "tar.gz" else "w") as tar:
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_an_archive_of_too_many_files_is_read_so_far(kind: str, tmp_path: Path) -> None:
    members = {f"{i}.txt": page(i).encode() for i in range(6)}
    raw = write(tmp_path / "raw", {f"a.{kind}": packed(kind, members)})
    made = ingest(raw, tmp_path / "out", max_archive_members=4)
    assert made.reasons == [(f"a.{kind}", "too_many_members")]
    assert made.result.documents == 4


def test_a_directory_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    members = {f"{i}.txt": page(i).encode() for i in range(60)}
    raw = write(tmp_path / "raw", {"a.zip": packed("zip", members)})
    assert ingest(raw, tmp_path / "out", max_metadata_bytes=1000).reasons == [("a.zip", "metadata_too_large")]


_COMPRESSED: dict[str, Any] = {"gz": gzip.compress, "xz": lzma.compress}


@pytest.mark.parametrize("suffix", _COMPRESSED)
def test_many_small_members_that_expand_are_one_bomb(suffix: str, tmp_path: Path) -> None:
    """No member alone comes to 32 MiB; together they come to 60 MB of an archive of some kilobytes."""
    line = json.dumps({"other": "a page of words " * 60_000}).encode() + b"\n"
    content = _COMPRESSED[suffix](line * 20)
    members = {f"{i}.jsonl.{suffix}": content for i in range(3)}
    assert sum(map(len, members.values())) < 200_000
    raw = write(tmp_path / "raw", {"a.tar": packed("tar", members)})
    made = ingest(raw, tmp_path / "out")
    found = Counter(reason for _, reason in made.reasons)
    assert found["decompression_bomb"] == 2 and 20 < found["missing_text"] < 40
    assert made.result.records == len(made.rejected)
    more = Counter(reason for _, reason in ingest(raw, tmp_path / "more", max_expansion=100_000).reasons)
    assert more == {"missing_text": 60}


def test_facts_of_a_member_are_short(tmp_path: Path) -> None:
    """The name of a member may be told by another one, of any size: it would be read into memory."""
    made = io.BytesIO()
    long = tarfile.TarInfo("././@LongLink")
    long.type, long.size = tarfile.GNUTYPE_LONGNAME, 30 * MB
    with tarfile.open(fileobj=made, mode="w") as tar:
        tar.addfile(long, io.BytesIO(b"a" * long.size))
    raw = write(tmp_path / "raw", {"a.tar": made.getvalue()})
    made_ = ingest(raw, tmp_path / "out")
    assert made_.reasons == [("a.tar", "malformed_archive")]
    assert "facts of a member" in made_.rejected[0]["detail"]


def test_every_bound_is_a_key_with_a_reason_that_names_it() -> None:
    from corpus_kit.core.config import Input
    from corpus_kit.core.reasons import REASONS
    from corpus_kit.ingest.formats.base import Limits

    keys = set(Limits.__dataclass_fields__)
    assert keys <= set(Input.model_fields)
    told = {key for reason in REASONS.values() for key in re.findall(r"input\.(max_\w+)", reason.meaning + reason.hint)}
    assert told == keys


def test_a_pattern_that_is_slow_on_every_line_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from corpus_kit.ingest.formats import text

    monkeypatch.setattr(text, "_SECONDS_OF_FILE", 0.2)
    raw = write(tmp_path / "raw", {"a.txt": ("a" * 22 + "!\n") * 2000})
    made = ingest(raw, tmp_path / "out", files=[{"glob": "*.txt", "records": "^(a|aa)+$"}])
    assert made.reasons == [("a.txt", "malformed_text")]


def test_a_reader_that_stumbles_costs_its_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from corpus_kit.ingest.formats import FORMATS, text

    def stumble(*_: object) -> Iterator[Any]:
        yield next(text.read(*_))  # type: ignore[arg-type]
        raise IndexError("list index out of range")

    monkeypatch.setitem(FORMATS, "jsonl", SimpleNamespace(read=stumble))
    raw = write(
        tmp_path / "raw", {"a.jsonl": '{"text": 1}', "b.txt": page(1), "c.zip": packed("zip", {"a.jsonl": b"{}"})}
    )
    made = ingest(raw, tmp_path / "out")
    assert [reason for _, reason in made.reasons] == ["reader_failed"] * 2
    assert made.rejected[0]["detail"] == "IndexError: list index out of range"
    assert made.result.documents == 3
    monkeypatch.setenv("CORPUS_KIT_DEBUG", "1")
    with pytest.raises(IndexError):
        ingest(raw, tmp_path / "again")


def test_a_tar_that_ends_within_a_member_is_refused(tmp_path: Path) -> None:
    whole = packed("tar", {"a.txt": page(1).encode(), "b.jsonl": b'{"text": "A page of words."}\n' * 200})
    raw = write(tmp_path / "raw", {"a.tar": whole[:5000]})
    made = ingest(raw, tmp_path / "out", id_scope="file")
    assert {reason for _, reason in made.reasons} == {"malformed_archive"}
    assert "a.tar/a.txt" in made.by_source


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_is_no_fault_of_the_disk(kind: int, tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", kind) as archive:
        archive.writestr("a.txt", page(1, 20))
        archive.writestr("b.txt", page(2, 20))
    content = made.getvalue()
    at = content.index(b"a.txt") + 30
    directory = content.index(b"PK\x01\x02")
    pages = {
        "member.zip": content[:at] + bytes(40) + content[at + 40 :],
        "place.zip": content[: directory + 42] + b"\xff\xff\xff\x7f" + content[directory + 46 :],
    }
    result = ingest(write(tmp_path / "raw", pages), tmp_path / "out")
    assert {reason for _, reason in result.reasons} == {"malformed_archive"}
    assert {"member.zip/b.txt", "place.zip/b.txt"} <= set(result.by_source)


def test_texts_of_one_long_word_or_a_million_dots_take_no_time_of_their_square() -> None:
    """What somebody's text may be is looked through once, not once for each of its letters."""
    from corpus_kit.core.offsets import alignment
    from corpus_kit.ledger.people import People
    from corpus_kit.release.publish import checks
    from corpus_kit.release.text_free import shingles

    word, dots = "a" * 300_000, "." * 300_000
    people = People(Path("none.json"))
    begun = time.monotonic()
    assert people.without_any_address(f"{word} @ {word}") == f"{word} @ {word}"
    assert people.without_any_address("zoe@mail.example!bo@mail.example,x") == "[address][address],x"
    assert not pc.match_substring_regex(pa.array([f"{word} {word}"]), checks._ADDRESS)[0].as_py()
    assert alignment._SENTENCE_END.search(f"{dots}x") is None
    assert list(shingles._SENTENCE.finditer(f"{dots}x\n"))
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("seed", range(20))
def test_addresses_are_where_a_pattern_finds_them(seed: int) -> None:
    from corpus_kit.ledger.people import _addresses

    pattern = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*")
    chance = Random(seed)
    for _ in range(500):
        text = "".join(chance.choice("aé1_.-!@@@ ,<>\n文") for _ in range(chance.randrange(30)))
        assert list(_addresses(text)) == [m.span() for m in pattern.finditer(text)], text
