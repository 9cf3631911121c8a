"""A command in a process of its own, which is killed when its n-th request has reached the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from corpus_samples import Sample
from faultproxy import Fault, FaultProxy


def command(sample: Sample, name: str, url: str, token: str, *options: str) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "LABEL_STUDIO_URL": url, "LABEL_STUDIO_API_KEY": token}
    arguments = [sys.executable, "-m", "corpus_kit", name, *options, "--corpus", str(sample.root)]
    return subprocess.Popen(arguments, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def kill_at(faults: FaultProxy, number: int, running: list[subprocess.Popen[bytes]]) -> None:
    """Kill the client when its n-th request has reached the server, which still does what it was asked."""
    seen = len(faults.seen)

    def choose(count: int, _method: str, _path: str) -> Fault | None:
        if count == seen + number:
            running[0].send_signal(signal.SIGKILL)
        return None

    faults.choose = choose
