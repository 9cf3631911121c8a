"""What the template prints: every section's numbers, charts and sentences, ready made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from corpus_kit.core.config.corpus_toml import About
from corpus_kit.core.records import Finding, SuggesterOutcomes
from corpus_kit.core.vocabulary import BOILERPLATE, SPLITS
from corpus_kit.report.agreement import LayerAgreement
from corpus_kit.report.charts import Chart, bars, columns
from corpus_kit.report.labels import ControlLabels, Person
from corpus_kit.report.rejected import RejectedReason
from corpus_kit.report.shard import LENGTHS, SHARES
from corpus_kit.report.totals import Totals
from corpus_kit.report.worlds import WorldsShown

if TYPE_CHECKING:
    from corpus_kit.report.compare import Compared

_PUBLISHERS, _LANGUAGES, _MONTHS = 20, 15, 48


@dataclass(frozen=True, slots=True)
class SplitRow:
    """One split: documents, their share, and how many are in each language of the table."""

    split: str
    documents: int
    share: float
    languages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LayerLabels:
    """The label counts of one layer, a chart and a table for each control."""

    layer: str
    controls: tuple[tuple[ControlLabels, Chart], ...]


@dataclass(frozen=True, slots=True)
class View:
    """One field for each thing on the page; an empty one leaves its part out, with a sentence in its place."""

    title: str
    name: str
    version: str
    date: str
    licence: str
    toolkit: str
    fingerprint: str
    figures: tuple[tuple[str, str, str], ...]
    refused: Sequence[RejectedReason]
    refused_total: int
    stages: tuple[tuple[str, int], ...]
    came_in: tuple[Chart, ...]
    corpus: tuple[Chart, ...]
    publishers: int
    split_languages: tuple[str, ...]
    splits: tuple[SplitRow, ...]
    clusters: int
    copies: int
    largest_clusters: tuple[tuple[str, int], ...]
    cluster_sizes: Chart
    leaks: Sequence[Finding]
    split_rule: Mapping[str, Any]
    boilerplate: tuple[Chart, ...]
    boilerplate_share: float
    boilerplate_marked: int
    labels: tuple[LayerLabels, ...]
    agreement: Sequence[LayerAgreement]
    people: Sequence[Person]
    work: tuple[Chart, ...]
    accepted: Sequence[SuggesterOutcomes]
    released: tuple[tuple[str, str, int], ...]
    sampled: int
    documents: int
    in_sample: Collection[str]
    suggesters: tuple[tuple[str, str, float], ...] = ()
    compared: Compared | None = None
    worlds: WorldsShown | None = None


def make_view(
    about: About,
    manifests: Mapping[str, Mapping[str, Any]],
    totals: Totals,
    refused: Sequence[RejectedReason],
    leaks: Sequence[Finding],
    labels: Sequence[ControlLabels],
    agreement: Sequence[LayerAgreement],
    people: Sequence[Person],
    work: Mapping[str, Mapping[str, int]],
    accepted: Sequence[SuggesterOutcomes],
    sampled: int,
    in_sample: Collection[str],
    compared: Compared | None = None,
    worlds: WorldsShown | None = None,
) -> View:
    """Arrange the counts for the page. Nothing is read and nothing is estimated here."""
    release, rejected, suggestions = manifests["release"], manifests["rejected"], manifests["suggestions"]
    refused_total = int(rejected.get("rows", 0))
    layers = dict.fromkeys(control.layer for control in labels)
    characters = totals.sums["characters"]
    languages = tuple(name for name, _ in totals.languages.most_common(8))
    return View(
        title=about.title,
        name=about.name,
        version=about.version,
        date=about.date,
        licence=about.licence,
        toolkit=manifests["documents"]["toolkit"]["version"],
        fingerprint=release.get("fingerprint", ""),
        figures=_figures(totals, refused_total, people, manifests),
        refused=refused,
        refused_total=refused_total,
        stages=tuple((stage, n) for stage, n in rejected.get("stages", {}).items() if n),
        came_in=_came_in(totals, refused),
        corpus=_corpus(totals),
        publishers=totals.named_publishers,
        split_languages=languages,
        splits=_splits(totals, languages),
        clusters=totals.clusters.number,
        copies=totals.clusters.copies,
        largest_clusters=totals.clusters.largest,
        cluster_sizes=_cluster_sizes(totals),
        leaks=leaks,
        split_rule=manifests["documents"].get("split") or {},
        boilerplate=_boilerplate(totals),
        boilerplate_share=totals.sums["covered"] / characters if characters else 0.0,
        boilerplate_marked=totals.sums["marked"],
        labels=tuple(
            LayerLabels(name, tuple((c, _label_chart(c)) for c in labels if c.layer == name)) for name in layers
        ),
        agreement=agreement,
        people=people,
        work=_work(people, work),
        accepted=accepted,
        released=tuple(
            (config_name, split, sum(f["rows"] for f in files))
            for config_name, facts in release.get("configs", {}).items()
            for split, files in facts["splits"].items()
        ),
        sampled=sampled,
        documents=totals.documents,
        in_sample=in_sample,
        suggesters=tuple(
            (m["model"], m["version"], m["threshold"])
            for m in suggestions.get("models", [])
            if m["layer"] == BOILERPLATE
        ),
        compared=compared,
        worlds=worlds,
    )


def _figures(
    totals: Totals, refused: int, people: Sequence[Person], manifests: Mapping[str, Mapping[str, Any]]
) -> tuple[tuple[str, str, str], ...]:
    """Key figures: what, how many, and a word about it."""
    languages = sum(1 for name in totals.languages if name != "und")
    gold = manifests["gold"].get("layers", [])
    mean = round(totals.sums["characters"] / totals.documents) if totals.documents else 0
    read = totals.documents + int(manifests["rejected"].get("stages", {}).get("read", 0))
    made = [
        ("documents", f"{totals.documents:,}", f"of {_many(read, 'record', 'records')} read"),
        ("characters", f"{totals.sums['characters']:,}", f"{mean:,} a document"),
        ("publishers", f"{totals.named_publishers:,}", ""),
        ("languages", f"{languages:,}", ""),
        ("rejected", f"{refused:,}", "each with its reason" if refused else "nothing was refused"),
    ]
    annotators = {person.annotator for person in people}
    if annotators:
        made.append(
            (
                "annotators",
                f"{len(annotators):,}",
                _many(len({d for p in people for d in p.answered}), "document done", "documents done"),
            )
        )
    if gold:
        made.append(("open disagreements", f"{sum(layer['open'] for layer in gold):,}", "for people to settle"))
    return tuple(made)


def _many(n: int, one: str, several: str) -> str:
    return f"{n:,} {one if n == 1 else several}"


def _came_in(totals: Totals, refused: Sequence[RejectedReason]) -> tuple[Chart, ...]:
    charts = [
        bars("Rejected by reason", ("reason", "rejected"), [(one.reason, one.count) for one in refused[:20]]),
        bars("Encodings of the raw files", ("encoding", "documents"), _top(totals.encodings, 10)),
        bars("Line ends of the raw files", ("line end", "documents"), _top(totals.newlines, 10)),
    ]
    return tuple(chart for chart in charts if chart.rows)


def _corpus(totals: Totals) -> tuple[Chart, ...]:
    publishers = {name or "(not named)": one.documents for name, one in totals.publishers.items()}
    return (
        bars("Documents by publisher", ("publisher", "documents"), _top(publishers, _PUBLISHERS)),
        bars("Documents by language", ("language", "documents"), _top(totals.languages, _LANGUAGES)),
        columns("Documents by date", ("published", "documents"), _dates(totals.months)),
        columns("Documents by length", ("characters", "documents"), _lengths(totals)),
    )


def _top(counts: Mapping[str, int], most: int) -> list[tuple[str, float]]:
    """The largest, and the rest as one row: nothing is left out."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rest = ordered[most:]
    made: list[tuple[str, float]] = list(ordered[:most])
    if rest:
        made.append((f"{len(rest):,} others", sum(n for _, n in rest)))
    return made


def _dates(months: Mapping[str, int]) -> list[tuple[str, float]]:
    """By month with the empty ones between, by year where the corpus is longer; undated documents last."""
    dated = {month: n for month, n in months.items() if month}
    made: list[tuple[str, float]] = []
    if dated:
        first, last = min(dated), max(dated)
        span = _month_number(last) - _month_number(first) + 1
        if span <= _MONTHS:
            numbers = range(_month_number(first), _month_number(first) + span)
            made = [(name, dated.get(name, 0)) for name in (f"{n // 12:04d}-{n % 12 + 1:02d}" for n in numbers)]
        else:
            years: dict[str, int] = {}
            for month, n in dated.items():
                years[month[:4]] = years.get(month[:4], 0) + n
            wanted = [f"{year:04d}" for year in range(int(min(years)), int(max(years)) + 1)]
            listed = wanted if len(wanted) <= 2 * _MONTHS else sorted(years)
            made = [(year, years.get(year, 0)) for year in listed]
    if months.get(""):
        made.append(("no date", months[""]))
    return made


def _month_number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def _lengths(totals: Totals) -> list[tuple[str, float]]:
    if not totals.lengths:
        return []
    names = [f"< {_bound(LENGTHS[0])}", *(f"{_bound(bound)}+" for bound in LENGTHS)]
    used = range(min(totals.lengths), max(totals.lengths) + 1)
    return [(names[number], totals.lengths.get(number, 0)) for number in used]


def _bound(characters: int) -> str:
    if characters >= 1_000_000:
        return f"{characters // 1_000_000} M"
    return f"{characters // 1000} k" if characters >= 1000 else str(characters)


def _splits(totals: Totals, languages: Sequence[str]) -> tuple[SplitRow, ...]:
    made = []
    for split in (*SPLITS, ""):
        counts = totals.splits.get(split)
        if counts:
            n = sum(counts.values())
            rows = tuple(counts.get(language, 0) for language in languages)
            made.append(SplitRow(split or "no split", n, n / totals.documents, rows))
    return tuple(made)


def _cluster_sizes(totals: Totals) -> Chart:
    sizes = totals.clusters.sizes
    few: list[tuple[str, float]] = [(str(size), sizes[size]) for size in sorted(sizes) if size < 10]
    many = sum(n for size, n in sizes.items() if size >= 10)
    return columns(
        "Clusters of copies by size", ("documents in the cluster", "clusters"), few + ([("10+", many)] if many else [])
    )


def _boilerplate(totals: Totals) -> tuple[Chart, ...]:
    if not totals.sums["marked"]:
        return ()
    whole = totals.sums["characters"]
    labels = sorted(totals.boilerplate_labels.items(), key=lambda item: (-item[1], item[0]))
    none = totals.documents - sum(n for share, n in totals.boilerplate_shares.items() if share)
    shares: list[tuple[str, float]] = [("none", none)]
    step = 100 // SHARES
    shares += [(f"≤ {step * number} %", totals.boilerplate_shares.get(number, 0)) for number in range(1, SHARES + 1)]
    by_language = sorted(
        ((name, c["covered"] / c["characters"]) for name, c in totals.boilerplate_languages.items() if c["characters"]),
        key=lambda item: (-item[1], item[0]),
    )
    largest = sorted(totals.publishers.items(), key=lambda item: (-item[1].documents, item[0]))[:_PUBLISHERS]
    by_publisher = [(name or "(not named)", one.covered / one.characters) for name, one in largest if one.characters]
    return (
        columns("Documents by share of boilerplate", ("share of the text", "documents"), shares),
        bars("Share of all text, by kind", ("kind", "share"), [(n, c / whole) for n, c in labels], percent=True),
        bars("Share of boilerplate by language", ("language", "share"), by_language[:_LANGUAGES], percent=True),
        bars(
            "Share of boilerplate, the largest publishers",
            ("publisher", "share"),
            sorted(by_publisher, key=lambda item: (-item[1], item[0])),
            percent=True,
        ),
    )


def _label_chart(control: ControlLabels) -> Chart:
    """Gold where there is some, else what people gave, else what is suggested."""
    for source, words in (("gold", "gold"), ("people", "given by people"), ("suggested", "suggested")):
        if any(getattr(label, source) for label in control.labels):
            name = control.target or control.control
            rows = [(label.label, float(getattr(label, source))) for label in control.labels]
            return bars(f"{name}: labels, {words}", ("label", words), [(label, int(n)) for label, n in rows])
    return bars(f"{control.target or control.control}: labels", ("label", "count"), [])


def _work(people: Sequence[Person], work: Mapping[str, Mapping[str, int]]) -> tuple[Chart, ...]:
    charts = []
    for layer in dict.fromkeys(person.layer for person in people):
        mine = [(person.annotator, person.done) for person in people if person.layer == layer]
        charts.append(bars(f"{layer}: documents done", ("annotator", "documents"), mine[:40]))
    months: dict[str, int] = {}
    for counts in work.values():
        for month, n in counts.items():
            months[month] = months.get(month, 0) + n
    if months:
        charts.append(columns("Annotations by month", ("month", "annotations"), _dates(months)))
    return tuple(charts)
