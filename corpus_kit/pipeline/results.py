"""What the larger methods of `Corpus` return."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.ingest.documents import Ingested
from corpus_kit.release.build import Released

if TYPE_CHECKING:
    from corpus_kit.agreement.gold.build import Gold
    from corpus_kit.ledger.annotations import Annotated
    from corpus_kit.suggest.build import Suggested
    from corpus_kit.suggest.entities.stage import EntitiesMade
    from corpus_kit.suggest.models.stage import LayerMade


@dataclass(slots=True)
class BuildResult:
    """What `build` made. out: the folder of the made folders. release: None when no document was accepted.

    annotated: what was made of the ledger, None where it holds nothing. gold: what people settled, likewise.
    suggested: what is suggested to be boilerplate, None where that is off. entities: what is suggested as names, likewise.
    report: its page, None where none was wanted. models: what other models suggest, by layer.
    """

    out: Path
    ingested: Ingested
    annotated: Annotated | None = None
    gold: Gold | None = None
    release: Released | None = None
    release_folder: Path | None = None
    suggested: Suggested | None = None
    report: Path | None = None
    entities: EntitiesMade | None = None
    models: list[LayerMade] = field(default_factory=list)

    @property
    def documents(self) -> int:
        return self.ingested.documents

    @property
    def rejected(self) -> dict[str, int]:
        """Reason → count, of records, of what the ledger brought and of suggestions."""
        found = Counter(self.ingested.rejected) + Counter(self.annotated.rejected if self.annotated else {})
        found += Counter(self.suggested.rejected if self.suggested else {})
        found += Counter(self.entities.suggested.rejected if self.entities else {})
        for made in self.models:
            found += Counter(made.suggested.rejected)
        return dict(sorted(found.items()))

    def rejected_source(self, reason: str) -> str:
        """The source of one row that was rejected for that reason, always the same one; "" where none has a source."""
        import polars as pl

        files = sorted((self.out / "rejected").glob("*.parquet"))
        if not files:
            return ""
        rows = pl.scan_parquet(files, hive_partitioning=False).filter(pl.col("reason") == reason)
        return rows.select(pl.col("source").min()).collect(engine="streaming").item() or ""


@dataclass(slots=True)
class ExportResult:
    """format: as asked. rows: config → split → count. losses: config → reason → what it cannot carry."""

    format: str
    folder: Path
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    unchanged: bool = False
    losses: dict[str, dict[str, int]] = field(default_factory=dict)
