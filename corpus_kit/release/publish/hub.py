"""`publish hub`: the release as one commit of a dataset repository, by `huggingface_hub`.

The repository holds exactly the release afterwards: the commit adds what changed and removes what the release no longer has.
A commit is one step on the Hub, so a break leaves the old revision or the new one; files that were sent before a break are
not sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import ServiceError, UsageError
from corpus_kit.core.storage.tables import file_sha256

_KEPT = frozenset({".gitattributes"})
"""Files of the repository that no release holds and that stay."""
_AGAIN = "Run the command again; it goes on where it stopped."
_AGAIN = "Run the command again; it goes on where it stopped."


@dataclass(frozen=True, slots=True)
class HubPlan:
    """What a commit would change. added, changed, removed, same: paths in the repository. exists: it is there already."""

    repo: str
    exists: bool
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    same: int
    sent_bytes: int

    @property
    def empty(self) -> bool:
        return not (self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class HubOptions:
    """How to publish. tag: "" for none. create_pr: as a pull request instead of on `main`. gated: ask readers to apply."""

    private: bool = False
    gated: bool = False
    tag: str = ""
    create_pr: bool = False
    message: str = ""
    tag_message: str = ""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """plan: what was sent. revision: the commit. url: of the commit or the pull request. tag: "" where none was set."""

    plan: HubPlan
    revision: str
    url: str
    tag: str = ""


def plan_upload(folder: Path, repo: str, api: Any) -> HubPlan:
    """Compare the release in `folder` with what the repository holds. Nothing is written.

    Args:
        folder: the release.
        repo: `owner/name`.
        api: a `huggingface_hub.HfApi`.

    Raises:
        ServiceError: the Hub refuses or cannot be reached.
    """
    from huggingface_hub.errors import RepositoryNotFoundError

    with _service(repo):
        try:
            info = api.repo_info(repo, repo_type="dataset", files_metadata=True)
            remote = {one.rfilename: one for one in info.siblings or ()}
            exists = True
        except RepositoryNotFoundError:
            remote, exists = {}, False
    local = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if p.is_file()}
    added = [name for name in local if name not in remote]
    changed = [name for name in local if name in remote and not _same(local[name], remote[name])]
    removed = [name for name in sorted(remote) if name not in local and name not in _KEPT]
    sent = sum(local[name].stat().st_size for name in [*added, *changed])
    same = len(local) - len(added) - len(changed)
    return HubPlan(repo, exists, tuple(added), tuple(changed), tuple(removed), same, sent)


def upload(folder: Path, plan: HubPlan, options: HubOptions, api: Any) -> Uploaded:
    """Carry out a plan: make the repository where it is missing, commit, and set the tag.

    Raises:
        UsageError: the tag names another revision already.
        ServiceError: the Hub refuses or cannot be reached. The repository has its old revision or the new one.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    repo, revision, url = plan.repo, "", ""
    with _service(repo):
        if not plan.exists:
            api.create_repo(repo, repo_type="dataset", private=options.private, exist_ok=True)
        if options.gated:
            api.update_repo_settings(repo, repo_type="dataset", gated="manual")
        _check_tag(repo, options, plan, api)
        if plan.empty:
            revision = api.repo_info(repo, repo_type="dataset").sha
        else:
            operations: list[Any] = [CommitOperationDelete(name) for name in plan.removed]
            operations += [CommitOperationAdd(name, str(folder / name)) for name in (*plan.added, *plan.changed)]
            made = api.create_commit(
                repo,
                operations,
                commit_message=options.message or "Publish the release",
                repo_type="dataset",
                create_pr=options.create_pr,
            )
            revision, url = made.oid, made.pr_url or made.commit_url
        if options.tag and not options.create_pr and options.tag not in _tags(repo, api):
            _tag(repo, options, revision, api)
    return Uploaded(plan, revision, url, "" if options.create_pr else options.tag)


def _tag(repo: str, options: HubOptions, revision: str, api: Any) -> None:
    message = options.tag_message or None
    api.create_tag(repo, tag=options.tag, tag_message=message, revision=revision, repo_type="dataset")


def _check_tag(repo: str, options: HubOptions, plan: HubPlan, api: Any) -> None:
    """A tag is a promise: it never moves to other content."""
    tags = _tags(repo, api) if plan.exists and options.tag else {}
    if options.tag in tags and not plan.empty:
        raise UsageError(
            f"{repo} has a tag {options.tag} already, and this release differs from it.",
            "Raise `version` in corpus.toml, build, and publish again.",
        )


def _tags(repo: str, api: Any) -> dict[str, str]:
    return {one.name: one.target_commit for one in api.list_repo_refs(repo, repo_type="dataset").tags}


def _same(path: Path, remote: Any) -> bool:
    """Whether a file is the one in the repository: by sha256 where it is a large file there, else by git's own hash."""
    if remote.lfs is not None:
        return bool(remote.lfs.sha256 == file_sha256(path))
    content = path.read_bytes()
    return bool(
        remote.blob_id == hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    )


@contextmanager
def _service(repo: str) -> Iterator[None]:
    """Errors of the library as one sentence each; a token is in none of them."""
    import httpx2
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalTokenNotFoundError

    try:
        yield
    except LocalTokenNotFoundError as e:
        raise ServiceError("The Hub wants a token and there is none.", "Set HF_TOKEN, or run `hf auth login`.") from e
    except (GatedRepoError, HfHubHTTPError) as e:
        status = getattr(getattr(e, "response", None), "status_code", None)
        hints: Mapping[int | None, str] = {
            401: "Set HF_TOKEN to a token that may write, or run `hf auth login`.",
            403: f"The token may not write to {repo}. Use one of its owner with the right to write.",
            404: "Check the name; a private repository needs a token.",
            409: "Somebody else changed it meanwhile. Run the command again.",
        }
        raise ServiceError(f"The Hub answered {status} for {repo}.", hints.get(status, _AGAIN)) from e
    except (OSError, RuntimeError, httpx2.HTTPError) as e:
        raise ServiceError(f"The Hub cannot be reached ({type(e).__name__}).", _AGAIN) from e
