"""The card's generated parts on labels: who labelled what, what became gold, how far people agreed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus_kit.core.measures import ON_THE_CARD

NOTHING = "This version holds no annotations.\n"


@dataclass(frozen=True, slots=True)
class CardLabels:
    """gold: the layers of `data/gold`'s manifest. agreement: `agreement.json` beside it."""

    gold: Sequence[Mapping[str, Any]]
    agreement: Mapping[str, Any]


def labels_part(manifest: Mapping[str, Any], told: CardLabels | None) -> str:
    """Annotators, guidelines, policy and gold by layer; labels by configuration; what could not be carried."""
    if told is None:
        return NOTHING
    work = {one["layer"]: one for one in told.agreement.get("work", [])}
    rows = []
    for gold in told.gold:
        people = work.get(gold["layer"], {})
        if not people.get("annotations"):
            continue
        several = sum(n for many, n in people["by_people"].items() if many != "1")
        rows.append(
            (
                f"`{gold['layer']}`",
                f"{len(people['annotators'])}",
                f"{people['annotations']:,}",
                f"{people['documents']:,}",
                f"{several:,}",
                _guidelines(people),
                gold["policy"] if gold["boundary"] == "exact" else f"{gold['policy']}, {gold['boundary']}",
                f"{gold['documents']:,}",
                f"{gold['open']:,}",
                f"{gold.get('unknown', 0):,}",
            )
        )
    if not rows:
        return NOTHING
    header = (
        "layer",
        "annotators",
        "annotations",
        "documents",
        "by several",
        "guidelines",
        "policy",
        "with gold",
        "open",
        "not known",
    )
    made = markdown_table(header, rows)
    made += "\nOpen are disagreements that the policy did not settle; they are not part of the gold."
    made += " Not known are answers that could not be read: they are neither yes nor no.\n"
    for config, counts in manifest.get("labels", {}).items():
        total = sum(counts.values())
        shares = [(f"`{label}`", f"{n:,}", f"{n / total:.1%}" if total else "–") for label, n in counts.items()]
        made += f"\n`{config}`:\n\n" + markdown_table(("label", "times", "share"), shares)
    return made + _losses(manifest.get("losses", {}))


def _guidelines(work: Mapping[str, Any]) -> str:
    version = work.get("guidelines_version") or "–"
    older = work.get("older_guidelines", 0)
    return f"{version} ({older:,} annotations by an older text)" if older else version


def _losses(lost: Mapping[str, Mapping[str, int]]) -> str:
    if not lost:
        return ""
    rows = [(f"`{config}`", f"`{why}`", f"{n:,}") for config, reasons in lost.items() for why, n in reasons.items()]
    return "\nLabels that a configuration cannot carry (`losses.csv` names each):\n\n" + markdown_table(
        ("configuration", "reason", "labels"), rows
    )


def agreement_part(told: CardLabels | None) -> str:
    """Figures of everybody together, per layer and target; a figure that is not defined says why."""
    if told is None:
        return NOTHING
    rows, reasons = [], []
    for figure, _ in shown_figures(told):
        what = figure["target"] or figure["control"] or ""
        if figure["value"] is None:
            reasons.append(f"- `{figure['layer']}` `{what}`, {ON_THE_CARD[figure['measure']]}: {figure['reason']}\n")
            continue
        interval = "–" if figure["low"] is None else f"{figure['low']:.2f} to {figure['high']:.2f}"
        place = f"`{figure['layer']}`", f"`{what}`", ON_THE_CARD[figure["measure"]]
        people = f"{figure['n_documents']:,}", f"{len(figure['annotators'])}"
        rows.append((*place, f"{figure['value']:.2f}", interval, *people))
    if not rows and not reasons:
        return NOTHING
    header = ("layer", "of", "measure", "figure", "95 % interval", "documents", "annotators")
    made = markdown_table(header, rows) if rows else ""
    left_out = told.agreement.get("left_out", [])
    made += f"\nWithout the reviewers, who saw others' answers: {', '.join(left_out)}.\n" if left_out else ""
    return made + ("\nNot defined:\n\n" + "".join(reasons) if reasons else "")


def shown_figures(told: CardLabels) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The figures of everybody together that the card shows, each with its name."""
    figures = [f for f in told.agreement.get("figures", []) if not f["pair"] and f["label"] is None]
    targets = {_facts(f) for f in figures if f["target"]}
    for figure in figures:
        if figure["measure"] in ON_THE_CARD and (figure["target"] or _facts(figure) not in targets):
            yield figure, ON_THE_CARD[figure["measure"]]


def _facts(figure: Mapping[str, Any]) -> tuple[Any, ...]:
    return figure["measure"], figure["layer"], figure["value"], figure["low"], figure["high"], figure["n_items"]


def markdown_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(
        "| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in row) + " |\n" for row in lines
    )
