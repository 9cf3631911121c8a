"""The fuzzers, for a short while; `python tests/security/long.py fuzz_files --count 5000` runs one for longer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from fuzz_exports import fuzz_exports
from fuzz_files import fuzz_files
from fuzz_server import fuzz_server
from fuzzing import MOST_MEMORY, Findings, HangError, bounded, mutated, mutated_bytes

Fuzzer = Callable[[Path, int, int], Findings]


@pytest.mark.slow
@pytest.mark.parametrize(("fuzz", "count"), [(fuzz_files, 500), (fuzz_exports, 300), (fuzz_server, 150)])
def test_nothing_but_documents_rows_and_refusals(fuzz: Fuzzer, count: int, tmp_path: Path) -> None:
    found = fuzz(tmp_path, count, 5)
    assert found.failures == {}
    assert found.cases >= count
    assert len(found.outcomes) > 5, "nearly nothing happened"


@pytest.mark.slow
def test_a_fuzzer_stays_within_a_gigabyte(tmp_path: Path) -> None:
    import subprocess
    import sys

    from strangers import ROOT, environment

    line = [sys.executable, "tests/security/long.py", "fuzz_files", "--count", "200", "--seed", "6"]
    done = subprocess.run(
        line, cwd=ROOT, env=environment(TMPDIR=str(tmp_path)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.split("seed 6, ")[1].split(" MB")[0]) * 10**6 < MOST_MEMORY


def test_the_same_seed_gives_the_same_cases() -> None:
    value = {"a": [1, "two", {"b": None}], "c": {"d": [[], {}]}}
    one, two = ([repr(mutated(value, chance)) for _ in range(50)] for chance in (Random(3), Random(3)))
    assert one == two and len(set(one)) > 20
    bytes_one, bytes_two = (
        [mutated_bytes(b"A page of words. " * 9, chance) for _ in range(50)] for chance in (Random(3), Random(3))
    )
    assert bytes_one == bytes_two and len(set(bytes_one)) > 40


def test_what_takes_too_long_is_told() -> None:
    with pytest.raises(HangError), bounded(1):
        while True:
            pass
