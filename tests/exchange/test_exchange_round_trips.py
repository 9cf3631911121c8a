"""What people said → a format → what people said: the same but for what the loss report names; and read by others."""

from __future__ import annotations

import io
import json
import re
from collections import Counter

import pages as made
import pytest
from hypothesis import HealthCheck, given, settings

from corpus_kit.core.exchange import LOSES, Attribute, ExchangePage, Link, Note, Region, SourceFile, Work
from corpus_kit.ledger.formats import format_named
from corpus_kit.release.export import interchange as lost
from corpus_kit.release.export.interchange import ToolFiles, writer_of

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def written(form: str, page: ExchangePage) -> ToolFiles:
    return writer_of(form)(page, page.works[0])


def files_of(result: ToolFiles) -> list[SourceFile]:
    return [SourceFile(f"ada/{name}", content) for name, content in result.files.items()]


def read_back(form: str, result: ToolFiles) -> tuple[ExchangePage, Work]:
    (page,) = format_named(form).pages(files_of(result))
    (work,) = page.works
    return page, work


def told(result: ToolFiles, reason: str) -> int:
    return sum(one.reason == reason for one in result.lost)


def check(form: str, page: ExchangePage, *, text: bool = True) -> tuple[Work, Work, ToolFiles]:
    result = written(form, page)
    back, work = read_back(form, result)
    assert not work.unread
    if text:
        assert back.text == page.text
    assert back.doc_id == page.doc_id or back.name == page.name
    return page.works[0], work, result


@QUICK
@given(made.pages())
def test_brat_keeps_all_but_answers_about_the_document(page: ExchangePage) -> None:
    was, now, result = check("brat", page)
    assert made.spans(now) == made.spans(was)
    expected = Counter(dict(made.links(was)))
    relabelled: Counter = Counter()
    for (ends, label, directed), n in expected.items():  # brat has no relation without a name
        relabelled[ends, label or ("Relation" if directed else ""), directed] += n
    assert made.links(now) == relabelled
    about_spans = Counter({k: n for k, n in made.answers(was).items() if k[2] is not None})
    assert made.answers(now) == about_spans
    assert told(result, lost.DOCUMENT_ANSWER) == made.answers(was).total() - about_spans.total()


@QUICK
@given(made.pages())
def test_w3c_keeps_everything(page: ExchangePage) -> None:
    was, now, result = check("w3c", page, text=False)
    assert not result.lost
    assert (made.spans(now), made.links(now), made.answers(now)) == (
        made.spans(was),
        made.links(was),
        made.answers(was),
    )


@QUICK
@given(made.pages())
def test_xmi_keeps_everything(page: ExchangePage) -> None:
    was, now, result = check("xmi", page)
    assert not result.lost
    assert (made.spans(now), made.links(now), made.answers(now)) == (
        made.spans(was),
        made.links(was),
        made.answers(was),
    )


@pytest.mark.parametrize("form", ["doccano", "prodigy"])
@QUICK
@given(made.pages())
def test_doccano_and_prodigy_keep_all_but_answers_about_spans_and_direction(form: str, page: ExchangePage) -> None:
    was, now, result = check(form, page)
    assert made.spans(now) == made.spans(was)
    assert told(result, lost.UNDIRECTED) == sum(not link.directed for link in was.links)
    if not any(not link.directed for link in was.links) and len({(r.start, r.end) for r in was.regions}) == len(
        was.regions
    ):
        assert made.links(now) == made.links(was)
    about_page = Counter({k: n for k, n in made.answers(was).items() if k[2] is None})
    assert made.answers(now) == about_page
    assert told(result, lost.REGION_ANSWER) == made.answers(was).total() - about_page.total()


@QUICK
@given(made.pages())
def test_webanno_keeps_what_tokens_can_say(page: ExchangePage) -> None:
    was, now, result = check("webanno", page, text=False)
    assert "".join(read_back("webanno", result)[0].text.split()) == "".join(page.text.split())
    expected: Counter = Counter()
    for region in was.regions:
        words = page.text[region.start : region.end]
        if words.strip():
            start = region.start + len(words) - len(words.lstrip())
            expected[start, start + len(words.strip()), region.label] += 1
    assert made.spans(now).total() == expected.total()
    assert told(result, lost.NO_TOKEN) == len(was.regions) - expected.total()
    if read_back("webanno", result)[0].text == page.text:
        assert made.spans(now) == expected
    assert len(now.links) + told(result, lost.END_MISSING) == len(was.links)
    assert len(now.answers) + sum(
        one.reason in (lost.DOCUMENT_ANSWER, "several_answers") for one in result.lost
    ) == len(was.answers)


# Readers that know nothing of this project


def brat_spans(txt: str, ann: str) -> list[tuple[int, int, str]]:
    """brat's text-bound annotations, by a reader of its own."""
    found = []
    for line in ann.splitlines():
        match = re.match(r"T\d+\t(\S+) (\d+) (\d+)\t(.*)$", line)
        if match:
            start, end = int(match[2]), int(match[3])
            assert " ".join(txt[start:end].splitlines()) == match[4]
            found.append((start, end, match[1]))
    return found


@QUICK
@given(made.pages())
def test_another_reader_of_brat_finds_every_span(page: ExchangePage) -> None:
    result = written("brat", page)
    content = {name.rpartition(".")[2]: data.decode() for name, data in result.files.items()}
    places = [(start, end) for start, end, _ in brat_spans(content["txt"], content["ann"])]
    assert sorted(places) == sorted((r.start, r.end) for r in page.works[0].regions)


@QUICK
@given(made.pages())
def test_cassis_finds_every_span_and_relation(page: ExchangePage) -> None:
    cassis = pytest.importorskip("cassis")
    result = written("xmi", page)
    types = cassis.load_typesystem(io.BytesIO(result.files["TypeSystem.xml"]))
    cas = cassis.load_cas_from_xmi(io.BytesIO(result.files["0123456789abcdef.xmi"]), typesystem=types)
    labels = [(a.begin, a.end, a.label) for a in cas.select("webanno.custom.Label")]
    assert Counter(labels) == made.spans(page.works[0])
    assert cas.sofa_string == page.text
    assert len(list(cas.select("webanno.custom.LabelRelation"))) == len(page.works[0].links)


@QUICK
@given(made.pages())
def test_json_of_doccano_prodigy_and_label_studio_holds_every_span(page: ExchangePage) -> None:
    was = sorted((r.start, r.end, r.label) for r in page.works[0].regions)
    record = json.loads(written("doccano", page).files["all.jsonl"])
    assert sorted((e["start_offset"], e["end_offset"], e["label"]) for e in record["entities"]) == was
    record = json.loads(written("prodigy", page).files["all.jsonl"])
    assert sorted((e["start"], e["end"], e["label"]) for e in record["spans"]) == was
    for span in record["spans"]:
        if "token_start" in span:
            assert record["tokens"][span["token_start"]]["start"] == span["start"]
            assert record["tokens"][span["token_end"]]["end"] == span["end"]
    (annotation,) = json.loads(written("label-studio", page).files["tasks.jsonl"])["annotations"]
    values = [r["value"] for r in annotation["result"] if r["type"] == "labels"]
    assert sorted((v["start"], v["end"], *v["labels"]) for v in values) == was


EVERYTHING = ExchangePage(
    "p",
    "Zoë met Ana.",
    (
        Work(
            "ada",
            (Region("a", 0, 11, "X"), Region("b", 0, 3, "Y")),
            (Link("a", "b", "knows"), Link("a", "b", "same", directed=False)),
            (Attribute("tone", "plain"), Attribute("sure", "yes", "a")),
            (Note("hm", "a"),),
        ),
    ),
)
REASON = {lost.DOCUMENT_ANSWER: "choice", lost.REGION_ANSWER: "attribute", lost.UNDIRECTED: "undirected"}


@pytest.mark.parametrize("form", LOSES)
def test_the_table_of_formats_is_what_the_writers_lose(form: str) -> None:
    found = {"note" if one.label == "note" else REASON[one.reason] for one in written(form, EVERYTHING).lost}
    assert found == LOSES[form]
