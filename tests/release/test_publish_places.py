"""Publishing to a bucket and as a deposit: exactly the release is there, wherever the process was killed on the way."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hub_stand_in import TOKEN as HUB_TOKEN
from hub_stand_in import running
from store_stand_ins import KEY, SECRET, TOKEN, Kill, S3Handler, StandIn, ZenodoHandler, serving

from corpus_kit import Corpus
from corpus_kit.core.errors import ServiceError, UsageError
from corpus_kit.release.publish.s3 import Bucket, Signer, plan_bucket, send_to_bucket

_EXAMPLE = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
_MOMENT = datetime(2013, 5, 24, tzinfo=UTC)
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("url", "more", "signature"),
    [
        (
            "https://examplebucket.s3.amazonaws.com/test.txt",
            {"Range": "bytes=0-9"},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
            {},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_requests_are_signed_as_in_the_examples_of_the_protocol(url: str, more: dict[str, str], signature: str) -> None:
    told = _EXAMPLE.headers("GET", url, _EMPTY, _MOMENT, more)["authorization"]
    assert told.endswith(f"Signature={signature}")


@pytest.fixture
def store() -> Iterator[StandIn]:
    with serving(S3Handler) as made:
        yield made


@pytest.fixture
def deposits() -> Iterator[StandIn]:
    with serving(ZenodoHandler) as made:
        yield made


def _keys(store: StandIn) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": store.url}


def _content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_bucket_holds_exactly_the_release_and_other_objects_stay(
    sample_release: Path, store: StandIn, tmp_path: Path
) -> None:
    store.state["elsewhere/a.txt"] = b"not ours"
    release = Path(shutil.copytree(sample_release, tmp_path / "release"))
    bucket = Bucket("s3://news/corpora/strait", _keys(store))
    plan = plan_bucket(release, bucket)
    assert len(plan.added) == len(_content(release))
    send_to_bucket(release, plan, bucket)
    assert {n.removeprefix("corpora/strait/"): c for n, c in store.state.items() if n != "elsewhere/a.txt"} == _content(
        release
    )
    assert [name for _, name in store.requests if "manifest.json" in name] == [store.requests[-1][1]], (
        "the manifest is last"
    )
    again = plan_bucket(release, bucket)
    assert not (again.added or again.changed or again.removed)
    (release / "losses.csv").unlink()
    (release / "README.md").write_text("changed", encoding="utf-8")
    (release / "é ä+b.txt").write_text("a name with signs", encoding="utf-8")
    send_to_bucket(release, plan_bucket(release, bucket), bucket)
    assert {n.removeprefix("corpora/strait/"): c for n, c in store.state.items() if n != "elsewhere/a.txt"} == _content(
        release
    )
    assert store.state["elsewhere/a.txt"] == b"not ours"
    with pytest.raises(UsageError, match="no release"):
        plan_bucket(release, Bucket("s3://news/elsewhere", _keys(store)))


@pytest.mark.parametrize(
    ("place", "secret", "status"), [("s3://news/x", "wrong-one", 403), ("s3://other/x", SECRET, 404)]
)
def test_a_store_that_refuses_is_one_sentence_without_the_keys(
    store: StandIn, sample_release: Path, place: str, secret: str, status: int
) -> None:
    bucket = Bucket(place, _keys(store) | {"AWS_SECRET_ACCESS_KEY": secret})
    with pytest.raises(ServiceError, match=str(status)) as caught:
        plan_bucket(sample_release, bucket)
    assert secret not in f"{caught.value} {caught.value.hint}"
    with pytest.raises(UsageError, match="AWS_ACCESS_KEY_ID is not set"):
        Bucket(place, {})


def _small(folder: Path) -> Corpus:
    """A built corpus of two pages whose card is filled in."""
    Corpus.init(folder)
    for name, text in (("a", "The ferry of Velmora sails again."), ("b", "Bread is dear in Port Sellane this spring.")):
        (folder / "data" / "raw" / f"{name}.txt").write_text(text, encoding="utf-8")
    toml = folder / "corpus.toml"
    lines = ['licence = "cc-by-4.0"' if x.startswith("licence ") else x for x in toml.read_text("utf-8").split("\n")]
    toml.write_text("\n".join(lines), encoding="utf-8")
    card = folder / "DATASET_CARD.md"
    filled = ["An answer." if x.startswith("*") and x.endswith("*") else x for x in card.read_text("utf-8").split("\n")]
    card.write_text("\n".join(filled), encoding="utf-8")
    corpus = Corpus.open(folder)
    corpus.build(report=False)
    return corpus


def _deposited(record: Any) -> dict[str, bytes]:
    (archive,) = [content for name, content in record.files.items() if name.endswith(".zip")]
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}


def test_a_deposit_holds_the_release_with_its_own_doi_and_a_published_version_never_changes(
    tmp_path: Path, deposits: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENODO_TOKEN", TOKEN)
    corpus = _small(tmp_path / "corpus")
    assert corpus.publish("zenodo", deposits.url, dry_run=True).added
    assert deposits.state == {}
    made = corpus.publish("zenodo", deposits.url)
    assert not made.findings
    (record,) = deposits.state.values()
    assert (made.doi, record.submitted) == ("10.5281/zenodo.101", True)
    corpus = Corpus.open(tmp_path / "corpus")
    assert corpus.config.release.doi == made.doi
    assert _deposited(record) == _content(corpus.data / "release")
    assert yaml.safe_load(record.files["CITATION.cff"])["doi"] == made.doi
    assert made.doi in record.files["README.md"].decode()
    assert json.loads(record.files["croissant.json"])["identifier"].endswith(made.doi)
    assert record.metadata["version"] == "0.1.0" and record.metadata["license"] == "cc-by-4.0"
    again = corpus.publish("zenodo", deposits.url)
    assert (again.doi, len(deposits.state), again.added) == (made.doi, 1, ())

    (tmp_path / "corpus" / "data" / "raw" / "c.txt").write_text("A third page, about eels.", encoding="utf-8")
    corpus.build(report=False)
    with pytest.raises(UsageError, match=r"Version 0\.1\.0 is published"):
        Corpus.open(tmp_path / "corpus").publish("zenodo", deposits.url)
    toml = tmp_path / "corpus" / "corpus.toml"
    toml.write_text(toml.read_text("utf-8").replace('version = "0.1.0"', 'version = "0.2.0"'), encoding="utf-8")
    corpus = Corpus.open(tmp_path / "corpus")
    corpus.build(report=False)
    second = corpus.publish("zenodo", deposits.url)
    assert second.doi == "10.5281/zenodo.102"
    assert deposits.state[102].concept == 101
    assert _deposited(deposits.state[102]) == _content(corpus.data / "release")
    assert not [name for name in deposits.state[102].files if "0.1.0" in name], "no file of the older version"


def test_a_draft_is_not_published_and_a_wrong_token_is_one_sentence(
    tmp_path: Path, deposits: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = _small(tmp_path / "corpus")
    monkeypatch.setenv("ZENODO_TOKEN", "wrong-and-secret")
    with pytest.raises(ServiceError, match="401") as caught:
        corpus.publish("zenodo", deposits.url)
    assert "wrong-and-secret" not in f"{caught.value} {caught.value.hint}"
    monkeypatch.setenv("ZENODO_TOKEN", TOKEN)
    made = corpus.publish("zenodo", deposits.url, draft=True)
    assert made.doi and not deposits.state[101].submitted
    done = Corpus.open(tmp_path / "corpus").publish("zenodo", deposits.url)
    assert done.doi == made.doi and deposits.state[101].submitted and len(deposits.state) == 1
    with pytest.raises(UsageError, match="no server of deposits"):
        corpus.publish("zenodo", "http://elsewhere.example")


def _killed_everywhere(
    server: Any,
    run: Callable[[], subprocess.Popen[str]],
    reset: Callable[[], None],
    check: Callable[[], None],
    secrets: tuple[str, ...],
) -> int:
    """Kill the command at every request, before and after it was carried out, and run it again. How many requests."""
    for at in range(80):
        alive = []
        for when in ("before", "after"):
            reset()
            server.requests.clear()
            child = run()
            server.kill = Kill(child, at, when)
            told = "".join(child.communicate())
            server.kill = None
            alive.append(child.returncode == 0)
            assert child.returncode in (0, -9), told
            second = run()
            told += "".join(second.communicate())
            assert second.returncode == 0, told
            assert not any(secret in told for secret in secrets)
            check()
        if all(alive):
            return at
    raise AssertionError("there were more requests than tries")


def _command(folder: Path, environment: Mapping[str, str], *words: str) -> Callable[[], subprocess.Popen[str]]:
    def run() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "corpus_kit", "publish", *words]
        return subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.mark.slow
def test_killed_at_every_request_to_a_bucket(tmp_path: Path, store: StandIn) -> None:
    corpus = _small(tmp_path / "corpus")
    release = corpus.data / "release"
    old = {f"x/{name}": content for name, content in _content(release).items()} | {"x/documents/old.parquet": b"old"}
    old["x/README.md"] = b"older"

    def reset() -> None:
        store.state = dict(old)

    def check() -> None:
        assert {name.removeprefix("x/"): c for name, c in store.state.items()} == _content(release)

    run = _command(tmp_path / "corpus", _keys(store), "s3://news/x", "--release", str(release))
    assert _killed_everywhere(store, run, reset, check, (SECRET,)) >= 4


@pytest.mark.slow
def test_killed_at_every_request_to_the_hub(tmp_path: Path) -> None:
    corpus = _small(tmp_path / "corpus")
    release = corpus.data / "release"
    with running() as hub:
        environment = {"HF_ENDPOINT": hub.url, "HF_TOKEN": HUB_TOKEN, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}

        def reset() -> None:
            hub.repos.clear()
            hub.stored.clear()

        def check() -> None:
            repo = hub.repos["strait/news"]
            assert {k: v for k, v in repo.files.items() if k != ".gitattributes"} == _content(release)
            assert repo.tags == {"v0.1.0": repo.sha}
            assert len(repo.revisions) == 2, "committed once"

        run = _command(tmp_path / "corpus", environment, "hub", "strait/news", "--release", str(release))
        assert _killed_everywhere(hub, run, reset, check, (HUB_TOKEN,)) >= 8


@pytest.mark.slow
def test_killed_at_every_request_of_a_deposit(tmp_path: Path, deposits: StandIn) -> None:
    corpus = _small(tmp_path / "corpus")
    toml = tmp_path / "corpus" / "corpus.toml"
    text = toml.read_text(encoding="utf-8")

    def reset() -> None:
        deposits.state = {}
        toml.write_text(text, encoding="utf-8")

    def check() -> None:
        (record,) = deposits.state.values()
        assert record.submitted
        assert _deposited(record) == _content(corpus.data / "release")
        assert yaml.safe_load(record.files["CITATION.cff"])["doi"] == f"10.5281/zenodo.{record.number}"

    run = _command(tmp_path / "corpus", {"ZENODO_TOKEN": TOKEN}, "zenodo", deposits.url)
    assert _killed_everywhere(deposits, run, reset, check, (TOKEN,)) >= 8
