"""What stands against publishing a release, as findings: a stranger cannot ask what was meant."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from corpus_kit.core.config.template import CARD_FILE, shipped
from corpus_kit.core.records import Finding

_ADDRESS = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
_PRINTED = frozenset({"text", "main_text", "tokens", "surface", "head_text", "tail_text", "title", "outlet", "url"})
"""Columns that hold what pages say. They may print an address of their own, but never one of an annotator."""


def publish_problems(release: Path, people: Collection[str] = ()) -> list[Finding]:
    """Everything that stands against publishing the folder `release`, apart from what `validate` finds.

    Args:
        release: a release, with its texts or without.
        people: e-mail addresses of annotators, as far as they are known.

    Returns:
        Findings: placeholders in the card, a licence that is not named, an e-mail address where none belongs, an
        annotator's address anywhere.
    """
    card = (release / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---\n", 2)[1]) if card.startswith("---\n") else {}
    return [*_placeholders(card), *_licence(front), *_addresses(release, people)]


def _placeholders(card: str) -> Iterator[Finding]:
    template = shipped(CARD_FILE).read_text(encoding="utf-8")
    asked = [line for line in template.split("\n") if line.startswith("*") and line.endswith("*")]
    for line in asked:
        if line in card.split("\n"):
            yield Finding(
                "placeholder", CARD_FILE, hint=f"The card still says {line!r}. Write the answer in its place."
            )


def _licence(front: dict[str, object]) -> Iterator[Finding]:
    licence = front.get("license")
    if licence in (None, "unknown"):
        yield Finding("licence_missing", CARD_FILE, column="license", hint="Name a licence in corpus.toml.")
    if licence == "other":
        for key in ("license_name", "license_link"):
            if not front.get(key):
                yield Finding(
                    "licence_missing",
                    CARD_FILE,
                    column=key,
                    hint=f"The licence is 'other'. Add `{key}:` to the card's front matter, or name a known licence.",
                )


def printed_addresses(release: Path) -> int:
    """How many texts of documents print an e-mail address; the card should say so."""
    counted = 0
    for path in sorted((release / "documents").glob("*.parquet")):
        with pq.ParquetFile(path) as file:
            if "text" in file.schema_arrow.names:
                counted += sum(
                    _matches(batch.column(0), _ADDRESS) for batch in file.iter_batches(500, columns=["text"])
                )
    return counted


def _addresses(release: Path, people: Collection[str]) -> Iterator[Finding]:
    """E-mail addresses by file and column, with their number. The address itself is never quoted."""
    known = "(?i)" + "|".join(re.escape(one) for one in sorted(people)) if people else ""
    for path in sorted(release.rglob("*.parquet")):
        with pq.ParquetFile(path) as file:
            counts: Counter[str] = Counter()
            for batch in file.iter_batches(batch_size=500):
                for name, column in zip(batch.schema.names, batch.columns, strict=True):
                    pattern = known if name in _PRINTED else _ADDRESS
                    counts[name] += sum(_matches(leaf, pattern) for leaf in _leaves(column)) if pattern else 0
        where = path.relative_to(release).as_posix()
        for name, count in sorted((+counts).items()):
            yield Finding("address", where, column=name, hint=f"{count:,} values hold an e-mail address. {_WHAT_NOW}")
    for path in sorted(release.rglob("*")) if people else ():
        if path.is_file() and path.suffix in (".md", ".json", ".csv", ".cff"):
            count = len(re.findall(known, path.read_text(encoding="utf-8", errors="replace")))
            if count:
                where = path.relative_to(release).as_posix()
                yield Finding("address", where, hint=f"An annotator's address is in it, {count:,} times. {_WHAT_NOW}")


_WHAT_NOW = "Take it out of the raw files, the ledger or `[release] meta`, and build again."


def _leaves(column: pa.Array) -> Iterator[pa.Array]:
    """Every array of strings in a column, however deep."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        yield column
    elif pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        yield from _leaves(column.flatten())
    elif pa.types.is_struct(column.type):
        for part in column.flatten():
            yield from _leaves(part)


def _matches(strings: pa.Array, pattern: str) -> int:
    """How many strings match; those without the sign of an address are not looked at twice."""
    likely = strings.filter(pc.match_substring(strings, "@"))
    return int(pc.sum(pc.match_substring_regex(likely, pattern)).as_py() or 0)


def told(findings: Sequence[Finding]) -> str:
    """The first findings in one line, for an error."""
    shown = "; ".join(str(one) for one in findings[:3])
    return shown + (f"; and {len(findings) - 3} more" if len(findings) > 3 else "")
