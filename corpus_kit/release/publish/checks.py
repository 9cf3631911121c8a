"""What stands against publishing a release, as findings: a stranger cannot ask what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from corpus_kit.core.config.template import CARD_FILE, shipped
from corpus_kit.core.records import Finding

_ADDRESS = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_PEOPLE = frozenset({"annotator", "annotation_id", "span_id", "to_span", "answers", "who"})
"""Columns about annotators. The texts themselves may well print an address of their own."""


def publish_problems(release: Path) -> list[Finding]:
    """Everything that stands against publishing the folder `release`, apart from what `validate` finds.

    Args:
        release: a release, with its texts or without.

    Returns:
        Findings: placeholders in the card, a licence that is not named, an annotator's e-mail address.
    """
    card = (release / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---\n", 2)[1]) if card.startswith("---\n") else {}
    return [*_placeholders(card), *_licence(front), *_addresses(release)]


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


def _addresses(release: Path) -> Iterator[Finding]:
    """E-mail addresses in what the release says of people. The address itself is never quoted."""
    for path in sorted(release.rglob("*.parquet")):
        with pq.ParquetFile(path) as file:
            columns = [name for name in file.schema_arrow.names if name in _PEOPLE]
            found = {
                name
                for batch in (file.iter_batches(columns=columns) if columns else ())
                for name in columns
                if any(_ADDRESS.search(str(value)) for value in batch[name].to_pylist() if value is not None)
            }
        for name in sorted(found):
            where = path.relative_to(release).as_posix()
            yield Finding(
                "address", where, column=name, hint="An e-mail address of an annotator is in it. Build again."
            )


def told(findings: Sequence[Finding]) -> str:
    """The first findings in one line, for an error."""
    shown = "; ".join(str(one) for one in findings[:3])
    return shown + (f"; and {len(findings) - 3} more" if len(findings) > 3 else "")
