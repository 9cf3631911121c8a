"""`corpus-kit studio`: her first hour. One command starts it, the others find it by themselves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from corpus_samples import PAGES, make_sample, span

from corpus_kit.core.errors import UsageError
from corpus_kit.core.trust import TrustStore
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.server.connect import connect
from corpus_kit.labelstudio.server.environment import StudioEnvironment
from corpus_kit.labelstudio.server.settings import login_of

pytestmark = pytest.mark.studio


@contextmanager
def studio_command(root: Path) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    """The running command and what it printed."""
    command = [sys.executable, "-m", "corpus_kit", "studio", "--json", "--corpus", str(root)]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("LABEL_STUDIO")}
    running = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        lines: list[str] = []
        for line in running.stdout:
            lines.append(line)
            if line == "}\n":
                break
        yield json.loads("".join(lines)), running
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)


@pytest.mark.slow
def test_studio_serves_until_it_is_stopped_and_push_pull_and_status_find_it(
    studio_pins: StudioEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    root = tmp_path / "first-hour"
    sample = make_sample(root, None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="No Label Studio is known here"):
        sample.corpus.push()
    with studio_command(root) as (told, running):
        assert list(told["projects"]) == ["names"]
        login = login_of(root / "data" / "studio")
        assert (told["email"], told["password"]) == (login.email, login.password)
        assert login.token not in json.dumps(told)
        (pushed,) = sample.corpus.push()
        assert (pushed.created, pushed.plan.settings) == (len(PAGES), []), "the project was there already"
        with connect(sample.data, "") as client:
            assert client.transport.url == told["url"]
            sample.client = client
            client.create_annotation(sample.task_of("a.txt"), {"result": [span(0, 3)]})
        with studio_command(root) as (same, second):
            assert same == told
            _, words = second.communicate(timeout=60)
            assert (second.returncode, "It runs already" in words) == (0, True)
        (pulled,) = sample.corpus.pull()
        assert pulled.annotations == 1
        assert sample.corpus.status().layers[0].tasks == len(PAGES)
        running.send_signal(signal.SIGINT)
        _, words = running.communicate(timeout=60)
        assert running.returncode == 0
        assert "everything is kept" in words
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{told['url']}/health", trust_env=False)
    with studio_command(root) as (again, _):
        assert again["email"] == told["email"]
        assert sample.corpus.push()[0].writes == 0
        (pulled,) = sample.corpus.pull()
        assert (pulled.full, pulled.entry) == (False, None), "another port is the same server"


@pytest.mark.parametrize(
    ("environ", "configured", "address"),
    [
        ({"LABEL_STUDIO_URL": "http://127.0.0.1:1/a/", "LABEL_STUDIO_API_KEY": "t"}, "", "http://127.0.0.1:1/a"),
        (
            {"LABEL_STUDIO_URL": "http://127.0.0.1:1", "LABEL_STUDIO_API_KEY": "t"},
            "http://x.example",
            "http://127.0.0.1:1",
        ),
        ({"LABEL_STUDIO_API_KEY": "t"}, "http://127.0.0.1:2", "http://127.0.0.1:2"),
    ],
)
def test_the_environment_comes_before_the_corpus(
    environ: dict[str, str], configured: str, address: str, tmp_path: Path
) -> None:
    store = TrustStore(tmp_path / "trust.json")
    store.allow_server("http://127.0.0.1:2")
    with connect(tmp_path, configured, environ, store) as client:
        assert isinstance(client, LabelStudioClient)
        assert client.transport.url == address


@pytest.mark.parametrize(
    ("environ", "configured", "reason"),
    [
        ({}, "", "No Label Studio is known here"),
        ({"LABEL_STUDIO_URL": "http://127.0.0.1:1"}, "", "LABEL_STUDIO_API_KEY isn't set"),
        ({}, "http://127.0.0.1:2", "LABEL_STUDIO_API_KEY isn't set"),
    ],
)
def test_without_a_server_or_a_key_the_error_says_what_to_set(
    environ: dict[str, str], configured: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=reason) as told:
        connect(tmp_path, configured, environ)
    assert told.value.hint
