"""What all tests share: no way out to the network, the real pages where they lie, and small corpora."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sample_corpus import copy_of_sample

from corpus_kit.corpus import BuildResult, Corpus

ROOT = Path(__file__).resolve().parents[1]
GUARD = ROOT / "tests" / "guard"
Pages = Mapping[str, "str | bytes"]

# Two shared cores are no place for a stopwatch; examples are derandomised in CI so that a red run can be repeated.
settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


# A connection to another machine fails: here, in fixtures of a module or session, and in every Python that a test starts,
# which reads `guard/sitecustomize.py` before anything else. What was tried stands in a file that the test looks at.
TRIED = Path(tempfile.mkdtemp(prefix="tried-")) / "addresses"
os.environ["CORPUS_KIT_TRIED"] = str(TRIED)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(GUARD), os.environ.get("PYTHONPATH"))))
sys.path.insert(0, str(GUARD))
import sitecustomize  # noqa: E402, F401


@pytest.fixture(autouse=True)
def no_way_out() -> Iterator[None]:
    """A test that connects to another machine fails, whatever process of it does."""
    yield
    tried = TRIED.read_text(encoding="utf-8") if TRIED.is_file() else ""
    TRIED.unlink(missing_ok=True)
    assert not tried, f"this test, or a fixture of it, tried to connect to {tried}"


@pytest.fixture(autouse=True)
def own_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a test trusts is kept in a folder of its own, and the user's own trust does not count."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("configuration")))
    # The command line sets it for its process, which here goes on with other tests.
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    monkeypatch.delenv("PYTHONSAFEPATH")


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The five real pages, which lie beside the repository and never in it."""
    folder = Path(os.environ.get("CORPUS_KIT_SEEDS", ROOT.parent / "shared" / "seeds"))
    if not folder.is_dir():
        pytest.skip(f"the real pages are not here ({folder}); CORPUS_KIT_SEEDS names their folder")
    return folder


@pytest.fixture(scope="session")
def built_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's own corpus with its sample annotations, copied and built once. Read only: copy it to change it."""
    root = copy_of_sample(tmp_path_factory.mktemp("sample") / "news")
    Corpus.open(root).build()
    return root


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
