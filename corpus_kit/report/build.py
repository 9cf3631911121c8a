"""`data/report` from the made tables: one page that opens from the disk, and its manifest.

Counting is done shard by shard and kept, so a build with one new file counts one shard; only the texts of the sample are
ever on the page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import UsageError
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.storage.folders import drop_folder, made_folder, read_manifest, write_manifest, write_whole
from corpus_kit.core.version import __version__
from corpus_kit.core.vocabulary import AGREEMENT_FILE, MULTIVERSE_FOLDER
from corpus_kit.report.records import CHANGES_FILE, FOLDER, PAGE, Reported, ReportSources

TEXT_BYTES = 3_000_000
"""Of the reader's documents as JSON; the page stays below 5 MB whatever the corpus is."""

_MADE_FROM = ("documents", "suggestions", "annotations", "gold", "release", "rejected", MULTIVERSE_FOLDER)
_ASSETS = ("report.css", "report.js", "templates")


def build_report(
    sources: ReportSources,
    workers: Workers,
    progress: Progress,
    *,
    out: Path | None = None,
    compare: Path | None = None,
) -> Reported:
    """Write `data/report`, or with `out` one page there. compare: the folder of another release; all changes go into a CSV
    beside the page.

    Raises UsageError before the first build, and where there is no release to compare with.
    """
    manifests = {name: read_manifest(sources.data / name) or {} for name in _MADE_FROM}
    if not manifests["documents"]:
        raise UsageError(f"There are no tables in {sources.data}.", "Run `corpus-kit build` first.")
    inputs = _inputs(sources, manifests)
    if compare is not None:
        inputs["compared with"] = _fingerprint_of(compare)
    target = sources.data / FOLDER
    existing = read_manifest(target)
    if out is None and existing and existing.get("inputs") == inputs and _complete(target, existing):
        page = existing["files"][0]
        return Reported(target / PAGE, page["bytes"], existing["sampled"], True, existing.get("changes", {}))
    from corpus_kit.report.gathering import gather
    from corpus_kit.report.page import render

    compared = None
    if compare is not None:
        from corpus_kit.report.compare import compare as compare_releases
        from corpus_kit.report.compare import open_release

        name = CHANGES_FILE if out is None else f"{out.stem}-{CHANGES_FILE}"
        compared = compare_releases(open_release(compare), open_release(sources.data / "release"), name)
    changes = compared.counts if compared else {}
    gathered = gather(sources, manifests, workers, progress, TEXT_BYTES, compared)
    page = render(gathered.view, gathered.sample).encode()
    if out is not None:
        _write_alone(out, page)
        if compared:
            _write_alone(out.with_name(compared.file), compared.table.encode())
        return Reported(out, len(page), gathered.sampled, changes=changes)
    with made_folder(target, sources.work) as folder:
        (folder / PAGE).write_bytes(page)
        files = [_facts(PAGE, page)]
        if compared:
            table = compared.table.encode()
            (folder / compared.file).write_bytes(table)
            files.append(_facts(compared.file, table))
        told = {"changes": changes} if compared else {}
        write_manifest(
            folder, inputs=inputs, files=files, sampled=gathered.sampled, fingerprint=files[0]["sha256"], **told
        )
    return Reported(target / PAGE, len(page), gathered.sampled, changes=changes)


def _facts(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _fingerprint_of(release: Path) -> str:
    from corpus_kit.report.compare import open_release

    return str(open_release(release).manifest["fingerprint"])


def remove_report(data: Path, work: Path) -> None:
    """Take away what an earlier build made: it would show a corpus that is no more."""
    if read_manifest(data / FOLDER) is not None:
        drop_folder(data / FOLDER, work)


def _inputs(sources: ReportSources, manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """All that can change a byte of the page."""
    inputs: dict[str, Any] = {
        name: manifest["fingerprint"] if "fingerprint" in manifest else _of_rejected(sources.data / name, manifest)
        for name, manifest in manifests.items()
        if manifest
    }
    told = json.dumps([asdict(sources.about), list(sources.layers)], ensure_ascii=False)
    inputs["corpus.toml"] = hashlib.sha256(told.encode()).hexdigest()
    inputs["layers"] = {name: layer.config_sha256 for name, layer in sources.layers.items()}
    inputs["look"] = _look_sha256()
    agreement = sources.data / "gold" / AGREEMENT_FILE
    if agreement.is_file():
        inputs["agreement"] = hashlib.sha256(agreement.read_bytes()).hexdigest()
    return inputs


def _of_rejected(folder: Path, manifest: Mapping[str, Any]) -> str:
    """`rejected` has no fingerprint of its own; its files are small."""
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode())
    for path in sorted(folder.glob("*.parquet")):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _look_sha256() -> str:
    """Of the templates, the style sheet and the script, with the toolkit's version: another look is another page."""
    digest = hashlib.sha256(__version__.encode())
    for path in _asset_files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _asset_files() -> Sequence[Path]:
    here = Path(__file__).parent
    found = [here / name for name in _ASSETS]
    return sorted(file for path in found for file in (path.glob("*.j2") if path.is_dir() else [path]))


def _complete(target: Path, manifest: Mapping[str, Any]) -> bool:
    try:
        return all((target / f["name"]).stat().st_size == f["bytes"] for f in manifest["files"])
    except OSError:
        return False


def _write_alone(out: Path, content: bytes) -> None:
    """One file in a place of the user's: whole or not at all."""
    if out.is_dir():
        raise UsageError(f"{out} is a folder.", f"Name a file, such as {out / PAGE}.")
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, content)
