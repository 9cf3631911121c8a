"""A broken or hostile server is an answer: one sentence, in bounded time and memory, and never a bug."""

from __future__ import annotations

import gzip
import http.server
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from strangers import PAGES, made_corpus, nosy_host

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import CorpusKitError, ServiceError
from corpus_kit.corpus import Corpus
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.api.transport import AnswerLimits

KEY = "team-token-0123456789abcdef"
SHAPES: tuple[Any, ...] = (
    [], {}, 0, "text", True, [[]], [None],
    {"results": None}, {"results": [{}]}, {"results": {}}, {"results": "x"}, {"results": [], "next": "again"},
    {"results": [{"id": "1", "title": "corpus: entities"}]}, {"results": [{"id": 1, "title": None}]},
    {"results": [{"id": 1, "title": "x", "label_config": 7, "expert_instruction": [], "maximum_annotations": "two"}]},
)  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = made_corpus(tmp_path_factory.mktemp("hostile") / "corpus", pages={"ferry.txt": PAGES["ferry.txt"]})
    Corpus.open(root).build(report=False)
    return root


@contextmanager
def server(handle: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server of which `handle` writes every answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            try:
                handle(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any

        def log_message(self, *_: object) -> None: ...

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_address[1]}"
    finally:
        listening.shutdown()
        listening.server_close()


def sent(handler: http.server.BaseHTTPRequestHandler, body: bytes, **headers: str) -> None:
    handler.send_response(200)
    for name, value in ({"Content-Length": str(len(body))} | headers).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def client(url: str, **limits: Any) -> LabelStudioClient:
    return LabelStudioClient(url, KEY, first_wait=0, limits=AnswerLimits(**limits))


@pytest.mark.parametrize("command", ["push", "pull"])
def test_json_of_another_shape_is_one_sentence(
    command: str, built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(built)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", KEY)
    for shape in SHAPES:
        with nosy_host([(200, {"Content-Type": "application/json"}, json.dumps(shape).encode())]) as host:
            monkeypatch.setenv("LABEL_STUDIO_URL", host.url)
            code = run(cli, [command])
            told = capsys.readouterr().err
            assert "bug" not in told, (shape, told)
            assert code == 3, (shape, told)
            assert "isn't Label Studio's JSON" in told, (shape, told)
            assert host.url in told
            assert len(host.asked) < 10


def test_json_nested_without_end_is_one_sentence() -> None:
    body = b"[" * 100_000 + b"]" * 100_000
    with nosy_host([(200, {}, body)]) as host, pytest.raises(ServiceError, match="isn't Label Studio's JSON"):
        client(host.url).find_projects("corpus")
    with nosy_host([(400, {}, body)]) as host, pytest.raises(ServiceError, match="400"):
        client(host.url).find_projects("corpus")


def test_pages_that_never_end_end() -> None:
    asked: list[str] = []

    def again(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        project = {
            "id": len(asked), "title": "x", "label_config": "", "expert_instruction": "", "maximum_annotations": 1,
            "sampling": "",
        }  # fmt: skip
        sent(handler, json.dumps({"results": [project], "next": "again"}).encode())

    with server(again) as url, pytest.raises(ServiceError, match="1,000 pages"):
        client(url).find_projects("corpus")
    assert len(asked) == 1000


def test_the_same_page_of_tasks_again_and_again_ends() -> None:
    page = json.dumps({"tasks": [{"id": number, "data": {}} for number in range(1, 1001)]}).encode()
    with nosy_host([(200, {}, page)]) as host:
        with pytest.raises(ServiceError, match="isn't Label Studio's JSON"):
            list(client(host.url).tasks(1))
        assert len(host.asked) == 2


def test_a_body_that_grows_in_memory_is_cut_off() -> None:
    """200 kB on the wire, 200 MB decompressed: no more is kept than the limit."""
    bomb = gzip.compress(b" " * (200 << 20))
    with nosy_host([(200, {"Content-Encoding": "gzip"}, bomb)]) as host, pytest.raises(ServiceError, match="4 MiB"):
        client(host.url, answer_bytes=4 << 20).find_projects("corpus")
    with nosy_host([(400, {"Content-Encoding": "gzip"}, bomb)]) as host, pytest.raises(ServiceError, match="400"):
        client(host.url, answer_bytes=4 << 20).find_projects("corpus")


def test_a_byte_now_and_then_does_not_keep_it_waiting() -> None:
    end = threading.Event()

    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while not end.wait(0.05):
            handler.wfile.write(b"1\r\n \r\n")
            handler.wfile.flush()

    with server(drip) as url:
        begun = time.monotonic()
        with pytest.raises(ServiceError, match="did not finish its answer"):
            client(url, seconds=1.0).find_projects("corpus")
        assert time.monotonic() - begun < 30
        end.set()


def test_an_export_that_is_never_finished_is_given_up(tmp_path: Path) -> None:
    body = json.dumps({"id": 1, "status": "in_progress"}).encode()
    with nosy_host([(200, {}, body)]) as host, pytest.raises(ServiceError, match="has not finished its export"):
        client(host.url, export_seconds=0.5).snapshot(1, tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_an_export_without_end_fills_no_disk(tmp_path: Path) -> None:
    made = json.dumps({"id": 1, "status": "completed", "md5": "0" * 32}).encode()
    bomb = gzip.compress(b" " * (100 << 20))
    with (
        nosy_host([(200, {}, made), (200, {"Content-Encoding": "gzip"}, bomb), (200, {}, b"")]) as host,
        pytest.raises(ServiceError, match="1 MiB"),
    ):
        client(host.url, export_bytes=1 << 20).snapshot(1, tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


# --- a fuzzer: a server that answers nearly like Label Studio ------------------------------------------------------------


def _truthful(path: str) -> Any:
    """What a small Label Studio would say to these requests."""
    project = {
        "id": 1, "title": "corpus: entities", "label_config": "<View/>", "expert_instruction": "",
        "created_at": "2031-01-01", "maximum_annotations": 1, "sampling": "x", "task_number": 1, "model_version": "",
    }  # fmt: skip
    task = {
        "id": 1, "data": {"text": "x", "doc_id": "0" * 16, "text_sha256": "0" * 64}, "annotations": [], "drafts": [],
        "predictions": [], "created_at": "2031-01-01T00:00:00Z", "updated_at": "2031-01-01T00:00:00Z", "overlap": 1,
        "total_annotations": 0, "cancelled_annotations": 0, "meta": {}, "total_predictions": 0,
    }  # fmt: skip
    if "/export" in path:
        return [task] if "ids" in path else {"id": 1, "status": "completed", "md5": "0" * 32}
    if path.startswith("/api/tasks"):
        return {"tasks": [task], "total": 1}
    if path.startswith("/api/users"):
        return [{"id": 1, "email": "ada@example.org", "first_name": "", "last_name": ""}]
    if "whoami" in path:
        return {"id": 1, "email": "ada@example.org"}
    return {"results": [project], "next": None} if path.startswith("/api/projects/?") else project


ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    1.5,
    "",
    "x" * 300,
    "\ud800",
    "\x1b[2J",
    [],
    {},
    [[]],
    {"a": None},
    "NaN",
    [1, "1"],
)


def mutated(value: Any, chance: random.Random) -> Any:
    """The value with one place replaced, removed or repeated."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(sorted(value))
        if chance.random() < 0.2:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: mutated(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.7:
        place = chance.randrange(len(value))
        return [*value[:place], mutated(value[place], chance), *value[place + chance.randint(0, 1) :]]
    return chance.choice(ODD)


def fuzz_server(root: Path, runs: int, seed: int) -> dict[str, int]:
    """Run the commands against answers of which some are changed; how often each exit code came."""
    chance = random.Random(seed)
    codes: dict[str, int] = {}

    def handle(handler: http.server.BaseHTTPRequestHandler) -> None:
        answer = _truthful(handler.path)
        for _ in range(chance.choice((0, 0, 1, 2))):
            answer = mutated(answer, chance)
        body = json.dumps(answer).encode()
        if chance.random() < 0.03:
            body = body[: chance.randrange(len(body) + 1)]
        sent(handler, body)

    from corpus_kit.core.progress import Silent
    from corpus_kit.labelstudio.sync.pull import pull
    from corpus_kit.labelstudio.sync.push import push
    from corpus_kit.labelstudio.sync.restore import restore
    from corpus_kit.pipeline.sync import server_context

    corpus = Corpus.open(root)
    with server(handle) as url:
        for number in range(runs):
            name, command = (("push", push), ("pull", pull), ("restore", restore))[number % 3]
            with client(url, seconds=20, export_seconds=2) as talking:
                try:
                    command(server_context(corpus, name), talking, Silent(), layer="entities")
                    told = "done"
                except CorpusKitError as e:
                    told = type(e).__name__
            codes[told] = codes.get(told, 0) + 1
    return codes


def test_a_server_that_is_nearly_label_studio_is_never_a_bug(built: Path) -> None:
    codes = fuzz_server(built, 15, seed=1)
    assert sum(codes.values()) == 15


@pytest.mark.slow
def test_a_server_that_is_nearly_label_studio_is_never_a_bug_for_long(built: Path) -> None:
    assert sum(fuzz_server(built, 2000, seed=2).values()) == 2000
