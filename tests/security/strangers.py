"""A stranger's corpus, a decoy home and a host that notes what it is asked: what the tests of this folder share."""

from __future__ import annotations

import hashlib
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from corpus_kit.corpus import Corpus

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "ferry.txt": "The ferry\n\nThe ferry from Port Sellane was late again on Monday, said Ada Brandt.\n",
    "bridge.txt": "A bridge\n\nThe new bridge at Ostrand opens in spring, the town said on Friday.\n",
    "market.txt": "Market day\n\nThe market of Ostrand moves to the harbour, and no one was asked.\n",
}
# Who is started as a script finds modules in the script's folder, as the installed command does, and not in the working one.
_START = "from corpus_kit.__main__ import main\n\nmain()\n"


def made_corpus(folder: Path, settings: str = "", pages: dict[str, str] = PAGES) -> Path:
    """A corpus with a few pages; `settings` is appended to its corpus.toml."""
    Corpus.init(folder)
    for name, text in pages.items():
        (folder / "data" / "raw" / name).write_text(text, encoding="utf-8")
    with (folder / "corpus.toml").open("a", encoding="utf-8") as f:
        f.write(f"\n{settings}\n")
    return folder


def environment(**more: str) -> dict[str, str]:
    """Ours, without a server and without a key, and without what would already keep the working folder out."""
    gone = ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "PYTHONSAFEPATH")
    kept = {name: value for name, value in os.environ.items() if name not in gone}
    return kept | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"} | more


def run_in(cwd: Path, *args: str | Path, script: str = _START, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command as it is installed, with `cwd` as its working folder."""
    start = cwd.parent / "bin" / "start.py"
    start.parent.mkdir(exist_ok=True)
    start.write_text(script, encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(start), *map(str, args)],
        cwd=cwd,
        env=environment(**environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def lay_traps(folder: Path, marker: Path) -> int:
    """Put a file into `folder` for every module that a Python or corpus-kit may look for; it tells `marker` when it runs."""
    names = {name for name in sys.stdlib_module_names if not name.startswith("_")} | set(sys.builtin_module_names)
    names |= set(
        "corpus_kit polars pyarrow numpy datasets pandas distributed dask label_studio django click rich".split()
    )
    names |= {"sitecustomize", "usercustomize", "__main__", "_posixsubprocess", "_multiprocessing"}
    code = f"open({str(marker)!r}, 'a').write(__name__ + chr(10))\nraise SystemExit('code of the corpus ran')\n"
    for name in names - {"sys", "builtins"}:
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    return len(names)


def digest(folder: Path) -> str:
    """Of all there is below a folder: names, kinds, modes and contents."""
    told = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        told.update(f"{path.relative_to(folder)} {status.st_mode} ".encode())
        told.update(
            str(path.readlink()).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        )
    return told.hexdigest()


@dataclass(slots=True)
class NosyHost:
    """A server that answers nothing and keeps what it was asked. asked: method, path and Authorization of every request."""

    url: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)


@contextmanager
def nosy_host(answers: Sequence[tuple[int, dict[str, str], bytes]] = ((404, {}, b""),)) -> Iterator[NosyHost]:
    """Listens on 127.0.0.1. answers: status, headers and body, one after the other; the last one for all that follow."""
    host = NosyHost()

    class Handler(http.server.BaseHTTPRequestHandler):
        def _any(self) -> None:
            status, headers, body = answers[min(len(host.asked), len(answers) - 1)]
            host.asked.append((self.command, self.path, self.headers.get("Authorization", "")))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
