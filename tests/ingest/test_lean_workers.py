"""A worker loads what it works with and nothing else: what it loads in vain, every one of them waits for."""

from __future__ import annotations

import subprocess
import sys


def test_reading_plain_texts_loads_no_library_that_only_the_driver_or_odd_input_needs() -> None:
    code = "import sys, corpus_kit.ingest.unit; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"polars", "pyarrow"} <= set(loaded)
    in_vain = {"pandera", "pandas", "datasets", "yaml", "pydantic", "rapidfuzz", "chardet", "click", "rensa"}
    assert {name.split(".")[0] for name in loaded} & in_vain == set()
