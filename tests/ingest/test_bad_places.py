"""Places that cannot be read or written: one sentence with the next step, the right exit code, nothing half-written."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ingest_samples import (
    cli,
    command,
    environment,
    ingest,
    no_half_written_folder,
    page,
    processes_told,
    rows,
    small_units_command,
    write,
)

from corpus_kit.core.errors import UsageError

ROOT_USER = os.geteuid() == 0
# Permissions do not bind root, so as root the command runs as somebody else.
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if ROOT_USER else ()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can enter, which pytest's own are not."""
    if ROOT_USER and not shutil.which("setpriv"):
        pytest.skip("root reads everything, and there is no setpriv to become somebody else")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    for below, _, _ in os.walk(folder):
        Path(below).chmod(0o777)
    shutil.rmtree(folder)


def as_nobody(*args: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    return cli(*args, prefix=AS_NOBODY, env=environment(HOME=str(home), HF_HOME=str(home / "hf")), cwd=home)


def test_an_unreadable_file_and_folder_are_refused_and_the_rest_is_taken(open_folder: Path) -> None:
    raw = write(open_folder / "raw", {"good.txt": page(1), "secret.txt": page(2), "shut/x.txt": page(3)})
    write(raw, {"secret.jsonl": '{"text": "No one may read this."}\n'})
    for name in ("secret.txt", "secret.jsonl", "shut"):
        (raw / name).chmod(0)
    done = as_nobody("build", raw, "--out", open_folder / "out", home=open_folder)
    assert done.returncode == 0, done.stderr
    found = {(r["source"], r["reason"], r["detail"]) for r in rows(open_folder / "out" / "rejected")}
    assert found == {(n, "unreadable", "Permission denied") for n in ("secret.txt", "secret.jsonl", "shut")}
    assert [d["source"] for d in rows(open_folder / "out" / "documents")] == ["good.txt"]


def test_what_could_not_be_read_is_tried_again(open_folder: Path) -> None:
    """Nothing on the disk changes here but who reads it, so no stamp of the file tells."""
    raw = write(open_folder / "raw", {"good.txt": page(1), "secret.txt": page(2)})
    (raw / "secret.txt").chmod(0o600 if ROOT_USER else 0)
    assert as_nobody("build", raw, "--out", open_folder / "out", home=open_folder).returncode == 0
    assert len(rows(open_folder / "out" / "documents")) == 1
    if not ROOT_USER:
        (raw / "secret.txt").chmod(0o600)
    made = ingest(raw, open_folder / "out", language=True)
    assert (made.result.documents, made.rejected) == (2, [])


def test_an_out_folder_without_permission_is_an_error_of_the_environment(open_folder: Path) -> None:
    raw = write(open_folder / "raw", {"good.txt": page(1)})
    (open_folder / "out").mkdir(mode=0o555)
    done = as_nobody("build", raw, "--out", open_folder / "out", home=open_folder)
    assert done.returncode == 3
    assert "Error: Permission is denied" in done.stderr and "--out" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((open_folder / "out").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> tuple[str, ...]:
    """The beginning of a command that runs its rest with a disk of its own at `tmp_path/disk`."""
    (tmp_path / "disk").mkdir()
    prefix = ("unshare", "-m", "sh", "-c", f'mount -t tmpfs -o size=2m none {tmp_path}/disk && exec "$@"', "sh")
    try:
        able = subprocess.run([*prefix, "true"], capture_output=True, timeout=20, check=False).returncode == 0
    except OSError:
        able = False
    if not able:
        pytest.skip("mounting a small disk needs root and `unshare`")
    return prefix


def on_disk(
    prefix: tuple[str, ...],
    script: str,
    *args: str | Path,
    command: Callable[..., list[str]] = command,
) -> subprocess.CompletedProcess[str]:
    """Run a shell script on the small disk; `"$@"` in it is the corpus-kit command."""
    line = [*prefix, "sh", "-c", script, "sh", *command(*args)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False, env=environment())


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_one_sentence_and_no_half_written_folder(
    workers: int, tmp_path: Path, small_disk: tuple[str, ...]
) -> None:
    noise = {f"{i:03d}.txt": os.urandom(30_000).hex() for i in range(80)}  # hex halves; 2.4 MB are left of 4.8
    raw, out = write(tmp_path / "raw", noise), tmp_path / "disk" / "out"
    script = f'"$@"; code=$?; echo; echo LEFT; ls -A {out}; echo HALVES; find {out} -name "*.part"; exit $code'
    line = ("build", raw, "--out", out, "--workers", str(workers))
    done = on_disk(small_disk, script, *line, command=small_units_command)
    assert done.returncode == 3, done.stderr
    assert processes_told(done.stderr) == workers
    assert "Error: The disk is full" in done.stderr and "Free some space" in done.stderr
    assert "Traceback" not in done.stderr and "bug" not in done.stderr
    left, halves = done.stdout.split("LEFT")[1].split("HALVES")
    assert left.split() == [".work"]
    # Of the unit that failed and of the one begun beside it. Processes that were ended may still be at their last write.
    assert workers > 1 or halves.split() == []


def test_a_full_disk_in_the_middle_of_a_long_text_is_the_same_sentence(
    tmp_path: Path, small_disk: tuple[str, ...]
) -> None:
    """Arrow ends the process (`abort`) where a page of its own making, of a megabyte and more, does not fit."""
    raw = write(tmp_path / "raw", {f"{i}.txt": os.urandom(1_500_000).hex() for i in range(3)})
    done = on_disk(small_disk, '"$@"', "build", raw, "--out", tmp_path / "disk" / "out")
    assert done.returncode == 3, done.stderr
    assert "Error: The disk is full" in done.stderr and "Check failed" not in done.stderr


def test_after_a_full_disk_the_last_build_is_still_whole(tmp_path: Path, small_disk: tuple[str, ...]) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1)})
    more = write(tmp_path / "more", {f"{i:03d}.txt": os.urandom(30_000).hex() for i in range(80)})
    disk = tmp_path / "disk"
    script = f"""
        "$@" || exit 97
        cp {more}/* {raw}/
        "$@" --strict; code=$?
        cp -r {disk}/out {tmp_path}/kept; exit $code
    """
    done = on_disk(small_disk, script, "build", raw, "--out", disk / "out")
    assert done.returncode == 3, done.stderr
    kept = tmp_path / "kept"
    assert [d["source"] for d in rows(kept / "documents")] == ["a.txt"]
    assert (kept / "release" / "README.md").is_file() and no_half_written_folder(kept)


def test_a_read_only_disk_is_one_sentence(tmp_path: Path, small_disk: tuple[str, ...]) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1)})
    script = f'mount -o remount,ro {tmp_path}/disk; "$@"'
    done = on_disk(small_disk, script, "build", raw, "--out", tmp_path / "disk" / "out")
    assert done.returncode == 3
    assert "Error: The disk is read-only" in done.stderr and "--out" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["missing", "missing/*.txt"])
def test_a_raw_path_that_does_not_exist_is_a_usage_error(name: str, tmp_path: Path) -> None:
    done = cli("build", name, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ") and name in done.stderr and "→" in done.stderr
    assert no_half_written_folder(tmp_path / "out")


@pytest.mark.parametrize("pages", [{}, {".hidden.txt": "A hidden page."}, {"metadata.csv": "file,outlet\na.txt,b\n"}])
def test_a_folder_without_files_is_a_usage_error(pages: dict[str, str], tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", pages)
    with pytest.raises(UsageError, match="There is no file to read") as caught:
        ingest(raw, tmp_path / "out")
    assert ".jsonl" in caught.value.hint and caught.value.exit_code == 2
    assert no_half_written_folder(tmp_path / "out")


def test_an_out_folder_that_holds_other_things_is_left_alone(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1)})
    write(tmp_path / "out", {"documents/my-novel.txt": "Chapter one."})
    with pytest.raises(UsageError, match="did not make"):
        ingest(raw, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out" / "documents").iterdir()] == ["my-novel.txt"]


def test_an_out_folder_that_is_a_file_or_lies_in_raw_is_a_usage_error(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1)})
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    for out, sentence in ((tmp_path / "file", "is a file"), (raw / "out", "lies in the raw folder")):
        done = cli("build", raw, "--out", out)
        assert done.returncode == 2 and sentence in done.stderr
    assert sorted(p.name for p in raw.iterdir()) == ["a.txt"]
