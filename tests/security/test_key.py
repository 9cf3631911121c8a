"""A key belongs to a host: no command sends it to one that its owner did not name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx2
import pytest
from labelled_corpus import write_settings
from strangers import PAGES, made_corpus, nosy_host

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import CorpusKitError, ServiceError, UsageError
from corpus_kit.core.trust import TrustStore, origin_of
from corpus_kit.corpus import Corpus
from corpus_kit.labelstudio.api.problems import refused, unreachable
from corpus_kit.labelstudio.api.transport import Transport
from corpus_kit.labelstudio.api.wire import goes_in_plain_text
from corpus_kit.labelstudio.server.connect import connect

KEY = "team-token-0123456789abcdef"
ASKING = (
    ["status"],
    ["push"],
    ["push", "--dry-run"],
    ["pull"],
    ["pull", "--full"],
    ["restore"],
    ["adjudicate", "--push"],
    ["review", "--push"],
    ["doctor"],
    ["validate"],
    ["report"],
    ["card"],
    ["export", "--jsonl"],
    ["agreement"],
    ["trust"],
    ["build", "--no-report"],
)


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus that is built; the key is set, the server is not."""
    root = made_corpus(tmp_path / "corpus", pages={"ferry.txt": PAGES["ferry.txt"]})
    Corpus.open(root).build(report=False)
    monkeypatch.chdir(root)
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", KEY)
    return root


def names_server(root: Path, url: str) -> None:
    write_settings(root, f'[label_studio]\nurl = "{url}"\n')


def test_no_command_asks_a_server_that_only_a_strangers_corpus_names(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with nosy_host() as host:
        names_server(built, host.url)
        for args in ASKING:
            code = run(cli, args)
            told = capsys.readouterr()
            assert host.asked == [], args
            assert KEY not in told.out + told.err
            assert "bug in corpus-kit" not in told.err
            if args[0] in ("push", "pull", "restore"):
                assert code == 2
                assert "corpus-kit trust --server" in told.err


def test_a_confirmed_server_gets_the_key_and_a_forgotten_one_does_not(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with nosy_host() as host:
        names_server(built, host.url)
        assert run(cli, ["trust", "--server"]) == 1, "no terminal, and no --yes"
        assert host.asked == []
        assert run(cli, ["trust", "--server", "--yes"]) == 0
        assert host.asked == [], "confirming asks nobody"
        run(cli, ["pull"])
        assert {key for _, _, key in host.asked} == {f"Token {KEY}"}
        host.asked.clear()
        assert run(cli, ["trust", "--server", "--forget"]) == 0
        assert run(cli, ["pull"]) == 2
        assert host.asked == []
        assert KEY not in TrustStore().path.read_text()
        capsys.readouterr()
        assert run(cli, ["trust", "--server", "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["server"]["origin"] == host.url


def test_the_server_of_the_environment_needs_no_confirmation(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with nosy_host() as stranger, nosy_host() as own:
        names_server(built, stranger.url)
        monkeypatch.setenv("LABEL_STUDIO_URL", own.url)
        run(cli, ["pull"])
        assert own.asked
        assert stranger.asked == []


def test_trust_is_for_a_scheme_a_host_and_a_port(tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "trust.json")
    store.allow_server("https://label.example:443")
    environ = {"LABEL_STUDIO_API_KEY": "t"}
    for url in ("https://label.example", "https://LABEL.example/base/path/", "https://label.example:443/x?y#z"):
        assert connect(tmp_path, url, environ, store).transport.url.startswith("https://label.example")
    for url in (
        "https://label.example:444",
        "https://label.example.evil.example",
        "https://evil.example/label.example",
        "https://evil.example#label.example",
        "https://evil.example?https://label.example",
        "https://labelexample",
        "http://label.example",
        "https://label.example@evil.example",
        "https://evil.example\\@label.example",
    ):
        with pytest.raises(UsageError):
            connect(tmp_path, url, environ, store)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://127.0.0.1:8080", False),
        ("http://localhost:8080", False),
        ("http://[::1]:8080", False),
        ("https://label.example", False),
        ("http://label.example", True),
        ("http://10.0.0.7:8080", True),
        ("http://127.0.0.1.evil.example", True),
        ("http://localhost.evil.example", True),
        ("http://0x7f.1", True),
    ],
)
def test_what_goes_in_plain_text_is_known(url: str, plain: bool) -> None:
    assert goes_in_plain_text(url) is plain


def test_no_key_goes_over_plain_http_to_another_machine_unless_allowed(tmp_path: Path) -> None:
    environ = {"LABEL_STUDIO_URL": "http://label.example:8080", "LABEL_STUDIO_API_KEY": "t"}
    store = TrustStore(tmp_path / "trust.json")
    with pytest.raises(UsageError, match="without encryption") as told:
        connect(tmp_path, "", environ, store)
    assert "--plain-http" in told.value.hint
    store.allow_server("http://label.example:8080")
    with pytest.raises(UsageError, match="without encryption"):
        connect(tmp_path, "", environ, store)
    store.allow_server("http://label.example:8080", plain_http=True)
    assert connect(tmp_path, "", environ, store)


def test_trusting_a_plain_server_needs_a_word_of_its_own(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://label.example:8080")
    assert run(cli, ["trust", "--server", "--yes"]) == 2
    assert not TrustStore().in_plain_text("http://label.example:8080")
    assert run(cli, ["trust", "--server", "--yes", "--plain-http"]) == 0
    assert TrustStore().in_plain_text("http://label.example:8080")


def test_a_redirect_takes_the_key_nowhere(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with nosy_host() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            with nosy_host([(status, {"Location": f"{elsewhere.url}/api"}, b"")]) as own:
                with pytest.raises(ServiceError, match="sends GET"):
                    Transport(own.url, KEY, first_wait=0).get("/api/projects")
                with pytest.raises(CorpusKitError):
                    Transport(own.url, "a.b.c", first_wait=0).get("/api/projects")
                assert own.asked
        assert elsewhere.asked == []


def test_a_key_is_scrubbed_before_a_message_is_cut() -> None:
    """Half a key at the end of a shortened message is a key that leaks."""
    for padding in range(240, 301):
        text = "x" * padding + KEY + "y" * 100
        for body in ({"detail": text}, [text], {"validation_errors": {"key": [text]}}, {"anything": text}):
            answer = httpx2.Response(400, content=json.dumps(body).encode())
            told = refused("GET", "/api", answer, (KEY,))
            assert KEY[:6] not in told.message
        moved = httpx2.Response(302, headers={"location": f"https://x.example/{text}"})
        assert KEY[:6] not in refused("GET", "/api", moved, (KEY,)).message
        assert KEY[:6] not in unreachable("https://x.example", httpx2.ConnectError(text), (KEY,)).message


def test_the_origin_is_read_by_the_parser_that_sends() -> None:
    for url in (
        "https://bücher.example",
        "https://label.example:443",
        "http://[::1]:8080",
        "http://a.example\\@b.example",
    ):
        sent = httpx2.Client(base_url=url).build_request("GET", "api").url
        assert origin_of(url) == origin_of(str(sent))


def test_the_key_is_in_no_file_of_a_corpus_and_not_in_the_users_trust(built: Path) -> None:
    with nosy_host([(200, {}, b"{}")]) as host:
        os.environ["LABEL_STUDIO_URL"] = host.url
        try:
            run(cli, ["push"])
        finally:
            del os.environ["LABEL_STUDIO_URL"]
    for path in built.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes()
