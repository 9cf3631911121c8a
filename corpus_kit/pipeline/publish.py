"""`publish`: the release made, checked and sent. `Corpus.publish` is the way in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from corpus_kit.core.config.corpus_toml import CORPUS_FILE
from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.progress import Progress
from corpus_kit.core.records import Finding
from corpus_kit.core.workspace import Workspace
from corpus_kit.release.publish.checks import printed_addresses, publish_problems
from corpus_kit.release.text_free.write import DEFAULT_LIMIT

PLACES = ("hub", "folder", "zenodo")
BUCKET = "s3://"


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """How to publish.

    Attributes:
        tag: None for `v` and the version, "" for none.
        dry_run: Nothing is written.
        text_free: Without the texts, as `export("text-free")` writes it.
        release: A release to publish as it is, instead of the corpus's own.
        private: On the Hub, where the dataset is made.
        gated: On the Hub, readers apply.
        create_pr: On the Hub, as a pull request.
        draft: A deposit with its files and its DOI, not yet published.
    """

    tag: str | None = None
    dry_run: bool = False
    text_free: bool = False
    release: str | Path | None = None
    private: bool = False
    gated: bool = False
    create_pr: bool = False
    draft: bool = False


@dataclass(slots=True)
class PublishResult:
    """What was published, or would be. findings: what stands against it; with any, nothing was sent.

    where: the repository or folder. added, changed, removed: files. same: files that were there already. revision, url,
    tag: on the Hub. printed_addresses: texts that print an e-mail address, which the card should say.
    doi: of a deposit.
    """

    where: str
    findings: list[Finding] = field(default_factory=list)
    added: Sequence[str] = ()
    changed: Sequence[str] = ()
    removed: Sequence[str] = ()
    same: int = 0
    revision: str = ""
    url: str = ""
    tag: str = ""
    printed_addresses: int = 0
    doi: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The result for machines."""
        return asdict(self)


def publish(workspace: Workspace, place: str, name: str, options: PublishOptions, progress: Progress) -> PublishResult:
    """Make the release, check it, and send it so that exactly it is there afterwards.

    Args:
        workspace: The corpus.
        place: `hub`, `folder`, `zenodo`, or `s3://BUCKET/PREFIX`.
        name: `owner/name` on the Hub, a folder, `zenodo`, `sandbox` or an address of deposits; "" for a bucket.
        options: See there.
        progress: Of the release.

    Returns:
        What changed, or the findings that stand against publishing; with findings nothing is sent.

    Raises:
        UsageError: An unknown place, a tag that names other content, no release.
        ServiceError: The Hub refuses or cannot be reached.
    """
    _check_place(place, name)
    release, findings = options.release, list[Finding]()
    if release is None:
        if place == "hub" and workspace.root and not options.dry_run:
            workspace = _remembered(workspace, workspace.root, name, options)
        options = replace(options, gated=options.gated or workspace.config.release.gated)
        release, findings = _made(workspace, options.text_free, progress)
    release = Path(release)
    findings += publish_problems(release, _addresses(workspace)) if not findings else []
    if findings:
        return PublishResult(name, findings)
    made = _sent(workspace, release, place, name, options, progress)
    made.printed_addresses = printed_addresses(release)
    return made


def _sent(
    workspace: Workspace, release: Path, place: str, name: str, options: PublishOptions, progress: Progress
) -> PublishResult:
    if place == "hub":
        return _to_hub(release, name, options)
    if place == "folder":
        return _to_folder(release, Path(name), options)
    from corpus_kit.pipeline.deposit import DepositOptions, to_bucket, to_zenodo

    if place == "zenodo":

        def remake(doi: str) -> tuple[Workspace, Path]:
            assert workspace.root is not None
            remember(workspace.root, "doi", f'"{doi}"')
            again = Workspace.open(workspace.root)
            return again, _made(again, options.text_free, progress)[0]

        own = options.release is None and workspace.root is not None
        asked = DepositOptions(name, options.dry_run, options.draft)
        sent = to_zenodo(workspace, release, asked, remake if own else None)
    else:
        sent = to_bucket(release, place, options.dry_run)
    return PublishResult(
        name or place, [], sent.added, sent.changed, sent.removed, sent.same, url=sent.url, doi=sent.doi
    )


def _addresses(workspace: Workspace) -> list[str]:
    """Those of annotators, as far as the corpus knows them."""
    from corpus_kit.ledger.people import FILE, read_people

    return [one for one in read_people(workspace.data / FILE) if "@" in one]


def _remembered(workspace: Workspace, root: Path, name: str, options: PublishOptions) -> Workspace:
    """The corpus with what its card says of the repository written into corpus.toml."""
    told = workspace.config.release
    if told.repo != name:
        remember(root, "repo", f'"{name}"')
    if options.gated and not told.gated:
        remember(root, "gated", "true")
    return Workspace.open(root)


def _made(workspace: Workspace, text_free: bool, progress: Progress) -> tuple[Path, list[Finding]]:
    """The corpus's own release, and what `validate` finds in the corpus."""
    from corpus_kit.pipeline.export import export
    from corpus_kit.validate.tables import validate_folder

    release = workspace.data / "release"
    findings = validate_folder(workspace.data, workspace.contracts_root).findings
    for format in ("hf", *(("text-free",) if text_free else ())) if not findings else ():
        made = export(
            workspace, format, None, workers=1, tokenizer="", max_run=DEFAULT_LIMIT, strict=False, progress=progress
        )
        release = made.folder
    return release, findings


def _check_place(place: str, name: str) -> None:
    if place.startswith(BUCKET):
        return
    if place not in PLACES:
        raise UsageError(
            f"There is no place '{place}'.{did_you_mean(place, list(PLACES))}",
            f"Places: {', '.join(PLACES)}, s3://BUCKET/PREFIX.",
        )
    if place == "folder" and not name:
        raise UsageError("A folder wants a name.", "Write `corpus-kit publish folder DIR`.")
    if place == "hub" and name.count("/") != 1:
        raise UsageError(f"'{name}' is no name of a dataset on the Hub.", "Write OWNER/NAME.")


def _to_hub(release: Path, name: str, options: PublishOptions) -> PublishResult:
    from huggingface_hub import HfApi

    from corpus_kit.release.publish.hub import HubOptions, plan_upload, upload

    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    tag = f"v{manifest['release']}" if options.tag is None else options.tag
    api = HfApi()
    plan = plan_upload(release, name, api)
    made = PublishResult(name, [], plan.added, plan.changed, plan.removed, plan.same)
    if options.dry_run:
        return made
    message = f"{manifest['name']} {manifest['release']}"
    hub = HubOptions(options.private, options.gated, tag, options.create_pr, message, f"root {manifest['root']}")
    done = upload(release, plan, hub, api)
    made.revision, made.url, made.tag = done.revision, done.url, done.tag
    return made


def _to_folder(release: Path, target: Path, options: PublishOptions) -> PublishResult:
    from corpus_kit.release.publish.folder import copy_release

    old, new = _contents(target), _contents(release)
    made = PublishResult(
        str(target),
        [],
        [one for one in new if one not in old],
        [one for one in new if one in old and old[one] != new[one]],
        [one for one in old if one not in new],
        sum(1 for one in new if old.get(one) == new[one]),
    )
    if not options.dry_run:
        copy_release(release, target)
    return made


def _contents(folder: Path) -> Mapping[str, bytes]:
    """File → its sha256; empty where there is no such folder."""
    import hashlib

    found = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).digest() for p in found}


def remember(root: Path, key: str, value: str) -> None:
    """Write a key into `[release]` of corpus.toml, so that the card says what is so. All else stays as it is."""
    path = root / CORPUS_FILE
    lines = path.read_text(encoding="utf-8").split("\n")
    setting = f"{key} = {value}"
    heads = [at for at, line in enumerate(lines) if line.strip() == "[release]"]
    if not heads:
        path.write_text("\n".join(lines).rstrip("\n") + f"\n\n[release]\n{setting}\n", encoding="utf-8", newline="\n")
        return
    end = next((at for at in range(heads[0] + 1, len(lines)) if lines[at].startswith("[")), len(lines))
    inside = [at for at in range(heads[0] + 1, end) if lines[at].replace(" ", "").startswith(f"{key}=")]
    if inside:
        lines[inside[0]] = setting
    else:
        lines.insert(heads[0] + 1, setting)
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
