"""Settling the spans of one document by vote, boundaries included.

People vote by marking. Of the `voters` of a document, those who marked a span with a label vote for it, the others
against. First, a span that enough people drew exactly alike is gold. Of what is left, a span that overlaps such gold is
another idea of its boundaries, unless its author also drew the gold. The rest is gathered where spans of one label
overlap, and the boundary rule decides; what touches nothing enough people share is voted down or stays open.

Where people agree that something is there but not what, no label may have enough votes: that is open too, never none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from corpus_kit.agreement.gold.policy import GOLD, NONE, OPEN, Policy
from corpus_kit.agreement.judgements import REVIEWED, STARRED, plain_name


class DrawnSpan(NamedTuple):
    """A span somebody drew. A tuple, since hundreds of thousands of them are sorted."""

    start: int
    end: int
    label: str
    annotator: str
    annotation_id: str
    surface: str | None = None

    def meets(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end


@dataclass(frozen=True, slots=True)
class ResolvedSpan:
    """A decision on one stretch of text. members: the spans it settles, whether they won or not. reviewer: who decided
    alone, None where there was a vote."""

    start: int
    end: int
    label: str
    outcome: str
    votes_for: int
    members: tuple[DrawnSpan, ...]
    why: str
    policy: str
    reviewer: str | None = None


def settle(marks: Iterable[DrawnSpan], voters: Mapping[str, str], policy: Policy) -> list[ResolvedSpan]:
    """Every decision on one document and control, sorted by place and label.

    marks: all spans of the voters. voters: annotation_id of everybody who worked on the document, by pseudonym.
    """
    drawn = sorted(set(marks))
    reviewer = next((name for name in policy.reviewers if name in voters), None)
    if reviewer is not None:
        return _reviewed(drawn, reviewer)
    name = policy.voting
    if policy.name == "reviewer" or len(voters) < policy.min_votes:
        why = "No reviewer has settled this document yet."
        if policy.name != "reviewer":
            why = f"{len(voters)} worked on this document, {policy.min_votes} are needed."
        return [
            ResolvedSpan(*place, OPEN, len(_people(same)), tuple(same), why, name)
            for place, same in _by_place(drawn).items()
        ]
    out: list[ResolvedSpan] = []
    for label in sorted({mark.label for mark in drawn}):
        out.extend(_Label([mark for mark in drawn if mark.label == label], len(voters), policy, name).settled())
    return sorted(_label_disputes(out, drawn, len(voters)), key=lambda s: (s.start, s.end, s.label, s.outcome))


def _reviewed(drawn: list[DrawnSpan], reviewer: str) -> list[ResolvedSpan]:
    out = []
    for (start, end, label), same in _by_place(drawn).items():
        kept = reviewer in _people(same)
        outcome, verb = (GOLD, "marked") if kept else (NONE, "did not mark")
        who = plain_name(reviewer)
        why = f"The reviewer {who} {verb} it."
        if reviewer.endswith(REVIEWED):
            why = f"In the review project, {who} {verb} it."
        elif reviewer.endswith(STARRED):
            why = f"In the answer that is marked as ground truth, {who} {verb} it."
        out.append(ResolvedSpan(start, end, label, outcome, len(_people(same)), tuple(same), why, "reviewer", reviewer))
    return out


@dataclass(frozen=True, slots=True)
class _Label:
    """The spans of one label in one document."""

    drawn: list[DrawnSpan]
    votes: int
    policy: Policy
    name: str

    def settled(self) -> list[ResolvedSpan]:
        alike = {
            place: same
            for place, same in _by_place(self.drawn).items()
            if self.policy.passes(len(_people(same)), self.votes)
        }
        loose = [mark for mark in self.drawn if (mark.start, mark.end, mark.label) not in alike]
        # A span inside one that is gold, by somebody who drew both, is a span of its own.
        nested = [m for m in loose if any(p[0] <= m.start and m.end <= p[1] and m.annotator in _people(same)
                                          for p, same in alike.items())]  # fmt: skip
        others = [mark for mark in loose if mark not in nested]
        beside = [piece for group in _groups(others) for piece in self._boundaries(group, list(alike))]
        beside += [piece for group in _groups(nested) for piece in self._boundaries(group, [])]
        other_ideas: dict[tuple[int, int, str], list[DrawnSpan]] = defaultdict(list)
        settled = {mark: _shared(mark, one.start, one.end) for one in beside for mark in one.members}
        left = []
        for mark in loose:
            near = [p for p, same in alike.items() if mark.meets(p[0], p[1]) and mark.annotator not in _people(same)]
            best = max(near, key=lambda p: (_shared(mark, p[0], p[1]), -p[0]), default=None)
            if best is not None and _shared(mark, best[0], best[1]) >= settled.get(mark, 0):
                other_ideas[best].append(mark)
            elif mark not in settled:
                left.append(mark)
        out = []
        for place, same in alike.items():
            n = len(_people(same))
            differently = len(_people(other_ideas[place]))
            why = f"{n} of {self.votes} marked exactly this"
            why += f"; {differently} drew it differently." if differently else "."
            members = tuple(sorted(same + other_ideas[place]))
            out.append(ResolvedSpan(*place, GOLD, n, members, why, self.name))
        known = {mark for those in other_ideas.values() for mark in those}
        out.extend(
            replace(one, members=tuple(m for m in one.members if m not in known) or one.members) for one in beside
        )
        out.extend(self._unsettled(rest, loose, list(alike)) for rest in _groups(left))
        return out

    def _boundaries(self, group: list[DrawnSpan], alike: Sequence[tuple[int, int, str]]) -> list[ResolvedSpan]:
        """Gold by the boundary rule among overlapping spans; what was drawn alike is gold already and left out of it."""
        if self.policy.boundary == "exact":
            return []
        extents = []
        for core in _without(self._cores(group), alike):
            touching = [mark for mark in group if mark.meets(*core)]
            if self.policy.boundary == "characters":
                extents.append(core)
            elif self.policy.boundary == "union":
                extents.append((min(m.start for m in touching), max(m.end for m in touching)))
            else:
                extents.append((max(m.start for m in touching), min(m.end for m in touching)))
        golden = _without([place for place in _merged(extents) if place[0] < place[1]], alike)
        out: list[ResolvedSpan] = []
        for start, end in golden:
            members = tuple(mark for mark in group if mark.meets(start, end))
            n = _peak(members, start, end)
            if not self.policy.passes(n, self.votes):  # What a union adds on the far side of a gold span.
                continue
            drew = ", ".join(f"{s}-{e} by {len(_people(same))}" for (s, e, _), same in _by_place(members).items())
            why = f"{n} of {self.votes} share this; boundaries differ ({drew}), settled by {self.policy.boundary}."
            out.append(ResolvedSpan(start, end, group[0].label, GOLD, n, members, why, self.name))
        return out

    def _unsettled(
        self, rest: list[DrawnSpan], loose: list[DrawnSpan], alike: Sequence[tuple[int, int, str]]
    ) -> ResolvedSpan:
        """What is not gold: open where enough people marked something, else voted down.

        Votes are counted over all spans that were not drawn alike, outside of what is gold already; inside it, by those of
        `rest` alone.
        """
        start, end = min(m.start for m in rest), max(m.end for m in rest)
        outside = _without([(start, end)], alike)
        n = max(_peak(rest, start, end), *(_peak(loose, *stretch) for stretch in outside), 0)
        outcome = OPEN if self.policy.contested(n, self.votes) else NONE
        if self.policy.passes(n, self.votes):
            why = f"{n} of {self.votes} marked something here, but not the same characters."
        else:
            tie = " a tie:" if n * 2 == self.votes else ""
            why = f"{'Undecided,' if outcome == OPEN else 'Voted down,'}{tie} {n} of {self.votes} marked it."
        return ResolvedSpan(start, end, rest[0].label, outcome, n, tuple(rest), why, self.name)

    def _cores(self, group: list[DrawnSpan]) -> list[tuple[int, int]]:
        """Stretches that enough people marked, whatever boundaries each drew."""
        out: list[tuple[int, int]] = []
        for start, end, n in _steps([(mark.annotator, mark.start, mark.end) for mark in group]):
            if self.policy.passes(n, self.votes):
                if out and out[-1][1] == start:
                    start = out.pop()[0]
                out.append((start, end))
        return out


def _label_disputes(settled: list[ResolvedSpan], drawn: list[DrawnSpan], votes: int) -> list[ResolvedSpan]:
    """Voted down label by label, but half or more of the people marked something there and nothing is gold: open."""
    out = []
    golden = [one for one in settled if one.outcome == GOLD]
    for one in settled:
        if one.outcome == NONE and not any(g.start < one.end and one.start < g.end for g in golden):
            n = _peak(drawn, one.start, one.end)
            labels = {mark.label for mark in drawn if mark.meets(one.start, one.end)}
            if n * 2 >= votes and len(labels) > 1:
                why = f"{n} of {votes} marked something here, but with different labels."
                out.append(replace(one, outcome=OPEN, why=why))
                continue
        out.append(one)
    return out


def _steps(stretches: list[tuple[str, int, int]]) -> list[tuple[int, int, int]]:
    """(start, end, people): the line cut at every boundary, with how many different people lie over each piece."""
    cuts = sorted({cut for _, start, end in stretches for cut in (start, end)})
    return [
        (start, end, len({who for who, s, e in stretches if s <= start and end <= e})) for start, end in pairwise(cuts)
    ]


def _peak(marks: Iterable[DrawnSpan], start: int, end: int) -> int:
    """The most people on any one character from start to end."""
    inside = [(m.annotator, max(m.start, start), min(m.end, end)) for m in marks if m.meets(start, end)]
    return max((n for _, _, n in _steps(inside)), default=0)


def _groups(marks: Iterable[DrawnSpan]) -> list[list[DrawnSpan]]:
    """Spans that overlap, directly or through others, together."""
    out: list[list[DrawnSpan]] = []
    reach = -1
    for mark in sorted(marks):
        if out and mark.start < reach:
            out[-1].append(mark)
        else:
            out.append([mark])
        reach = max(reach, mark.end)
    return out


def _without(stretches: Iterable[tuple[int, int]], taken: Sequence[tuple[int, int, str]]) -> list[tuple[int, int]]:
    """The parts of `stretches` that lie outside of `taken`."""
    out = list(stretches)
    for begin, behind, _ in taken:
        out = [
            part
            for start, end in out
            for part in ((start, min(end, begin)), (max(start, behind), end))
            if part[0] < part[1]
        ]
    return out


def _shared(mark: DrawnSpan, start: int, end: int) -> int:
    """Characters of a mark that lie from start to end."""
    return min(mark.end, end) - max(mark.start, start)


def _merged(extents: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Extents that overlap, as one."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(extents):
        if out and start < out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _by_place(marks: Iterable[DrawnSpan]) -> dict[tuple[int, int, str], list[DrawnSpan]]:
    out: dict[tuple[int, int, str], list[DrawnSpan]] = defaultdict(list)
    for mark in marks:
        out[mark.start, mark.end, mark.label].append(mark)
    return dict(out)


def _people(marks: Iterable[DrawnSpan]) -> set[str]:
    return {mark.annotator for mark in marks}
