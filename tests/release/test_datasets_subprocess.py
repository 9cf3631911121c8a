"""What needs `datasets` runs beside the command: same results, same errors, and nothing of it outlives the command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.storage.folders import read_checked_json, write_checked_json
from corpus_kit.corpus import Corpus
from corpus_kit.release import datasets_subprocess as subprocess_module
from corpus_kit.release.datasets_subprocess import DatasetsSubprocess


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> DatasetsSubprocess:
    """A process of its own, though the tests have imported `datasets` long ago."""
    monkeypatch.delitem(sys.modules, "datasets", raising=False)
    return DatasetsSubprocess()


def test_a_call_runs_in_another_process_which_ends_with_the_block(beside: DatasetsSubprocess) -> None:
    with beside:
        beside.start()
        assert beside._process is not None
        pid = beside._process.pid
        assert Path(f"/proc/{pid}").exists() and pid != os.getpid()
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists()


def test_an_error_comes_back_as_it_was_raised(beside: DatasetsSubprocess, tmp_path: Path) -> None:
    with beside, pytest.raises(KeyError, match="configs"):
        beside.call("verify", "verify_release", tmp_path, {}, [], tmp_path)


def test_a_process_that_ends_by_itself_is_one_sentence_with_the_next_step(
    beside: DatasetsSubprocess, tmp_path: Path
) -> None:
    with beside:
        beside.start()
        assert beside._process is not None
        beside._process.kill()
        with pytest.raises(EnvironmentProblemError, match="ended by itself") as caught:
            beside.call("verify", "verify_release", tmp_path, {}, [], tmp_path)
        assert "doctor" in caught.value.hint


def test_where_no_process_can_be_started_it_is_done_in_this_one(
    beside: DatasetsSubprocess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
    with beside:
        monkeypatch.setattr(
            subprocess_module, "_function", lambda module, name: lambda *a: (module, name, a, os.getpid())
        )
        assert beside.call("verify", "anything", 1) == ("verify", "anything", (1,), os.getpid())


def test_a_release_that_reads_back_differently_is_not_given_its_name(tmp_path: Path) -> None:
    """Planted: the file is harmed after it was noted and before it is opened. Nothing of it is left."""
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.txt").write_text("The ferry to Sennet Bay is late again.\n" * 9)
    script = (
        "import sys, corpus_kit.release.build as b\n"
        "from corpus_kit import Corpus\n"
        "from pathlib import Path\n"
        "real = b._make_groups\n"
        "def harmed(*a):\n"
        "    facts = real(*a)\n"
        "    facts[0]['configs']['documents']['train']['fingerprint'] = 'f' * 64\n"
        "    return facts\n"
        "b._make_groups = harmed\n"
        "try: Corpus.without(sys.argv[1]).build([sys.argv[2]])\n"
        "except Exception as e: print(type(e).__name__, e)\n"
        "print('datasets' in sys.modules)\n"
    )
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", script, str(out), str(tmp_path / "raw")], capture_output=True, text=True, check=True
    )
    assert "EnvironmentProblemError The release reads back differently" in done.stdout
    assert done.stdout.endswith("False\n"), "opened beside the command, not in it"
    assert not (out / "release").exists()


def test_what_columns_are_for_datasets_is_kept_and_a_new_contract_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = DatasetsSubprocess.begin

    def begin(self: DatasetsSubprocess, module: str, function: str, *arguments: object) -> object:
        asked.append(function)
        return real(self, module, function, *arguments)

    monkeypatch.setattr(DatasetsSubprocess, "begin", begin)
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    (raw / "a.txt").write_text("The ferry to Sennet Bay is late again.\n" * 9)
    Corpus.without(out).build([raw])
    assert asked == ["describe", "verify_release"]
    (raw / "b.txt").write_text("The lamp of the lighthouse is out.\n" * 9)
    Corpus.without(out).build([raw])
    assert asked == ["describe", "verify_release"], "a release of the same shape is read without `datasets`"
    Corpus.without(tmp_path / "at once").build([raw])
    cards = [(folder / "release" / "README.md").read_bytes() for folder in (out, tmp_path / "at once")]
    assert cards[0] == cards[1], "a card from what was kept is the card of a first build"
    asked[:] = asked[:2]
    kept = out / ".work" / "features.json"
    write_checked_json(kept, read_checked_json(kept) | {"key": "of another contract"}, in_order=True)
    (raw / "c.txt").write_text("The market hall has a new roof.\n" * 9)
    Corpus.without(out).build([raw])
    assert asked[2:] == ["describe"]
