"""One real Label Studio server for the whole session, a fresh project per test, a misbehaving proxy on demand."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpus_samples import MakeSample, Sample, make_sample
from faultproxy import FaultProxy
from studio_samples import CONFIG
from wayout import WayOut

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.labelstudio.api.client import LabelStudioClient, Project
from corpus_kit.labelstudio.server.environment import StudioEnvironment, studio_environment
from corpus_kit.labelstudio.server.process import StudioServer, start_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this room run in one process, so that they share one server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("studio"))


@pytest.fixture(scope="session")
def studio_pins() -> StudioEnvironment:
    """The server's installed environment."""
    try:
        return studio_environment(print)
    except EnvironmentProblemError as e:
        reason = f"Label Studio's environment can't be installed: {e.message} {e.hint}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def sink() -> Iterator[WayOut]:
    made = WayOut()
    yield made
    made.close()


@pytest.fixture(scope="session")
def studio(
    studio_pins: StudioEnvironment, sink: WayOut, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StudioServer]:
    """A running server of its own, whose way out leads into the sink."""
    ways = dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"), sink.url)
    data = tmp_path_factory.mktemp("studio") / "data"
    with start_server(data, print, environment=studio_pins, extra=ways) as server:
        yield server


@pytest.fixture(scope="session")
def client(studio: StudioServer) -> Iterator[LabelStudioClient]:
    with LabelStudioClient(studio.url, studio.login.token, first_wait=0.02) as made:
        yield made


@pytest.fixture
def project(client: LabelStudioClient, tmp_path: Path) -> Iterator[Project]:
    """A project of its own for a test, with one Labels and one Choices control, gone afterwards."""
    made = client.create_project(f"t {tmp_path.name}"[:50], CONFIG)
    yield made
    client.delete_project(made.id)


@pytest.fixture
def faults(studio: StudioServer) -> Iterator[FaultProxy]:
    """A proxy before the server; it does no harm until told to."""
    proxy = FaultProxy(studio.url)
    yield proxy
    proxy.stop()


@pytest.fixture
def shaky(faults: FaultProxy, studio: StudioServer) -> Iterator[LabelStudioClient]:
    """A client that reaches the server through the misbehaving proxy."""
    with LabelStudioClient(faults.url, studio.login.token, first_wait=0.02, timeout=30) as made:
        yield made


@pytest.fixture
def make_corpus(
    studio: StudioServer, client: LabelStudioClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeSample]:
    """`make_corpus(pages, settings)`: a built corpus whose server is the session's; its projects are gone afterwards."""
    monkeypatch.setenv("LABEL_STUDIO_URL", studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.login.token)
    made: list[Sample] = []

    def make(**more: Any) -> Sample:
        made.append(make_sample(tmp_path / f"t-{uuid.uuid4().hex[:12]}", client, **more))
        return made[-1]

    yield make
    for sample in made:
        for title in client.titles_with(f"{sample.root.name}: names"):
            for project in client.find_projects(title):
                client.delete_project(project.id)


@pytest.fixture
def sample(make_corpus: MakeSample) -> Sample:
    """A corpus of three pages, built and not yet pushed."""
    return make_corpus()
