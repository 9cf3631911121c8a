"""What all tests share: no way out to the network, the real pages where they lie, and small corpora."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from corpus_kit.corpus import BuildResult, Corpus

ROOT = Path(__file__).resolve().parents[1]
Pages = Mapping[str, "str | bytes"]

# Two shared cores are no place for a stopwatch; examples are derandomised in CI so that a red run can be repeated.
settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


@pytest.fixture(autouse=True)
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that opens a connection to another machine fails."""
    tried: list[str] = []

    def guarded(name: str) -> Callable[[socket.socket, Any], Any]:
        real = getattr(socket.socket, name)

        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
                tried.append(str(address))
                raise ConnectionRefusedError(f"a test must not connect to {address}")
            return real(self, address)

        return connect

    monkeypatch.setattr(socket.socket, "connect", guarded("connect"))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded("connect_ex"))
    yield
    assert not tried, f"this test tried to connect to {tried}"


@pytest.fixture(autouse=True)
def own_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a test trusts is kept in a folder of its own, and the user's own trust does not count."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("configuration")))


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return host in ("localhost", "")


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The five real pages, which lie beside the repository and never in it."""
    folder = Path(os.environ.get("CORPUS_KIT_SEEDS", ROOT.parent / "shared" / "seeds"))
    if not folder.is_dir():
        pytest.skip(f"the real pages are not here ({folder}); CORPUS_KIT_SEEDS names their folder")
    return folder


@pytest.fixture
def write_pages() -> Callable[[Path, Pages], Path]:
    """Write files by their POSIX path below a folder; returns the folder."""

    def write(folder: Path, pages: Pages) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in pages.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return write


@pytest.fixture
def build() -> Callable[..., BuildResult]:
    """`build(raw, out, **options)`: a whole build in this process, without a corpus."""

    def run(raw: Path, out: Path, **options: Any) -> BuildResult:
        return Corpus.without(out).build([raw], out, **options)

    return run
