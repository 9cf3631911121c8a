"""What 500 exports say, by the plainest reading of their JSON: no code of the project takes part.

Texts are words with one blank between them and spans whole words, so boundaries are no question here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

LABELS = ("PERSON", "PLACE")
TONES = ("plain", "loud")
Json = dict[str, Any]


@dataclass
class Verdict:
    """spans: (start, end, label) → (outcome, votes for, votes). unknown: people whose spans could not be read.

    gold: None where it is not known. tags: of the words, None without gold.
    """

    gold: set[tuple[int, int, str]] | None
    spans: dict[tuple[int, int, str], tuple[str, int, int]]
    tone: tuple[str, str | None] | None
    unknown: int
    people: set[str] = field(default_factory=set)
    tags: list[str] | None = None


def person(annotation: Json, emails: dict[int, str]) -> str:
    by = annotation["completed_by"]
    return by["email"].lower() if isinstance(by, dict) else emails[by]


def verdict(text: str, annotations: list[Json], emails: dict[int, str]) -> Verdict:
    """emails: who is behind a number on the one server that all exports come from."""
    latest: dict[str, Json] = {}
    for one in annotations:  # a later export of the same annotation counts
        known = latest.get(one["unique_id"])
        if known is None or one["updated_at"] >= known["updated_at"]:
            latest[one["unique_id"]] = one
    mine: dict[str, Json] = {}
    stars: list[Json] = []
    for one in latest.values():
        if one["was_cancelled"]:
            continue
        who = person(one, emails)
        if who not in mine or one["updated_at"] > mine[who]["updated_at"]:
            mine[who] = one
        if one["ground_truth"]:
            stars.append(one)
    star = max(stars, key=lambda a: a["updated_at"], default=None)
    said = {who: reading(text, one) for who, one in mine.items()}
    if star is not None:  # it stands beside its author's place
        said[person(star, emails)] = reading(text, star)
    known = {who: r for who, r in said.items() if r[0] is not None}
    spans = decide(known, None if star is None else person(star, emails))
    found = Verdict(None, spans, tone_of(said, star, emails), len(said) - len(known), set(said))
    if known:
        found.gold = {place for place, (outcome, *_) in spans.items() if outcome == "gold"}
        found.tags = tags(text, found.gold)
    return found


def reading(text: str, annotation: Json) -> tuple[set[tuple[int, int, str]] | None, str | None]:
    """(spans, tone) of an annotation; None for spans of which one could not be read, "?" for such a tone."""
    spans: set[tuple[int, int, str]] | None = set()
    tone: str | None = None
    for result in annotation["result"]:
        value = result["value"]
        if result["type"] == "labels":
            sound = 0 <= value["start"] < value["end"] <= len(text) and value["labels"][0] in LABELS
            if not sound:
                spans = None
            elif spans is not None:
                spans.add((value["start"], value["end"], value["labels"][0]))
        elif result["type"] == "choices":
            tone = value["choices"][0] if value["choices"][0] in TONES else "?"
    return spans, tone


def decide(known: dict[str, Any], chief: str | None) -> dict[tuple[int, int, str], tuple[str, int, int]]:
    votes = Counter(place for spans, _ in known.values() for place in spans)
    made = {}
    for place, n in votes.items():
        if chief in known:
            made[place] = ("gold" if place in known[chief][0] else "none", n, len(known))
            continue
        outcome = "gold" if 2 * n > len(known) else "open" if 2 * n == len(known) else "none"
        here = [q for q in votes if q[:2] == place[:2]]
        someone = {who for who, (spans, _) in known.items() if any(q in spans for q in here)}
        settled = any(2 * votes[q] > len(known) for q in here)
        if outcome == "none" and not settled and 2 * len(someone) >= len(known):
            outcome = "open"  # that something is there half agree, but not on what
        made[place] = (outcome, n, len(known))
    return made


def tone_of(said: dict[str, Any], star: Json | None, emails: dict[int, str]) -> tuple[str, str | None] | None:
    given = {who: tone for who, (_, tone) in said.items() if tone is not None}
    readable = {who: tone for who, tone in given.items() if tone != "?"}
    if not given:
        return None
    if not readable:
        return "open", None
    chief = None if star is None else person(star, emails)
    if chief in readable:
        return "gold", readable[chief]
    best, n = Counter(readable.values()).most_common(1)[0]
    return ("gold", best) if 2 * n > len(readable) else ("open", None)


def tags(text: str, gold: set[tuple[int, int, str]]) -> list[str]:
    """BIO tags of the words; of two labels on one word the first of the alphabet is tagged."""
    at: dict[tuple[int, int], list[str]] = defaultdict(list)
    for start, end, label in gold:
        at[start, end].append(label)
    made, start = [], 0
    for word in text.split(" "):
        labels = sorted(at[start, start + len(word)])
        made.append(f"B-{labels[0]}" if labels else "O")
        start += len(word) + 1
    return made


def people(exports: list[list[Json]]) -> dict[str, Any]:
    """unique_id → who made it: one number of one server, which two exports are when they share an annotation."""
    parent: dict[Any, Any] = {}

    def root(node: Any) -> Any:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for number, tasks in enumerate(exports):
        for one in (a for task in tasks for a in task["annotations"]):
            parent[root(("annotation", one["unique_id"]))] = root(("export", number))
    for number, tasks in enumerate(exports):
        for one in (a for task in tasks for kind in ("annotations", "drafts") for a in task[kind]):
            by = one["completed_by"]
            number_of = (root(("export", number)), by["id"] if isinstance(by, dict) else by)
            if isinstance(by, dict):
                parent[root(("person", *number_of))] = root(("address", by["email"].lower()))
    made = {}
    for number, tasks in enumerate(exports):
        for one in (a for task in tasks for a in task["annotations"]):
            by = one["completed_by"]
            made[one["unique_id"]] = root(
                ("person", root(("export", number)), by["id"] if isinstance(by, dict) else by)
            )
    return made
