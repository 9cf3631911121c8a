"""The RAI vocabulary of Croissant: how the data came about, who annotated it, how far they agree, what it is fit for.

What the release knows is written from its figures: annotation protocol, agreement with intervals, annotations per item,
missing data, models. What only people know (biases, limits, uses, maintenance) is taken from the sections of the card.
Source: http://mlcommons.org/croissant/RAI/1.0, after T. Gebru et al. (2021), Datasheets for datasets, Commun. ACM 64(12).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpus_kit.release.card_labels import CardLabels, shown_figures

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
_GENERATED = re.compile(
    r"<!-- corpus-kit:begin (?P<name>[\w-]+) -->.*?<!-- corpus-kit:end (?P=name) -->|```.*?```|<!--.*?-->", re.DOTALL
)
_SECTIONS = {
    "dataCollection": ("collection process", "initial data collection", "data collection", "source data"),
    "dataUseCases": ("uses", "supported tasks"),
    "dataBiases": ("biases", "discussion of biases", "bias"),
    "dataLimitations": ("limitations", "other known limitations", "considerations for using the data"),
    "dataSocialImpact": ("social impact", "social impact of dataset"),
    "personalSensitiveInformation": ("personal and sensitive information",),
    "annotatorDemographics": ("annotators", "who are the annotators"),
    "dataReleaseMaintenancePlan": ("maintenance",),
}
"""Property → headings of the card whose words it takes, the first that is there."""
_SEVERAL = frozenset({"dataUseCases", "dataBiases", "dataLimitations", "personalSensitiveInformation"})
_SEVERAL |= {"annotatorDemographics"}


def responsible(
    body: str, manifest: Mapping[str, Any], rejected: Mapping[str, int], told: CardLabels | None, models: Sequence[str]
) -> dict[str, Any]:
    """The properties, each with the prefix `rai:`.

    Args:
        body: The card below its front matter; generated parts, code and lines still to be filled in do not count.
        manifest: Of the release.
        rejected: Reason → records.
        told: Of the labels; None where there are none.
        models: Names and versions of what made suggestions.
    """
    made: dict[str, Any] = {
        "dataCollectionMissingData": _missing(manifest["counts"]["totals"], rejected),
        "dataPreprocessingProtocol": _PREPROCESSING,
    }
    if told is not None:
        made |= {
            "dataAnnotationProtocol": list(_protocol(told)),
            "dataAnnotationAnalysis": list(_analysis(told)),
            "annotationsPerItem": " ".join(_per_item(told)),
        }
    if models:
        made["machineAnnotationTools"] = list(models)
    sections = prose_of(body)
    for name, headings in _SECTIONS.items():
        words = next((sections[heading] for heading in headings if sections.get(heading)), "")
        if words:
            made[name] = [words] if name in _SEVERAL else words
    return {f"rai:{name}": value for name, value in sorted(made.items()) if value}


def prose_of(body: str) -> dict[str, str]:
    """Heading in lower case → the words below it, up to the next heading of whatever level."""
    sections: dict[str, list[str]] = {}
    heading = ""
    for line in _GENERATED.sub("", body).splitlines():
        found = _HEADING.match(line)
        if found:
            heading = found[1].lower().rstrip("?")
        elif not (line.startswith("*") and line.rstrip().endswith("*")):  # a question of the template
            sections.setdefault(heading, []).append(line.strip())
    return {name: " ".join(filter(None, lines)) for name, lines in sections.items()}


_PREPROCESSING = [
    "Texts are decoded strictly; line breaks become LF and a byte order mark is left out. Nothing else is changed.",
    "Near-copies are kept and share a `duplicate_cluster`, which lies on one side of the split.",
    "Boilerplate is marked, not removed; `main_text` is the text without it.",
]


def _missing(totals: Mapping[str, int], rejected: Mapping[str, int]) -> str:
    documents = totals["documents"]
    missing = {name: documents - totals[f"with_{key}"] for name, key in _FACTS.items()}
    told = ", ".join(f"{count:,} have no {name}" for name, count in missing.items())
    refused = ", ".join(f"{count:,} for {reason}" for reason, count in rejected.items())
    return f"Of {documents:,} documents {told}. Records rejected: {refused or 'none'}."


_FACTS = {"headline": "title", "date": "date", "outlet": "outlet"}


def _protocol(told: CardLabels) -> Iterator[str]:
    work = {one["layer"]: one for one in told.agreement.get("work", [])}
    for gold in told.gold:
        people = work.get(gold["layer"], {})
        if people.get("annotations"):
            version = people.get("guidelines_version") or "without a number"
            sha256 = people.get("guidelines_sha256") or "unknown"
            yield (
                f"{gold['layer']}: {len(people['annotators'])} annotators, known by pseudonym, guidelines version {version} "
                f"(sha256 {sha256}). Gold by the policy {gold['policy']}, boundaries {gold['boundary']}; "
                f"{gold['open']:,} disagreements are open and marked as such."
            )


def _analysis(told: CardLabels) -> Iterator[str]:
    for figure, name in shown_figures(told):
        if figure["value"] is not None:
            place = " ".join(filter(None, (figure["layer"], figure["target"] or figure["control"])))
            between = "no interval" if figure["low"] is None else f"95 % {figure['low']:.3f} to {figure['high']:.3f}"
            count = f"{figure['n_documents']:,} documents, {len(figure['annotators'])} annotators"
            yield f"{place}: {name} {figure['value']:.3f} ({between}; {count})."


def _per_item(told: CardLabels) -> Iterator[str]:
    for one in told.agreement.get("work", []):
        if one.get("annotations"):
            shares = ", ".join(f"{n:,} documents by {many}" for many, n in one["by_people"].items())
            yield f"{one['layer']}: {shares}."
