"""The shell in which a page is run: one folder, one environment, and at most one command in the background."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300
# What makes a corpus of this repository's root; a clone has the rest too, which no page needs.
OF_THE_CLONE = ("corpus.toml", "DATASET_CARD.md", "annotation", "schemas", "data/raw", "data/imports", "data/seeds.csv")


@dataclass
class Shell:
    """home: the folder that stands for the reader's. here: where `cd` has led."""

    home: Path
    here: Path
    background: subprocess.Popen[str] | None = field(default=None)

    @classmethod
    def at(cls, home: Path, *, in_clone: bool) -> Shell:
        """A shell in an empty home, or in a copy of this repository's corpus below it."""
        home.mkdir(parents=True, exist_ok=True)
        if not in_clone:
            return cls(home, home)
        clone = home / "corpus-kit"
        for name in OF_THE_CLONE:
            source, target = ROOT / name, clone / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("00*", ".*", "pseudonyms.json"))
            else:
                shutil.copyfile(source, target)
        return cls(home, clone)

    def environment(self) -> dict[str, str]:
        """The reader's: our Python first, no server named, caches of datasets in the home, no way to a hub."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LABEL_STUDIO", "HF_", "PYTEST", "COV_"))}
        bin_folder = str(Path(sys.executable).parent)
        return kept | {
            "PATH": os.pathsep.join([bin_folder, os.environ.get("PATH", "/usr/bin:/bin")]),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "HF_HOME": str(self.home / ".hf"),
            "HF_HUB_OFFLINE": "1",
            "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
        }

    def run(self, command: str, code: int = 0) -> str:
        """What a command prints, both streams as they come. Raises AssertionError when it exits with another code."""
        place = self.home / ".here"
        program = f'cd "$1" && {{ {command}\n}}; code=$?; pwd -P > "$2"; exit $code'
        done = subprocess.run(
            ["bash", "-c", program, "bash", str(self.here), str(place)],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        self.here = Path(place.read_text().strip())
        place.unlink()
        assert done.returncode == code, f"$ {command}\n{done.stdout}\nexit code {done.returncode}"
        return done.stdout

    def start(self, command: str, ready: str) -> str:
        """Start a command in the background; what it has printed when it prints `ready`."""
        log = self.home / ".background"
        with open(log, "w") as out:
            self.background = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.here,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        end = time.monotonic() + SECONDS
        while ready not in log.read_text():
            assert self.background.poll() is None, f"$ {command}\n{log.read_text()}"
            assert time.monotonic() < end, f"$ {command}\nnever said '{ready}'"
            time.sleep(0.1)
        return log.read_text()

    def stop(self) -> None:
        """Ctrl-C for the command in the background, if there is one."""
        if self.background is not None and self.background.poll() is None:
            self.background.send_signal(signal.SIGINT)
            self.background.wait(60)
        self.background = None

    def write(self, name: str, text: str) -> None:
        target = self.here / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
