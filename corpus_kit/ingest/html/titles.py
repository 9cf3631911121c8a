"""The headline of a page: what its markup names as such, without the site's name, and where it stands in the text."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from corpus_kit.ingest.html.entities import unescape_text
from corpus_kit.ingest.html.said import MarkupFacts, is_article, name_of, one_line

_SEPARATOR = re.compile(r"\s+[|–—:·•»›~/\-]+\s+|\s*[|»›•]\s*|\s::\s|:\s+(?=\S+$)")
_WORD = re.compile(r"\w+")
_META = (
    "og:title", "twitter:title", "citation_title", "parsely-title", "sailthru.title", "dc.title", "dcterms.title",
    "headline", "title", "article:title",
)  # fmt: skip
_LONGEST, _LONGEST_SHOWN = 300, 200


class Headline(NamedTuple):
    """text: the headline. start, end: where it stands in the page's text; None where it does not."""

    text: str
    start: int | None
    end: int | None


def find_headline(said: MarkupFacts, text: str, url: str) -> Headline | None:
    """The page's headline, null where nothing on the page says it.

    What is shown as a heading and named as the title in the markup too is the headline. Where the two differ, the title
    that the markup names counts, less the site's name.
    """
    shown = [(m.text, m.start, m.end) for m in said.marked if m.tag == "h1" and 0 < len(m.text) <= _LONGEST_SHOWN]
    site = _site_names(said, url)
    told = [t for t in _told(said) if _words(t) not in site]
    cleaned = [_without_site(t, site, [h for h, _, _ in shown]) for t in told]
    for heading, start, end in shown:
        if any(_same(heading, one) for one in (*cleaned, *told)) and _words(heading) not in site:
            return _placed(_without_site(heading, site, []), text, start, end)
    candidates = [s for s in shown if _words(s[0]) not in site]
    best = max(candidates, key=lambda h: max((_alike(h[0], t) for t in cleaned), default=0.0), default=None)
    if best is not None:
        likeness = max((_alike(best[0], t) for t in cleaned), default=0.0)
        alone = len(candidates) == 1 and len(_words(best[0])) >= 3
        if likeness >= 0.4 or (alone and (likeness >= 0.1 or not cleaned)):
            return _placed(_without_site(best[0], site, []), text, best[1], best[2])
    for one in cleaned:
        if len(_words(one)) > 1:
            return _anywhere(one, text)
    if len(candidates) == 1:
        return _placed(candidates[0][0], text, candidates[0][1], candidates[0][2])
    return _anywhere(cleaned[0], text) if cleaned else None


def _told(said: MarkupFacts) -> list[str]:
    """Titles that the markup names, the most telling first."""
    named = [node.get("headline") or node.get("name") for node in said.nodes if is_article(node)]
    found = [one_line(unescape_text(unescape_text(name))) for name in named if isinstance(name, str)]
    found += [one_line(unescape_text(value)) for name in _META for value in said.meta.get(name, ())[:2]]
    found.append(said.title)
    return [one for one in dict.fromkeys(found) if one and len(one) <= _LONGEST]


def _site_names(said: MarkupFacts, url: str) -> set[tuple[str, ...]]:
    host = host_of(url)
    names = [
        host,
        host.rpartition(".")[0],
        *said.meta.get("og:site_name", ()),
        *said.meta.get("application-name", ()),
        *said.meta.get("twitter:site", ()),
    ]
    for node in said.nodes:
        names.append(name_of(node.get("publisher")))
        if str(node.get("@type")) in ("Organization", "NewsMediaOrganization", "WebSite", "Corporation"):
            names.append(name_of(node))
    found = {_words(name) for name in names}
    found.discard(())
    return found


def _without_site(title: str, site: set[tuple[str, ...]], headings: list[str]) -> str:
    """A title without the site's name at its end or beginning.

    A part goes where evidence speaks for it: it is the site's name, or what is left is shown as a heading.
    """
    for _ in range(3):
        cuts = list(_SEPARATOR.finditer(title))
        if not cuts:
            return title
        for cut in cuts:
            if any(_same(title[: cut.start()], heading) for heading in headings):
                return title[: cut.start()].strip()
        last, first = cuts[-1], cuts[0]
        head, tail = title[: last.start()].strip(), title[last.end() :].strip()
        if head and (_is_site(tail, site) or _is_suffix(head, last[0].strip(), tail, bool(site))):
            title = head
        elif _is_site(title[: first.start()].strip(), site) and title[first.end() :].strip():
            title = title[first.end() :].strip()
        else:
            return title
    return title


def _is_suffix(head: str, sign: str, tail: str, named: bool) -> bool:
    """Whether a few words behind a bar (or a dash, where no site is named) are no part of the headline."""
    before, after = len(_WORD.findall(head)), len(_WORD.findall(tail))
    if sign in ("|", "»", "›", "•", "::", "·"):
        return after <= 5 and before >= 3
    return sign in ("-", "–", "—") and 0 < after <= 3 and before >= 4 and not named


def _is_site(part: str, site: set[tuple[str, ...]]) -> bool:
    words = _words(part)
    if not words:
        return True
    glued = "".join(words)
    return any(words == name or glued == "".join(name) or (len(glued) > 4 and glued in "".join(name)) for name in site)


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


def _same(one: str, other: str) -> bool:
    return bool(_words(one)) and "".join(_words(one)) == "".join(_words(other))


def _alike(one: str, other: str) -> float:
    a, b = set(_words(one)), set(_words(other))
    return len(a & b) / max(len(a | b), 1)


def _placed(title: str, text: str, start: int, end: int) -> Headline:
    """The headline as the heading has it; the text may have it on several lines."""
    at = text.find(title, start, end)
    if at >= 0:
        return Headline(title, at, at + len(title))
    pattern = r"\s+".join(map(re.escape, title.split()))
    match = re.compile(pattern).search(text, start, end)
    return Headline(title, match.start(), match.end()) if match else Headline(title, None, None)


def _anywhere(title: str, text: str) -> Headline:
    """A title that only the markup names: on a line of its own, else at its first place."""
    at = text.find(title)
    lines = f"\n{text}\n".find(f"\n{title}\n")
    if lines >= 0:
        at = lines
    return Headline(title, at, at + len(title)) if at >= 0 else Headline(title, None, None)


def host_of(url: str) -> str:
    """The host of an address, "" where it is none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
