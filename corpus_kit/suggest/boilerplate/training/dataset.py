"""Read pages with their main text, and count what was kept of them."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlparse

from corpus_kit.suggest.boilerplate.training.align import keep_labels
from corpus_kit.suggest.boilerplate.training.augment import Page
from corpus_kit.suggest.boilerplate.training.fit import Settings, fold_of

_WORD = re.compile(r"\w+")
_SHINGLE = 4


@dataclass(frozen=True, slots=True)
class TrainingPage:
    """A page: its text, its main text as people reviewed it, and the fold of its host."""

    text: str
    reference: str
    fold: int

    def page(self) -> Page:
        """Lines with the share of each that is main text."""
        return list(zip(self.text.split("\n"), keep_labels(self.text, self.reference), strict=True))


def read_examples(path: Path) -> list[TrainingPage]:
    """Examples from JSON Lines (gzip if it ends in .gz) with `id`, `url`, `text` and `reference`."""
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    return [TrainingPage(r["text"], r["reference"], fold_of(urlparse(r["url"] or "").netloc or r["id"])) for r in rows]


def made_of(path: Path, examples: list[TrainingPage], settings: Settings) -> str:
    """What a model is grown from and how, as JSON: sha256 and size of the dataset at `path`, settings."""
    data = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "pages": len(examples)}
    return json.dumps({"data": data, "settings": asdict(settings)}, sort_keys=True)


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Multiset of runs of four words, as article-extraction-benchmark counts them."""
    words = _WORD.findall(text)
    return Counter(tuple(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1)))


def precision_recall(kept: str, reference: str) -> tuple[float, float]:
    """Of the kept text against the reference; both 1.0 when nothing was wanted and nothing kept."""
    have, want = shingles(kept), shingles(reference)
    hit = sum((have & want).values())
    return hit / max(1, sum(have.values())), hit / max(1, sum(want.values()))
