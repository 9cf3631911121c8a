"""The server's environment: made once, whole or not at all. Installs a tiny stand-in package, so it takes seconds."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.labelstudio.server.environment import (
    INSTALLED_MB,
    MARKER,
    REQUIREMENTS,
    StudioEnvironment,
    pins_sha256,
    server_version,
    studio_environment,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pins file for a stand-in of Label Studio that pip finds in a folder, without a network."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "label_studio-9.9.9-py3-none-any.whl", "w") as wheel:
        info = "label_studio-9.9.9.dist-info"
        wheel.writestr("label_studio/__init__.py", "")
        wheel.writestr("django/__init__.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: label-studio\nVersion: 9.9.9\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.delenv("CORPUS_KIT_STUDIO_PYTHON", raising=False)
    made = tmp_path / "pins.txt"
    made.write_text("label-studio==9.9.9\n")
    return made


def test_the_pins_are_exact_and_name_no_place() -> None:
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#")]
    assert len(lines) > 100
    assert all(line.count("==") == 1 and "://" not in line and " " not in line for line in lines)
    assert server_version() == "1.23.2"


@pytest.mark.slow
def test_two_starts_at_once_install_once_and_a_later_one_only_when_it_is_broken(pins: Path, tmp_path: Path) -> None:
    said: list[str] = []
    made: list[StudioEnvironment] = []
    cache = tmp_path / "cache"

    def start() -> None:
        made.append(studio_environment(said.append, cache=cache, requirements=pins))

    starts = [threading.Thread(target=start) for _ in range(2)]
    for one in starts:
        one.start()
    for one in starts:
        one.join()
    assert len([s for s in said if "Installing" in s]) == 1
    assert any("9.9.9" in s and f"{INSTALLED_MB} MB" in s for s in said), "it says what it takes"
    assert made[0] == made[1]
    assert pins_sha256(pins).startswith(made[0].root.name.split("-")[0])
    assert made[0].python.exists()
    said.clear()
    start()
    assert made[2] == made[0]
    assert said == []
    # An interpreter that was uninstalled leaves a dangling link: that is no environment any more.
    made[0].python.unlink()
    made[0].python.symlink_to(tmp_path / "uninstalled")
    start()
    assert made[3].python.resolve().exists()
    assert len(said) == 1


def test_other_pins_make_another_environment(pins: Path, tmp_path: Path) -> None:
    first = pins_sha256(pins)
    pins.write_text("# other\nlabel-studio==9.9.9\n")
    assert pins_sha256(pins) != first


@pytest.mark.slow
def test_a_failed_installation_leaves_nothing_that_looks_complete(pins: Path, tmp_path: Path) -> None:
    pins.write_text("label-studio==9.9.9\nno-such-package-here==1.0\n")
    cache = tmp_path / "cache"
    with pytest.raises(EnvironmentProblemError, match="no-such-package-here") as told:
        studio_environment(lambda _: None, cache=cache, requirements=pins)
    assert told.value.hint
    assert [p for p in cache.iterdir() if p.is_dir()] == []


@pytest.mark.slow
def test_a_killed_installation_is_begun_anew(pins: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    program = (
        "import sys; from pathlib import Path\n"
        "from corpus_kit.labelstudio.server.environment import studio_environment\n"
        "studio_environment(print, cache=Path(sys.argv[1]), requirements=Path(sys.argv[2]))\n"
    )
    running = subprocess.Popen([sys.executable, "-c", program, str(cache), str(pins)], cwd=ROOT)
    end = time.monotonic() + 60
    while not list(cache.glob("*.part*/bin/python")) and time.monotonic() < end:
        time.sleep(0.02)
    running.kill()
    running.wait()
    assert list(cache.glob("*.part*")), "it was killed in the middle"
    assert list(cache.glob(f"*/{MARKER}")) == []
    made = studio_environment(lambda _: None, cache=cache, requirements=pins)
    assert (made.root / MARKER).is_file()
    assert list(cache.glob("*.part*")) == []


@pytest.mark.parametrize(("answer", "told"), [("3 9", "is 3.9"), ("3 14", "is 3.14"), ("no idea", "isn't a Python")])
def test_an_unsupported_interpreter_names_the_option_to_set(
    answer: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho {answer}\n")
    python.chmod(0o755)
    monkeypatch.setenv("CORPUS_KIT_STUDIO_PYTHON", str(python))
    with pytest.raises(EnvironmentProblemError, match=told) as raised:
        studio_environment(lambda _: None, cache=tmp_path / "cache")
    assert "CORPUS_KIT_STUDIO_PYTHON" in raised.value.hint
    assert "3.11" in raised.value.hint
