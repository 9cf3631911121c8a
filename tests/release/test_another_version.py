"""What another version of the toolkit left is made again: the bytes are those of a first build by this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from labelled_corpus import entities_of_three, label, new_corpus

from corpus_kit import __version__
from corpus_kit.corpus import Corpus

# A toolkit of another version, whose units and groups have another format.
_OLDER = """
import sys
import corpus_kit
import corpus_kit.core.version
corpus_kit.__version__ = corpus_kit.core.version.__version__ = "0.0.9"
from importlib import metadata
real = metadata.version
metadata.version = lambda name: "0.0.9" if name == "corpus-kit" else real(name)
import corpus_kit.ingest.batch as unit_task
import corpus_kit.release.described as described
import corpus_kit.release.recheck as recheck
import corpus_kit.release.shards as shards
unit_task._FORMAT -= 1
described._LAYOUT, recheck._LAYOUT, shards._LAYOUT = "0", "0", "0"
corpus_kit.Corpus.open(sys.argv[1]).build()
"""


def made(corpus: Corpus) -> dict[str, bytes]:
    places = [p for p in sorted(corpus.data.iterdir()) if p.is_dir() and p.name not in ("raw", "imports", ".work")]
    return {f.relative_to(corpus.data).as_posix(): f.read_bytes() for p in places for f in p.rglob("*") if f.is_file()}


def versions(corpus: Corpus) -> dict[str, str]:
    manifests = corpus.data.glob("*/manifest.json")
    return {m.parent.name: json.loads(m.read_text(encoding="utf-8"))["toolkit"]["version"] for m in manifests}


@pytest.mark.slow
def test_what_another_version_left_is_made_again(tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus", settings="[suggest.entities]\nnames = true\n")
    label(corpus, "entities", entities_of_three(), tmp_path)
    for place in corpus.data.iterdir():
        if place.name not in ("raw", "imports"):
            shutil.rmtree(place) if place.is_dir() else place.unlink()
    shutil.copytree(tmp_path / "corpus", tmp_path / "fresh")
    fresh = Corpus.open(tmp_path / "fresh")
    fresh.build()
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ["PYTHONPATH"]])
    older = [sys.executable, "-c", _OLDER, str(tmp_path / "corpus")]
    subprocess.run(
        older,
        check=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": path},
    )
    left = versions(corpus)
    assert {"documents", "suggestions", "annotations", "gold", "rejected", "release", "report"} == set(left)
    assert set(left.values()) == {"0.0.9"} and made(corpus) != made(fresh)
    corpus.build()
    assert set(versions(corpus).values()) == {__version__}
    assert made(corpus) == made(fresh)
    inodes = {p: p.stat().st_ino for p in corpus.data.glob("*/*.parquet")}
    corpus.build()
    assert made(corpus) == made(fresh)
    again = {p: p.stat().st_ino for p in corpus.data.glob("*/*.parquet") if p.parent.name != "rejected"}
    assert again.items() <= inodes.items(), "nothing was made a third time"
