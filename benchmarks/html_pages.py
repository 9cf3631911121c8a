"""HTML pages: speed, character map, titles and dates, beside trafilatura and htmldate.

    python benchmarks/html_pages.py pages-dev/pages.jsonl.gz [--peers PYTHON]

PYTHON is the interpreter of an environment with `requirements-peers-html.txt`. A title is right where letters and digits are
the same, a date where the day is. A title is also one that the page calls itself where it is the same as a heading, the
window's title or the shared title, give or take a site's name. Of the pages' titles and dates a few are wrong.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from page_facts_data import CONTENT, HEADING, SHARED, WINDOW, is_same, plain_words

_PEERS = """
import gzip, json, logging, sys
logging.disable(logging.CRITICAL)
import htmldate, trafilatura
for line in gzip.open(sys.argv[1], "rt", encoding="utf-8"):
    row = json.loads(line)
    made = {"id": row["id"]}
    try:
        found = trafilatura.extract_metadata(row["html"], default_url=row["url"])
        made["trafilatura"] = [found.title, found.date]
    except Exception:  # what a peer cannot read counts as not found, like null
        made["trafilatura"] = [None, None]
    try:
        made["htmldate"] = [None, htmldate.find_date(row["html"], original_date=True, url=row["url"])]
    except Exception:  # likewise
        made["htmldate"] = [None, None]
    print(json.dumps(made))
"""


def letters(text: str | None) -> str:
    """Letters and digits of a text, case aside."""
    return "".join(re.findall(r"\w+", (text or "").casefold()))


def ours(rows: list[dict[str, Any]]) -> tuple[dict[str, list[str | None]], str]:
    """Title and date of each page, and a line about speed."""
    from corpus_kit.ingest.html import html_facts, read_html
    from corpus_kit.ingest.json_values import RejectedValue

    made: dict[str, list[str | None]] = {}
    spent, size = 0.0, 0
    for row in rows:
        raw = row["html"].encode()
        begin = time.process_time()
        try:
            page = read_html(raw)
            facts = html_facts(page, row["url"])
            _ = page.offsets, page.links()
        except RejectedValue:
            made[row["id"]] = [None, None]
            continue
        finally:
            spent += time.process_time() - begin
        size += len(raw)
        day = facts.published_on
        made[row["id"]] = [facts.title, day.isoformat() if day else None]
    return made, f"{len(rows) / spent:.1f} pages of {size / len(rows) / 1e3:.0f} kB in a second of one core"


def calls_itself(row: dict[str, Any], title: str | None) -> bool:
    """Whether a title is the known one or one of the names that the page gives itself."""
    if not title:
        return False
    written = row["html"]
    names = [plain_words(found) for found in (*HEADING.findall(written), *WINDOW.findall(written)[:1])]
    names += [found[2] for meta in SHARED.findall(written)[:1] if (found := CONTENT.search(meta))]
    return any(is_same(title, name) for name in (row["title"], *names) if name)


def figures(rows: list[dict[str, Any]], made: dict[str, list[str | None]], at: int, wanted: str) -> str:
    """Cells of a table: given and right, right of those given, right of those wanted."""
    wants = [(row[wanted], made[row["id"]][at]) for row in rows if row[wanted]]
    given = [(want, have) for want, have in wants if have]
    right = sum(letters(want) == letters(have) if at == 0 else want[:10] == have for want, have in given)
    return f"{right} of {len(given)} | {right / max(len(given), 1):.3f} | {right / max(len(wants), 1):.3f}"


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="JSON Lines (.gz) with id, url, title, publish_date, html")
    parser.add_argument("--peers", help="the interpreter of an environment with requirements-peers-html.txt")
    options = parser.parse_args()
    with gzip.open(options.dataset, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    found, speed = ours(rows)
    readers = {"corpus-kit": found}
    if options.peers:
        command = [options.peers, "-c", _PEERS, str(options.dataset)]
        told = subprocess.run(command, capture_output=True, check=True, text=True, env={"PATH": "/usr/bin:/bin"})
        peers = [json.loads(line) for line in told.stdout.splitlines()]
        for name in ("trafilatura", "htmldate"):
            readers[name] = {one["id"]: one[name] for one in peers}
    print(f"{len(rows)} pages; {speed}\n")
    titles = ("titles right", "of those given", "of those there are", "or as the page calls itself")
    dates = ("dates right", "of those given", "of those there are")
    print(f"| reader | {' | '.join((*titles, *dates))} |\n{'|---' * 8}|")
    for name, made in readers.items():
        title = "– | – | – | –" if name == "htmldate" else figures(rows, made, 0, "title")
        if name != "htmldate":
            named = [(row, made[row["id"]][0]) for row in rows if row["title"] and made[row["id"]][0]]
            title += f" | {sum(calls_itself(*one) for one in named) / max(len(named), 1):.3f}"
        print(f"| {name} | {title} | {figures(rows, made, 1, 'publish_date')} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
