"""`publish zenodo`: the release as one archive of a deposit, with its DOI on the card before it is sent.

A deposit is made with title and version, which reserves its DOI; the DOI goes into `corpus.toml` and so onto the card; then
the files are sent and the deposit is published. Each step looks at what is there first, so a break at any point is gone on
from. A published version never changes: other content becomes a new version with a DOI of its own.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import ServiceError, UsageError

SERVER = "https://zenodo.org"
SERVERS = {"": SERVER, "zenodo": SERVER, "sandbox": "https://sandbox.zenodo.org"}
_AGAIN = "Run the command again; it goes on where it stopped."
_SHOWN = ("README.md", "CITATION.cff", "croissant.json", "manifest.json")
"""Files that stand beside the archive, so that a reader sees them without unpacking it."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_DEPOSITS = "/api/deposit/depositions"


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit on the server. published: it cannot change any more. files: name → md5."""

    number: int
    doi: str
    published: bool
    version: str
    bucket: str
    files: Mapping[str, str]
    ids: Mapping[str, str]
    url: str


class Zenodo:
    """The deposits of one account."""

    def __init__(self, server: str, environment: Mapping[str, str] = os.environ) -> None:
        """
        Args:
            server: `zenodo`, `sandbox`, or an address.
            environment: Where ZENODO_TOKEN is.

        Raises:
            UsageError: No token, or an address that is none.
        """
        self._root = SERVERS.get(server, server).rstrip("/")
        if not self._root.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise UsageError(f"'{server}' is no server of deposits.", "Write zenodo, sandbox, or an https address.")
        self._token = environment.get("ZENODO_TOKEN", "")
        if not self._token:
            raise UsageError(
                "ZENODO_TOKEN is not set.", "Make a token with deposit:write and deposit:actions, and set it."
            )

    def find(self, doi: str, title: str, version: str) -> Deposit | None:
        """The deposit with a DOI; without one an unpublished one of this title and version, which a break left."""
        if doi:
            number = doi.rpartition(".")[2]
            answer = self._ask("GET", f"{_DEPOSITS}/{number}", missing=True) if number.isdigit() else None
            return None if answer is None else self._deposit(answer)
        drafts = self._ask("GET", _DEPOSITS, query={"q": f'title:"{title}"', "status": "draft", "size": "100"})
        for one in drafts:
            told = one.get("metadata", {})
            if not one.get("submitted") and (told.get("title"), told.get("version")) == (title, version):
                return self._deposit(one)
        return None

    def create(self, metadata: Mapping[str, Any]) -> Deposit:
        """A new deposit; its DOI is reserved."""
        return self._deposit(self._ask("POST", _DEPOSITS, told={"metadata": dict(metadata)}))

    def new_version(self, deposit: Deposit) -> Deposit:
        """The draft of the next version; one that a break left is taken up."""
        made = self._ask("POST", f"{_DEPOSITS}/{deposit.number}/actions/newversion", told={})
        return self._deposit(self._ask("GET", "", address=made["links"]["latest_draft"]))

    def describe(self, deposit: Deposit, metadata: Mapping[str, Any]) -> None:
        self._ask("PUT", f"{_DEPOSITS}/{deposit.number}", told={"metadata": dict(metadata)})

    def send(self, deposit: Deposit, files: Mapping[str, Path]) -> None:
        """Make the deposit hold exactly these files; those that are there with the same content stay."""
        for name, content_id in deposit.ids.items():
            if name not in files:
                self._ask("DELETE", f"{_DEPOSITS}/{deposit.number}/files/{content_id}")
        for name, path in files.items():
            if deposit.files.get(name) != md5_of(path):
                self._ask("PUT", "", address=f"{deposit.bucket}/{name}", file=path)

    def publish(self, deposit: Deposit) -> Deposit:
        return self._deposit(self._ask("POST", f"{_DEPOSITS}/{deposit.number}/actions/publish", told={}))

    def _deposit(self, one: Mapping[str, Any]) -> Deposit:
        told = one.get("metadata", {})
        doi = one.get("doi") or told.get("prereserve_doi", {}).get("doi") or told.get("doi") or ""
        files = self._ask("GET", f"{_DEPOSITS}/{one['id']}/files")
        links = one.get("links", {})
        return Deposit(
            int(one["id"]),
            doi,
            bool(one.get("submitted")),
            str(told.get("version", "")),
            links.get("bucket", ""),
            {file["filename"]: file["checksum"].removeprefix("md5:") for file in files},
            {file["filename"]: file["id"] for file in files},
            links.get("record_html") or links.get("html", ""),
        )

    def _ask(
        self,
        method: str,
        path: str,
        *,
        told: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        address: str = "",
        file: Path | None = None,
        missing: bool = False,
    ) -> Any:
        import httpx2

        if address and not address.startswith(f"{self._root}/"):  # the token goes to this server only
            raise ServiceError("The server names an address of another server.", "Nothing was sent there.")
        headers = {"Authorization": f"Bearer {self._token}"}
        with _service():
            if file is None:
                answer = httpx2.request(
                    method, address or self._root + path, json=told, params=query, headers=headers, timeout=120
                )
            else:
                headers |= {"Content-Length": str(file.stat().st_size), "Content-Type": "application/octet-stream"}
                with file.open("rb") as content:
                    answer = httpx2.request(method, address, content=_chunks(content), headers=headers, timeout=3600)
            if missing and answer.status_code == 404:
                return None
            if answer.status_code >= 300:
                hints = {
                    401: "Set ZENODO_TOKEN to a token that is valid.",
                    403: "The token needs the scopes deposit:write and deposit:actions.",
                }
                raise ServiceError(f"The server answered {answer.status_code}.", hints.get(answer.status_code, _AGAIN))
            return answer.json() if answer.content else {}


def pack(release: Path, folder: Path, name: str) -> dict[str, Path]:
    """The files of a deposit: an archive of the whole release, the same bytes every time, and what readers look at first."""
    archive = folder / f"{name}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:  # Parquet is compressed already
        for path in sorted(release.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(f"{name}/{path.relative_to(release).as_posix()}", _EPOCH)
                with path.open("rb") as source, target.open(entry, "w", force_zip64=True) as inside:
                    for part in iter(lambda: source.read(1 << 20), b""):
                        inside.write(part)
    shown = {one: release / one for one in _SHOWN if (release / one).is_file()}
    return shown | {archive.name: archive}


def metadata_of(
    title: str, version: str, licence: str, manifest: Mapping[str, Any], front: Mapping[str, Any], date: str = ""
) -> dict[str, Any]:
    """What the server stores of a release."""
    totals, languages = manifest["counts"]["totals"], [c for c in manifest["counts"]["language"] if c != "und"]
    told = f"{totals['documents']:,} documents in {', '.join(languages) or 'unknown languages'}."
    made: dict[str, Any] = {
        "title": title,
        "upload_type": "dataset",
        "description": f"<p>{told} Made with corpus-kit. Root over every document and its labels: {manifest['root']}.</p>",
        "creators": _creators(front, manifest["name"]),
        "version": version,
        "access_right": "open",
        "license": licence,
        "prereserve_doi": True,
    }
    if licence in ("other", "unknown"):
        made["license"] = "other-closed"
    if date:
        made["publication_date"] = date
    tags = front.get("tags")
    if isinstance(tags, list) and tags:
        made["keywords"] = [str(one) for one in tags]
    return made


def _creators(front: Mapping[str, Any], name: str) -> list[dict[str, str]]:
    """`authors` of the card, or the corpus's makers."""
    authors = front.get("authors")
    names: Sequence[Any] = authors if isinstance(authors, list) and authors else [f"The makers of {name}"]
    return [{"name": str(one)} for one in names]


def md5_of(path: Path) -> str:
    """The checksum that the server tells of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _chunks(file: Any) -> Iterator[bytes]:
    return iter(lambda: file.read(1 << 20), b"")


@contextmanager
def _service() -> Iterator[None]:
    import httpx2

    try:
        yield
    except (httpx2.HTTPError, OSError, ValueError, KeyError, TypeError) as e:
        raise ServiceError(f"The server cannot be reached or understood ({type(e).__name__}).", _AGAIN) from e
