"""`doctor`: what is wrong with Python, packages, disk, contracts, layers and server, each with the command that fixes it."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from corpus_kit.core.config.corpus_toml import CORPUS_FILE, ProjectConfig, find_corpus, load_config
from corpus_kit.core.errors import CorpusKitError
from corpus_kit.core.storage.inside import refuse_links_of_corpus
from corpus_kit.core.trust import TrustStore, origin_of

if TYPE_CHECKING:
    from corpus_kit.labelstudio.api.client import LabelStudioClient

_LEAST_PYTHON = (3, 11)
_LEAST_FREE = 1 << 30
_SERVER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. fix: the command or step that fixes it, empty where nothing is wrong."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


def examine(path: str | Path = ".") -> list[Check]:
    """All checks, in the order in which they matter. Nothing is changed."""
    root = find_corpus(Path(path))
    checks = [_python(), *_packages(), _disk(root or Path(path))]
    if root is None:
        checks.append(Check("corpus", True, f"no {CORPUS_FILE} here; `corpus-kit init DIR` makes one"))
    else:
        checks += [*_corpus(root)]
    return [*checks, *_server(root)]


def upgrade_contracts(path: str | Path = ".") -> list[str]:
    """Bring every outdated contract of the corpus at `path` up to date; what was done, in words.

    Raises ConfigError where a contract cannot be brought up to date by itself; those before it are.
    """
    from corpus_kit.core.schema.columns import TABLES
    from corpus_kit.core.schema.contracts import default_contracts_root, outdated
    from corpus_kit.core.schema.upgrade import upgrade_contract

    root = find_corpus(Path(path))
    if root:
        refuse_links_of_corpus(root)
    files = [root / "schemas" / f"{table}.yaml" for table in TABLES] if root else []
    return [upgrade_contract(f, default_contracts_root()) for f in files if f.is_file() and outdated(f) is not None]


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= _LEAST_PYTHON:
        return Check("python", True, found)
    return Check("python", False, found, "Install Python 3.11 or newer and make a new virtual environment with it.")


def _packages() -> Iterator[Check]:
    """Every dependency against the bounds of the installed corpus-kit."""
    try:
        wanted = metadata.requires("corpus-kit") or []
    except metadata.PackageNotFoundError:
        yield Check("packages", False, "corpus-kit is not installed", "pip install corpus-kit")
        return
    bad, count = [], 0
    for line in wanted:
        need = Requirement(line)
        if need.marker is not None and not need.marker.evaluate({"extra": ""}):
            continue
        count += 1
        try:
            version = metadata.version(need.name)
        except metadata.PackageNotFoundError:
            version = "missing"
        if version == "missing" or not within(version, str(need.specifier)):
            # As they are written: `str` would sort the bounds.
            bounds = re.sub(r"^[\w.-]+\s*(?:\[[^\]]*\])?\s*", "", line.split(";")[0]).strip(" ()")
            bad.append((need.name, version, bounds))
    for name, version, bounds in bad:
        yield Check(f"package {name}", False, f"{version}, needs {bounds}", f"pip install '{name}{bounds}'")
    if not bad:
        yield Check("packages", True, f"{count} dependencies within their bounds")


def within(version: str, bounds: str) -> bool:
    """Whether a version satisfies the bounds of a requirement; one that comes before a release does where it may."""
    return SpecifierSet(bounds).contains(version, prereleases=True)


def _disk(place: Path) -> Check:
    free = shutil.disk_usage(place if place.exists() else Path.cwd()).free
    shown = f"{free / 2**30:.1f} GiB free"
    if free >= _LEAST_FREE:
        return Check("disk", True, shown)
    return Check("disk", False, shown, "Free some space, or build to another disk with --out.")


def _corpus(root: Path) -> Iterator[Check]:
    try:
        config = load_config(root / CORPUS_FILE)
    except CorpusKitError as e:
        yield Check("corpus.toml", False, e.message, e.hint)
        return
    yield Check("corpus.toml", True, f"{config.name} {config.version}")
    yield from _contracts(root)
    yield from _layers(root, config)
    raw = root / "data" / "raw"
    if not raw.is_dir() or not any(raw.iterdir()):
        yield Check("raw", False, "data/raw is empty", f"Put texts into {raw}.")


def _contracts(root: Path) -> Iterator[Check]:
    from corpus_kit.core.schema.columns import TABLES
    from corpus_kit.core.schema.contracts import contract_path, outdated
    from corpus_kit.core.schema.file import read_contract_file

    folder = root / "schemas"
    if not folder.is_dir():
        yield Check("contracts", True, "the built-in ones")
        return
    bad = False
    for table in TABLES:
        path = contract_path(folder, table)
        try:
            finding = outdated(path)
            if finding is None:
                read_contract_file(path)
        except CorpusKitError as e:
            bad = True
            yield Check(f"contract {table}", False, e.message, e.hint)
        else:
            if finding is not None:
                bad = True
                yield Check(f"contract {table}", False, "older than this toolkit's", "corpus-kit doctor --upgrade")
    if not bad:
        yield Check("contracts", True, f"{len(TABLES)} contracts of the current version")


def _layers(root: Path, config: ProjectConfig) -> Iterator[Check]:
    from corpus_kit.core.layers import check_names, load_layers

    try:
        layers = load_layers(root / "annotation", config.layers)
        check_names(layers, config.adjudication.layers, config.agreement.orders)
    except CorpusKitError as e:
        yield Check("layers", False, e.message, e.hint)
    else:
        yield Check("layers", True, ", ".join(layers) or "none")


def _server(root: Path | None) -> Iterator[Check]:
    """Whether the Label Studio server answers, when one is named; the key itself is never shown."""
    url = os.environ.get("LABEL_STUDIO_URL", "")
    if not url and root is not None:
        try:
            url = load_config(root / CORPUS_FILE).label_studio.url
            if url and not TrustStore().gets_the_key(origin_of(url)):
                # A stranger's corpus may name any host; looking there would tell it of us.
                detail = f"corpus.toml names {url}, which you have not confirmed; it was not asked"
                yield Check("server", False, detail, "corpus-kit trust --server")
                return
        except CorpusKitError:
            return
    if not url:
        yield Check("server", True, "none named (LABEL_STUDIO_URL is not set)")
        return
    from corpus_kit.labelstudio.api.client import LabelStudioClient
    from corpus_kit.labelstudio.api.problems import RefusedError
    from corpus_kit.labelstudio.api.wire import checked_address, is_loopback
    from corpus_kit.labelstudio.server.connect import URL_OPTION, check_destination

    named_by = URL_OPTION if os.environ.get(URL_OPTION, "") else CORPUS_FILE
    key = os.environ.get("LABEL_STUDIO_API_KEY", "").strip()
    try:
        address = checked_address(url, named_by)
        here = is_loopback(address)
        yield _health(httpx2.get(f"{address}/health", timeout=_SERVER_SECONDS, trust_env=not here))
        if not key:
            yield Check("server key", False, "LABEL_STUDIO_API_KEY is not set", "export LABEL_STUDIO_API_KEY=…")
            return
        check_destination(address, named_by, TrustStore())
        with LabelStudioClient(address, key, timeout=_SERVER_SECONDS, first_wait=0) as client:
            client.account()
            yield Check("server key", True, _rights(client))
    except httpx2.HTTPError as e:
        told = " ".join(str(e).split()) or type(e).__name__
        yield Check("server", False, f"does not answer: {told}", f"Start it, or check {URL_OPTION}.")
    except RefusedError as e:
        yield Check("server key", False, f"refused with {e.status}: {e.detail or 'no reason given'}", e.hint)
    except CorpusKitError as e:
        yield Check("server", False, e.message, e.hint)


def _rights(client: LabelStudioClient) -> str:
    """What an accepted key may do, as far as the server tells; nothing is made."""
    from corpus_kit.labelstudio.api.problems import RefusedError
    from corpus_kit.labelstudio.api.shapes import TITLE_PAGE

    try:
        page = client.transport.read("/api/projects/", TITLE_PAGE, {"include": "id,title", "page_size": 1})
        makes = "may make new ones"
        try:
            client.config_problem('<View><Text name="text" value="$text"/></View>')
        except RefusedError as e:
            makes = "may not make new ones" if e.status == 403 else "may or may not make new ones"
    except CorpusKitError:
        return "accepted"
    return f"accepted; it sees {int(page.get('count') or 0):,} projects and {makes}"


def _health(answer: httpx2.Response) -> Check:
    if answer.status_code == 200:
        return Check("server", True, "answers")
    if 300 <= answer.status_code < 400:
        target = answer.headers.get("location", "another address")
        return Check("server", False, f"sends on to {target}", "Set LABEL_STUDIO_URL to that address.")
    return Check("server", False, "answers, but not as healthy", "Look at its log.")
