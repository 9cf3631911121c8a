"""A corpus whose pages try everything that a page can do to the one who reads it, labelled by three people."""

from __future__ import annotations

import json
from pathlib import Path

from labelled_corpus import EELS, FERRY, PAGES, entity, label, new_corpus, stance

from corpus_kit import Corpus

EMOJI = (
    "Zoë 🚀👩‍👩‍👧 met ACME.\n\ne\u0301te\u0301 in Velmora, 𝔘𝔫𝔦 and 🇵🇱.\n"
    "مرحبا بالعالم here and שלום there.\n没有空格的中文。\n"
)
MARKED = ("👩‍👩‍👧", "ACME", "e\u0301te\u0301", "Velmora", "𝔘𝔫𝔦", "بالعالم", "שלום", "空格")
"""What is marked in the page of emoji, in its order."""

NESTED = "The Vesk Board of Lake Vesk met in Velmora on Monday.\n"
HOSTILE = (
    "<script>window.hit=1</script><img src=x onerror=window.hit=2>\n"
    "</script><script>window.hit=3</script><!--<script>\n"
    "javascript:alert(1) https://evil.example/?q=1 &amp; &lt;b&gt;\n"
    "right\u202eedoc\u202c left \u2066iso\u2069 bell\x07 escape\x1b line\u2028sep\u2029end \ufeffbom\n"
)
LONG = "x" * 1_000_000 + "\n"
TITLE = "<img src=x onerror=window.hit=4>\u202eevil"

RECORDS = [
    {
        "id": "hostile",
        "text": HOSTILE,
        "title": TITLE,
        "url": "javascript:window.hit=5",
        "outlet": '"><b>Outlet</b>\u202e',
    },
    {"id": "linked", "text": "A page with an address.\n", "url": "https://news.example/a?b=1&c=2"},
    {"id": "broken", "text": "A page with half an address.\n", "url": "http://[broken"},
]

SETTINGS = "[split]\ntrain = 0.6\nvalidation = 0.2\ntest = 0.2\n"


def hostile_corpus(folder: Path, scratch: Path) -> Corpus:
    """Built, labelled and built again: emoji and directions, nested spans, hostile text, a line of a megabyte."""
    pages = dict(PAGES) | {"emoji.txt": EMOJI, "nested.txt": NESTED, "long.txt": LONG, "empty.txt": " \n"}
    pages["turned\u202e.txt"] = "\n"
    pages["wire.jsonl"] = "".join(json.dumps(record) + "\n" for record in [*RECORDS, {"id": "none"}])
    corpus = new_corpus(folder, pages, SETTINGS)
    board = entity(NESTED, "Vesk Board of Lake Vesk", "ORG")
    work = {
        "ferry.txt": {
            "ada": [entity(FERRY, "Ola Brandt", "PERSON"), entity(FERRY, "Port Sellane", "GPE")],
            "ben": [entity(FERRY, "Ola Brandt", "PERSON")],
        },
        "eels.txt": {"ada": [entity(EELS, "Lake Vesk", "LOC")], "ben": [entity(EELS, "Lake Vesk", "LOC")]},
        "emoji.txt": {"ada": [entity(EMOJI, words, "ORG") for words in MARKED]},
        "nested.txt": {
            "ada": [board, entity(NESTED, "Lake Vesk", "LOC"), entity(NESTED, "Vesk met in Velmora", "EVENT")],
            "ben": [board, entity(NESTED, "Velmora", "GPE")],
            "cyd": [board],
        },
    }
    label(corpus, "entities", work, scratch)
    targets = {"ada": [stance("halvern_pipeline", "favour")], "ben": [stance("halvern_pipeline", "against")]}
    label(corpus, "stance", {"strike.txt": targets}, scratch)
    corpus.build()
    return corpus
