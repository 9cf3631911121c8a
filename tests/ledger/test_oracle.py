"""500 generated exports of several people against an oracle that shares no code: gold, votes, tags, people."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from pathlib import Path
from typing import Any

import oracle
import pytest
from gold_samples import settled
from ledger_samples import Bench, doc_id, sha

from corpus_kit.release.export.tokens import LabelledSpan, tag

CONFIG = """<View><Labels name="label" toName="text"><Label value="PERSON"/><Label value="PLACE"/></Labels>
<Choices name="tone" toName="text"><Choice value="plain"/><Choice value="loud"/></Choices>
<DateTime name="day" toName="text"/><Text name="text" value="$text"/></View>"""
WORDS = "Zoë Ana Lima Rome met saw left Bob Eve 🚀 Ilvara Ōsaka ferry late".split()
EXPORTS, PER_LEDGER = 500, 50
Json = dict[str, Any]


class World:
    """One server: its people by number, their work, and exports of it, some with addresses and some without."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.emails = {n: f"p{n}.{seed}@x.example" for n in range(1, 7)}
        self.texts: dict[str, str] = {}
        self.work: dict[str, list[Json]] = defaultdict(list)
        self.brought: dict[str, list[Json]] = defaultdict(list)

    def annotation(self, text: str, number: int, minute: int) -> Json:
        rng, results, start = self.rng, [], 0
        for word in text.split(" "):
            end = start + len(word)
            if rng.random() < 0.3:
                results.append(
                    self.result("labels", {"start": start, "end": end, "labels": [rng.choice(oracle.LABELS)]})
                )
            start = end + 1
        odd = rng.random()
        if odd < 0.12:  # rejected: a label that is gone, or a place behind the end
            results.append(self.result("labels", {"start": 0, "end": 2, "labels": ["DRAGON"]}))
        elif odd < 0.2:
            results.append(self.result("labels", {"start": 500, "end": 900, "labels": ["PERSON"]}))
        if rng.random() < 0.6:
            tone = rng.choice([*oracle.TONES, *oracle.TONES, "gone"])
            results.append(self.result("choices", {"choices": [tone]}))
        if rng.random() < 0.2:  # payload only
            results.append(self.result("datetime", {"datetime": "2031-01-01"}))
        at = f"2031-01-01T{minute // 60:02d}:{minute % 60:02d}:00.{rng.randrange(10**6):06d}Z"
        return {
            "id": rng.randrange(10**6), "unique_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            "completed_by": number,
            "result": results, "was_cancelled": rng.random() < 0.1, "ground_truth": rng.random() < 0.06,
            "created_at": at, "updated_at": at, "lead_time": 2.0,
        }  # fmt: skip

    def result(self, kind: str, value: Json) -> Json:
        name = {"labels": "label", "choices": "tone", "datetime": "day"}[kind]
        return {
            "id": f"r{self.rng.getrandbits(40)}",
            "from_name": name,
            "to_name": "text",
            "type": kind,
            "value": value,
        }

    def export(self, number: int) -> list[Json]:
        """A document with its people's work, and sometimes one of before again, changed or not."""
        rng, name = self.rng, f"d{number}"
        self.texts[name] = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(2, 9))) + f" {number}"
        people = rng.sample(sorted(self.emails), rng.randrange(1, 5))
        for minute, who in enumerate(people):
            self.work[name].append(self.annotation(self.texts[name], who, minute))
        if rng.random() < 0.2:  # somebody answers a second time
            self.work[name].append(self.annotation(self.texts[name], people[0], 30))
        again = [n for n in self.texts if n != name and rng.random() < 0.1]
        for old in again:
            if rng.random() < 0.5 and self.work[old]:
                one = rng.choice(self.work[old])
                newer = self.annotation(self.texts[old], one["completed_by"], 60 + number)
                keep = {key: one[key] for key in ("id", "unique_id", "completed_by", "created_at")}
                self.work[old][self.work[old].index(one)] = newer | keep
        with_addresses = rng.random() < 0.3
        tasks = []
        for nth, page in enumerate([name, *again]):
            told = [self.told(a, with_addresses) for a in self.work[page]]
            draft = self.annotation(self.texts[page], people[0], 5) | {"user": people[0]}
            data = {"doc_id": doc_id(page), "text": self.texts[page], "text_sha256": sha(self.texts[page])}
            tasks.append({"id": nth, "project": 4, "data": data, "annotations": told, "drafts": [draft]})
            self.brought[page] += told
        return tasks

    def told(self, annotation: Json, with_addresses: bool) -> Json:
        number = annotation["completed_by"]
        return annotation | {"completed_by": {"id": number, "email": self.emails[number]} if with_addresses else number}


@pytest.mark.parametrize("seed", range(EXPORTS // PER_LEDGER))
def test_gold_votes_tags_and_people_are_those_of_the_oracle(tmp_path: Path, seed: int) -> None:
    world = World(seed)
    exports = [world.export(number) for number in range(PER_LEDGER)]
    bench = Bench(tmp_path, world.texts, {"ner": CONFIG})
    for number, tasks in enumerate(exports):
        bench.bring(tasks, "ner", f"export-{number}.json")
    found = settled(bench, check=False)
    gold = defaultdict(set)
    for row in found.spans:
        gold[row["doc_id"]].add((row["start"], row["end"], row["label"]))
    having = {a["doc_id"] for a in found.annotations if "label" not in (a["unread"] or "")}
    decided: defaultdict[str, dict[Any, Any]] = defaultdict(dict)
    tones: dict[str, tuple[str, Any]] = {}
    for row in found.decisions:
        if row["table"] == "spans" and row["item"]:
            start, _, rest = row["item"].partition("-")
            end, _, label = rest.partition(":")
            told = (row["outcome"], row["votes_for"], row["votes"])
            decided[row["doc_id"]][int(start), int(end), label] = (told, row["unknown"])
        elif row["control"] == "tone":
            tones[row["doc_id"]] = (row["outcome"], row["value"])
    for name, text in world.texts.items():
        own = doc_id(name)
        want = oracle.verdict(text, world.brought[name], world.emails)
        assert (gold[own] if own in having else None) == want.gold, name
        assert {place: told for place, (told, _) in decided[own].items()} == want.spans, name
        assert all(unknown == want.unknown for _, unknown in decided[own].values()), name
        assert tones.get(own) == want.tone, name
        if want.tags is not None:
            marks = [LabelledSpan(*place) for place in sorted(gold[own])]
            assert tag(text, marks).tags == want.tags, name
    want_people = oracle.people(exports)
    got: dict[str, set[str]] = defaultdict(set)
    want_groups: dict[Any, set[str]] = defaultdict(set)
    for row in found.made.annotations:
        if row["status"] != "draft":
            got[row["annotator"]].add(row["annotation_id"])
            want_groups[want_people[row["annotation_id"]]].add(row["annotation_id"])
    assert sorted(map(sorted, got.values())) == sorted(map(sorted, want_groups.values()))
