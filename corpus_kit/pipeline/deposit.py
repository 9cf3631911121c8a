"""`publish zenodo` and `publish s3://…`: from a release that was made and checked to the place. Called by `publish` only."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from corpus_kit.core.errors import UsageError
from corpus_kit.core.workspace import Workspace

if TYPE_CHECKING:
    from corpus_kit.release.publish.zenodo import Deposit, Zenodo

Remake = Callable[[str], tuple[Workspace, Path]]
"""Writes a DOI into corpus.toml and makes the release again with it; the corpus and the release that are then."""


@dataclass(frozen=True, slots=True)
class SentFiles:
    """added, changed, removed: names. same: how many were there. doi, url: of a deposit. published: not as a draft."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    same: int = 0
    doi: str = ""
    url: str = ""


def to_bucket(release: Path, place: str, dry_run: bool) -> SentFiles:
    """Send a release to `s3://BUCKET/PREFIX`, so that exactly it is there.

    Raises:
        UsageError: No keys, or other objects are there.
        ServiceError: The store refuses or cannot be reached.
    """
    from corpus_kit.release.publish.s3 import Bucket, plan_bucket, send_to_bucket

    bucket = Bucket(place)
    plan = plan_bucket(release, bucket)
    if not dry_run:
        send_to_bucket(release, plan, bucket)
    return SentFiles(plan.added, plan.changed, plan.removed, plan.same)


@dataclass(frozen=True, slots=True)
class DepositOptions:
    """server: `zenodo`, `sandbox` or an address. dry_run: nothing is written. draft: the deposit is not published."""

    server: str
    dry_run: bool = False
    draft: bool = False


def to_zenodo(workspace: Workspace, release: Path, options: DepositOptions, remake: Remake | None) -> SentFiles:
    """Deposit a release and publish it under its DOI.

    Args:
        workspace: The corpus, whose `[release] doi` names the last deposit.
        release: Made and checked.
        options: See there.
        remake: Puts a new DOI onto the card; None for a release that is published as it is.

    Raises:
        UsageError: No token, or this version is published with other content.
        ServiceError: The server refuses or cannot be reached.
    """
    from corpus_kit.release.publish.zenodo import Zenodo

    zenodo = Zenodo(options.server)
    metadata = _metadata(workspace, release)
    found = zenodo.find(workspace.config.release.doi, metadata["title"], metadata["version"])
    with tempfile.TemporaryDirectory(prefix="corpus-kit-deposit-") as scratch:
        if found is not None and found.published:
            sent = _difference(release, found, Path(scratch))
            if not (sent.added or sent.changed or sent.removed):
                return sent
            if found.version == metadata["version"]:
                raise UsageError(
                    f"Version {found.version} is published as {found.doi}, and this release differs from it.",
                    "Raise `version` in corpus.toml, build, and publish again.",
                )
        if options.dry_run:
            return SentFiles(tuple(sorted(_packed(release, Path(scratch)))))
        draft = _draft(zenodo, found, metadata)
        if draft.doi and draft.doi != workspace.config.release.doi and remake is not None:
            workspace, release = remake(draft.doi)
        sent = _difference(release, draft, Path(scratch))
        zenodo.describe(draft, _metadata(workspace, release))
        zenodo.send(draft, _packed(release, Path(scratch)))
        done = draft if options.draft else zenodo.publish(draft)
    return SentFiles(sent.added, sent.changed, sent.removed, sent.same, done.doi or draft.doi, done.url)


def _draft(zenodo: Zenodo, found: Deposit | None, metadata: dict[str, Any]) -> Deposit:
    if found is None:
        return zenodo.create(metadata)
    return zenodo.new_version(found) if found.published else found


def _packed(release: Path, scratch: Path) -> dict[str, Path]:
    from corpus_kit.release.publish.zenodo import pack

    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    return pack(release, scratch, f"{manifest['name']}-{manifest['release']}")


def _difference(release: Path, deposit: Deposit, scratch: Path) -> SentFiles:
    from corpus_kit.release.publish.zenodo import md5_of

    here = {name: md5_of(path) for name, path in _packed(release, scratch).items()}
    there = deposit.files
    return SentFiles(
        tuple(sorted(here.keys() - there.keys())),
        tuple(sorted(name for name in here.keys() & there.keys() if here[name] != there[name])),
        tuple(sorted(there.keys() - here.keys())),
        sum(1 for name in here.keys() & there.keys() if here[name] == there[name]),
        deposit.doi,
        deposit.url,
    )


def _metadata(workspace: Workspace, release: Path) -> dict[str, Any]:
    from corpus_kit.release.publish.zenodo import metadata_of

    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    card = (release / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---\n", 2)[1])
    title = str(front.get("pretty_name") or manifest["name"])
    return metadata_of(title, manifest["release"], str(front.get("license")), manifest, front, workspace.config.date)
