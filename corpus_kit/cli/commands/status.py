"""`corpus-kit status`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from corpus_kit.cli.options import corpus_option, json_option
from corpus_kit.cli.output import Output, again


@click.command("status")
@click.option("--people", "people_only", is_flag=True, help="Who is how far with the pages of their own, and pairs.")
@corpus_option
@json_option
def command(people_only: bool, corpus_dir: str | None, as_json: bool) -> None:
    """How far labeling is, per layer and annotator. Annotators are pseudonyms; idle time does not count.

    Of a person, tasks are the documents answered, skipped or left as a draft; overlap is how many of those done have as
    many answers as wanted; stale and rejected count spans and rows of theirs.

    With `holdout` below [suggest]: how people do with suggestions and on documents that show none. The effect is the
    difference, of seconds the ratio. Agreement with the model that is higher where it is shown is how far it steers people.

    Another table tells what became of suggestions, per suggester and version: left as they were, edited, deleted, and
    what people added by hand beside them.

    Where guidelines have changed, a table tells the labels that people made under an older text and that the changed
    sections concern, with the hours it took to make them.

    The figures come from the tables of the last build; the number of tasks from the server, where it can be reached.
    `agrees` is how far a person agrees with the rest (see `corpus-kit agreement`); somebody who stands out reads the
    guidelines otherwise. Checks are documents with a known answer (settled by a reviewer, or marked as ground truth):
    F1 of a person's spans against the known ones, and the share of equal answers. `checks` in corpus.toml gives some
    to everybody.

    With [assign] in corpus.toml, --people tells who is how far in their own project: pages a day over the last two weeks,
    the day on which they are done at that pace, and how many pages each two people share and have both done.

    \b
    Example:
      corpus-kit pull && corpus-kit build && corpus-kit status
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    found = Corpus.open(corpus_dir or ".").status()
    if people_only:
        _people(found, output)
        output.json({"people": [asdict(p) for p in found.people], "pairs": [asdict(p) for p in found.pairs]})
        return
    work = [
        (
            s.layer, s.documents, "?" if s.tasks is None else s.tasks, s.labelled, s.skipped, s.drafts,
            f"{s.overlap_reached:,} × {s.overlap}", _time(s.median_s),
        )
        for s in found.layers
    ]  # fmt: skip
    output.table(work, header="layer documents tasks labelled skipped drafts overlap median".split())
    output.data("")
    quality = [
        (s.layer, _share(s.accepted), s.disagreements, s.carried, s.stale, s.rejected, _moment(s.last_pull))
        for s in found.layers
    ]
    output.table(quality, header=[*"layer accepted disagree carried stale rejected".split(), "last pull"])
    if found.reviews:
        output.data("")
    reviews = [(r.layer, r.kind, r.tasks, r.waiting, r.begun, r.settled, r.skipped) for r in found.reviews]
    output.table(reviews, header="layer review tasks waiting begun settled skipped".split())
    # Two tables of people as well, so that each fits 80 columns.
    people = [
        (a.layer, a.annotator, a.tasks, a.done, a.skipped, a.drafts, a.overlap_reached, _time(a.median_s))
        for a in found.annotators
    ]
    if people:
        output.data("")
    output.table(people, header="layer annotator tasks done skipped drafts overlap median".split())
    if people:
        output.data("")
    people_quality = [
        (a.layer, a.annotator, _share(a.accepted), a.stale, a.rejected, _figure(a.agrees), a.measure)
        for a in found.annotators
    ]
    output.table(people_quality, header="layer annotator accepted stale rejected agrees measure".split())
    if found.checks:
        output.data("")
    checks = [
        (c.layer, c.annotator, c.documents, c.spans, _figure(c.spans_f1), c.answers, _figure(c.answers_equal))
        for c in found.checks
    ]
    output.table(checks, header=("layer", "annotator", "checks", "spans", "F1", "answers", "equal"))
    made = [
        (
            e.layer, e.model or "not named", e.version, e.annotations, e.suggested,
            *(_share(n / e.suggested if e.suggested else None) for n in (e.accepted, e.edited, e.deleted)), e.added,
        )
        for e in found.suggesters
    ]  # fmt: skip
    if made:
        output.data("")
    columns = "layer suggester version annotations suggested accepted edited deleted added"
    output.table(made, header=columns.split())
    compared = [
        (
            e.layer, e.measure, _figure(e.shown), _figure(e.held), _figure(e.effect),
            "–" if e.low is None else f"{e.low:.3f} to {e.high:.3f}", f"{e.shown_documents} / {e.held_documents}",
        )
        for e in found.steering
    ]  # fmt: skip
    if compared:
        output.data("")
    output.table(compared, header=("layer", "agreement", "shown", "held out", "effect", "95 % interval", "documents"))
    if found.outdated:
        output.data("")
    older = [
        (o.layer, o.made_under, ", ".join(o.sections), ", ".join(o.labels) or "all", o.annotations, o.documents,
         "–" if o.hours is None else f"{o.hours:.1f}")
        for o in found.outdated
    ]  # fmt: skip
    output.table(older, header=("layer", "made under", "changed since", "labels", "annotations", "documents", "hours"))
    for remark in found.remarks:
        output.say(remark)
    if any(one.labelled for one in found.layers):
        output.next_step(f"{again('agreement', corpus_dir)} tells how far they agree.")
    else:
        output.next_step(
            f"{again('push', corpus_dir)} brings the documents to people, {again('pull', corpus_dir)} their work back."
        )
    output.json(asdict(found))


def _people(found: Any, output: Output) -> None:
    if not found.people:
        output.say("No one has pages of their own: name `people` under [assign] in corpus.toml, then push.")
        return
    rows = [
        (
            p.layer,
            p.person,
            p.assigned,
            p.done,
            p.skipped,
            "" if p.per_day is None else f"{p.per_day:.1f}",
            p.ends,
            p.first,
        )
        for p in found.people
    ]
    output.table(rows, header=("layer", "person", "assigned", "done", "skipped", "a day", "ends", "first"))
    output.data("")
    output.table(
        [(p.layer, p.one, p.two, p.assigned, p.done) for p in found.pairs],
        header=("layer", "person", "and", "shared", "both done"),
    )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _moment(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _time(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.0f} s"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
