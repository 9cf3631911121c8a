"""Gold is what the policy says, every decision is on record, and no tie ever becomes gold."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import polars as pl
import pytest
from agreement_tables import ANNOTATIONS, CHOICES, RELATIONS, SPANS, annotation, choice, span, table
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.agreement import AdjudicatedTables, Policy, adjudicate, current_spans, gold_annotation_id, gold_span_id
from corpus_kit.agreement.gold.span_votes import DrawnSpan, settle
from corpus_kit.core.errors import UsageError

Rows = list[dict[str, Any]]
Some = Sequence[dict[str, Any]]
TEXT = "".join(chr(97 + i % 26) for i in range(200))


def settled(
    policy: Policy,
    made: Rows,
    spans: Some = (),
    choices: Some = (),
    relations: Some = (),
) -> AdjudicatedTables:
    return adjudicate(
        table(made, ANNOTATIONS), table(spans, SPANS), table(choices, CHOICES), table(relations, RELATIONS), policy
    )


def voted(answers: Sequence[str | None], policy: Policy, kind: str = "choice") -> AdjudicatedTables:
    made = [annotation("d", f"a{i}") for i in range(len(answers))]
    chosen = [choice(m, v, kind=kind) for m, v in zip(made, answers, strict=True) if v is not None]
    return settled(policy, made, choices=chosen)


def values(found: AdjudicatedTables) -> list[str]:
    return found.choices["value"].to_list()


def drawn(people: Sequence[Sequence[tuple[int, int] | tuple[int, int, str]]], policy: Policy) -> AdjudicatedTables:
    """One document; for each annotator, the spans (start, end[, label]) they marked."""
    made = [annotation("d", f"a{i}", layer="entities") for i in range(len(people))]
    spans = [span(m, *one) for m, mine in zip(made, people, strict=True) for one in mine]
    return settled(policy, made, spans)


def extents(found: AdjudicatedTables) -> list[tuple[int, int, str]]:
    return found.spans.select("start", "end", "label").rows()


def outcomes(found: AdjudicatedTables) -> list[str]:
    return found.decisions["outcome"].to_list()


@pytest.mark.parametrize(
    ("answers", "policy", "gold"),
    [
        (["x", "x", "y"], "majority", ["x"]),
        (["x", "y"], "majority", []),
        (["x", "x", "y", "z"], "majority", []),
        (["x", "x", "y", "y"], "majority", []),
        (["x"], "majority", ["x"]),
        (["x", "x", None], "majority", ["x"]),
        (["x", "x", "y"], "unanimous", []),
        (["x", "x", "x"], "unanimous", ["x"]),
        (["x", "y"], "dawid-skene", []),
        (["x", "x"], "dawid-skene", ["x"]),
    ],
)
def test_choices_are_gold_when_the_policy_says_so_and_open_when_not(
    answers: list[str | None], policy: str, gold: list[str]
) -> None:
    found = voted(answers, Policy(policy))
    assert values(found) == gold
    assert outcomes(found) == (["gold"] if gold else ["open"])
    decision = found.log()[0]
    assert decision.inputs == tuple(f"stance/d/a{i}" for i, v in enumerate(answers) if v)
    assert decision.votes == len(decision.inputs)
    assert decision.policy == policy
    assert decision.value == (gold[0] if gold else None)
    assert decision.why.endswith(".")


def test_the_reason_tells_the_votes() -> None:
    assert voted(["x", "x", "y"], Policy()).log()[0].why == "2 of 3 agree: x 2, y 1."
    assert voted(["x", "y"], Policy()).log()[0].why == "None has more than half: x 1, y 1."


def test_few_votes_stay_open() -> None:
    found = voted(["x"], Policy(min_votes=2))
    assert outcomes(found) == ["open"]
    assert found.log()[0].why == "1 answered, 2 are needed."
    assert outcomes(voted(["x"], Policy("dawid-skene", min_votes=2))) == ["open"]


def test_a_reviewer_wins_against_all_others_and_the_first_named_against_the_second() -> None:
    found = voted(["x", "x", "y", "z"], Policy(reviewers=("a2", "a3")))
    assert values(found) == ["y"]
    assert found.log()[0].why == "Settled by the reviewer a2; votes: x 2, y 1, z 1."
    assert (found.log()[0].policy, found.log()[0].votes_for) == ("reviewer", 1)
    assert values(voted(["x", "x", None, "z"], Policy(reviewers=("a2", "a3")))) == ["z"]
    assert values(voted(["x", "x", None], Policy(reviewers=("a2",)))) == ["x"]


def test_under_the_policy_reviewer_nothing_else_is_gold() -> None:
    assert outcomes(voted(["x", "x"], Policy("reviewer", reviewers=("boss",)))) == ["open"]
    assert values(voted(["x", "y"], Policy("reviewer", reviewers=("a1",)))) == ["y"]


@pytest.mark.parametrize("wrong", [{"name": "majorty"}, {"boundary": "unoin"}])
def test_a_policy_that_does_not_exist_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        Policy(**wrong)  # type: ignore[arg-type]
    assert caught.value.hint


def ticked(boxes: Sequence[str], policy: Policy) -> AdjudicatedTables:
    made = [annotation("d", f"a{i}") for i in range(len(boxes))]
    return settled(policy, made, choices=[choice(m, v) for m, mine in zip(made, boxes, strict=True) for v in mine])


def test_checkboxes_are_voted_on_box_by_box() -> None:
    found = ticked(["xy", "xy", "xz"], Policy())
    assert values(found) == ["x", "y"]
    assert {d.item: d.outcome for d in found.log()} == {"x": "gold", "y": "gold", "z": "none"}


def test_an_answer_with_one_box_in_dispute_is_open_as_a_whole() -> None:
    found = ticked(["xy", "x"], Policy())
    assert values(found) == []
    assert outcomes(found) == ["open", "open"]


def test_targets_are_settled_apart() -> None:
    made = [annotation("d", a) for a in "ab"]
    chosen = [choice(m, v, target=t) for m in made for t, v in (("rail", "x"), ("road", m["annotator"]))]
    found = settled(Policy(), made, choices=chosen)
    assert found.choices.select("target", "value").rows() == [("rail", "x")]
    assert {d.item: d.outcome for d in found.log()} == {"rail": "gold", "road": "open"}


@pytest.mark.parametrize(
    ("people", "boundary", "gold"),
    [
        ([[(0, 9)], [(0, 9)], [(0, 9)]], "exact", [(0, 9, "PER")]),
        ([[(0, 9)], [(0, 9)], []], "exact", [(0, 9, "PER")]),
        ([[(0, 9)], [], []], "exact", []),
        ([[(0, 9)], [(0, 9)], [(2, 9)]], "intersection", [(0, 9, "PER")]),
        ([[(0, 9)], [(1, 9)], [(0, 8)]], "exact", []),
        ([[(0, 9)], [(1, 9)], [(0, 8)]], "union", [(0, 9, "PER")]),
        ([[(0, 9)], [(1, 9)], [(0, 8)]], "intersection", [(1, 8, "PER")]),
        ([[(0, 9)], [(1, 9)], [(0, 8)]], "characters", [(0, 9, "PER")]),
        ([[(0, 9)], [(4, 20)], []], "characters", [(4, 9, "PER")]),
        ([[(0, 9)], [(4, 20)], []], "union", [(0, 20, "PER")]),
        ([[(0, 9)], [(4, 20)]], "characters", [(4, 9, "PER")]),
        ([[(0, 9)], [(9, 20)]], "union", []),
        ([[(0, 10)], [(8, 20)], [(18, 30)]], "characters", [(8, 10, "PER"), (18, 20, "PER")]),
        ([[(0, 4), (4, 8)], [(0, 4), (4, 8)], [(0, 8)]], "characters", [(0, 4, "PER"), (4, 8, "PER")]),
        ([[(0, 20), (5, 8)], [(0, 20), (5, 9)], []], "characters", [(0, 20, "PER"), (5, 8, "PER")]),
        ([[(0, 20), (5, 8)], [(0, 20), (5, 8)], []], "exact", [(0, 20, "PER"), (5, 8, "PER")]),
    ],
)
def test_boundaries_are_settled_as_the_policy_names(
    people: list[list[tuple[int, int]]], boundary: str, gold: list[tuple[int, int, str]]
) -> None:
    found = drawn(people, Policy(boundary=boundary))
    assert extents(found) == gold
    for start, end, surface in found.spans.select("start", "end", "surface").iter_rows():
        assert surface == TEXT[start:end]


@pytest.mark.parametrize("boundary", ["exact", "union", "intersection", "characters"])
@pytest.mark.parametrize(
    "people",
    [
        [[(0, 9)], []],
        [[(0, 9)], [(0, 9)], [], []],
        [[(0, 9, "PER")], [(0, 9, "ORG")]],
        [[(0, 9, "PER")], [(0, 9, "ORG")], []],
        [[(0, 9, "PER")], [(0, 9, "ORG")], [(0, 9, "LOC")]],
    ],
)
def test_ties_are_open_and_never_gold(people: list[list[Any]], boundary: str) -> None:
    found = drawn(people, Policy(boundary=boundary))
    assert found.spans.is_empty()
    assert set(outcomes(found)) == {"open"}
    assert found.open().height == found.decisions.height


def test_the_reason_names_a_tie_a_dispute_about_boundaries_and_one_about_labels() -> None:
    def why(people: list[list[Any]]) -> str:
        return drawn(people, Policy()).log()[0].why

    assert why([[(0, 9)], []]) == "Undecided, a tie: 1 of 2 marked it."
    assert why([[(0, 9)], [(1, 9)]]) == "2 of 2 marked something here, but not the same characters."
    assert why([[(0, 9, "ORG")], [(0, 9, "PER")], []]) == "2 of 3 marked something here, but with different labels."
    assert why([[(0, 9)], [], []]) == "Voted down, 1 of 3 marked it."


def test_what_most_people_did_not_mark_is_voted_down_not_forgotten() -> None:
    found = drawn([[(0, 9)], [], []], Policy())
    (decision,) = found.log()
    assert (decision.outcome, decision.votes_for, decision.votes) == ("none", 1, 3)
    assert decision.inputs == ("entities/d/a0",)


def test_unanimous_spans_need_everybody_and_the_rest_is_open() -> None:
    found = drawn([[(0, 9), (20, 30)], [(0, 9), (20, 30)], [(0, 9)]], Policy("unanimous"))
    assert extents(found) == [(0, 9, "PER")]
    assert sorted(outcomes(found)) == ["gold", "open"]


def test_a_reviewers_spans_are_gold_and_the_others_are_not() -> None:
    found = drawn([[(0, 9)], [(0, 9)], [(1, 9), (20, 22)]], Policy(reviewers=("a2",)))
    assert extents(found) == [(1, 9, "PER"), (20, 22, "PER")]
    assert outcomes(found).count("none") == 1
    nothing = drawn([[(0, 9)], [(0, 9)], []], Policy(reviewers=("a2",)))
    assert nothing.spans.is_empty()


def test_gold_has_the_same_ids_whatever_policy_gave_it() -> None:
    people = [[(0, 9)], [(0, 9)], [(0, 9)]]
    ids = {
        drawn(people, Policy(name)).spans.select("annotation_id", "span_id").row(0)
        for name in ("majority", "unanimous")
    }
    assert ids == {(gold_annotation_id("entities", "d"), gold_span_id("entities", "label", "d", 0, 9))}
    assert gold_annotation_id("entities", "d") == "07ba8e4e-d1d6-5cbd-82bc-ee4344e4e589"


marks = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 8), st.sampled_from(["PER", "ORG"])).map(
        lambda t: (t[0], t[0] + t[1], t[2])
    ),
    max_size=4,
    unique=True,
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(marks, min_size=1, max_size=5),
    st.sampled_from(["majority", "unanimous"]),
    st.sampled_from(["exact", "union", "intersection", "characters"]),
    st.randoms(use_true_random=False),
)
def test_whatever_was_marked_gold_is_shared_by_enough_and_every_span_is_accounted_for(
    people: list[list[tuple[int, int, str]]], name: str, boundary: str, rng: Any
) -> None:
    policy = Policy(name, boundary)
    found = drawn(people, policy)
    for start, end, label, surface in found.spans.select("start", "end", "label", "surface").iter_rows():
        assert surface == TEXT[start:end]
        most = max(
            sum(any(s <= c < e and x == label for s, e, x in mine) for mine in people) for c in range(start, end)
        )
        assert policy.passes(most, len(people))
    accounted = {i for d in found.log() for i in d.inputs}
    assert accounted == {f"entities/d/a{i}" for i, mine in enumerate(people) if mine}
    golden = [(d.item, d.votes_for) for d in found.log() if d.outcome == "gold"]
    assert all(policy.passes(n, len(people)) for _, n in golden)
    assert len(golden) == found.spans.height

    made = [annotation("d", f"a{i}", layer="entities") for i in range(len(people))]
    spans = [span(m, *one) for m, mine in zip(made, people, strict=True) for one in mine]
    rng.shuffle(made)
    rng.shuffle(spans)
    again = settled(policy, made, spans)
    assert again.decisions.equals(found.decisions)
    assert again.spans.equals(found.spans)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(["x", "y", "z", None]), min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from(["majority", "unanimous", "dawid-skene"]),
    st.randoms(use_true_random=False),
)
def test_the_same_answers_in_any_order_give_the_same_decisions(
    rows: list[list[str | None]], name: str, rng: Any
) -> None:
    made = [annotation(f"d{d}", f"a{a}") for d, row in enumerate(rows) for a in range(3)]
    said = [value for row in rows for value in row]
    chosen = [choice(m, v) for m, v in zip(made, said, strict=True) if v is not None]
    found = settled(Policy(name), made, choices=chosen)
    rng.shuffle(made)
    rng.shuffle(chosen)
    again = settled(Policy(name), made, choices=chosen)
    assert again.decisions.equals(found.decisions)
    assert again.choices.equals(found.choices)
    assert found.choices.height == outcomes(found).count("gold")


def region(made: dict[str, Any], start: int, end: int, value: str) -> tuple[dict[str, Any], dict[str, Any]]:
    drawn_span = span(made, start, end)
    return drawn_span, choice(made, value, span_id=drawn_span["span_id"])


def test_a_choice_on_a_region_is_gold_with_its_region_and_open_without() -> None:
    made = [annotation("d", a) for a in "abc"]
    pairs = [region(m, 0, 4, "x") for m in made] + [region(made[0], 9, 12, "x")]
    found = settled(Policy(), made, [s for s, _ in pairs], [c for _, c in pairs])
    assert found.choices.select("span_id", "value").rows() == [(found.spans["span_id"][0], "x")]
    (orphan,) = [d for d in found.log() if d.table == "choices" and d.outcome == "open"]
    assert orphan.why == "The region itself is not gold."


def relation(
    made: dict[str, Any], one: dict[str, Any], two: dict[str, Any], direction: str = "right"
) -> dict[str, Any]:
    return {
        "annotation_id": made["annotation_id"], "doc_id": made["doc_id"], "layer": made["layer"],
        "from_span": one["span_id"], "to_span": two["span_id"], "direction": direction, "label": "owns",
    }  # fmt: skip


def test_relations_are_voted_on_between_gold_spans_whatever_boundaries_each_drew() -> None:
    made = [annotation("d", a, layer="entities") for a in "abc"]
    ends = [(span(m, 0, 5 - (i == 2)), span(m, 9, 14)) for i, m in enumerate(made)]
    rows = [relation(made[0], *ends[0]), relation(made[2], ends[2][1], ends[2][0], "left")]
    found = settled(Policy(), made, [s for two in ends for s in two], relations=rows)
    first, second = (gold_span_id("entities", "label", "d", *at) for at in ((0, 5), (9, 14)))
    assert found.relations.select("from_span", "to_span", "direction", "label").rows() == [
        (first, second, "right", "owns")
    ]
    (decision,) = [d for d in found.log() if d.table == "relations"]
    assert (decision.item, decision.votes_for, decision.votes) == ("0-5 right 9-14:owns", 2, 3)


def test_a_relation_whose_end_is_not_gold_stays_open_and_a_tie_too() -> None:
    made = [annotation("d", a, layer="entities") for a in "ab"]
    ends = [(span(m, 0, 5), span(m, 9 + i, 14)) for i, m in enumerate(made)]
    everything = [s for two in ends for s in two]
    apart = settled(Policy(), made, everything, relations=[relation(m, *e) for m, e in zip(made, ends, strict=True)])
    assert apart.relations.is_empty()
    assert {d.outcome for d in apart.log() if d.table == "relations"} == {"open"}
    one_of_two = settled(Policy(boundary="union"), made, everything, relations=[relation(made[0], *ends[0])])
    assert one_of_two.relations.is_empty()
    assert [(d.outcome, d.votes_for, d.votes) for d in one_of_two.log() if d.table == "relations"] == [("open", 1, 2)]
    shared = settled(
        Policy(boundary="union"), made, everything, relations=[relation(m, *e) for m, e in zip(made, ends, strict=True)]
    )
    assert shared.relations.height == 1


def test_a_reviewers_relations_are_the_gold_ones() -> None:
    made = [annotation("d", a, layer="entities") for a in "abc"]
    ends = [(span(m, 0, 5), span(m, 9, 14)) for m in made]
    rows = [relation(m, *e) for m, e in zip(made[:2], ends[:2], strict=True)] + [relation(made[2], *reversed(ends[2]))]
    found = settled(Policy(reviewers=("c",)), made, [s for two in ends for s in two], relations=rows)
    assert found.relations.height == 1
    assert sorted(d.outcome for d in found.log() if d.table == "relations") == ["gold", "none"]


def test_spans_made_on_an_older_text_are_put_where_they_stand_now() -> None:
    made = annotation("d", "a", layer="entities")
    rows = [span(made, 0, 4, span_id="here"), span(made, 5, 9, span_id="moved"), span(made, 10, 14, span_id="gone")]
    key = {"annotation_id": made["annotation_id"], "control": "label", "label": "PER"}
    carried = pl.DataFrame(
        [
            key | {"span_id": "moved", "verdict": "shifted", "start": 7, "end": 11, "surface": "fghi"},
            key | {"span_id": "gone", "verdict": "stale", "start": None, "end": None, "surface": None},
        ]
    )
    now = current_spans(table(rows, SPANS), carried)
    assert now.select("span_id", "start", "end").rows() == [("here", 0, 4), ("moved", 7, 11)]
    assert now.columns == list(SPANS)


def test_nothing_to_settle_is_no_gold() -> None:
    found = settled(Policy(), [annotation("d", "a")])
    assert (found.decisions.height, found.spans.height, found.choices.height, found.relations.height) == (0, 0, 0, 0)
    assert found.log() == []


def reviewed(answers: Sequence[str], review: str, policy: Policy, by: str = "r") -> AdjudicatedTables:
    """Independent answers a0, a1, … and one given in a review project."""
    made = [annotation("d", f"a{i}") for i in range(len(answers))]
    settling = annotation("d", by, annotation_id="review", origin="review", updated_at="2024-02-01T00:00:00Z")
    chosen = [choice(m, v) for m, v in zip([*made, settling], [*answers, review], strict=True)]
    return settled(policy, [*made, settling], choices=chosen)


@pytest.mark.parametrize("policy", ["majority", "unanimous", "dawid-skene", "reviewer"])
def test_what_a_review_project_settled_wins_under_every_policy_and_says_who_and_why(policy: str) -> None:
    found = reviewed(["x", "x", "y"], "y", Policy(policy, reviewers=("a0",) if policy == "majority" else ()))
    assert values(found) == ["y"]
    (decision,) = found.log()
    assert (decision.policy, decision.who) == ("reviewer", ("r",))
    assert decision.why.startswith("Settled in the review project by r;")
    assert "review" in decision.inputs


def test_a_reviewer_who_had_answered_before_counts_once() -> None:
    (decision,) = reviewed(["x", "y"], "y", Policy(), by="a0").log()
    assert (decision.value, decision.votes_for, decision.votes, decision.who) == ("y", 2, 2, ("a0",))


def test_spans_of_a_review_are_the_whole_answer_also_where_it_marked_nothing() -> None:
    made = [annotation("d", a, layer="entities") for a in ("a0", "a1")]
    settling = annotation("d", "r", layer="entities", annotation_id="review", origin="review")
    spans = [span(m, 0, 3) for m in made] + [span(made[0], 5, 9), span(settling, 5, 8)]
    found = settled(Policy(), [*made, settling], spans)
    assert extents(found) == [(5, 8, "PER")]
    told = {d.item: (d.outcome, d.why, d.who) for d in found.log()}
    assert told["0-3:PER"] == ("none", "In the review project, r did not mark it.", ("r",))
    assert all("review" in d.inputs for d in found.log())


def test_who_names_those_who_voted_where_nobody_decided_alone() -> None:
    assert voted(["x", "x", "y"], Policy()).log()[0].who == ("a0", "a1", "a2")
    made = drawn([[(0, 3)], [(0, 3)], []], Policy()).log()
    assert made[0].who == ("a0", "a1")


def test_reviews_teach_dawid_and_skene_nothing() -> None:
    """A reviewer settles what is hard, after seeing the answers: how they vote says nothing of how others err."""
    made = [annotation(f"d{n}", a) for n in range(6) for a in ("a0", "a1", "a2")]
    answers = ["x", "x", "y"] * 3 + ["y", "y", "y"] * 3
    chosen = [choice(m, v) for m, v in zip(made, answers, strict=True)]
    plain = settled(Policy("dawid-skene"), made, choices=chosen)
    settling = annotation("d0", "r", annotation_id="review", origin="review")
    both = settled(Policy("dawid-skene"), [*made, settling], choices=[*chosen, choice(settling, "y")])
    others = pl.col("doc_id") != "d0"
    assert both.decisions.filter(others).equals(plain.decisions.filter(others))
    assert both.choices.filter(pl.col("doc_id") == "d0")["value"].to_list() == ["y"]
    only = settled(Policy("dawid-skene"), [settling], choices=[choice(settling, "y")])
    assert values(only) == ["y"]


def random_marks(seed: int) -> tuple[list[DrawnSpan], dict[str, str]]:
    rng = random.Random(seed)
    people = [f"p{k}" for k in range(rng.randint(2, 5))]
    marks = set()
    for name in people:
        for _ in range(rng.randint(0, 3)):
            start = rng.randrange(12)
            marks.add(
                DrawnSpan(start, start + rng.randint(1, 6), rng.choice(["PER", "PER", "ORG"]), name, f"of {name}")
            )
    return sorted(marks), {name: f"of {name}" for name in people}


def covering(marks: list[DrawnSpan], label: str | None, at: int) -> set[str]:
    return {m.annotator for m in marks if label in (None, m.label) and m.start <= at < m.end}


@pytest.mark.parametrize("boundary", ["exact", "union", "intersection", "characters"])
def test_every_reason_of_a_span_is_true(boundary: str) -> None:
    seen = set()
    for seed in range(400):
        marks, voters = random_marks(seed)
        for one in settle(marks, voters, Policy("majority", boundary)):
            here = [m for m in marks if m.start < one.end and one.start < m.end]
            most = max(len(covering(marks, one.label, at)) for at in range(one.start, one.end))
            n = int(re.match(r"\D*(\d+) of (\d+)", one.why)[1])  # type: ignore[index]
            assert re.match(r"\D*(\d+) of (\d+)", one.why)[2] == str(len(voters))  # type: ignore[index]
            if "marked exactly this" in one.why:
                assert n == len(
                    {m.annotator for m in marks if (m.start, m.end, m.label) == (one.start, one.end, one.label)}
                )
                seen.add("exactly")
            elif "different labels" in one.why:
                assert len({m.label for m in here}) > 1
                assert n == max(len(covering(marks, None, at)) for at in range(one.start, one.end))
                assert 2 * n >= len(voters)
                seen.add("labels")
            elif "not the same characters" in one.why:
                assert len({(m.start, m.end) for m in here if m.label == one.label}) > 1
                assert 2 * n > len(voters)
                assert n <= most
                seen.add("characters")
            elif "Voted down" in one.why:
                assert 2 * n < len(voters)
                assert one.outcome == "none"
                seen.add("down")
            elif "Undecided" in one.why:
                assert 2 * n == len(voters)
                seen.add("tie")
            else:
                assert "boundaries differ" in one.why
                assert 2 * n > len(voters)
                assert n <= most
                seen.add("rule")
    assert seen >= {"exactly", "labels", "down", "tie"} | ({"characters"} if boundary == "exact" else {"rule"})


def test_characters_that_most_people_marked_are_always_gold() -> None:
    for seed in range(600):
        marks, voters = random_marks(seed)
        gold = [one for one in settle(marks, voters, Policy("majority", "characters")) if one.outcome == "gold"]
        for label in ("PER", "ORG"):
            wanted = {at for at in range(20) if 2 * len(covering(marks, label, at)) > len(voters)}
            assert {at for one in gold if one.label == label for at in range(one.start, one.end)} == wanted, seed


@pytest.mark.parametrize("boundary", ["union", "intersection", "characters"])
def test_gold_of_one_label_overlaps_only_where_somebody_nested_it(boundary: str) -> None:
    for seed in range(400):
        marks, voters = random_marks(seed)
        gold = [one for one in settle(marks, voters, Policy("majority", boundary)) if one.outcome == "gold"]
        for one, other in combinations(gold, 2):
            if one.label == other.label and one.start < other.end and other.start < one.end:
                own = [
                    {(m.start, m.end) for m in marks if m.annotator == who and m.label == one.label} for who in voters
                ]
                assert any(len(drawn) > 1 for drawn in own), seed
                assert "exactly" in one.why + other.why, seed


def test_what_half_of_the_people_marked_with_different_labels_is_open_and_touching_spans_are_two() -> None:
    voters = {name: f"of {name}" for name in "abcd"}
    half = [DrawnSpan(3, 9, "PER", "a", "of a"), DrawnSpan(3, 9, "ORG", "b", "of b")]
    assert {one.outcome for one in settle(half, voters, Policy())} == {"open"}
    quarter = half[:1]
    assert {one.outcome for one in settle(quarter, voters, Policy())} == {"none"}
    touching = [DrawnSpan(0, 4, "PER", "a", "of a"), DrawnSpan(4, 8, "PER", "b", "of b")]
    assert [(one.start, one.end) for one in settle(touching, voters, Policy("majority", "union"))] == [(0, 4), (4, 8)]
