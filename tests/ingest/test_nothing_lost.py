"""records read = documents + rejected, over any mix of files; and what is accepted is the file's own text."""

from __future__ import annotations

import gzip
import json

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_samples import ingest, write

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LINES = st.one_of(
    st.builds(lambda t: json.dumps({"text": t}), TEXTS),
    st.builds(lambda t, i: json.dumps({"text": t, "id": i}, ensure_ascii=False), TEXTS, st.integers(0, 3)),
    st.builds(json.dumps, st.one_of(st.none(), st.integers(), TEXTS, st.lists(TEXTS, max_size=2))),
    st.sampled_from(["{", '{"text": "\\ud800"}', '{"text": "\\u0000"}', '{"body": 1}', "", " ", '{"text": 1}']),
)
CONTENTS = {
    "txt": st.one_of(TEXTS.map(str.encode), st.binary(max_size=60)),
    "md": st.one_of(TEXTS.map(lambda t: t.encode("utf-16")), st.binary(max_size=60)),
    "jsonl": st.one_of(st.lists(LINES, max_size=6).map(lambda ls: "\n".join(ls).encode()), st.binary(max_size=60)),
    "json": st.one_of(st.lists(LINES, max_size=3).map(lambda ls: f"[{','.join(ls)}]".encode()), st.binary(max_size=60)),
    "csv": st.one_of(
        st.lists(TEXTS, max_size=4).map(lambda ts: ("id,text\n" + "\n".join(ts)).encode()), st.binary(max_size=60)
    ),
    "parquet": st.binary(max_size=60),
    "pdf": st.binary(max_size=5),
}
PACKED = {
    "": lambda b: b,
    ".gz": gzip.compress,
    ".zst": lambda b: zstandard.compress(b),
}


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    suffix = draw(st.sampled_from(sorted(CONTENTS)))
    packing = draw(st.sampled_from(sorted(PACKED)))
    content = PACKED[packing](draw(CONTENTS[suffix]))
    cut = draw(st.sampled_from([0, 0, 0, 3]))
    folder = draw(st.sampled_from(["", "a/", "б/"]))
    return f"{folder}{draw(st.sampled_from('xyz'))}.{suffix}{packing}", content[: len(content) - cut]


@settings(max_examples=15)
@given(st.lists(files(), min_size=1, max_size=8).map(dict))
def test_records_read_are_documents_and_rejected(
    tmp_path_factory: pytest.TempPathFactory, pages: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("mix")
    made = ingest(write(folder / "raw", pages), folder / "out")  # holds the sums on the way
    assert made.result.files == len(pages)
    # Every file is named by at least one row, on one side or the other.
    named = {str(row["source"]).split("#")[0] for row in made.documents + made.rejected}
    assert named == set(pages)
    assert len({d["doc_id"] for d in made.documents}) == len(made.documents)
    again = ingest(folder / "raw", folder / "other")
    assert (again.documents, again.rejected) == (made.documents, made.rejected)


@settings(max_examples=15)
@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_lines_of_jsonl_are_all_accounted_for_and_texts_are_exact(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    lines = "".join(json.dumps({"text": t}) + "\n" for t in texts)
    made = ingest(write(folder / "raw", {"a.jsonl": lines}), folder / "out")
    assert made.result.records == len(texts)
    for document in made.documents:
        given = texts[int(document["source"].split("#")[1]) - 1]
        assert document["text"] == given.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        assert document["n_chars"] == len(document["text"])
    assert {r["reason"] for r in made.rejected} <= {"empty_text", "nul_character"}
