"""A local stand-in for the Hub that speaks its protocol as far as publishing a dataset needs it, with git's own hashes.

`break_at` ends the n-th request without an answer, before or after it was carried out; `on_request` is called first.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "hf_invented_token_for_tests"


@dataclass
class Repo:
    """files: path → content, at every revision. large: paths that are large files."""

    revisions: list[dict[str, bytes]] = field(default_factory=lambda: [{".gitattributes": b"*.parquet lfs\n"}])
    tags: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    pulls: list[dict[str, bytes]] = field(default_factory=list)

    @property
    def files(self) -> dict[str, bytes]:
        return self.revisions[-1]

    @property
    def sha(self) -> str:
        return commit_sha(len(self.revisions) - 1, self.files)


def commit_sha(number: int, files: dict[str, bytes]) -> str:
    return hashlib.sha1(repr((number, sorted(files.items()))).encode()).hexdigest()


class Hub(ThreadingHTTPServer):
    """repos: by name. requests: (method, path) of all. stored: large files by sha256."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos: dict[str, Repo] = {}
        self.stored: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.on_request: Callable[[int], None] = lambda number: None
        self.break_at: tuple[int, str] = (-1, "")
        self.kill: Any = None
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._chunked()
        with self.server.lock:
            number = len(self.server.requests)
            self.server.requests.append((self.command, self.path))
            at, when = self.server.break_at
            if self.server.kill and self.server.kill.now(number, "before"):
                self.close_connection = True
                return
            if number == at and when == "before":
                self.close_connection = True
                return
            self.server.on_request(number)
            status, answer = self._answer(body)
            if number == at or (self.server.kill and self.server.kill.now(number, "after")):
                self.close_connection = True
                return
        content = json.dumps(answer).encode()
        self.send_response(status)
        if status >= 400:
            self.send_header("X-Error-Code", answer.get("code", ""))
            self.send_header("X-Error-Message", answer.get("error", ""))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_HEAD = do

    def _chunked(self) -> bytes:
        made = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            made += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return made

    def _answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        address = urlsplit(self.path)
        words = address.path.strip("/").split("/")
        query = parse_qs(address.query)
        if words[0] == "upload":
            self.server.stored[hashlib.sha256(body).hexdigest()] = body
            return 200, {}
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": "Invalid credentials"}
        told = json.loads(body) if body[:1] == b"{" and b"\n{" not in body else {}
        if words == ["api", "validate-yaml"]:
            return 200, {"errors": [], "warnings": []}
        if words == ["api", "repos", "create"]:
            name = "/".join(one for one in (told.get("organization"), told["name"]) if one)
            name = name if "/" in name else f"someone/{name}"
            self.server.repos.setdefault(
                name, Repo(settings={"private": told.get("private", False) or told.get("visibility") == "private"})
            )
            return 200, {"url": f"{self.server.url}/datasets/{name}"}
        if words[:2] == ["api", "datasets"]:
            return self._dataset("/".join(words[2:4]), words[4:], query, told, body)
        if words[0] == "datasets" and words[-3:] == ["lfs", "objects", "batch"]:
            return 200, {"transfer": "basic", "objects": [self._large(one) for one in told["objects"]]}
        return 404, {"error": f"no such thing: {address.path}"}

    def _large(self, one: dict[str, Any]) -> dict[str, Any]:
        if one["oid"] in self.server.stored:
            return dict(one)
        return one | {"actions": {"upload": {"href": f"{self.server.url}/upload/{one['oid']}", "header": {}}}}

    def _dataset(
        self, name: str, words: list[str], query: dict[str, list[str]], told: dict[str, Any], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        repo = self.server.repos.get(name)
        if repo is None:
            return 404, {"error": "Repository not found", "code": "RepoNotFound"}
        match words:
            case [] | ["revision", _]:
                return 200, {"id": name, "sha": repo.sha, "siblings": [_sibling(*one) for one in repo.files.items()]}
            case ["refs"]:
                tags = [{"name": t, "ref": f"refs/tags/{t}", "targetCommit": sha} for t, sha in repo.tags.items()]
                main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.sha}
                return 200, {"branches": [main], "converts": [], "tags": tags}
            case ["settings"]:
                repo.settings |= told
                return 200, {}
            case ["preupload", _]:
                return 200, {
                    "files": [
                        {
                            "path": one["path"],
                            "uploadMode": "lfs" if one["path"].endswith(".parquet") else "regular",
                            "shouldIgnore": False,
                            "oid": None,
                        }
                        for one in told["files"]
                    ]
                }
            case ["commit", _]:
                return self._commit(name, repo, query, body)
            case ["tag", revision]:
                if told["tag"] in repo.tags:
                    return 409, {"error": "Tag exists"}
                repo.tags[told["tag"]] = revision
                return 200, {}
        return 404, {"error": "no such thing"}

    def _commit(self, name: str, repo: Repo, query: dict[str, list[str]], body: bytes) -> tuple[int, dict[str, Any]]:
        files = dict(repo.files)
        for line in body.decode().splitlines():
            one = json.loads(line)
            value = one["value"]
            if one["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif one["key"] == "lfsFile":
                if value["oid"] not in self.server.stored:
                    return 400, {"error": "LFS object missing"}
                files[value["path"]] = self.server.stored[value["oid"]]
            elif one["key"] == "deletedFile":
                if value["path"] not in files:
                    return 400, {"error": "A file with this name doesn't exist"}
                del files[value["path"]]
        made = {"success": True, "commitUrl": f"{self.server.url}/datasets/{name}/commit/x"}
        if query.get("create_pr") == ["1"]:
            repo.pulls.append(files)
            url = f"{self.server.url}/datasets/{name}/discussions/1"
            return 200, made | {"commitOid": commit_sha(99, files), "pullRequestUrl": url}
        repo.revisions.append(files)
        return 200, made | {"commitOid": repo.sha}


def _sibling(path: str, content: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    made: dict[str, Any] = {"rfilename": path, "size": len(content), "blobId": blob}
    if path.endswith(".parquet"):
        made["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
    return made


@contextmanager
def running() -> Iterator[Hub]:
    hub = Hub()
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
