"""Titles and dates found in plain text: five folds by host, two renderings, and what it costs.

    python benchmarks/page_facts_training.py pages.jsonl.gz articles.jsonl.gz --models FOLDER
    python benchmarks/page_facts.py --models FOLDER

The pages of a fold are judged by looks at lines that saw no page of their hosts. As in `boilerplate_cv.py --quick`, a
second look learned from guesses that are made for hosts the first had not seen, but by forests that had seen the held-out
fold. Calibration is one for all: two curves of 48 points.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import time
from collections import Counter
from pathlib import Path

from page_facts_data import Source, is_same

from corpus_kit.ingest.dates import find_dates
from corpus_kit.ingest.page import Known, PageFacts, facts_of
from corpus_kit.ingest.page_facts.model import PageFactsModel
from corpus_kit.suggest.boilerplate import BoilerplateModel, main_text
from corpus_kit.suggest.boilerplate.training.fit import N_FOLDS

RENDERINGS = {"A": "resiliparse", "B": "blocks as lines", "C": "every piece a line"}


def judge(sources: list[Source], models: dict[int, PageFactsModel], rendering: str) -> list[PageFacts]:
    """The facts of each page by the model of its fold."""
    made: list[PageFacts] = [PageFacts()] * len(sources)
    for k, model in models.items():
        mine = [at for at, source in enumerate(sources) if source.fold == k]
        texts = [sources[at].texts[rendering] for at in mine]
        for at, facts in zip(mine, facts_of(texts, [Known()] * len(texts), model), strict=True):
            made[at] = facts
    return made


def count(sources: list[Source], facts: list[PageFacts], rendering: str, misses: bool) -> Counter[str]:
    """How often what was given is right, and what could have been."""
    seen: Counter[str] = Counter()
    texts = [source.texts[rendering] for source in sources]
    titles, places = [one.title for one in facts], [one.title_start for one in facts]
    suggested = BoilerplateModel.load().suggest(texts, 0.5, titles, places=places)
    for source, one, text, spans in zip(sources, facts, texts, suggested, strict=True):
        stands = any(is_same(line, source.title) for line in text.split("\n"))
        right = one.title is not None and is_same(one.title, source.title)
        called = right or (one.title is not None and any(is_same(one.title, name) for name in source.also if name))
        seen["stands"] += stands
        seen["given"] += one.title is not None
        seen["right"] += right
        seen["called"] += called
        seen["found"] += right and stands
        if right and stands:
            kept = main_text(text, spans)
            seen["kept"] += any(low <= (one.title_start or 0) < high for low, high in kept)
        if misses and one.title is not None and not called:
            sys.stdout.write(f"title {source.page_id}: {one.title!r}, known as {source.title!r}\n")
        if source.date is None:
            continue
        day = source.date[:10]
        seen["date stands"] += any(found.value.isoformat() == day for found in find_dates(text))
        if one.published_on is not None:
            seen["date given"] += 1
            seen["date right"] += one.published_on.isoformat() == day
            if misses and one.published_on.isoformat() != day:
                seen["date missed"] += 1
                near = text[max(0, (one.published_start or 0) - 40) : (one.published_end or 0) + 20]
                sys.stdout.write(f"date {source.page_id}: {one.published_on}, known as {day}; {near!r}\n")
    return seen


def table(seen: dict[str, Counter[str]]) -> str:
    """The figures of all renderings."""
    rows = [
        "| rendering | titles given | right | right, or what the page calls itself | headlines as a line found "
        "| kept in main text | dates given | right | dates in the text found |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, n in seen.items():
        shares = (
            f"{n['right'] / max(n['given'], 1):.3f} | {n['called'] / max(n['given'], 1):.3f} | "
            f"{n['found'] / n['stands']:.3f} | {n['kept'] / max(n['found'], 1):.3f} | {n['date given']} | "
            f"{n['date right'] / max(n['date given'], 1):.3f} | {n['date right'] / n['date stands']:.3f}"
        )
        rows.append(f"| {RENDERINGS[name]} | {n['given']} | {shares} |")
    return "\n".join(rows)


def speed(texts: list[str], model: PageFactsModel) -> str:
    """CPU seconds for a thousand pages of 6.7 kB, cut out of real ones."""
    cut = [text[:6700] for text in texts if len(text) >= 6700]
    known = [Known()] * len(cut)
    facts_of(cut[:20], known[:20], model)
    best = 9.0
    for _ in range(3):
        begin = time.process_time()
        facts_of(cut, known, model)
        best = min(best, time.process_time() - begin)
    return f"{best / len(cut) * 1000:.2f} CPU seconds per 1,000 pages of 6.7 kB"


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True, help="what page_facts_training.py made")
    parser.add_argument("--misses", action="store_true", help="print what is wrong of the first two renderings")
    options = parser.parse_args()
    sources = pickle.loads((options.models / "sources.pickle").read_bytes())
    models = {k: PageFactsModel.from_bytes((options.models / f"fold{k}.npz").read_bytes()) for k in range(N_FOLDS)}
    seen = {
        name: count(sources, judge(sources, models, name), name, options.misses and name != "C") for name in RENDERINGS
    }
    sys.stdout.write(table(seen) + "\n\n" + speed([one.texts["A"] for one in sources], models[0]) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
