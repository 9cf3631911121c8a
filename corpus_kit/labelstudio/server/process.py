"""A private Label Studio on 127.0.0.1: started, found again, stopped; one server per data folder.

The data folder (mode 0700) holds Label Studio's database, `login.json`, `server.json` (process id and port of the
running server) and `server.log`. A server is recognised by answering to the folder's token, never by its process id
alone.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

import httpx2

from corpus_kit.core.errors import EnvironmentProblemError, ServiceError
from corpus_kit.labelstudio.server.environment import Say, StudioEnvironment, file_lock, studio_environment
from corpus_kit.labelstudio.server.settings import Login, login_of, server_variables, write_private

LOG_LINES_SHOWN = 8
LOG_CHARACTERS_SHOWN = 600


def alive(pid: int, process: subprocess.Popen[bytes] | None) -> bool:
    """Whether a process runs; `process` when it is our child, which would stay a zombie unless asked for its end."""
    if process is not None:
        return process.poll() is None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_group(pid: int, process: subprocess.Popen[bytes] | None, patience: float = 10.0) -> None:
    """End a process group: SIGTERM, and SIGKILL after `patience` seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not alive(pid, process):
            return
        with suppress(ProcessLookupError):
            os.killpg(pid, number)
        end = time.monotonic() + patience
        while alive(pid, process) and time.monotonic() < end:
            time.sleep(0.05)


def last_words(log: Path) -> str:
    """The end of the server's log, on one line."""
    try:
        lines = log.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return "It left no log."
    words = [" ".join(line.split()) for line in lines if line.strip()][-LOG_LINES_SHOWN:]
    return "Its last words: " + " | ".join(words)[-LOG_CHARACTERS_SHOWN:] if words else "Its log is empty."


STATE_FILE, LOG_FILE = "server.json", "server.log"
DATABASE = "label_studio.sqlite3"
START_SECONDS = 180.0
ANSWER_SECONDS = 10.0
BUSY_SECONDS = 60.0
"""How long a running server may be too busy to answer before it counts as hung."""
LEFTOVER_PATIENCE = 10.0
MODULE = "label_studio.server"


@dataclass(frozen=True, slots=True)
class _State:
    """pid: the server's process. keeper: the process that will stop it."""

    pid: int
    port: int
    keeper: int


@dataclass(slots=True)
class StudioServer:
    """A running server.

    url: its address, `http://127.0.0.1:<port>`. login: its account. data: its folder. pid: its process and its group.
    owned: this program started it, or found it after the program that had started it died; it is then stopped at the
    end of a `with` block or of the program. A server that somebody else keeps is left running.
    """

    url: str
    login: Login
    data: Path
    pid: int
    owned: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        return self.data / LOG_FILE

    def __enter__(self) -> StudioServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.owned:
            self.stop()

    def stop(self) -> None:
        """End the server, its whole process group; doing so twice is fine."""
        atexit.unregister(self.stop)
        end_group(self.pid, self.process)
        self.process, self.owned = None, False
        state = _read_state(self.data)
        if state and state.pid == self.pid:
            (self.data / STATE_FILE).unlink(missing_ok=True)

    def wait(self) -> None:
        """Serve until Ctrl-C, SIGTERM, SIGHUP or the server's own end; an owned server is stopped then. Main thread only.

        Raises
        ------
        ServiceError: the server ended by itself.
        """
        asked = threading.Event()

        def ask(_number: int, _frame: FrameType | None) -> None:
            asked.set()

        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            while not asked.wait(0.5):
                if not alive(self.pid, self.process):
                    raise ServiceError(f"Label Studio ended by itself. {last_words(self.log)}", "Start it again.")
        finally:
            if self.owned:
                self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)


def start_server(
    data: Path,
    say: Say,
    *,
    environment: StudioEnvironment | None = None,
    port: int | None = None,
    timeout: float = START_SECONDS,
    extra: Mapping[str, str] | None = None,
) -> StudioServer:
    """The server of a data folder: the one already running there, else a new one, ready to answer.

    Parameters
    ----------
    data: its folder, made when missing.
    say: gets one sentence per slow step.
    environment: by default the user's, installed when missing.
    port: by default a free one.
    timeout: seconds to wait for the first answer.
    extra: more variables for the server process; they win over the toolkit's.

    Raises
    ------
    EnvironmentProblemError: the environment or the data folder can't be made, or the port is taken.
    ServiceError: the server ended or didn't answer in time; the message has the log's last lines.
    """
    data = data.absolute()
    _private_folder(data)
    with file_lock(data / "server.lock", say, "Another process is starting Label Studio here; waiting for it."):
        found = running_server(data, patience=BUSY_SECONDS)
        if found:
            return _adopted(found)
        _end_leftover(data)
        if port is not None:
            _require_free(port)
        environment = environment or studio_environment(say)
        if not (data / DATABASE).exists():
            _copy_template(environment, data, say)
        return _launch(environment, data, port or free_port(), timeout, extra)


def running_server(data: Path, *, patience: float = ANSWER_SECONDS) -> StudioServer | None:
    """The server that runs on this data folder and answers to its token within `patience` seconds, if any."""
    data = data.absolute()
    state = _read_state(data)
    if state is None:
        return None
    server = StudioServer(f"http://127.0.0.1:{state.port}", login_of(data), data, state.pid)
    return server if _answers(server.url, server.login, patience) else None


def prepare_template(environment: StudioEnvironment, say: Say) -> Path:
    """A data folder with a migrated, empty database: no account, no secret. Made once per environment; copy it."""
    template = environment.template
    if template.is_dir():
        return template
    with file_lock(environment.lock, say, "Another process is preparing Label Studio's database; waiting for it."):
        if template.is_dir():
            return template
        say("Preparing Label Studio's database, once; this takes up to a minute.")
        with tempfile.TemporaryDirectory(dir=environment.root, prefix="template-part") as made:
            part = Path(made) / "data"
            part.mkdir(mode=0o700)
            variables = server_variables(part, 0, None, None)
            # `version` migrates the database like every command of the server, makes no account and ends.
            command = [str(environment.python), "-P", "-m", MODULE, "version"]
            done = subprocess.run(command, cwd=part, env=variables, capture_output=True, text=True, errors="replace")
            if done.returncode or not (part / DATABASE).is_file():
                last = " ".join(done.stderr.split())[-400:]
                raise EnvironmentProblemError(
                    f"Label Studio couldn't make its database: {last}", f"Delete {environment.root} and run again."
                )
            (part / ".env").unlink(missing_ok=True)  # the secret key: every data folder makes its own
            part.rename(template)
    return template


def free_port() -> int:
    """A port of 127.0.0.1 that is free now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _require_free(port: int) -> None:
    """Label Studio would quietly take another port, and no one would find it there."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError as e:
            raise EnvironmentProblemError(
                f"Port {port} of this machine cannot be used: {e.strerror}.",
                "Name another one, or leave --port out: a free one is found then.",
            ) from e


def _private_folder(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        data.chmod(0o700)
    except OSError as e:
        raise EnvironmentProblemError(f"Cannot use {data} for Label Studio: {e.strerror}.", "Check its rights.") from e


def _copy_template(environment: StudioEnvironment, data: Path, say: Say) -> None:
    template = prepare_template(environment, say)
    for folder in (entry for entry in template.iterdir() if entry.is_dir()):
        shutil.copytree(folder, data / folder.name, dirs_exist_ok=True)
    # The database is what makes the folder used: it comes last, and whole.
    aside = data / f"{DATABASE}.tmp"
    shutil.copyfile(template / DATABASE, aside)
    aside.chmod(0o600)
    aside.replace(data / DATABASE)


def _launch(
    environment: StudioEnvironment, data: Path, port: int, timeout: float, extra: Mapping[str, str] | None
) -> StudioServer:
    login = login_of(data)
    # Run as a module: the scripts of a renamed environment still name the folder it was made in.
    command = [str(environment.python), "-P", "-m", MODULE, "start", "--no-browser", "--internal-host", "127.0.0.1"]
    command += ["--port", str(port)]
    log = os.open(data / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = subprocess.Popen(
            command,
            cwd=data,
            env=server_variables(data, port, login, extra),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        os.close(log)
    server = StudioServer(f"http://127.0.0.1:{port}", login, data, process.pid, True, process)
    atexit.register(server.stop)
    try:
        _write_state(data, _State(process.pid, port, os.getpid()))
        _await_answer(server, timeout)
    except BaseException:  # also Ctrl-C: a server no one waits for must not stay
        server.stop()
        raise
    return server


def _await_answer(server: StudioServer, timeout: float) -> None:
    end = time.monotonic() + timeout
    while not _answers(server.url, server.login):
        if server.process and server.process.poll() is not None:
            raise ServiceError(f"Label Studio ended while starting. {last_words(server.log)}", f"See {server.log}.")
        if time.monotonic() > end:
            raise ServiceError(
                f"Label Studio gave no answer within {timeout:.0f} s. {last_words(server.log)}", f"See {server.log}."
            )
        time.sleep(0.2)


def _answers(url: str, login: Login, patience: float = ANSWER_SECONDS) -> bool:
    """Whether the server there is healthy and knows the token: another program on the same port doesn't."""
    try:
        with httpx2.Client(base_url=url, trust_env=False, timeout=patience) as http:
            if not http.get("/health").is_success:
                return False
            who = http.get("/api/current-user/whoami", headers={"Authorization": f"Token {login.token}"})
            return who.is_success and who.json().get("email") == login.email
    except (httpx2.HTTPError, ValueError, AttributeError):
        return False


def _adopted(found: StudioServer) -> StudioServer:
    """A running server; ours from now on if the program that started it is gone without having stopped it."""
    state = _read_state(found.data)
    if state and not alive(state.keeper, None):
        _write_state(found.data, _State(state.pid, state.port, os.getpid()))
        found.owned = True
        atexit.register(found.stop)
    return found


def _read_state(data: Path) -> _State | None:
    """What is noted of the server last started on this folder."""
    try:
        state = json.loads((data / STATE_FILE).read_text("utf-8"))
        return _State(int(state["pid"]), int(state["port"]), int(state["keeper"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_state(data: Path, state: _State) -> None:
    write_private(data / STATE_FILE, json.dumps(asdict(state)))


def _end_leftover(data: Path) -> None:
    """End a server of this folder that stopped answering: two must not share one SQLite file."""
    state = _read_state(data)
    if state is None:
        return
    with suppress(OSError):
        shown = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(state.pid)], capture_output=True, text=True
        ).stdout
        # The process id may be another program's by now.
        if MODULE in shown and f"--port {state.port}" in shown:
            end_group(state.pid, None, LEFTOVER_PATIENCE)
    (data / STATE_FILE).unlink(missing_ok=True)
