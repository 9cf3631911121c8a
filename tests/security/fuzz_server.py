"""A server that is nearly Label Studio: whatever it answers, a command is done or stops with a sentence.

`python tests/security/long.py fuzz_server --count 2000 --seed 1`
"""

from __future__ import annotations

import gzip
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from fuzzing import Findings, bounded, command, mutated, mutated_bytes
from strangers import PAGES, made_corpus

from corpus_kit.core.config.template import shipped
from corpus_kit.core.errors import CorpusKitError
from corpus_kit.core.progress import Silent
from corpus_kit.corpus import Corpus
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.api.transport import AnswerLimits

CONFIG = (shipped("annotation") / "entities" / "config.xml").read_text(encoding="utf-8")
KEY = "team-token-0123456789abcdef"
_SECONDS = 60
_REBUILT = 40
"""Every so many runs the corpus is built with what the pulls brought."""
_MOMENT = "2031-01-01T00:00:00Z"


def truthful(path: str) -> Any:
    """What a small Label Studio would say to these requests."""
    project = {
        "id": 1,
        "title": "corpus: entities",
        "label_config": CONFIG,
        "expert_instruction": "",
        "created_at": _MOMENT,
        "maximum_annotations": 1,
        "sampling": "x",
        "task_number": 1,
        "model_version": "",
    }
    value = {"start": 4, "end": 9, "text": "ferry", "labels": ["PLACE"]}
    result = {"id": "r1", "from_name": "entities", "to_name": "text", "type": "labels", "value": value}
    annotation = {
        "id": 1,
        "unique_id": "00000000-0000-4000-8000-000000000001",
        "completed_by": 1,
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
        "result": [result],
        "was_cancelled": False,
        "lead_time": 1.5,
    }
    task = {
        "id": 1,
        "data": {"text": PAGES["ferry.txt"], "doc_id": "0" * 16, "text_sha256": "0" * 64},
        "annotations": [annotation],
        "drafts": [],
        "predictions": [],
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
        "overlap": 1,
        "total_annotations": 1,
        "cancelled_annotations": 0,
        "meta": {},
        "total_predictions": 0,
    }
    if "/export" in path:
        if "ids" in path or "download" in path:
            return [task]
        return {"id": 1, "status": "completed", "md5": hashlib.md5(json.dumps([task]).encode()).hexdigest()}
    if path.endswith("/predictions"):
        return {"created": 1}
    if "/import" in path:
        return {"task_ids": [1]}
    if "/api/predictions" in path:
        return []
    if path.startswith("/api/version"):
        return {"release": "1.20.0"}
    if path.startswith("/api/tasks/1/"):
        return task
    if path.startswith("/api/tasks"):
        return {"tasks": [task], "total": 1}
    if path.startswith("/api/users"):
        return [{"id": 1, "email": "ada@example.org", "first_name": "", "last_name": ""}]
    if "whoami" in path:
        return {"id": 1, "email": "ada@example.org"}
    return {"results": [project], "next": None} if path.startswith("/api/projects/?") else project


class _Nearly(http.server.BaseHTTPRequestHandler):
    """Answers with the truth, changed now and then, and now and then with something that is no answer."""

    chance: Random
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        chance = self.chance
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = truthful(self.path)
        for _ in range(chance.choice((0, 0, 0, 0, 0, 0, 1, 2))):
            answer = mutated(answer, chance)
        body, headers, status = json.dumps(answer).encode(), {"Content-Type": "application/json"}, 200
        way = chance.random()
        if way < 0.03:
            body = mutated_bytes(body, chance)
        elif way < 0.04:
            body, headers["Content-Encoding"] = mutated_bytes(gzip.compress(body), chance), "gzip"
        elif way < 0.06:
            status = chance.choice((201, 204, 301, 302, 400, 401, 403, 404, 409, 418, 429, 500, 502, 599))
            headers |= {
                "Retry-After": chance.choice(("0", "soon", "-1", "99999999999")),
                "Location": "http://127.0.0.1:9/",
            }
        length = len(body) + (chance.choice((-1, 1, 10**12)) if way > 0.985 else 0)
        try:
            self.send_response(status, chance.choice(("OK", "\x1b[2J", "")) if way > 0.97 else None)
            for name, one in (headers | {"Content-Length": str(max(length, 0))}).items():
                self.send_header(name, one)
            self.end_headers()
            self.wfile.write(body)
            if length != len(body):
                self.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any

    def log_message(self, *_: object) -> None: ...


class Truthful(_Nearly):
    """Answers with the truth alone."""

    def _any(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = truthful(self.path)
        if isinstance(answer, dict) and "task_ids" in answer:
            answer = {"task_ids": list(range(1, len(json.loads(sent)) + 1))}
        if isinstance(answer, dict) and "created" in answer:
            answer = {"created": len(json.loads(sent))}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any


@contextmanager
def nearly_label_studio(chance: Random) -> Iterator[str]:
    """Such a server on 127.0.0.1; its address."""
    handler = type("Nearly", (_Nearly,), {"chance": chance})
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    listening.daemon_threads = True
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_address[1]}"
    finally:
        listening.shutdown()
        listening.server_close()


def fuzz_server(folder: Path, count: int, seed: int) -> Findings:
    """Commands that talk to a server which answers nearly like Label Studio."""
    from corpus_kit.labelstudio.sync.pull import pull
    from corpus_kit.labelstudio.sync.push import push
    from corpus_kit.labelstudio.sync.restore import restore
    from corpus_kit.pipeline.sync import server_context

    found, chance = Findings(), Random(seed)
    corpus = Corpus.open(made_corpus(folder / "corpus", pages={"ferry.txt": PAGES["ferry.txt"]}))
    export = folder / "export.json"
    told = truthful("/api/tasks")["tasks"]
    told[0]["data"] = {"text": PAGES["ferry.txt"]}
    export.write_text(json.dumps(told))
    corpus.import_([export], layer="entities")
    corpus.build(report=False)
    with nearly_label_studio(chance) as url:
        for number in range(count):
            name, work = (("push", push), ("pull", pull), ("restore", restore))[number % 3]
            found.cases += 1
            case = f"seed {seed}, run {number}, {name}"
            limits = AnswerLimits(seconds=1, export_seconds=1)
            try:
                with bounded(_SECONDS), LabelStudioClient(url, KEY, first_wait=0, limits=limits) as talking:
                    work(server_context(corpus, name), talking, Silent(), layer="entities")
                found.outcomes[f"{name}: done"] += 1
            except CorpusKitError as e:
                assert KEY not in str(e)
                found.outcomes[f"{name}: {type(e).__name__}"] += 1
            except Exception as e:  # noqa: BLE001 - whatever it is, it is what is looked for
                found.fail(e, case)
            if number % _REBUILT == _REBUILT - 1:
                _rebuild(corpus, found, case)
    return found


def _rebuild(corpus: Corpus, found: Findings, case: str) -> None:
    try:
        with bounded(4 * _SECONDS):
            corpus.build(report=False)
            findings = corpus.validate().findings
        assert findings == [], findings[:3]
        found.outcomes["rebuilt"] += 1
    except Exception as e:  # noqa: BLE001
        found.fail(e, f"{case}, a build")


if __name__ == "__main__":
    command(fuzz_server)
