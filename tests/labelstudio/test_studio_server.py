"""The private server: one per data folder, seen by no one else, sending nothing out, and stopped when it should be."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from wayout import WayOut

from corpus_kit.core.errors import EnvironmentProblemError, ServiceError
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.server import process as server_module
from corpus_kit.labelstudio.server.environment import StudioEnvironment
from corpus_kit.labelstudio.server.process import (
    StudioServer,
    free_port,
    prepare_template,
    running_server,
    start_server,
)
from corpus_kit.labelstudio.server.settings import Login, login_of, server_variables

pytestmark = pytest.mark.studio
ROOT = Path(__file__).parents[2]

SERVE = """
import sys
from pathlib import Path
from corpus_kit.labelstudio.server.process import start_server
with start_server(Path(sys.argv[1]), print) as server:
    print("ready", server.pid, flush=True)
    server.wait()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health", trust_env=False).is_success
    except httpx2.HTTPError:
        return False


def test_a_second_start_finds_the_first_and_leaves_it_running(
    studio: StudioServer, studio_pins: StudioEnvironment
) -> None:
    with start_server(studio.data, print, environment=studio_pins) as again:
        assert (again.pid, again.url, again.login) == (studio.pid, studio.url, studio.login)
        assert studio.owned and not again.owned
    assert answers(studio.url)


def test_only_its_owner_can_read_the_data_folder(studio: StudioServer) -> None:
    assert mode(studio.data) == 0o700
    for name in ("login.json", "server.json", "server.log", "label_studio.sqlite3", ".env"):
        assert mode(studio.data / name) == 0o600, name


def test_the_password_and_the_token_are_shown_nowhere(studio: StudioServer) -> None:
    shown = f"{studio!r}{studio.login!r}{studio.log.read_text()}"
    command = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(studio.pid)], capture_output=True, text=True).stdout
    assert "label_studio" in command
    assert studio.login.token not in shown + command
    assert studio.login.password not in shown + command


def test_every_folder_has_a_login_and_a_secret_key_of_its_own(
    studio: StudioServer, studio_pins: StudioEnvironment, tmp_path: Path
) -> None:
    other = login_of(tmp_path)
    assert other == login_of(tmp_path)
    assert {other.email, other.password, other.token}.isdisjoint(
        {studio.login.email, studio.login.password, studio.login.token}
    )
    assert not (prepare_template(studio_pins, print) / ".env").exists()


def test_it_listens_on_this_machine_only(studio: StudioServer) -> None:
    port = int(studio.url.rpartition(":")[2])
    with socket.socket() as elsewhere, pytest.raises(OSError, match=r"refused|timed out"):
        elsewhere.settimeout(1)
        elsewhere.connect(("127.0.0.2", port))
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    refused = httpx2.get(f"{studio.url}/health", headers={"Host": "rebound.example"}, trust_env=False)
    assert refused.status_code == 400, "a foreign host name that resolves to this machine is refused"
    for origin, allowed in (("https://page.example", None), (studio.url, studio.url)):
        answer = httpx2.get(f"{studio.url}/api/version", headers={"Origin": origin}, trust_env=False)
        assert answer.headers.get("access-control-allow-origin") == allowed


def test_a_person_can_log_in_and_pages_load_nothing_from_elsewhere(studio: StudioServer) -> None:
    with httpx2.Client(base_url=studio.url, trust_env=False, follow_redirects=True) as browser:
        browser.get("/user/login/")
        form = {
            "email": studio.login.email,
            "password": studio.login.password,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        page = browser.post("/user/login/", data=form, headers={"Referer": f"{studio.url}/user/login/"})
        assert page.url.path in ("/", "/projects/"), "logged in, not sent back to the form"
        for source in ('src="http', "src='http", 'rel="stylesheet" href="http', "googletagmanager.com/gtag"):
            assert source not in page.text
        assert "collect_analytics: false" in page.text


def test_nothing_leaves_the_machine(studio: StudioServer, sink: WayOut) -> None:
    """The way out leads into a sink: starting asks for nothing, and the one thing a page asks for ends there."""
    before = [line for line in sink.lines if "raw.githubusercontent.com" not in line]
    assert before == []
    answer = httpx2.get(f"{studio.url}/heidi-tips", trust_env=False)
    assert answer.status_code == 404
    assert any(line.startswith("CONNECT raw.githubusercontent.com") for line in sink.lines), "the seal is in effect"


def test_the_users_own_settings_do_not_reach_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DJANGO_DB", "HOST", "SECRET_KEY", "SENTRY_DSN", "LABEL_STUDIO_API_KEY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "the user's")
    made = server_variables(tmp_path, 1, Login("a@localhost", "p", "t"), None)
    assert "the user's" not in made.values()
    assert made["HTTPS_PROXY"] == "http://127.0.0.1:9"


def serve(data: Path) -> tuple[subprocess.Popen[str], int]:
    """A program that serves the folder until it is told to end, and the server's process id, once it answers."""
    program = subprocess.Popen([sys.executable, "-c", SERVE, str(data)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    for line in program.stdout:
        if line.startswith("ready"):
            return program, int(line.split()[1])
    raise AssertionError("it ended before it served")


@pytest.mark.slow
def test_work_survives_every_death_and_no_server_is_left(studio_pins: StudioEnvironment, tmp_path: Path) -> None:
    data = tmp_path / "studio"
    keeper, pid = serve(data)
    keeper.kill()
    keeper.wait()
    with start_server(data, print, environment=studio_pins) as orphan:
        assert (orphan.pid, orphan.owned) == (pid, True), "the server of a killed program is taken over"
        with LabelStudioClient(orphan.url, orphan.login.token) as client:
            made = client.create_project("kept", "<View><Text name='t' value='$text'/></View>")
        os.kill(orphan.pid, signal.SIGKILL)
    assert running_server(data) is None
    keeper, pid = serve(data)
    again = running_server(data)
    assert again is not None and (again.pid, again.owned) == (pid, False)
    with LabelStudioClient(again.url, again.login.token) as client:
        assert client.project(made.id) == made
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(20) == 0
    assert not answers(again.url)
    assert not (data / "server.json").exists()


def test_a_server_that_cannot_start_says_its_last_words(studio_pins: StudioEnvironment, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="KeyError: 'nonsense'") as told:
        start_server(tmp_path / "s", print, environment=studio_pins, extra={"DJANGO_DB": "nonsense"})
    assert "server.log" in told.value.hint


def test_a_server_that_is_too_slow_is_stopped(studio_pins: StudioEnvironment, tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(ServiceError, match="no answer within"):
        start_server(tmp_path / "s", print, environment=studio_pins, port=port, timeout=0.1)
    shown = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True).stdout
    assert f"--port {port}" not in shown


def test_another_program_on_the_noted_port_is_not_taken_for_the_server(studio: StudioServer, tmp_path: Path) -> None:
    port = int(studio.url.rpartition(":")[2])
    (tmp_path / "server.json").write_text(json.dumps({"pid": os.getpid(), "port": port, "keeper": os.getpid()}))
    assert running_server(tmp_path) is None, "it answers, but not to this folder's token"


def test_a_port_that_is_taken_is_named_before_anything_starts(studio: StudioServer, tmp_path: Path) -> None:
    taken = int(studio.url.rpartition(":")[2])
    with pytest.raises(EnvironmentProblemError, match=f"Port {taken} of this machine cannot be used") as told:
        start_server(tmp_path / "s", print, port=taken)
    assert "--port" in told.value.hint
    assert not (tmp_path / "s" / "server.log").exists()


@pytest.mark.slow
def test_a_leftover_server_is_ended_before_a_new_one_starts(
    studio_pins: StudioEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "BUSY_SECONDS", 1.0)
    monkeypatch.setattr(server_module, "LEFTOVER_PATIENCE", 1.0)
    data = tmp_path / "s"
    with start_server(data, print, environment=studio_pins) as first:
        os.kill(first.pid, signal.SIGSTOP)  # it lives, and answers no one
        with start_server(data, print, environment=studio_pins) as second:
            assert second.pid != first.pid
            assert first.process is not None and first.process.poll() == -signal.SIGKILL
