"""Gold and agreement of a `Bench`, as a build makes them, read back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl
from ledger_samples import Bench, Made

from corpus_kit.agreement.gold.build import Gold, GoldSources, build_gold
from corpus_kit.agreement.gold.tables import GOLD_TABLES
from corpus_kit.core.config import AdjudicationSettings, AgreementSettings
from corpus_kit.core.config.template import shipped
from corpus_kit.core.progress import Silent
from corpus_kit.core.schema.file import read_contract_file
from corpus_kit.core.storage.folders import work_folder

Json = dict[str, Any]
_CONTRACTS: dict[str, Any] = {}


@dataclass
class Settled:
    """made: the tables of the ledger. gold: the summary; the tables by name."""

    made: Made
    gold: Gold
    annotations: list[Json] = field(default_factory=list)
    spans: list[Json] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    decisions: list[Json] = field(default_factory=list)


def settled(bench: Bench, *, check: bool = True, **settings: Any) -> Settled:
    """The tables and gold of what the bench was brought. settings: of `[adjudication]`."""
    made = bench.make(check=check)
    if not _CONTRACTS:
        _CONTRACTS.update({t: read_contract_file(shipped("schemas") / f"{t}.yaml") for t in GOLD_TABLES})
    with work_folder(bench.data) as work:
        sources = GoldSources(
            bench.data, work, bench.layers, _CONTRACTS, AdjudicationSettings(**settings), AgreementSettings(resamples=0)
        )
        gold = build_gold(sources, Silent())
    assert gold is not None
    found = Settled(made, gold)
    for name in ("annotations", "spans", "choices", "decisions"):
        files = sorted((bench.data / "gold").glob(f"{name}-*.parquet"))
        setattr(found, name, pl.concat([pl.read_parquet(f) for f in files]).to_dicts())
    return found
