"""A Dask scheduler and workers as processes of their own on 127.0.0.1, to be killed and started again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@dataclass(slots=True)
class DaskCluster:
    """folder: where logs and the workers' own files go."""

    folder: Path
    port: int = field(default_factory=free_port)
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start(self, workers: int = 2, **environment: str) -> DaskCluster:
        self.start_scheduler()
        for _ in range(workers):
            self.start_worker(**environment)
        self.wait(workers)
        return self

    def start_scheduler(self) -> None:
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--dashboard-address", "127.0.0.1:0"]
        self.scheduler = self._start("dask_scheduler", [*options, "--no-jupyter"], {})
        for _ in range(600):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the scheduler does not start:\n" + self.log())

    def start_worker(self, **environment: str) -> subprocess.Popen[bytes]:
        place = self.folder / f"worker-{len(self.workers)}"
        options = ["--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--dashboard-address", "127.0.0.1:0"]
        options += ["--local-directory", str(place), "--memory-limit", "0"]
        self.workers.append(self._start("dask_worker", [self.address, *options], environment))
        return self.workers[-1]

    def wait(self, workers: int) -> None:
        """Until so many workers have registered."""
        from distributed import Client

        with Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)

    def stop(self) -> None:
        for process in (*self.workers, *([self.scheduler] if self.scheduler else [])):
            process.kill()
            process.wait()

    def log(self) -> str:
        return "\n".join(p.read_text(errors="replace")[-3000:] for p in sorted(self.folder.glob("*.log")))

    def _start(self, name: str, options: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
        with (self.folder / f"{name}-{time.monotonic_ns()}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{name}", *options],
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": path} | environment,
            )
