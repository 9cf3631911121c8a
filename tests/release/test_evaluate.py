"""Scores of predictions, against counts made by hand, `nervaluate` and scikit-learn, all read from the release's files."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from corpus_kit import Corpus
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import UsageError

Span = tuple[str, int, int, str]
"""doc_id, start, end, label"""


def rows_of(release: Path, config: str, split: str = "*") -> list[dict[str, Any]]:
    files = sorted((release / config).glob(f"{split}-*.parquet"))
    return [row for file in files for row in pl.read_parquet(file, hive_partitioning=False).iter_rows(named=True)]


def gold_spans(release: Path, layer: str) -> dict[str, set[Span]]:
    return {
        row["doc_id"]: {(row["doc_id"], one["start"], one["end"], one["label"]) for one in row[f"gold_{layer}"]}
        for row in rows_of(release, "documents")
        if row[f"gold_{layer}"] is not None
    }


def guesses(release: Path, layer: str = "entities", seed: int = 3) -> dict[str, list[Span]]:
    """What a careless model says: some names missing, some cut, some with another label, and places in dispute marked."""
    chance = random.Random(seed)
    made: dict[str, list[Span]] = {}
    for row in rows_of(release, "documents"):
        own = set()
        for one in row[f"gold_{layer}"] or ():
            fate, start, end, label = chance.random(), one["start"], one["end"], one["label"]
            if fate < 0.6:
                own.add((row["doc_id"], start, end, label))
            elif fate < 0.8 and end - start > 2:
                own.add((row["doc_id"], start + 1, end, label))
            elif fate < 0.9:
                own.add((row["doc_id"], start, end, "ORG"))
        for one in row["open_spans"] or ():
            if one["layer"] == layer and chance.random() < 0.7:
                own.add((row["doc_id"], one["start"], one["end"], one["label"]))
        made[row["doc_id"]] = sorted(own)
    return made


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def as_rows(marks: Mapping[str, Iterable[Span]]) -> Iterator[dict[str, Any]]:
    for doc_id, own in marks.items():
        yield {"doc_id": doc_id, "spans": [{"start": a, "end": b, "label": label} for _, a, b, label in own]}


@cache
def _evaluated(built: Path, file: Path, layer: str) -> Any:
    (made,) = Corpus.open(built).evaluate(file, layer, split="all")
    return made


def score(built: Path, file: Path, layer: str = "entities", **wanted: Any) -> Any:
    """The one score with these fields, on all splits."""
    made = _evaluated(built, file, layer)
    wanted = {"person": None, "by": None, "value_of": None} | wanted
    (found,) = [s for s in made.scores if all(getattr(s, name) == value for name, value in wanted.items())]
    return found


def f1(right: float, found: float, wanted: float) -> float:
    return 2 * right / (found + wanted)


def touches(mark: Span, places: Iterable[Mapping[str, Any]]) -> bool:
    return any(mark[1] < place["end"] and place["start"] < mark[2] for place in places)


def test_exact_f1_counts_what_is_settled_only(built_sample: Path, sample_release: Path, tmp_path: Path) -> None:
    gold, guessed = gold_spans(sample_release, "entities"), guesses(sample_release)
    places = {
        row["doc_id"]: [p for p in row["open_spans"] or () if p["layer"] == "entities"]
        for row in rows_of(sample_release, "documents")
    }
    wanted = set().union(*gold.values())
    everything = {mark for doc_id, own in guessed.items() if doc_id in gold for mark in own}
    hidden = {mark for mark in everything if mark not in wanted and touches(mark, places[mark[0]])}
    assert len(hidden) > 20
    found = everything - hidden
    got = score(built_sample, write(tmp_path / "p.jsonl", as_rows(guessed)), measure="f1_exact", against="gold")
    assert got.value == pytest.approx(f1(len(found & wanted), len(found), len(wanted)))
    assert (got.found, got.wanted, got.masked) == (len(found), len(wanted), len(hidden))
    assert got.precision == pytest.approx(len(found & wanted) / len(found))
    assert got.recall == pytest.approx(len(found & wanted) / len(wanted))
    assert got.low < got.value < got.high
    unmasked = f1(len(everything & wanted), len(everything), len(wanted))
    assert got.value > unmasked + 0.01


def test_exact_f1_is_what_nervaluate_calls_strict(built_sample: Path, sample_release: Path, tmp_path: Path) -> None:
    from nervaluate.evaluator import Evaluator

    gold = gold_spans(sample_release, "entities")
    guessed = {
        doc_id: [m for m in own if m in gold[doc_id] or m[3] == "ORG"]
        for doc_id, own in guesses(sample_release).items()
    }
    file = write(tmp_path / "p.jsonl", as_rows(guessed))
    (made,) = Corpus.open(built_sample).evaluate(file, "entities", split="all")
    whole = made.scores[0]
    marks = [score for score in made.scores if score.by == "label"]
    assert whole.masked or sum(score.masked for score in marks) >= 0

    def listed(marks: Iterable[Span]) -> list[dict[str, Any]]:
        return [{"label": label, "start": a, "end": b} for _, a, b, label in sorted(marks)]

    places = {row["doc_id"]: row["open_spans"] or [] for row in rows_of(sample_release, "documents")}
    kept = {
        d: [m for m in own if m in gold[d] or not touches(m, [p for p in places[d] if p["layer"] == "entities"])]
        for d, own in guessed.items()
    }
    docs = sorted(gold)
    tags = sorted({mark[3] for own in (*gold.values(), *kept.values()) for mark in own})
    result = Evaluator(
        [listed(gold[d]) for d in docs], [listed(kept[d]) for d in docs], tags=tags, loader="dict"
    ).evaluate()
    assert whole.value == pytest.approx(result["overall"]["strict"].f1)
    assert whole.precision == pytest.approx(result["overall"]["strict"].precision)
    for one in marks:
        assert one.value == pytest.approx(result["entities"][one.value_of]["strict"].f1), one.value_of


def jaccard(one: Span, two: Span) -> float:
    return (min(one[2], two[2]) - max(one[1], two[1])) / (max(one[2], two[2]) - min(one[1], two[1]))


def best_of(mark: Span, others: Iterable[Span]) -> Span | None:
    """The span of the same label that shares most with a mark."""
    meet = [other for other in others if other[3] == mark[3] and other[1] < mark[2] and mark[1] < other[2]]
    return max(meet, key=lambda other: (jaccard(mark, other), -other[1], -other[2]), default=None)


def test_partial_and_macro_f1_by_hand(built_sample: Path, sample_release: Path, tmp_path: Path) -> None:
    gold = gold_spans(sample_release, "entities")
    texts = {row["doc_id"]: row["text"] for row in rows_of(sample_release, "documents")}
    clean = {
        d: sorted(
            (d, a + 1, b, label) if b - a > 3 and not texts[d][a + 1].isspace() else (d, a, b, label)
            for _, a, b, label in own
            if a % 3
        )
        for d, own in gold.items()
    }
    file = write(tmp_path / "p.jsonl", as_rows(clean))
    places = {
        row["doc_id"]: [p for p in row["open_spans"] or () if p["layer"] == "entities"]
        for row in rows_of(sample_release, "documents")
    }
    credit, found = 0.0, 0
    per_label: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for doc_id, own in clean.items():
        for mark in own:
            if mark not in gold[doc_id] and touches(mark, places[doc_id]):
                continue
            found += 1
            per_label[mark[3]][1] += 1
            per_label[mark[3]][0] += mark in gold[doc_id]
            partner = best_of(mark, gold[doc_id])
            if partner and best_of(partner, own) == mark:
                credit += jaccard(mark, partner)
    for theirs in gold.values():
        for mark in theirs:
            per_label[mark[3]][2] += 1
    wanted = sum(map(len, gold.values()))
    assert score(built_sample, file, measure="f1_partial").value == pytest.approx(f1(credit, found, wanted))
    mean = sum(f1(*counts) for counts in per_label.values()) / len(per_label)
    assert score(built_sample, file, measure="f1_macro").value == pytest.approx(mean)


def people_of(release: Path, layer: str) -> dict[str, dict[str, set[Span]]]:
    """annotator → document → spans, from the single judgements."""
    made: dict[str, dict[str, set[Span]]] = defaultdict(lambda: defaultdict(set))
    for row in rows_of(release, "annotations"):
        if row["layer"] == layer:
            own = made[row["annotator"]][row["doc_id"]]
            if row["kind"] == "span":
                own.add((row["doc_id"], row["start"], row["end"], row["value"]))
    return made


def test_soft_f1_and_people_by_hand(built_sample: Path, sample_release: Path, tmp_path: Path) -> None:
    people, guessed = people_of(sample_release, "entities"), guesses(sample_release)
    file = write(tmp_path / "p.jsonl", as_rows(guessed))
    votes: dict[Span, float] = defaultdict(float)
    for docs in people.values():
        for doc_id, own in docs.items():
            for mark in own:
                votes[mark] += 1 / sum(doc_id in others for others in people.values())
    found = [mark for own in guessed.values() for mark in own if any(mark[0] in docs for docs in people.values())]
    soft = score(built_sample, file, measure="f1_soft")
    assert soft.value == pytest.approx(f1(sum(votes[mark] for mark in found), len(found), sum(votes.values())))
    counted = [0, 0]
    for name, docs in people.items():
        own = {mark for doc_id in docs for mark in guessed[doc_id]}
        theirs = set().union(*docs.values())
        against = score(built_sample, file, who="predictions", against=name)
        assert against.value == pytest.approx(f1(len(own & theirs), len(own), len(theirs)))
        assert against.documents == len(docs)
        right = total = 0
        for other, their_docs in people.items():
            for doc_id in docs.keys() & their_docs.keys() if other != name else ():
                right += len(docs[doc_id] & their_docs[doc_id])
                total += len(docs[doc_id]) + len(their_docs[doc_id])
        ceiling = score(built_sample, file, who=name, against="others", person=name)
        assert ceiling.value == pytest.approx(2 * right / total)
        counted[0], counted[1] = counted[0] + right, counted[1] + total
    assert score(built_sample, file, who="people", against="others").value == pytest.approx(2 * counted[0] / counted[1])


def test_a_person_against_gold_without_them_by_hand(built_sample: Path, sample_release: Path, tmp_path: Path) -> None:
    people, guessed = people_of(sample_release, "entities"), guesses(sample_release)
    file = write(tmp_path / "p.jsonl", as_rows(guessed))
    for name, docs in people.items():
        sums = {name: [0, 0, 0], "predictions": [0, 0, 0]}
        for doc_id, mine in docs.items():
            others = [theirs[doc_id] for who, theirs in people.items() if who != name and doc_id in theirs]
            if len(others) < 2:
                continue
            votes: dict[Span, float] = defaultdict(float)
            for own in others:
                for mark in own:
                    votes[mark] += 1 / len(others)
            most = {mark for mark, share in votes.items() if share > 0.5}
            half = [{"start": m[1], "end": m[2]} for m, share in votes.items() if share == 0.5]
            for who, marks in ((name, mine), ("predictions", set(guessed[doc_id]))):
                scored = {mark for mark in marks if mark in most or not touches(mark, half)}
                for at, n in enumerate((len(scored & most), len(scored), len(most))):
                    sums[who][at] += n
        for who, counts in sums.items():
            got = score(built_sample, file, who=who, against="majority of the others", person=name)
            assert got.value == pytest.approx(f1(*counts))


def test_answers_are_what_scikit_learn_counts(built_sample: Path, sample_release: Path, tmp_path: Path) -> None:
    from sklearn.metrics import accuracy_score, f1_score

    names = ["favour", "against", "neutral", "not_mentioned", "unclear"]
    chance = random.Random(5)
    gold = {(row["doc_id"], row["target"]): names[row["label"]] for row in rows_of(sample_release, "stance")}
    asked = [(row["doc_id"], row["target"]) for row in rows_of(sample_release, "stance_soft")]
    said = {key: gold[key] if key in gold and chance.random() < 0.6 else chance.choice(names[:4]) for key in asked}
    by_document: dict[str, list[dict[str, str]]] = defaultdict(list)
    for (doc_id, target), answer in said.items():
        by_document[doc_id].append({"target": target, "label": answer})
    file = write(tmp_path / "p.jsonl", ({"doc_id": d, "choices": own} for d, own in by_document.items()))
    truth, answers = [gold[key] for key in gold], [said[key] for key in gold]
    exact = score(built_sample, file, "stance", measure="f1_exact", against="gold")
    assert exact.value == pytest.approx(accuracy_score(truth, answers))
    assert exact.masked == len(said) - len(gold) > 0  # questions that people did not settle
    macro = f1_score(truth, answers, average="macro")
    assert score(built_sample, file, "stance", measure="f1_macro").value == pytest.approx(macro)
    soft = sum(
        row["distribution"][names.index(said[row["doc_id"], row["target"]])]
        for row in rows_of(sample_release, "stance_soft")
    )
    assert score(built_sample, file, "stance", measure="f1_soft").value == pytest.approx(soft / len(asked))
    for language in ("en", "pl"):
        own = [
            key
            for key in gold
            if {r["doc_id"]: r["language"] for r in rows_of(sample_release, "documents")}[key[0]] == language
        ]
        part = score(built_sample, file, "stance", by="language", value_of=language)
        assert part.value == pytest.approx(accuracy_score([gold[k] for k in own], [said[k] for k in own]))


def test_lines_are_what_scikit_learn_counts(built_sample: Path, sample_release: Path, tmp_path: Path) -> None:
    from sklearn.metrics import f1_score

    chance = random.Random(6)
    rows = rows_of(sample_release, "boilerplate")
    said = [row["label"] if chance.random() < 0.7 else chance.randrange(4) for row in rows]
    said = [0 if label == 10 else label for label in said]
    lines = ({"doc_id": r["doc_id"], "line": r["line"], "label": label} for r, label in zip(rows, said, strict=True))
    file = write(tmp_path / "p.jsonl", lines)
    settled = [(row["label"], label) for row, label in zip(rows, said, strict=True) if row["label"] != 10]
    assert len(settled) < len(rows)
    truth, answers = zip(*settled, strict=True)
    micro = f1_score(truth, answers, average="micro", labels=range(1, 10), zero_division=0)
    assert score(built_sample, file, "boilerplate", measure="f1_exact", against="gold").value == pytest.approx(micro)


def test_one_set_of_predictions_in_every_form(built_sample: Path, sample_release: Path, tmp_path: Path) -> None:
    rows = rows_of(sample_release, "entities")
    names = ["O"] + [
        f"{p}-{n}" for n in "PERSON ORG GPE LOC FAC NORP EVENT DATE MONEY LAW PRODUCT WORK_OF_ART".split() for p in "BI"
    ]
    numbers = [{"doc_id": r["doc_id"], "tokens": r["tokens"], "ner_tags": r["ner_tags"]} for r in rows]
    words = [{"doc_id": r["doc_id"], "tags": [names[tag] for tag in r["ner_tags"]]} for r in rows]
    spans: dict[str, list[Span]] = {}
    for row in rows:
        own: list[list[Any]] = []
        for tag, start, end in zip(row["ner_tags"], row["token_starts"], row["token_ends"], strict=True):
            if names[tag][0] == "B":
                own.append([row["doc_id"], start, end, names[tag][2:]])
            elif names[tag][0] == "I":
                own[-1][2] = end
        spans[row["doc_id"]] = [tuple(one) for one in own]  # type: ignore[misc]
    flat = [{"doc_id": d, "start": a - 1, "end": b, "label": n} for own in spans.values() for d, a, b, n in own]
    pl.DataFrame(numbers).write_parquet(tmp_path / "p.parquet")
    (tmp_path / "p.json").write_text(json.dumps(list(as_rows(spans))), encoding="utf-8")
    files = [
        tmp_path / "p.parquet",
        tmp_path / "p.json",
        write(tmp_path / "numbers.jsonl", numbers),
        write(tmp_path / "words.jsonl", words),
    ]
    values = {score(built_sample, file, measure="f1_exact", against="gold").value for file in files}
    assert len(values) == 1
    assert min(values) > 0.99  # tags cannot carry nested names
    texts = {row["doc_id"]: row["text"] for row in rows_of(sample_release, "documents")}
    edged = [one for one in flat if texts[one["doc_id"]][one["start"]].isspace()]
    assert len(edged) > 100
    exact = score(built_sample, write(tmp_path / "edged.jsonl", edged), measure="f1_exact", against="gold")
    assert exact.precision == 1.0  # white space at an edge does not count


def test_a_release_without_texts_and_without_its_corpus_is_enough(
    built_sample: Path, sample_release: Path, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(built_sample, tmp_path / "copy", ignore=shutil.ignore_patterns(".work"))
    made = Corpus.open(tmp_path / "copy").export("text-free", tmp_path / "without")
    file = write(tmp_path / "p.jsonl", as_rows(guesses(sample_release)))
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    (there,) = Corpus.without(alone).evaluate(file, "entities", release=made.folder)
    (here,) = Corpus.open(built_sample).evaluate(file, "entities")
    assert there.scores == here.scores
    assert here.scores[0].documents == len(rows_of(sample_release, "entities", "test"))  # the split `test` by default


@pytest.mark.parametrize(
    ("rows", "options", "sentence"),
    [
        ([{"spans": []}], {}, "Row 1 of .* has no doc_id"),
        ([{"doc_id": "x", "spans": [{"start": 4, "end": 4, "label": "ORG"}]}], {}, "4-4 is no place"),
        ([{"doc_id": "x", "spans": [{"start": 4, "label": "ORG"}]}], {}, "end is missing"),
        ([{"doc_id": "x", "layer": "entites", "spans": []}], {}, "no layer 'entites'. Did you mean 'entities'"),
        ([{"doc_id": "x"}], {}, "neither spans, choices, lines nor tags"),
        ([{"doc_id": "x", "spans": []}], {"split": "tset"}, "no split 'tset'"),
        ([], {}, "holds no predictions"),
    ],
)
def test_what_is_no_prediction_is_named(
    built_sample: Path, tmp_path: Path, rows: list[Any], options: dict[str, str], sentence: str
) -> None:
    file = write(tmp_path / "p.jsonl", rows)
    with pytest.raises(UsageError, match=sentence):
        Corpus.open(built_sample).evaluate(file, **options)


def test_tags_of_other_tokens_are_refused(built_sample: Path, sample_release: Path, tmp_path: Path) -> None:
    row = rows_of(sample_release, "entities", "test")[0]
    file = write(tmp_path / "p.jsonl", [{"doc_id": row["doc_id"], "tags": ["O"]}])
    with pytest.raises(UsageError, match="1 tags for the"):
        Corpus.open(built_sample).evaluate(file)


def test_the_command_prints_the_scores_and_says_what_was_left_out(
    built_sample: Path, sample_release: Path, tmp_path: Path
) -> None:
    guessed = guesses(sample_release)
    dropped = rows_of(sample_release, "entities", "test")[0]["doc_id"]
    kept = {doc_id: own for doc_id, own in guessed.items() if doc_id != dropped}
    file = write(tmp_path / "p.jsonl", as_rows(kept))
    done = CliRunner().invoke(cli, ["evaluate", str(file), "--corpus", str(built_sample)])
    assert done.exit_code == 0, done.output
    assert "1 documents with gold are not in the file" in done.stderr
    assert "belong to nothing in this split" in done.stderr
    assert "people" in done.stdout
    told = CliRunner().invoke(cli, ["evaluate", str(file), "--corpus", str(built_sample), "--json", "--split", "all"])
    (layer,) = json.loads(told.stdout)
    assert layer["layer"] == "entities"
    assert layer["not_named"] == 1
    assert layer["scores"][0]["measure"] == "f1_exact"
