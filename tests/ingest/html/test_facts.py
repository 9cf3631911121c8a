"""What a page says of itself is read from its markup, and nothing is made up."""

from __future__ import annotations

from datetime import date

import pytest

from corpus_kit.ingest.html import html_facts, read_html

STORY = "<p>The ferry between Norhaven and Sule runs again after three years, the harbour office said on Monday.</p>"


def facts(markup: str, url: str = ""):  # type: ignore[no-untyped-def]
    return html_facts(read_html(markup.encode()), url)


def test_a_page_of_a_newspaper_gives_all_its_facts() -> None:
    markup = f"""<!doctype html><html lang="en-GB"><head><title>Ferry to Sule runs again | The Norhaven Herald</title>
    <meta property="og:site_name" content="The Norhaven Herald"><link rel="canonical" href="https://herald.example/ferry">
    <script type="application/ld+json">{{"@context": "https://schema.org", "@graph": [{{"@type": "NewsArticle",
      "headline": "Ferry to Sule runs again", "datePublished": "2031-10-18T23:30:00-04:00",
      "author": [{{"@type": "Person", "name": "Ada Invented"}}]}}]}}</script></head>
    <body><nav><a href="/">Home</a></nav>
    <h1>Ferry to Sule <em>runs</em> again</h1><p>18 October 2031</p>{STORY}</body></html>"""
    page = read_html(markup.encode())
    found = html_facts(page)
    assert found.title == "Ferry to Sule runs again"
    assert page.text[found.title_start : found.title_end] == found.title
    assert found.published_on == date(2031, 10, 18)
    assert page.text[found.published_start : found.published_end] == "18 October 2031"
    assert (found.outlet, found.url) == ("The Norhaven Herald", "https://herald.example/ferry")
    assert (found.language, found.author) == ("en", "Ada Invented")


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>Ferry to Sule runs again | The Norhaven Herald</title>", "Ferry to Sule runs again"),
        (
            "<title>Herald of Norhaven - Ferry to Sule runs again</title>"
            "<meta property='og:site_name' content='Herald of Norhaven'>",
            "Ferry to Sule runs again",
        ),
        ("<title>Sule — an island &amp; its ferry</title>", "Sule — an island & its ferry"),
        (
            "<meta property='og:title' content='Ferry to Sule runs again'><title>Norhaven Herald</title>",
            "Ferry to Sule runs again",
        ),
    ],
)
def test_the_name_of_the_site_is_no_part_of_a_title(head: str, title: str) -> None:
    assert facts(f"<head>{head}</head><body>{STORY}").title == title


def test_a_title_that_is_not_shown_has_no_place() -> None:
    found = facts(f"<head><title>Ferry to Sule runs again</title></head><body>{STORY}")
    assert (found.title_start, found.title_end) == (None, None)


@pytest.mark.parametrize(
    ("markup", "day"),
    [
        ("<meta property='article:published_time' content='2031-10-18T05:00:00Z'>", date(2031, 10, 18)),
        ("<h1>Ferry to Sule runs again</h1><time datetime='2031-10-18'>yesterday</time>", date(2031, 10, 18)),
        ("<h1>Паром до Суле ходит снова</h1><span class='date'>18 октября 2031</span>", date(2031, 10, 18)),
        ("<h1>Ferry to Sule runs again</h1><p>Updated 18 October 2031</p>", None),
        ("<h1>Ferry to Sule runs again</h1><div class='today-date'>18 October 2031</div>", None),
        ("<meta name='date' content='no day at all'>", None),
        (
            '<script>window.page = {publishedDate:"2031-10-18T00:00:00.000Z", dateLast: "2032-01-01"}</script>',
            date(2031, 10, 18),
        ),
        ("<div><i class='date'>Posted on 18 October 2031</i></div>" + STORY * 40, date(2031, 10, 18)),
        ('<script type=\'application/ld+json\'>{"@type": "NewsArticle", "datePublished": "2031-02-31"}</script>', None),
        ("<script type='application/ld+json'>{ broken </script>", None),
    ],
)
def test_a_day_of_publication_is_one_that_the_page_calls_so(markup: str, day: date | None) -> None:
    assert facts(f"<body>{markup}{STORY}").published_on == day


@pytest.mark.parametrize(("address", "day"), [("2031/10/17", 17), ("2031/10/18", 18), ("2031/10/02", 18)])
def test_the_day_in_the_address_is_that_of_the_readers_where_the_markup_is_off_by_one(address: str, day: int) -> None:
    meta = "<meta property='article:published_time' content='2031-10-18T01:00:00Z'>"
    page = read_html(f"<head>{meta}</head><body>{STORY}".encode())
    assert html_facts(page, f"https://post.example/{address}/ferry").published_on == date(2031, 10, day)


def test_a_page_that_says_nothing_has_no_facts() -> None:
    found = facts(STORY)
    assert (found.title, found.published_on, found.outlet, found.url, found.author) == (None,) * 5
