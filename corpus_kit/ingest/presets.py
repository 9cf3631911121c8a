"""What well-known tools write, as settings of `[[input.files]]`: a preset each, by name."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Plain text of Nexis (LexisNexis): documents one after another, each with a head.
    "nexis": {
        "format": "text",
        "records": r"^\s*(?:\d+ of \d+ DOCUMENTS|Dokument \d+ von \d+|Document \d+ de \d+)\s*$",
        "header_block": "nexis",
    },
    # Media Cloud's lists of stories, of its old and its new search, with a column of texts.
    "mediacloud": {
        "columns": {
            "text": "text|story_text|content",
            "id": "stories_id|id",
            "title": "title",
            "published_on": "publish_date",
            "outlet": "media_name",
            "url": "url",
            "language": "language",
        }
    },
    "news-please": {
        "columns": {
            "text": "maintext|text",
            "title": "title",
            "published_on": "date_publish",
            "outlet": "source_domain",
            "url": "url",
            "language": "language",
        }
    },
    # JSON of trafilatura, and its texts with front matter.
    "trafilatura": {
        "columns": {
            "text": "text|raw_text",
            "id": "id|fingerprint",
            "title": "title",
            "published_on": "date",
            "outlet": "sitename|source-hostname|hostname",
            "url": "url|source",
            "language": "language",
        }
    },
    # Both versions of the interface.
    "twitter": {
        "columns": {
            "text": "extended_tweet.full_text|full_text|text",
            "id": "id_str|id|tweet_id",
            "published_on": "created_at",
            "language": "lang",
        }
    },
    # Submissions and comments, as the dumps have them.
    "reddit": {
        "columns": {
            "text": "selftext|body",
            "id": "id",
            "title": "title",
            "published_on": "created_utc",
            "outlet": "subreddit",
            "url": "url|permalink",
        }
    },
    # Tab-separated, quotes are characters.
    "semeval": {
        "format": "csv",
        "delimiter": "\t",
        "quote": "",
        "columns": {"text": "Tweet|tweet|text|Text", "id": "ID|id"},
    },
}
"""Preset → settings. `a|b` is the first field of these that a record has."""
