"""A broken or hostile server is an answer: one sentence, in bounded time and memory, and never a bug."""

from __future__ import annotations

import gzip
import http.server
import json
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
from corpus_kit.core.errors import ServiceError
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


@pytest.mark.slow
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


def test_pauses_without_end_come_to_an_end() -> None:
    """Every answer asks for a pause before it is given: all pauses together have an end, not each alone."""
    project = {
        "id": 1,
        "title": "x",
        "label_config": "",
        "expert_instruction": "",
        "maximum_annotations": 1,
        "sampling": "",
    }
    page = json.dumps({"results": [project], "next": "again"}).encode()
    asked: list[float] = []

    def wait(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(time.monotonic())
        if len(asked) % 2:
            handler.send_response(429)
            handler.send_header("Retry-After", "1")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        else:
            sent(handler, page)

    with server(wait) as url, pytest.raises(ServiceError, match="429"):
        client(url, seconds=2.0).find_projects("corpus")
    assert asked[-1] - asked[0] < 10
    assert len(asked) < 12
