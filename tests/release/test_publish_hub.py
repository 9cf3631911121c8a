"""Publishing to the Hub: exactly the release is there afterwards, in one revision, whatever happened on the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_stand_in import TOKEN, Hub, running

from corpus_kit.core.errors import ServiceError, UsageError
from corpus_kit.release.publish.hub import HubOptions, plan_upload, upload

REPO = "strait/news"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with running() as made:
        yield made


@pytest.fixture
def api(hub: Hub) -> Any:
    from huggingface_hub import HfApi

    return HfApi(endpoint=hub.url, token=TOKEN)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A folder in the shape of a release; what is in its files is of no concern here."""
    return _release(tmp_path / "release", {"train-00000-of-00002": b"one", "train-00001-of-00002": b"two"})


def _release(folder: Path, shards: dict[str, bytes]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "documents").mkdir(parents=True)
    (folder / "README.md").write_text(f"---\nlicense: cc0-1.0\n---\n# {len(shards)}\n", encoding="utf-8")
    for name, content in shards.items():
        (folder / "documents" / f"{name}.parquet").write_bytes(content)
    return folder


def _content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def _published(hub: Hub) -> dict[str, bytes]:
    return {name: content for name, content in hub.repos[REPO].files.items() if name != ".gitattributes"}


def test_a_first_publication_holds_exactly_the_release_and_its_tag(hub: Hub, api: Any, release: Path) -> None:
    plan = plan_upload(release, REPO, api)
    assert not plan.exists
    assert len(plan.added) == 3
    made = upload(release, plan, HubOptions(private=True, tag="v0.1.0"), api)
    assert _published(hub) == _content(release)
    assert hub.repos[REPO].settings["private"] is True
    assert hub.repos[REPO].tags == {"v0.1.0": made.revision} == {"v0.1.0": hub.repos[REPO].sha}
    assert len(hub.repos[REPO].revisions) == 2, "one commit after the first, empty one"


def test_a_second_publication_leaves_no_file_of_the_first(hub: Hub, api: Any, release: Path) -> None:
    upload(release, plan_upload(release, REPO, api), HubOptions(), api)
    _release(release, {f"train-0000{n}-of-00003": b"one" if not n else b"new %d" % n for n in range(3)})
    plan = plan_upload(release, REPO, api)
    assert sorted(plan.removed) == [f"documents/train-0000{n}-of-00002.parquet" for n in range(2)]
    upload(release, plan, HubOptions(), api)
    assert _published(hub) == _content(release)
    assert len(hub.repos[REPO].revisions) == 3, "what goes and what comes is one commit"


def test_an_unchanged_release_sends_nothing(hub: Hub, api: Any, release: Path) -> None:
    upload(release, plan_upload(release, REPO, api), HubOptions(tag="v1"), api)
    before = len(hub.repos[REPO].revisions)
    plan = plan_upload(release, REPO, api)
    assert plan.empty
    assert plan.same == 3
    made = upload(release, plan, HubOptions(tag="v1"), api)
    assert len(hub.repos[REPO].revisions) == before
    assert made.revision == hub.repos[REPO].sha


def test_a_plan_writes_nothing(hub: Hub, api: Any, release: Path) -> None:
    plan_upload(release, REPO, api)
    assert {method for method, _ in hub.requests} == {"GET"}
    assert hub.repos == {}


def test_a_tag_never_moves_to_other_content(hub: Hub, api: Any, release: Path) -> None:
    upload(release, plan_upload(release, REPO, api), HubOptions(tag="v1"), api)
    first = dict(hub.repos[REPO].tags)
    _release(release, {"train-00000-of-00001": b"other"})
    with pytest.raises(UsageError, match="v1"):
        upload(release, plan_upload(release, REPO, api), HubOptions(tag="v1"), api)
    assert hub.repos[REPO].tags == first
    assert len(hub.repos[REPO].revisions) == 2


def test_a_pull_request_leaves_main_as_it_is(hub: Hub, api: Any, release: Path) -> None:
    upload(release, plan_upload(release, REPO, api), HubOptions(), api)
    before = _published(hub)
    _release(release, {"train-00000-of-00001": b"other"})
    made = upload(release, plan_upload(release, REPO, api), HubOptions(create_pr=True, tag="v2"), api)
    assert _published(hub) == before
    assert {k: v for k, v in hub.repos[REPO].pulls[0].items() if k != ".gitattributes"} == _content(release)
    assert "discussions" in made.url
    assert hub.repos[REPO].tags == {}, "what is not merged has no tag"


def test_a_gated_dataset_asks_its_readers(hub: Hub, api: Any, release: Path) -> None:
    upload(release, plan_upload(release, REPO, api), HubOptions(gated=True), api)
    assert hub.repos[REPO].settings["gated"] == "manual"


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_break_at_any_request_leaves_one_revision_and_the_same_command_ends_it(
    hub: Hub, api: Any, tmp_path: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection ends at the n-th request, for every n, before or after the server carried it out."""
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    old = _release(tmp_path / "old", {"train-00000-of-00001": b"old"})
    new = _release(tmp_path / "new", {"train-00000-of-00002": b"n1", "train-00001-of-00002": b"n2"})
    for at in range(40):
        hub.repos.clear()
        hub.stored.clear()
        hub.break_at = (-1, "")
        upload(old, plan_upload(old, REPO, api), HubOptions(tag="v1"), api)
        hub.requests.clear()
        hub.break_at = (at, when)
        try:
            upload(new, plan_upload(new, REPO, api), HubOptions(tag="v2"), api)
            broke = False
        except ServiceError as e:
            broke = True
            assert TOKEN not in f"{e} {e.hint}"
        assert _published(hub) in (_content(old), _content(new))
        done = len(hub.requests)
        hub.break_at = (-1, "")
        upload(new, plan_upload(new, REPO, api), HubOptions(tag="v2"), api)
        assert _published(hub) == _content(new)
        assert hub.repos[REPO].tags["v2"] == hub.repos[REPO].sha
        assert len(hub.repos[REPO].revisions) == 3, "committed once"
        if not broke and done <= at:
            break
    else:
        raise AssertionError("there were more requests than tries")
    assert at > 5


def test_a_wrong_token_is_one_sentence_without_the_token(hub: Hub, release: Path) -> None:
    from huggingface_hub import HfApi

    with pytest.raises(ServiceError, match="401") as caught:
        plan_upload(release, REPO, HfApi(endpoint=hub.url, token="hf_wrong_and_secret"))
    assert "HF_TOKEN" in caught.value.hint
    assert "hf_wrong_and_secret" not in f"{caught.value} {caught.value.hint}"
