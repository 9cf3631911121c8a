"""The documentation site: builds without a warning and without a network, and asks no other machine for anything."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Tags and attributes that make a browser fetch something; a plain <a href> does not.
FETCHING = {
    ("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"), ("source", "srcset"),
    ("video", "src"), ("audio", "src"), ("embed", "src"), ("object", "data"), ("img", "srcset"), ("form", "action"),
}  # fmt: skip


class Links(HTMLParser):
    """What a page fetches, where it links to, and the places others can link to."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.linked: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if (tag, name) in FETCHING:
                self.fetched.append(value or "")
            elif (tag, name) == ("a", "href"):
                self.linked.append(value or "")
            elif name == "id":
                self.ids.add(value or "")


def read(page: Path) -> Links:
    links = Links()
    links.feed(page.read_text(encoding="utf-8"))
    return links


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. The first proxy that a fetch would meet does not answer, so a build that needs a network fails."""
    made = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", str(made / "trees")]
    no_proxy = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    done = subprocess.run(
        [*command, "docs", str(made / "html")],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **no_proxy},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return made / "html"


def test_the_site_builds_without_a_warning_and_holds_every_page(site: Path) -> None:
    sources = [p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts]
    assert len(sources) > 20
    for source in sources:
        assert (site / source.relative_to(ROOT / "docs")).with_suffix(".html").is_file(), source


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    pages, sheets = [*site.rglob("*.html")], [*site.rglob("*.css")]
    assert len(pages) > 20 and sheets and any(read(page).fetched for page in pages)
    for page in pages:
        for address in read(page).fetched:
            assert not re.match(r"(https?:)?//", address), f"{page.name} fetches {address}"
    for sheet in sheets:
        told = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", told), sheet


def test_every_link_within_the_site_leads_to_a_place_that_exists(site: Path) -> None:
    pages = {page.resolve(): read(page) for page in site.rglob("*.html")}
    assert sum(len(links.linked) for links in pages.values()) > 200
    for page, links in pages.items():
        for address in links.linked:
            if re.match(r"[a-z]+:", address) or not address:
                continue
            name, _, anchor = address.partition("#")
            target = (page.parent / name).resolve() if name else page
            assert target.exists(), f"{page.name} links to {address}"
            if anchor and target in pages and not anchor.startswith("sidebar"):
                assert anchor in pages[target].ids, f"{page.name} links to {address}"
