"""Nothing of a corpus runs without consent: not in this process, not in another one, not by way of a module's name."""

from __future__ import annotations

import io
import json
import multiprocessing
import sys
from pathlib import Path

import pytest
from strangers import PAGES, lay_traps, made_corpus, run_in

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import ModelError, UsageError
from corpus_kit.core.trust import TrustStore
from corpus_kit.corpus import Corpus
from corpus_kit.release.datasets_subprocess import DatasetsSubprocess
from corpus_kit.suggest.entities.code import code_of

ONE = {"ferry.txt": PAGES["ferry.txt"]}
MODEL = """
class Ships:
    name, version, labels = "ships", "1", ("PERSON",)

    def suggest(self, texts):
        return [[(0, 3, "PERSON", 0.9)] for _ in texts]
"""
NAMED = '[[suggest.entities.models]]\nmodel = "python:ships:Ships"\n'
# The installed command with a pool that really runs, for however little work.
POOL = """
import sys
import corpus_kit.core.parallel.executor as executor
import corpus_kit.ingest.documents as documents
from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli

if __name__ == "__main__":
    documents.SHARD_BYTES = 9_000
    executor.SECONDS_WORTH_A_POOL = 0
    executor._WORTH_A_POOL = 2
    sys.exit(run(cli, sys.argv[1:]))
"""
# Several commands one after the other, as the installed one would run them.
ALL = """
import json, sys
from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli

if __name__ == "__main__":
    print("codes", json.dumps([run(cli, line.split()) for line in sys.argv[1:]]))
"""
COMMANDS = (
    "build", "validate", "export --jsonl", "export --arrow", "suggest entities", "report", "card", "trust",
    "agreement", "adjudicate", "review", "status", "doctor", "push --dry-run",
)  # fmt: skip


@pytest.fixture
def trapped(tmp_path: Path) -> tuple[Path, Path]:
    """A corpus with a file for every module that may be looked for, and what is written when one of them runs."""
    root, marker = made_corpus(tmp_path / "corpus"), tmp_path / "ran"
    lay_traps(root, marker)
    return root, marker


def test_no_command_runs_a_file_of_the_working_folder(trapped: tuple[Path, Path]) -> None:
    root, marker = trapped
    done = run_in(root, *COMMANDS, script=ALL)
    assert "bug in corpus-kit" not in done.stderr, done.stderr
    assert not marker.exists(), marker.read_text()
    codes = json.loads(done.stdout.rpartition("codes ")[2])
    assert codes[:8] == [0] * 8, (codes, done.stderr)
    assert 3 not in codes, "there is no server to ask"


def test_no_worker_process_runs_a_file_of_the_working_folder(trapped: tuple[Path, Path]) -> None:
    root, marker = trapped
    for number in range(30):
        text = f"Page {number}\n\n" + "The ferry was late, and the harbour waited. " * 50
        (root / "data" / "raw" / f"page-{number}.txt").write_text(text, encoding="utf-8")
    done = run_in(root, "build", "--workers", "2", "--no-report", script=POOL)
    assert (done.returncode, marker.exists()) == (0, False), done.stderr


def test_a_library_call_starts_its_processes_safely(
    trapped: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, marker = trapped
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", [*sys.path, ""])  # as in an interactive session; behind the rest, for this process
    with DatasetsSubprocess() as aside:
        monkeypatch.delitem(sys.modules, "datasets", raising=False)
        assert aside.call("datasets_subprocess", "_ended").message
    assert not marker.exists()


def test_what_spawns_gives_no_working_folder_to_a_process(
    trapped: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from corpus_kit.core.parallel.executor import open_workers

    root, marker = trapped
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", [*sys.path, ""])
    monkeypatch.setattr(multiprocessing.process, "ORIGINAL_DIR", str(root))
    with open_workers(2) as workers:
        found = dict(workers.run(_module_path, [0, 1, 2, 3]))
    assert all(str(root) not in path and "" not in path for path in found.values())
    assert not marker.exists()


def _module_path(_: int) -> list[str]:
    return list(sys.path)


def test_python_m_does_not_look_for_modules_in_the_working_folder(tmp_path: Path) -> None:
    """But for what Python itself has loaded before corpus-kit begins: `python -P -m` is safe there, too."""
    root, marker = made_corpus(tmp_path / "corpus"), tmp_path / "ran"
    for name in ("polars", "pyarrow", "click", "datasets", "tomllib", "numpy"):
        (root / f"{name}.py").write_text(f"open({str(marker)!r}, 'w').write('ran')\n", encoding="utf-8")
    import subprocess

    from strangers import environment

    done = subprocess.run(
        [sys.executable, "-m", "corpus_kit", "build", "--no-report"],
        cwd=root, env=environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, marker.exists()) == (0, False), done.stderr


# --- models of a corpus ----------------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A corpus whose corpus.toml names a model of its own, which tells when it runs."""
    made = made_corpus(tmp_path / "corpus", NAMED, ONE)
    ran = f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n"
    (made / "ships.py").write_text(ran + MODEL, encoding="utf-8")
    return made


def ran(root: Path) -> bool:
    return (root.parent / "ran").exists()


def test_a_build_does_not_run_a_model_that_was_not_trusted(root: Path) -> None:
    done = run_in(root, "build")
    assert (done.returncode, ran(root)) == (2, False)
    assert "corpus-kit trust" in done.stderr
    assert "python:ships:Ships" in done.stderr
    assert "bug" not in done.stderr


def test_suggest_does_not_run_one_either(root: Path) -> None:
    Corpus.open(root).build(report=False, trust=True)
    (root.parent / "ran").unlink()
    with pytest.raises(UsageError, match="has not been trusted"):
        Corpus.open(root).suggest("entities", models=["python:ships:Ships"])
    assert not ran(root)


def test_trust_alone_runs_nothing_and_shows_what_would_run(root: Path) -> None:
    (root / "ships.py").write_text("import helper\nfrom pkg import deep\n" + MODEL, encoding="utf-8")
    (root / "helper.py").write_text("import hidden_second\n", encoding="utf-8")
    (root / "hidden_second.py").write_text("x = 1\n", encoding="utf-8")
    (root / "pkg").mkdir()
    (root / "pkg" / "deep.py").write_text("from . import deeper\n", encoding="utf-8")
    (root / "pkg" / "deeper.py").write_text("x = 1\n", encoding="utf-8")
    (root / "unrelated.py").write_text("x = 1\n", encoding="utf-8")
    shown = Corpus.open(root).trust(confirm=lambda _: False)
    (model,) = shown.models
    assert model.state == "new"
    names = {Path(file).relative_to(root.resolve()).as_posix() for file in model.files}
    assert names == {"ships.py", "helper.py", "hidden_second.py", "pkg/deep.py", "pkg/deeper.py"}
    assert not shown.kept
    assert not ran(root)
    with pytest.raises(UsageError):
        Corpus.open(root).build(report=False)


def test_trusted_code_runs_until_it_changes(root: Path) -> None:
    assert Corpus.open(root).trust().kept
    made = Corpus.open(root).build(report=False)
    assert made.entities and made.entities.suggested.total == 1
    with (root / "ships.py").open("a", encoding="utf-8") as f:
        f.write("# another version\n")
    with pytest.raises(UsageError, match="has changed since you trusted it"):
        Corpus.open(root).build(report=False)


def test_changed_code_that_the_model_imports_asks_again(root: Path) -> None:
    (root / "ships.py").write_text("import helper\n" + MODEL, encoding="utf-8")
    (root / "helper.py").write_text("x = 1\n", encoding="utf-8")
    Corpus.open(root).trust()
    Corpus.open(root).build(report=False)
    (root / "helper.py").write_text("x = 2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="has changed"):
        Corpus.open(root).build(report=False)


def test_trust_belongs_to_a_place(root: Path, tmp_path: Path) -> None:
    Corpus.open(root).trust()
    elsewhere = made_corpus(tmp_path / "copy", NAMED)
    (elsewhere / "ships.py").write_bytes((root / "ships.py").read_bytes())
    with pytest.raises(UsageError, match="has not been trusted"):
        Corpus.open(elsewhere).build(report=False)


def test_trust_is_kept_outside_the_corpus_for_its_owner_only(root: Path) -> None:
    before = set(root.rglob("*"))
    Corpus.open(root).trust()
    assert set(root.rglob("*")) == before
    path = TrustStore().path
    assert not path.is_relative_to(root)
    assert path.stat().st_mode & 0o077 == 0
    assert list(json.loads(path.read_text())["code"].values()) == [code_of("python:ships:Ships", root).sha256]  # type: ignore[union-attr]


def test_what_is_forgotten_is_asked_about_again(root: Path) -> None:
    Corpus.open(root).trust()
    Corpus.open(root).trust(forget=True)
    with pytest.raises(UsageError, match="has not been trusted"):
        Corpus.open(root).build(report=False)


def test_a_damaged_file_of_trust_allows_nothing(root: Path) -> None:
    Corpus.open(root).trust()
    for damage in ("", "[]", '{"code": 1, "servers": "all"}', "\x00"):
        TrustStore().path.write_text(damage)
        with pytest.raises(UsageError, match="has not been trusted"):
            Corpus.open(root).build(report=False)
    assert Corpus.open(root).trust().kept


def test_the_command_shows_asks_and_keeps(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert run(cli, ["trust"]) == 1
    asked = capsys.readouterr()
    assert "ships.py" in asked.out
    assert "--yes" in asked.err
    assert run(cli, ["trust", "--yes"]) == 0
    assert run(cli, ["build", "--no-report"]) == 0
    capsys.readouterr()
    assert run(cli, ["trust", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["state"] == "trusted"
    assert run(cli, ["trust", "--forget"]) == 0
    assert run(cli, ["build", "--no-report", "--trust"]) == 0, "for scripts"
    assert run(cli, ["build", "--no-report"]) == 2, "which is not kept"


def test_a_module_of_python_is_never_replaced_by_a_file_of_the_corpus(root: Path) -> None:
    (root / "ships.py").write_text("import struct, json, numpy\nassert struct.pack\n" + MODEL, encoding="utf-8")
    for name in ("struct", "json", "numpy"):
        (root / f"{name}.py").write_text("raise SystemExit('ran')\n", encoding="utf-8")
    assert [Path(file).name for file in Corpus.open(root).trust().models[0].files] == ["ships.py"]
    Corpus.open(root).build(report=False)


def test_nothing_of_the_corpus_is_imported_behind_the_back_of_trust(root: Path) -> None:
    (root / "ships.py").write_text("import importlib\nimportlib.import_module('sneaky')\n" + MODEL, encoding="utf-8")
    (root / "sneaky.py").write_text(f"open({str(root.parent / 'ran')!r}, 'w')\n", encoding="utf-8")
    Corpus.open(root).trust()
    with pytest.raises(Exception, match="sneaky"):
        Corpus.open(root).build(report=False)
    assert not ran(root)


def test_byte_code_that_lies_in_the_corpus_is_not_used(root: Path) -> None:
    import importlib.util
    import py_compile

    source = root / "ships.py"
    evil = root / "evil.py"
    evil.write_text(f"open({str(root.parent / 'evil')!r}, 'w')\n" + MODEL, encoding="utf-8")
    kept = Path(importlib.util.cache_from_source(str(source)))
    kept.parent.mkdir()
    py_compile.compile(str(evil), cfile=str(kept), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    Corpus.open(root).trust()
    Corpus.open(root).build(report=False)
    assert ran(root)
    assert not (root.parent / "evil").exists()


def test_no_byte_code_is_written_into_the_corpus(root: Path) -> None:
    Corpus.open(root).build(report=False, trust=True)
    assert not list(root.rglob("*.pyc"))


def test_code_that_links_out_of_the_corpus_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text(MODEL, encoding="utf-8")
    (root / "ships.py").unlink()
    (root / "ships.py").symlink_to(tmp_path / "elsewhere.py")
    with pytest.raises(UsageError, match="outside the corpus"):
        Corpus.open(root).build(report=False, trust=True)


@pytest.mark.parametrize("spec", ["python:os:abort", "python:sys:exit", "python:antigravity:fly", "python:ships.py:X"])
def test_a_module_of_python_named_by_a_corpus_does_not_run_either(spec: str, tmp_path: Path) -> None:
    root = made_corpus(tmp_path / "corpus", f'[[suggest.entities.models]]\nmodel = "{spec}"\n')
    done = run_in(root, "build", "--no-report")
    assert done.returncode == 2, done.stderr


@pytest.mark.parametrize("kind", ["spacy", "transformers"])
@pytest.mark.parametrize("place", ["corpus", "working folder"])
def test_a_models_folder_is_not_loaded_without_trust(
    kind: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = made_corpus(tmp_path / "corpus", f'[[suggest.entities.models]]\nmodel = "{kind}:strange/model"\n')
    folder = (root if place == "corpus" else tmp_path / "elsewhere") / "strange" / "model"
    folder.mkdir(parents=True)
    (folder / "config.cfg").write_text("[nlp]\nlang = 'en'\n")
    monkeypatch.chdir(folder.parents[1])
    with pytest.raises(UsageError, match="has not been trusted"):
        Corpus.open(root).build(report=False)


# --- their errors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("x = 1\n1 / 0\n", "(ships.py, line 2): ZeroDivisionError"),
        ("def broken(:\n", "(ships.py, line 1): SyntaxError"),
        ("class Ships:\n    def __init__(self):\n        raise SystemExit(0)\n", "(ships.py, line 3): SystemExit"),
        (MODEL.replace("return [[(0, 3", "return [[(0, [][7]"), "(ships.py, line 6): IndexError"),
        (MODEL.replace("return", "raise OSError('it is me')  #"), "(ships.py, line 6): OSError: it is me"),
    ],
)
def test_an_error_of_a_model_is_told_as_its_own_with_its_line(root: Path, code: str, told: str) -> None:
    (root / "ships.py").write_text(code, encoding="utf-8")
    with pytest.raises(ModelError) as raised:
        Corpus.open(root).build(report=False, trust=True)
    assert told in raised.value.message
    assert raised.value.message.startswith("The model python:ships:Ships failed")
    assert "corpus.toml" in raised.value.hint


def test_an_error_of_a_model_is_no_bug_on_the_command_line(root: Path) -> None:
    (root / "ships.py").write_text("1 / 0\n", encoding="utf-8")
    done = run_in(root, "build", "--trust")
    assert done.returncode == 3
    assert "ships.py, line 1" in done.stderr
    assert "bug" not in done.stderr
