"""Local stand-ins for a store that speaks S3 and for the deposits of Zenodo, as far as publishing needs them.

`kill` ends a process with SIGKILL at the n-th request, before or after the server carried it out.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

KEY, SECRET, TOKEN = "AKINVENTED", "an-invented-secret-for-tests", "an-invented-token-for-tests"


@dataclass
class Kill:
    """process: to be killed. at: number of the request. when: `before` or `after` it was carried out."""

    process: subprocess.Popen[str]
    at: int
    when: str

    def now(self, number: int, when: str) -> bool:
        if (number, when) != (self.at, self.when):
            return False
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return True


class StandIn(ThreadingHTTPServer):
    """requests: (method, path) since `start_over`."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.requests: list[tuple[str, str]] = []
        self.kill: Kill | None = None
        self.lock = threading.Lock()
        self.state: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            number = len(self.server.requests)
            self.server.requests.append((self.command, self.path))
            kill = self.server.kill
            if kill and kill.now(number, "before"):
                self.close_connection = True
                return
            status, kind, content = self.answer(body)
            if kill and kill.now(number, "after"):
                self.close_connection = True
                return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do

    def answer(self, body: bytes) -> tuple[int, str, bytes]:
        raise NotImplementedError


class S3Handler(_Handler):
    """state: name → content of the one bucket, `news`. A list has three names a page."""

    def answer(self, body: bytes) -> tuple[int, str, bytes]:
        address = urlsplit(self.path)
        bucket, _, name = unquote(address.path).lstrip("/").partition("/")
        if not self._signed(address.path, address.query, body):
            return 403, "application/xml", b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
        if bucket != "news":
            return 404, "application/xml", b"<Error><Code>NoSuchBucket</Code></Error>"
        objects: dict[str, bytes] = self.server.state
        if self.command == "PUT":
            objects[name] = body
        elif self.command == "DELETE":
            objects.pop(name, None)
            return 204, "application/xml", b""
        else:
            return 200, "application/xml", self._listed(parse_qs(address.query), objects)
        return 200, "application/xml", b""

    def _listed(self, query: dict[str, list[str]], objects: dict[str, bytes]) -> bytes:
        assert query["list-type"] == ["2"]
        after = query.get("continuation-token", [""])[0]
        names = sorted(n for n in objects if n.startswith(query.get("prefix", [""])[0]) and n > after)
        page = names[:3]
        rows = "".join(
            f"<Contents><Key>{escape(n)}</Key><ETag>&quot;{hashlib.md5(objects[n]).hexdigest()}&quot;</ETag></Contents>"
            for n in page
        )
        more = len(names) > len(page)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        space = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
        end = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}"
        return f"<ListBucketResult {space}>{rows}{end}</ListBucketResult>".encode()

    def _signed(self, path: str, query: str, body: bytes) -> bool:
        told = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d+)/([\w-]+)/s3/aws4_request,SignedHeaders=([\w;-]+),Signature=(\w{64})",
            self.headers.get("Authorization", ""),
        )
        if told is None or told[1] != KEY or self.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return False
        day, region, names, signature = told[2], told[3], told[4], told[5]
        lines = [self.command, path, query, *(f"{n}:{self.headers[n]}" for n in names.split(";")), "", names]
        asked = "\n".join([*lines, self.headers["x-amz-content-sha256"]])
        scope = f"{day}/{region}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{self.headers['x-amz-date']}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
        key = b"AWS4" + SECRET.encode()
        for word in scope.split("/"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest() == signature


@dataclass
class Record:
    """A deposit; submitted ones do not change."""

    number: int
    concept: int
    metadata: dict[str, Any]
    submitted: bool = False
    files: dict[str, bytes] = field(default_factory=dict)


class ZenodoHandler(_Handler):
    """state: number → `Record`. Numbers begin with 101."""

    def answer(self, body: bytes) -> tuple[int, str, bytes]:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, "application/json", b'{"status": 401, "message": "Unauthorized"}'
        status, told = self._answer(body)
        return status, "application/json", b"" if told is None else json.dumps(told).encode()

    def _answer(self, body: bytes) -> tuple[int, Any]:
        records: dict[int, Record] = self.server.state
        address = urlsplit(self.path)
        words = unquote(address.path).strip("/").split("/")
        if words[:2] == ["api", "files"] and self.command == "PUT":
            record = records[int(words[2].removeprefix("bucket-"))]
            if record.submitted:
                return 403, {"message": "Bucket is locked"}
            record.files["/".join(words[3:])] = body
            return 201, {"key": words[3], "checksum": f"md5:{hashlib.md5(body).hexdigest()}"}
        assert words[:3] == ["api", "deposit", "depositions"], self.path
        match self.command, words[3:]:
            case "GET", []:
                query = parse_qs(address.query)
                wanted = query["q"][0].removeprefix('title:"').removesuffix('"')
                found = [r for r in records.values() if r.metadata.get("title") == wanted]
                return 200, [self._told(r) for r in found if not r.submitted or query.get("status") != ["draft"]]
            case "POST", []:
                record = self._new(json.loads(body)["metadata"], None)
                return 201, self._told(record)
        record_or_none = records.get(int(words[3]))
        if record_or_none is None:
            return 404, {"message": "PID does not exist."}
        return self._of_one(record_or_none, words[4:], body)

    def _of_one(self, record: Record, words: list[str], body: bytes) -> tuple[int, Any]:
        records: dict[int, Record] = self.server.state
        match self.command, words:
            case "GET", []:
                return 200, self._told(record)
            case "GET", ["files"]:
                sums = {name: hashlib.md5(content).hexdigest() for name, content in record.files.items()}
                return 200, [{"id": f"id-{name}", "filename": name, "checksum": told} for name, told in sums.items()]
            case "DELETE", ["files", name]:
                del record.files[name.removeprefix("id-")]
                return 204, None
            case "PUT", []:
                if record.submitted:
                    return 403, {"message": "Deposition is submitted"}
                record.metadata = json.loads(body)["metadata"]
                return 200, self._told(record)
            case "POST", ["actions", "newversion"]:
                drafts = [r for r in records.values() if r.concept == record.concept and not r.submitted]
                made = drafts[0] if drafts else self._new(dict(record.metadata), record.concept)
                if not drafts:
                    made.files = dict(record.files)
                draft = f"{self.server.url}/api/deposit/depositions/{made.number}"
                return 201, self._told(record) | {"links": {"latest_draft": draft}}
            case "POST", ["actions", "publish"]:
                if not record.files:
                    return 400, {"message": "Minimum one file must be provided."}
                record.submitted = True
                return 202, self._told(record)
        return 405, {"message": "no such thing"}

    def _new(self, metadata: dict[str, Any], concept: int | None) -> Record:
        number = 101 + len(self.server.state)
        made = Record(number, concept or number, metadata)
        self.server.state[number] = made
        return made

    def _told(self, record: Record) -> dict[str, Any]:
        doi = f"10.5281/zenodo.{record.number}"
        metadata = record.metadata | {"prereserve_doi": {"doi": doi, "recid": record.number}}
        links = {
            "bucket": f"{self.server.url}/api/files/bucket-{record.number}",
            "html": f"{self.server.url}/records/{record.number}",
        }
        told = {"id": record.number, "submitted": record.submitted, "metadata": metadata, "links": links}
        return told | ({"doi": doi} if record.submitted else {})


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[StandIn]:
    server = StandIn(handler)
    server.state = {}
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
