"""Corpora whose ledger holds only some of another's answers, written by hand: exports with answers taken out of the JSON."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpus_kit import Corpus

Task = dict[str, Any]


def copied(root: Path, to: Path) -> Corpus:
    shutil.copytree(root, to)
    return Corpus.open(to)


def only(corpus: Corpus, to: Path, keeps: Callable[[Task], bool]) -> Corpus:
    """The same corpus with a ledger that only ever held the annotations that `keeps` says; the pseudonyms stay."""
    other = copied(corpus.data.parent, to)
    for path in sorted((corpus.data / "imports").glob("*.json")):
        if path.name.endswith(".about.json"):
            continue
        (to / "data" / "imports" / path.name).unlink()
        about = path.with_name(path.stem + ".about.json")
        facts = json.loads(about.read_text(encoding="utf-8"))
        (to / "data" / "imports" / about.name).unlink()
        tasks = json.loads(path.read_text(encoding="utf-8"))
        for task in tasks:
            task["annotations"] = [a for a in task["annotations"] if keeps(a)]
        content = json.dumps(tasks, ensure_ascii=False).encode()
        sha = hashlib.sha256(content).hexdigest()
        name = f"{facts['sequence']:06d}-{sha[:12]}"
        (to / "data" / "imports" / f"{name}.json").write_bytes(content)
        facts |= {"sha256": sha, "bytes": len(content)}
        (to / "data" / "imports" / f"{name}.about.json").write_text(json.dumps(facts), encoding="utf-8")
    other.adjudicate()
    return other
