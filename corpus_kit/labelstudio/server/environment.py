"""The Label Studio server's own virtual environment: exact pins, made once, in the user's cache folder.

The server and the toolkit want different versions of the same packages, so they never share an environment. This one is
named after the sha256 of `server-requirements.txt`; it is built beside its place and renamed into it when it is whole,
so that a folder of that name is either complete or absent. Why so: `docs/decisions/015-label-studio-server.md`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from corpus_kit.core.errors import EnvironmentProblemError

REQUIREMENTS = Path(__file__).with_name("server-requirements.txt")
INTERPRETER_OPTION = "CORPUS_KIT_STUDIO_PYTHON"
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
INSTALLED_MB = 800
"""What the environment takes on disk; byte code is compiled on first use and adds up to 200 MB."""
INSTALL_SECONDS = 1800
MARKER = "complete.json"
CREDENTIALS_IN_URL = re.compile(r"://[^/\s@]+@")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StudioEnvironment:
    """A complete environment. `root`: its folder. `python`: the interpreter that runs the server. `pins`: its key."""

    root: Path
    python: Path
    pins: str

    @property
    def template(self) -> Path:
        """Where the migrated, empty data folder for this version of the server is kept."""
        return self.root / "template"

    @property
    def lock(self) -> Path:
        return self.root.with_name(f"{self.root.name}.lock")


def pins_sha256(requirements: Path = REQUIREMENTS) -> str:
    """The sha256, in hex, of the pins file's bytes."""
    return hashlib.sha256(requirements.read_bytes()).hexdigest()


def server_version(requirements: Path = REQUIREMENTS) -> str:
    """The pinned version of Label Studio itself."""
    for line in requirements.read_text("utf-8").splitlines():
        if line.startswith("label-studio=="):
            return line.partition("==")[2].strip()
    raise EnvironmentProblemError(f"{requirements.name} pins no label-studio.", "Install corpus-kit again.")


def studio_cache() -> Path:
    """The folder that holds the environments, in the user's cache folder."""
    return platformdirs.user_cache_path("corpus-kit") / "studio"


def studio_environment(
    say: Say, *, cache: Path | None = None, requirements: Path = REQUIREMENTS, interpreter: str | None = None
) -> StudioEnvironment:
    """The server's environment, installed first when it isn't there.

    Parameters
    ----------
    say: gets one sentence per step, before the step; nothing is printed.
    cache: folder for the environments, by default the user's cache folder.
    requirements: the pins file.
    interpreter: the Python to build on, by default `CORPUS_KIT_STUDIO_PYTHON`, else the running one.

    Raises
    ------
    EnvironmentProblemError: the interpreter isn't supported, the disk is full, or the installation failed.
    """
    python = interpreter or os.environ.get(INTERPRETER_OPTION) or sys.executable
    version = _supported_version(python)
    pins = pins_sha256(requirements)
    cache = cache or studio_cache()
    root = cache / f"{pins[:16]}-py{version[0]}{version[1]}"
    environment = StudioEnvironment(root, root / "bin" / "python", pins)
    if _is_complete(environment):
        return environment
    with file_lock(environment.lock, say, "Another process is installing Label Studio; waiting for it."):
        if not _is_complete(environment):
            _install(environment, python, requirements, say)
    return environment


@contextmanager
def file_lock(lock: Path, say: Say, waiting: str) -> Iterator[None]:
    """Hold a lock file, saying so before waiting for somebody else's. A lock dies with its process."""
    held = FileLock(lock)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            held.acquire(timeout=0)
        except Timeout:
            say(waiting)
            held.acquire(timeout=INSTALL_SECONDS)
    except Timeout as e:
        raise EnvironmentProblemError(f"{lock} is still held after {INSTALL_SECONDS} s.", "End the other run.") from e
    except OSError as e:
        raise EnvironmentProblemError(f"Cannot write in {lock.parent}: {e.strerror}.", "Check its rights.") from e
    try:
        yield
    finally:
        held.release()


def _supported_version(python: str) -> tuple[int, int]:
    """(major, minor) of an interpreter, or an error that names the option to set."""
    allowed = [f"3.{minor}" for minor in range(OLDEST_PYTHON[1], NEWEST_PYTHON[1] + 1)]
    hint = f"Set {INTERPRETER_OPTION} to the path of a Python {', '.join(allowed[:-1])} or {allowed[-1]}."
    command = [python, "-I", "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split()
        version = int(answer[0]), int(answer[1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as e:
        raise EnvironmentProblemError(f"{python} isn't a Python that runs.", hint) from e
    if not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        raise EnvironmentProblemError(
            f"Label Studio's pinned packages install on Python {allowed[0]} to {allowed[-1]}, "
            f"and {python} is {version[0]}.{version[1]}.",
            hint,
        )
    return version


def _is_complete(environment: StudioEnvironment) -> bool:
    """Whole, and its interpreter still there (an uninstalled Python leaves a dangling link)."""
    return (environment.root / MARKER).is_file() and environment.python.exists()


def _install(environment: StudioEnvironment, python: str, requirements: Path, say: Say) -> None:
    root, cache = environment.root, environment.root.parent
    for leftover in cache.glob(f"{root.name}.part*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if root.exists():
        shutil.rmtree(root)
    free_mb = shutil.disk_usage(cache).free // 1_000_000
    if free_mb < 2 * INSTALLED_MB:
        raise EnvironmentProblemError(
            f"Label Studio needs {INSTALLED_MB} MB in {cache}, and twice that while installing; {free_mb} MB are free.",
            "Free some space, or set XDG_CACHE_HOME to a folder on another disk.",
        )
    say(
        f"Installing Label Studio {server_version(requirements)} into an environment of its own: "
        f"{INSTALLED_MB} MB in {root}, once; this takes a minute or two."
    )
    part = root.with_name(f"{root.name}.part{os.getpid()}")
    pip = [str(part / "bin" / "python"), "-P", "-m", "pip", "install", "--no-input", "--no-compile"]
    try:
        _run([python, "-P", "-m", "venv", str(part)], "make a virtual environment", "Install Python's venv module.")
        _run(
            [*pip, "--disable-pip-version-check", "--requirement", str(requirements)],
            "install Label Studio's packages",
            "Check the network and pip's configuration (`pip config list`), then run again: it starts again.",
        )
        check = "from importlib.metadata import version; import django, label_studio; print(version('label-studio'))"
        _run([str(part / "bin" / "python"), "-P", "-c", check], "import the installed Label Studio", "Run again.")
        marker = {"pins": environment.pins, "label_studio": server_version(requirements)}
        (part / MARKER).write_text(json.dumps(marker), "utf-8")
        part.rename(root)
    except OSError as e:
        raise EnvironmentProblemError(
            f"Cannot install Label Studio in {root}: {e.strerror}.", "Check the folder's rights and the free space."
        ) from e
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _run(command: list[str], purpose: str, hint: str) -> None:
    """Run one step of the installation; its last error line becomes part of the message."""
    # What points Python or pip elsewhere than the new environment is left out; the user's pip configuration stays.
    elsewhere = {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV"}
    environ = {k: v for k, v in os.environ.items() if k not in elsewhere}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=INSTALL_SECONDS, env=environ
        )
    except subprocess.TimeoutExpired as e:
        raise EnvironmentProblemError(f"Gave up after {INSTALL_SECONDS} s trying to {purpose}.", hint) from e
    if done.returncode:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        told = [line for line in lines if line.startswith("ERROR")] or lines or ["no reason given"]
        reason = CREDENTIALS_IN_URL.sub("://***@", told[0])[:300]
        raise EnvironmentProblemError(f"Cannot {purpose}: {reason}", hint)
