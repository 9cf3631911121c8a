"""What the names around a text say about it: elements, and the usual words in `class`, `id` and `role`.

A page in any language is written in the same elements, and site builders name their parts in English. Each hint is a bit;
an element has the hints of all elements around it.
"""

from __future__ import annotations

import re
from functools import lru_cache

HINTS = (
    "article", "main", "nav", "header", "footer", "aside", "section", "form", "figure", "list", "table", "quote", "button",
    "code", "link_list", "heading",
    "c_content", "c_article", "c_comment", "c_nav", "c_footer", "c_header", "c_sidebar", "c_related", "c_share", "c_ad",
    "c_author", "c_meta", "c_caption", "c_popup", "c_subscribe", "c_title", "c_toc", "c_tags", "c_hidden", "c_widget",
)  # fmt: skip
_BIT = {name: 1 << number for number, name in enumerate(HINTS)}
_OF_ELEMENT = {
    "article": "article", "main": "main", "nav": "nav", "menu": "nav", "header": "header", "footer": "footer",
    "aside": "aside",
    "section": "section", "form": "form", "fieldset": "form", "select": "form", "figure": "figure", "figcaption": "figure",
    "ul": "list", "ol": "list", "dl": "list", "table": "table", "blockquote": "quote", "button": "button", "label": "button",
    "pre": "code", "code": "code", "h1": "heading", "h2": "heading", "h3": "heading", "h4": "heading", "h5": "heading",
    "h6": "heading",
}  # fmt: skip
# Parts of names: `post-content`, `entryContent`, `article__body`.
_WORDS = {
    "c_content": "content|entry|body|text|story|prose|richtext|wysiwyg|copy",
    "c_article": "article|post|blog|single|page",
    "c_comment": "comment|disqus|respon[ds]e?|discussion|replies|reply",
    "c_nav": "nav|menu|breadcrumb|crumb|pagination|pager|navigation|main-?menu",
    "c_footer": "footer|foot|copyright|colophon|legal",
    "c_header": "header|masthead|banner|topbar|toolbar|logo|branding|hero",
    "c_sidebar": "sidebar|side|aside|rail|complementary|secondary|tertiary",
    "c_related": "related|recommend\\w*|more|similar|popular|trending|latest|recent|suggest\\w*|also|next|prev|previous|"
    "teaser|card",
    "c_share": "share|sharing|social|follow|facebook|twitter|whatsapp|pinterest|linkedin",
    "c_ad": "ad|ads|advert\\w*|sponsor\\w*|promo\\w*|banner|affiliate|outbrain|taboola",
    "c_author": "author|byline|bio|contributor|vcard",
    "c_meta": "meta|date|time|timestamp|published|posted|info|dateline",
    "c_caption": "caption|credit|figcaption|gallery|photo|image|img|picture|video|media",
    "c_popup": "popup|modal|cookie|consent|gdpr|overlay|dialog|lightbox|tooltip|notice|alert|dropdown",
    "c_subscribe": "subscri\\w*|newsletter|signup|sign-up|login|register|cta|paywall|donate|button|btn|form|search",
    "c_title": "title|headline|heading|subtitle|dek|lede|lead|summary|excerpt|intro",
    "c_toc": "toc|contents|table-of-contents|jump|anchor",
    "c_tags": "tag|tags|topic|topics|category|categories|keyword|keywords|label|labels",
    "c_hidden": "hidden|hide|sr-only|screen-reader\\w*|visually-hidden|skip|print|noprint|collapse\\w*",
    "c_widget": "widget|module|block|component|section|wrapper|container|wp-block\\w*|elementor|row|col",
}
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_TESTS = [(_BIT[name], re.compile(words)) for name, words in _WORDS.items()]


@lru_cache(maxsize=1 << 15)
def hints_of(name: str, about: str, inherited: int) -> int:
    """Hints of an element: those around it, and what its name and its `class`, `id` and `role` say."""
    found = inherited | _BIT.get(_OF_ELEMENT.get(name, ""), 0)
    return found | _said(about) if about else found


@lru_cache(maxsize=1 << 14)
def _said(about: str) -> int:
    parts = {part.lower() for part in _PARTS.findall(about)}
    found = 0
    for bit, test in _TESTS:
        if any(test.fullmatch(part) for part in parts):
            found |= bit
    return found
