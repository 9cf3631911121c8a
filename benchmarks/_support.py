"""What several benchmarks share: a made-up corpus with names marked in it, without a build."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus_kit.core.config import Duplicates
from corpus_kit.core.identity import by_path
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Silent
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.folders import write_manifest
from corpus_kit.core.storage.tables import arrow_schema, write_table
from corpus_kit.corpus import Corpus
from corpus_kit.dedup.find import find_copies
from corpus_kit.dedup.settings import DedupRecipe as CopyRecipe
from corpus_kit.ingest.assemble import write_documents
from corpus_kit.ingest.assign import assign
from corpus_kit.ingest.batch import ReadRecipe
from corpus_kit.ingest.documents import read_documents

CONFIG = """<View><Labels name="label" toName="text"><Label value="PERSON"/><Label value="ORG"/></Labels>
<Text name="text" value="$text"/></View>"""
WORDS = (
    "Zoë ACME Vesk ferry harbour minister Драскія 🚀 said that the strike of teachers in Port Sellane goes on".split()
)
SPANS = 5


def text_of(number: int, size: int = 5000) -> str:
    rng = random.Random(number)
    words = [f"Page {number}."]
    length = len(words[0])
    while length < size:
        words.append(rng.choice(WORDS))
        length += len(words[-1].encode()) + 1
    return " ".join(words) + "\n"


def spans_of(number: int, text: str) -> list[tuple[int, int]]:
    rng = random.Random(-number)
    starts = sorted(rng.sample(range(len(text) - 20), SPANS))
    return [(s, s + 8) for s in starts]


def make_corpus(root: Path, count: int, *, suggest: bool) -> Corpus:
    (root / "annotation" / "names").mkdir(parents=True)
    (root / "annotation" / "names" / "config.xml").write_text(CONFIG, encoding="utf-8")
    (root / "corpus.toml").write_text(f'name = "{root.name}"\nlayers = ["names"]\n', encoding="utf-8")
    documents, suggestions = [], []
    for number in range(count):
        text, source = text_of(number), f"{number:06}.txt"
        sha = hashlib.sha256(text.encode()).hexdigest()
        row: dict[str, Any] = {"doc_id": by_path("", source).doc_id, "source": source, "text": text, "text_sha256": sha}
        row |= {"raw_sha256": sha, "raw_bytes": len(text.encode()), "encoding": "utf-8", "newline": "lf"}
        row |= {"language": "en", "n_chars": len(text), "n_lines": 1}
        documents.append(dict.fromkeys(columns_of("documents")) | row)
        for nth, (start, end) in enumerate(spans_of(number, text) if suggest else ()):
            suggestions.append(
                {"suggestion_id": f"{source}-{nth}", "doc_id": row["doc_id"], "layer": "names", "control": "label",
                 "start": start, "end": end, "label": "ORG", "surface": text[start:end], "score": 0.9, "model": "m",
                 "model_version": "m-1", "text_sha256": sha}
            )  # fmt: skip
    for table, rows in (("documents", documents), ("suggestions", suggestions)):
        if rows:
            folder = root / "data" / table
            folder.mkdir(parents=True)
            made = pa.Table.from_pylist(rows, schema=arrow_schema(columns_of(table)))
            write_table(folder / f"{table}-00000.parquet", made)
            write_manifest(folder)
    return Corpus.open(root)


def documents_only(
    raw: Sequence[Path], out: Path, work: Path, recipe: ReadRecipe, pool: Workers, refusals: Refusals
) -> None:
    """`out/documents` from the raw files; only equal texts are copies, nothing is suggested."""
    read = read_documents(raw, work, recipe, pool, Silent())
    equal_only = CopyRecipe(Duplicates(near=False))
    clusters, _ = find_copies(read.shards, read.ids, read.texts, work / "duplicates", equal_only, pool, Silent())
    assignment = assign(read, clusters, None, None)
    write_documents(read, assignment, out, work, rules={}, refusals=refusals, workers=pool, progress=Silent())
