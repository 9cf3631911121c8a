"""What a page says of itself: headline, day of publication, outlet, address, language, byline. Null rather than a guess."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import urljoin, urlsplit

from corpus_kit.ingest.html.page import HtmlPage
from corpus_kit.ingest.html.published import find_published
from corpus_kit.ingest.html.said import MarkupFacts, is_article, kinds_of, name_of, read_said
from corpus_kit.ingest.html.titles import find_headline

_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?$")
_BY = re.compile(r"^(?:by|written by|von|par|por|автор|autor)\b[:\s]*", re.IGNORECASE)
_PUBLISHERS = re.compile(r"NewsMediaOrganization|WebSite")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class HtmlFacts:
    """Offsets are code points into the page's text, end-exclusive; null where the page does not say, or not in its text.

    author: the byline as it is written. language: as the markup declares it, which many pages do wrongly.
    """

    title: str | None = None
    title_start: int | None = None
    title_end: int | None = None
    published_on: date | None = None
    published_start: int | None = None
    published_end: int | None = None
    outlet: str | None = None
    url: str | None = None
    language: str | None = None
    author: str | None = None


def html_facts(page: HtmlPage, url: str = "") -> HtmlFacts:
    """Read the page's facts.

    Args:
        page: The page.
        url: The address it came from, "" where it is not known.
    """
    said = read_said(page)
    address = _address(said, url)
    headline = find_headline(said, page.text, url or address or "")
    place = (headline.start, headline.end) if headline and headline.start is not None and headline.end else None
    published = find_published(said, page.text, url or address or "", place)
    return HtmlFacts(
        title=headline.text if headline else None,
        title_start=place[0] if place else None,
        title_end=place[1] if place else None,
        published_on=published.value if published else None,
        published_start=published.start if published else None,
        published_end=published.end if published else None,
        outlet=_outlet(said),
        url=address,
        language=_language(said),
        author=_author(said),
    )


def _address(said: MarkupFacts, url: str) -> str | None:
    """The address the page gives itself: canonical, else that of its cards and JSON-LD; whole addresses only."""
    base = said.base or url
    named = [*said.linked.get("canonical", ()), *said.meta.get("og:url", ()), *said.meta.get("twitter:url", ())]
    for node in said.nodes:
        if is_article(node):
            main = node.get("mainEntityOfPage")
            named += [one for one in (main, node.get("url")) if isinstance(one, str)]
    for one in named:
        try:
            whole = urljoin(base, one) if base else one
            parts = urlsplit(whole)
        except ValueError:
            continue
        if (
            parts.scheme in ("http", "https")
            and parts.hostname
            and "." in parts.hostname
            and not re.search(r"\s", whole)
        ):
            return str(whole)
    return None


def _outlet(said: MarkupFacts) -> str | None:
    names = list(said.meta.get("og:site_name", ()))
    names += [name_of(node.get("publisher")) for node in said.nodes if is_article(node)]
    names += [name_of(node) for node in said.nodes if _PUBLISHERS.search(kinds_of(node))]
    names += said.meta.get("application-name", ())
    return next((name for name in names if 0 < len(name) <= _LONGEST_NAME and "://" not in name), None)


def _language(said: MarkupFacts) -> str | None:
    named = [said.language, *said.meta.get("content-language", ()), *said.meta.get("og:locale", ())]
    named += [node["inLanguage"] for node in said.nodes if isinstance(node.get("inLanguage"), str)]
    for one in named:
        if match := _LANGUAGE.match(one.strip()):
            return match[1].lower()
    return None


def _author(said: MarkupFacts) -> str | None:
    names = [name_of(node.get("author")) for node in said.nodes if is_article(node)]
    for name in (
        "author",
        "article:author",
        "parsely-author",
        "sailthru.author",
        "dc.creator",
        "citation_author",
        "byl",
    ):
        names += said.meta.get(name, ())
    for one in said.marked:
        if "author" in one.attributes.get("rel", "").split() or "author" in one.attributes.get("itemprop", "").split():
            names.append(one.text)
    names += [one.text for one in said.marked if re.search(r"\bbyline\b|author-name", one.names)]
    for name in names:
        bare = _BY.sub("", name).strip(" ,:|-–—")
        if bare and len(bare) <= _LONGEST_NAME and "://" not in bare and any(c.isalpha() for c in bare):
            return bare
    return None
