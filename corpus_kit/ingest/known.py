"""Names that other tools give to what we have a column for: the source of every proposal."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache

COLUMNS = ("text", "id", "title", "published_on", "outlet", "url", "language")

_NAMES = {
    "text": "text body content maintext main_text fulltext full_text article article_text articletext text_body raw_text "
    "cleaned_text clean_text selftext message msg tweet tweet_text post post_text comment comment_text document doc "
    "story sentence sentences paragraph paragraphs texte texto testo tekst текст zeitungstext bodytext body_text plain_text "
    "transcript review review_text page_content abstract description value",
    "id": "id _id uid uuid guid doc_id docid document_id article_id articleid story_id stories_id id_str tweet_id status_id "
    "post_id record_id item_id item_number identifier no nr key name index",
    "title": "title headline heading titre titolo titel tytuł заголовок naslov subject_line article_title news_title "
    "page_title titulo título hl headline_main",
    "published_on": "published_on date published publish_date publication_date publish_time published_at publishedat "
    "pub_date pubdate date_published datepublished date_publish datetime created_at created created_utc posted_at "
    "timestamp time day datum fecha data дата releasedate date_download publishdate web_publication_date "
    "webpublicationdate first_published",
    "outlet": "outlet source publisher publication sitename site_name site newspaper media media_name medium source_name "
    "source_domain domain hostname journal news_source paper quelle издание subreddit",
    "url": "url link href address uri permalink web_url weburl article_url page_url source_url story_url canonical_url "
    "original_url warc-target-uri",
    "language": "language lang language_code lang_code langue sprache język язык iso_language detected_language "
    "warc-identified-content-language",
}
_COLUMN_OF: dict[str, list[str]] = {}
for _column, _names in _NAMES.items():
    for _name in _names.split():
        _COLUMN_OF.setdefault(_name, []).append(_column)
# Too common a word to speak of a header by itself.
_WEAK = frozenset("value name time day data no nr key document doc source index message story post comment".split())


def plain(name: str) -> str:
    """A name in small letters, without white space at its ends; spaces and dashes within are underscores."""
    return name.strip().strip("\ufeff").casefold().replace(" ", "_").replace("-", "_")


def looks_like_field(name: str) -> bool:
    """Whether a cell is a name that a field often has."""
    word = plain(name)
    return word in _COLUMN_OF and word not in _WEAK


def columns_meant(name: str) -> list[str]:
    """The known columns that a field of this name, or the last part of a path, may be meant for."""
    last = plain(name.rsplit(".", 1)[-1].removesuffix("[]"))
    return _COLUMN_OF.get(last, _COLUMN_OF.get(last.replace("_", ""), []))


def propose(column: str, fields: Iterable[str]) -> str | None:
    """The field that is most likely meant for a known column, None for none."""
    return next(iter(propose_all(column, tuple(fields))), None)


@lru_cache(maxsize=256)  # the records of a file have the same fields
def propose_all(column: str, fields: tuple[str, ...]) -> tuple[str, ...]:
    """The fields that may be meant for a known column, the likeliest first.

    The name itself in other letters comes first, then the names that tools give, in the order above, then a near miss.
    """
    ranks: list[tuple[int, int, str]] = []
    for place, name in enumerate(fields):
        if plain(name) == column:
            ranks.append((-1, place, name))
        elif (rank := _rank(name, column)) is not None:
            ranks.append((rank, place, name))
    if not ranks:
        near = difflib.get_close_matches(column, [plain(name) for name in fields], n=1, cutoff=0.75)
        ranks = [(0, place, name) for place, name in enumerate(fields) if near and plain(name) == near[0]]
    return tuple(name for _, _, name in sorted(ranks))


def _rank(name: str, column: str) -> int | None:
    ranked = _NAMES[column].split()
    last = plain(name.rsplit(".", 1)[-1].removesuffix("[]"))
    for word in (last, last.replace("_", "")):
        if word in ranked:
            return ranked.index(word)
    return None
