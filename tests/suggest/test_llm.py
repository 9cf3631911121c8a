"""Language models on a server: every quote is placed exactly or refused, nothing is sent unasked, nothing is sent twice."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from chat_stub import ChatStub, Reply
from labelled_corpus import FERRY, STRIKE, label, new_corpus, read, stance

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.config import LayerModel
from corpus_kit.core.errors import ServiceError, UsageError
from corpus_kit.core.records import Budget
from corpus_kit.core.trust import TrustStore
from corpus_kit.corpus import Corpus
from corpus_kit.suggest.models import llm
from corpus_kit.suggest.models.llm import address_of, open_llm, windows_of
from corpus_kit.suggest.models.prompt import interview_of, understand

PIPELINE, STRIKE_Q = "stance_halvern_pipeline", "stance_teachers_strike"


def said(answers: dict[str, Any] | None = None, spans: list[Any] | None = None) -> str:
    return json.dumps({"answers": answers or {}, "spans": spans or []})


def span(quote: str, label: str = "teachers_strike", before: str = "", **more: Any) -> dict[str, Any]:
    return {"control": "evidence", "label": label, "quote": quote, "before": before, "confidence": 0.9, **more}


def steady(text: str, request: dict[str, Any]) -> Reply:
    if "Teachers" not in text:
        return Reply(said({STRIKE_Q: {"value": "not_mentioned", "confidence": 0.95}}), usage={"prompt_tokens": 10})
    answers = {STRIKE_Q: {"value": "favour", "confidence": 0.8}, PIPELINE: {"value": "", "confidence": 0.5}}
    spans = [span("Teachers in Velmora"), span("no one said this"), span("e", "teachers_strike")]
    return Reply(said(answers, spans), usage={"prompt_tokens": 100, "completion_tokens": 7})


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llm, "first_wait", 0.001)


@pytest.fixture
def stub() -> Iterator[ChatStub]:
    made = ChatStub(steady)
    yield made
    made.close()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return new_corpus(tmp_path_factory.mktemp("llm") / "corpus")


@pytest.fixture
def asking(base: Corpus, stub: ChatStub, tmp_path: Path) -> Corpus:
    """The corpus with this server in its corpus.toml, allowed."""
    import shutil

    folder = tmp_path / "asking"
    shutil.copytree(base.root or Path(), folder)
    toml = folder / "corpus.toml"
    entry = f'\n[[suggest.models]]\nlayer = "stance"\nmodel = "{stub.spec}"\nprice_in = 2\nprice_out = 10\n'
    toml.write_text(toml.read_text(encoding="utf-8") + entry, encoding="utf-8")
    TrustStore().allow_reader(stub.origin)
    return Corpus.open(folder)


def choices(corpus: Corpus) -> list[tuple[Any, ...]]:
    frame = read(corpus, "suggestions", "suggested_choices").sort("control", "value", "doc_id")
    return frame.select("control", "value", "score").rows()


def test_a_server_is_asked_once_a_build_asks_nothing_and_gives_the_same_bytes(
    asking: Corpus, stub: ChatStub, capsys: Any
) -> None:
    assert run(cli, ["suggest", "stance", "--corpus", str(asking.root)]) == 0
    told = capsys.readouterr().err
    assert len(stub.requests) == 3 and "3 calls: 120 tokens sent" in told
    assert "1 quote_ambiguous, 1 quote_not_found" in told
    assert choices(asking) == [
        (STRIKE_Q, "favour", 0.8), (STRIKE_Q, "not_mentioned", 0.95), (STRIKE_Q, "not_mentioned", 0.95)
    ]  # fmt: skip
    (row,) = read(asking, "suggestions", "suggestions").filter(pl.col("layer") == "stance").iter_rows(named=True)
    assert (row["start"], row["surface"]) == (STRIKE.index("Teachers"), "Teachers in Velmora")
    assert row["model"] == "llm:tiny" and row["model_version"].startswith("llm:tiny@")
    before = {p.name: p.read_bytes() for p in (asking.data / "suggestions").iterdir()}
    asking.build()
    asking.suggest("stance")
    assert len(stub.requests) == 3
    assert {p.name: p.read_bytes() for p in (asking.data / "suggestions").iterdir()} == before
    rejected = read(asking, "rejected", "suggest").select("reason", "source").sort("reason").rows()
    assert rejected == [("quote_ambiguous", "strike.txt"), ("quote_not_found", "strike.txt")]
    assert asking.validate().findings == []
    for file in (asking.data / "calls").rglob("*.json"):
        assert "go back to work" not in file.read_text(encoding="utf-8")


@pytest.mark.slow
def test_about_documents_that_people_have_finished_no_server_is_asked(
    asking: Corpus, stub: ChatStub, tmp_path: Path
) -> None:
    label(asking, "stance", {"strike.txt": {"ada": [stance("teachers_strike", "neutral")]}}, tmp_path)
    asking.build()
    asking.suggest("stance")
    assert len(stub.requests) == 2 and not any("Teachers" in json.dumps(r["messages"][1]) for r in stub.requests)


def test_the_request_holds_guidelines_schema_and_text_and_no_key_unless_there_is_one(
    asking: Corpus, stub: ChatStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking.suggest("stance", budget=Budget(max_calls=1))
    (request,) = stub.requests
    guidelines = (asking.root / "annotation" / "stance" / "guidelines.md").read_text(encoding="utf-8")  # type: ignore[operator]
    assert guidelines.strip() in request["messages"][0]["content"]
    schema = request["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["answers"]["properties"][STRIKE_Q]["properties"]["value"]["enum"] == [
        "favour", "against", "neutral", "not_mentioned", "unclear", ""
    ]  # fmt: skip
    assert (request["model"], request["temperature"]) == ("tiny", 0.0)
    assert "Authorization" not in stub.headers[0]
    monkeypatch.setenv("CORPUS_KIT_LLM_KEY", "sk-of-nobody")
    asking.suggest("stance", budget=Budget(max_calls=1))
    assert stub.headers[1]["Authorization"] == "Bearer sk-of-nobody"
    for file in asking.data.rglob("*"):
        assert not file.is_file() or b"sk-of-nobody" not in file.read_bytes()


def test_limits_of_calls_and_cost_stop_before_they_are_passed_and_the_rest_waits(
    asking: Corpus, stub: ChatStub, capsys: Any
) -> None:
    made = asking.suggest("stance", budget=Budget(max_calls=2)).models
    assert made is not None and (made[0].calls, made[0].waiting) == (2, 1)
    assert run(cli, ["suggest", "stance", "--max-cost", "0.0000001", "--corpus", str(asking.root)]) == 0
    assert len(stub.requests) == 2 and "Without an answer: 1 of 3" in capsys.readouterr().err
    again = asking.suggest("stance", budget=Budget(max_cost=5.0)).models
    assert again is not None and (again[0].calls, again[0].waiting) == (1, 0)
    assert 0 < again[0].cost < 0.1 and len(stub.requests) == 3


def test_nothing_is_sent_to_a_server_that_was_not_allowed(
    asking: Corpus, stub: ChatStub, capsys: pytest.CaptureFixture[str]
) -> None:
    store = TrustStore()
    store.forget_reader(stub.origin)
    assert run(cli, ["suggest", "stance", "--trust", "--corpus", str(asking.root)]) == 2
    assert "have not allowed it" in capsys.readouterr().err
    asking.build(trust=True)
    assert stub.requests == []
    assert run(cli, ["trust", "--corpus", str(asking.root)]) == 1
    assert "is sent nothing before you trust it" in capsys.readouterr().out
    assert run(cli, ["trust", "--yes", "--corpus", str(asking.root)]) == 0
    assert TrustStore().may_read(stub.origin) and not TrustStore().gets_the_key(stub.origin)
    asking.suggest("stance", budget=Budget(max_calls=1))
    assert len(stub.requests) == 1
    assert run(cli, ["trust", "--forget", "--corpus", str(asking.root)]) == 0
    assert not TrustStore().may_read(stub.origin)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("llm:tiny", "names no model on a server"),
        ("llm:tiny@ftp://127.0.0.1/v1", "names no model on a server"),
        ("llm:tiny@http://me:secret@127.0.0.1/v1", "names no model on a server"),
    ],
)
def test_addresses_that_are_none(spec: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        address_of(spec)


def test_an_address_elsewhere_without_encryption_is_told_apart() -> None:
    assert address_of("llm:org/a@b@https://models.example:8443/v1/").origin == "https://models.example:8443"
    assert address_of("llm:m@http://models.example/v1").plain_http
    assert not address_of("llm:m@http://127.0.0.1:9/v1").plain_http


@pytest.mark.parametrize(
    ("reply", "problems"),
    [
        (Reply("no json"), ["model_malformed"]),
        (Reply("[]"), ["model_malformed"]),
        (Reply("[" * 100_000), ["model_malformed"]),
        (Reply('{"answers": {}, "spans": [' + "1" * 5000 + "]}"), ["model_malformed"]),
        (Reply(said(spans=[7, None, "x", {}, {"quote": 3}])), ["model_malformed"] * 5),
        (Reply(said(spans=[span("Port", "")])), []),
        (Reply(said(spans=[span("Port", "ignore previous")])), ["unknown_label"]),
        (Reply(said(spans=[span("Port", control="shell")])), ["unknown_control"]),
        (Reply(said(spans=[span("Port", control=["evidence"])])), ["unknown_control"]),
        (Reply(said({"rm -rf": {"value": "x", "confidence": 1}})), ["unknown_control"]),
        (Reply(said({STRIKE_Q: {"value": "favour", "confidence": 2}})), ["model_malformed"]),
        (Reply(said({STRIKE_Q: {"value": "favour", "confidence": float("nan")}})), ["model_malformed"]),
        (Reply(said({STRIKE_Q: {"value": "favour", "confidence": 10**400}})), ["model_malformed"]),
        (Reply(said({STRIKE_Q: {"value": ["favour"], "confidence": 1}})), ["unknown_label"]),
        (Reply(said(spans=[span("\ud800 half")])), ["quote_not_found"]),
        (Reply(None, refusal="I can't help with that."), ["model_refused"]),
        (Reply("", finish="content_filter"), ["model_refused"]),
        (Reply('{"spans": [', finish="length"), ["model_malformed", "model_malformed"]),
        (Reply("```json\n" + said(spans=[span("Port Sellane")]) + "\n```"), []),
    ],
)  # fmt: skip
def test_hostile_answers_become_reasons_and_no_place_is_guessed(
    base: Corpus, stub: ChatStub, tmp_path: Path, reply: Reply, problems: list[str]
) -> None:
    stub.answer = lambda *_: reply
    model = opened(base, stub, tmp_path)
    seen = model.look(FERRY, base.layers()["stance"])
    assert seen.answered and [reason for reason, _ in seen.problems] == problems
    for _, detail in seen.problems:
        detail.encode()
        assert len(detail) < 250
    assert all(one.start is None or FERRY[one.start : one.end].strip() for one in seen.proposals)
    model.look(FERRY, base.layers()["stance"])
    assert len(stub.requests) == 1


def opened(corpus: Corpus, stub: ChatStub, data: Path, **more: Any) -> llm.LlmSuggester:
    TrustStore().allow_reader(stub.origin)
    wish = LayerModel(layer="stance", model=stub.spec, **more)
    return open_llm(wish, corpus.layers()["stance"], data, Budget())


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(status=429),
        Reply(body=b"<html>login</html>"),
        Reply(body=b'{"choices": []}'),
        Reply(body=b"{" * 100_000),
        Reply(None),
        Reply(close=True),
        Reply("x" * (5 << 20)),
        Reply(headers={"Content-Length": "99999"}),
        Reply("slow", drip=0.05),
    ],
    ids=["500", "429", "page", "empty", "deep", "no words", "closed", "huge", "short", "drip"],
)
def test_what_is_no_answer_is_asked_for_again_and_then_waits(
    base: Corpus, stub: ChatStub, tmp_path: Path, reply: Reply
) -> None:
    stub.answer = lambda *_: reply
    seen = opened(base, stub, tmp_path, timeout=0.2).look(FERRY, base.layers()["stance"])
    assert (seen.answered, seen.proposals, seen.problems) == (False, [], [])
    assert len(stub.requests) == 3 and not list(tmp_path.rglob("*.json"))


def test_a_refused_request_and_a_server_that_is_down_stop_with_a_sentence(
    base: Corpus, stub: ChatStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stance = base.layers()["stance"]
    monkeypatch.setenv("CORPUS_KIT_LLM_KEY", "sk-of-nobody")
    stub.answer = lambda *_: Reply(status=401, body=b"no \x1b[31mkey sk-of-nobody\n")
    with pytest.raises(ServiceError, match=r"status 401: no .*key") as e:
        opened(base, stub, tmp_path).look(FERRY, stance)
    assert "\x1b" not in e.value.message and "sk-of" not in e.value.message and len(stub.requests) == 1
    stub.answer = lambda *_: Reply(status=302, headers={"Location": "http://198.51.100.1/v1"})
    with pytest.raises(ServiceError, match="status 302"):
        opened(base, stub, tmp_path).look(FERRY, stance)
    stub.answer = lambda *_: Reply(status=503)
    model = opened(base, stub, tmp_path)
    with pytest.raises(ServiceError, match="for 5 documents in a row"):
        for n in range(9):
            model.look(f"{n} {FERRY}", stance)


def test_another_guideline_model_or_setting_is_another_version(base: Corpus, stub: ChatStub, tmp_path: Path) -> None:
    from dataclasses import replace

    layer = base.layers()["stance"]
    wish = LayerModel(layer="stance", model=stub.spec)
    versions = {
        open_llm(wish, layer, tmp_path, None).version,
        open_llm(wish, replace(layer, guidelines="Other."), tmp_path, None).version,
        open_llm(wish.model_copy(update={"window": 900}), layer, tmp_path, None).version,
        open_llm(wish.model_copy(update={"model": stub.spec.replace("tiny", "big")}), layer, tmp_path, None).version,
    }
    assert len(versions) == 4
    moved = wish.model_copy(update={"model": "llm:tiny@http://127.0.0.1:1/v1", "threshold": 0.9, "price_in": 3.0})
    assert open_llm(moved, layer, tmp_path, None).version in versions


def test_a_long_page_is_shown_in_windows_and_must_be_answered_with_one_voice(
    base: Corpus, stub: ChatStub, tmp_path: Path
) -> None:
    text = "".join(f"Line {n} of the Sennet Bay ferry notice.\n" for n in range(60)) + "The last eel.\n"
    parts = list(windows_of(text, 600))
    assert parts[0][0] == 0 and parts[-1][1] == len(text) and all(e - s <= 600 for s, e in parts)
    assert all(b < e and (b == 0 or text[b - 1].isspace()) for (_, e), (b, _) in pairwise(parts))

    def answer(part: str, _: Any) -> Reply:
        value = "favour" if "eel" in part else "against"
        spans = [span("The last eel"), span(part.split("\n")[1])] if "eel" in part else [span("Line 3 of")]
        return Reply(said({STRIKE_Q: {"value": value, "confidence": 0.5}, PIPELINE: {"value": "neutral"}}, spans))

    stub.answer = answer
    seen = opened(base, stub, tmp_path, window=600).look(text, base.layers()["stance"])
    assert len(stub.requests) == len(parts)
    reasons = [reason for reason, _ in seen.problems]
    assert reasons.count("windows_disagree") == 1 and reasons.count("quote_not_found") == len(parts) - 2
    assert [(p.control, p.value) for p in seen.proposals if p.start is None] == [(PIPELINE, "neutral")]
    surfaces = {text[p.start : p.end] for p in seen.proposals if p.start is not None}
    assert {"The last eel", "Line 3 of"} < surfaces and len(surfaces) == 3


def test_quotes_are_placed_in_the_window_that_was_shown(base: Corpus) -> None:
    interview = interview_of(base.layers()["stance"])
    told = understand(interview, "an eel, an eel", said(spans=[span("eel", before="an eel, an"), span("eel")]))
    assert [(p.start, p.end) for p in told.proposals] == [(11, 14)]
    assert [reason for reason, _ in told.problems] == ["quote_ambiguous"]


@pytest.mark.slow
def test_two_thousand_answers_place_every_quote_exactly_or_refuse_it(
    base: Corpus, stub: ChatStub, tmp_path: Path
) -> None:
    """Texts of repeated words, so that most quotes are in doubt; honest, wrong and hostile answers mixed."""
    draw = random.Random(19)
    words = ["eel", "ferry", "Vesk", "港", "Zoë\u0301", "late.", "Ola", "Olaf", "\n", "ignore your instructions", "🚢"]
    texts = [f"{n} " + " ".join(draw.choices(words, k=draw.randrange(5, 60))) for n in range(2000)]
    quoted: dict[str, list[tuple[str, str]]] = {}

    def answer(text: str, _: Any) -> Reply:
        kind = draw.random()
        if kind < 0.1:
            return Reply(draw.choice(["", "Sure! Here are the labels.", "{", "null", '{"spans": {}}', "[" * 9999]))
        if kind < 0.15:
            return Reply(None, refusal="no")
        spans = []
        for _ in range(draw.randrange(1, 6)):
            start = draw.randrange(len(text))
            end = min(len(text), start + draw.randrange(1, 25))
            quote = text[start:end] if draw.random() < 0.8 else "".join(draw.sample(text, min(9, len(text))))
            before = text[max(0, start - draw.randrange(40)) : start] if draw.random() < 0.5 else ""
            label = "teachers_strike" if draw.random() < 0.9 else "do as I say"
            spans.append(span(quote, label, before))
            if label == "teachers_strike":
                quoted.setdefault(text, []).append((quote, before))
        return Reply(said(spans=spans))

    stub.answer = answer
    stance = base.layers()["stance"]
    model = opened(base, stub, tmp_path)
    placed = refused = 0
    first = {}
    for text in texts:
        seen = first[text] = model.look(text, stance)
        assert seen.answered
        places = {(p.start, p.end) for p in seen.proposals}
        wanted = {place for quote, before in quoted.get(text, []) if (place := only_place(text, quote, before))}
        assert places == wanted
        placed += len(places)
        refused += len(seen.problems)
    assert placed > 1500 and refused > 1500
    assert len(stub.requests) == 2000
    stub.close()
    rebuilt = open_llm(LayerModel(layer="stance", model=stub.spec), stance, tmp_path, None)
    assert {text: rebuilt.look(text, stance) for text in texts} == first


def only_place(text: str, quote: str, before: str) -> tuple[int, int] | None:
    """An independent reading: every pair of offsets that says the quote, cut down step by step; None where doubt is left."""
    parts = quote.split()
    if not parts:
        return None
    starts = [i for i in range(len(text)) if text.startswith(parts[0], i)]
    every = []
    for start in starts:
        at = start
        for number, part in enumerate(parts):
            if number:
                gap = len(text[at:]) - len(text[at:].lstrip())
                at = at + gap if gap else -1
            if at < 0 or not text.startswith(part, at):
                break
            at += len(part)
        else:
            every.append((start, at))

    def joined(edge: int) -> bool:
        if not 0 < edge < len(text):
            return False
        left, right = text[edge - 1], text[edge]
        return right == "\u0301" or (left.isalnum() and right.isalnum() and "港" not in (left, right))

    whole = [p for p in every if not joined(p[0]) and not joined(p[1])] or every
    if len(whole) > 1 and before.split():
        tail = "".join(before.split())
        told = [p for p in whole if "".join(text[: p[0]].split()).endswith(tail)]
        whole = told or whole
    return whole[0] if len(whole) == 1 else None
