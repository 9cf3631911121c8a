"""`doctor` finds what is wrong with the machine and the corpus, and every finding has its fixing step."""

from __future__ import annotations

import http.server
import shutil
import sys
import threading
from collections import namedtuple
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from corpus_kit import doctor
from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.config.new_corpus import init_corpus
from corpus_kit.core.errors import ConfigError
from corpus_kit.core.schema.file import read_contract_file
from corpus_kit.core.trust import TrustStore, origin_of
from corpus_kit.corpus import Corpus
from corpus_kit.doctor import Check, examine


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    init_corpus(tmp_path / "corpus", targets=["Tram line"])
    (tmp_path / "corpus" / "data" / "raw" / "a.txt").write_text("A page.\n", encoding="utf-8")
    return tmp_path / "corpus"


def bad(path: Path) -> dict[str, Check]:
    checks = examine(path)
    assert all(c.fix for c in checks if not c.ok), "every finding has its fixing step"
    assert not any(c.fix for c in checks if c.ok)
    return {c.name: c for c in checks if not c.ok}


def test_a_sound_corpus_has_nothing_to_mend(corpus: Path) -> None:
    assert [c.name for c in examine(corpus)] == [
        "python",
        "packages",
        "disk",
        "corpus.toml",
        "contracts",
        "layers",
        "server",
    ]
    assert bad(corpus) == {}


def test_without_a_corpus_the_installation_alone_is_examined(tmp_path: Path) -> None:
    assert [c.name for c in examine(tmp_path)] == ["python", "packages", "disk", "corpus", "server"]


def test_an_old_python_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "sys", SimpleNamespace(version_info=(3, 10, 2)))
    assert bad(tmp_path)["python"].detail == "3.10.2"
    assert sys.version_info >= (3, 11)


def test_missing_and_outdated_packages_are_found_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wanted = ["click>=99,<100", "surely-not-there>=1.2", "polars[all]<1", "ruff>=99; extra == 'dev'"]
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: wanted)
    found = bad(tmp_path)
    assert set(found) == {"package click", "package surely-not-there", "package polars"}
    assert found["package click"].fix == "pip install 'click>=99,<100'"
    assert "missing" in found["package surely-not-there"].detail


def test_a_toolkit_that_is_not_installed_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(_: str) -> list[str]:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(doctor.metadata, "requires", missing)
    assert bad(tmp_path)["packages"].fix == "pip install corpus-kit"


@pytest.mark.parametrize(
    ("version", "bounds", "within"),
    [
        ("1.2.3", ">=1.2,<2", True),
        ("2.0", ">=1.2,<2", False),
        ("1.10", ">=1.9", True),
        ("1.2", "==1.2", True),
        ("1.2.1", "==1.2", False),
        ("1.2", ">1.2", False),
        ("1.2", "", True),
        ("2.0rc1", ">=2", False),
        ("2.1rc1", ">=2", True),
        ("9.9", "~=2.0", False),
        ("2.5", "!=2.5", False),
        ("2.1", "~=2.1", True),
    ],
)
def test_versions_are_compared_as_numbers(version: str, bounds: str, within: bool) -> None:
    assert doctor.within(version, bounds) is within


def test_a_nearly_full_disk_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 1, 1))
    assert "--out" in bad(tmp_path)["disk"].fix


def test_a_broken_corpus_toml_is_found_and_the_rest_is_not_guessed(corpus: Path) -> None:
    (corpus / "corpus.toml").write_text("nmae = 'x'", encoding="utf-8")
    found = bad(corpus)
    assert list(found) == ["corpus.toml"] and "Did you mean 'name'?" in found["corpus.toml"].detail


def test_an_empty_raw_folder_is_found(corpus: Path) -> None:
    (corpus / "data" / "raw" / "a.txt").unlink()
    assert str(corpus / "data" / "raw") in bad(corpus)["raw"].fix


def test_broken_and_missing_contracts_and_layers_are_found(corpus: Path) -> None:
    documents = corpus / "schemas" / "documents.yaml"
    documents.write_text(
        documents.read_text(encoding="utf-8").replace("\n    nullable:", "\n    nulable:", 1), encoding="utf-8"
    )
    (corpus / "schemas" / "spans.yaml").unlink()
    shutil.rmtree(corpus / "annotation" / "stance")
    found = bad(corpus)
    assert set(found) == {"contract documents", "contract spans", "layers"}
    assert "nulable" in found["contract documents"].detail and "stance" in found["layers"].detail


def test_an_old_contract_is_found(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from corpus_kit.core.schema import contracts

    monkeypatch.setattr(contracts, "CONTRACT_VERSION", contracts.CONTRACT_VERSION + 1)
    assert any("older" in c.detail for c in bad(corpus).values())


def test_without_contracts_of_its_own_a_corpus_has_the_built_in_ones(corpus: Path) -> None:
    shutil.rmtree(corpus / "schemas")
    assert {c.name: c.detail for c in examine(corpus)}["contracts"] == "the built-in ones"


class _Health(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        body = b""
        known = self.headers.get("Authorization") == "Token a-secret-key"
        if self.path == "/health":
            self.send_response(self.status)
        elif self.path == "/api/current-user/whoami" and known:
            self.send_response(200)
            body = b'{"id": 1, "email": "ada@example.org"}'
        else:
            self.send_response(404 if known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Health) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_address[1]}/"
        made.shutdown()


def test_a_server_that_answers_needs_only_its_key(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", server)
    assert list(bad(tmp_path)) == ["server key"]
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "a-secret-key")
    assert bad(tmp_path) == {}
    assert "a-secret-key" not in str(examine(tmp_path)), "the key is never shown"


def test_a_key_that_the_server_refuses_is_a_finding(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", server)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "abc")
    found = bad(tmp_path)["server key"]
    assert "401" in found.detail and "LABEL_STUDIO_API_KEY" in found.fix
    monkeypatch.chdir(tmp_path)
    assert run(cli, ["doctor"]) == 1
    told = capsys.readouterr()
    assert "All is well" not in told.err and "401" in told.err


@pytest.mark.parametrize(
    ("version", "bounds", "within"),
    [
        ("2.0.0rc1", ">=2.0,<3", False),
        ("9.9", "~=2.0", False),
        ("2.5", "!=2.5", False),
        ("2.0.post1", ">=2.0,<3", True),
        ("1!1.0", "<3", False),
        ("10.0", ">=9", True),
    ],
)
def test_versions_are_compared_as_pep_440_says(
    version: str, bounds: str, within: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "requires", lambda _: [f"thing{bounds}", 'other>=1; extra == "more"'])
    monkeypatch.setattr(metadata, "version", lambda _: version)
    assert ("package thing" not in bad(tmp_path)) is within


def test_the_server_of_corpus_toml_is_asked(server: str, corpus: Path) -> None:
    settings = corpus / "corpus.toml"
    text = settings.read_text(encoding="utf-8")
    assert text.count('\nurl = ""') == 1
    settings.write_text(text.replace('\nurl = ""', f'\nurl = "{server}"'), encoding="utf-8")
    assert list(bad(corpus)) == ["server"], "not before it is confirmed"
    TrustStore().allow_server(origin_of(server))
    assert list(bad(corpus)) == ["server key"]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:1", "does not answer"),
        ("127.0.0.1:8080", "http:// or https://"),
        ("http://127.0.0.1:99999", "does not"),
    ],
)
def test_a_server_that_does_not_answer_is_found(
    url: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", url)
    assert says in bad(tmp_path)["server"].detail


def test_a_server_that_is_ill_is_found(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Health, "status", 500)
    monkeypatch.setenv("LABEL_STUDIO_URL", server)
    assert "server" in bad(tmp_path)


def test_an_outdated_contract_is_found_and_the_mending_command_brings_it_up_to_date(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: an older version that lacks a column which came since, with the user's own column, check and comment."""
    path = corpus / "schemas" / "documents.yaml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("  outlet:\n"), text.index("  url:\n")
    own = (
        "  rubric:\n    # ours: the page's section\n    dtype: string\n    nullable: true\n"
        "    checks:\n      str_length: {min_value: 3}\n"
    )
    old = (text[:start] + text[end:]).replace("version: 2}", "version: 1}")
    place = old.index("  url:\n")
    path.write_text(old[:place] + own + "\n" + old[place:], encoding="utf-8")
    before = path.read_text(encoding="utf-8")

    fix = bad(corpus)["contract documents"].fix
    assert fix == "corpus-kit doctor --upgrade"
    with pytest.raises(ConfigError, match="older than 2") as caught:
        Corpus.open(corpus).build()
    assert fix in caught.value.hint

    assert CliRunner().invoke(cli, ["doctor", "--corpus", str(corpus), "--upgrade"]).exit_code == 0
    assert bad(corpus) == {}
    after = path.read_text(encoding="utf-8")
    assert "# ours: the page's section" in after and "str_length: {min_value: 3}" in after
    contract = read_contract_file(path)
    assert {"outlet", "rubric"} <= {c.name for c in contract.columns}
    assert (path.with_name("documents.yaml.v1")).read_text(encoding="utf-8") == before
    assert not (corpus / "schemas" / ".upgrade").exists()
    assert Corpus.open(corpus).build().documents == 1


def test_a_contract_that_cannot_be_brought_up_to_date_is_left_as_it_is(corpus: Path) -> None:
    path = corpus / "schemas" / "spans.yaml"
    text = (
        path.read_text(encoding="utf-8").replace("version: 2}", "version: 1}").replace("nullable: false", "nulable: no")
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be brought from version 1 to 2 by itself") as caught:
        Corpus.doctor(corpus, upgrade=True)
    assert "corpus-kit init" in caught.value.hint
    assert path.read_text(encoding="utf-8") == text
    assert sorted(p.name for p in path.parent.iterdir() if p.name.startswith((".", "spans"))) == ["spans.yaml"]
